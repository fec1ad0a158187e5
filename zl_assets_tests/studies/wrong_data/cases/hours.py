"""Wrong hourly bars beside right daily ones, of 2024 on. The issue does not name them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from zl_assets_tests.studies.wrong_data.case import TOLD, Case, Kind, Make, State
from zl_assets_tests.studies.wrong_data.feeds import PRICES, hourly_bars, right_bars


def hours(change: Callable[[pd.DataFrame], pd.DataFrame]) -> Make:
    """The hours of the right bars, changed."""

    def make(folder: Path) -> dict[str, Any]:
        bars = right_bars()
        change(hourly_bars(bars[bars["date"] >= "2024-01-01"])).to_parquet(folder / "hours.parquet", index=False)
        return {"bars_1h": folder / "hours.parquet", "families": ("intraday",)}

    return make


def _later(hours: pd.DataFrame, by: int) -> pd.DataFrame:
    return hours.assign(ts_event=hours["ts_event"] + pd.Timedelta(hours=by))


CASES = (
    Case(
        "hours-in-dollars",
        Kind.UNITS,
        "hourly bars in dollars beside daily ones in cents",
        State.FILLED,
        hours(lambda rows: rows.assign(**(rows[PRICES] / 100).round(4))),
        TOLD,
    ),
    Case(
        "hours-factor-1.07",
        Kind.UNITS,
        "hourly prices times 1.07 beside right daily ones",
        State.FILLED,
        hours(lambda rows: rows.assign(**(rows[PRICES] * 1.07).round(2))),
        TOLD,
    ),
    Case(
        "hours-in-chicago",
        Kind.DATES,
        "hourly bars under Chicago's time as if it were UTC",
        State.FILLED,
        hours(lambda rows: _later(rows, -6)),
        TOLD,
    ),
    Case(
        "hours-two-early",
        Kind.DATES,
        "hourly bars two hours early: some of a day's under the day before",
        State.FILLED,
        hours(lambda rows: _later(rows, -2)),
        TOLD,
    ),
)
