"""What starting costs, beside Dagster's own part of it."""

import sys
from pathlib import Path

from pytest_benchmark.fixture import BenchmarkFixture

from zl_assets.embedded.lifecycle import ensure_server
from zl_assets_tests.benchmarks import startup
from zl_assets_tests.benchmarks.race import Rival, race
from zl_assets_tests.support.product import kill_leftover_server


def test_import(benchmark: BenchmarkFixture) -> None:
    rivals = {
        "import dagster, dagster_gcp": Rival(startup.python("import dagster, dagster_gcp")),
        "import dagster": Rival(startup.python("import dagster")),
        "python itself": Rival(startup.python("pass")),
    }
    spent = dict(startup.imports("zl_assets.definitions").most_common(12))
    ours = Rival(startup.python("import zl_assets.definitions"))
    race(benchmark, ours, rivals, 5, what="import zl_assets.definitions", seconds_by_package=spent)


def test_check_defs(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    dg = str(Path(sys.executable).parent / "dg")
    rivals = {"dg --version": Rival(startup.command(dg, "--version"))}
    race(benchmark, Rival(startup.command(dg, "check", "defs", state=tmp_path)), rivals, 3, what="dg check defs")


def test_first_query(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    new, running = tmp_path / "new", tmp_path / "running"
    ensure_server(running)

    def stopped() -> None:
        kill_leftover_server(new)

    race(
        benchmark,
        Rival(startup.query(new), stopped),
        {"on a server that runs": Rival(startup.query(running))},
        5,
        what="first embedded query of a process, server started",
    )
    for state in (new, running):
        kill_leftover_server(state)
