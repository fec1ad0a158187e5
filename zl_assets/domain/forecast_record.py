"""What the record takes: one row for what is said today, and nothing that was said before.

Must not be here: how a forecast is made, how it came out (forecast_score.py).
"""

import datetime as dt
from dataclasses import dataclass

import pandas as pd

from zl_assets.instruments.base import Horizon, Instrument

# A forecast that is written down later than this after its as-of date was not there to act on.
LIVE_DAYS = 3


@dataclass(frozen=True)
class Remembered:
    """What the last materialization of the record said of it, for one instrument and horizon.

    Attributes:
        rows: how many rows there were.
        issued_on: the newest as-of date among them; None where there were none.
        lost: how many rows had been lost before it, and nobody has accepted that.
    """

    rows: int = 0
    issued_on: dt.date | None = None
    lost: int = 0

    @property
    def said(self) -> int:
        """How many rows there would be if none had been lost."""
        return self.rows + self.lost

    def lost_now(self, record: pd.DataFrame) -> int:
        """How many of them the record does not have. Rows that were put back are not lost; a row that was added since, by a run
        that was killed before it could say so, stands for none of them."""
        return max(0, self.said - _said_by(record, self.issued_on))

    def accepted(self, record: pd.DataFrame, today: dt.date) -> "Remembered":
        """The same once a person has said that what was lost is gone. With it goes a date that has not come: a clock that was
        ahead wrote it, and nothing earlier would be taken until then.

        Args:
            today: in UTC.
        """
        newest = self.issued_on
        if newest is not None and newest > today:
            newest = max(record["issued_on"].dt.date, default=None)
        return Remembered(_said_by(record, newest), newest)


@dataclass(frozen=True, eq=False)
class Taken:
    """What the record takes now.

    Attributes:
        rows: one row, or none.
        said: why, for a person.
        usual: nobody need look into it.
    """

    rows: pd.DataFrame
    said: str
    usual: bool = False


def of_horizon(rows: pd.DataFrame, instrument: Instrument, horizon: Horizon) -> pd.DataFrame:
    """The rows of one instrument and horizon, of a table that several share."""
    return rows[rows["symbol"].eq(instrument.symbol) & rows["horizon"].eq(horizon.name)].reset_index(drop=True)


def forecast_of(latest: pd.DataFrame, horizon: Horizon, issued_on: dt.date, source: str, now: dt.datetime) -> pd.DataFrame:
    """What is said of the newest session: the record's row but for its stamp.

    Args:
        latest: rows of the contract `latest`, at least one.
        issued_on: the as-of date.
        source: what the prices are.
        now: in UTC.
    """
    newest = latest.sort_values("data_date").tail(1).reset_index(drop=True)
    newest = newest.rename(columns={"low_close": "low_80_close", "high_close": "high_80_close"})
    return newest.assign(
        issued_on=pd.Timestamp(issued_on),
        horizon=horizon.name,
        source=source,
        back_dated=is_back_dated(issued_on, newest["target_session"].dt.date.item(), now),
    )


def taken(forecast: pd.DataFrame, record: pd.DataFrame, remembered: Remembered, today: dt.date) -> Taken:
    """What of today's forecast the record takes.

    Nothing is said as of a day that has not come: all that is said until then would be earlier than the newest in the record.

    Args:
        forecast: one row, as of `forecast_of`.
        record: the rows that the table has of this symbol and horizon.
        remembered: what the last materialization said, by which a row that was lost is known, and not made again.
        today: in UTC.
    """
    [issued_on], [data_date] = forecast["issued_on"].dt.date, forecast["data_date"].dt.date
    none = forecast.iloc[:0]
    there = record[record["issued_on"].dt.date.eq(issued_on) & record["data_date"].dt.date.eq(data_date)]
    if len(there):
        return Taken(none, f"what is said of {data_date} as of {issued_on} is in the record already", usual=True)
    newest = max(filter(None, (remembered.issued_on, *record["issued_on"].dt.date)), default=None)
    if newest is not None and issued_on < newest:
        why = f"the as-of date {issued_on} is earlier than the newest in the record, {newest}"
        if newest > today:
            why += ". That has not come yet, a clock was ahead: delete its row by hand, and accept that it is lost"
        return Taken(none, why)
    if (
        newest is not None
        and issued_on == newest
        and remembered.issued_on == newest
        and record["issued_on"].dt.date.lt(newest).all()
    ):
        return Taken(none, f"what was said as of {issued_on} has been recorded, and is no longer there: it is not made again")
    if data_date >= issued_on:
        return Taken(none, f"the session {data_date} that is forecast from is not over on the as-of date {issued_on}")
    if issued_on > today:
        return Taken(none, f"the as-of date {issued_on} is later than today, {today}: nothing is said before its day")
    return Taken(forecast, f"added what is said of {data_date} as of {issued_on}")


def is_back_dated(issued_on: dt.date, target_session: dt.date, now: dt.datetime) -> bool:
    """Is a row that is recorded `now` no forecast that was there on its day, or one of a day that was over by then?

    Args:
        target_session: the session that is forecast. With bars that are weeks old it lies before `issued_on`.
        now: in UTC.
    """
    return (now.date() - issued_on).days > LIVE_DAYS or target_session < issued_on


def _said_by(record: pd.DataFrame, newest: dt.date | None) -> int:
    """Rows of an as-of date up to `newest`; of none where there is none."""
    return 0 if newest is None else int(record["issued_on"].dt.date.le(newest).sum())
