"""What a band held, what it cost in width, and which candidate is chosen.

Belongs here: measures of bands against what came. Must not be here: making a band.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from zl_assets.model.fit.skill import SEED, share_draws


@dataclass(frozen=True)
class Held:
    """A band against what came.

    Attributes:
        level: what it is meant to hold.
        rows: sessions with a band and an outcome.
        covered: share of them inside.
        error: its standard error, by a circular block bootstrap, since outcomes overlap.
        width: mean full width, as a fraction of the close.
        score: mean interval score, in fractions of the close; lower is better.
    """

    level: float
    rows: int
    covered: float
    error: float
    width: float
    score: float


def interval_score(low: np.ndarray, high: np.ndarray, came: np.ndarray, level: float) -> np.ndarray:
    """Width plus 2 / (1 - level) times the distance by which the outcome lies outside (Gneiting and Raftery 2007, eq. 43)."""
    outside = np.maximum(low - came, 0) + np.maximum(came - high, 0)
    score: np.ndarray = high - low + 2 / (1 - level) * outside
    return score


def held(low: np.ndarray, high: np.ndarray, came: np.ndarray, level: float, block: int) -> Held:
    """A band against what came, over the sessions that have both.

    Args:
        low, high, came: returns over the horizon, fractions, in order of time.
        block: rows of a block of the bootstrap.

    Raises:
        ValueError: no session has both.
    """
    both = np.isfinite(low) & np.isfinite(high) & np.isfinite(came)
    if not both.any():
        raise ValueError("no session has a band and an outcome")
    low, high, came = low[both], high[both], came[both]
    inside = (low <= came) & (came <= high)
    return Held(
        level=level,
        rows=len(came),
        covered=float(inside.mean()),
        error=float(np.std(share_draws(inside, SEED, block))),
        width=float(np.mean(high - low)),
        score=float(np.mean(interval_score(low, high, came, level))),
    )


def held_by_year(
    dates: pd.DatetimeIndex, low: np.ndarray, high: np.ndarray, came: np.ndarray, level: float, block: int
) -> dict[int, Held]:
    """`held`, by the year of the session; years without a session that has both are left out."""
    found = {}
    for year in sorted(set(dates.year)):
        of_year = np.asarray(dates.year == year)
        if np.isfinite(low[of_year] + high[of_year] + came[of_year]).any():
            found[int(year)] = held(low[of_year], high[of_year], came[of_year], level, block)
    return found
