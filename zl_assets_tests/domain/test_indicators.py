"""The eight features against hand-worked values, TA-Lib and their own prefixes."""

import math

import numpy as np
import pandas as pd
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from zl_assets.contracts.features import TECHNICAL_FEATURE_NAMES
from zl_assets.domain.indicators import moving_average, simple_return, technical_features, volatility, wilder_rsi
from zl_assets.domain.sessions import build_sessions
from zl_assets.sources.bars import read_bars
from zl_assets.sources.sample import synthetic_bars
from zl_assets_tests.conftest import shared_data
from zl_assets_tests.support.builders import AS_OF, random_closes, sessions_of
from zl_assets_tests.support.contracts import ZL

FIRST_ROW = {
    "return_1d": 2,
    "return_5d": 6,
    "return_21d": 22,
    "ma_5": 5,
    "ma_21": 21,
    "ma_63": 63,
    "volatility_21d": 22,
    "rsi_14": 15,
}


def oracle(close: np.ndarray) -> dict[str, np.ndarray]:
    """TA-Lib's own computation; its STDDEV divides by n, hence sqrt(21/20), and is run on the returns that there are."""
    returns = talib.ROCP(close, 1)
    deviation = talib.STDDEV(returns[1:], 21) * math.sqrt(21 / 20)
    return {
        "return_1d": returns,
        "return_5d": talib.ROCP(close, 5),
        "return_21d": talib.ROCP(close, 21),
        "ma_5": talib.SMA(close, 5),
        "ma_21": talib.SMA(close, 21),
        "ma_63": talib.SMA(close, 63),
        "volatility_21d": np.concatenate([[np.nan], deviation]),
        "rsi_14": talib.RSI(close, 14),
    }


def assert_equals_talib(close: np.ndarray) -> None:
    features = technical_features(sessions_of(close))
    for name, expected in oracle(close).items():
        np.testing.assert_allclose(features[name], expected, rtol=0, atol=1e-9, err_msg=name)


def test_features_of_the_real_bars_equal_talib() -> None:
    sessions = build_sessions(read_bars(shared_data("databento_futures_ohlcv_1d.parquet"), [ZL]).frame, ZL, AS_OF)
    assert_equals_talib(sessions.frame["close"].to_numpy())


def test_features_of_the_sample_equal_talib() -> None:
    assert_equals_talib(build_sessions(synthetic_bars(), ZL, AS_OF).frame["close"].to_numpy())


def test_each_feature_starts_on_its_row_and_has_no_gap() -> None:
    features = technical_features(sessions_of(random_closes(100)))
    assert list(features.columns) == ["data_date", "symbol", *TECHNICAL_FEATURE_NAMES]
    for name, row in FIRST_ROW.items():
        assert features[name].isna().sum() == row - 1, name
        assert features[name].first_valid_index() == row - 1, name


def test_returns_and_means_by_hand() -> None:
    close = np.array([10.0, 11.0, 9.9])
    np.testing.assert_allclose(simple_return(close, 1), [np.nan, 0.1, -0.1])
    np.testing.assert_allclose(simple_return(close, 2), [np.nan, np.nan, -0.01])
    np.testing.assert_allclose(moving_average(close, 2), [np.nan, 10.5, 10.45])


def test_volatility_divides_by_one_less_than_the_window() -> None:
    # Returns 0.10 and -0.10: mean 0, sum of squares 0.02, one degree of freedom.
    np.testing.assert_allclose(volatility(np.array([10.0, 11.0, 9.9]), 2), [np.nan, np.nan, math.sqrt(0.02)])


def test_rsi_is_seeded_with_a_mean_and_then_smoothed() -> None:
    # Period 2. Changes +1, +1 | -1: gain 1 then 0.5, loss 0 then 0.5.
    np.testing.assert_allclose(wilder_rsi(np.array([10.0, 11.0, 12.0, 11.0]), 2), [np.nan, np.nan, 100.0, 50.0])


@pytest.mark.parametrize(
    ("closes", "expected"), [(np.full(20, 40.0), 50.0), (np.arange(1.0, 21.0), 100.0), (np.arange(20.0, 0.0, -1.0), 0.0)]
)
def test_rsi_of_one_sided_and_flat_series(closes: np.ndarray, expected: float) -> None:
    assert set(wilder_rsi(closes)[14:]) == {expected}


def test_an_outlier_leaves_no_trace_once_it_has_left_the_window() -> None:
    calm = random_closes(200)
    spiked = calm.copy()
    spiked[80] = 1e12
    for window in (5, 21, 63):
        assert np.array_equal(moving_average(calm, window)[80 + window :], moving_average(spiked, window)[80 + window :])
    assert np.array_equal(volatility(calm)[103:], volatility(spiked)[103:])


def test_a_missing_close_is_not_turned_into_a_number() -> None:
    close = random_closes(40)
    close[20] = np.nan
    assert np.isnan(wilder_rsi(close)[20:]).all()
    assert np.isnan(moving_average(close, 5)[20:25]).all()
    assert not np.isnan(moving_average(close, 5)[25:]).any()


def prefix_equals_full_run(sessions: pd.DataFrame, cut: int) -> None:
    assert_frame_equal(technical_features(sessions.head(cut)), technical_features(sessions).head(cut), check_exact=True)


@pytest.mark.parametrize("cut", [1, 2, 5, 10, 14, 15, 21, 22, 40, 62, 63, 64, 100, 299])
def test_no_feature_of_a_row_changes_when_later_rows_arrive(cut: int) -> None:
    prefix_equals_full_run(sessions_of(random_closes(300)), cut)


@settings(deadline=None)
@given(st.lists(st.floats(0.01, 1e6), min_size=1, max_size=150), st.integers(1, 150))
def test_no_feature_of_a_row_depends_on_later_rows(closes: list[float], cut: int) -> None:
    prefix_equals_full_run(sessions_of(closes), cut)


@settings(deadline=None)
@given(st.lists(st.floats(1.0, 100.0), min_size=15, max_size=120))
def test_rsi_stays_between_0_and_100(closes: list[float]) -> None:
    rsi = wilder_rsi(np.array(closes))[14:]
    assert ((rsi >= 0) & (rsi <= 100)).all()


def test_symbols_do_not_leak_into_each_other() -> None:
    one, two = sessions_of(random_closes(80)), sessions_of(random_closes(80, seed=8), symbol="ZS")
    both = technical_features(pd.concat([two, one]))
    for alone in (one, two):
        symbol = alone["symbol"].iloc[0]
        assert_frame_equal(both[both["symbol"] == symbol].reset_index(drop=True), technical_features(alone), check_exact=True)


def test_no_sessions_give_no_features() -> None:
    features = technical_features(sessions_of([]))
    assert features.empty
    assert list(features.columns[2:]) == list(TECHNICAL_FEATURE_NAMES)
