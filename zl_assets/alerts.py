"""What a person must be told about a run.

Belongs here: the events of a run turned into faults, and the faults into an alert. Must not be here: delivery, which is
notifications.py, and the sensors, which are automation.py.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import dagster as dg
from dagster._core.execution.plan.objects import ErrorSource

from zl_assets.notifications import Alert
from zl_assets.provenance import INVENTED, PRICES, STATE_FOLDER, Provenance

if TYPE_CHECKING:
    from dagster._core.execution.plan.objects import StepFailureData


class Kind(StrEnum):
    """What is wrong."""

    RED = "RED"
    """a check of severity ERROR did not pass"""
    WARNING = "WARNING"
    """a check of severity WARN did not pass"""
    FAILED = "FAILED"
    """a step, or the whole run, did not finish"""


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with a run.

    Attributes:
        where: the asset or the step; for a run that failed outside of all steps, when it failed.
        words: what is wrong, for a person.
    """

    kind: Kind
    where: str
    words: str

    def __str__(self) -> str:
        return f"{self.kind} {self.where}: {self.words}"


# A webhook's receiver cuts long messages (Slack's documented limit is 40,000 characters), and a person reads the first screen.
_MOST_FAULTS = 20
_MOST_CHARACTERS = 1500


def faults_of(evaluations: Iterable[dg.AssetCheckEvaluation], step_failures: Iterable[dg.DagsterEvent]) -> Iterator[Fault]:
    """What is wrong, causes first: steps that failed, red checks, warnings; last, what red checks kept from running.

    A step that was interrupted has no fault of its own.
    """
    causes: list[Fault] = []
    blocked: list[Fault] = []
    for event in step_failures:
        if interrupted(event):
            continue
        fault = Fault(Kind.FAILED, str(event.step_key), reason(event.step_failure_data))
        (blocked if _is_blocked(event.step_failure_data) else causes).append(fault)
    yield from causes
    failed = [evaluation for evaluation in evaluations if not evaluation.passed]
    for kind, severity in ((Kind.RED, dg.AssetCheckSeverity.ERROR), (Kind.WARNING, dg.AssetCheckSeverity.WARN)):
        for evaluation in failed:
            if evaluation.severity is severity:
                yield Fault(kind, evaluation.asset_key.to_user_string(), str(evaluation.description))
    yield from blocked


def _is_blocked(data: "StepFailureData") -> bool:
    return data.error is not None and data.error.cls_name == "DagsterAssetCheckFailedError"


def interrupted(failure: dg.DagsterEvent) -> bool:
    """Did a step end because its run was stopped?"""
    return failure.step_failure_data.error_source is ErrorSource.INTERRUPT


def reason(data: "StepFailureData") -> str:
    """The message of the `Failure` that failed a step, with or without a retry; for a bug, its trace."""
    if data.error_source is ErrorSource.INTERRUPT:
        return "the run was stopped"
    if _is_blocked(data):
        return "a check that is red blocks what comes after it"
    if data.user_failure_data is not None and data.user_failure_data.description:
        return data.user_failure_data.description
    error = data.error
    while error is not None:
        if error.cls_name == "Failure":
            return error.message.partition(": ")[2].strip()
        error = error.cause
    return data.error_display_string


def alert_of_run(
    instance: dg.DagsterInstance,
    run: dg.DagsterRun,
    event: dg.DagsterEvent,
    ui_url: str,
    provenance: Provenance,
    whose: Callable[[str], str],
) -> Alert | None:
    """The alert of a finished run, or None where there is nothing to tell.

    Args:
        event: the run's last, a success or a failure.
        whose: the symbol of the instrument that an asset or step is of, or nothing (Catalog.whose).
        provenance: this process's, which is the run's where the run recorded none.
    """
    kinds = {dg.DagsterEventType.ASSET_CHECK_EVALUATION, dg.DagsterEventType.STEP_FAILURE, dg.DagsterEventType.RUN_CANCELING}
    events = [entry.dagster_event for entry in instance.all_logs(run.run_id, of_type=kinds) if entry.dagster_event is not None]
    faults = list(
        faults_of(
            (e.asset_check_evaluation_data for e in events if e.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION),
            (e for e in events if e.event_type is dg.DagsterEventType.STEP_FAILURE),
        )
    )
    failed = event.event_type is dg.DagsterEventType.RUN_FAILURE
    if not faults and not failed:
        return None
    job = "materialization from the UI" if run.job_name.startswith("__") else run.job_name
    if failed:
        what = "failed"
        faults = faults or [_ended_from_outside(events, event)]
    else:
        red = sum(fault.kind is Kind.RED for fault in faults)
        what = f"ended with {counted(red, 'red check') if red else counted(len(faults), 'warning')}"
    symbols = [whose(fault.where) for fault in faults]
    of = ", ".join(dict.fromkeys(filter(None, symbols)))
    lines = [
        f"{of_one}: {fault}" if of_one else str(fault) for of_one, fault in zip(symbols, faults[:_MOST_FAULTS], strict=False)
    ]
    shown = [line if len(line) <= _MOST_CHARACTERS else f"{line[:_MOST_CHARACTERS]} ..." for line in lines]
    if len(faults) > len(shown):
        shown.append(f"and {len(faults) - len(shown)} more")
    prices, state = _whose(instance, run, provenance)
    return Alert(
        subject=f"zl-assets: {job} {what}{f' of {of}' if of else ''}{f' ({INVENTED} prices)' if prices == INVENTED else ''}",
        lines=(
            *shown,
            f"Prices: {prices}. State folder: {state}.",
            f"Look at {ui_url}/runs/{run.run_id}. What a check means and what to do: docs/checks.md.",
        ),
    )


def _ended_from_outside(events: list[dg.DagsterEvent], last: dg.DagsterEvent) -> Fault:
    """Of a run that failed without a step that did: where it was, and why it was ended.

    The monitor says why when it begins to end a run; when it cannot reach the run's process, it does not say it again.
    """
    steps = [str(e.step_key) for e in events if e.event_type is dg.DagsterEventType.STEP_FAILURE]
    why = next((e.message for e in events if e.event_type is dg.DagsterEventType.RUN_CANCELING), last.message)
    return Fault(Kind.FAILED, ", ".join(steps) or "before or between the steps", str(why))


def _whose(instance: dg.DagsterInstance, run: dg.DagsterRun, provenance: Provenance) -> tuple[str, str]:
    """The run's prices and state folder, as its first materialization names them: it may have been started elsewhere."""
    logs = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    for materialization in (log.asset_materialization for log in logs):
        if materialization is not None and PRICES in materialization.metadata:
            said = materialization.metadata
            return str(said[PRICES].value), str(said[STATE_FOLDER].value)
    return provenance.prices, provenance.state


def counted(number: int, what: str) -> str:
    """A number of things, e.g. `1 check`, `1,200 checks`."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
