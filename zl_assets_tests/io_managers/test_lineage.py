"""Column lineage as a reader of the UI and a program find it on a materialization."""

import dagster as dg

from zl_assets.io_managers.lineage import COLUMN_LINEAGE, as_metadata, upstream_tables
from zl_assets.warehouse.lineage import ColumnRef
from zl_assets_tests.support.contracts import CONTRACTS, FEATURES, TRAINING_VIEW


def test_the_lineage_is_there_for_dagster_and_for_a_reader() -> None:
    found = as_metadata({"roll_index": (ColumnRef("zl_ohlcv", "open"), ColumnRef("bars", "market_data.open"))})
    assert found[COLUMN_LINEAGE] == dg.TableColumnLineage(
        {"roll_index": [dg.TableColumnDep("zl_ohlcv", "open"), dg.TableColumnDep("bars", "market_data.open")]}
    )
    [row] = found["columns_made_of"].records
    assert row.data == {"column: made of": "roll_index: zl_ohlcv open; bars market_data.open"}


def test_a_table_without_columns_upstream_shows_no_lineage() -> None:
    assert as_metadata({}) == {}


def test_an_asset_without_columns_is_no_source_of_any() -> None:
    spec = dg.AssetSpec("forecasts", deps=["lgbm_model", "zl_ta_features", "training_csv"])
    contracts = CONTRACTS | {"training_csv": TRAINING_VIEW}
    assert upstream_tables(spec, contracts) == {
        "training_csv": TRAINING_VIEW,
        "zl_ta_features": FEATURES,
    }
