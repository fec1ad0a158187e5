"""What is red, late or stale now, by what Dagster's storage has, for the morning page. Must not be here: an alert of one run."""

from collections.abc import Callable, Iterable

import dagster as dg
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecord, AssetCheckExecutionRecordStatus

from zl_assets.alerts import counted, interrupted, reason
from zl_assets.assets.common import REFRESH
from zl_assets.briefing.facts import Trouble, ordered
from zl_assets.catalog import Catalog
from zl_assets.domain.checks import Check
from zl_assets.instruments.base import Instrument

_ENDED = {AssetCheckExecutionRecordStatus.SUCCEEDED, AssetCheckExecutionRecordStatus.FAILED}


def troubles_by_instrument(
    catalog: Catalog, checks: Iterable[Check]
) -> Callable[[Instrument], Callable[[dg.DagsterInstance], tuple[Trouble, ...]]]:
    """Of each instrument, what is wrong with its assets and with those that all share."""
    every = tuple(checks)

    def of(instrument: Instrument) -> Callable[[dg.DagsterInstance], tuple[Trouble, ...]]:
        def mine(asset: str) -> bool:
            return catalog.whose(asset) in ("", instrument.symbol)

        own = [check for check in every if mine(check.asset)]
        return lambda instance: troubles_of(instance, own, mine)

    return of


def troubles_of(instance: dg.DagsterInstance, checks: Iterable[Check], mine: Callable[[str], bool]) -> tuple[Trouble, ...]:
    """The checks whose newest result is not green, those that are without one, and why the newest refresh did not end well.

    Args:
        checks: of one instrument, and of what all share.
        mine: is an asset or step one of these?
    """
    by_key = {dg.AssetCheckKey(dg.AssetKey(check.asset), check.name): check for check in checks}
    newest = instance.event_log_storage.get_latest_asset_check_execution_by_key(list(by_key))
    found, without = [], []
    for key, check in by_key.items():
        where = f"{check.asset}: {check.name}"
        said = _evaluation(newest.get(key))
        if said is None:
            without.append(where)
            # What it said before the run that did not come to it stands.
            said = _evaluation(
                next(iter(instance.event_log_storage.get_asset_check_execution_history(key, 1, status=_ENDED)), None)
            )
        if said is not None and not said.passed:
            serious = said.severity is dg.AssetCheckSeverity.ERROR
            found.append(Trouble(serious, where, _in_short(check, str(said.description)), check.todo))
    if without:
        many = f"{counted(len(without), 'check')} of {len(by_key):,}"
        words = f"{many} not run, or not by the newest run that was to: first {without[0]}"
        todo = "Refresh, or run the job zl_checks; until then nobody knows whether they are green."
        found.append(Trouble(False, "checks", words, todo))
    return ordered([*_failed(instance, mine), *found])


def _in_short(check: Check, said: str) -> str:
    """A red check's words without its name, which stands before them already, and with the first of its offenders alone."""
    words, first, offenders = said.removeprefix(f"{check.name} failed: ").partition(" First: ")
    return f"{words}{first}{offenders.split('; ')[0].removesuffix('.')}." if first else words


def _evaluation(record: AssetCheckExecutionRecord | None) -> dg.AssetCheckEvaluation | None:
    """What a check said; None where it was only planned, or has never been."""
    event = record.event.dagster_event if record is not None and record.event is not None else None
    if event is None or event.event_type is not dg.DagsterEventType.ASSET_CHECK_EVALUATION:
        return None
    return event.asset_check_evaluation_data


def _failed(instance: dg.DagsterInstance, mine: Callable[[str], bool]) -> Iterable[Trouble]:
    """The causes for which the newest refresh stopped."""
    again = "What was there before stands."
    runs = instance.get_runs(dg.RunsFilter(job_name=REFRESH), limit=1)
    status = runs[0].status if runs else None
    if status not in (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED):
        return
    entries = instance.all_logs(runs[0].run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    events = [entry.dagster_event for entry in entries if entry.dagster_event is not None]
    own = [event for event in events if not interrupted(event)]
    if status is dg.DagsterRunStatus.CANCELED or not own:
        ended = "was canceled" if status is dg.DagsterRunStatus.CANCELED else "was ended from outside, or before its first step"
        yield Trouble(
            True, REFRESH, f"the newest refresh {ended}; what it did not come to is as before.", f"Refresh again. {again}"
        )
    for event in own:
        error = event.step_failure_data.error
        if not mine(str(event.step_key)) or (error is not None and error.cls_name == "DagsterAssetCheckFailedError"):
            continue
        words = reason(event.step_failure_data)
        yield Trouble(True, str(event.step_key), words, f"What it says; then refresh again. {again}")
