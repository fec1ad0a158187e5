"""What is red, late or stale now, by what Dagster's storage has, for the morning page. Must not be here: an alert of one run."""

from collections.abc import Callable, Iterable

import dagster as dg

from zl_assets.alerts import interrupted, reason
from zl_assets.assets.common import REFRESH
from zl_assets.briefing.facts import Trouble, ordered
from zl_assets.catalog import Catalog
from zl_assets.domain.checks import Check
from zl_assets.instruments.base import Instrument


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
    """The checks whose newest result is not green, and the steps in which the newest refresh failed.

    Args:
        checks: of one instrument, and of what all share.
        mine: is an asset or step one of these?
    """
    by_key = {dg.AssetCheckKey(dg.AssetKey(check.asset), check.name): check for check in checks}
    newest = instance.event_log_storage.get_latest_asset_check_execution_by_key(list(by_key))
    found = []
    for key, record in newest.items():
        event = record.event.dagster_event if record is not None and record.event is not None else None
        if event is None or event.event_type is not dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            continue
        said = event.asset_check_evaluation_data
        if not said.passed:
            check = by_key[key]
            serious = said.severity is dg.AssetCheckSeverity.ERROR
            found.append(Trouble(serious, f"{check.asset}: {check.name}", str(said.description), check.todo))
    return ordered([*_failed(instance, mine), *found])


def _failed(instance: dg.DagsterInstance, mine: Callable[[str], bool]) -> Iterable[Trouble]:
    """The causes for which the newest refresh stopped."""
    runs = instance.get_runs(dg.RunsFilter(job_name=REFRESH), limit=1)
    if not runs or runs[0].status is not dg.DagsterRunStatus.FAILURE:
        return
    for entry in instance.all_logs(runs[0].run_id, of_type=dg.DagsterEventType.STEP_FAILURE):
        event = entry.dagster_event
        if event is None or interrupted(event) or not mine(str(event.step_key)):
            continue
        error = event.step_failure_data.error
        if error is not None and error.cls_name == "DagsterAssetCheckFailedError":
            continue
        words = reason(event.step_failure_data)
        yield Trouble(True, str(event.step_key), words, "What it says; then refresh again. What was there before stands.")
