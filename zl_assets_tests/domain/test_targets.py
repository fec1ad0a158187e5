"""The forward return, and the end of its label."""

import numpy as np
import pandas as pd

from zl_assets.domain.targets import forward_return, label_end_dates


def test_the_target_looks_21_rows_ahead_and_the_last_21_have_none() -> None:
    close = pd.Series(np.arange(100.0, 130.0))
    target = forward_return(close, 21)
    assert target.iloc[0] == 121.0 / 100.0 - 1.0
    assert target.iloc[8] == 129.0 / 108.0 - 1.0
    assert target.iloc[9:].isna().all()


def test_a_label_ends_on_the_date_of_the_close_that_it_needs() -> None:
    dates = pd.Series(pd.bdate_range("2022-11-01", periods=30))
    ends = label_end_dates(dates, 21)
    assert list(ends.iloc[:9]) == list(dates.iloc[21:])
    assert ends.iloc[9:].isna().all()
