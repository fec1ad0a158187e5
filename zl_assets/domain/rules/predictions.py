"""Rules about forecasts."""

import datetime as dt

import numpy as np
import pandas as pd

from zl_assets.contracts.forecasts import LEVELS
from zl_assets.contracts.predictions import FIRST_LEVEL, end_column
from zl_assets.domain.rules.offenders import TOLERANCE, offending, pick
from zl_assets.warehouse.verdict import MAX_OFFENDERS, Verdict

# The gates are red on about one sound day in twenty, and then the forecasts stay with the last good model. More than five such
# days in a row are a week of forecasts by a model that nothing newer could replace.
MAX_SESSIONS_BEHIND = 5


def forecasts_sound(frame: pd.DataFrame) -> Verdict:
    """Every forecast is finite, its price above zero and equal to close * (1 + return); it is NULL only where its fold is."""
    returns, prices = frame["predicted_return"], frame["predicted_close"]
    expected = frame["close"] * (1 + returns)
    good = np.isfinite(returns) & prices.gt(0) & (prices - expected).abs().le(TOLERANCE)
    untested = frame["fold"].isna() & returns.isna() & prices.isna() if "fold" in frame else pd.Series(False, index=frame.index)
    if "fold" in frame:
        good &= frame["fold"].notna()
    bad = ~(good | untested)
    explanation = (
        f"{bad.sum():,} of {len(frame):,} rows have a forecast that is missing or infinite, or a price that does not follow "
        "from its return."
    )
    return offending("forecasts_sound", frame, pick(frame, bad, ["close", "predicted_return", "predicted_close"]), explanation)


def interval_ordered(frame: pd.DataFrame) -> Verdict:
    """Every forecast lies inside its ranges, each range inside the wider one, all above zero; the level is above 0 and below 1.

    A row of a version that knew one level has NULL in all columns of the others, and is judged by the one.
    """
    lower, upper = ([end_column(end, level) for level in LEVELS] for end in ("low", "high"))
    ordered = [*reversed(lower), "predicted_close", *upper]
    others = [column for column in ordered if column not in ("predicted_close", *_FIRST)]
    of_one_level = frame[others].isna().all(axis=1)
    bad = ~(
        _rising(frame, ordered).where(~of_one_level, _rising(frame, [_FIRST[0], "predicted_close", _FIRST[1]]))
        & frame["interval_level"].gt(0)
        & frame["interval_level"].lt(1)
    )
    explanation = f"{bad.sum():,} of {len(frame):,} forecasts lie outside of a range, or a range outside of the wider one."
    return offending("interval_ordered", frame, pick(frame, bad, [*ordered, "interval_level"]), explanation)


_FIRST = (end_column("low", FIRST_LEVEL), end_column("high", FIRST_LEVEL))


def _rising(frame: pd.DataFrame, columns: list[str]) -> "pd.Series[bool]":
    """Is each price above zero, finite, and less than the next?"""
    prices = frame[columns].to_numpy("float64", na_value=np.nan)
    rising = np.isfinite(prices).all(axis=1) & (prices[:, 0] > 0) & (prices[:, :-1] < prices[:, 1:]).all(axis=1)
    return pd.Series(rising, index=frame.index)


def open_sessions_forecast(latest: pd.DataFrame, view: pd.DataFrame, target: str, model_id: str) -> Verdict:
    """Every session of the view without a target has a forecast by the published model, from its own close.

    Args:
        model_id: the model that `latest` names.
    """
    newest = view.loc[view[target].isna(), ["data_date", "close"]]
    found = newest.merge(
        latest[["data_date", "close", "model_id", "target_session"]], on="data_date", how="left", suffixes=("", "_made")
    )
    sound = found["model_id"].eq(model_id).fillna(False).astype(bool) & found["close"].eq(found["close_made"])
    bad = ~(sound & found["target_session"].gt(view["data_date"].max()))
    explanation = (
        f"{bad.sum():,} of {len(newest):,} sessions without a target have no forecast that model {model_id} made from their "
        "close."
    )
    return offending("open_sessions_forecast", latest, found.loc[bad], explanation)


def model_up_to_date(view: pd.DataFrame, target: str, model_id: str, trained_through: dt.date) -> Verdict:
    """The published model has learnt from all but the newest few sessions whose target is known.

    Args:
        trained_through: the newest session that the model was trained on.
    """
    newer = sessions_behind(view, target, trained_through)
    return Verdict(
        name="model_up_to_date",
        passed=len(newer) <= MAX_SESSIONS_BEHIND,
        measured=len(newer),
        bound=f"at most {MAX_SESSIONS_BEHIND} sessions behind",
        offenders=newer.head(MAX_OFFENDERS),
        explanation=(
            f"The forecasts are by model {model_id}, trained through {trained_through}; the targets of {len(newer):,} later "
            "sessions have become known since."
        ),
    )


def sessions_behind(view: pd.DataFrame, target: str, trained_through: dt.date) -> pd.DataFrame:
    """data_date and close of the sessions whose target is known and which the model has not learnt from."""
    newer: pd.DataFrame = view.loc[
        view[target].notna() & view["data_date"].gt(pd.Timestamp(trained_through)), ["data_date", "close"]
    ]
    return newer


def outcomes_are_the_views(oof: pd.DataFrame, view: pd.DataFrame, target: str) -> Verdict:
    """Every labelled session of the view has a row, with the view's close and target to the last bit; all rows are by one
    model.
    """
    labelled = view.loc[view[target].notna(), ["data_date", "close", target]]
    both = labelled.merge(
        oof[["data_date", "close", target, "model_id"]],
        on="data_date",
        how="outer",
        suffixes=("_view", ""),
        indicator="found_in",
    )
    same = both["close"].eq(both["close_view"]) & both[target].eq(both[f"{target}_view"]) & both["found_in"].eq("both")
    models = oof["model_id"].nunique()
    bad = ~same if models == 1 else pd.Series(True, index=both.index)
    explanation = (
        f"{(~same).sum():,} of the view's {len(labelled):,} labelled sessions are missing or differ; the rows are by {models} "
        "models."
    )
    return offending("outcomes_are_the_views", oof, both.loc[bad].astype({"found_in": str}), explanation)
