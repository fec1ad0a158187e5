"""How large a move is to be expected, whatever its direction, and whether that is much.

Belongs here: the expected absolute move as known on each session, and how well such forecasts did. Must not be here: bands.
"""

import bisect
from dataclasses import dataclass

import numpy as np

from zl_assets.model.fit.skill import SEED, circular_shifts
from zl_assets.model.ranges.bands import LEAST_ERRORS
from zl_assets.model.ranges.volatility import realised, regression

# The least p is 1 / 400.
SHIFTS = 399


@dataclass(frozen=True)
class SizeSkill:
    """How well the size of the move was forecast, on sessions whose outcome was not known to the forecast.

    Attributes:
        rows: sessions.
        r2: of the logarithm of the volatility that came, over its mean as known on each session.
        p: share of circularly shifted forecasts, the real one counted among them, that do at least as well.
    """

    rows: int
    r2: float
    p: float


def expected_moves(returns: np.ndarray, moves: np.ndarray, horizon: int) -> np.ndarray:
    """The expected absolute return over the horizon, as known on each session: the regression's volatility, times the mean
    ratio of absolute moves to it among those that had come.

    Args:
        returns: one a session, without the gaps between contracts.
        moves: return over the horizon after each session; NaN where it has not come.

    Returns:
        Fractions; NaN before `LEAST_ERRORS` moves are known.
    """
    scale = regression(returns, horizon)
    ratios = np.abs(moves) / scale
    known = np.isfinite(ratios)
    sums = np.concatenate([np.zeros(horizon), np.cumsum(np.where(known, ratios, 0.0))])[: len(ratios)]
    counts = np.concatenate([np.zeros(horizon), np.cumsum(known)])[: len(ratios)]
    mean = np.divide(sums, counts, out=np.full(len(ratios), np.nan), where=counts >= LEAST_ERRORS)
    expected: np.ndarray = scale * mean
    return expected


def percentiles(values: np.ndarray) -> np.ndarray:
    """For each value the share of those before it that are smaller; NaN where it is NaN or there is none before it."""
    found, before = np.full(len(values), np.nan), list[float]()
    for row, value in enumerate(values):
        if np.isfinite(value):
            at = bisect.bisect_left(before, value)
            if before:
                found[row] = at / len(before)
            before.insert(at, float(value))
    return found


def size_skill(returns: np.ndarray, horizon: int, first: int = 0) -> SizeSkill:
    """The skill of `regression` against the mean, and what forecasts that belong to other sessions reach.

    Args:
        returns: one a session, without the gaps between contracts.
        first: the session from which on it is judged; those before it are only learnt from.

    Raises:
        TrainingFault: too few sessions for a shift.
    """
    forecast, came = np.log(regression(returns, horizon)), np.log(realised(returns, horizon))
    ended = np.concatenate([np.full(horizon, np.nan), came[:-horizon]])
    counted = np.cumsum(np.isfinite(ended))
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.nancumsum(ended) / counted
    both = np.isfinite(forecast) & np.isfinite(came) & np.isfinite(mean) & (np.arange(len(returns)) >= first)
    forecast, came, mean = forecast[both], came[both], mean[both]
    spread = float(np.sum((came - mean) ** 2))

    def r2(of: np.ndarray) -> float:
        return 1 - float(np.sum((came - of) ** 2)) / spread

    real = r2(forecast)
    shifts = circular_shifts(len(came), SHIFTS, SEED)
    better = sum(r2(np.roll(forecast, int(shift))) >= real for shift in shifts)
    return SizeSkill(len(came), real, (1 + better) / (len(shifts) + 1))
