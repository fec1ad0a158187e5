"""Waiting for a job, by a clock that is not the machine's."""

import pytest

from zl_assets.warehouse.errors import WarehouseUnavailable
from zl_assets_tests.warehouse.google import Clock, Google, error, words

pytestmark = pytest.mark.refused_by_google("a statement stands for any: only its job's end matters here")

DURATIONS = [0.01, 0.1, 0.3, 0.99, 1.0, 2.41, 5.0, 12.3, 60.0, 119.9, 300.0, 600.0]


@pytest.mark.parametrize("seconds", DURATIONS)
def test_a_jobs_end_is_not_seen_later_than_a_quarter_of_a_second_or_a_tenth_of_its_time(seconds: float) -> None:
    """With answers that take 0.03 s each."""
    clock = Clock()
    google = Google(takes=seconds, latency=0.03, clock=clock)
    began = clock.now
    with google.in_its_time():
        google.runner(deadline=3600.0).query("MERGE", "merge")
    assert 0 <= clock.now - began - seconds <= max(0.25, seconds / 10)


def test_a_long_job_is_not_asked_for_hundreds_of_times() -> None:
    google = Google(takes=600.0)
    with google.in_its_time():
        google.runner(deadline=3600.0).query("MERGE", "merge")
    assert google.asked.count("GET jobs") <= 85


def test_a_job_that_is_done_in_the_answer_to_its_submission_is_not_asked_for() -> None:
    google = Google()
    google.runner().query("MERGE", "merge")
    assert google.asked == ["POST jobs"]


@pytest.mark.parametrize("fault", [(503, None), (500, error("backendError")), (429, error("rateLimitExceeded"))])
def test_a_look_that_fails_is_no_failure_of_the_job(fault: tuple[int, dict[str, str]]) -> None:
    google = Google(takes=1.0, faults=[None, fault, fault])
    with google.in_its_time():
        google.runner().query("MERGE", "merge")
    assert len(google.job_ids) == 1


def test_a_job_that_runs_at_the_deadline_is_left_and_told_as_running() -> None:
    clock = Clock()
    google = Google(takes=1000.0, clock=clock)
    began = clock.now
    with google.in_its_time(), pytest.raises(WarehouseUnavailable, match=words("within 300 s ... is still running")):
        google.runner().query("MERGE", "merge")
    assert clock.now - began == pytest.approx(300.0)
    assert len(google.job_ids) == 1
