import datetime as dt
import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import TimeSeriesSplit

from zl_assets.model.fit.splits import impact_folds, least_impact_rows, purged_holdout
from zl_assets.model.fit.training import TrainedModel
from zl_assets_tests.support.contracts import MONTH


@given(
    steps=st.lists(st.integers(1, 5), min_size=12, max_size=60),
    horizon=st.integers(1, 6),
    split=st.integers(0, 150),
)
def test_no_training_label_is_known_only_after_the_split(steps: list[int], horizon: int, split: int) -> None:
    start = dt.date(2022, 11, 1)
    sessions = pd.DatetimeIndex([start + dt.timedelta(days=day) for day in itertools.accumulate(steps)])
    at = start + dt.timedelta(days=split)
    labelled = len(sessions) - horizon
    train, test = purged_holdout(sessions[:labelled], sessions[horizon:], at)
    for row in range(labelled):
        closes_seen = sessions[row : row + horizon + 1]
        assert (row in train) == all(day.date() < at for day in closes_seen)
        assert (row in test) == (sessions[row].date() >= at)
    assert not set(train) & set(test)


@given(rows=st.integers(200, 400), horizon=st.integers(1, 21))
def test_a_gap_of_the_horizon_shares_no_close_and_one_row_less_does(rows: int, horizon: int) -> None:
    for gap, shares in ((horizon, False), (horizon - 1, True)):
        for train, test in TimeSeriesSplit(5, gap=gap).split(np.zeros(rows)):
            newest_label_end = train.max() + horizon
            assert (newest_label_end >= test.min()) == shares


def test_the_real_split_purges_21_rows(real_model: TrainedModel) -> None:
    data, holdout = real_model.data, real_model.holdout
    before = int((data.dates < "2023-01-01").sum())
    assert (len(data.dates), before, len(holdout.train), len(holdout.test)) == (3810, 3109, 3088, 701)
    assert data.label_ends[holdout.train].max() < pd.Timestamp("2023-01-01") <= data.dates[holdout.test].min()


@given(rows=st.integers(least_impact_rows(MONTH), 5000))
def test_six_blocks_of_one_size_follow_each_other_to_the_newest_row(rows: int) -> None:
    folds = impact_folds(rows, MONTH)
    assert len(folds) == 6
    tested = np.concatenate([test for _, test in folds])
    np.testing.assert_array_equal(tested, np.arange(tested[0], rows))
    assert 756 <= tested[0] <= 761
    assert len({len(test) for _, test in folds}) == 1
    for train, test in folds:
        np.testing.assert_array_equal(train, np.arange(test[0] - 21))


def test_the_real_history_is_tested_from_row_756_on_and_a_short_one_is_refused() -> None:
    assert [test[0] for _, test in impact_folds(3810, MONTH)] == [756, 1265, 1774, 2283, 2792, 3301]
    with pytest.raises(ValueError, match="1133 rows are too few for 6 test blocks: at least 1134"):
        impact_folds(1133, MONTH)
