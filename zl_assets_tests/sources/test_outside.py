"""What sources of files share: what is held against the files, what is said while there is none, and that a refusal is red."""

import datetime as dt
from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd
import pytest

from zl_assets.domain.checks import Seen
from zl_assets.domain.rules.documents import files_accepted
from zl_assets.domain.rules.versions import no_file_refused
from zl_assets.domain.rules.wasde import wasde_files_accepted
from zl_assets.domain.rules.weather import weather_files_accepted
from zl_assets.settings import OUTSIDE, Settings
from zl_assets.sources.base import stored_so_far
from zl_assets.sources.outside import not_there
from zl_assets.warehouse.verdict import Verdict


def test_what_a_later_as_of_date_has_stored_is_not_held_against_the_files_of_an_earlier_one() -> None:
    stored = pd.DataFrame({"observed_on": pd.to_datetime(["2024-01-02", "2024-01-09", "2024-01-10"])})
    seen = Seen({"table": stored}, dt.date(2024, 1, 9))
    assert stored_so_far(seen, "table")["observed_on"].dt.day.tolist() == [2, 9]


@pytest.mark.parametrize("setting", OUTSIDE)
def test_while_there_is_no_file_it_is_said_by_setting_or_address(setting: str, tmp_path: Path) -> None:
    assert not_there(Settings.load(), setting, "unset") == {f"ZL_{setting.upper()}": "unset"}
    one, two = "https://one.example.org", "https://two.example.org"
    settings = Settings.load(**{setting: f"{one},{two}"}, state_dir=str(tmp_path))
    assert not_there(settings, setting, "unset") == {at: f"{at} has given no file yet." for at in (one, two)}
    (tmp_path / setting).mkdir()
    (tmp_path / setting / "a.csv").touch()
    assert not_there(settings, setting, "unset") == {}
    assert not_there(Settings.load(**{setting: str(tmp_path / "folder")}), setting, "unset") == {}


@pytest.mark.parametrize(
    "verdict",
    [
        lambda refused: files_accepted(refused, "here"),
        lambda refused: no_file_refused(refused, "here"),
        wasde_files_accepted,
        weather_files_accepted,
    ],
    ids=["documents", "versions", "wasde", "weather"],
)
def test_a_refused_file_is_red_and_named(verdict: Callable[[Mapping[str, str]], Verdict]) -> None:
    red = verdict({"a.csv": "a web page"})
    assert (red.passed, red.measured) == (False, 1)
    assert red.offenders.to_dict("records") == [{"file": "a.csv", "fault": "a web page"}]
    assert verdict({}).passed
