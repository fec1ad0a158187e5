"""How time and memory grow, and the graph at three lengths of history."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from zl_assets.sources.sample import synthetic_bars
from zl_assets_tests.benchmarks import growth
from zl_assets_tests.benchmarks.race import Rival, race
from zl_assets_tests.benchmarks.refresh import UP_TO_THE_CSV, Refresh
from zl_assets_tests.support.product import Product

SIZES = (4_000, 32_000, 250_000, 1_000_000)


@pytest.mark.parametrize("rows", SIZES)
@pytest.mark.parametrize("what", ["features", "write"])
def test_growth(benchmark: BenchmarkFixture, what: str, rows: int) -> None:
    found: dict[str, Any] = {}
    race(benchmark, Rival(lambda: found.update(growth.apart(what, rows))), {}, 1, what=what, rows=rows, steps=found)


@pytest.mark.parametrize("sessions", [1_000, 2_000, 3_893])
def test_graph(benchmark: BenchmarkFixture, home: Product, server: int, tmp_path: Path, sessions: int) -> None:
    bars = synthetic_bars()
    weekdays = bars.loc[bars["date"].dt.dayofweek < 5, "date"]
    path = tmp_path / "bars.parquet"
    bars[bars["date"] >= weekdays.iloc[-sessions]].to_parquet(path)
    home.values = {"bars": path, "as_of": dt.date(2025, 11, 15), "min_matrix_rows": 1, "min_labelled_rows": 1}
    # Without the model: 1,000 sessions are too few for its folds, and a model of 2,000 does not pass its gates.
    refresh, prefix = Refresh(home, UP_TO_THE_CSV), f"s{sessions}_"
    refresh.by_dagster(prefix)
    race(
        benchmark,
        Rival(lambda: refresh.by_dagster(prefix)),
        {"full refresh": Rival(lambda: refresh.by_dagster(f"f{prefix}"))},
        1,
        servers=[server],
        what="graph up to the CSV, no change",
        sessions=sessions,
    )
