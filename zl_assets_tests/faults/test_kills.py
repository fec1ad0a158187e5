"""A few kills of the run and of the server, and a stop, where it matters most.

All 100 kills, and ten stops: `python -m zl_assets_tests.faults kills stops`.
"""

from pathlib import Path

import pytest

from zl_assets_tests.faults.kills import campaign, clean_run
from zl_assets_tests.faults.stops import STOPS, stop_once
from zl_assets_tests.support.product import Product


@pytest.fixture(scope="module")
def undisturbed(home: Product, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, str], list[str]]:
    return clean_run(home, tmp_path_factory.mktemp("clean"))


@pytest.mark.parametrize("who", ["run", "server"])
def test_after_a_kill_a_rerun_is_identical_to_a_clean_run_and_leaves_nothing(
    home: Product, place: Path, undisturbed: tuple[dict[str, str], list[str]], who: str
) -> None:
    kills = campaign(home, place, who, 1, undisturbed, deep_every=1)
    assert [kill.problems for kill in kills if kill.problems] == []


def test_a_run_that_is_told_to_stop_writes_on_or_leaves_something_that_a_rerun_does_not_mend(
    home: Product, place: Path, undisturbed: tuple[dict[str, str], list[str]]
) -> None:
    """While it trains, where an interruption has to wait for code that is not Python's."""
    [stop] = [stop for stop in STOPS if stop.what == "the model is trained"]
    stopped = stop_once(home, {}, place, STOPS.index(stop), stop, undisturbed[0], deep=False)
    assert stopped.problems == ()
