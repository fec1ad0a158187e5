"""How a predicate names the rows that break it. Must not be here: a predicate."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from zl_assets.warehouse.digits import number
from zl_assets.warehouse.verdict import MAX_OFFENDERS, Verdict

KEYS = ("date", "data_date", "ts_event", "series", "observed_on", "symbol", "regime")


PRICES = ("open", "high", "low", "close")


# Agreement between two ways to compute a float64 feature on prices below 100: their differences are of the order of 1e-13.
TOLERANCE = 1e-9


def keys(frame: pd.DataFrame) -> list[str]:
    return [key for key in KEYS if key in frame.columns]


def named(frame: pd.DataFrame, name: str) -> str:
    return next(column for column in frame.columns if column.rpartition(".")[2] == name)


def price_names(frame: pd.DataFrame) -> dict[str, str]:
    return {name: named(frame, name) for name in PRICES}


def price_columns(frame: pd.DataFrame) -> list[str]:
    return list(price_names(frame).values())


def pick(frame: pd.DataFrame, bad: pd.Series, columns: Sequence[str]) -> pd.DataFrame:
    return frame.loc[bad, [*keys(frame), *columns]]


def offending(name: str, frame: pd.DataFrame, offenders: pd.DataFrame, explanation: str) -> Verdict:
    return Verdict(
        name=name,
        passed=offenders.empty,
        measured=len(offenders),
        bound="0 rows",
        offenders=offenders.head(MAX_OFFENDERS),
        explanation=explanation,
    )


def in_range(name: str, frame: pd.DataFrame, column: str, low: float, high: float) -> Verdict:
    values = frame[column]
    bad = values.notna() & ~values.between(low, high)
    explanation = f"{bad.sum():,} of {len(frame):,} rows have a {column} outside {low:g} to {high:g}."
    lie = "" if bad.any() or values.isna().all() else f" It lies between {between(values)}."
    return offending(name, frame, pick(frame, bad, [column]), f"{explanation}{lie}")


def between(values: pd.Series | pd.DataFrame) -> str:
    """The least and the greatest of some numbers, at least one of which is there, e.g. `21.3 and 81.2`."""
    numbers = values.to_numpy("float64", na_value=np.nan)
    return f"{number(float(np.nanmin(numbers)))} and {number(float(np.nanmax(numbers)))}"


def none_refused(name: str, refused: Mapping[str, str], bound: str, explanation: str) -> Verdict:
    """Nothing of a source was refused.

    Args:
        refused: what was wrong, by file.
    """
    return Verdict(
        name=name,
        passed=not refused,
        measured=len(refused),
        bound=bound,
        offenders=pd.DataFrame({"file": list(refused), "fault": list(refused.values())}).head(MAX_OFFENDERS),
        explanation=explanation,
    )


def keys_only_in(left: pd.DataFrame, right: pd.DataFrame, key: Sequence[str] = ("data_date", "symbol")) -> pd.DataFrame:
    key = list(key)
    known = pd.MultiIndex.from_frame(right[key])
    return left.loc[~pd.MultiIndex.from_frame(left[key]).isin(known), key].sort_values(key, kind="stable")


def day(date: Any) -> str:
    return "none" if pd.isna(date) else f"{date:%Y-%m-%d}"


def agree(stored: Any, expected: Any) -> bool:
    if expected is None or pd.isna(expected) or stored is None or pd.isna(stored):
        return (expected is None or pd.isna(expected)) and (stored is None or pd.isna(stored))
    if isinstance(expected, str):
        return bool(stored == expected)
    return math.isclose(stored, expected, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
