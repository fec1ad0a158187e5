"""Where the time of a main-job run goes, by a sampling profiler: importing, starting the server, BigQuery, Dagster, our own code.

Belongs here: running the main job under py-spy, and the sorting of its samples. Must not be here: a benchmark.

    python -m zl_assets_tests.benchmarks.shares      prints the table; ZL_BARS and ZL_AS_OF as for the main job
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from zl_assets_tests.benchmarks.startup import REPOSITORY
from zl_assets_tests.faults.figures import table
from zl_assets_tests.support.product import kill_leftover_server

IMPORTING, SERVER, BIGQUERY, DAGSTER, OURS = "importing", "starting the server", "in BigQuery", "in Dagster", "in our code"
SHARES = (IMPORTING, SERVER, BIGQUERY, DAGSTER, OURS)

_RATE = 100  # samples a second: the run takes seconds, and the profiler must not
_STARTING = re.compile(r"ensure_server \(zl_assets/embedded\.py")
_ASKING = re.compile(r"JobRunner\.\w+ \(zl_assets/warehouse/jobs\.py")


def share_of(stack: Sequence[str]) -> str:
    """The share that a sample belongs to.

    Args:
        stack: frames, the outermost first, as py-spy writes them: `function (file:line)`.
    """
    if any("_find_and_load (<frozen importlib" in frame for frame in stack):
        return IMPORTING
    if any(_STARTING.match(frame) for frame in stack):
        return SERVER
    if any(_ASKING.match(frame) for frame in stack):
        return BIGQUERY
    for frame in reversed(stack):
        if "(zl_assets/" in frame and "__main__" not in frame:
            return OURS
        if "(dagster" in frame:
            return DAGSTER
    return IMPORTING if len(stack) <= 4 else DAGSTER  # the interpreter itself, and what the command line is made of


def shares(raw: str) -> tuple[Counter[str], Counter[str]]:
    """Samples of the main thread by share, and those in our code by file.

    Args:
        raw: py-spy's `-f raw` with `--threads`: one line a stack, `thread (id): name;frame;frame count`.
    """
    found: Counter[str] = Counter()
    ours: Counter[str] = Counter()
    lines = [(stack.split(";"), int(count)) for stack, _, count in (line.rpartition(" ") for line in raw.splitlines())]
    main = next(re.findall(r"\((\w+)\)", stack[0])[0] for stack, _ in lines if stack[0].endswith("MainThread"))
    for (thread, *stack), count in lines:
        if f"({main})" not in thread:
            continue
        share = share_of(stack)
        found[share] += count
        if share == OURS:
            [file] = re.findall(r"\(zl_assets/([^:)]+)", next(f for f in reversed(stack) if "(zl_assets/" in f))
            ours[file] += count
    return found, ours


def profiled(place: Path) -> tuple[str, float]:
    """py-spy's samples of one main-job run from an empty state folder, and the seconds it took."""
    samples = place / "samples.txt"
    words = ["py-spy", "record", "--idle", "--threads", "-r", str(_RATE), "-f", "raw", "-o", str(samples)]
    py_spy = Path(sys.executable).parent / words[0]
    began = time.monotonic()
    subprocess.run(
        [str(py_spy), *words[1:], "--", sys.executable, "-m", "zl_assets"],
        check=True,
        cwd=REPOSITORY,
        env={**os.environ, "ZL_STATE_DIR": str(place / "state")},
    )
    return samples.read_text(), time.monotonic() - began


def page(raw: str, seconds: float) -> str:
    """The table."""
    found, ours = shares(raw)
    total = found.total()
    rows = [(name, f"{100 * found[name] / total:.0f} %", f"{seconds * found[name] / total:.1f}") for name in SHARES]
    largest = ", ".join(f"{file} {100 * count / total:.0f} %" for file, count in ours.most_common(6))
    return (
        f"{table(('share', 'of the wall time', 'seconds'), rows)}\n\nLargest in our code: {largest}. Wall time {seconds:.0f} s."
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="zl-shares-") as folder:
        try:
            print(page(*profiled(Path(folder))))
        finally:
            kill_leftover_server(Path(folder) / "state")
