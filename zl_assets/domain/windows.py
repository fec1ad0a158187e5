"""Functions of the last n values of a series, each window worked out afresh.

Belongs here: what several features and families compute over a window that ends on the row itself. Every one is prefix-invariant
bit for bit, and a value that has left the window leaves no trace. Must not be here: what a series means.

All arrays are float64 of shape (n,); NaN where the window is not full, or has a NaN in it.
"""

import math
from functools import reduce

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

type Floats = NDArray[np.float64]


def difference(values: Floats, lag: int) -> Floats:
    """values[t] - values[t - lag], in the values' unit."""
    return padded(values[lag:] - values[:-lag], len(values))


def sample_deviation(values: Floats, window: int) -> Floats:
    """Sample standard deviation (ddof 1) of the last `window` values, today's included, in the values' unit."""
    if len(values) < window:
        return padded(values[:0], len(values))
    windows = sliding_window_view(values, window)
    deviations = windows - (row_sums(windows) / window)[:, np.newaxis]
    return padded(np.sqrt(row_sums(deviations * deviations) / (window - 1)), len(values))


def z_score(values: Floats, window: int) -> Floats:
    """(values[t] - mean) / sample standard deviation (ddof 1) of the last `window` values, today's included.

    0 where all of them are equal: today's value is then its own mean. Never beyond `z_limit(window)` either way.
    """
    if len(values) < window:
        return padded(values[:0], len(values))
    windows = sliding_window_view(values, window)
    deviations = windows - (row_sums(windows) / window)[:, np.newaxis]
    spread = np.sqrt(row_sums(deviations * deviations) / (window - 1))
    # Equality is asked of the values: the mean of 63 equal numbers is a last bit off, and would give a score of about 1.
    # Values that differ by less than 1e-160 or so have squares of 0.
    flat = (windows.max(axis=1) == windows.min(axis=1)) | (spread == 0.0)
    return padded(np.where(flat, 0.0, deviations[:, -1] / np.where(flat, 1.0, spread)), len(values))


def z_limit(window: int) -> float:
    """How far out the score of one value among `window` can be, (n - 1) / sqrt(n), and a billionth for rounding."""
    return (window - 1) / math.sqrt(window) + 1e-9


def percentile_rank(values: Floats, window: int, minimum: int) -> Floats:
    """Rank of today's value among the last `window`, today's included, divided by how many there are: 1 is the largest.

    Equal values share their mean rank. NaN values are left out of the count; NaN where fewer than `minimum` remain, or where
    today's value is one. In (0, 1].
    """
    ranks = pd.Series(values).rolling(window, min_periods=minimum).rank(method="average", pct=True)
    return ranks.to_numpy("float64")


def row_sums(windows: Floats) -> Floats:
    """The sum of each row of a matrix of shape (n, window)."""
    # Column by column: each row is then added up in the same order whatever the number of rows, which numpy's own sum over an
    # axis does not promise.
    return reduce(np.add, windows.T)


def padded(values: Floats, length: int) -> Floats:
    """The values at the end of an array of `length`, NaN before them."""
    return np.concatenate([np.full(length - len(values), np.nan), values])
