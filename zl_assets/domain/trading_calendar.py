"""The sessions that the exchange's calendar has, from a library. Must not be here: the dates that the bars have."""

import datetime as dt

import pandas as pd

# Of the library's calendars (pandas-market-calendars 5.5.0), the one that agrees best with the 3,893 real ZL sessions from
# 2010-06-07 to 2025-11-14: 3 of its dates have no session, 7 sessions are not among its dates. CMEGlobex_Oilseeds and
# CMEGlobex_Grains disagree on 12 (they miss Juneteenth), CME and CBOT equity, rate and energy calendars on about 100.
CALENDAR = "CBOT_Agriculture"


def expected_sessions(start: dt.date, end: dt.date) -> pd.DatetimeIndex:
    """The session dates from `start` to `end`, both included; naive datetime64[ns]; empty if `end` precedes `start`."""
    if end < start:
        return pd.DatetimeIndex([], dtype="datetime64[ns]")
    # 0.8 s, and only one check needs it.
    import pandas_market_calendars

    days = pandas_market_calendars.get_calendar(CALENDAR).valid_days(start, end)
    return pd.DatetimeIndex(days.tz_localize(None).as_unit("ns"))
