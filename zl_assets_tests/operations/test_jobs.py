"""The jobs as a person starts them: through Dagster, on the embedded BigQuery."""

import datetime as dt
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from zl_assets.definitions import build_defs
from zl_assets.settings import Settings
from zl_assets.sources.sample import synthetic_bars
from zl_assets_tests.conftest import shared_data
from zl_assets_tests.support.fixtures import MakeProduct
from zl_assets_tests.support.product import AS_OF, Product, failures, metadata, red
from zl_assets_tests.support.replay_fits import mean_fits

JOBS = ("zl_plan", "zl_slice_check", "zl_delete_vanished", "zl_phase0_cleanup")
FORECASTS = ("zl_1m_oof", "zl_1m_latest")
# Sessions that the calendar does not have: without them nothing is missing.
VANISHED = ("2011-07-04", "2018-12-05", "2025-01-09")


def run(product: Product, job: str, *, apply: bool | None = None, **changes: Any) -> dg.ExecuteInProcessResult:
    ops = None if apply is None else {job.removeprefix("zl_"): {"apply": apply}}
    return product.run_job(job, ops=ops, **changes)


def report(result: dg.ExecuteInProcessResult) -> dict[str, Any]:
    """What the job's one op put into its metadata, also where it failed."""
    for event in result.all_events:
        if event.event_type_value == "STEP_OUTPUT":
            return {name: value.value for name, value in event.event_specific_data.metadata.items()}  # type: ignore[union-attr]
        if event.event_type_value == "STEP_FAILURE":
            failure = event.step_failure_data.user_failure_data
            return {name: value.value for name, value in failure.metadata.items()} if failure else {}
    return {}


def tables(product: Product) -> dict[str, int]:
    """Every dataset, table and view there is, with its rows; without the empty dataset that the emulator begins with."""
    client = product.client()
    datasets = [d.dataset_id for d in client.list_datasets() if d.dataset_id != "local"]
    names = [f"{dataset}.{t.table_id}" for dataset in datasets for t in client.list_tables(dataset)]
    counts = {name: next(iter(client.query(f"SELECT COUNT(*) FROM `{name}`").result()))[0] for name in names}
    client.close()
    return {**dict.fromkeys(datasets, 0), **counts}


def test_every_job_says_in_the_ui_what_it_does_and_asks_before_it_deletes() -> None:
    definitions = build_defs(Settings.load())
    for name in JOBS:
        job = definitions.resolve_job_def(name)
        assert len(job.description or "") > 100
    cloud = build_defs(Settings.load(gcp_project="my-project"))
    assert set(JOBS) <= {job.name for job in cloud.resolve_all_job_defs()}


@pytest.fixture(scope="module")
def filled(refreshed_product: MakeProduct) -> Product:
    """A product on a bars file of its own, refreshed once."""
    return refreshed_product()


def test_a_plan_in_an_empty_warehouse_writes_nothing_and_is_what_the_refresh_then_does(new_product: MakeProduct) -> None:
    product = new_product()
    planned = run(product, "zl_plan")
    assert failures(planned) == {}
    assert tables(product) == {}
    found = metadata(product.run_up_to("vw_zl_1m_flat"))
    inserted = {a: values["inserted"] for a, values in found.items() if "inserted" in values}
    assert len(inserted) == 5
    for asset in FORECASTS:
        assert f"{asset} | create; its rows follow" in report(planned)["plan"]
    assert report(planned)["rows_to_insert"] == sum(inserted.values())
    for asset, count in inserted.items():
        assert f"{asset} | create | {count:,} | {count:,} | 0 | 0 |" in report(planned)["plan"]
    assert "Permissions: not applicable" in report(planned)["plan"]


def test_a_plan_of_a_refreshed_warehouse_changes_no_row_and_after_hand_edits_it_is_what_the_refresh_then_does(
    refreshed_product: MakeProduct,
) -> None:
    product = refreshed_product()
    state, before = tables(product), product.snapshot(with_stamps=True)
    again = run(product, "zl_plan")
    assert "It would change no row." in report(again)["plan"]
    assert (tables(product), product.snapshot(with_stamps=True)) == (state, before)

    # Hand edits: counted, and put right by the refresh.
    product.sql("UPDATE features.daily_ml_matrix SET rsi_14 = 50 WHERE data_date >= '2025-11-01'")
    product.sql("DELETE FROM features.zl_ta_features WHERE data_date BETWEEN '2020-01-01' AND '2020-02-15'")
    product.sql("ALTER TABLE features.zl_ohlcv DROP COLUMN stub_merged")
    product.sql("ALTER TABLE features.zl_ohlcv ADD COLUMN stub_merged BOOL")
    edited = product.snapshot(with_stamps=True)
    after_edits = report(run(product, "zl_plan"))
    assert product.snapshot(with_stamps=True) == edited
    found = metadata(product.run_up_to("vw_zl_1m_flat"))
    done = [sum(values.get(name, 0) for values in found.values()) for name in ("inserted", "updated")]
    assert [after_edits["rows_to_insert"], after_edits["rows_to_update"]] == done
    assert done[0] > 25
    assert done[1] > 3_893


