"""v4 golden zone of MES: where the close stands in the pullback from the newest swing high, and what volume did on the way.

Belongs here: the family's columns, formulas and model inputs. Must not be here: which hours are a session's (intraday.py).

A leg runs from a swing low up to a swing high; the zone is between 50 % and 61.8 % of the way back. Long side only: the
owner's words, "deep discount" and "back above", know no other.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from zl_assets.contracts.columns import PRICE
from zl_assets.domain.families.base import Family, FamilyColumn, ModelInput, SourceNeed
from zl_assets.domain.families.chart import Chart
from zl_assets.domain.families.intraday import HOURS, session_hours
from zl_assets.instruments.mes import INSTRUMENT as MES
from zl_assets.warehouse.contract import PANDAS_DTYPES, Column, ColumnType

STRUCT = "golden_zone"

# Hours on either side of a swing. The owner left it open; 3, 12 and 24 give 3.0, 1.1 and 0.7 % of the real sessions a trigger,
# and this 1.8 %.
SWING_HOURS = 6

# The owner's "average volume" over the last 20 hours would be a clock: 97 % of the hours from 8 to 10 exceed 1.5 times it, and
# almost no night hour does; with the same hour's mean it is 10 to 17 %.
MEAN_OF = 20
ZONE = "America/Chicago"

# Hours that the slope is taken over, and the relative volume that a trigger must exceed.
SLOPE_HOURS = 5
LOUD = 1.5

_LEG = ["swing_high", "swing_low", "high_at", "low_at", "entry", "broken", "slope"]
_HOUR = pd.Timedelta(1, "h")
_STATES = ("above the zone", "in the zone", "below the zone")

type Numbers = "np.ndarray[tuple[int], np.dtype[np.float64]]"
type Positions = "np.ndarray[tuple[int], np.dtype[np.int64]]"


@dataclass(frozen=True, eq=False)
class _Hours:
    """The hours of one symbol in order of time.

    Attributes:
        high, low, close: prices.
        relative: volume per mean of the last bars of the same Chicago hour, without the bar itself; NaN while there are too few.
        begins: position of the first hour of each hour's contract.
    """

    high: Numbers
    low: Numbers
    close: Numbers
    relative: Numbers
    begins: Positions


def compute(sessions: pd.DataFrame, sources: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The leg that is confirmed at each session's last hour, the pullback from its high, and whether an hour triggered.

    Everything is within one contract: at a roll it starts anew. Only the mean volume of an hour takes earlier bars across rolls.

    Args:
        sessions: data_date, symbol and instrument_id of one symbol, in order of date.
        sources: databento_futures_ohlcv_1h with `stub`; empty where there is none.

    Returns:
        state (Int64), swing_high, swing_low, fib_50, fib_618 (float64, in the price's unit), vol_decay_slope (float64, per hour)
        and qualified_trigger (boolean), on the index of `sessions`. NULL throughout where there is no leg: in the first hours of
        a contract, after a fall to where its swing lows are all above the newest swing high, and where a session has no hours.
    """
    own, placed = _placed(sessions, sources)
    legs = _legs_at_hours(_hours(own))
    ends = placed.groupby("session")["position"].max()
    found = legs.loc[ends].set_axis(ends.index)
    # A trigger is one of any hour of the session, of the leg of that hour.
    triggers = legs["qualified_trigger"].loc[placed["position"]].set_axis(placed.index).groupby(placed["session"]).any()
    found = found.assign(qualified_trigger=triggers.astype("boolean").where(found["swing_high"].notna()))
    dtypes = {column.column.name: PANDAS_DTYPES[column.column.type] for column in FAMILY.columns}
    return found.reindex(index=sessions.index, columns=list(dtypes)).astype(dtypes)


