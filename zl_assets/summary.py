"""What the command line says at the end of a run: rows, checks, what is wrong, and where the files are.

Must not be here: running anything.
"""

import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
from rich.box import SIMPLE
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from zl_assets.alerts import Fault, Kind, counted, faults_of
from zl_assets.assets.briefing import BRIEFING
from zl_assets.assets.common import FAMILIES, FEATURES, PREDICTIONS, SOURCE, TRAINING
from zl_assets.catalog import Catalog
from zl_assets.contracts import market, predictions
from zl_assets.contracts.training import MODEL, TRAINING_CSV
from zl_assets.instruments.base import Horizon, Instrument
from zl_assets.io_managers.artifacts import ADVICE
from zl_assets.io_managers.bigquery import WITHHELD
from zl_assets.io_managers.metadata import unfolded
from zl_assets.settings import Settings


def summary(result: dg.ExecuteInProcessResult, catalog: Catalog, settings: Settings) -> Group:
    """What happened, for a person: rows, checks, and where the files are."""
    parts: list[RenderableType] = [*_warnings(result, catalog), _assets(result), _checks(result)]
    parts.extend(_failures(result))
    parts.extend(_places(result, catalog, settings))
    return Group(*parts)


def briefing(result: dg.ExecuteInProcessResult) -> Group:
    """The morning pages, and where they are as files; and why one could not be made."""
    parts: list[RenderableType] = []
    for asset, found in _materializations(result).items():
        if "file" in found:
            page = Path(str(found["file"]))
            parts += [
                Text(page.with_suffix(".txt").read_text().rstrip(), style="bold" if not parts else ""),
                Text(f"page:  {page}"),
            ]
        else:
            parts.append(Text(f"{asset}: {found.get('today', '')}"))
    parts.extend(_failures(result))
    return Group(*parts)


def stopped_run(result: dg.ExecuteInProcessResult) -> str:
    """What a person must know of a run that was stopped: how it ended, and what stands."""
    ended = "canceled" if result.dagster_run.status is dg.DagsterRunStatus.CANCELED else "failed"
    written = len(_materializations(result))
    return (
        f"Run {result.run_id} ended as {ended}; {written} of its assets were written, and stand. Every table, file and model is "
        "whole, as before or as after. Run it again to do the rest."
    )


def _warnings(result: dg.ExecuteInProcessResult, catalog: Catalog) -> Iterator[Text]:
    """What must be known before anything else is read: that a model is not published, and that forecasts are old."""
    found = _materializations(result)
    for instrument in catalog.instruments:
        for horizon in instrument.horizons:
            model, forecasts = instrument.asset_at(horizon, MODEL), predictions.latest(instrument, horizon).table
            if model in found and not found[model]["is_latest"]:
                told = str(found[model][ADVICE])
                yield Text(f"{told[0].upper()}{told[1:]} ({model} {found[model]['model_id']})", style="yellow")
            if WITHHELD in found.get(forecasts, {}):
                yield Text(f"No forecast in {forecasts}: {found[forecasts][WITHHELD]}", style="yellow")
                continue
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
    return {m.asset_key.to_user_string(): {name: value.value for name, value in unfolded(m.metadata).items()} for m in found}


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
    begun = {event.step_key for event in result.all_events if event.is_step_start}
    left = [name for key in result.job_def.asset_layer.executable_asset_keys if (name := key.to_user_string()) not in begun]
    if left and not result.success:
        yield Text(f"Not run, because of the above: {', '.join(sorted(left))}")


