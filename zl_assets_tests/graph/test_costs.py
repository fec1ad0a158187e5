"""What a refresh asks of BigQuery: every job labelled and limited, and how many there are on a day with one new session."""

import datetime as dt
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from google.cloud import bigquery

from zl_assets.embedded.client import LoopbackSession
from zl_assets.sources.sample import synthetic_bars
from zl_assets.warehouse import connect
from zl_assets.warehouse.jobs import JobRunner
from zl_assets_tests.support.fixtures import MakeProduct
from zl_assets_tests.support.product import Product, failures, metadata, red

DATA = ("databento_futures_ohlcv_1d", "zl_ohlcv", "zl_ta_features", "daily_ml_matrix")
FORECASTS = ("zl_1m_oof", "zl_1m_latest")
TABLES = (*DATA, *FORECASTS)


class Day:
    """A refresh with one new session, on a warehouse that had all the others, and what it sent."""

    def __init__(self, product: Product, folder: Path) -> None:
        bars = synthetic_bars()
        path = folder / "bars.parquet"
        newest = bars["date"].max()
        bars[bars["date"] < newest].to_parquet(path)
        first = product.refresh(checks=False, bars=path, as_of=dt.date(2025, 11, 15))
        assert failures(first) == {}
        client = connect(product.settings())
        before = {job.job_id for job in client.list_jobs()}
        bars.to_parquet(path)

        self.dry_runs: list[dict[str, Any]] = []
        self.requests: list[tuple[str, str]] = []
        self.locations: list[str | None] = []
        with pytest.MonkeyPatch.context() as patch:
            request, dry_run = LoopbackSession.request, JobRunner.dry_run
            begin, upload = bigquery.Client._call_api, bigquery.Client._do_multipart_upload

            def spy(session: LoopbackSession, method: Any, url: Any, **kwargs: Any) -> Any:
                self.requests.append((method, url))
                return request(session, method, url, **kwargs)

            def spy_dry(runner: JobRunner, text: str, step: str, *args: Any) -> int:
                self.dry_runs.append({**runner.labels, "zl_step": step, "sql": text.split()[0]})
                return dry_run(runner, text, step, *args)

            def spy_job(client: Any, *args: Any, **kwargs: Any) -> Any:
                if kwargs.get("method") == "POST" and str(kwargs.get("path", "")).endswith("/jobs"):
                    self.locations.append(kwargs["data"]["jobReference"].get("location"))
                return begin(client, *args, **kwargs)

            def spy_load(client: Any, stream: Any, job: Any, *args: Any, **kwargs: Any) -> Any:
                self.locations.append(job["jobReference"].get("location"))
                return upload(client, stream, job, *args, **kwargs)

            patch.setattr(bigquery.Client, "_call_api", spy_job)
            patch.setattr(bigquery.Client, "_do_multipart_upload", spy_load)
            patch.setattr(LoopbackSession, "request", spy)
            patch.setattr(JobRunner, "dry_run", spy_dry)
            self.result = product.refresh(bars=path, as_of=dt.date(2025, 11, 15))
        assert failures(self.result) == {}
        assert red(self.result) == set()
        self.jobs = [job for job in client.list_jobs() if job.job_id not in before]
        self.metadata = metadata(self.result)
        self.after, self.forecasts = product.snapshot(), product.table("zl_1m_latest")
        client.close()


def test_a_new_day_ends_where_one_run_of_all_bars_ends(one_day: Day, refreshed_product: MakeProduct) -> None:
    """The oldest forecast stays as it was made; everything else is what one run makes."""
    at_once = refreshed_product()
    two_runs, one_run = dict(one_day.after), at_once.snapshot()
    del two_runs["zl_1m_latest"], one_run["zl_1m_latest"]
    assert two_runs == one_run
    made, newest = one_day.forecasts, at_once.table("zl_1m_latest")
    assert (len(made), len(newest)) == (22, 21)
    pd.testing.assert_frame_equal(made.tail(21).reset_index(drop=True), newest)
    assert set(made["model_id"].head(1)).isdisjoint(newest["model_id"])


@pytest.fixture(scope="module")
def one_day(new_product: MakeProduct, tmp_path_factory: pytest.TempPathFactory) -> Day:
    return Day(new_product(), tmp_path_factory.mktemp("bars"))


def configuration(job: Any) -> dict[str, Any]:
    found: dict[str, Any] = job._properties["configuration"]
    return found


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


def test_view_and_merge_are_tried_by_a_dry_run_first(one_day: Day) -> None:
    dry = [(run["zl_asset"], run["zl_step"], run["sql"]) for run in one_day.dry_runs]
    assert Counter(dry) == Counter(
        [*((table, "dry_run_merge", "MERGE") for table in TABLES), ("vw_zl_1m_flat", "dry_run_view", "SELECT")]
    )


def test_bytes_slots_and_jobs_are_in_the_metadata(one_day: Day) -> None:
    known = {job.job_id for job in one_day.jobs}
    for asset in (*TABLES, "regime_weights", "vw_zl_1m_flat"):
        found = one_day.metadata[asset]
        assert {"bytes_processed", "slot_ms"} <= set(found)
        assert set(found["job_ids"]) <= known
        assert found["job_ids"]


def test_one_new_session_changes_one_row_and_one_partition_of_each_table(one_day: Day) -> None:
    found = one_day.metadata
    counts = {
        asset: tuple(found[asset][name] for name in ("inserted", "updated", "partitions_changed", "merge_statements"))
        for asset in (*TABLES, "regime_weights")
    }
    forecasts = {asset: counts.pop(asset) for asset in FORECASTS}
    assert counts == {**dict.fromkeys(DATA, (1, 0, 1, 1)), "regime_weights": (0, 0, 0, 0)}
    print("\nforecasts: inserted, updated, partitions, statements:", forecasts)
    assert all(inserted == 1 and statements == 1 for inserted, _, _, statements in forecasts.values())


def test_the_number_of_jobs_is_known(one_day: Day) -> None:
    """The figures of docs/costs.md. A step more or less is a decision, not an accident."""
    steps = Counter(configuration(job)["labels"]["zl_step"] for job in one_day.jobs)
    staged = {asset: sum(one_day.metadata[asset][name] for name in ("inserted", "updated", "unchanged")) for asset in TABLES}
    kinds = Counter("dry run" if "jobs" in url and method == "POST" else method for method, url in one_day.requests)
    print(f"\njobs: {len(one_day.jobs)} {dict(steps)}; dry runs: {len(one_day.dry_runs)}; rows staged: {staged}")
    print(f"requests: {len(one_day.requests)} {dict(kinds)}")
    written = len(TABLES) + 1  # regime_weights is compared as well, and never changes
    assert {name: steps[name] for name in ("load", "audit", "compare", "merge", "count")} == {
        "load": written,
        "audit": written,
        "compare": written,
        "merge": len(TABLES),
        "count": written + 1,  # and the view
    }
    assert set(steps) == {"load", "audit", "compare", "merge", "count", "read"}
    assert {asset: staged[asset] for asset in DATA} == {
        "databento_futures_ohlcv_1d": 3998,
        "zl_ohlcv": 3893,
        "zl_ta_features": 3893,
        "daily_ml_matrix": 3831,
    }