def test_a_plan_is_red_where_the_refresh_would_stop(filled: Product) -> None:
    result = run(filled, "zl_plan", bars=None)
    [said] = failures(result).values()
    assert "holds rows of the source 'bars', and these are of 'synthetic'" in said
    assert "It would **stop** (1):" in report(result)["plan"]
    nowhere = run(filled, "zl_plan", dataset_prefix="nowhere_", create=False)
    assert "dataset zl-local.nowhere_features does not exist, and nothing may be created" in failures(nowhere)["plan"]


def test_the_slice_leaves_nothing_behind(filled: Product) -> None:
    state, before = tables(filled), filled.snapshot(with_stamps=True)
    result = run(filled, "zl_slice_check")
    assert failures(result) == {}
    assert "| features.daily_ml_matrix | 100 | 0 |" in report(result)["slice"]
    assert "partitioned by MONTH of data_date, clustered by symbol" in report(result)["slice"]
    assert (tables(filled), filled.snapshot(with_stamps=True)) == (state, before)


def test_the_slice_of_the_real_bars_in_an_empty_warehouse(new_product: MakeProduct) -> None:
    product = new_product(bars=shared_data("databento_futures_ohlcv_1d.parquet"), as_of=AS_OF)
    assert failures(run(product, "zl_slice_check")) == {}
    assert tables(product) == {"features": 0}


def test_a_slice_without_2015_says_so(filled: Product, tmp_path: Path) -> None:
    bars = synthetic_bars()
    bars[bars["date"] < "2015-03-01"].to_parquet(tmp_path / "short.parquet")
    said = failures(run(filled, "zl_slice_check", bars=tmp_path / "short.parquet", as_of=dt.date(2015, 3, 2)))
    assert "sessions from 2015-01-01 on, and the slice needs 100" in said["slice_check"]


def without(path: Path, dates: tuple[str, ...]) -> Path:
    bars = synthetic_bars()
    bars[~bars["date"].isin(pd.to_datetime(list(dates)))].to_parquet(path)
    return path


def test_vanished_sessions_are_listed_then_deleted_and_do_not_come_back(
    new_product: MakeProduct, refreshed_product: MakeProduct, tmp_path: Path
) -> None:
    bars = without(tmp_path / "bars.parquet", VANISHED)
    clean = new_product(bars=bars, as_of=AS_OF)
    assert failures(clean.run_up_to("training_csv", checks=False)) == {}
    product = refreshed_product(bars=bars)

    before = tables(product)
    listed = run(product, "zl_delete_vanished")
    # Of the replay, which begins in 2013, two, and what was its first row with a session more before it.
    assert (report(listed)["rows_vanished"], report(listed)["rows_deleted"]) == (18, 0)
    for name in (
        "market_data.databento_futures_ohlcv_1d",
        "features.zl_ohlcv",
        "features.zl_ta_features",
        "features.daily_ml_matrix",
    ):
        assert f"| zl-local.{name} |" in report(listed)["vanished"]
    assert ", ".join(VANISHED) in report(listed)["vanished"]
    assert tables(product) == before

    applied = run(product, "zl_delete_vanished", apply=True)
    assert report(applied)["rows_deleted"] == 18
    with mean_fits():
        refreshed = product.refresh()
    assert failures(refreshed) == {}
    assert red(refreshed) == set()
    # As if the sessions had never been: the same tables and file as in a warehouse that never saw them. Of the forecasts, which
    # are made of that file, the checks have just said that they are right.
    never_seen, found = clean.snapshot(), product.snapshot()
    assert "csv" in never_seen
    assert {name: found[name] for name in never_seen} == never_seen
    assert report(run(product, "zl_delete_vanished", apply=True))["rows_vanished"] == 0


def test_a_source_that_lost_a_year_deletes_nothing(filled: Product, tmp_path: Path) -> None:
    bars = synthetic_bars()
    lost = bars[bars["date"].dt.year != 2019]
    lost.to_parquet(tmp_path / "lost.parquet")
    before = filled.snapshot(with_stamps=True)
    said = failures(run(filled, "zl_delete_vanished", apply=True, bars=tmp_path / "lost.parquet"))
    assert "Nothing was deleted: at most 1 % of the history may be" in said["delete_vanished"]
    assert filled.snapshot(with_stamps=True) == before


def test_the_cleanup_lists_first_and_drops_only_what_is_proven(filled: Product) -> None:
    filled.sql("CREATE TABLE features.gone AS SELECT 1 AS a")
    filled.sql("CREATE VIEW features.master_features_all AS SELECT a FROM features.gone")
    client = filled.client()
    client.create_dataset("z_archive_20251119")  # in the client's location; CREATE SCHEMA of the embedded BigQuery knows only US
    client.close()
    filled.sql("CREATE TABLE z_archive_20251119.old (a INT64)")
    assert report(run(filled, "zl_phase0_cleanup", apply=True))["dropped"] == 2  # the dataset and its table; the view runs
    filled.sql("DROP TABLE features.gone")
    before = filled.snapshot(with_stamps=True)
    listed = report(run(filled, "zl_phase0_cleanup"))
    assert listed["dropped"] == 0
    assert "a view that does not run" in listed["leftovers"]
    assert report(run(filled, "zl_phase0_cleanup", apply=True))["dropped"] == 1
    assert "it is not there" in report(run(filled, "zl_phase0_cleanup"))["leftovers"]
    assert filled.snapshot(with_stamps=True) == before
