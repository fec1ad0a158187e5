"""The bars' checks look at the files as they are: what was not read is yellow, by name, and nothing is parsed twice for it."""

import datetime as dt
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from zl_assets.catalog import Catalog
from zl_assets.checks.group import Looking
from zl_assets.checks.market import bars_checks
from zl_assets.domain.checks import Check, Level, Seen
from zl_assets.settings import Settings
from zl_assets.sources import bars as bars_module
from zl_assets.sources.bars import bars_to_load
from zl_assets.sources.bars_1h import SOURCE as HOURS
from zl_assets.sources.sample import synthetic_bars
from zl_assets.warehouse.verdict import Verdict
from zl_assets_tests.conftest import shared_data
from zl_assets_tests.support.contracts import BARS, ZL

AS_OF = dt.date(2025, 11, 15)


def answer(**settings: Any) -> tuple[Check, Verdict]:
    """`files_read_whole` of the bars, as a run answers it."""
    loaded = Settings.load(**settings)
    [group] = bars_checks(Catalog.of(loaded), loaded, ZL)
    [check] = [one for one in group.checks if one.name == "files_read_whole"]
    seen = Seen({BARS.table: synthetic_bars()}, AS_OF)
    found = group.prepare(Looking(seen, SimpleNamespace(), "", SimpleNamespace()))  # type: ignore[arg-type]
    return check, check.verdict(Seen(seen.values, AS_OF, found))


def test_what_was_not_read_is_a_warning_by_name(tmp_path: Path) -> None:
    synthetic_bars().to_parquet(tmp_path / "a.parquet")
    (tmp_path / "b.csv").write_text(synthetic_bars().tail(3).to_csv(index=False).rstrip())
    (tmp_path / "c.csv.gz").touch()
    (tmp_path / "old").mkdir()
    check, verdict = answer(bars=tmp_path)
    assert (check.level, verdict.passed, verdict.measured) == (Level.WARNING, False, 3)
    assert verdict.offenders.to_dict("records") == [
        {"file": "c.csv.gz", "why": "compressed"},
        {"file": "old/", "why": "a sub-folder"},
        {"file": "b.csv", "why": "its last line has no line end"},
    ]
    assert "file=c.csv.gz, why=compressed" in str(verdict)
    assert "ZL_BARS" in check.says


def test_the_sample_and_the_real_bars_are_green() -> None:
    assert answer()[1].passed
    assert answer(bars=shared_data("databento_futures_ohlcv_1d.parquet"))[1].passed


def test_in_the_cloud_there_are_no_files_to_ask_about() -> None:
    settings = Settings.load(gcp_project="some-project-1")
    assert bars_checks(Catalog.of(settings), settings, ZL) == []


def test_the_asset_and_its_checks_parse_the_files_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synthetic_bars().to_parquet(tmp_path / "a.parquet")
    parsed: list[str] = []
    read = bars_module._read_parquet

    def counted(file: Path, *others: Any) -> pd.DataFrame:
        parsed.append(file.name)
        return read(file, *others)

    monkeypatch.setattr(bars_module, "_read_parquet", counted)
    bars_to_load(tmp_path, [ZL])
    answer(bars=tmp_path)
    assert parsed == ["a.parquet"]


def test_hours_have_the_same_check_and_none_to_ask_about_is_green(tmp_path: Path) -> None:
    hours = synthetic_bars().rename(columns={"date": "ts_event"})
    hours.to_parquet(tmp_path / "a.parquet")
    (tmp_path / "b.zip").touch()
    for path, files in ((tmp_path, ["b.zip"]), (None, [])):
        [own] = HOURS.assets([ZL], [ZL])
        checks = HOURS.checks(Settings.load(bars_1h=path), own)
        [check] = [one for one in checks.checks if one.name == "files_read_whole"]
        verdict = check.verdict(Seen({}, AS_OF, checks.prepare(AS_OF)))
        assert (verdict.passed, list(verdict.offenders.get("file", []))) == (not files, files)
    assert "ZL_BARS_1H" in check.says
