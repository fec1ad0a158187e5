"""A run that is told to stop, in jobs of one small step; the refresh itself is faults/stops.py."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import dagster as dg
import pytest
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run_iterator
from dagster._daemon.monitoring.run_monitoring import check_run_timeout

from zl_assets.alerts import alert_of_run
from zl_assets.definitions import build_defs
from zl_assets.execution import execute, in_process
from zl_assets.io_managers.failures import as_failures
from zl_assets.launcher import StoppableRunLauncher
from zl_assets.provenance import Provenance
from zl_assets.settings import Settings
from zl_assets.warehouse.errors import WarehouseUnavailable
from zl_assets_tests.support.product import quiet

CANCELED, FAILED = dg.DagsterRunStatus.CANCELED, dg.DagsterRunStatus.FAILURE

# A step that nobody stops ends after this many seconds, and the run is a success.
_LONG = 20.0


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.local_temp(str(tmp_path_factory.mktemp("dagster"))) as made:
        yield made


def job_of(body: Any) -> dg.JobDefinition:
    """One asset, under the product's executor."""

    @dg.asset
    def matrix(context: dg.AssetExecutionContext) -> None:
        body(context)

    defs = dg.Definitions(assets=[matrix], jobs=[dg.define_asset_job("refresh")], executor=in_process)
    return defs.resolve_job_def("refresh")


def soon(act: Any, *arguments: Any) -> None:
    timer = threading.Timer(0.1, act, arguments)
    timer.daemon = True
    timer.start()


def run_until_stopped(instance: dg.DagsterInstance, stop: Any) -> tuple[dg.ExecuteInProcessResult, float]:
    """A run of a long step, which `stop` is to end: called with the run's id in another thread while the step runs."""
    began = [0.0]

    def body(context: dg.AssetExecutionContext) -> None:
        began[0] = time.monotonic()
        soon(stop, context.run.run_id)
        time.sleep(_LONG)

    result = execute(job_of(body), instance, quiet())
    return result, time.monotonic() - began[0]


def alert_of(instance: dg.DagsterInstance, run_id: str) -> str | None:
    """What the sensor tells of a run that ended as failed."""
    run = instance.get_run_by_id(run_id)
    assert run is not None
    events = instance.all_logs(run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
    if not events:
        return None
    event = events[-1].dagster_event
    assert event is not None
    alert = alert_of_run(instance, run, event, "http://127.0.0.1:3000", Provenance.of(Settings.load()), lambda name: "")
    return None if alert is None else alert.text


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_a_run_is_taken_for_a_failure_or_for_a_reason_to_try_again(
    instance: dg.DagsterInstance, sent: signal.Signals
) -> None:
    result, seconds = run_until_stopped(instance, lambda _: os.kill(os.getpid(), sent))
    assert result.dagster_run.status is CANCELED
    assert seconds < _LONG / 2
    assert instance.all_logs(result.run_id, of_type=dg.DagsterEventType.STEP_UP_FOR_RETRY) == []
    assert alert_of(instance, result.run_id) is None


def test_a_run_that_no_code_server_can_reach_goes_on_after_terminate(instance: dg.DagsterInstance) -> None:
    result, seconds = run_until_stopped(instance, instance.run_launcher.terminate)
    assert result.dagster_run.status is CANCELED
    assert seconds < _LONG / 2


def test_a_run_that_is_terminated_while_its_process_loads_the_code_ends_as_failed(instance: dg.DagsterInstance) -> None:
    ran: list[str] = []
    job = job_of(lambda context: ran.append(context.run.run_id))
    run = instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTING)
    launcher = StoppableRunLauncher()
    launcher.register_instance(instance)
    launcher.terminate(run.run_id)
    found = instance.get_run_by_id(run.run_id)
    assert found is not None
    assert found.status is CANCELED
    # What the process does when it has loaded: with Dagster's launcher the run is "canceling" then, and nobody ends it.
    list(execute_run_iterator(InMemoryJob(job), found, instance))
    assert ran == []
    assert instance.all_logs(run.run_id, of_type=dg.DagsterEventType.RUN_FAILURE) == []


def test_a_run_whose_time_is_up_goes_on_or_does_not_say_why_it_ended(instance: dg.DagsterInstance) -> None:
    """By the monitor's own function, with a limit of no time at all."""

    def limit(run_id: str) -> None:
        record = instance.get_run_record_by_id(run_id)
        assert record is not None
        check_run_timeout(instance, record, cast("Any", _Silent()), 0.01)

    result, seconds = run_until_stopped(instance, limit)
    assert result.dagster_run.status is FAILED
    assert seconds < _LONG / 2
    said = alert_of(instance, result.run_id)
    assert said is not None
    assert "maximum runtime" in said
    assert "Interrupted" not in said
    assert "Stack Trace" not in said


class _Silent:
    def info(self, *_: object) -> None: ...


def test_a_warehouse_that_was_being_restarted_gets_one_more_try_and_a_fault_of_the_data_none(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zl_assets.io_managers.failures._PAUSE_SECONDS", 0)
    tries: list[int] = []

    def body(context: dg.AssetExecutionContext) -> None:
        tries.append(context.retry_number)
        with as_failures():
            raise WarehouseUnavailable("BigQuery is not there.")

    result = execute(job_of(body), instance, quiet())
    assert tries == [0, 1]
    assert result.dagster_run.status is FAILED
    [failed] = result.get_step_failure_events()
    assert failed.step_failure_data.user_failure_data is not None
    assert failed.step_failure_data.user_failure_data.description == "BigQuery is not there."

    def restarted(context: dg.AssetExecutionContext) -> None:
        if context.retry_number == 0:
            body(context)

    assert execute(job_of(restarted), instance, quiet()).success


def test_no_step_of_the_product_has_a_policy_under_which_dagster_retries_an_interruption(tmp_path: Path) -> None:
    defs = build_defs(Settings.load(state_dir=tmp_path, families="pivots,macro", fred=str(tmp_path)))
    nodes = [node for job in defs.resolve_all_job_defs() for node in job.nodes]
    assert len(nodes) > 20
    assert [node.name for node in nodes if node.retry_policy or node.definition.retry_policy] == []


@pytest.mark.parametrize("end", [dg.DagsterInstance.report_run_canceling, dg.DagsterInstance.report_run_canceled])
def test_a_run_that_was_ended_while_its_process_began_goes_on(instance: dg.DagsterInstance, end: Any) -> None:
    """The process has read its run, *Terminate* or its *Force termination* comes, and then the run begins."""

    @dg.asset
    def matrix() -> None:
        raise AssertionError("nobody wants it any more")

    job = dg.Definitions([matrix], jobs=[dg.define_asset_job("refresh")], executor=in_process).resolve_job_def("refresh")
    run = instance.create_run_for_job(job)
    end(instance, run)
    events = list(execute_run_iterator(InMemoryJob(job), run, instance))
    assert not [event for event in events if event.is_step_start]
    ended = instance.get_run_by_id(run.run_id)
    assert ended is not None
    assert ended.status is dg.DagsterRunStatus.CANCELED
