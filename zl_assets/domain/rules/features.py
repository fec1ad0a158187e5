"""Rules about technical features."""

import numpy as np
import pandas as pd

from zl_assets.contracts.features import ROLL_NAMES, TECHNICAL_FEATURE_NAMES
from zl_assets.domain.features import feature_rows
from zl_assets.domain.rules import recomputed
from zl_assets.domain.rules.offenders import in_range, offending, pick
from zl_assets.instruments.base import Instrument
from zl_assets.warehouse.verdict import Verdict

# The plan's bound. The largest 21-session volatility of ZL is 0.040, so the tighter one is what can catch something.
PLAN_VOLATILITY = 0.5


def features_finite(frame: pd.DataFrame) -> Verdict:
    """No feature is infinite."""
    features = list(TECHNICAL_FEATURE_NAMES)
    bad = pd.Series(np.isinf(frame[features].to_numpy(dtype=float)).any(axis=1), index=frame.index)
    explanation = f"{bad.sum():,} of {len(frame):,} rows have an infinite feature."
    return offending("features_finite", frame, pick(frame, bad, features), explanation)


def features_null_only_in_warm_up(frame: pd.DataFrame) -> Verdict:
    """Once a symbol's feature has a value it has one on every later row."""
    features = list(TECHNICAL_FEATURE_NAMES)
    ordered = frame.sort_values("data_date", kind="stable")
    started = ordered[features].notna().groupby(ordered["symbol"]).cummax()
    bad = (started & ordered[features].isna()).any(axis=1)
    explanation = f"{bad.sum():,} of {len(frame):,} rows have a NULL feature after the feature's first value."
    return offending("features_null_only_in_warm_up", frame, pick(ordered, bad, features), explanation)


def features_complete(frame: pd.DataFrame) -> Verdict:
    """All eight features have a value on every row."""
    features = list(TECHNICAL_FEATURE_NAMES)
    bad = frame[features].isna().any(axis=1)
    explanation = f"{bad.sum():,} of {len(frame):,} rows lack at least one of the eight features."
    return offending("features_complete", frame, pick(frame, bad, features), explanation)


def rsi_in_range(frame: pd.DataFrame) -> Verdict:
    """0 <= rsi_14 <= 100 where it has a value."""
    return in_range("rsi_in_range", frame, "rsi_14", 0.0, 100.0)


def volatility_in_plan(frame: pd.DataFrame) -> Verdict:
    """0 <= volatility_21d <= 0.5 where it has a value: the plan's bound."""
    return in_range("volatility_in_plan", frame, "volatility_21d", 0.0, PLAN_VOLATILITY)


def volatility_plausible(frame: pd.DataFrame, most: float) -> Verdict:
    """volatility_21d <= `most` where it has a value."""
    return in_range("volatility_plausible", frame, "volatility_21d", 0.0, most)


def roll_columns_sound(frame: pd.DataFrame) -> Verdict:
    """roll_index is above 0 and finite, and NULL exactly where is_roll is."""
    index, rolled = frame["roll_index"], frame["is_roll"]
    bad = (index.notna() & ~(index.gt(0) & np.isfinite(index))) | (index.isna() != rolled.isna())
    explanation = (
        f"{bad.sum():,} of {len(frame):,} rows have a roll_index that is not a number above 0, or only one of the two roll "
        "columns."
    )
    return offending("roll_columns_sound", frame, pick(frame, bad, ROLL_NAMES), explanation)


def prefix_invariant(
    features: pd.DataFrame,
    sessions: pd.DataFrame,
    bars: pd.DataFrame,
    instrument: Instrument,
) -> Verdict:
    """Recomputed on the first k sessions alone, every stored feature has the same value, to the last bit. One symbol.

    Args:
        features: the columns of contracts.features.ta_features, as stored.
        sessions: the columns of contracts.market.sessions, as stored.
        bars: those that they were made of.
    """
    stored = features.sort_values("data_date", kind="stable", ignore_index=True)

    def alone(last: pd.Timestamp) -> pd.DataFrame:
        return feature_rows(sessions[sessions["data_date"] <= last], bars[bars["date"] <= last], instrument)

    what = "values differ when the features are recomputed on the first {cuts} sessions."
    return recomputed.prefix_invariant(stored, alone, (*TECHNICAL_FEATURE_NAMES, *ROLL_NAMES), what)
