"""Rules about forecasts that are kept: the record, its score and the replay."""

import itertools

import numpy as np
import pandas as pd

from zl_assets.contracts.forecasts import LEVELS
from zl_assets.domain.forecast_record import Remembered
from zl_assets.domain.rules.offenders import TOLERANCE, offending, pick
from zl_assets.warehouse.verdict import MAX_OFFENDERS, Verdict

# From the lowest end to the highest, the forecast in the middle.
_ORDER = (
    *(f"low_{level}_close" for level in reversed(LEVELS)),
    "predicted_close",
    *(f"high_{level}_close" for level in LEVELS),
)


def record_sound(record: pd.DataFrame) -> Verdict:
    """Every row says something that can be held to account: finite numbers, bands around the forecast and within each other,
    about a session after one that was final when it was said."""
    moves = record[["expected_move", "expected_move_price", "move_percentile"]]
    bad = ~(
        _follows(record["predicted_close"], record["close"] * (1 + record["predicted_return"]))
        & _nested(record)
        & _finite(moves).all(axis="columns")
        & moves["expected_move"].gt(0)
        & _follows(moves["expected_move_price"], moves["expected_move"] * record["close"])
        & moves["move_percentile"].between(0, 1)
        & record["data_date"].lt(record["issued_on"])
        & record["data_date"].lt(record["target_session"])
    )
    explanation = (
        f"{bad.sum():,} of {len(record):,} rows have a number that is missing or infinite, or does not follow from the others, "
        "bands that do not lie around the forecast and within each other, or dates that do not go together: a session is "
        "forecast after it, and before the one that the forecast is about."
    )
    shown = ["issued_on", "target_session", "close", "predicted_return", *_ORDER, "expected_move"]
    return offending("record_sound", record, pick(record, bad, shown), explanation)


def replay_sound(replay: pd.DataFrame) -> Verdict:
    """Every forecast is finite, and its bands lie around it and within each other, or are all NULL."""
    bands = replay[[name for name in _ORDER if name != "predicted_close"]]
    move, percentile = replay["expected_move"], replay["move_percentile"]
    bad = ~(
        _follows(replay["predicted_close"], replay["close"] * (1 + replay["predicted_return"]))
        & (_nested(replay) | bands.isna().all(axis="columns"))
        & (move.isna() | (_finite(move) & move.gt(0)))
        & (percentile.isna() | percentile.between(0, 1))
    )
    explanation = (
        f"{bad.sum():,} of {len(replay):,} rows have a forecast that is missing or infinite, bands that do not lie around it and "
        "within each other, or an expected move that is not above 0."
    )
    return offending(
        "replay_sound", replay, pick(replay, bad, ["close", "predicted_return", *_ORDER, "expected_move"]), explanation
    )


def score_sound(score: pd.DataFrame) -> Verdict:
    """Every outcome came after its session, return and error follow from the prices, and what is inside a band is inside the
    wider ones."""
    inside = [score[f"inside_{level}"].astype("Float64") for level in LEVELS]
    wider = pd.Series(True, index=score.index)
    for narrow, wide in itertools.pairwise(inside):
        wider &= ~narrow.gt(wide).fillna(False).astype(bool)
    bad = ~(
        _follows(score["came_return"], score["came_close"] / score["close"] - 1)
        & _follows(score["error"], score["came_return"] - score["predicted_return"])
        & score["data_date"].lt(score["came_on"])
        & wider
    )
    explanation = (
        f"{bad.sum():,} of {len(score):,} rows have an outcome that is not after the session, a return or an error that does not "
        "follow from the prices, or are inside a band and outside a wider one."
    )
    shown = ["came_on", "close", "came_close", "predicted_return", "came_return", "error", *(f"inside_{x}" for x in LEVELS)]
    return offending("score_sound", score, pick(score, bad, shown), explanation)


def record_complete(record: pd.DataFrame, remembered: Remembered) -> Verdict:
    """No row was lost: the record only grows."""
    lost = remembered.lost_now(record)
    return Verdict(
        name="record_complete",
        passed=not lost,
        measured=lost,
        bound="0 rows fewer than the last materialization said",
        offenders=record.iloc[:0],
        explanation=f"The record has {len(record):,} rows; the last materialization said {remembered.said:,}.",
    )


