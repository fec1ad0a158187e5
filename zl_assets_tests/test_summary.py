"""The command line's exit code and words, for runs that end in every way."""

import io
from typing import Any

import dagster as dg
import pytest
from rich.console import Console
from typer.testing import CliRunner

from zl_assets import __main__ as command
from zl_assets import main_job
from zl_assets.catalog import Catalog
from zl_assets.settings import Settings
from zl_assets.summary import summary

ERROR, WARN = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN


def ended(
    monkeypatch: pytest.MonkeyPatch, *, passed: bool, severity: dg.AssetCheckSeverity, fails: bool = False, page: bool = True
) -> Any:
    """The command, with a small run in place of the refresh: one asset and a check of it that does not block. And one in place
    of the briefing."""

    @dg.asset
    def bars() -> None:
        if fails:
            raise dg.Failure(description="2 rows at or below zero", allow_retries=False)

    @dg.asset_check(asset=bars, name="no_vanished_bar")
    def no_vanished_bar() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=passed, severity=severity, description="1 bar is gone")

    defs = dg.Definitions([bars], asset_checks=[no_vanished_bar], jobs=[dg.define_asset_job("refresh")])

    def run(*_: object, **__: object) -> dg.ExecuteInProcessResult:
        return defs.resolve_job_def("refresh").execute_in_process(
            raise_on_error=False, run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
        )

    def brief(*_: object) -> dg.ExecuteInProcessResult:
        @dg.asset
        def briefing() -> dg.MaterializeResult[Any]:
            if not page:
                raise dg.Failure(description="the folder takes no file", allow_retries=False)
            return dg.MaterializeResult(metadata={"today": "50.00 cents."})

        defs = dg.Definitions([briefing], jobs=[dg.define_asset_job("brief")])
        return defs.resolve_job_def("brief").execute_in_process(
            raise_on_error=False, run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
        )

    monkeypatch.setattr(main_job, "run", run)
    monkeypatch.setattr(main_job, "brief", brief)
    monkeypatch.setattr(main_job, "dagster_instance", dg.DagsterInstance.ephemeral)
    return CliRunner().invoke(command.app)


def test_a_green_run_ends_with_0(monkeypatch: pytest.MonkeyPatch) -> None:
    result = ended(monkeypatch, passed=True, severity=ERROR)
    assert result.exit_code == 0
    assert "done: 1 asset, 1 check passed, 0 failed" in result.output


def test_a_page_that_could_not_be_made_is_told_after_what_the_refresh_did_and_ends_with_1(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert "briefing: 50.00 cents." in ended(monkeypatch, passed=True, severity=ERROR).output
    result = ended(monkeypatch, passed=True, severity=ERROR, page=False)
    assert result.exit_code == 1
    assert result.output.index("done: 1 asset, 1 check passed, 0 failed") < result.output.index(
        "FAILED briefing: the folder takes no file"
    )


def test_a_red_check_that_blocks_nothing_ends_with_1(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dagster calls such a run a success; cron and CI look at the exit code."""
    result = ended(monkeypatch, passed=False, severity=ERROR)
    assert result.exit_code == 1
    assert "RED bars: 1 bar is gone" in result.output
    assert "NOT done: 1 of 1 asset, 0 checks passed, 1 failed" in result.output


def test_a_warning_is_told_and_ends_with_0(monkeypatch: pytest.MonkeyPatch) -> None:
    result = ended(monkeypatch, passed=False, severity=WARN)
    assert result.exit_code == 0
    assert "WARNING bars: 1 bar is gone" in result.output


def test_a_failed_step_ends_with_1_and_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    result = ended(monkeypatch, passed=True, severity=ERROR, fails=True)
    assert result.exit_code == 1
    assert "FAILED bars: 2 rows at or below zero" in result.output


def test_a_rejected_model_and_old_forecasts_are_told_before_anything_else() -> None:
    @dg.asset
    def lgbm_model() -> dg.MaterializeResult[None]:
        told = {"is_latest": False, "advice": "not published: failed the gate 4"}
        return dg.MaterializeResult(metadata={"model_id": "0a1b", "path": "models/0a1b", "trained": "now", **told})

    @dg.asset
    def zl_1m_latest() -> dg.MaterializeResult[None]:
        said = {"model_id": "9f8e", "trained_through": "2024-10-15", "sessions_behind": 0, "newest_model": "0a1b"}
        return dg.MaterializeResult(metadata={"first_date": "2024-10-16", "last_date": "2024-11-14", **said})

    @dg.asset_check(asset=zl_1m_latest)
    def newest_session() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=False, severity=WARN, metadata={"measured": 251}, description="The source is late")

    assets = [lgbm_model, zl_1m_latest]
    defs = dg.Definitions(assets, asset_checks=[newest_session], jobs=[dg.define_asset_job("refresh")])
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    result = defs.resolve_job_def("refresh").execute_in_process(raise_on_error=False, run_config=quiet)
    settings = Settings.load()
    shown = Console(width=200, file=io.StringIO())
    shown.print(summary(result, Catalog.of(settings), settings))
    lines = shown.file.getvalue().splitlines()
    assert lines[0] == "Not published: failed the gate 4 (lgbm_model 0a1b)"
    assert lines[1] == ("Stale by 251 sessions of the exchange's calendar: the newest forecast in zl_1m_latest is of 2024-11-14")
    assert "model: models/0a1b (not published: failed the gate 4), trained now" in lines


def test_forecasts_that_are_withheld_are_told_before_anything_else_and_by_no_model() -> None:
    @dg.asset
    def zl_1m_latest() -> dg.MaterializeResult[None]:
        return dg.MaterializeResult(metadata={"withheld": "The forecast of 2012-01-03 has no range."})

    @dg.asset_check(asset=zl_1m_latest)
    def newest_session() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=False, severity=WARN, metadata={"measured": 251}, description="The source is late")

    defs = dg.Definitions([zl_1m_latest], asset_checks=[newest_session], jobs=[dg.define_asset_job("refresh")])
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    result = defs.resolve_job_def("refresh").execute_in_process(raise_on_error=False, run_config=quiet)
    settings = Settings.load()
    shown = Console(width=200, file=io.StringIO())
    shown.print(summary(result, Catalog.of(settings), settings))
    said = shown.file.getvalue()
    assert said.splitlines()[0] == "No forecast in zl_1m_latest: The forecast of 2012-01-03 has no range."
    assert "forecasts: by model" not in said
