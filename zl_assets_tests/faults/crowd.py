"""Several at once: refreshes beside one another, beside readers, beside starting and stopping servers.

Belongs here: what runs at the same time, and what must be true afterwards. Must not be here: kills (kills.py).
"""

import contextlib
import datetime as dt
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from zl_assets.embedded.lifecycle import running_server, stop_server
from zl_assets_tests.faults import victim
from zl_assets_tests.support.product import Product, differences, kill_leftover_server

_PATIENCE = 300.0


@dataclass(frozen=True)
class Crowd:
    """What one crowd came to.

    Attributes:
        measured: figures, in words.
    """

    what: str
    measured: str
    problems: tuple[str, ...]


def _outcomes(processes: list[tuple[victim.BaseProcess, Path]]) -> list[str]:
    problems = []
    for process, report in processes:
        process.join(_PATIENCE)
        if not report.exists():
            problems.append(f"a refresh ended with {process.exitcode} and no word")
            process.kill()
            continue
        outcome = json.loads(report.read_text())
        problems += [f"{step}: {text[:500]}" for step, text in outcome["said"].items()]
    return problems


def refreshes_at_once(home: Product, place: Path, clean: dict[str, str], count: int, prefix: str) -> Crowd:
    """Refreshes started together, all of them into the same new datasets."""
    processes = [
        (victim.start(home, prefix, place / f"{prefix}{i}.json", None), place / f"{prefix}{i}.json") for i in range(count)
    ]
    problems = _outcomes(processes)
    problems += differences(home.snapshot(prefix), clean)
    problems += home.leavings(deep=False)
    home.forget(prefix)
    return Crowd(f"{count} refreshes at once, into new datasets", "same tables, CSV and model as one refresh", tuple(problems))


def folders_at_once(place: Path, bars: tuple[Path, Path], clean: dict[str, str], rounds: int) -> Crowd:
    """Two state folders with different bars and one Dagster storage, as two of one checkout, refreshed together by two processes.

    Args:
        bars: of the first and of the second folder.
        clean: what one refresh of the second's bars leaves.
    """
    older, newer = (
        Product(place / name, {"bars": path, "as_of": dt.date(2025, 11, 15)}, on_disk=True)
        for name, path in zip(("older", "newer"), bars, strict=True)
    )
    storage = older.folder / "dagster"
    storage.mkdir(parents=True)
    newer.folder.mkdir(parents=True)
    (newer.folder / storage.name).symlink_to(storage)
    # The command line opens a new storage alone (main_job.py); these two do not go by way of it.
    older.instance.get_runs()
    older.let_go()
    problems = []
    try:
        for number in range(rounds):
            # Trained each time, so that each looks for the records of the other's minute.
            pair = [(Product(one.folder, one.values | {"retrain": True}, on_disk=True), one.folder) for one in (older, newer)]
            reports = [folder / f"{number}.json" for _, folder in pair]
            started = [
                (victim.start(product, "", report, None), report) for (product, _), report in zip(pair, reports, strict=True)
            ]
            problems += _outcomes(started)
        problems += differences(newer.snapshot(), clean)
        problems += [f"{one.folder.name}: {left}" for one in (older, newer) for left in one.leavings(deep=False)]
    finally:
        for one in (older, newer):
            one.let_go()
            kill_leftover_server(one.state_dir)
    return Crowd(
        "two state folders of one checkout at once",
        f"{rounds} rounds, each folder as after a refresh alone",
        tuple(problems),
    )


@contextlib.contextmanager
def readers(home: Product, prefix: str, count: int, seen: list[tuple[int, str]], problems: list[str]) -> Iterator[None]:
    """Threads that each read the whole matrix by one query, again and again."""
    stop = threading.Event()
    sql = (
        "SELECT COUNT(*) AS n, SUM(market_data.close) AS total, COUNT(DISTINCT data_date) AS dates "
        f"FROM `{prefix}features.daily_ml_matrix`"
    )

    def read() -> None:
        client = home.client()
        while not stop.is_set():
            try:
                [row] = client.query(sql).result()
                time.sleep(0.2)  # eight readers without a pause would take the machine's two cores for themselves
                seen.append((row.n, f"{row.n} rows, {row.dates} dates, sum {row.total:.6f}"))
            except Exception as error:
                problems.append(f"a reader got {type(error).__name__}: {error}")
                return
        client.close()

    threads = [threading.Thread(target=read) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def refresh_beside_readers(home: Product, place: Path, bars: tuple[Path, Path], count: int) -> Crowd:
    """A refresh that revises one price and adds twenty sessions while the matrix is read: a reader sees the old or the new."""
    prefix = "readers_"
    older, newer = (Product(home.folder, home.values | {"bars": path}, on_disk=True) for path in bars)
    assert older.refresh(checks=False, dataset_prefix=prefix).success
    seen: list[tuple[int, str]] = []
    problems: list[str] = []
    with readers(home, prefix, count, seen, problems):
        time.sleep(1)
        report = place / "readers.json"
        problems += _outcomes([(victim.start(newer, prefix, report, None), report)])
        time.sleep(1)
    versions = sorted({text for _, text in seen})
    if len(versions) != 2:
        problems.append(f"expected the version before and the one after, seen: {versions}")
    home.forget(prefix)
    return Crowd(f"a refresh beside {count} readers", f"{len(seen)} reads, each of one of 2 whole versions", tuple(problems))


_START = """
import sys
from pathlib import Path
from zl_assets.embedded.lifecycle import ensure_server
print(ensure_server(Path(sys.argv[1])).pid)
"""


def starts_together(state: Path, rounds: int) -> Crowd:
    """Two processes that both start the server, over and over; stopped in between."""
    problems = []
    for number in range(rounds):
        pair = [
            subprocess.Popen(
                [sys.executable, "-c", _START, str(state)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
            for _ in range(2)
        ]
        results = [(*starter.communicate(timeout=90), starter.returncode) for starter in pair]
        if len({out for out, _, _ in results}) != 1 or any(code for _, _, code in results):
            problems.append(f"round {number}: {results}")
        stop_server(state)
    return Crowd("two processes start the server together", f"{rounds} rounds, one server each, no error", tuple(problems))


def refresh_while_stopping(home: Product, place: Path, clean: dict[str, str], prefix: str, every: float) -> Crowd:
    """A refresh whose server is told to stop again and again."""
    report = place / f"{prefix}.json"
    process = victim.start(home, prefix, report, None)
    stops = 0
    while process.is_alive():
        process.join(every)
        if process.is_alive() and running_server(home.state_dir) is not None:
            stops += stop_server(home.state_dir)
    problems = _outcomes([(process, report)])
    problems += differences(home.snapshot(prefix), clean)
    problems += home.leavings(deep=True)
    home.forget(prefix)
    return Crowd(f"a refresh whose server is stopped every {every:.0f} s", f"stopped {stops} times, no error", tuple(problems))
