"""Windows against hand-worked values, SciPy and pandas, and their own prefixes."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import percentileofscore

from zl_assets.domain.windows import difference, percentile_rank, z_limit, z_score

NAN = math.nan
values = st.lists(st.one_of(st.floats(-1e6, 1e6), st.sampled_from([1.0, 2.0, NAN])), max_size=60).map(np.array)


def test_by_hand() -> None:
    # 1, 2, 6: mean 3, squares 4 + 1 + 9 = 14, two degrees of freedom: sd sqrt(7).
    np.testing.assert_allclose(z_score(np.array([1.0, 2.0, 6.0]), 3), [NAN, NAN, 3 / math.sqrt(7)])
    np.testing.assert_allclose(difference(np.array([1.0, 2.0, 6.0]), 2), [NAN, NAN, 5.0])
    # The largest of three; then lowest of three; a tie of two shares ranks 2 and 3.
    np.testing.assert_allclose(percentile_rank(np.array([1.0, 2.0, 6.0, 1.5, 6.0]), 3, 3), [NAN, NAN, 1.0, 1 / 3, 2.5 / 3])


def test_a_value_that_does_not_move_has_the_score_0_and_not_what_rounding_leaves() -> None:
    # The mean of 63 times 0.08 is not 0.08 in floating point.
    assert set(z_score(np.full(70, 0.08), 63)[62:]) == {0.0}


def test_a_missing_value_is_never_bridged() -> None:
    series = np.arange(10.0)
    series[4] = NAN
    assert np.isnan(z_score(series, 3)).tolist() == [True, True, False, False, True, True, True, False, False, False]
    assert np.isnan(difference(series, 2)).tolist() == [True, True, False, False, True, False, True, False, False, False]
    # The rank counts the values that there are.
    assert np.isnan(percentile_rank(series, 3, 2)).tolist() == [
        True,
        False,
        False,
        False,
        True,
        False,
        False,
        False,
        False,
        False,
    ]


@pytest.mark.parametrize("n", [0, 1, 62])
def test_a_series_that_is_too_short_has_no_score(n: int) -> None:
    assert np.isnan(z_score(np.arange(float(n)), 63)).all()
    assert len(z_score(np.arange(float(n)), 63)) == n


@settings(max_examples=60)
@given(values)
def test_scores_equal_pandas_where_nothing_is_flat(series: np.ndarray) -> None:
    scores = z_score(series, 5)
    for t in range(len(series)):
        window = pd.Series(series[max(0, t - 4) : t + 1])
        if len(window) < 5 or window.isna().any():
            assert math.isnan(scores[t])
        elif window.nunique() == 1:
            assert scores[t] == 0.0
        elif window.std() > 1e-6 * window.abs().max():
            assert scores[t] == pytest.approx((window.iloc[-1] - window.mean()) / window.std(), abs=1e-6)
            assert abs(scores[t]) <= z_limit(5)


@settings(max_examples=60)
@given(values)
def test_ranks_equal_scipy(series: np.ndarray) -> None:
    ranks = percentile_rank(series, 7, 3)
    for t in range(len(series)):
        window = series[max(0, t - 6) : t + 1]
        window = window[~np.isnan(window)]
        if math.isnan(series[t]) or len(window) < 3:
            assert math.isnan(ranks[t])
        else:
            assert ranks[t] == pytest.approx(percentileofscore(window, series[t], kind="rank") / 100)


@settings(max_examples=60)
@given(values, st.integers(0, 60))
def test_no_window_sees_what_comes_after_it(series: np.ndarray, cut: int) -> None:
    for function in (lambda v: z_score(v, 5), lambda v: percentile_rank(v, 7, 3), lambda v: difference(v, 4)):
        assert np.array_equal(function(series[:cut]), function(series)[:cut], equal_nan=True)


def test_an_outlier_leaves_no_trace_once_it_has_left_the_window() -> None:
    calm = np.random.default_rng(5).standard_normal(200)
    spiked = calm.copy()
    spiked[50] = 1e15
    assert np.array_equal(z_score(calm, 63)[113:], z_score(spiked, 63)[113:])
    assert np.array_equal(percentile_rank(calm, 60, 20)[110:], percentile_rank(spiked, 60, 20)[110:])
