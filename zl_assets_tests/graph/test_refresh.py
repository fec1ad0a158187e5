"""The daily job through Dagster against the embedded BigQuery: on the sample and on the real bars."""

import datetime as dt
import io
from pathlib import Path

import dagster as dg
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import talib
from rich.console import Console

from zl_assets.catalog import Catalog
from zl_assets.contracts.features import TECHNICAL_FEATURE_NAMES
from zl_assets.summary import summary
from zl_assets_tests.support.contracts import BARS, RECORD, TRAINING_VIEW
from zl_assets_tests.support.fixtures import MakeProduct
from zl_assets_tests.support.product import AS_OF, TABLES, Product, failures, metadata, red


@pytest.fixture(scope="module")
def real(new_product: MakeProduct, real_bars: Path) -> tuple[Product, dg.ExecuteInProcessResult]:
    product = new_product(bars=real_bars, as_of=AS_OF)
    return product, product.refresh()


def test_the_real_bars_are_all_green_with_the_plans_counts(real: tuple[Product, dg.ExecuteInProcessResult]) -> None:
    product, result = real
    assert failures(result) == {}
    assert red(result) == set()
    found = metadata(result)
    assert found["zl_ohlcv"]["dagster/row_count"] == 3893
    assert found["daily_ml_matrix"]["dagster/row_count"] == 3831
    assert found["training_csv"]["labelled_rows"] == 3810
    assert found["lgbm_model"]["is_latest"]
    matrix = product.table("daily_ml_matrix")
    for struct in ("pivots", "policy", "golden_zone"):
        assert matrix[struct].isna().all()


def test_the_real_features_are_talibs(real: tuple[Product, dg.ExecuteInProcessResult]) -> None:
    """The whole way from the vendor's file through BigQuery and back, against TA-Lib on the closes."""
    product, _ = real
    features = product.table("zl_ta_features")
    close = product.table("zl_ohlcv")["close"].to_numpy()
    returns = {n: talib.ROC(close, n) / 100 for n in (1, 5, 21)}
    expected = {
        **{f"return_{n}d": values for n, values in returns.items()},
        **{f"ma_{n}": talib.SMA(close, n) for n in (5, 21, 63)},
        "volatility_21d": np.concatenate([[np.nan], talib.STDDEV(returns[1][1:], 21) * np.sqrt(21 / 20)]),
        "rsi_14": talib.RSI(close, 14),
    }
    assert set(expected) == set(TECHNICAL_FEATURE_NAMES)
    for name, values in expected.items():
        np.testing.assert_allclose(features[name].to_numpy(dtype="float64"), values, rtol=0, atol=1e-9, err_msg=name)


def test_the_export_holds_the_views_floats_to_the_last_bit(real: tuple[Product, dg.ExecuteInProcessResult]) -> None:
    product, _ = real
    view = product.table("vw_zl_1m_flat")
    csv = pd.read_csv(product.csv, float_precision="round_trip")
    assert list(csv.columns) == list(view.columns)
    for name in csv.columns:
        if csv[name].dtype == "float64":
            np.testing.assert_array_equal(csv[name].to_numpy(), view[name].to_numpy(dtype="float64"), err_msg=name)


def test_a_second_run_while_the_source_is_late_changes_nothing_at_all_and_fails_nothing(
    real: tuple[Product, dg.ExecuteInProcessResult],
) -> None:
    """On Tuesday 2025-11-18 the session of Monday 17 is due, and the file still ends with Friday 14.

    The record grows alone: what is said of the old session is said on another day.
    """
    product, _ = real
    before = product.snapshot(with_stamps=True)
    result = product.refresh(as_of=dt.date(2025, 11, 18))
    assert failures(result) == {}
    assert red(result) == set()
    for table in {*TABLES} - {RECORD.table}:
        found = metadata(result)[table]
        assert (found.get("inserted", 0), found.get("updated", 0), found.get("replaced", False)) == (0, 0, False), table
    of_sessions = [e for e in result.get_asset_check_evaluations() if e.asset_key.path[-1] == "zl_ohlcv"]
    [newest] = [e for e in of_sessions if e.check_name == "newest_session"]
    assert str(newest.description).startswith("No new session yet: the newest session is 2025-11-14;")
    assert metadata(result)[RECORD.table]["inserted"] == 1
    after = product.snapshot(with_stamps=True)
    assert after.pop(RECORD.table) != before.pop(RECORD.table)
    assert after == before
    shown = Console(width=200, file=io.StringIO())
    shown.print(summary(result, Catalog.of(product.settings()), product.settings()))
    assert "source: no new session, none revised. No new session yet: the newest session is 2025-11-14;" in shown.file.getvalue()
    assert "read:  3,998 daily bars, from 1 file of 6,034 rows; ignored 2,036 rows of MES\n" in shown.file.getvalue()
    assert metadata(result)[BARS.table]["not_read"] == "none"


def test_new_bars_only_add_rows_and_end_where_one_run_ends(
    new_product: MakeProduct, real: tuple[Product, dg.ExecuteInProcessResult], real_bars: Path, tmp_path: Path
) -> None:
    """Up to the view; a day later with all that follows is test_costs.py's."""
    bars = pq.read_table(real_bars).to_pandas()
    bars["date"] = pd.to_datetime(bars["date"])
    file = tmp_path / "bars.parquet"
    bars[bars["date"] <= "2025-10-31"].to_parquet(file)
    product = new_product(bars=file, as_of=AS_OF)
    assert red(product.run_up_to(TRAINING_VIEW.table)) == {"zl_ohlcv:newest_session", "daily_ml_matrix:newest_session"}
    bars.to_parquet(file)
    result = product.run_up_to(TRAINING_VIEW.table)
    assert failures(result) == {}
    assert red(result) == set()
    found = metadata(result)
    for table, inserted in {"zl_ohlcv": 10, "zl_ta_features": 10, "daily_ml_matrix": 10}.items():
        assert (found[table]["inserted"], found[table]["updated"]) == (inserted, 0), table
    two_runs, one_run = product.snapshot(), real[0].snapshot()
    assert TRAINING_VIEW.table in two_runs
    assert two_runs == {name: one_run[name] for name in two_runs}
