"""How much the price moves a session, as it was known on each session: the three candidates that a band's width may follow.

Belongs here: functions of returns whose value at row t depends on rows up to t alone. Must not be here: a forecast's errors.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd

# Sessions that a volatility is made of at least: a quarter of a year.
LEAST = 63

DECAY = 0.985
WINDOWS = (5, 21, 63, 252)


def returns_of(roll_index: "pd.Series[float]", close: "pd.Series[float]") -> np.ndarray:
    """Return of each session over the one before, without the gaps between contracts; where the bars do not name their contract,
    of the raw close. NaN on the first."""
    adjusted = roll_index.astype("float64")
    return (adjusted / adjusted.shift() - 1).fillna(close.astype("float64").pct_change()).to_numpy("float64")


def ewma(returns: np.ndarray, horizon: int) -> np.ndarray:
    """Root of the exponentially weighted mean square, decay 0.985 a session (half of the weight on the last 46)."""
    squares = pd.Series(returns**2)
    mean = squares.ewm(alpha=1 - DECAY, min_periods=LEAST).mean()
    return np.sqrt(mean.to_numpy("float64"))


def quarter(returns: np.ndarray, horizon: int) -> np.ndarray:
    """Root mean square of the last 63 returns."""
    return _rms(returns, LEAST)


def regression(returns: np.ndarray, horizon: int) -> np.ndarray:
    """Volatility over the coming horizon: the exponential of an ordinary least-squares regression of its logarithm on those of
    the last 5, 21, 63 and 252 sessions (Corsi 2009, with a year as the longest), fitted on each session to what had ended.

    NaN until a year of sessions has both.
    """
    rows = len(returns)
    with np.errstate(divide="ignore"):
        past = np.column_stack([np.ones(rows), *(np.log(_rms(returns, window)) for window in WINDOWS)])
        came = np.log(realised(returns, horizon))
    sound = np.isfinite(past).all(axis=1) & np.isfinite(came)
    found = np.full(rows, np.nan)
    # The sums of the normal equations, so that each session adds one row.
    squares, products, fitted = np.zeros((past.shape[1], past.shape[1])), np.zeros(past.shape[1]), 0
    for row in range(rows):
        ended = row - horizon
        if ended >= 0 and sound[ended]:
            squares += np.outer(past[ended], past[ended])
            products += past[ended] * came[ended]
            fitted += 1
        if fitted >= WINDOWS[-1] and np.isfinite(past[row]).all():
            found[row] = np.exp(past[row] @ np.linalg.solve(squares, products))
    return found


def realised(returns: np.ndarray, horizon: int) -> np.ndarray:
    """Root mean square of the `horizon` returns after each session; NaN where they have not all come. It looks ahead."""
    ahead = pd.Series(_rms(returns, horizon)).shift(-horizon)
    return ahead.to_numpy("float64")


def _rms(returns: np.ndarray, window: int) -> np.ndarray:
    return np.sqrt(pd.Series(returns**2).rolling(window, min_periods=window).mean().to_numpy("float64"))


SCALES: dict[str, Callable[[np.ndarray, int], np.ndarray]] = {
    "EWMA volatility": ewma,
    "63-session volatility": quarter,
    "regression on past volatility": regression,
}
