"""The main job on the command line: `python -m zl_assets`.

Belongs here: running the daily job once in this process, on Dagster's storage of this folder, and a summary that a person can
read. Must not be here: anything the UI and the schedule would not do as well.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import dagster as dg
import typer
from rich.box import SIMPLE
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from zl_assets.alerts import FAILED, RED, WARNING, fault_lines
from zl_assets.automation import REFRESH
from zl_assets.definitions import build_defs
from zl_assets.errors import SettingError, ZlError
from zl_assets.settings import Settings

NEWEST_SESSION = ("zl_ohlcv", "newest_session")

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="show Dagster's log as well")] = False,
) -> None:
    """Materialize the whole graph with all its checks, and say what happened."""
    # Where nobody sees the width, as in a log file, lines are not cut to 80.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 140)
    try:
        settings = Settings.load()
        with dagster_instance() as instance:
            result = run(settings, instance, verbose=verbose)
    except ZlError as error:
        Console(stderr=True).print(Text(f"Stopped. {error}", style="red"), soft_wrap=True)
        raise typer.Exit(1) from None
    console.print(summary(result, settings))
    raise typer.Exit(0 if result.success and not failed_checks(result) else 1)


def dagster_instance() -> dg.DagsterInstance:
    """Dagster's storage as `dg dev` in the same folder uses it: DAGSTER_HOME if it is set, else this folder's dagster.yaml.

    Raises:
        SettingError: neither is there.
    """
    if os.environ.get("DAGSTER_HOME"):
        return dg.DagsterInstance.get()
    if not Path("dagster.yaml").exists():
        raise SettingError(f"There is no dagster.yaml in {Path.cwd()}. Run this in the project's folder, where README.md is.")
    return dg.DagsterInstance.from_config(str(Path.cwd()))


def run(settings: Settings, instance: dg.DagsterInstance, *, verbose: bool) -> dg.ExecuteInProcessResult:
    """The daily job, in this process."""
    job = build_defs(settings).resolve_job_def(REFRESH)
    level = "INFO" if verbose else "CRITICAL"
    return job.execute_in_process(
        instance=instance, raise_on_error=False, run_config={"loggers": {"console": {"config": {"log_level": level}}}}
    )


def summary(result: dg.ExecuteInProcessResult, settings: Settings) -> Group:
    """What happened, for a person: rows, checks, and where the files are."""
    parts: list[RenderableType] = [_assets(result), _checks(result)]
    parts.extend(_failures(result))
    parts.extend(_places(result, settings))
    return Group(*parts)


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


_STYLES = {RED: "red", WARNING: "yellow", FAILED: "red"}


def _failures(result: dg.ExecuteInProcessResult) -> Iterator[Text]:
    for line in fault_lines(result.get_asset_check_evaluations(), result.get_step_failure_events()):
        yield Text(line, style=_STYLES[line.partition(" ")[0]])
    if not result.success and not result.get_step_failure_events():
        yield Text(f"FAILED before the first step: {result.get_run_failure_event().job_failure_data.error}", style="red")
    skipped = [str(event.step_key) for event in result.get_step_skipped_events()]
    if skipped:
        yield Text(f"Not run, because of the above: {', '.join(skipped)}")


def _places(result: dg.ExecuteInProcessResult, settings: Settings) -> Iterator[Text]:
    found = _materializations(result)
    passed = sum(e.passed for e in result.get_asset_check_evaluations())
    failed = len(failed_checks(result))
    state = "done" if result.success and not failed else "NOT done"
    yield Text(f"{state}: {len(found)} assets, {passed} checks passed, {failed} failed. Run {result.run_id}")
    if settings.synthetic:
        yield Text("bars:  SYNTHETIC sample, invented. Set ZL_BARS to a Parquet or CSV file to use your own.", style="yellow")
    if "zl_ohlcv" in found:
        yield Text(f"source: {_news(found['zl_ohlcv'])}{_newest_session(result)}")
    if "training_csv" in found:
        yield Text(f"csv:   {found['training_csv']['path']}")
    if "lgbm_model" in found:
        model = found["lgbm_model"]
        latest = "latest" if model["is_latest"] else f"not latest, gates failed: {model['gates_failed']}"
        yield Text(f"model: {model['path']} ({latest})")
    if "zl_1m_latest" in found:
        made = found["zl_1m_latest"]
        yield Text(
            f"forecasts: by model {made['model_id']}, trained through {made['trained_through']}, {made['sessions_behind']} "
            f"sessions behind the newest known target; newest model: {made['newest_model']}"
        )
    yield Text("see it in the browser: dg dev")


def _news(sessions: dict[str, Any]) -> str:
    inserted, updated = sessions["inserted"], sessions["updated"]
    revised = f"{updated:,} revised ({sessions['updated_dates']})" if updated else "none revised"
    return f"{f'{inserted:,}' if inserted else 'no'} new sessions, {revised}. "


def _newest_session(result: dg.ExecuteInProcessResult) -> str:
    """The words of the check, which knows the exchange's calendar; empty where a run had no such check."""
    found = [e for e in result.get_asset_check_evaluations() if (e.asset_key.to_user_string(), e.check_name) == NEWEST_SESSION]
    return str(found[0].description) if found else ""


def failed_checks(result: dg.ExecuteInProcessResult) -> list[dg.AssetCheckEvaluation]:
    """The red checks, warnings apart."""
    return [
        evaluation
        for evaluation in result.get_asset_check_evaluations()
        if not evaluation.passed and evaluation.severity is dg.AssetCheckSeverity.ERROR
    ]


if __name__ == "__main__":
    app()
