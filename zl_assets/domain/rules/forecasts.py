"""Rules about the record of forecasts and its score."""

import pandas as pd

from zl_assets.domain.rules.offenders import TOLERANCE, offending
from zl_assets.warehouse.verdict import MAX_OFFENDERS, Verdict


def record_complete(record: pd.DataFrame, remembered: int) -> Verdict:
    """No row was lost: the record only grows.

    Args:
        remembered: how many rows the last materialization said there were.
    """
    lost = max(0, remembered - len(record))
    return Verdict(
        name="record_complete",
        passed=not lost,
        measured=lost,
        bound="0 rows fewer than the last materialization said",
        offenders=record.iloc[:0],
        explanation=f"The record has {len(record):,} rows; the last materialization said {remembered:,}.",
    )


def target_sessions_came(score: pd.DataFrame) -> Verdict:
    """Each forecast is about the session that came: the exchange did not cancel one or add one on the way."""
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
    values = [name for name in expected.columns if name not in ("symbol", "horizon", "made_of")]
    both = expected[values].merge(replay[values], on="data_date", how="outer", suffixes=("", "_stored"), indicator="found_in")
    same = both["found_in"].eq("both")
    for name in values[1:]:
        now, stored = both[name].astype("Float64"), both[f"{name}_stored"].astype("Float64")
        same &= ((now - stored).abs().le(TOLERANCE) | (now.isna() & stored.isna())).fillna(value=False).astype(bool)
    shown = ["data_date", "predicted_return", "predicted_return_stored", "low_80_close", "low_80_close_stored"]
    explanation = f"{(~same).sum():,} of {len(both):,} sessions are missing, left over or come out otherwise."
    return offending("replay_right", replay, both.loc[~same, shown], explanation)


def score_right(score: pd.DataFrame, expected: pd.DataFrame) -> Verdict:
    """The table holds what the record and the sessions give when it is computed again.

    Args:
        expected: `forecast_score.scores`, computed now.
    """
    key = ["data_date", "symbol", "horizon", "source"]
    both = expected.merge(score, on=key, how="left", suffixes=("", "_stored"), indicator="found_in")
    same = both["found_in"].eq("both") & both["came_on"].eq(both["came_on_stored"])
    for name in ("came_close", "error"):
        same &= (both[name] - both[f"{name}_stored"]).abs().le(TOLERANCE)
    bad = both.loc[~same, [*key, "came_on", "came_close", "came_close_stored", "error", "error_stored"]]
    explanation = f"{len(bad):,} of {len(expected):,} forecasts that came due are missing or scored otherwise."
    return offending("score_right", score, bad, explanation)
