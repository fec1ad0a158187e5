"""The daily refresh beside a plain script."""

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from zl_assets_tests.benchmarks.refresh import ALL, UP_TO_THE_CSV, Refresh, compare
from zl_assets_tests.support.product import Product

PARTS = {"whole graph": (ALL, {"full refresh": 1.5, "no change": 2.5}), "up to the CSV": (UP_TO_THE_CSV, {})}


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("what", ["full refresh", "no change"])
def test_refresh(benchmark: BenchmarkFixture, home: Product, server: int, part: str, what: str) -> None:
    selection, bounds = PARTS[part]
    compare(benchmark, Refresh(home, selection), server, what, part, rounds=3, bound=bounds.get(what))
