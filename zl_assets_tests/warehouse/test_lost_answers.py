"""Work that was done, and whose answer was lost: it is asked for again, and neither doubled nor misreported.

A server that dies between a job's end and its record says, when it is back, that the job was lost. Here the client is told so.
"""

from dataclasses import replace

import pytest
from google.api_core import exceptions as api
from google.cloud import bigquery

from zl_assets.warehouse.contract import WriteMode
from zl_assets.warehouse.errors import SchemaConflict
from zl_assets.warehouse.jobs import JobRunner
from zl_assets.warehouse.publish import Publication
from zl_assets.warehouse.vanished import delete_vanished, find_vanished
from zl_assets_tests.warehouse import test_ownership
from zl_assets_tests.warehouse.tables import SMALL, publish, publisher, rows, small_frame

APPEND = replace(SMALL, mode=WriteMode.APPEND)


def lose_the_answer(step: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The first job of a step does its work and is reported as lost; its id, once it has happened."""
    wait, lost = JobRunner._wait, []

    def waiting(self: JobRunner, job: bigquery.QueryJob | bigquery.LoadJob, end: float) -> None:
        wait(self, job, end)
        if f"_{step}_" in str(job.job_id) and not lost:
            lost.append(str(job.job_id))
            raise api.InternalServerError("the server ended", errors=[{"reason": "jobBackendError"}])

    monkeypatch.setattr(JobRunner, "_wait", waiting)
    return lost


def test_a_first_load_that_is_sent_again_does_not_double_the_rows(
    bq: bigquery.Client, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = lose_the_answer("load", monkeypatch)
    assert publish(bq, prefix, small_frame(4)).inserted == 4
    assert lost
    assert len(rows(bq, prefix)) == 4


def test_a_staging_load_that_is_sent_again_does_not_double_the_staged_rows(
    bq: bigquery.Client, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(bq, prefix, small_frame(2))
    monkeypatch.setattr("zl_assets.warehouse.publish.MAX_GIVEN_BYTES", 100)
    lost = lose_the_answer("load_staging", monkeypatch)
    assert publish(bq, prefix, small_frame(4)).inserted == 2
    assert lost
    assert len(rows(bq, prefix)) == 4


def test_a_merge_that_is_sent_again_reports_what_it_did_the_first_time(
    bq: bigquery.Client, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(bq, prefix, small_frame(3))
    lost = lose_the_answer("merge", monkeypatch)
    report = publish(bq, prefix, small_frame(5, note=["other", "n1", "n2", "n3", "n4"]))
    assert lost
    assert (report.inserted, report.updated, report.unchanged, report.row_count) == (2, 1, 2, 5)


def test_appended_rows_are_not_taken_for_another_runs_when_the_merge_is_sent_again(
    bq: bigquery.Client, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher(bq, prefix).publish(Publication(small_frame(1)), APPEND)
    lost = lose_the_answer("merge", monkeypatch)
    assert publisher(bq, prefix).publish(Publication(small_frame(3)), APPEND).inserted == 2
    assert lost
    with pytest.raises(SchemaConflict, match="1 of the rows to be added have a key"):
        publisher(bq, prefix).publish(Publication(small_frame(1, note=["other"])), APPEND)
    assert len(rows(bq, prefix)) == 3


def test_a_deletion_that_is_sent_again_says_what_is_gone(
    bq: bigquery.Client, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(bq, prefix, small_frame(200))
    found = find_vanished(publisher(bq, prefix), SMALL, "ZL", small_frame(199))
    assert found is not None
    lost = lose_the_answer("delete_vanished", monkeypatch)
    assert delete_vanished(publisher(bq, prefix), [found]) == 1
    assert lost
    assert len(rows(bq, prefix)) == 199


def test_a_label_whose_answer_was_lost_is_set_and_the_run_goes_on(
    bq: bigquery.Client, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(bq, prefix, small_frame(5))
    update, calls = bq.update_table, []

    def updated(*arguments: object, **how: object) -> bigquery.Table:
        table = update(*arguments, **how)  # type: ignore[arg-type]
        calls.append(1)
        if len(calls) == 1:
            raise ConnectionResetError("after the server acted")
        return table

    monkeypatch.setattr(bq, "update_table", updated)
    test_ownership.write(bq, prefix, "rain")
    assert len(calls) > 1
    assert "zl_family_rain" in bq.get_table(f"{bq.project}.{prefix}d.small").labels
