"""The sessions that the exchange's calendar has, from a library. Must not be here: the dates that the bars have."""

import datetime as dt
import functools
from typing import Any

import pandas as pd


@functools.lru_cache(maxsize=64)
def expected_sessions(calendar: str, start: dt.date, end: dt.date) -> pd.DatetimeIndex:
    """The session dates from `start` to `end`, both included; naive datetime64[ns]; empty if `end` precedes `start`.

    Args:
        calendar: as pandas-market-calendars names it.
    """
    if end < start:
        return pd.DatetimeIndex([], dtype="datetime64[ns]")
    days = _calendar(calendar).valid_days(start, end)
    return pd.DatetimeIndex(days.tz_localize(None).as_unit("ns"))


def session_closes(calendar: str, start: dt.date, end: dt.date) -> "pd.Series[pd.Timestamp]":
    """When each session from `start` to `end` closes, by its date; naive datetime64[ns] in UTC, early closes among them.

    Args:
        calendar: as pandas-market-calendars names it.
    """
    if end < start:
        return pd.Series(dtype="datetime64[ns]")
    closes: pd.Series[pd.Timestamp] = _calendar(calendar).schedule(start, end)["market_close"]
    return closes.dt.tz_localize(None).astype("datetime64[ns]")


@functools.cache
def _calendar(name: str) -> Any:
    """One for each process: it works out its holidays when it is first asked, 0.07 s, and answers for 15 years in 50 ms then."""
    # 0.2 s, and few steps need it.
    import pandas_market_calendars

    return pandas_market_calendars.get_calendar(name)
