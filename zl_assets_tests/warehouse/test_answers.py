"""Google's errors, which the embedded BigQuery never gives: what is final is told at once, what passes is tried again."""

import pytest

from zl_assets.hints import WORDS, told
from zl_assets.warehouse.answers import FINAL_REASONS, RACES, TRANSIENT_REASONS
from zl_assets.warehouse.errors import Hint, WarehouseRefused, WarehouseUnavailable
from zl_assets_tests.warehouse.google import Google, error, words

pytestmark = pytest.mark.refused_by_google("a statement stands for any: only its job's end matters here")

TIMED_OUT = "Job execution was cancelled: Job timed out after 300 sec"
FINAL = {
    "bytesBilledLimitExceeded": (
        error("bytesBilledLimitExceeded", "Query exceeded limit for bytes billed: 1073741824. 2147483648 or higher required."),
        "did not run the step 'merge' ... 1,073,741,824 bytes that are allowed ... 2147483648 or higher "
        "... find out what has grown ... ZL_MAX_BYTES",
    ),
    "timeout": (error("timeout", "The job timed out"), "stopped the step 'merge' ... longer than 300 s ... ZL_DEADLINE"),
    "stopped by its timeout": (error("stopped", TIMED_OUT), "longer than 300 s ... after 300 sec ... ZL_DEADLINE"),
    "stopped by a person": (
        error("stopped", "Job execution was cancelled: User requested cancellation"),
        "Somebody cancelled the step 'merge' ... User requested cancellation ... job history",
    ),
    "invalidUser": (error("invalidUser"), "does not accept the user ... 'merge' ... sign in again"),
    "quotaExceeded": (
        error("quotaExceeded", "Quota exceeded: too many queries"),
        "quota ... 'merge' ... too many queries ... ten minutes",
    ),
    "billingNotEnabled": (error("billingNotEnabled"), "no billing account ... 'merge' ... enables billing ... ZL_GCP_PROJECT"),
    "blocked": (error("blocked"), "Google has blocked ... 'merge' ... support"),
    "accessDenied": (
        error("accessDenied", "Access Denied"),
        "denied the step 'merge' ... Access Denied ... docs/google-cloud.md lists the roles",
    ),
    "invalidQuery": (error("invalidQuery", "Syntax error"), "refused the step 'merge' ... Syntax error"),
    "not known": (error("somethingNew"), "'merge' ... 'somethingNew', which this version does not know: words of BigQuery's"),
    "none given": ({"message": "it failed"}, "'merge' ... which this version does not know: it failed"),
}


@pytest.mark.parametrize("name", FINAL)
def test_a_jobs_final_reason_is_told_once_with_its_way_out_and_not_retried_until_the_deadline(name: str) -> None:
    ending, said = FINAL[name]
    google = Google([ending])
    with pytest.raises(WarehouseRefused) as caught:
        google.runner().query("MERGE", "merge")
    assert words(said).search(told(caught.value))
    assert len(google.job_ids) == 1


# Of Google's table of errors, and of jobs that were seen to fail.
PASSING = (
    "backendError",
    "badGateway",
    "internalError",
    "jobBackendError",
    "jobInternalError",
    "jobRateLimitExceeded",
    "rateLimitExceeded",
    "tableUnavailable",
)


@pytest.mark.parametrize("reason", PASSING)
def test_a_job_that_failed_for_a_reason_that_passes_is_run_again_under_another_id(reason: str) -> None:
    google = Google([error(reason), None])
    google.runner().query("MERGE", "merge")
    assert len(set(google.job_ids)) == 2


@pytest.mark.parametrize(
    "ending",
    [
        error("invalidQuery", "Could not serialize access to table p:d.t due to concurrent update"),
        error("invalidQuery", "Transaction is aborted due to concurrent update against table p:d.t. Transaction ID: 61e30eea"),
        error(
            "resourcesExceeded",
            "Resources exceeded during query execution: Too many DML statements outstanding against table p:d.t, limit is 20.",
        ),
        error("quotaExceeded", "Quota exceeded: Too many DML statements outstanding against table p:d.t, limit is 20."),
    ],
)
def test_a_lost_race_is_run_again_whatever_reason_bigquery_gives_it(ending: dict[str, str]) -> None:
    google = Google([ending, None])
    google.runner().query("MERGE", "merge")
    assert len(set(google.job_ids)) == 2


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_request_that_failed_with_a_bare_5xx_is_sent_again_for_the_same_job(status: int) -> None:
    google = Google(faults=[(status, None)])
    google.runner().query("MERGE", "merge")
    assert len(google.job_ids) == 2
    assert len(set(google.job_ids)) == 1


@pytest.mark.parametrize("reason", ["somethingNew", "backendError"])
def test_a_request_with_a_5xx_is_sent_again_whatever_reason_it_gives_that_is_not_final(reason: str) -> None:
    google = Google(faults=[(503, error(reason))])
    google.runner().query("MERGE", "merge")
    assert len(google.job_ids) == 2


def test_a_read_that_would_cost_too_much_is_not_asked_for_until_the_deadline() -> None:
    """jobs.query has its job's reason in its own answer, as an HTTP 500."""
    google = Google(faults=[(500, FINAL["bytesBilledLimitExceeded"][0])])
    with pytest.raises(WarehouseRefused, match=words("did not run the step 'count' ... find out what has grown")):
        google.runner().rows("SELECT 1", "count")
    assert google.asked == ["POST queries"]


@pytest.mark.parametrize("name", ["quotaExceeded", "billingNotEnabled", "blocked", "accessDenied"])
def test_a_submission_that_is_refused_with_403_is_told_by_its_reason(name: str) -> None:
    """To ask for roles helps against one of the four."""
    ending, said = FINAL[name]
    with pytest.raises(WarehouseRefused) as caught:
        Google(faults=[(403, ending)]).runner().query("MERGE", "merge")
    assert words(said).search(told(caught.value))


def test_every_hint_has_its_words() -> None:
    assert set(WORDS) == set(Hint)


def test_a_job_that_keeps_failing_for_a_reason_that_passes_is_told_as_unavailable() -> None:
    google = Google([error("backendError")] * 100)
    with pytest.raises(WarehouseUnavailable, match=words("within 0.5 s ... words of BigQuery's")):
        google.runner(deadline=0.5).query("MERGE", "merge")


def test_no_reason_is_both_final_and_passing_and_every_race_is_found_in_any_case_of_letters() -> None:
    assert not FINAL_REASONS & TRANSIENT_REASONS
    assert set(PASSING) == TRANSIENT_REASONS
    assert all(race == race.casefold() for race in RACES)