def show(sessions: pd.DataFrame, sources: Mapping[str, pd.DataFrame]) -> Chart | str:
    """The leg of the newest session: its hours from the swing low on, and all hours of the session.

    Args:
        sessions, sources: as `compute` takes them.
    """
    date = f"{sessions['data_date'].iloc[-1]:%Y-%m-%d}"
    own, placed = _placed(sessions, sources)
    of_session = placed.loc[placed["session"] == sessions.index[-1], "position"]
    if of_session.empty:
        return f"There is no hour of the session {date}, so it has no leg, and nothing is drawn."
    legs = _legs_at_hours(_hours(own))
    end = int(of_session.iloc[-1])
    leg = legs.loc[end]
    if math.isnan(leg["swing_high"]):
        return f"At the end of the session {date} no leg is confirmed, so its columns are NULL, and nothing is drawn."
    high, low = int(leg["high_at"]), int(leg["low_at"])
    times, closes = pd.DatetimeIndex(own["ts_event"]), own["close"].to_numpy("float64")
    begin = min(low, int(of_session.iloc[0]))
    fired = begin + np.flatnonzero(legs["qualified_trigger"].loc[begin:end])
    of_leg = legs["high_at"].to_numpy()[fired] == high
    broken, state = leg["broken"] <= end, int(leg["state"])

    def closes_at(hours: Positions) -> "pd.Series[float]":
        return pd.Series(closes[hours], index=times[hours])

    return Chart(
        title=f"golden zone of {date}, state {state}: {'the leg is broken' if broken else _STATES[state]}",
        label="close of each hour",
        line=closes_at(np.arange(begin, end + 1)),
        levels={name: float(leg[name]) for name in ("swing_high", "fib_50", "fib_618", "swing_low")},
        zone=("fib_618", "fib_50"),
        since=times[high],
        moments={f"high confirmed at {times[high + SWING_HOURS] + _HOUR:%m-%d %H:%M}": times[high + SWING_HOURS]},
        marks={
            "swing low": pd.Series([float(leg["swing_low"])], index=times[[low]]),
            "swing high": pd.Series([float(leg["swing_high"])], index=times[[high]]),
            "first close at or below fib_50": closes_at(np.flatnonzero(np.arange(end + 1) == leg["entry"])),
            "trigger": closes_at(fired[of_leg]),
            "trigger of an earlier leg": closes_at(fired[~of_leg]),
        },
    )


