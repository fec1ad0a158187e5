"""`python -m zl_assets` as a whole process."""

from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from zl_assets_tests.benchmarks.processes import BESIDE, Place
from zl_assets_tests.benchmarks.race import Rival, race

ROUNDS = 7


@pytest.mark.parametrize(("what", "bound"), [("no change, server warm", 1.3), ("from an empty state, server started", 2.2)])
def test_command(benchmark: BenchmarkFixture, tmp_path: Path, what: str, bound: float) -> None:
    warm = Place(tmp_path / "warm")
    for _ in range(2):
        warm.ours()
    warm.beside()
    numbers = iter(range(ROUNDS + 1))
    place = warm

    def anew() -> None:
        nonlocal place
        if place is not warm:
            place.stop()
        place = Place(tmp_path / f"new{next(numbers)}")

    try:
        ours = Rival(warm.ours) if what.startswith("no change") else Rival(lambda: place.ours(), anew)
        race(benchmark, ours, {BESIDE: Rival(warm.beside, bound=bound)}, ROUNDS, what=f"python -m zl_assets, {what}")
    finally:
        for used in {place, warm}:
            used.stop()
