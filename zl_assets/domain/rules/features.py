"""Rules about technical features."""

import numpy as np
import pandas as pd

from zl_assets.contracts.features import ROLL_NAMES, TECHNICAL_FEATURE_NAMES
from zl_assets.domain.features import feature_rows
from zl_assets.domain.indicators import VOLATILITY_WINDOW
from zl_assets.domain.rules import recomputed
from zl_assets.domain.rules.offenders import in_range, offending, pick
from zl_assets.domain.windows import sample_deviation
from zl_assets.instruments.base import Instrument
from zl_assets.warehouse.verdict import Verdict

# The plan's bound, on the raw closes. The largest 21-session volatility of ZL is 0.040, so the tighter one is what can catch
# something.
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
    """The 21-session volatility of roll-adjusted returns is at most `most`.

    The gap between two contracts is no return: on the real corn bars one of 27 % alone gives a raw volatility of 0.103, where the
    adjusted ones stay below 0.036. A return within one contract is taken from the closes and from the roll index, and the larger
    of the two volatilities counts, so that neither column can hide what the other shows. Rows whose last 21 returns are not all
    known to be free of a gap are not judged: those without instrument_id, and the first 21 rows of the frame. The matrix begins
    62 sessions late; what lies in that warm-up is judged in the features.

    Args:
        frame: data_date, symbol, return_1d, volatility_21d and the roll columns, without a hole.
        most: a fraction per session.
    """
    judged = _adjusted(frame)
    bad = judged["adjusted_volatility"].gt(most)
    known = int(judged["adjusted_volatility"].notna().sum())
    explanation = (
        f"{bad.sum():,} of {known:,} rows have a {VOLATILITY_WINDOW}-session volatility above {most:g} a session without the "
        f"gaps between contracts; the largest is {judged['adjusted_volatility'].max():.4f}."
        if known
        else f"None of {len(frame):,} rows could be judged: without instrument_id nobody can tell a bad print from the gap "
        "between two contracts."
    )
    return offending("volatility_plausible", frame, pick(judged, bad, ["return_1d", "adjusted_volatility"]), explanation)


def raw_volatility_plausible(frame: pd.DataFrame, most: float) -> Verdict:
    """volatility_21d is at most `most` where no instrument_id tells the gap between two contracts from a return.

    Args:
        frame: as for `volatility_plausible`.
        most: a fraction per session.
    """
    judged = _adjusted(frame)
    raw = judged["volatility_21d"].where(judged["gaps_unknown"])
    bad = raw.gt(most)
    explanation = (
        f"{bad.sum():,} of {raw.notna().sum():,} rows that may hold the gap between two contracts unseen, for lack of an "
        f"instrument_id, have a volatility_21d above {most:g}."
    )
    return offending("raw_volatility_plausible", frame, pick(judged, bad, ["return_1d", "volatility_21d"]), explanation)


def _adjusted(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows by symbol and date with adjusted_volatility, NaN where it is not known, and gaps_unknown, whether one of the last
    21 returns may be a gap between contracts that nobody can see."""
    ordered = frame.sort_values(["symbol", "data_date"], kind="stable")
    of_symbols = [_adjusted_of(rows) for _, rows in ordered.groupby("symbol", sort=True)]
    return pd.concat(of_symbols) if of_symbols else _adjusted_of(ordered)


def _adjusted_of(rows: pd.DataFrame) -> pd.DataFrame:
    index, change = rows["roll_index"].astype("float64"), rows["return_1d"].astype("float64")
    # A session without instrument_id between two of one contract is of that contract, as `rolls` has it. Where the contract is
    # another one after it, or there is none after it, nobody knows which of these sessions the gap is in.
    next_known = rows["is_roll"].bfill()
    one_contract = (next_known.eq(False) & index.ffill().shift().notna()).fillna(False).astype(bool)
    stepped = index / index.shift() - 1.0
    of_index, of_closes = stepped.where(stepped.notna(), change.where(one_contract)), change.where(one_contract, stepped)
    # An infinite step makes no volatility; features_finite and roll_columns_sound are red of it.
    with np.errstate(invalid="ignore"):
        deviations = [sample_deviation(np.asarray(steps, np.float64), VOLATILITY_WINDOW) for steps in (of_index, of_closes)]
    unknown = of_index.isna()
    # Before the frame's first row there is no step to know.
    unknown.iloc[:1] = rows["roll_index"].iloc[:1].isna()
    return rows.assign(
        adjusted_volatility=np.fmax(*deviations), gaps_unknown=unknown.rolling(VOLATILITY_WINDOW, min_periods=1).max().gt(0)
    )


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
