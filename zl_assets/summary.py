"""What the command line says at the end of a run: rows, checks, what is wrong, and where the files are.

Must not be here: running anything.
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg
from rich.box import SIMPLE
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from zl_assets.alerts import Fault, Kind, faults_of
from zl_assets.catalog import Catalog
from zl_assets.contracts import market, predictions
from zl_assets.contracts.training import MODEL, TRAINING_CSV
from zl_assets.instruments.base import Horizon, Instrument
from zl_assets.io_managers.artifacts import ADVICE
from zl_assets.settings import Settings


def summary(result: dg.ExecuteInProcessResult, catalog: Catalog, settings: Settings) -> Group:
    """What happened, for a person: rows, checks, and where the files are."""
    parts: list[RenderableType] = [*_warnings(result, catalog), _assets(result), _checks(result)]
    parts.extend(_failures(result))
    parts.extend(_places(result, catalog, settings))
    return Group(*parts)


def _warnings(result: dg.ExecuteInProcessResult, catalog: Catalog) -> Iterator[Text]:
    """What must be known before anything else is read: that a model is not published, and that forecasts are old."""
    found = _materializations(result)
    for instrument in catalog.instruments:
        for horizon in instrument.horizons:
            model, forecasts = instrument.asset_at(horizon, MODEL), predictions.latest(instrument, horizon).table
            if model in found and not found[model]["is_latest"]:
                told = str(found[model][ADVICE])
                yield Text(f"{told[0].upper()}{told[1:]} ({model} {found[model]['model_id']})", style="yellow")
            calendar = _evaluation(result, forecasts, "newest_session")
            if forecasts in found and calendar is not None and not calendar.passed:
                behind, newest = calendar.metadata["measured"].value, found[forecasts]["last_date"]
                yield Text(
                    f"Stale by {behind} sessions of the exchange's calendar: the newest forecast in {forecasts} is of {newest}",
                    style="yellow",
                )


def _materializations(result: dg.ExecuteInProcessResult) -> dict[str, dict[str, Any]]:
    """Metadata values by asset, in the order in which they were materialized."""
    found = [event.materialization for event in result.get_asset_materialization_events()]
    return {m.asset_key.to_user_string(): {name: value.value for name, value in m.metadata.items()} for m in found}


def _assets(result: dg.ExecuteInProcessResult) -> Table:
    table = Table("asset", "rows", "inserted", "updated", "unchanged", "dates", box=SIMPLE)
    for asset, found in _materializations(result).items():
        dates = f"{found['first_date']} to {found['last_date']}" if "first_date" in found else ""
        counts = [found.get(name) for name in ("dagster/row_count", "inserted", "updated", "unchanged")]
        table.add_row(asset, *("" if count is None else f"{count:,}" for count in counts), dates)
    return table


def _checks(result: dg.ExecuteInProcessResult) -> Table:
    by_asset: dict[str, list[dg.AssetCheckEvaluation]] = {}
    for evaluation in result.get_asset_check_evaluations():
        by_asset.setdefault(evaluation.asset_key.to_user_string(), []).append(evaluation)
    table = Table("checks on", "passed", "failed", "warned", box=SIMPLE)
    for asset, evaluations in by_asset.items():
        failed = sum(not e.passed and e.severity is dg.AssetCheckSeverity.ERROR for e in evaluations)
        warned = sum(not e.passed and e.severity is dg.AssetCheckSeverity.WARN for e in evaluations)
        table.add_row(asset, str(len(evaluations) - failed - warned), str(failed or ""), str(warned or ""))
    return table


_STYLES = {Kind.RED: "red", Kind.WARNING: "yellow", Kind.FAILED: "red"}


def _failures(result: dg.ExecuteInProcessResult) -> Iterator[Text]:
    faults = list(faults_of(result.get_asset_check_evaluations(), result.get_step_failure_events()))
    if not result.success and not result.get_step_failure_events():
        error = result.get_run_failure_event().job_failure_data.error
        faults.append(Fault(Kind.FAILED, "before the first step", str(error)))
    for fault in faults:
        yield Text(str(fault), style=_STYLES[fault.kind])
    skipped = [str(event.step_key) for event in result.get_step_skipped_events()]
    if skipped:
        yield Text(f"Not run, because of the above: {', '.join(skipped)}")


def _places(result: dg.ExecuteInProcessResult, catalog: Catalog, settings: Settings) -> Iterator[Text]:
    found = _materializations(result)
    passed = sum(e.passed for e in result.get_asset_check_evaluations())
    failed = len(failed_checks(result))
    state = "done" if result.success and not failed else "NOT done"
    yield Text(f"{state}: {len(found)} assets, {passed} checks passed, {failed} failed. Run {result.run_id}")
    if settings.synthetic:
        yield Text("bars:  SYNTHETIC sample, invented. Set ZL_BARS to a Parquet or CSV file to use your own.", style="yellow")
    for asset, told in found.items():
        if "read" in told and not (settings.synthetic and asset == market.BARS_TABLE):
            yield Text(f"read:  {told['read']}")
    for instrument in catalog.instruments:
        sessions = market.sessions(instrument).table
        if sessions in found:
            whose = "" if len(catalog.instruments) == 1 else f" of {instrument.symbol}"
            yield Text(f"source{whose}: {_news(found[sessions])}{_newest_session(result, sessions)}")
        for horizon in instrument.horizons:
            yield from _of_horizon(found, instrument, horizon)
    yield Text("see it in the browser: dg dev")


def _of_horizon(found: dict[str, dict[str, Any]], instrument: Instrument, horizon: Horizon) -> Iterator[Text]:
    csv, model = instrument.asset_at(horizon, TRAINING_CSV), instrument.asset_at(horizon, MODEL)
    forecasts = predictions.latest(instrument, horizon).table
    if csv in found:
        yield Text(f"csv:   {found[csv]['path']}")
    if model in found:
        made = found[model]
        yield Text(f"model: {made['path']} ({made[ADVICE]}), trained {made['trained']}")
    if forecasts in found:
        said = found[forecasts]
        yield Text(
            f"forecasts: by model {said['model_id']}, trained through {said['trained_through']}, {said['sessions_behind']} "
            f"sessions behind the newest known target; newest model: {said['newest_model']}"
        )


def _news(sessions: dict[str, Any]) -> str:
    inserted, updated = sessions["inserted"], sessions["updated"]
    revised = f"{updated:,} revised ({sessions['updated_dates']})" if updated else "none revised"
    return f"{f'{inserted:,}' if inserted else 'no'} new sessions, {revised}. "


def _newest_session(result: dg.ExecuteInProcessResult, sessions: str) -> str:
    """The words of the check, which knows the exchange's calendar; empty where a run had no such check."""
    found = _evaluation(result, sessions, "newest_session")
    return "" if found is None else str(found.description)


def _evaluation(result: dg.ExecuteInProcessResult, asset: str, check: str) -> dg.AssetCheckEvaluation | None:
    found = (e for e in result.get_asset_check_evaluations() if (e.asset_key.to_user_string(), e.check_name) == (asset, check))
    return next(found, None)


def failed_checks(result: dg.ExecuteInProcessResult) -> list[dg.AssetCheckEvaluation]:
    """The red checks, warnings apart."""
    return [
        evaluation
        for evaluation in result.get_asset_check_evaluations()
        if not evaluation.passed and evaluation.severity is dg.AssetCheckSeverity.ERROR
    ]
