"""Histories of other lengths, and bounds that were wrong."""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from zl_assets.domain.trading_calendar import expected_sessions
from zl_assets.instruments.zl import INSTRUMENT as ZL
from zl_assets_tests.studies.wrong_data import feeds
from zl_assets_tests.studies.wrong_data.case import LOADED, REFUSED, Case, Kind, Make, Outcome, State
from zl_assets_tests.studies.wrong_data.cases.making import changed
from zl_assets_tests.studies.wrong_data.feeds import PRICES, right_bars

MINIMA = {"min_matrix_rows": 1, "min_labelled_rows": 1}


def newest(bars: int) -> Callable[[], pd.DataFrame]:
    """The newest of the right bars."""
    return lambda: right_bars().tail(bars).reset_index(drop=True)


def roll_gap(after: str, factor: float, ids: bool = True) -> Callable[[], pd.DataFrame]:
    """The first lasting roll after a date becomes one of this factor: all earlier prices are divided by it.

    Args:
        ids: with instrument ids.
    """

    def bars() -> pd.DataFrame:
        right = right_bars()
        contracts = right["instrument_id"].to_numpy("int64")
        at = next(
            i
            for i in np.flatnonzero(right["date"] >= after)
            if contracts[:i].max() < contracts[i:].min() and right["date"].iloc[i].dayofweek < 5
        )
        scaled = right[PRICES].mul(np.where(right.index >= at, 1.0, 1.0 / factor), axis=0).round(2)
        made = right.assign(**scaled)
        return made if ids else made.assign(instrument_id=pd.array([None] * len(made), dtype="Int64"))

    return bars


def of(bars: Callable[[], pd.DataFrame], **settings: Any) -> Make:
    """These bars as Parquet, under their settings."""
    return changed(lambda _: bars(), **settings)


def earlier(first: str, last: str = "2010-06-04") -> pd.DataFrame:
    """Invented bars before the right ones."""
    right = right_bars()
    days = expected_sessions(ZL.calendar, dt.date.fromisoformat(first), dt.date.fromisoformat(last))
    steps = np.random.default_rng(8).normal(0, 0.012, len(days))
    closes = np.round(36.0 * np.exp(np.cumsum(steps - steps.mean())), 2)
    made = pd.DataFrame({"date": days, "symbol": "ZL", "open": closes, "close": closes})
    made = made.assign(high=(closes * 1.01).round(2), low=(closes * 0.99).round(2), volume=40_000, instrument_id=400_000)
    return pd.concat([made[right.columns], right], ignore_index=True).astype(right.dtypes)


def _one_file_a_bar(folder: Path) -> dict[str, Any]:
    head, *lines = feeds.csv_text(right_bars()).splitlines(keepends=True)
    for i, line in enumerate(lines):
        (folder / f"bars-{i:04}.csv").write_text(head + line)
    return {"bars": folder}


def _one_print(bars: pd.DataFrame) -> pd.DataFrame:
    """No roll."""
    bars.loc[3000, PRICES] = (bars.loc[3000, PRICES].astype(float) * 1.6).round(2)
    return bars


def _case(
    name: str,
    wrong: str,
    make: Make,
    *says: str,
    must: tuple[Outcome, ...] = LOADED,
    right: Callable[[], pd.DataFrame] | None = None,
    own: bool = False,
) -> Case:
    return Case(name, Kind.HISTORIES, wrong, State.EMPTY, make, must, says, right, own)


def _short(name: str, wrong: str, bars: int, own: bool = False) -> Case:
    """They are loaded, and what the model lacks is said: how much would do."""
    made = of(newest(bars), **MINIMA)
    says = "labelled rows are enough"
    return _case(name, f"{wrong} with lowered minima", made, says, must=(Outcome.HALF,), right=newest(bars), own=own)


CASES = (
    _short("one-year", "one year of bars", 252, own=True),
    _short("two-years", "two years of bars", 504, own=True),
    _short("five-years", "five years of bars", 1260),
    _short("half-a-year", "half a year of bars", 126),
    _short("ninety-bars", "90 bars", 90),
    _case("begins-in-2008", "bars that begin in 2008", of(lambda: earlier("2008-01-02")), "regime", must=REFUSED, own=True),
    _case(
        "begins-in-december-2009",
        "bars that begin a day before the first regime",
        of(lambda: earlier("2009-12-31")),
        "regime",
        must=REFUSED,
    ),
    _case(
        "begins-in-2010",
        "bars that begin with the first regime",
        of(lambda: earlier("2010-01-04")),
        right=lambda: earlier("2010-01-04"),
    ),
    _case("file-a-bar", "a folder of 3,998 files, one bar each", _one_file_a_bar, right=right_bars, own=True),
    _case(
        "roll-gap-60",
        "one roll gap of 60 %, with instrument ids",
        of(roll_gap("2018-02-01", 1.6)),
        right=roll_gap("2018-02-01", 1.6),
        own=True,
    ),
    _case(
        "roll-gap-down-45",
        "one roll gap of -45 %, with instrument ids",
        of(roll_gap("2014-05-01", 0.55)),
        right=roll_gap("2014-05-01", 0.55),
    ),
    _case("roll-gap-newest", "a roll gap of 60 % in 2025", of(roll_gap("2025-02-01", 1.6)), right=roll_gap("2025-02-01", 1.6)),
    _case(
        "roll-gap-60-no-ids",
        "one roll gap of 60 %, without instrument ids",
        of(roll_gap("2018-02-01", 1.6, ids=False)),
        must=(Outcome.LOADED_TOLD,),
        right=roll_gap("2018-02-01", 1.6, ids=False),
        own=True,
    ),
    replace(
        _case("one-print-60", "one bar 60 % too high, not on a roll", changed(_one_print), must=(*REFUSED, Outcome.RED)),
        state=State.FILLED,
    ),
)
