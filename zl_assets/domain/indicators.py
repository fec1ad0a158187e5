"""The eight technical features, one small function each, on the raw close.

Belongs here: functions of a close series whose value at row t depends on rows up to t alone. Every one is prefix-invariant bit
for bit: recomputed on the first k closes it gives the same k values. Each window is summed afresh, in a fixed order; a running
sum would let the rounding residue of one outlier taint every later window. Must not be here: anything that looks ahead.

All arrays are float64 of shape (n,); NaN where the window is not full.
"""

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view

from zl_assets.domain.windows import Floats, padded, row_sums, sample_deviation

RSI_PERIOD = 14
VOLATILITY_WINDOW = 21


def simple_return(close: Floats, lag: int) -> Floats:
    """close[t] / close[t - lag] - 1, a fraction."""
    return padded(close[lag:] / close[:-lag] - 1.0, len(close))


def moving_average(close: Floats, window: int) -> Floats:
    """Mean of the last `window` closes, today's included, in the closes' unit."""
    if len(close) < window:
        return padded(close[:0], len(close))
    return padded(row_sums(sliding_window_view(close, window)) / window, len(close))


def volatility(close: Floats, window: int = VOLATILITY_WINDOW) -> Floats:
    """Sample standard deviation (ddof 1) of the last `window` one-session returns; a fraction per session, not annualised."""
    return padded(sample_deviation(close[1:] / close[:-1] - 1.0, window), len(close))


def wilder_rsi(close: Floats, period: int = RSI_PERIOD) -> Floats:
    """Relative strength index, 0 to 100, with Wilder's own smoothing (New Concepts in Technical Trading Systems, 1978).

    The first average gain and loss are plain means of the first `period` changes; after that
    average = ((period - 1) * average + change) / period. No losses give 100, a flat series 50.
    """
    changes = np.diff(close).tolist()
    if len(changes) < period:
        return padded(close[:0], len(close))
    gain = sum(max(change, 0.0) for change in changes[:period]) / period
    loss = sum(max(-change, 0.0) for change in changes[:period]) / period
    values = [_strength(gain, loss)]
    for change in changes[period:]:
        gain = ((period - 1) * gain + max(change, 0.0)) / period
        loss = ((period - 1) * loss + max(-change, 0.0)) / period
        values.append(_strength(gain, loss))
    return padded(np.array(values), len(close))


def technical_features(sessions: pd.DataFrame) -> pd.DataFrame:
    """The eight features of every session, by symbol.

    Args:
        sessions: columns of the SESSIONS contract; data_date, symbol and close are used. Any row order.

    Returns:
        data_date, symbol and TECHNICAL_FEATURE_NAMES, one row per session, sorted by key; NaN while a window is not full.
    """
    ordered = sessions.sort_values(["data_date", "symbol"], kind="stable")
    of_symbols = [_features_of(rows) for _, rows in ordered.groupby("symbol", sort=True)]
    features = pd.concat(of_symbols) if of_symbols else _features_of(ordered)
    return features.sort_values(["data_date", "symbol"], kind="stable", ignore_index=True)


def _features_of(rows: pd.DataFrame) -> pd.DataFrame:
    close = rows["close"].to_numpy("float64")
    return rows[["data_date", "symbol"]].assign(
        return_1d=simple_return(close, 1),
        return_5d=simple_return(close, 5),
        return_21d=simple_return(close, 21),
        ma_5=moving_average(close, 5),
        ma_21=moving_average(close, 21),
        ma_63=moving_average(close, 63),
        volatility_21d=volatility(close),
        rsi_14=wilder_rsi(close),
    )


def _strength(gain: float, loss: float) -> float:
    return 50.0 if gain + loss == 0.0 else 100.0 * (gain / (gain + loss))
