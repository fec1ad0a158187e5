"""How a run is executed: its steps one after another in one process, which stops when it is told to.

Must not be here: what a step does, and what the command line says about a run that was stopped.
"""

import os
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import dagster as dg
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run_iterator
from dagster._utils.interrupts import capture_interrupts

if TYPE_CHECKING:
    from dagster._core.execution.context.system import PlanOrchestrationContext
    from dagster._core.execution.plan.plan import ExecutionPlan
    from dagster._core.execution.retries import RetryMode

# Seconds between two looks at what became of a run elsewhere. One look reads one row of the storage.
_LOOK = 2.0

_STOPPED = {dg.DagsterRunStatus.CANCELING, dg.DagsterRunStatus.CANCELED, dg.DagsterRunStatus.FAILURE}


class StoppableExecutor(dg.Executor):
    """Another executor, and two ways to stop that Dagster leaves out.

    A run whose process gets SIGINT or SIGTERM ends as canceled. Dagster calls it failed, unless the signal was its own, and a
    person who pressed Ctrl-C would be alerted.

    A run that was ended elsewhere, by *Terminate* or by the monitor that limits its time, stops although no code server can reach
    its process, as that of the command line. Dagster only notes that it is over, while the process writes on.
    """

    def __init__(self, inner: dg.Executor) -> None:
        self._inner = inner

    @property
    def retries(self) -> "RetryMode":
        return self._inner.retries

    def execute(self, plan_context: "PlanOrchestrationContext", execution_plan: "ExecutionPlan") -> Iterator[dg.DagsterEvent]:
        """Run the plan. An interruption is passed on, to Dagster, which ends the run by its status."""
        instance, run_id = plan_context.instance, plan_context.run_id
        try:
            with _stopped_with(instance, run_id):
                yield from self._inner.execute(plan_context, execution_plan)
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


def _stoppable(context: dg.InitExecutorContext) -> dg.Executor:
    create = dg.in_process_executor.executor_creation_fn
    if create is None:
        raise TypeError("this version of Dagster has no in-process executor to build upon")
    return StoppableExecutor(create(context))


stoppable_in_process = dg.ExecutorDefinition(
    name="in_process",
    config_schema=dg.in_process_executor.config_schema,  # type: ignore[arg-type]  # taken by Dagster's own `configured` too
    executor_creation_fn=_stoppable,
    description="All steps in one process, which stops when it is told to.",
)


def execute(job: dg.JobDefinition, instance: dg.DagsterInstance, config: Mapping[str, Any]) -> dg.ExecuteInProcessResult:
    """Run a job in this process, as the UI's process does it.

    Not by the job's own `execute_in_process`: that has an executor of its own, under which a run that is stopped ends as failed.
    """
    # An interruption waits until the run has begun, and ends it: one that was only made would be taken for one that hangs.
    with capture_interrupts():
        run = instance.create_run_for_job(job, run_config=config, tags=job.run_tags)
        events = list(execute_run_iterator(InMemoryJob(job), run, instance))
    return dg.ExecuteInProcessResult(events, instance.get_run_by_id(run.run_id) or run, {}, job)
