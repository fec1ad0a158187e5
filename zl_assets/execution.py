"""How a run is executed: its steps one after another in one process, which stops when it is told to.

Must not be here: what a step does, and what the command line says about a run that was stopped.
"""

import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import dagster as dg
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run_iterator
from dagster._core.remote_origin import RemoteJobOrigin
from dagster._utils.interrupts import capture_interrupts

from zl_assets.alerts import interrupted, reason

if TYPE_CHECKING:
    from dagster._core.execution.context.system import PlanOrchestrationContext
    from dagster._core.execution.plan.plan import ExecutionPlan
    from dagster._core.execution.retries import RetryMode

# Seconds between two looks at what became of a run elsewhere. One look reads one row of the storage.
_LOOK = 2.0

_STOPPED = {dg.DagsterRunStatus.CANCELING, dg.DagsterRunStatus.CANCELED, dg.DagsterRunStatus.FAILURE}


class InProcess(dg.Executor):
    """Another executor, two ways to stop that Dagster leaves out, and the cause of a failure on the page of the failed asset.

    A run whose process gets SIGINT or SIGTERM ends as canceled. Dagster calls it failed, unless the signal was its own, and a
    person who pressed Ctrl-C would be alerted.

    A run that was ended elsewhere, by *Terminate* or by the monitor that limits its time, stops although no code server can reach
    its process, as that of the command line. Dagster only notes that it is over, while the process writes on.

    Why an asset was not materialized is noted among its own events. Its page says only that a run failed, and links to it; there
    each step that comes after is one more line of error, which Dagster writes itself and leaves no way to leave out.
    """

    def __init__(self, inner: dg.Executor) -> None:
        self._inner = inner

    @property
    def retries(self) -> "RetryMode":
        return self._inner.retries

    def execute(self, plan_context: "PlanOrchestrationContext", execution_plan: "ExecutionPlan") -> Iterator[dg.DagsterEvent]:
        """Run the plan. An interruption is passed on, to Dagster, which ends the run by its status."""
        instance, run_id = plan_context.instance, plan_context.run_id
        assets = {key.to_user_string(): key for key in plan_context.job.get_definition().asset_layer.executable_asset_keys}
        try:
            # Asked for while the process began: the run's own beginning has written over the state by which it was told. At that
            # time the UI's dialog has nothing but "Force termination", which says at once that the run was canceled.
            if instance.all_logs(run_id, of_type={dg.DagsterEventType.RUN_CANCELING, dg.DagsterEventType.RUN_CANCELED}):
                instance.report_run_canceling(plan_context.dagster_run, "It was told to stop while its process began.")
                raise dg.DagsterExecutionInterruptedError
            with _stopped_with(instance, run_id):
                for event in self._inner.execute(plan_context, execution_plan):
                    # A step of an asset has the asset's name.
                    if event.is_step_failure and event.step_key in assets and not interrupted(event):
                        why = f"NOT MATERIALIZED. {reason(event.step_failure_data)}"
                        noted = dg.AssetObservation(assets[event.step_key], description=why, metadata={"run": run_id})
                        instance.report_runless_asset_event(noted)
                    yield event
        except (KeyboardInterrupt, dg.DagsterExecutionInterruptedError):
            run = instance.get_run_by_id(run_id)
            if run is not None and run.status not in _STOPPED:
                instance.report_run_canceling(run, "Its process was told to stop, by SIGINT (Ctrl-C) or SIGTERM.")
            raise


@contextmanager
def _stopped_with(instance: dg.DagsterInstance, run_id: str) -> Iterator[None]:
    """Interrupt this process's main thread when somebody else ends its run during the block."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    over = threading.Event()

    def watch() -> None:
        while not over.wait(_LOOK):
            # A look that fails is made again: the storage may be locked for a moment.
            with suppress(Exception):
                run = instance.get_run_by_id(run_id)
                if run is not None and run.status in _STOPPED:
                    os.kill(os.getpid(), signal.SIGINT)
                    return

    thread = threading.Thread(target=watch, name="stopped-elsewhere", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _made(context: dg.InitExecutorContext) -> dg.Executor:
    create = dg.in_process_executor.executor_creation_fn
    if create is None:
        raise TypeError("this version of Dagster has no in-process executor to build upon")
    # It has nothing to configure, and so is in no launchpad.
    return InProcess(create(context._replace(executor_config={"retries": {"enabled": {}}})))


in_process = dg.ExecutorDefinition(
    name="in_process",
    executor_creation_fn=_made,
    description="All steps in one process, which stops when it is told to.",
)


def execute(
    job: dg.JobDefinition,
    instance: dg.DagsterInstance,
    config: Mapping[str, Any],
    origin: RemoteJobOrigin | None = None,
    watch: Callable[[dg.DagsterEvent], None] = lambda event: None,
) -> dg.ExecuteInProcessResult:
    """Run a job in this process, as the UI's process does it.

    Not by the job's own `execute_in_process`: that has an executor of its own, under which a run that is stopped ends as failed.

    Args:
        origin: the code location whose job it is, for the UI.
        watch: is given each event when it happens.
    """
    events = []
    # An interruption waits until the run has begun, and ends it: one that was only made would be taken for one that hangs.
    with capture_interrupts():
        run = instance.create_run_for_job(job, run_config=config, tags=job.run_tags, remote_job_origin=origin)
        for event in execute_run_iterator(InMemoryJob(job), run, instance):
            watch(event)
            events.append(event)
    return dg.ExecuteInProcessResult(events, instance.get_run_by_id(run.run_id) or run, {}, job)
