"""The synthetic sample looks like the real series and passes what the real series must pass."""

import functools
import hashlib

import numpy as np
import pandas as pd
import pytest

from zl_assets.domain.features import feature_rows
from zl_assets.domain.matrix import build_matrix
from zl_assets.domain.regimes import regime_weights
from zl_assets.domain.rules.market import newest_session, thin_sessions
from zl_assets.domain.rules.matrix import matrix_rows_recomputed
from zl_assets.domain.rules.regimes import distinct_regimes
from zl_assets.domain.sessions import build_sessions
from zl_assets.domain.targets import forward_return
from zl_assets.domain.trading_calendar import expected_sessions
from zl_assets.settings import SAMPLE_AS_OF
from zl_assets.sources.sample import require_same_sample, synthetic_bars
from zl_assets.warehouse.errors import DataFault, Hint
from zl_assets.warehouse.shape import conform
from zl_assets.warehouse.verdict import require
from zl_assets_tests.support.contracts import BARS, FEATURES, HORIZON, MATRIX, ROW_RULES, SESSIONS, ZL


@functools.cache
def sample() -> pd.DataFrame:
    return synthetic_bars()


def test_the_sample_is_the_same_on_every_machine() -> None:
    numbers = sample().assign(date=sample()["date"].astype("int64") // 86_400_000_000_000).drop(columns="symbol")
    digest = hashlib.sha256(numbers.to_numpy("<f8").tobytes()).hexdigest()
    assert digest == "f09ff620d29d1c94629c7b04fd6ce5ba499ccfb650a7072a75f3c275f364fc5a"


def test_a_folder_of_another_versions_sample_is_told_from_bars_that_somebody_gave() -> None:
    """The person changed nothing: words about another market or adjusted prices would send them looking for it."""
    require_same_sample(sample(), sample())
    require_same_sample(sample(), sample().iloc[:0])
    require_same_sample(sample(), sample().assign(close=lambda f: f["close"].where(f.index != 7, 1.0)))
    other = sample().assign(close=sample()["close"] + 0.5)
    with pytest.raises(
        DataFault, match="3,998 bars of another synthetic sample, of an earlier version of this product"
    ) as caught:
        require_same_sample(sample(), other)
    assert caught.value.hints == (Hint.SOURCE,)


def test_the_sample_has_the_rows_stubs_and_rolls_of_the_real_series() -> None:
    bars = sample()
    pd.testing.assert_frame_equal(bars, conform(bars, BARS))
    weekday = bars[bars["date"].dt.dayofweek < 5]
    stubs = bars[bars["date"].dt.dayofweek == 6]
    assert (len(bars), len(weekday), len(stubs)) == (3_998, 3_893, 105)
    assert (bars["date"].iloc[0], bars["date"].iloc[-1]) == (pd.Timestamp("2010-06-07"), pd.Timestamp("2025-11-14"))
    changed = weekday["instrument_id"].ne(weekday["instrument_id"].shift()).iloc[1:]
    assert (changed.sum(), weekday["instrument_id"].nunique()) == (132, 87)
    gaps = (weekday["open"] / weekday["close"].shift() - 1).iloc[1:]
    assert 0.012 < gaps[changed].std() < 0.021
    assert 0.002 < gaps[~changed].std() < 0.004
    assert 39_000 < weekday["volume"].median() < 43_000
    assert 800 < stubs["volume"].median() < 1_500


def test_the_sample_moves_like_a_commodity() -> None:
    close = sample().loc[lambda f: f["date"].dt.dayofweek < 5, "close"]
    returns = close.pct_change()
    assert close.between(25, 90).all()
    assert 0.013 < returns.std() < 0.018
    assert returns.abs().autocorr(1) > 0.15, "volatility comes in clusters"


def test_the_sample_makes_as_many_rows_as_the_plan_asks_for() -> None:
    sessions = build_sessions(sample(), ZL, SAMPLE_AS_OF)
    assert len(sessions.frame) == 3_893
    assert (sessions.stubs_merged, sessions.stubs_of_another_instrument, len(sessions.stub_prints_left_out)) == (105, 4, 1)
    assert (sessions.forming_bars, sessions.stubs_held_back, len(sessions.thin)) == (0, 0, 12)
    features = feature_rows(sessions.frame, sample(), ZL)
    matrix = build_matrix(sessions.frame, features, regime_weights(), ZL)
    assert (len(matrix), forward_return(matrix["market_data.close"], HORIZON).notna().sum()) == (3_831, 3_810)
    frames = {BARS.table: sample(), SESSIONS.table: sessions.frame, FEATURES.table: features, MATRIX.table: matrix}
    for table, frame in frames.items():
        require([assertion(frame) for assertion in ROW_RULES[table]], table)
    verdicts = [
        distinct_regimes(matrix, regime_weights()),
        matrix_rows_recomputed(matrix, sessions.frame, regime_weights()),
        thin_sessions(sessions.frame, ZL.plausibility.thin_lots, ZL.plausibility.thin_share),
        newest_session(matrix, ZL.calendar, SAMPLE_AS_OF),
    ]
    require(verdicts, "sample")


@pytest.mark.filterwarnings("ignore:The 'generic' unit for NumPy timedelta:DeprecationWarning")
def test_the_samples_sessions_are_near_the_exchanges_calendar() -> None:
    days = pd.DatetimeIndex(build_sessions(sample(), ZL, SAMPLE_AS_OF).frame["data_date"])
    expected = expected_sessions(ZL.calendar, days[0].date(), days[-1].date())
    # As the real bars: three days lost by the feed; five evening sessions on holidays and two days of mourning are not expected.
    assert (len(expected.difference(days)), len(days.difference(expected))) == (3, 7)


def test_prices_are_whole_hundredths() -> None:
    prices = sample()[["open", "high", "low", "close"]].to_numpy()
    assert np.array_equal(prices, np.rint(prices * 100) / 100)
