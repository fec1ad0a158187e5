"""The forward return, the end of its label, and the split."""

import numpy as np
import pandas as pd

from zl_assets.domain.targets import forward_return, label_end_dates, split_of


def test_the_target_looks_21_rows_ahead_and_the_last_21_have_none() -> None:
    close = pd.Series(np.arange(100.0, 130.0))
    target = forward_return(close)
    assert target.iloc[0] == 121.0 / 100.0 - 1.0
    assert target.iloc[8] == 129.0 / 108.0 - 1.0
    assert target.iloc[9:].isna().all()


def test_a_label_ends_on_the_date_of_the_close_that_it_needs() -> None:
    dates = pd.Series(pd.bdate_range("2022-11-01", periods=30))
    ends = label_end_dates(dates)
    assert list(ends.iloc[:9]) == list(dates.iloc[21:])
    assert ends.iloc[9:].isna().all()


def test_the_split_day_itself_is_test() -> None:
    dates = pd.Series(pd.to_datetime(["2022-12-31", "2023-01-01", "2023-01-02"]), index=[5, 6, 7])
    assert split_of(dates, "2023-01-01").to_dict() == {5: "train", 6: "test", 7: "test"}
    assert split_of(dates).dtype == "string"
