"""The sessions that the exchange's calendar has, from a library. Must not be here: the dates that the bars have."""

import datetime as dt

import pandas as pd


def expected_sessions(calendar: str, start: dt.date, end: dt.date) -> pd.DatetimeIndex:
    """The session dates from `start` to `end`, both included; naive datetime64[ns]; empty if `end` precedes `start`.

    Args:
        calendar: as pandas-market-calendars names it.
    """
    if end < start:
        return pd.DatetimeIndex([], dtype="datetime64[ns]")
    # 0.8 s, and only one check needs it.
    import pandas_market_calendars

    days = pandas_market_calendars.get_calendar(calendar).valid_days(start, end)
    return pd.DatetimeIndex(days.tz_localize(None).as_unit("ns"))