def _placed(sessions: pd.DataFrame, sources: Mapping[str, pd.DataFrame]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """All hours of the symbol in order of time; and those of the sessions, with `position` among all, whatever their session."""
    rows = sources[HOURS]
    own = rows[rows["symbol"].isin(sessions["symbol"].unique())].sort_values("ts_event", kind="stable", ignore_index=True)
    return own, session_hours(sessions, own.assign(position=own.index))


def _hours(own: pd.DataFrame) -> _Hours:
    high, low, close = (own[name].to_numpy("float64") for name in ("high", "low", "close"))
    volume = own["volume"].astype("float64")
    of_the_hour = volume.groupby(own["ts_event"].dt.tz_convert(ZONE).dt.hour)
    usual = of_the_hour.transform(lambda values: values.shift().rolling(MEAN_OF).mean())
    # Two hours of unknown instruments are taken to be of one.
    changed = own["instrument_id"].ne(own["instrument_id"].shift()).fillna(False).astype(bool).to_numpy()
    begins = np.maximum.accumulate(np.where(changed, np.arange(len(own)), 0))
    return _Hours(high, low, close, (volume / usual.where(usual > 0)).to_numpy("float64"), begins)


def _legs_at_hours(hours: _Hours) -> pd.DataFrame:
    """The family's columns at the end of each hour, of the leg that is confirmed then; the trigger of that hour alone.

    Returns:
        beside them high_at, low_at, entry and broken of that leg, as `_legs` has them.
    """
    highs, at = _swings(hours.high, hours.begins), np.arange(len(hours.close))
    legs = _legs(hours, highs)
    # The newest high that is confirmed, if it is of this contract, and not the newest that a leg leads up to: the owner's counts
    # (98.2 % of the real sessions have a leg) are of this reading, the other one has 98.4 %. After a fall the two differ: on 4
    # real sessions the other would go on with a leg from before it.
    newest = np.searchsorted(highs, at - SWING_HOURS, side="right") - 1
    confirmed = newest >= 0
    confirmed[confirmed] = highs[newest[confirmed]] >= hours.begins[confirmed]
    leg = legs.reindex(np.where(confirmed, newest, -1)).set_axis(at)
    close = pd.Series(hours.close)
    fib_50 = leg["swing_high"] - 0.5 * (leg["swing_high"] - leg["swing_low"])
    fib_618 = leg["swing_high"] - 0.618 * (leg["swing_high"] - leg["swing_low"])
    broken, back = leg["broken"] <= at, leg["entry"] <= at
    state = pd.Series(np.select([broken | (close > fib_50), close >= fib_618], [0.0, 1.0], 2.0))
    back_above = (close.shift() <= fib_50) & (close > fib_50)
    return pd.DataFrame(
        {
            "state": state.where(leg["swing_high"].notna()),
            "swing_high": leg["swing_high"],
            "swing_low": leg["swing_low"],
            "fib_50": fib_50,
            "fib_618": fib_618,
            "vol_decay_slope": leg["slope"].where(back),
            "qualified_trigger": back_above & back & ~broken & (hours.relative > LOUD) & (leg["slope"] < 0),
        }
    ).join(leg[["high_at", "low_at", "entry", "broken"]])


def _legs(hours: _Hours, highs: Positions) -> pd.DataFrame:
    """What becomes of the leg up to each swing high.

    Returns:
        swing_high and swing_low (the newest before it that is below it), high_at and low_at (their positions), entry and broken
        (the positions of the first hour of the contract after the high that closes at or below fib_50, and below the swing low),
        slope (of relative volume, up to the entry), float64, a row for each of `highs`; NaN where there is none.
    """
    lows = _swings(-hours.low, hours.begins)
    ends = np.searchsorted(hours.begins, hours.begins[highs], side="right")
    rows = []
    for high, end in zip(highs.tolist(), ends.tolist(), strict=True):
        before = lows[np.searchsorted(lows, hours.begins[high]) : np.searchsorted(lows, high)]
        below = before[hours.low[before] < hours.high[high]]
        if not len(below):
            rows.append((math.nan,) * len(_LEG))
            continue
        top, bottom, after = hours.high[high], hours.low[below[-1]], hours.close[high + 1 : end]
        entry = _first(after <= top - 0.5 * (top - bottom), high + 1)
        slope = math.nan if math.isnan(entry) else _slope(hours.relative, int(entry))
        rows.append((top, bottom, high, below[-1], entry, _first(after < bottom, high + 1), slope))
    return pd.DataFrame(rows, columns=_LEG, dtype="float64")


def _swings(values: Numbers, begins: Positions) -> Positions:
    """Positions whose value is above those of the hours before, and not below those after, all of one contract."""
    width = 2 * SWING_HOURS + 1
    if len(values) < width:
        return np.array([], dtype="int64")
    around = np.lib.stride_tricks.sliding_window_view(values, width)
    middle = around[:, SWING_HOURS]
    swing = (middle > around[:, :SWING_HOURS].max(axis=1)) & (middle >= around[:, SWING_HOURS + 1 :].max(axis=1))
    one_contract = begins[width - 1 :] <= np.arange(len(around))
    return np.flatnonzero(swing & one_contract) + SWING_HOURS


def _first(holds: "np.ndarray[tuple[int], np.dtype[np.bool_]]", start: int) -> float:
    """The position of the first that holds, counted from `start`; NaN if none does."""
    return float(start + holds.argmax()) if holds.any() else math.nan


def _slope(relative: Numbers, entry: int) -> float:
    """Least-squares slope per hour over the hours that end with `entry`; NaN where one has no value."""
    steps = np.arange(SLOPE_HOURS) - (SLOPE_HOURS - 1) / 2
    return float((steps * relative[entry - SLOPE_HOURS + 1 : entry + 1]).sum() / (steps**2).sum())


def _level(name: str, meaning: str, formula: str, *prices: str) -> FamilyColumn:
    column = Column(name, ColumnType.FLOAT64, meaning, PRICE)
    return FamilyColumn(column, STRUCT, formula, tuple(f"{HOURS}.{price}" for price in prices), low=0.0)


def _close_to_fib_50(view: pd.DataFrame) -> "pd.Series[float]":
    return view["close"] / view["golden_zone_fib_50"] - 1.0


def _input(name: str) -> ModelInput:
    column = f"{STRUCT}_{name}"
    return ModelInput(column, (column,), lambda view: view[column].astype("float64"))


FAMILY = Family(
    name="golden_zone",
    phase="v4",
    description="Where the close stands in the pullback from the newest swing high of the hours, and what volume did on the way.",
    columns=(
        FamilyColumn(
            Column("state", ColumnType.INT64, "where the session's last close stands: 0 above the zone, 1 in it, 2 below"),
            STRUCT,
            "0 above fib_50, or where a close since the high was below swing_low (the leg is broken), 1 from fib_618 to fib_50, "
            "2 below fib_618",
            (f"{HOURS}.high", f"{HOURS}.low", f"{HOURS}.close"),
            0,
            2,
        ),
        _level(
            "swing_high",
            "newest confirmed swing high; NULL where no confirmed swing low before it is below it",
            f"a high above those of the {SWING_HOURS} hours before it, and not below those of the {SWING_HOURS} after, with the "
            "end of which it is confirmed; within one contract",
            "high",
            "low",
        ),
        _level(
            "swing_low",
            "newest confirmed swing low before the swing high, below it",
            f"a low below those of the {SWING_HOURS} hours before it, and not above those of the {SWING_HOURS} after; within one "
            "contract",
            "high",
            "low",
        ),
        _level("fib_50", "half of the way back", "swing_high - 0.5 (swing_high - swing_low)", "high", "low"),
        _level("fib_618", "61.8 % of the way back", "swing_high - 0.618 (swing_high - swing_low)", "high", "low"),
        FamilyColumn(
            Column("vol_decay_slope", ColumnType.FLOAT64, "slope of relative volume per hour, on the way into the zone"),
            STRUCT,
            f"least-squares slope over the {SLOPE_HOURS} hours that end with the first close at or below fib_50 after the high, "
            f"NULL before it; relative volume is volume / mean of the last {MEAN_OF} bars of the same hour in Chicago",
            (f"{HOURS}.high", f"{HOURS}.low", f"{HOURS}.close", f"{HOURS}.volume"),
            # Of the real sessions 28 % have not come back to fib_50 by their end.
            coverage=0.60,
        ),
        FamilyColumn(
            Column("qualified_trigger", ColumnType.BOOL, "an hour of the session closed back above fib_50 on volume"),
            STRUCT,
            "after the first close at or below fib_50 of the leg that is confirmed at the end of the hour, and not broken: the "
            f"hour before closed at or below fib_50, it closed above, its relative volume is above {LOUD:g}, and vol_decay_slope "
            "below 0",
            (f"{HOURS}.high", f"{HOURS}.low", f"{HOURS}.close", f"{HOURS}.volume"),
        ),
    ),
    needs=(SourceNeed(HOURS, (), "with the session's own daily bar, which is summed from the same hours", of_instrument=True),),
    inputs=(
        _input("state"),
        ModelInput("golden_zone_close_to_fib_50", ("golden_zone_fib_50", "close"), _close_to_fib_50),
        _input("vol_decay_slope"),
        _input("qualified_trigger"),
    ),
    compute=compute,
    symbols=(MES.symbol,),
    show=show,
)
