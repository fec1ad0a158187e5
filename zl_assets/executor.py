"""The executor of every run: all steps in one process, and the cause of a failure on the page of the asset that failed.

Must not be here: what a step does, what an alert says.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import dagster as dg

from zl_assets.alerts import reason

if TYPE_CHECKING:
    from dagster._core.execution.context.system import PlanOrchestrationContext
    from dagster._core.execution.plan.plan import ExecutionPlan
    from dagster._core.execution.retries import RetryMode


class CauseOnThePage(dg.Executor):
    """Dagster's in-process executor, which also notes why an asset was not materialized among that asset's own events.

    Dagster's page of an asset that failed says only that a run failed, and links to it. There the steps that come after are
    errors too, one line each: Dagster writes those itself, and leaves no way to write less.

    Args:
        inner: Dagster's own.
    """

    def __init__(self, inner: dg.Executor) -> None:
        self._inner = inner

    @property
    def retries(self) -> "RetryMode":
        """Dagster's own."""
        return self._inner.retries

    def execute(self, plan_context: "PlanOrchestrationContext", execution_plan: "ExecutionPlan") -> "Iterator[dg.DagsterEvent]":
        """Run the plan."""
        assets = {key.to_user_string(): key for key in plan_context.job.get_definition().asset_layer.executable_asset_keys}
        for event in self._inner.execute(plan_context, execution_plan):
            # A step of an asset has the asset's name.
            if event.is_step_failure and event.step_key in assets:
                observation = dg.AssetObservation(
                    assets[event.step_key],
                    description=f"NOT MATERIALIZED. {reason(event.step_failure_data)}",
                    metadata={"run": plan_context.run_id},
                )
                plan_context.instance.report_runless_asset_event(observation)
            yield event


@dg.executor(name="in_process")
def in_process(init: dg.InitExecutorContext) -> CauseOnThePage:
    """One process for a whole run: the graph takes seconds, and a process for each step would cost more than its work."""
    make = dg.in_process_executor.executor_creation_fn
    if make is None:
        raise TypeError("Dagster's in-process executor cannot be made")
    # With no configuration of its own it is not in a launchpad; the steps' own retry policies hold.
    return CauseOnThePage(make(init._replace(executor_config={"retries": {"enabled": {}}})))
