"""The figures that were measured on the real bars, end to end through the domain."""

import datetime as dt
import functools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from zl_assets.contracts.regimes import REGIME_WEIGHTS
from zl_assets.domain.features import feature_rows
from zl_assets.domain.matrix import build_matrix
from zl_assets.domain.regimes import regime_weights
from zl_assets.domain.rules.features import prefix_invariant, raw_volatility_plausible, volatility_plausible
from zl_assets.domain.rules.market import thin_sessions
from zl_assets.domain.rules.matrix import matrix_rows_recomputed
from zl_assets.domain.rules.regimes import distinct_regimes
from zl_assets.domain.rules.training import targets_spanning_a_roll
from zl_assets.domain.sessions import Sessions, StubPrint, build_sessions
from zl_assets.domain.targets import forward_return, label_end_dates
from zl_assets.sources.bars import read_bars
from zl_assets.warehouse.shape import conform
from zl_assets.warehouse.verdict import require
from zl_assets_tests.conftest import shared_data
from zl_assets_tests.support.builders import AS_OF
from zl_assets_tests.support.contracts import (
    BARS,
    FEATURES,
    HORIZON,
    INTELLIGENCE,
    LATEST,
    MATRIX,
    MONTH,
    OOF,
    RECORD,
    REPLAY,
    ROW_RULES,
    SCORE,
    SESSIONS,
    ZL,
)


@functools.cache
def real_bars() -> pd.DataFrame:
    return read_bars(shared_data("databento_futures_ohlcv_1d.parquet"), [ZL]).frame


@functools.cache
def real() -> tuple[Sessions, pd.DataFrame, pd.DataFrame]:
    sessions = build_sessions(real_bars(), ZL, AS_OF)
    features = feature_rows(sessions.frame, real_bars(), ZL)
    return sessions, features, build_matrix(sessions.frame, features, regime_weights(), ZL)


def test_the_real_bars_make_3893_sessions() -> None:
    sessions, _, _ = real()
    assert (sessions.bars, len(sessions.frame)) == (3_998, 3_893)
    assert (sessions.stubs_merged, sessions.stubs_of_another_instrument) == (105, 4)
    assert (sessions.stubs_held_back, sessions.forming_bars, sessions.duplicate_bars) == (0, 0, 0)
    assert sessions.stub_prints_left_out == (StubPrint(dt.date(2014, 8, 31), "high", 39.66, 32.88),)
    assert (
        len(sessions.thin) == thin_sessions(sessions.frame, ZL.plausibility.thin_lots, ZL.plausibility.thin_share).measured == 12
    )
    assert dt.date(2025, 7, 7) in sessions.thin


def test_the_bad_print_of_2014_does_not_reach_the_tuesday_after_labor_day() -> None:
    session = real()[0].frame.set_index("data_date").loc["2014-09-02"]
    assert (session["open"], session["high"], session["low"], session["close"]) == (32.92, 32.92, 31.96, 32.21)
    assert session["volume"] == 44_327 + 1_614


def test_the_real_bars_make_3831_matrix_rows_and_3810_labels() -> None:
    _, features, matrix = real()
    target = forward_return(matrix["market_data.close"], HORIZON)
    assert (len(features), len(matrix), target.notna().sum()) == (3_893, 3_831, 3_810)
    assert round(features["volatility_21d"].max(), 3) == 0.040
    train = (matrix["data_date"] < "2023-01-01") & target.notna()
    before_split = train & (label_end_dates(matrix["data_date"], HORIZON) < pd.Timestamp("2023-01-01"))
    assert (train.sum(), before_split.sum(), (~train & target.notna()).sum()) == (3_109, 3_088, 701)


