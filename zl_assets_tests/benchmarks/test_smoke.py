"""Every rival once, at a tiny size: what is measured must be the same thing."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from zl_assets_tests.benchmarks.refresh import Refresh, home_with
from zl_assets_tests.faults.home import Home, kill_leftover_server


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    made = home_with(tmp_path_factory.mktemp("benchmarks"))
    yield made
    kill_leftover_server(made.state)


def test_the_script_sends_the_jobs_that_the_graph_sends(home: Home) -> None:
    refresh = Refresh(home, dg.AssetSelection.assets("zl_ohlcv").upstream())
    refresh.by_dagster("graph_")
    refresh.script("script_").run()
    assert refresh.jobs("graph_") == refresh.jobs("script_")
    assert home.snapshot("graph_") == home.snapshot("script_")
