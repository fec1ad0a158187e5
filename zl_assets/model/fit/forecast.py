"""Forecasts of prices, with an interval and what that interval is worth.

Belongs here: pure arithmetic on predictions and out-of-fold residuals. Must not be here: fitting, the calendar, tables.

The interval is conformal: predicted return plus and minus a quantile of the absolute residuals that the model made out of fold.
It assumes that the coming month is like past ones, which is not quite true, so its coverage on the test split is stated beside
it.
"""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from zl_assets.model.errors import TrainingFault
from zl_assets.model.fit.training import TrainedModel

LEVEL = 0.80


@dataclass(frozen=True)
class Interval:
    """A band of one width around every forecast.

    Attributes:
        level: share of outcomes that it is meant to hold.
        half_width: as a fraction of the close.
        residuals: out-of-fold residuals it is made of. Overlap leaves about a twentieth of them independent.
    """

    level: float
    half_width: float
    residuals: int


@dataclass(frozen=True)
class Coverage:
    """An interval, tried on rows that it was not made of.

    Attributes:
        interval: made of residuals whose label ends before the split date.
        test_rows: rows from the split date on, forecast by the holdout fit.
        covered: share of them whose outcome was inside.
    """

    interval: Interval
    test_rows: int
    covered: float


def conformal_interval(residuals: np.ndarray, level: float) -> Interval:
    """The split-conformal interval (Lei et al. 2018): the k-th smallest absolute residual, k = ceil((n + 1) * level).

    Args:
        residuals: n outcomes minus predictions, fractions.

    Raises:
        TrainingFault: too few residuals for the level.
    """
    rank = math.ceil((len(residuals) + 1) * level)
    if rank > len(residuals):
        raise TrainingFault(
            f"{len(residuals)} out-of-fold residuals are too few for an interval of {level:.0%}. Load a longer history, or "
            "move the split date to a later one."
        )
    return Interval(level, float(np.sort(np.abs(residuals))[rank - 1]), len(residuals))


def published_interval(trained: TrainedModel) -> Interval:
    """The interval of a forecast made today: from every out-of-fold residual."""
    table = trained.out_of_fold
    return conformal_interval((table["target"] - table["predicted"]).to_numpy(), LEVEL)


def holdout_coverage(trained: TrainedModel, level: float = LEVEL) -> Coverage:
    """How an interval made only of what was known before the split date would have done after it.

    Raises:
        TrainingFault: too few out-of-fold labels end before the split date.
    """
    table = trained.out_of_fold
    known = table[table["label_end"] < pd.Timestamp(trained.config.split_date)]
    interval = conformal_interval((known["target"] - known["predicted"]).to_numpy(), level)
    errors = np.abs(trained.data.target[trained.holdout.test] - trained.holdout.prediction)
    return Coverage(interval, len(errors), float(np.mean(errors <= interval.half_width)))


def coverage_by_level(trained: TrainedModel) -> tuple[Coverage, ...]:
    """`holdout_coverage` at 10 %, 20 % ... 90 %.

    Raises:
        TrainingFault: too few out-of-fold labels end before the split date.
    """
    return tuple(holdout_coverage(trained, tenths / 10) for tenths in range(1, 10))


def latest_forecasts(rows: pd.DataFrame, predicted: np.ndarray, interval: Interval, coming: pd.DatetimeIndex) -> pd.DataFrame:
    """The forecast of every session that has no target yet.

    Args:
        rows: data_date and close of these sessions, the newest `horizon`, in order.
        predicted: the model's return for each of them, as a fraction.
        coming: the sessions after the newest one, in order; at least as many as there are forecasts.

    Returns:
        data_date, target_session, close, predicted_return (fraction), predicted_close, low_close, high_close (as the
        close), oldest first.

    Raises:
        ValueError: the lengths do not fit.
    """
    rows = rows.reset_index(drop=True)
    if len(rows) != len(predicted) or len(coming) < len(rows):
        raise ValueError(f"{len(rows)} rows, {len(predicted)} predictions, {len(coming)} coming sessions")
    close = rows["close"].to_numpy("float64")
    return pd.DataFrame(
        {
            "data_date": rows["data_date"],
            # The k-th of the newest `horizon` sessions looks at the k-th session to come.
            "target_session": coming[: len(rows)],
            "close": close,
            "predicted_return": predicted,
            "predicted_close": close * (1 + predicted),
            "low_close": close * (1 + predicted - interval.half_width),
            "high_close": close * (1 + predicted + interval.half_width),
        }
    )