def test_the_real_bars_hold_every_row_assertion() -> None:
    sessions, features, matrix = real()
    weights = regime_weights()
    frames = {SESSIONS.table: sessions.frame, FEATURES.table: features, MATRIX.table: matrix, REGIME_WEIGHTS.table: weights}
    others = {contract.table for contract in (BARS, OOF, LATEST, REPLAY, RECORD, SCORE)}
    assert set(frames) | others | {*INTELLIGENCE} == set(ROW_RULES)
    for table, frame in frames.items():
        require([assertion(frame) for assertion in ROW_RULES[table]], table)
    require([matrix_rows_recomputed(matrix, sessions.frame, weights), distinct_regimes(matrix, weights)], "matrix")


def test_the_largest_volatility_without_roll_gaps_is_the_documented_one() -> None:
    _, features, _ = real()
    # By pandas, from the index; no session of the real bars lacks it.
    largest = (features["roll_index"] / features["roll_index"].shift() - 1).rolling(21).std().max()
    assert f"the largest is {largest:.4f}" in volatility_plausible(features, ZL.plausibility.volatility).explanation
    assert round(largest, 3) == ZL.plausibility.largest_volatility


@pytest.mark.parametrize(
    ("symbol", "day", "raw", "adjusted"), [("ZC", "2013-07-01", 0.103, 0.035), ("ZM", "2013-07-01", 0.106, 0.035)]
)
def test_a_real_roll_gap_of_a_quarter_is_not_implausible(symbol: str, day: str, raw: float, adjusted: float) -> None:
    """Old crop against new: the front contract of corn fell by 26 % overnight, and nobody lost them."""
    of_symbol = replace(ZL, symbol=symbol)
    rows = pd.read_parquet(shared_data("databento_ag_ohlcv_1d.parquet"))
    own = conform(rows[rows["symbol"] == symbol].assign(date=lambda f: pd.to_datetime(f["date"])), BARS)
    features = feature_rows(build_sessions(own, of_symbol, AS_OF).frame, own, of_symbol)
    most = ZL.plausibility.volatility
    assert round(features["volatility_21d"].max(), 3) == raw > most
    verdict = volatility_plausible(features, most)
    assert verdict.passed
    assert f"the largest is {adjusted:.3f}"[:-1] in verdict.explanation
    # Without instrument_id the same gap is a warning, with its date.
    blind = conform(own.assign(instrument_id=pd.NA), BARS)
    unknown = feature_rows(build_sessions(blind, of_symbol, AS_OF).frame, blind, of_symbol)
    assert volatility_plausible(unknown, most).passed
    warned = raw_volatility_plausible(unknown, most)
    assert not warned.passed
    assert f"{warned.offenders['data_date'].iloc[0]:%Y-%m-%d}" == day


def test_a_refresh_the_day_before_sees_one_session_less() -> None:
    result = build_sessions(real_bars(), ZL, dt.date(2025, 11, 14))
    assert (len(result.frame), result.forming_bars) == (3_892, 1)
    pd.testing.assert_frame_equal(result.frame, real()[0].frame.head(3_892), check_exact=True)


def test_45_percent_of_the_real_targets_span_one_of_132_rolls() -> None:
    _, features, matrix = real()
    assert features["is_roll"].sum() == 132
    target = forward_return(matrix["market_data.close"], HORIZON)
    verdict = targets_spanning_a_roll(matrix[["data_date"]].assign(target_1m=target), matrix, MONTH)
    assert verdict.passed
    assert round(verdict.measured, 3) == 0.456  # type: ignore[arg-type]


def test_the_real_drift_is_roll_gap() -> None:
    """The raw series rises 2.05 % a year; without the gaps between contracts nothing of it is left."""
    sessions, features, _ = real()
    years = (sessions.frame["data_date"].iloc[-1] - sessions.frame["data_date"].iloc[0]).days / 365.25
    raw = np.log(sessions.frame["close"].iloc[-1] / sessions.frame["close"].iloc[0]) / years
    chained = np.log(features["roll_index"].iloc[-1] / features["roll_index"].iloc[0]) / years
    assert raw > 0.015
    assert chained < 0.002


def test_no_real_feature_looks_ahead() -> None:
    sessions, features, _ = real()
    require([prefix_invariant(features, sessions.frame, real_bars(), ZL)], "zl_ta_features")
