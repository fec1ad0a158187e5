"""The daily refresh by Dagster and by a plain script, on one embedded BigQuery; a dataset prefix is a warehouse of its own.

Belongs here: the two rivals. Must not be here: sizes and bounds.
"""

import contextlib
import functools
import itertools
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import dagster as dg
from pytest_benchmark.fixture import BenchmarkFixture

from zl_assets.automation import zl_daily_refresh
from zl_assets.definitions import build_defs
from zl_assets.settings import Settings
from zl_assets.warehouse.jobs import JobRunner
from zl_assets_tests.benchmarks.race import Rival, race
from zl_assets_tests.benchmarks.script import Script
from zl_assets_tests.support.product import Product, failures

ALL = zl_daily_refresh.selection
UP_TO_THE_CSV = dg.AssetSelection.assets("training_csv").upstream()


class Refresh:
    """One state folder, refreshed under any prefix by either rival, for one part of the graph."""

    def __init__(self, home: Product, selection: dg.AssetSelection) -> None:
        self.home, self.selection = home, selection

    def settings(self, prefix: str) -> Settings:
        return Settings.load(state_dir=self.home.state_dir, dataset_prefix=prefix, **self.home.values)

    def by_dagster(self, prefix: str) -> None:
        """The job as the product runs it: definitions, storage on disk, every check."""
        if self.selection is ALL:
            result = self.home.refresh(dataset_prefix=prefix)
        else:
            result = self.home.run_assets(self.selection, dataset_prefix=prefix)
        assert result.success, failures(result)

    def script(self, prefix: str) -> Script:
        """The same without Dagster."""
        settings = self.settings(prefix)
        keys = self.selection.resolve(build_defs(settings).resolve_asset_graph())
        return Script.of(settings, [key.to_user_string() for key in keys])

    def jobs(self, prefix: str) -> Counter[tuple[str, str]]:
        """The BigQuery jobs that named a prefix, by asset and step."""
        client = self.home.client()
        found: Counter[tuple[str, str]] = Counter()
        for job in client.list_jobs():
            text: dict[str, Any] = job._properties["configuration"]
            if f"{prefix}features" in str(text) or f"{prefix}training" in str(text) or f"{prefix}market" in str(text):
                found[text["labels"]["zl_asset"], text["labels"]["zl_step"]] += 1
        client.close()
        return found


SCRIPT = "a plain script"


def compare(
    benchmark: BenchmarkFixture, refresh: Refresh, server: int, what: str, part: str, rounds: int, bound: float | None
) -> None:
    """A refresh of an empty warehouse, or one that changes nothing, by both; they must send the same jobs and leave the same.

    Args:
        what: "full refresh" or "no change".
        bound: Dagster may take at most this many times as long as the script.
    """
    prefixes = (f"d{i}{secrets.token_hex(3)}_" for i in itertools.count())
    graph, script = next(prefixes), next(prefixes)
    anew = what == "full refresh"
    if not anew:
        refresh.by_dagster(graph)
        refresh.script(script).run()
    ready = refresh.script(script)
    asked: list[float] = []

    def prepare_graph() -> None:
        nonlocal graph
        graph = next(prefixes) if anew else graph

    def prepare_script() -> None:
        nonlocal script, ready
        script = next(prefixes) if anew else script
        ready = refresh.script(script)

    def run_script() -> None:
        with asking(asked):
            ready.run()

    race(
        benchmark,
        Rival(lambda: refresh.by_dagster(graph), prepare_graph),
        {SCRIPT: Rival(run_script, prepare_script, bound)},
        rounds,
        servers=[server],
        what=f"{what}, {part}",
        script_seconds_in_bigquery=asked,
    )
    jobs = refresh.jobs(graph)
    assert jobs
    assert jobs == refresh.jobs(script)
    assert refresh.home.snapshot(graph) == refresh.home.snapshot(script)


@contextmanager
def asking(seconds: list[float]) -> Iterator[None]:
    """Adds what was spent inside the write path's own calls of BigQuery to the list, as one number."""
    spent, depth = 0.0, 0

    def timed(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            nonlocal spent, depth
            depth += 1
            began = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                depth -= 1
                spent += 0.0 if depth else time.perf_counter() - began

        return run

    with contextlib.ExitStack() as patches:
        for name in ("call", "find", "query", "rows", "arrow", "dry_run", "load"):
            patches.enter_context(mock.patch.object(JobRunner, name, timed(getattr(JobRunner, name))))
        yield
    seconds.append(spent)
