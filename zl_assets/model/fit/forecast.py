"""Forecasts of prices.

Belongs here: pure arithmetic on predictions. Must not be here: fitting, the calendar, ranges, tables.
"""

import numpy as np
import pandas as pd


def latest_forecasts(rows: pd.DataFrame, predicted: np.ndarray, coming: pd.DatetimeIndex) -> pd.DataFrame:
    """The forecast of every session that has no target yet.

    Args:
        rows: data_date and close of these sessions, the newest `horizon`, in order.
        predicted: the model's return for each of them, as a fraction.
        coming: the sessions after the newest one, in order; at least as many as there are forecasts.

    Returns:
        data_date, target_session, close, predicted_return (fraction), predicted_close (as the close), oldest first.

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
        }
    )
