"""What the assets' decorators share: groups, owners, retries and the contract as metadata. Must not be here: asset bodies."""

from typing import Any

import dagster as dg

from zl_assets.contracts.tables import CONTRACTS
from zl_assets.io_managers.bigquery import table_schema
from zl_assets.warehouse.contract import TableContract, ViewContract

SOURCE, FEATURES, FAMILIES, TRAINING, PREDICTIONS = "source", "features", "families", "training", "predictions"
IMPACT = "impact"
OWNERS = ["team:zl"]

TABLES_IO, CSV_IO, MODELS_IO, PUBLISHED_MODEL_IO = "tables_io", "csv_io", "models_io", "published_model_io"

# The write path has spent its own deadline on retries by then; one more try covers a warehouse that was being restarted.
RETRY = dg.RetryPolicy(max_retries=1, delay=5)


def of_contract(asset: str) -> dict[str, Any]:
    """Metadata of a table or view that is known before it is ever materialized."""
    return described(CONTRACTS[asset])


def described(contract: TableContract | ViewContract) -> dict[str, Any]:
    """`of_contract`, of a contract that depends on the feature families that are on."""
    return {"dagster/column_schema": table_schema(contract), "dagster/table_name": contract.name, "key": ", ".join(contract.key)}
