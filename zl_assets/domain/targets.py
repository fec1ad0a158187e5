"""What the model forecasts: the forward return, when its label is known, and the train/test split.

Belongs here: the only functions that look ahead. Must not be here: features.
"""

import numpy as np
import pandas as pd

from zl_assets.contracts.tables import HORIZON, SPLIT_DATE


def forward_return(close: pd.Series, horizon: int = HORIZON) -> pd.Series:
    """close[t + horizon] / close[t] - 1, a fraction; NaN for the last `horizon` rows. `close` is in date order."""
    return close.shift(-horizon) / close - 1.0


def label_end_dates(dates: pd.Series, horizon: int = HORIZON) -> pd.Series:
    """Date of the session whose close closes each row's label; NaT for the last `horizon` rows. `dates` is in order.

    A row may be trained on before a split only if its label ends before the split.
    """
    return dates.shift(-horizon)


def split_of(dates: pd.Series, split_date: str = SPLIT_DATE) -> pd.Series:
    """'train' before `split_date`, else 'test'; strings on the index of `dates`."""
    return pd.Series(np.where(dates < pd.Timestamp(split_date), "train", "test"), index=dates.index, dtype="string")
