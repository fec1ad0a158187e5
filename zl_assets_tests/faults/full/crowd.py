"""Crowds: refreshes, readers, starters and stops at the same time."""

import datetime as dt
from pathlib import Path

from zl_assets_tests.faults.crowd import (
    Crowd,
    folders_at_once,
    refresh_beside_readers,
    refresh_while_stopping,
    refreshes_at_once,
    starts_together,
)
from zl_assets_tests.faults.figures import table
from zl_assets_tests.faults.http_faults import older_and_newer_bars
from zl_assets_tests.faults.kills import clean_run
from zl_assets_tests.support.product import Product, kill_leftover_server

ROUNDS = 100


def run(place: Path, rounds: int = ROUNDS) -> tuple[str, str, list[str]]:
    """The section."""
    bars = older_and_newer_bars(place / "bars")
    home = Product(place / "home", {"bars": bars[1], "as_of": dt.date(2025, 11, 15)}, on_disk=True)
    crowds: list[Crowd] = []

    def note(crowd: Crowd) -> None:
        crowds.append(crowd)
        print(crowd, flush=True)

    try:
        clean, _ = clean_run(home, place)
        for i, count in enumerate((2, 2, 4)):
            note(refreshes_at_once(home, place, clean, count, f"crowd{i}_"))
        note(folders_at_once(place / "folders", bars, clean, 5))
        note(refresh_beside_readers(home, place, bars, 8))
        for i, every in enumerate((1.0, 4.0)):
            note(refresh_while_stopping(home, place, clean, f"stops{i}_", every))
        note(starts_together(place / "starters", rounds))
    finally:
        kill_leftover_server(home.state_dir)
    rows = [(c.what, c.measured if not c.problems else "FAILED: " + "; ".join(c.problems)[:300]) for c in crowds]
    return "Several at once", table(("what", "outcome"), rows), [f"{c.what}: {p}" for c in crowds for p in c.problems]
