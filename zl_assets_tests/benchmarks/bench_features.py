"""The eight features beside the libraries that one would use instead."""

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from zl_assets_tests.benchmarks import features


@pytest.mark.parametrize(("rows", "rounds"), [(4_000, 25), (300_000, 5), (5_000_000, 1)])
def test_features(benchmark: BenchmarkFixture, rows: int, rounds: int) -> None:
    features.compare(benchmark, rows, rounds)
