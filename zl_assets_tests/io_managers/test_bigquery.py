"""The IO manager: one test per way it can fail, and what it adds to a materialization."""

import dagster as dg
import pandas as pd
import pytest
from dagster_gcp import BigQueryResource

from zl_assets.catalog import Catalog
from zl_assets.contracts.regimes import REGIME_WEIGHTS
from zl_assets.domain.regimes import regime_weights
from zl_assets.io_managers.bigquery import BigQueryIOManager, Warehouse
from zl_assets.io_managers.failures import as_failures
from zl_assets.io_managers.homes import EmbeddedBigQuery
from zl_assets.io_managers.metadata import table_schema
from zl_assets.settings import Settings
from zl_assets_tests.support.contracts import MATRIX, TRAINING_VIEW


@pytest.fixture
def manager(warehouse: object, prefix: str) -> BigQueryIOManager:
    bigquery: BigQueryResource = EmbeddedBigQuery(project=None, location="us-central1", state_dir=str(warehouse))
    return BigQueryIOManager(
        warehouse=Warehouse(
            bigquery=bigquery,
            mark="zl",
            location="us-central1",
            dataset_prefix=prefix,
            may_create=True,
            max_partitions=3000,
            max_bytes=1 << 30,
            deadline=60.0,
        ),
        tables=Catalog.of(Settings.load()).tables,
        copies={},
    )


def write(manager: BigQueryIOManager, asset: str, value: pd.DataFrame) -> dict[str, object]:
    """Hand a value to the IO manager; returns the metadata it added."""
    spec = dg.AssetSpec(asset)
    with dg.build_output_context(asset_key=spec.key, asset_spec=spec, run_id="test-run") as context:
        manager.handle_output(context, value)
        return {name: value.value for name, value in context.get_logged_metadata().items()}


def read(manager: BigQueryIOManager, asset: str) -> pd.DataFrame:
    with dg.build_input_context(asset_key=dg.AssetKey(asset)) as context:
        return manager.load_input(context)


def test_a_write_is_reported_with_its_numbers(manager: BigQueryIOManager, prefix: str) -> None:
    found = write(manager, REGIME_WEIGHTS.table, regime_weights())
    numbers = {name: found[name] for name in ("inserted", "updated", "unchanged", "dagster/row_count")}
    assert numbers == {"inserted": 7, "updated": 0, "unchanged": 0, "dagster/row_count": 7}
    assert found["dagster/table_name"] == f"zl-local.{prefix}training.regime_weights"


def test_what_was_written_is_read_back(manager: BigQueryIOManager) -> None:
    write(manager, REGIME_WEIGHTS.table, regime_weights())
    found = read(manager, REGIME_WEIGHTS.table)
    expected = regime_weights().sort_values("regime").reset_index(drop=True)
    pd.testing.assert_frame_equal(found, expected[list(found.columns)], check_exact=True)


def test_a_frame_that_breaks_its_contract_is_a_final_failure(manager: BigQueryIOManager) -> None:
    with pytest.raises(dg.Failure) as caught:
        write(manager, REGIME_WEIGHTS.table, regime_weights().drop(columns="weight"))
    assert not caught.value.allow_retries
    assert "missing: weight" in str(caught.value.description)


def test_a_row_that_breaks_a_rule_is_refused_before_anything_is_sent(manager: BigQueryIOManager, prefix: str) -> None:
    with pytest.raises(dg.Failure, match="seven_regimes"):
        write(manager, REGIME_WEIGHTS.table, regime_weights().head(6))
    with manager.warehouse.bigquery.get_client() as client:
        assert not [d for d in client.list_datasets() if d.dataset_id.startswith(prefix)]


def test_reading_what_was_never_written_says_what_to_materialize(manager: BigQueryIOManager) -> None:
    with pytest.raises(dg.Failure, match="Materialize the asset that writes it first"):
        read(manager, MATRIX.table)


def test_a_frame_for_a_view_is_a_bug_and_keeps_its_trace(manager: BigQueryIOManager) -> None:
    with pytest.raises(TypeError, match="takes a ViewDefinition"):
        write(manager, TRAINING_VIEW.table, pd.DataFrame())


def test_only_an_absent_warehouse_is_worth_a_retry() -> None:
    from zl_assets.warehouse.errors import DataFault, WarehouseUnavailable

    with pytest.raises(dg.RetryRequested, match="gone") as again, as_failures():
        raise WarehouseUnavailable("gone")
    assert isinstance(again.value.__cause__, dg.Failure)
    with pytest.raises(dg.Failure) as caught, as_failures():
        raise DataFault("wrong")
    assert not caught.value.allow_retries
    with pytest.raises(ZeroDivisionError), as_failures():
        raise ZeroDivisionError


def test_the_column_schema_of_the_ui_shows_fields_of_structs_with_units() -> None:
    schema = {column.name: column for column in table_schema(MATRIX).columns}
    assert schema["market_data.close"].type == "FLOAT64"
    assert "US cents per pound" in str(schema["market_data.close"].description)
    assert schema["market_data"].type == "STRUCT"
    assert not schema["data_date"].constraints.nullable
