"""Bands around forecasts, made of the errors of earlier ones.

Belongs here: pure arithmetic on errors and volatilities in order of time. Must not be here: how a volatility is made, whether a
band is good enough.
"""

import bisect
import math

import numpy as np
import pandas as pd

# A year of errors before the first band; of 21-session errors they are worth twelve.
LEAST_ERRORS = 252


def half_widths(errors: np.ndarray, scale: np.ndarray, horizon: int, level: float) -> np.ndarray:
    """Half the width of each session's band, as a fraction of the close: the conformal quantile (Lei et al. 2018) of the scaled
    absolute errors whose outcome was known on it, times its own scale.

    An error is divided by the scale that was known at its session. The k-th smallest of n is taken, k = ceil((n + 1) * level).

    Args:
        errors: outcome minus forecast of each session, fractions; NaN where there is none.
        scale: volatility known on each session; all 1 for a band of one width.
        horizon: sessions until an outcome is known.

    Returns:
        One number a session; NaN before `LEAST_ERRORS` errors are known, or where its scale is not.
    """
    widths = np.full(len(errors), np.nan)
    known: list[float] = []
    for row in range(len(errors)):
        ended = row - horizon
        if ended >= 0 and np.isfinite(errors[ended]) and np.isfinite(scale[ended]) and scale[ended] > 0:
            bisect.insort(known, abs(errors[ended]) / scale[ended])
        rank = math.ceil((len(known) + 1) * level)
        if len(known) >= LEAST_ERRORS and rank <= len(known):
            widths[row] = known[rank - 1] * scale[row]
    return widths


def past_quantiles(came: np.ndarray, horizon: int, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper end of a band that knows no forecast: the middle `level` of the outcomes that had ended.

    Args:
        came: outcome of each session; NaN where there is none.
        horizon: sessions until an outcome is known.

    Returns:
        Two numbers a session; NaN before `LEAST_ERRORS` outcomes are known.
    """
    ended = pd.Series(came).shift(horizon).expanding(LEAST_ERRORS)
    low, high = (ended.quantile(share).to_numpy("float64") for share in ((1 - level) / 2, (1 + level) / 2))
    return low, high
