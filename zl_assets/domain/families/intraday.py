"""v1.5 intraday: what the hours of a session say that its daily bar does not.

Belongs here: which hours are a session's, the family's formulas and model inputs. Must not be here: what makes an hourly bar
sound.
"""

import math
from collections.abc import Mapping

import pandas as pd

from zl_assets.contracts.columns import FRACTION, PRICE
from zl_assets.domain.families.base import Family, FamilyColumn, ModelInput, SourceNeed
from zl_assets.warehouse.contract import Column, ColumnType

STRUCT = "market_data"
HOURS = "databento_futures_ohlcv_1h"


def compute(sessions: pd.DataFrame, sources: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Volume-weighted mean price and hourly volatility of each session.

    Args:
        sessions: data_date, symbol and instrument_id of one symbol, in order of date.
        sources: databento_futures_ohlcv_1h with `stub`; empty where there is none.

    Returns:
        vwap (in the price's unit) and realized_vol_1h (fraction per hour), float64, on the index of `sessions`. NULL where a
        session has no volume in its hours, or fewer than two hourly returns.
    """
    hours = session_hours(sessions, sources[HOURS])
    volume = hours["volume"].astype("float64")
    traded = volume.groupby(hours["session"]).sum()
    vwap = (hours["close"] * volume).groupby(hours["session"]).sum() / traded.where(traded > 0)
    before = hours.groupby("session")[["close", "instrument_id"]].shift()
    # Two hours of unknown instruments are taken to be of one.
    changed = hours["instrument_id"].ne(before["instrument_id"]).fillna(False).astype(bool)
    ratios = (hours["close"] / before["close"]).mask(changed)
    # One by one: numpy's log of a vector may differ in the last bit with its length.
    returns = pd.Series([math.log(ratio) for ratio in ratios], index=hours.index, dtype="float64")
    spread = returns.groupby(hours["session"]).std(ddof=1)
    columns = {"vwap": vwap, "realized_vol_1h": spread}
    return pd.DataFrame({name: values.astype("float64").reindex(sessions.index) for name, values in columns.items()})


def session_hours(sessions: pd.DataFrame, hours: pd.DataFrame) -> pd.DataFrame:
    """The hours whose prices are a session's, as sessions.py has it for daily bars: those of its UTC date, and those of the stubs
    before it (before a holiday Monday, Tuesday's). Hours of another instrument than the session's are left out: they are prices
    of another contract.

    Args:
        sessions: data_date, symbol and instrument_id of one symbol, in order of date.
        hours: ts_event, symbol, open, high, low, close, volume and instrument_id of each hour, and `stub` (stubs.with_stubs), any
            row order; other symbols are ignored.

    Returns:
        The rows of `hours` in order of time, with `session`: the index of the session in `sessions`. Hours on a date that is no
        session, and stubs after the last session, are not among them.
    """
    own = hours[hours["symbol"].isin(sessions["symbol"].unique())].sort_values("ts_event", kind="stable", ignore_index=True)
    day = own["ts_event"].dt.tz_localize(None).dt.normalize()
    at = pd.Series(sessions["data_date"].searchsorted(day), index=own.index)
    found = own.assign(day=day)[at < len(sessions)]
    theirs = sessions.iloc[at[found.index]].set_axis(found.index)
    of_session = found["day"].eq(theirs["data_date"]) | found["stub"]
    foreign = found["instrument_id"].ne(theirs["instrument_id"]).fillna(False).astype(bool)
    placed = found.assign(session=sessions.index[at[found.index]]).drop(columns="day")
    kept: pd.DataFrame = placed[of_session & ~foreign]
    return kept


def _close_to_vwap(view: pd.DataFrame) -> "pd.Series[float]":
    return view["close"] / view["market_data_vwap"] - 1.0


def _hourly_volatility(view: pd.DataFrame) -> "pd.Series[float]":
    return view["market_data_realized_vol_1h"]


FAMILY = Family(
    name="intraday",
    phase="v1.5",
    description="Volume-weighted mean price and hourly volatility of each session, from hourly bars.",
    columns=(
        FamilyColumn(
            Column("vwap", ColumnType.FLOAT64, "volume-weighted mean of the session's hourly closes", PRICE),
            STRUCT,
            "sum(close volume) / sum(volume) over the session's hours, weekend hours included",
            (f"{HOURS}.close", f"{HOURS}.volume"),
            0.0,
        ),
        FamilyColumn(
            Column("realized_vol_1h", ColumnType.FLOAT64, "volatility of the session's hourly closes", FRACTION),
            STRUCT,
            "sample standard deviation (ddof 1) of ln(close / close of the hour before it in the session), within one instrument",
            (f"{HOURS}.close",),
            0.0,
            # The largest of 3,893 real sessions is 0.014 (2010-10-08).
            0.05,
        ),
    ),
    needs=(SourceNeed(HOURS, (), "with the session's own daily bar, which is summed from the same hours", of_instrument=True),),
    inputs=(
        ModelInput("close_to_vwap", ("market_data_vwap", "close"), _close_to_vwap),
        ModelInput("realized_vol_1h", ("market_data_realized_vol_1h",), _hourly_volatility),
    ),
    compute=compute,
)