def target_sessions_came(score: pd.DataFrame) -> Verdict:
    """Each forecast is about the session that came: the exchange did not cancel one or add one on the way, and the bars have
    them all."""
    moved = score[score["target_session"].ne(score["came_on"])]
    return Verdict(
        name="target_sessions_came",
        passed=moved.empty,
        measured=len(moved),
        bound="0 forecasts whose session came on another date",
        offenders=moved[["data_date", "symbol", "target_session", "came_on"]].head(MAX_OFFENDERS),
        explanation=f"{len(moved):,} of {len(score):,} scored forecasts named another date than that of the session that came.",
    )


def replay_right(replay: pd.DataFrame, expected: pd.DataFrame) -> Verdict:
    """The table holds what comes out when the bands are made again of its forecasts, and some of those fitted again.

    Args:
        expected: `replay_rows`, computed now.
    """
    values = [name for name in expected.columns if name not in ("symbol", "horizon")]
    both = expected[values].merge(replay[values], on="data_date", how="outer", suffixes=("", "_stored"), indicator="found_in")
    found = both["found_in"].eq("both")
    same = found.copy()
    for name in (name for name in values if name not in ("data_date", "made_of")):
        now, stored = both[name].astype("Float64"), both[f"{name}_stored"].astype("Float64")
        same &= ((now - stored).abs().le(TOLERANCE) | (now.isna() & stored.isna())).fillna(value=False).astype(bool)
    older = int((found & ~same & both["made_of"].ne(both["made_of_stored"])).sum())
    shown = ["data_date", "predicted_return", "predicted_return_stored", "low_80_close", "low_80_close_stored"]
    explanation = f"{(~same).sum():,} of {len(both):,} sessions are missing, left over or come out otherwise."
    if older:
        explanation += f" {older:,} of them were made of other rows, inputs, choices or code than there are now."
    return offending("replay_right", replay, both.loc[~same, shown], explanation)


def score_right(score: pd.DataFrame, expected: pd.DataFrame) -> Verdict:
    """The table holds what the record and the sessions give when it is computed again, and nothing else.

    Args:
        score: rows of the contract `score`.
        expected: `forecast_score.scores`, computed now, of the same symbols and horizons.
    """
    from zl_assets.warehouse.diff import same

    key = ["data_date", "symbol", "horizon", "source"]
    both = expected.merge(score, on=key, how="outer", suffixes=("", "_stored"), indicator="found_in")
    wrong = pd.Series("", index=both.index, dtype="string")
    for name in (name for name in expected.columns if name not in key):
        ours, stored = both[name], both[f"{name}_stored"]
        alike = pd.Series(same(ours, stored), index=both.index)
        if pd.api.types.is_float_dtype(ours) and pd.api.types.is_float_dtype(stored):
            alike |= _follows(stored.astype("float64"), ours.astype("float64"))
        wrong += (~alike).map({True: f"{name} ", False: ""})
    wrong = wrong.where(both["found_in"].ne("left_only"), "missing").where(both["found_in"].ne("right_only"), "not recorded")
    bad = both.assign(wrong=wrong.str.strip())[wrong.ne("")]
    explanation = (
        f"{len(bad):,} of {len(both):,} forecasts that came due are missing, scored otherwise, or scored and not in the record."
    )
    return offending(
        "score_right", score, bad[[*key, "wrong", "came_close", "came_close_stored", "error", "error_stored"]], explanation
    )


def _finite[T: (pd.Series, pd.DataFrame)](values: T) -> T:
    return values.notna() & values.abs().lt(np.inf)


def _follows(value: pd.Series, expected: pd.Series) -> "pd.Series[bool]":
    """It is the other but for rounding; false where either is missing or infinite."""
    return _finite(value) & (value - expected).abs().le(TOLERANCE)


def _nested(frame: pd.DataFrame) -> "pd.Series[bool]":
    """Is every end finite, and above the one before it in `_ORDER`?"""
    ends = frame[list(_ORDER)].astype("float64")
    rising = ends.diff(axis="columns").iloc[:, 1:].gt(0).all(axis="columns")
    return rising & _finite(ends).all(axis="columns")
