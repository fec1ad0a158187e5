"""v1 pivots: price levels from the session before, and how far the close is from them.

Belongs here: the family's columns, formulas and model inputs. Must not be here: anything that another family uses too.

The levels are the floor trader's (P, R1, R2, S1, S2), and the owner's calculator's for the third and fourth.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from zl_assets.contracts.columns import PRICE
from zl_assets.domain.families.base import SESSIONS, Family, FamilyColumn, ModelInput
from zl_assets.warehouse.contract import Column, ColumnType

STRUCT = "pivots"
_BEFORE = "H, L, C: high, low and close of the session before"
_SESSION = tuple(f"{SESSIONS}.{name}" for name in ("high", "low", "close"))


def compute(sessions: pd.DataFrame, sources: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Pivot levels and distances of each session.

    The first session has no session before it and is NULL throughout. The weekly pivot is of the sessions of the ISO week (Monday
    to Sunday) before the session's own; where that week has none, it is NULL: an older week does not take its place.

    Args:
        sessions: data_date, high, low and close of one symbol, in order of date.
        sources: not used.

    Returns:
        P, R1, R2, S1, S2, distance_to_P, distance_to_nearest_pivot, weekly_pivot_distance (float64, in the price's unit) and
        price_above_P (boolean), on the index of `sessions`.
    """
    close = sessions["close"]
    high, low, last = (sessions[name].shift() for name in ("high", "low", "close"))
    pivot = (high + low + last) / 3
    r1, s1 = 2 * pivot - low, 2 * pivot - high
    r2, s2 = pivot + (high - low), pivot - (high - low)
    levels = [
        pivot,
        *(r1, r2, high + 2 * (pivot - low), high + 3 * (high - low)),
        *(s1, s2, low - 2 * (high - pivot), low - 3 * (high - low)),
        *((pivot + r1) / 2, (pivot + s1) / 2),
    ]
    distances = np.abs(np.stack([(close - level).to_numpy() for level in levels]))
    return pd.DataFrame(
        {
            "P": pivot,
            "R1": r1,
            "R2": r2,
            "S1": s1,
            "S2": s2,
            "distance_to_P": close - pivot,
            "distance_to_nearest_pivot": distances.min(axis=0),
            "weekly_pivot_distance": (close - _weekly_pivot(sessions)).abs(),
            "price_above_P": close.gt(pivot).astype("boolean").where(pivot.notna()),
        },
        index=sessions.index,
    )


def _weekly_pivot(sessions: pd.DataFrame) -> "pd.Series[float]":
    """(high + low + close) / 3 of the ISO week before each session's own."""
    # The Monday of each session's week names it, across the turn of a year too.
    monday = sessions["data_date"] - pd.to_timedelta(sessions["data_date"].dt.dayofweek, unit="D")
    weeks = sessions.groupby(monday).agg(high=("high", "max"), low=("low", "min"), close=("close", "last"))
    pivots = (weeks["high"] + weeks["low"] + weeks["close"]) / 3
    return pivots.reindex(monday - pd.Timedelta(days=7)).set_axis(sessions.index)


def _level(name: str, meaning: str, formula: str) -> FamilyColumn:
    return FamilyColumn(Column(name, ColumnType.FLOAT64, meaning, PRICE), STRUCT, f"{formula}; {_BEFORE}", _SESSION)


def _distance(name: str, meaning: str, formula: str, low: float | None = None) -> FamilyColumn:
    return FamilyColumn(Column(name, ColumnType.FLOAT64, meaning, PRICE), STRUCT, formula, _SESSION, low=low)


def _per_close(name: str) -> ModelInput:
    column = f"{STRUCT}_{name}"
    return ModelInput(f"{column}_per_close", (column, "close"), lambda view: view[column] / view["close"])


def _above(view: pd.DataFrame) -> "pd.Series[float]":
    return view["pivots_price_above_P"].astype("float64")


FAMILY = Family(
    name="pivots",
    phase="v1",
    description="Pivot levels from the high, low and close of the session before, and the distance of the close to them.",
    columns=(
        _level("P", "pivot of the session before", "(H + L + C) / 3"),
        _level("R1", "first resistance", "2 P - L"),
        _level("R2", "second resistance", "P + (H - L)"),
        _level("S1", "first support", "2 P - H"),
        _level("S2", "second support", "P - (H - L)"),
        _distance("distance_to_P", "close - P, signed", "close - P"),
        _distance(
            "distance_to_nearest_pivot",
            "distance of the close to the nearest of eleven levels",
            "least |close - level| over P, R1, R2, S1, S2, R3 = H + 2 (P - L), S3 = L - 2 (H - P), R4 = H + 3 (H - L), "
            "S4 = L - 3 (H - L), (P + R1) / 2 and (P + S1) / 2 (the owner's calculator)",
            low=0.0,
        ),
        _distance(
            "weekly_pivot_distance",
            "distance of the close to the pivot of the week before; NULL where that week has no session",
            "|close - (high + low + close) / 3| of the sessions in the ISO week before the session's own",
            low=0.0,
        ),
        FamilyColumn(Column("price_above_P", ColumnType.BOOL, "the close is above P"), STRUCT, "close > P", _SESSION),
    ),
    needs=(),
    inputs=(
        _per_close("distance_to_P"),
        _per_close("distance_to_nearest_pivot"),
        _per_close("weekly_pivot_distance"),
        ModelInput("pivots_price_above_P", ("pivots_price_above_P",), _above),
    ),
    compute=compute,
)
