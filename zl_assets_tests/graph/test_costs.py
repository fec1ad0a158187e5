"""What a refresh asks of BigQuery: every job labelled and limited, and how many there are, with one new session and with none.

docs/evidence/costs.md holds these figures; WRITE_GOLDEN=1 writes them anew.
"""

import datetime as dt
import os
import re
from pathlib import Path

import pandas as pd
import pytest

from zl_assets.sources.sample import synthetic_bars
from zl_assets.warehouse import connect
from zl_assets_tests.graph.costs import STAGING, configuration, dollars, markdown, recording, tables_of
from zl_assets_tests.support.contracts import CONTRACTS
from zl_assets_tests.support.fixtures import REPO, MakeProduct
from zl_assets_tests.support.product import Product, failures, metadata, red

DATA = ("databento_futures_ohlcv_1d", "zl_ohlcv", "zl_ta_features", "daily_ml_matrix")
FORECASTS = ("zl_1m_oof", "zl_1m_latest")
# What was said, and what would have been; the score has nothing to write before 21 sessions have gone by.
SAID = ("forecast_replay", "forecast_record")
TABLES = (*DATA, *FORECASTS, *SAID)
PROVED = ("databento_futures_ohlcv_1d", "zl_ohlcv")

PAGE = REPO / "docs" / "evidence" / "costs.md"
BLOCK = re.compile(r"(<!-- costs -->\n).*?(<!-- end -->)", re.DOTALL)


class Day:
    """A refresh with one new session, on a warehouse that had all the others, then one without any change, and what they sent."""

    def __init__(self, product: Product, folder: Path) -> None:
        bars = synthetic_bars()
        path = folder / "bars.parquet"
        newest = bars["date"].max()
        bars[bars["date"] < newest].to_parquet(path)
        first = product.refresh(checks=False, bars=path, as_of=dt.date(2025, 11, 15))
        assert failures(first) == {}
        client = connect(product.settings())
        bars.to_parquet(path)
        with recording(client) as self.sent:
            self.result = product.refresh(bars=path, as_of=dt.date(2025, 11, 15))
        assert failures(self.result) == {}
        assert red(self.result) == set()
        self.jobs, self.dry_runs, self.locations = self.sent.jobs, self.sent.dry_runs, self.sent.locations
        self.metadata = metadata(self.result)
        self.after, self.forecasts, self.said = (
            product.snapshot(),
            product.table("zl_1m_latest"),
            product.table("forecast_record"),
        )
        with recording(client) as self.quiet:
            again = product.refresh(bars=path, as_of=dt.date(2025, 11, 15))
        assert failures(again) == {}
        assert red(again) == set()
        client.close()


def test_a_new_day_ends_where_one_run_of_all_bars_ends(one_day: Day, refreshed_product: MakeProduct) -> None:
    """The oldest forecast stays as it was made; everything else is what one run makes."""
    at_once = refreshed_product()
    two_runs, one_run = dict(one_day.after), at_once.snapshot()
    for name in ("zl_1m_latest", "forecast_record"):
        del two_runs[name], one_run[name]
    assert two_runs == one_run
    made, newest = one_day.forecasts, at_once.table("zl_1m_latest")
    assert (len(made), len(newest)) == (22, 21)
    said = one_day.metadata["zl_1m_latest"]
    assert (said["dagster/row_count"], said["first_date"]) == (22, str(made["data_date"].min())), "the dates of the rows"
    pd.testing.assert_frame_equal(made.tail(21).reset_index(drop=True), newest)
    assert set(made["model_id"].head(1)).isdisjoint(newest["model_id"])
    assert [str(day.date()) for day in pd.to_datetime(one_day.said["data_date"])] == ["2025-11-13", "2025-11-14"]


@pytest.fixture(scope="module")
def one_day(new_product: MakeProduct, tmp_path_factory: pytest.TempPathFactory) -> Day:
    return Day(new_product(), tmp_path_factory.mktemp("bars"))


def test_every_job_carries_its_run_asset_and_step(one_day: Day) -> None:
    for job in one_day.jobs:
        labels = configuration(job).get("labels", {})
        assert labels.get("zl_run") == one_day.result.run_id
        assert labels.get("zl_asset") in {*TABLES, "regime_weights", "vw_zl_1m_flat"}
        assert labels.get("zl_step")


def test_every_job_ends_in_bounded_time_and_every_query_has_a_byte_limit(one_day: Day) -> None:
    for job in one_day.jobs:
        found = configuration(job)
        assert found.get("jobTimeoutMs") == "300000", job.job_id
        if "query" in found:
            assert found["query"]["maximumBytesBilled"] == str(1 << 30), job.job_id
            assert found["query"]["useLegacySql"] is False


def test_every_job_is_sent_to_the_location_of_its_datasets(one_day: Day) -> None:
    """Of what is sent: the emulator says US of every job."""
    assert len(one_day.locations) == len(one_day.jobs) + len(one_day.dry_runs)
    assert set(one_day.locations) == {"us-central1"}


