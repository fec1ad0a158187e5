"""How many requests a step takes: each costs a round trip to Google, and counts against its limits."""

import pandas as pd
import pytest
from google.cloud import bigquery

from zl_assets.contracts.marks import MARKS
from zl_assets.embedded.client import LoopbackReadClient, LoopbackSession
from zl_assets.warehouse.jobs import JobRunner
from zl_assets_tests.warehouse.google import Google, error

pytestmark = pytest.mark.refused_by_google("a statement stands for any: only its job's end matters here")


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every request to the embedded server, over HTTP and gRPC, as it is made."""
    made: list[str] = []

    def spy(owner: type, name: str, what: str) -> None:
        called = getattr(owner, name)

        def calling(*arguments: object, **how: object) -> object:
            made.append(what)
            return called(*arguments, **how)

        monkeypatch.setattr(owner, name, calling)

    spy(LoopbackSession, "request", "HTTP")
    spy(LoopbackReadClient, "create_read_session", "read session")
    spy(LoopbackReadClient, "read_rows", "read rows")
    return made


@pytest.fixture
def runner(bq: bigquery.Client) -> JobRunner:
    return JobRunner(bq, MARKS, "test", "requests", max_bytes=1 << 30, deadline=60.0)


def test_a_small_read_is_one_request_and_a_frame_three(runner: JobRunner, calls: list[str]) -> None:
    assert runner.rows("SELECT 1 AS n", "count")[0]["n"] == 1
    assert calls == ["HTTP"]
    calls.clear()
    many = "SELECT n, CAST(n AS FLOAT64) / 3 AS x FROM UNNEST(GENERATE_ARRAY(1, 4000)) AS n"
    frame = runner.arrow(many, "read").sort_by("n").to_pandas()
    assert calls == ["HTTP", "read session", "read rows"]
    assert frame["n"].tolist() == list(range(1, 4001))
    pd.testing.assert_series_equal(frame["x"], frame["n"] / 3, check_names=False)


def test_a_large_result_comes_in_several_streams_and_an_ordered_one_in_order(runner: JobRunner, calls: list[str]) -> None:
    many = "SELECT n FROM UNNEST(GENERATE_ARRAY(1, 200000)) AS n"
    assert sorted(runner.arrow(many, "read")["n"].to_pylist()) == list(range(1, 200_001))
    assert calls.count("read rows") > 1
    calls.clear()
    assert runner.arrow(f"{many} ORDER BY n DESC", "read")["n"].to_pylist() == list(range(200_000, 0, -1))
    assert calls.count("read rows") == 1


def test_a_statement_that_writes_is_one_request(runner: JobRunner, dataset: str, calls: list[str]) -> None:
    runner.query(f"CREATE TABLE {dataset}.t AS SELECT 1 AS n", "create")
    calls.clear()
    runner.query(f"UPDATE {dataset}.t SET n = 2 WHERE TRUE", "merge")
    assert calls == ["HTTP"]
    assert runner.rows(f"SELECT n FROM {dataset}.t", "read")[0]["n"] == 2


def test_a_result_without_rows_has_its_columns(runner: JobRunner) -> None:
    empty = runner.arrow("SELECT 1 AS n, 'a' AS name FROM UNNEST([1]) WHERE FALSE", "read")
    assert (empty.num_rows, empty.column_names) == (0, ["n", "name"])


def test_a_small_read_carries_the_limits_and_labels_of_every_job(runner: JobRunner) -> None:
    google = Google()
    google.runner().rows("SELECT 3 AS n", "count")
    [sent] = google.rows_configs
    assert sent["labels"] == {"zl_run": "r", "zl_asset": "a", "zl_step": "count"}
    assert sent["maximumBytesBilled"] == str(1 << 30)
    assert sent["jobTimeoutMs"] == "300000"
    assert sent["location"] == "us-central1"
    assert sent["useLegacySql"] is False


def test_a_small_read_is_accounted_for_by_its_job_and_bytes() -> None:
    google = Google()
    runner = google.runner()
    [row] = runner.rows("SELECT 3 AS n", "count")
    assert row["n"] == 3
    assert runner.log.job_ids == [f"of {google.rows_configs[0]['requestId']}"]
    assert runner.log.bytes_processed == 7


def test_a_small_read_whose_answer_was_lost_is_asked_again_as_another_request() -> None:
    """The same id again would be answered with 409 by one BigQuery, and with the lost failure by the other."""
    google = Google(faults=[(503, error("backendError"))])
    [row] = google.runner().rows("SELECT 3 AS n", "count")
    assert row["n"] == 3
    assert google.asked == ["POST queries", "POST queries"]


@pytest.mark.parametrize("statement", ["MERGE d.t AS live", "DELETE FROM d.t WHERE TRUE", "CREATE TABLE d.t (n INT64)"])
def test_what_writes_is_not_taken_for_a_read_that_may_run_twice(statement: str) -> None:
    google = Google()
    with pytest.raises(ValueError, match="is not a SELECT"):
        google.runner().rows(statement, "merge")
    assert google.asked == []
