"""A refresh in a process of its own, which dies, or whose server dies, at a chosen moment.

Belongs here: what runs in that process. The moments are counted with Python's audit hooks, so nothing in the product knows of it:
each message to the server, and each creation, rename or removal in the folders of the CSV and the models.
"""

import json
import multiprocessing
import os
import signal
import sys
import threading
import time
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import lightgbm  # noqa: F401  imported here so that a fork of the fork server starts at once
import pyarrow.parquet  # noqa: F401

from zl_assets.embedded.folder import Folder
from zl_assets_tests.support.product import Product
from zl_assets_tests.support.replay_fits import place_for, remembered_fits

_FILES = {"open": 0, "os.rename": 1, "os.mkdir": 0, "os.symlink": 1, "os.remove": 0, "os.chmod": 0}
context = multiprocessing.get_context("forkserver")
context.set_forkserver_preload(["zl_assets_tests.faults.victim"])


@dataclass(frozen=True)
class Shot:
    """Kill -9 of this process (`run`) or of its server (`server`), `delay` seconds after an event began.

    Attributes:
        event: its number, from 0, among the events whose names begin with `kind`.
    """

    who: str
    event: int
    delay: float
    kind: str = ""


def start(home: Product, prefix: str, report: Path, shot: Shot | None) -> BaseProcess:
    """A refresh without checks; writes its events and outcome to `report`, if it lives."""
    process = context.Process(target=_refresh, args=(home, prefix, report, shot))
    process.start()
    return process


def _refresh(home: Product, prefix: str, report: Path, shot: Shot | None) -> None:
    import logging
    import warnings

    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    events: list[str] = []
    watched = watched_folders(home)

    def hook(name: str, arguments: tuple[Any, ...]) -> None:
        what = describe(name, arguments, watched)
        if what is None:
            return
        events.append(what)
        if shot is None or not what.startswith(shot.kind):
            return
        if sum(event.startswith(shot.kind) for event in events) == shot.event + 1:
            victim = os.getpid() if shot.who == "run" else _server(home.state_dir)
            if shot.delay:
                threading.Thread(target=_fire, args=(victim, shot.delay), daemon=True).start()
            else:
                os.kill(victim, signal.SIGKILL)

    sys.addaudithook(hook)
    began = time.monotonic()
    with remembered_fits(place_for(home.folder)):
        result = home.refresh(checks=False, dataset_prefix=prefix)
    from zl_assets_tests.support.product import failures

    outcome = {"success": result.success, "said": failures(result), "events": events, "seconds": time.monotonic() - began}
    report.write_text(json.dumps(outcome))
    os._exit(0)


def _fire(victim: int, delay: float) -> None:
    time.sleep(delay)
    os.kill(victim, signal.SIGKILL)


def _server(state: Path) -> int:
    return int(json.loads(Folder.of(state).server_json.read_text())["pid"])


def watched_folders(home: Product) -> tuple[str, ...]:
    """Where a file is an event."""
    return tuple(str(home.state_dir / name) for name in ("models", "training_csv"))


def describe(name: str, arguments: tuple[Any, ...], watched: tuple[str, ...]) -> str | None:
    """What an audit event is, or None where it is none of ours."""
    if name == "http.client.send":
        data = arguments[1]
        if not isinstance(data, bytes) or b"/_zl/" in data[:40]:
            return None
        return _message(data)
    if name in _FILES:
        path = str(arguments[_FILES[name]])
        if not path.startswith(watched) or (name == "open" and not (isinstance(arguments[2], int) and arguments[2] & os.O_CREAT)):
            return None
        return f"{name} {'models' if path.startswith(watched[0]) else 'csv'}"
    return None


def _message(data: bytes) -> str:
    first = data.split(b"\r\n", 1)[0]
    if first.endswith(b"HTTP/1.1"):
        method, path, _ = first.decode().split(" ")
        place = [p for p in path.split("?")[0].split("/") if p]
        return f"headers {method} {place[-1] if place[-1] in ('jobs', 'queries', 'tables', 'datasets') else place[-2]}"
    marker = data.find(b'"zl_step"')
    return f"body {data[marker:].split(b'"')[3].decode()}" if marker >= 0 else "body of a table or dataset"
