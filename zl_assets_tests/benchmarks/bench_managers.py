"""Our IO manager beside dagster-gcp-pandas'."""

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from zl_assets_tests.benchmarks import managers
from zl_assets_tests.support.product import Product


@pytest.mark.parametrize("what", managers.CASES)
@pytest.mark.parametrize(("rows", "rounds"), [(4_000, 9), (400_000, 5)])
def test_manager(benchmark: BenchmarkFixture, home: Product, server: int, what: str, rows: int, rounds: int) -> None:
    managers.compare(benchmark, home, server, what, rows, rounds)
