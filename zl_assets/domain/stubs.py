"""Which dates hold the first hours of the next session instead of a session of their own.

Must not be here: what becomes of their prices (sessions.py, families/intraday.py).
"""

import pandas as pd

from zl_assets.instruments.base import Closure, Instrument

SATURDAY = 5


def on_stub_date(dates: "pd.Series[pd.Timestamp]", instrument: Instrument) -> "pd.Series[bool]":
    """Whether a bar of each date is a stub of the next session: on a Saturday or Sunday, and on a full closure of the
    instrument's exchange.

    Args:
        dates: naive UTC dates.

    Returns:
        bool, on the index of `dates`.
    """
    stub = dates.dt.dayofweek.ge(SATURDAY)
    for closure in instrument.closures:
        stub |= _on(closure, dates) | (_on(closure, dates - pd.Timedelta(days=1)) & dates.dt.dayofweek.eq(0))
    return stub


def with_stubs(hours: pd.DataFrame, instrument: Instrument) -> pd.DataFrame:
    """The hours with `stub` (bool): whether the bar of their UTC date is a stub.

    Args:
        hours: ts_event of each hour.
    """
    return hours.assign(stub=on_stub_date(hours["ts_event"].dt.tz_localize(None).dt.normalize(), instrument))


def _on(closure: Closure, dates: "pd.Series[pd.Timestamp]") -> "pd.Series[bool]":
    return dates.dt.month.eq(closure.month) & dates.dt.day.eq(closure.day)
