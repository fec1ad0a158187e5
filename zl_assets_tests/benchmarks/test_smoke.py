"""Every rival once, at a tiny size: what is measured must be the same thing."""

import dagster as dg
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from zl_assets_tests.benchmarks import features, figures, growth, managers, refresh, shares, startup
from zl_assets_tests.benchmarks.race import OURS, Rival, race
from zl_assets_tests.support.product import Product

pytestmark = pytest.mark.filterwarnings("ignore")


def test_the_script_sends_the_jobs_that_the_graph_sends(benchmark: BenchmarkFixture, home: Product, server: int) -> None:
    part = refresh.Refresh(home, dg.AssetSelection.assets("zl_ohlcv").upstream())
    refresh.compare(benchmark, part, server, "full refresh", "sessions", rounds=1, bound=1.5)
    [seconds] = benchmark.extra_info["facts"]["script_seconds_in_bigquery"]
    assert 0 < seconds < benchmark.extra_info["wall"][refresh.SCRIPT][0]


@pytest.mark.parametrize("what", managers.CASES)
def test_both_managers_leave_the_same_rows(benchmark: BenchmarkFixture, home: Product, server: int, what: str) -> None:
    managers.compare(benchmark, home, server, what, rows=70, rounds=1)


def test_every_library_computes_the_same_features(benchmark: BenchmarkFixture) -> None:
    features.compare(benchmark, rows=8_500, rounds=1)
    assert benchmark.extra_info["facts"]["symbols"] == 3


def test_growth_of_features_is_measured() -> None:
    assert growth.features(70)["features"].keys() == {"seconds", "client_mib"}


def test_growth_of_the_write_path_is_measured(home: Product) -> None:
    found = growth.write_path(70, home.state_dir)
    assert list(found) == ["first write", "no change", "one row changed", "read"]
    assert found["read"].keys() == {"seconds", "client_mib", "server_mib"}


def test_imports_are_told_by_package() -> None:
    found = startup.imports("zl_assets.settings")
    assert {"zl_assets", "pydantic"} <= set(found)
    assert "dagster" not in found


def test_samples_are_sorted_by_what_they_wait_for() -> None:
    asking = "publish (zl_assets/warehouse/publish.py:1);JobRunner.rows (zl_assets/warehouse/jobs.py:1)"
    inner = "run (zl_assets/__main__.py:66);execute (dagster/api.py:1)"
    raw = "\n".join(
        f"thread (1A): MainThread;{stack} {count}"
        for stack, count in (
            (f"{inner};body (zl_assets/assets/x.py:1);_find_and_load (<frozen importlib._bootstrap>:1);x (y.py:1)", 1),
            (f"{inner};get_client (zl_assets/resources.py:1);ensure_server (zl_assets/embedded.py:1);poll (x.py:1)", 2),
            (f"{inner};{asking};recv (socket.py:1)", 4),
            (f"{inner};store (dagster/storage.py:1);execute (sqlite3.py:1)", 8),
            (f"{inner};body (zl_assets/assets/x.py:1);fit (lightgbm/basic.py:1)", 16),
        )
    )
    found, ours = shares.shares(f"{raw}\nthread (2B): Worker;{inner} 99")
    assert dict(found) == {shares.IMPORTING: 1, shares.SERVER: 2, shares.BIGQUERY: 4, shares.DAGSTER: 8, shares.OURS: 16}
    assert dict(ours) == {"assets/x.py": 16}


def test_rivals_take_turns_and_every_time_is_noted(benchmark: BenchmarkFixture) -> None:
    order: list[str] = []
    ours = Rival(lambda: order.append("ours"), lambda: order.append("prepare ours"))
    race(benchmark, ours, {"other": Rival(lambda: order.append("other"), bound=2.0)}, rounds=1, what="x", rows=7)
    assert order == ["other", "prepare ours", "ours"]
    noted = benchmark.extra_info
    assert {clock: {name: len(times) for name, times in noted[clock].items()} for clock in ("wall", "cpu")} == {
        clock: {OURS: 1, "other": 1} for clock in ("wall", "cpu")
    }
    assert (noted["bounds"], noted["facts"]) == ({"other": 2.0}, {"what": "x", "rows": 7})


def test_a_bound_is_held_against_the_median_of_the_ratios() -> None:
    wall = {OURS: [4.0, 1.0, 3.0], "other": [1.0, 1.0, 2.0]}
    record = {"wall": wall, "cpu": wall, "bounds": {"other": 2.0}, "facts": {"what": "x", "rows": 4_000}}
    assert figures.ratios(record, "wall", "other") == [4.0, 1.0, 1.5]
    [line] = figures.lines(record)
    assert line == ("x", "4,000 rows", "3 s", "other: 1 s", "1.50 (1.00 to 4.00, n = 3)", "1.50", "at most 2.0: met")
    wall[OURS][2] = 5.0
    assert figures.verdict(record, "other") == "at most 2.0: missed"
    assert figures.verdict(record | {"bounds": {"other": None}}, "other") == "stated"


def test_a_rival_too_quick_for_the_processor_clock_has_no_ratio_of_processor_times() -> None:
    wall = {OURS: [4.0, 1.0], "other": [1.0, 1.0]}
    record = {"wall": wall, "cpu": wall | {"other": [0.01, 0.0]}, "bounds": {"other": None}, "facts": {"what": "x"}}
    [line] = figures.lines(record)
    assert line[4:] == ("2.50 (1.00 to 4.00, n = 2)", "", "stated")