def test_bytes_slots_and_jobs_are_in_the_metadata(one_day: Day) -> None:
    known = {job.job_id for job in one_day.jobs}
    for asset in (*TABLES, "regime_weights", "vw_zl_1m_flat"):
        found = one_day.metadata[asset]
        assert {"bytes_processed", "slot_ms"} <= set(found)
        assert set(found["job_ids"]) <= known
        # A table that is only read costs no job.
        assert bool(found["job_ids"]) is (asset != "regime_weights")


def test_one_new_session_changes_one_row_and_one_partition_of_each_table(one_day: Day) -> None:
    found = one_day.metadata
    counts = {
        asset: tuple(found[asset][name] for name in ("inserted", "updated", "partitions_changed", "merge_statements"))
        for asset in (*TABLES, "regime_weights")
    }
    forecasts = {asset: counts.pop(asset) for asset in FORECASTS}
    assert counts == {**dict.fromkeys((*DATA, *SAID), (1, 0, 1, 1)), "regime_weights": (0, 0, 0, 0)}
    print("\nforecasts: inserted, updated, partitions, statements:", forecasts)
    assert all(inserted == 1 and statements == 1 for inserted, _, _, statements in forecasts.values())


def test_the_number_of_jobs_is_known(one_day: Day) -> None:
    """A step more or less is a decision, not an accident."""
    steps = one_day.sent.steps
    staged = {asset: sum(one_day.metadata[asset][name] for name in ("inserted", "updated", "unchanged")) for asset in TABLES}
    # Each table that is written is read before and after, regime_weights, which never changes, once; what bars and sessions are
    # proved beside is read as well, and what was said so far and would have been; the one query is the view's.
    # Of the forecasts the out-of-fold ones of another model are too many for a request.
    assert steps == {"read": 1, "merge": len(TABLES) - 1, "load_staging": 1, "merge_staged": 1}
    reads = {contract.partition(".")[2]: count for contract, count in one_day.sent.reads.items()}
    assert reads == {**dict.fromkeys(TABLES, 2), "regime_weights": 1, **dict.fromkeys((*PROVED, *SAID), 3)}
    assert one_day.dry_runs == []
    assert {asset: staged[asset] for asset in DATA} == {
        "databento_futures_ohlcv_1d": 3998,
        "zl_ohlcv": 3893,
        "zl_ta_features": 3893,
        "daily_ml_matrix": 3831,
    }


def test_a_day_without_change_writes_nothing_and_tries_no_merge(one_day: Day) -> None:
    assert one_day.quiet.steps == {"read": 1}
    assert {table.partition(".")[2]: n for table, n in one_day.quiet.reads.items() if n > 1} == dict.fromkeys(
        (*PROVED, "forecast_replay"), 2
    )
    assert one_day.quiet.dry_runs == []


def test_a_refresh_asks_no_more_than_was_promised(one_day: Day) -> None:
    """The bounds of docs/evidence/benchmarks.md: query jobs, load jobs, HTTP and gRPC calls."""
    for day, most in ((one_day.quiet, (8, 0, 80)), (one_day.sent, (20, 1, 140))):
        found = (len(day.queries), len(day.jobs) - len(day.queries), day.calls.total())
        assert all(one <= other for one, other in zip(found, most, strict=True)), (found, most)


def test_the_figures_of_the_page_are_those_of_a_run(one_day: Day) -> None:
    days = {"no change": one_day.quiet, "one new session": one_day.sent}
    written = {f"{CONTRACTS[asset].dataset}.{asset}": one_day.metadata[asset] for asset in (*TABLES, "regime_weights")}
    figures = markdown(days, written)
    print(f"\n{figures}")
    text = PAGE.read_text()
    expected = BLOCK.sub(lambda match: f"{match[1]}{figures}\n{match[2]}", text)
    if os.environ.get("WRITE_GOLDEN"):
        PAGE.write_text(expected)
    assert BLOCK.search(text)
    assert PAGE.read_text() == expected, "review the figures, then set WRITE_GOLDEN=1 to write them anew"


def test_a_table_that_is_billed_is_not_left_out_of_the_count() -> None:
    """A view as the table behind it, a MERGE's two, and nothing for the parts of one statement."""
    views = {"t.v": "SELECT day FROM `p.f.matrix`"}
    assert tables_of("SELECT * FROM `p.t.v`", views) == {"f.matrix"}
    merge = "MERGE `p.f.matrix` AS live USING (SELECT * FROM `p.f.zl_staging_matrix_1`) AS staged ON live.a = staged.a"
    assert tables_of(f"{merge} WHEN NOT MATCHED THEN INSERT ROW", views) == {"f.matrix", STAGING}
    assert tables_of("WITH a AS (SELECT 1 AS n) SELECT n FROM a", views) == set()


def test_a_month_costs_less_than_a_dollar_at_the_list_price(one_day: Day) -> None:
    assert dollars(one_day.sent) < 1
