"""A few kills of the run and of the server, where it matters most. All 100: `python -m zl_assets_tests.faults kills`."""

from pathlib import Path

import pytest

from zl_assets_tests.faults.kills import campaign, clean_run
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
