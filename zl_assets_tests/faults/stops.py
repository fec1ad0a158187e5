"""The main job of the command line, stopped at chosen moments; how it ends, what it says, and what a rerun makes of it.

Belongs here: the moments, the stopping, by what anybody can send to a process, and the judgement. Must not be here: what is left
by a run that did not end well, which kills.py judges.
"""

import json
import os
import re
import runpy
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg

from zl_assets_tests.faults import victim
from zl_assets_tests.faults.http_faults import older_and_newer_bars
from zl_assets_tests.faults.kills import left_by
from zl_assets_tests.support.product import AS_OF, Product
from zl_assets_tests.support.replay_fits import place_for, remembered_fits

# Seconds from the signal to the end of the run: what is promised.
PROMISE = 10.0
_PATIENCE = 600.0

TERMINATE = "Terminate"
"""Beside the names of signals: the run is ended from the UI, which knows no way to its process."""


@dataclass(frozen=True)
class Stop:
    """How a refresh is stopped, and when.

    Attributes:
        how: SIGINT, SIGTERM or TERMINATE.
        at: what an event begins with.
        delay: seconds between the beginning of the event and the stop.
        what: the moment, in words.
        later: it is the second refresh of the tables, from newer bars; otherwise it is the first, with no CSV or model there.
    """

    how: str
    at: str
    delay: float
    what: str
    later: bool = False


# A moment of every kind of work that a refresh does, in order, and every way to stop it.
STOPS = (
    Stop("SIGTERM", "step databento_futures_ohlcv_1d", 0.05, "the source is read"),
    Stop("SIGINT", "body load", 0.0, "a load job is sent"),
    Stop("SIGTERM", "body merge", 0.0, "a MERGE runs", later=True),
    Stop(TERMINATE, "step zl_ohlcv_checks", 0.0, "the checks of the sessions begin"),
    Stop("SIGINT", "import matplotlib.figure", 0.2, "a picture is drawn"),
    Stop("SIGTERM", "body create_view", 0.0, "the view is created"),
    Stop("SIGINT", "os.rename csv", 0.0, "the CSV is put in place"),
    Stop("SIGTERM", "ctypes.dlsym LGBM_BoosterUpdateOneIter", 0.5, "the model is trained"),
    Stop("SIGINT", "os.rename models", 0.0, "the model is stored"),
    Stop(TERMINATE, "step zl_1m_latest", 0.0, "the forecasts are made"),
)


@dataclass(frozen=True)
class Stopped:
    """One stop and what came of it.

    Attributes:
        seconds: from the stop to the record of the run's end; None where there was none.
        written: assets that the run had been told were written.
    """

    stop: Stop
    seconds: float | None
    written: int
    problems: tuple[str, ...]


def product(folder: Path) -> tuple[Product, dict[str, Any]]:
    """A home whose bars are a file, and the settings under which they are those of a month ago."""
    older, newer = older_and_newer_bars(folder / "bars")
    return Product(folder / "home", {"bars": newer, "as_of": AS_OF}, on_disk=True), {"bars": older}


