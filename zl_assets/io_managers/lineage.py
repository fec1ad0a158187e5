"""Column lineage as metadata of a materialization. Must not be here: what is made of what (warehouse/lineage.py)."""

from collections.abc import Iterable, Mapping
from typing import Any

import dagster as dg

from zl_assets.warehouse.contract import TableContract, ViewContract
from zl_assets.warehouse.lineage import ColumnRef, Lineage

COLUMN_LINEAGE = "dagster/column_lineage"

# One column: two have no room for a name such as databento_futures_ohlcv_1d in the second.
_COLUMN = "column: made of"


def upstream_tables(
    spec: dg.AssetSpec, contracts: Mapping[str, TableContract | ViewContract]
) -> dict[str, TableContract | ViewContract]:
    """Contracts of the assets that an asset is computed from, in order of name; those without columns, such as the model, are
    left out.

    Args:
        contracts: of all tables, views and files of them, by asset.
    """
    names = sorted(dep.asset_key.path[-1] for dep in spec.deps)
    return {name: contracts[name] for name in names if name in contracts}


def as_metadata(lineage: Lineage) -> dict[str, Any]:
    """The lineage under the name that Dagster looks for, and as a table for a reader: Dagster's open-source UI keeps the first
    and draws it nowhere. Empty for a table without columns upstream."""
    if not lineage:
        return {}
    deps = {
        column: [dg.TableColumnDep(asset_key=dg.AssetKey(ref.asset), column_name=ref.column) for ref in refs]
        for column, refs in lineage.items()
    }
    rows = [dg.TableRecord({_COLUMN: f"{column}: {_words(refs)}"}) for column, refs in lineage.items()]
    return {
        COLUMN_LINEAGE: dg.TableColumnLineage(deps_by_column=deps),
        "columns_made_of": dg.MetadataValue.table(rows, schema=dg.TableSchema([dg.TableColumn(_COLUMN)])),
    }


def _words(refs: Iterable[ColumnRef]) -> str:
    """The columns of each asset after its name, once: with spaces, where a page can break the line."""
    by_asset: dict[str, list[str]] = {}
    for ref in refs:
        by_asset.setdefault(ref.asset, []).append(ref.column)
    return "; ".join([f"{asset} {', '.join(columns)}" for asset, columns in by_asset.items()])
