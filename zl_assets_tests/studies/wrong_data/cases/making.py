"""Short ways to make a case's files. Must not be here: a case."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from zl_assets_tests.studies.wrong_data import feeds
from zl_assets_tests.studies.wrong_data.case import Case, Make, State

type Change = Callable[[pd.DataFrame], pd.DataFrame]


def changed(change: Change, **settings: Any) -> Make:
    """The right bars, changed, as Parquet."""
    return lambda folder: {"bars": feeds.parquet(folder, change(feeds.right_bars()))} | settings


def csv_lines(edit: Callable[[list[str]], Iterable[str]], name: str = "bars.csv") -> Make:
    """The right bars as CSV, its lines (each with its end, the header first) edited."""

    def make(folder: Path) -> dict[str, Any]:
        lines = feeds.csv_text(feeds.right_bars()).splitlines(keepends=True)
        return {"bars": feeds.csv(folder, "".join(edit(lines)), name)}

    return make


def csv_text(text: Callable[[], str | bytes], name: str = "bars.csv") -> Make:
    """A file of this content."""

    def make(folder: Path) -> dict[str, Any]:
        content = text()
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return {"bars": folder / name}

    return make


def folder_of(**files: Callable[[Path], object]) -> Make:
    """A folder; each value writes into it."""

    def make(folder: Path) -> dict[str, Any]:
        for write in files.values():
            write(folder)
        return {"bars": folder}

    return make


def in_both_states(case: Case) -> tuple[Case, Case]:
    """The case in an empty and in a filled state."""
    return (
        replace(case, name=f"{case.name}-empty", state=State.EMPTY),
        replace(case, name=f"{case.name}-filled", state=State.FILLED),
    )