def stop_once(
    home: Product, older: dict[str, Any], place: Path, number: int, stop: Stop, clean: dict[str, str], *, deep: bool
) -> Stopped:
    """One stop of the main job, the rerun, and the judgement.

    Args:
        older: settings of an earlier refresh, for a stop that is `later`.
    """
    prefix, before = f"s{number}_", {}
    for name in ("models", "training_csv"):
        shutil.rmtree(home.state_dir / name, ignore_errors=True)
    if stop.later:
        before, clean = _refreshed_twice(home, older, prefix)
    # As the project's own, which is silent; without the file Dagster writes a page about itself.
    Path(home.instance.root_directory, "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    report = place / f"{prefix}.json"
    process = victim.context.Process(target=_main, args=(home, prefix, report, stop))
    process.start()
    process.join(_PATIENCE)
    problems = []
    if process.is_alive():
        problems.append("the run hangs")
        process.kill()
        process.join()
    sent = json.loads(report.read_text())["sent"] if report.exists() else None
    said, [run] = report.with_suffix(".said").read_text(), home.instance.get_run_records(limit=1)
    seconds = run.end_time - sent if sent and run.end_time else None
    status, expected = run.dagster_run.status, 143 if stop.how == "SIGTERM" else 130
    if sent is None:
        problems.append(f"there was no such moment, and the run ended as {status.value}")
    elif status is not dg.DagsterRunStatus.CANCELED:
        problems.append(f"the run ended as {status.value}")
    elif seconds is None or seconds > PROMISE:
        problems.append(f"the end took {seconds} s")
    if process.exitcode != expected:
        problems.append(f"exit code {process.exitcode} instead of {expected}")
    # After the assets whose turn had come.
    if not re.fullmatch(r"( *[0-9.]+ s  \w+\n)*Stopped\. Run [^\n]*\n", said):
        problems.append(f"it said {said}")
    written = len(home.acknowledged())
    problems += left_by(home, prefix, clean, before, deep=deep)
    return Stopped(stop, seconds, written, tuple(problems))


def _refreshed_twice(home: Product, older: dict[str, Any], prefix: str) -> tuple[dict[str, str], dict[str, str]]:
    """Digests after a refresh from older bars, which stays, and after one from newer bars that follows it, which goes."""
    undisturbed = f"{prefix}undisturbed_"
    for name in (undisturbed, prefix):
        assert home.refresh(checks=False, dataset_prefix=name, **older).success
        if name == undisturbed:
            assert home.refresh(checks=False, dataset_prefix=name).success
            clean = home.snapshot(name)
            home.forget(name)
            for folder in ("models", "training_csv"):
                shutil.rmtree(home.state_dir / folder)
    return home.snapshot(prefix), clean


def _main(home: Product, prefix: str, report: Path, stop: Stop) -> None:
    """`python -m zl_assets` in this process, which is told to stop when the moment comes."""
    os.environ |= {
        "ZL_STATE_DIR": str(home.state_dir),
        "ZL_DATASET_PREFIX": prefix,
        "DAGSTER_HOME": home.instance.root_directory,
        **{f"ZL_{name.upper()}": str(value) for name, value in home.values.items()},
    }
    home.let_go()
    with report.with_suffix(".said").open("w") as said:
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
    _at(stop, victim.watched_folders(home), lambda: report.write_text(json.dumps({"sent": time.time()})))
    sys.argv = ["zl_assets"]
    with remembered_fits(place_for(home.folder)):
        runpy.run_module("zl_assets", run_name="__main__")


def _at(stop: Stop, watched: tuple[str, ...], note: Callable[[], object]) -> None:
    """Stop this process once, when the event has begun."""
    begun = threading.Event()

    def fire() -> None:
        begun.wait()
        time.sleep(stop.delay)
        note()
        if stop.how == TERMINATE:
            with dg.DagsterInstance.get() as instance:
                instance.run_launcher.terminate(instance.get_runs(limit=1)[0].run_id)
        else:
            os.kill(os.getpid(), signal.Signals[stop.how])

    threading.Thread(target=fire, daemon=True).start()

    def see(what: str | None) -> None:
        if what is not None and what.startswith(stop.at):
            begun.set()

    def hook(name: str, arguments: tuple[Any, ...]) -> None:
        if name == "ctypes.dlsym":
            see(f"{name} {arguments[1]}")
        elif name == "import":
            see(f"{name} {arguments[0]}")
        else:
            see(victim.describe(name, arguments, watched))

    sys.addaudithook(hook)
    handle = dg.DagsterInstance.handle_new_event

    def handled(instance: dg.DagsterInstance, event: dg.EventLogEntry, **how: Any) -> None:
        if event.dagster_event is not None and event.dagster_event.event_type is dg.DagsterEventType.STEP_START:
            see(f"step {event.step_key}")
        handle(instance, event, **how)

    dg.DagsterInstance.handle_new_event = handled  # type: ignore[method-assign]
