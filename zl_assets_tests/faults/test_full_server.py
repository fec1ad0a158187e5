"""A server on a full disk must still be able to stop."""

from concurrent.futures import Future

from local_bigquery.jobs.runner import Running

from zl_assets.embedded.server import is_any_running


def test_a_job_whose_end_could_not_be_recorded_does_not_keep_the_server_for_ever() -> None:
    ended: Future[None] = Future()
    ended.set_exception(OSError(28, "No space left on device"))
    at_work: Future[None] = Future()
    assert not is_any_running({"a": Running(future=ended)})
    assert is_any_running({"a": Running(future=ended), "b": Running(future=at_work)})
    assert is_any_running({"a": Running()}), "it is about to be handed to its thread"