def _places(result: dg.ExecuteInProcessResult, catalog: Catalog, settings: Settings) -> Iterator[Text]:
    found = _materializations(result)
    passed = sum(e.passed for e in result.get_asset_check_evaluations())
    failed = len(failed_checks(result))
    done = result.success and not failed
    assets = counted(len(list(result.job_def.asset_layer.executable_asset_keys)), "asset")
    state = f"done: {counted(len(found), 'asset')}" if done else f"NOT done: {len(found)} of {assets}"
    yield Text(f"{state}, {counted(passed, 'check')} passed, {failed} failed. Run {result.run_id}")
    if settings.synthetic:
        yield Text("bars:  SYNTHETIC sample, invented. Set ZL_BARS to a Parquet or CSV file to use your own.", style="yellow")
    for asset, told in found.items():
        if "read" in told and not (settings.synthetic and asset.endswith(market.BARS_TABLE)):
            yield Text(f"read:  {told['read']}")
    for instrument in catalog.instruments:
        sessions = market.sessions(instrument).table
        if sessions in found:
            whose = "" if len(catalog.instruments) == 1 else f" of {instrument.symbol}"
            yield Text(f"source{whose}: {_news(found[sessions])}{_newest_session(result, sessions)}".rstrip())
        for horizon in instrument.horizons:
            yield from _of_horizon(found, instrument, horizon)


def browser(catalog: Catalog, settings: Settings) -> Iterator[Text]:
    """A command that works in this folder, with the settings of this run, and what to look at there."""
    dg_dev = Path(sys.executable).with_name("dg")
    here = Path.cwd()
    shown = dg_dev.relative_to(here) if dg_dev.is_relative_to(here) else dg_dev
    given, secret = Settings.typed()
    if home := os.environ.get("DAGSTER_HOME"):
        given = [f"DAGSTER_HOME={shlex.quote(home)}", *given]
    yield Text(f"see it in the browser: {' '.join([*given, shlex.quote(str(shown)), 'dev'])}")
    if secret:
        yield Text(f"(and with {', '.join(secret)}, not shown here)")
    pages = " ".join(f"{settings.ui_url}/assets/{instrument.asset(BRIEFING)}" for instrument in catalog.instruments)
    yield Text(f"the page of today there: {pages}")
    yield Text(f"the graph with every asset's state: {settings.ui_url}/asset-groups?expanded={','.join(_groups(catalog))}")


def _groups(catalog: Catalog) -> Iterator[str]:
    """The graph's groups, as the address of the open graph has them."""
    names = [SOURCE, FEATURES, *([FAMILIES] if catalog.families.on else []), TRAINING, PREDICTIONS]
    for name in (*names, *(instrument.slug for instrument in catalog.instruments if not instrument.bare_names)):
        yield f"global@global:{name}"


def _of_horizon(found: dict[str, dict[str, Any]], instrument: Instrument, horizon: Horizon) -> Iterator[Text]:
    csv, model = instrument.asset_at(horizon, TRAINING_CSV), instrument.asset_at(horizon, MODEL)
    forecasts = predictions.latest(instrument, horizon).table
    if csv in found:
        yield Text(f"csv:   {found[csv]['path']}")
    if model in found:
        made = found[model]
        yield Text(f"model: {made['path']} ({made[ADVICE]}), trained {made['trained']}")
    if forecasts in found and WITHHELD not in found[forecasts]:
        said = found[forecasts]
        yield Text(
            f"forecasts: by model {said['model_id']}, trained through {said['trained_through']}, "
            f"{counted(said['sessions_behind'], 'session')} behind the newest known target; newest model: {said['newest_model']}"
        )


def _news(sessions: dict[str, Any]) -> str:
    inserted, updated = sessions["inserted"], sessions["updated"]
    revised = f"{updated:,} revised ({sessions['updated_dates']})" if updated else "none revised"
    return f"{counted(inserted, 'new session') if inserted else 'no new session'}, {revised}. "


def _newest_session(result: dg.ExecuteInProcessResult, sessions: str) -> str:
    """The words of the check, which knows the exchange's calendar; empty where a run had no such check, or has told it above."""
    found = _evaluation(result, sessions, "newest_session")
    return str(found.description) if found is not None and found.passed else ""


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
