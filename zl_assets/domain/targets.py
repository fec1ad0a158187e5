"""What the model forecasts: the forward return, and when its label is known.

Belongs here: the only functions that look ahead. Must not be here: features.
"""

import pandas as pd


def forward_return(close: pd.Series, horizon: int) -> pd.Series:
    """close[t + horizon] / close[t] - 1, a fraction; NaN for the last `horizon` rows. `close` is in date order."""
    return close.shift(-horizon) / close - 1.0


def label_end_dates(dates: pd.Series, horizon: int) -> pd.Series:
    """Date of the session whose close closes each row's label; NaT for the last `horizon` rows. `dates` is in order.

    A row may be trained on before a split only if its label ends before the split.
    """
    return dates.shift(-horizon)
