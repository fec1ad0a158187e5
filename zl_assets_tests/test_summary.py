"""The command line's exit code and words, for runs that end in every way."""

from typing import Any

import dagster as dg
import pytest
from typer.testing import CliRunner

from zl_assets import __main__ as command
from zl_assets import main_job

ERROR, WARN = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN


def ended(monkeypatch: pytest.MonkeyPatch, *, passed: bool, severity: dg.AssetCheckSeverity, fails: bool = False) -> Any:
    """The command, with a small run in place of the refresh: one asset and a check of it that does not block."""

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

    monkeypatch.setattr(main_job, "run", run)
    monkeypatch.setattr(main_job, "dagster_instance", dg.DagsterInstance.ephemeral)
    return CliRunner().invoke(command.app)


def test_a_green_run_ends_with_0(monkeypatch: pytest.MonkeyPatch) -> None:
    result = ended(monkeypatch, passed=True, severity=ERROR)
    assert result.exit_code == 0
    assert "done: 1 asset, 1 check passed, 0 failed" in result.output


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
