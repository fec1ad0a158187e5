"""Rules about technical features."""

import random
from typing import Any

import numpy as np
import pandas as pd

from zl_assets.contracts.features import ROLL_NAMES, TECHNICAL_FEATURE_NAMES
from zl_assets.domain.features import feature_rows
from zl_assets.domain.rules.offenders import in_range, offending, pick
from zl_assets.warehouse.verdict import MAX_OFFENDERS, Verdict

# The plan's bound. The largest 21-session volatility of ZL is 0.040, so the tighter one is what can catch something.
PLAN_VOLATILITY = 0.5


PLAUSIBLE_VOLATILITY = 0.10


# Inside the longest warm-up, where a value filled in from later rows would show, and this many seeded ones after it.
WARM_UP_CUTS = (10, 40, 62)


LATER_CUTS = 5


def features_finite(frame: pd.DataFrame) -> Verdict:
    """No feature is infinite."""
    features = list(TECHNICAL_FEATURE_NAMES)
    bad = frame[features].isin([np.inf, -np.inf]).any(axis=1)
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


def volatility_plausible(frame: pd.DataFrame) -> Verdict:
    """volatility_21d <= 0.10 where it has a value: two and a half times the most that ZL has ever shown."""
    return in_range("volatility_plausible", frame, "volatility_21d", 0.0, PLAUSIBLE_VOLATILITY)


def roll_columns_sound(frame: pd.DataFrame) -> Verdict:
    """roll_index is above 0 and finite, and NULL exactly where is_roll is."""
    index, rolled = frame["roll_index"], frame["is_roll"]
    bad = (index.notna() & ~(index.gt(0) & np.isfinite(index))) | (index.isna() != rolled.isna())
    explanation = (
        f"{bad.sum():,} of {len(frame):,} rows have a roll_index that is not a number above 0, or half of the roll columns."
    )
    return offending("roll_columns_sound", frame, pick(frame, bad, ROLL_NAMES), explanation)


def prefix_invariant(
    features: pd.DataFrame, sessions: pd.DataFrame, bars: pd.DataFrame, later: int = LATER_CUTS, seed: int = 1
) -> Verdict:
    """Recomputed on the first k sessions alone, every stored feature has the same value, to the last bit.

    A feature that looks ahead, or that is filled in from later rows, cannot pass. Cuts at k = 10, 40 and 62 lie inside the
    warm-up of the longest feature; the later ones are drawn with a fixed seed. One symbol.

    Args:
        features: FEATURES.frame_columns as stored.
        sessions: SESSIONS.frame_columns as stored.
        bars: BARS.frame_columns that they were made of.
    """
    ordered = sessions.sort_values("data_date", kind="stable", ignore_index=True)
    stored = features.sort_values("data_date", kind="stable", ignore_index=True)
    beyond = range(max(WARM_UP_CUTS) + 1, len(ordered) + 1)
    drawn = random.Random(seed).sample(beyond, min(later, len(beyond)))  # noqa: S311 - not for secrets
    cuts = sorted({*(cut for cut in WARM_UP_CUTS if cut <= len(ordered)), *drawn})
    faults: list[dict[str, Any]] = []
    for cut in cuts:
        known = ordered.head(cut)
        alone = feature_rows(known, bars[bars["date"] <= known["data_date"].iloc[-1]])
        for column in (*TECHNICAL_FEATURE_NAMES, *ROLL_NAMES):
            full, short = stored[column].head(cut), alone[column]
            same = full.eq(short).fillna(False).astype(bool) | (full.isna() & short.isna())
            faults += [
                {"data_date": alone["data_date"].iloc[i], "column": column, "cut": cut, "stored": full[i], "recomputed": short[i]}
                for i in same.index[~same][:MAX_OFFENDERS]
            ]
    return Verdict(
        name="prefix_invariant",
        passed=not faults and bool(cuts),
        measured=len(faults),
        bound="0 values that differ, at one cut or more",
        offenders=pd.DataFrame(faults, columns=["data_date", "column", "cut", "stored", "recomputed"]).head(MAX_OFFENDERS),
        explanation=(
            f"{len(faults):,} values differ when the features are recomputed on the first {', '.join(map(str, cuts))} sessions."
        ),
    )
