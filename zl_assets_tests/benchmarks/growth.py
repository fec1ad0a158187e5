"""How time and memory grow with the rows: one size in one process, so that no size profits from another's memory.

Belongs here: what is done at one size, and the memory it took. Must not be here: sizes.

    python -m zl_assets_tests.benchmarks.growth features 4000
"""

import dataclasses
import json
import logging
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from zl_assets import resources
from zl_assets.catalog import Catalog
from zl_assets.domain.indicators import technical_features
from zl_assets.embedded.lifecycle import ensure_server
from zl_assets.settings import Settings
from zl_assets.warehouse.publish import Publication
from zl_assets_tests.benchmarks.frames import sessions
from zl_assets_tests.benchmarks.managers import rows_of
from zl_assets_tests.support.contracts import FEATURES, ROW_RULES
from zl_assets_tests.support.product import kill_leftover_server

MANY_SYMBOLS = dataclasses.replace(FEATURES, table="many_symbols", description="A table of many symbols.")

_MIB = 2**20
_EVERY = 0.01


def measured(function: Callable[[], Any], **processes: int) -> dict[str, float]:
    """Seconds, and the megabytes by which each process was larger than before, at most, looked at every 10 ms."""
    watched = {name: psutil.Process(pid) for name, pid in processes.items()}
    before = {name: process.memory_info().rss for name, process in watched.items()}
    most, done = dict(before), threading.Event()

    def watch() -> None:
        while not done.wait(_EVERY):
            most.update({name: max(most[name], process.memory_info().rss) for name, process in watched.items()})

    watcher = threading.Thread(target=watch)
    watcher.start()
    began = time.perf_counter()
    try:
        function()
    finally:
        seconds = time.perf_counter() - began
        done.set()
        watcher.join()
    return {"seconds": seconds} | {f"{name}_mib": (most[name] - before[name]) / _MIB for name in watched}


def features(rows: int) -> dict[str, dict[str, float]]:
    """The eight features."""
    frame = sessions(rows)
    return {"features": measured(lambda: technical_features(frame), client=psutil.Process().pid)}


def write_path(rows: int, state: Path) -> dict[str, dict[str, float]]:
    """Into an empty warehouse; again without a change; with one row changed; and read back."""
    frame = rows_of(rows)
    changed = frame.copy()
    changed.loc[rows - 1, "return_1d"] += 0.01
    server = ensure_server(state).pid
    settings = Settings.load(state_dir=state, dataset_prefix="growth_")
    warehouse: Any = resources.build(Catalog.of(settings), settings)["warehouse"]

    def write(written: Any) -> None:
        with warehouse.publisher(run="growth", asset=MANY_SYMBOLS.table) as publisher:
            publisher.publish(Publication(written), MANY_SYMBOLS, ROW_RULES[FEATURES.table])

    def read() -> None:
        with warehouse.publisher(run="growth", asset=MANY_SYMBOLS.table) as publisher:
            assert len(publisher.read(MANY_SYMBOLS)) == rows

    steps = {
        "first write": lambda: write(frame),
        "no change": lambda: write(frame),
        "one row changed": lambda: write(changed),
        "read": read,
    }
    return {name: measured(step, client=psutil.Process().pid, server=server) for name, step in steps.items()}


def _write_path(rows: int) -> dict[str, dict[str, float]]:
    with tempfile.TemporaryDirectory(prefix="zl-growth-") as place:
        try:
            return write_path(rows, Path(place) / "state")
        finally:
            kill_leftover_server(Path(place) / "state")


def apart(what: str, rows: int) -> dict[str, dict[str, float]]:
    """One size, in a process of its own."""
    command = [sys.executable, "-W", "ignore", "-m", __name__, what, str(rows)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found: dict[str, dict[str, float]] = json.loads(said.splitlines()[-1])
    return found


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    print(json.dumps({"features": features, "write": _write_path}[sys.argv[1]](int(sys.argv[2]))))
