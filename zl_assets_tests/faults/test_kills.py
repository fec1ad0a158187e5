"""A few kills of the run and of the server, and a stop, where it matters most.

All 100 kills, and ten stops: `python -m zl_assets_tests.faults kills stops`.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from zl_assets_tests.faults.kills import kill_once
from zl_assets_tests.faults.stops import STOPS, stop_once
from zl_assets_tests.faults.victim import Shot
from zl_assets_tests.support.fixtures import MakeProduct, refreshed_product, sample_file
from zl_assets_tests.support.product import AS_OF, Product, kill_leftover_server

__all__ = ["refreshed_product", "sample_file"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, sample_file: Path) -> Iterator[Product]:
    """On the bars of the undisturbed one."""
    made = Product(tmp_path_factory.mktemp("home"), {"bars": sample_file, "as_of": AS_OF}, on_disk=True)
    yield made
    kill_leftover_server(made.state_dir)


@pytest.fixture(scope="module")
def undisturbed(refreshed_product: MakeProduct) -> dict[str, str]:
    """Digests of a clean run."""
    return refreshed_product().snapshot()


@pytest.mark.parametrize("who", ["run", "server"])
def test_after_a_kill_a_rerun_is_identical_to_a_clean_run_and_leaves_nothing(
    home: Product, place: Path, undisturbed: dict[str, str], who: str
) -> None:
    """When the bars are sent, into tables that are new."""
    shot = Shot(who, 0, 0.0, kind="body load")
    kill = kill_once(home, place, 0, shot, undisturbed, at=shot.kind, deep=True)
    assert kill.problems == ()
    # Nobody outlives a kill -9 of its own process; a run waits for its next server.
    assert kill.survived is (who == "server")


def test_a_run_that_is_told_to_stop_writes_on_or_leaves_something_that_a_rerun_does_not_mend(
    home: Product, place: Path, undisturbed: dict[str, str]
) -> None:
    """While it trains, where an interruption has to wait for code that is not Python's."""
    [stop] = [stop for stop in STOPS if stop.what == "the model is trained"]
    stopped = stop_once(home, {}, place, STOPS.index(stop), stop, undisturbed, deep=False)
    assert stopped.problems == ()
