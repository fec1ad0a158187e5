"""What a person reads when BigQuery or the sign-in says no: one message, never a stack trace."""

import pytest
from google.api_core import exceptions as api
from google.auth.exceptions import RefreshError
from google.cloud import bigquery

from zl_assets.contracts.marks import MARKS
from zl_assets.warehouse.errors import WarehouseRefused, WarehouseUnavailable
from zl_assets.warehouse.jobs import JobRunner


def test_a_full_disk_says_that_space_must_be_freed(bq: bigquery.Client) -> None:
    def refuse(**_: object) -> None:
        raise api.BadRequest('Failed to commit: Could not write file "emulator.duckdb.wal": No space left on device')

    with pytest.raises(WarehouseUnavailable, match=r"disk.*is full, found in the step 'read'\. Free some space"):
        JobRunner(bq, MARKS, "test", "jobs", max_bytes=1 << 30, deadline=60.0).call("read", refuse)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RefreshError("invalid_grant: Token has been expired or revoked."), "did not accept the credentials.*Sign in again"),
        (api.Unauthorized("Request had invalid authentication credentials"), "did not accept the credentials.*Sign in again"),
        (api.Forbidden("Access Denied"), "denied the step 'get_table'"),
        (api.RequestRangeNotSatisfiable("no"), "refused the step 'get_table'"),
        (api.MethodNotImplemented("no"), "refused the step 'get_table'"),
    ],
)
def test_every_final_answer_is_one_message_and_is_asked_for_once(error: Exception, words: str, bq: bigquery.Client) -> None:
    asked = []

    def refuse(**_: object) -> None:
        asked.append(1)
        raise error

    runner = JobRunner(bq, MARKS, "test", "jobs", max_bytes=1 << 30, deadline=60.0)
    with pytest.raises(WarehouseRefused, match=words):
        runner.call("get_table", refuse)
    assert len(asked) == 1
