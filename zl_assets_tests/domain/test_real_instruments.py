"""The instruments beside ZL on their real bars: counts, worked sessions, and the figures that their bounds were taken from."""

import datetime as dt
import functools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import TimeSeriesSplit

from zl_assets.domain.features import feature_rows
from zl_assets.domain.matrix import build_matrix
from zl_assets.domain.regimes import regime_weights
from zl_assets.domain.rules.dates import calendar_complete
from zl_assets.domain.rules.features import prefix_invariant
from zl_assets.domain.rules.market import thin_sessions
from zl_assets.domain.rules.matrix import matrix_rows_recomputed
from zl_assets.domain.rules.regimes import distinct_regimes
from zl_assets.domain.rules.rows import bar_history_rules, feature_rules, history_rules, matrix_rules, price_rules
from zl_assets.domain.rules.training import targets_spanning_a_roll
from zl_assets.domain.rules.units import prices_on_tick
from zl_assets.domain.sessions import Sessions, build_sessions
from zl_assets.domain.targets import forward_return, label_end_dates
from zl_assets.instruments.base import Closure, Instrument
from zl_assets.instruments.mes import INSTRUMENT as MES
from zl_assets.instruments.zc import INSTRUMENT as ZC
from zl_assets.instruments.zl import INSTRUMENT as ZL
from zl_assets.instruments.zm import INSTRUMENT as ZM
from zl_assets.instruments.zs import INSTRUMENT as ZS
from zl_assets.instruments.zw import INSTRUMENT as ZW
from zl_assets.model.fit.config import ModelConfig
from zl_assets.sources.bars import read_bars
from zl_assets.warehouse.verdict import require
from zl_assets_tests.conftest import shared_data
from zl_assets_tests.domain.test_indicators import oracle
from zl_assets_tests.support.builders import AS_OF

GRAINS = (ZS, ZM, ZC, ZW)
ALL = (MES, *GRAINS)
MES_AS_OF = dt.date(2025, 11, 17)
HORIZON = 21

by_symbol = pytest.mark.parametrize("instrument", ALL, ids=lambda instrument: instrument.symbol)


@functools.cache
def real_bars(instrument: Instrument) -> pd.DataFrame:
    name = "databento_futures_ohlcv_1d.parquet" if instrument is MES else "databento_ag_ohlcv_1d.parquet"
    return read_bars(shared_data(name), [instrument]).frame


@functools.cache
def real(instrument: Instrument) -> tuple[Sessions, pd.DataFrame, pd.DataFrame]:
    bars = real_bars(instrument)
    sessions = build_sessions(bars, instrument, MES_AS_OF if instrument is MES else AS_OF)
    features = feature_rows(sessions.frame, bars, instrument)
    return sessions, features, build_matrix(sessions.frame, features, regime_weights(), instrument)


def test_the_real_bars_of_mes_make_1690_sessions() -> None:
    sessions, _, _ = real(MES)
    assert (sessions.bars, len(sessions.frame)) == (2_036, 1_690)
    dates = sessions.frame["data_date"]
    assert (str(dates.min().date()), str(dates.max().date())) == ("2019-05-06", "2025-11-14")
    # 337 at weekends and 8 on full closures; the newest waits for its Monday.
    assert (sessions.stubs_merged, sessions.stubs_held_back, sessions.stubs_of_another_instrument) == (345, 1, 13)
    assert (sessions.stub_prints_left_out, sessions.forming_bars, sessions.duplicate_bars) == ((), 0, 0)


def test_the_eight_bars_on_full_closures_are_no_sessions_of_mes() -> None:
    """One hour each. A rule of volume would take the largest for a session: a real half day has fewer lots."""
    bars = real_bars(MES).set_index("date")["volume"]
    weekdays = bars[bars.index.dayofweek < 5]
    stubs = weekdays[~weekdays.index.isin(real(MES)[0].frame["data_date"])]
    assert [f"{day:%Y-%m-%d} {volume}" for day, volume in stubs.items()] == [
        "2019-12-25 675",
        "2020-01-01 3113",
        "2022-12-26 15616",
        "2023-01-02 24992",
        "2023-12-25 7697",
        "2024-01-01 8084",
        "2024-12-25 8060",
        "2025-01-01 18245",
    ]
    assert weekdays.drop(stubs.index).min() == 11_751
    without = build_sessions(real_bars(MES), replace(MES, closures=()), MES_AS_OF)
    assert (len(without.frame), without.stubs_merged) == (1_698, 337)


def test_the_real_bars_of_mes_make_1628_matrix_rows_and_1607_labels() -> None:
    _, features, matrix = real(MES)
    dates, target = matrix["data_date"], forward_return(matrix["market_data.close"], HORIZON)
    assert (len(features), len(matrix), target.notna().sum()) == (1_690, 1_628, 1_607)
    assert (str(dates.min().date()), str(dates[target.notna()].max().date())) == ("2019-07-31", "2025-10-16")
    train = (dates < pd.Timestamp(MES.split_date)) & target.notna()
    before_split = train & (label_end_dates(dates, HORIZON) < pd.Timestamp(MES.split_date))
    assert (train.sum(), (~train & target.notna()).sum(), before_split.sum()) == (885, 722, 864)
    assert matrix["regime.name"].unique().tolist() == [
        "trade_war",
        "covid_crash",
        "covid_recovery",
        "inflation",
        "trump_anticipation",
        "trump_term",
    ]


def test_four_folds_leave_the_first_of_mes_302_rows_where_five_would_leave_251() -> None:
    def first(folds: int) -> int:
        train, _ = next(TimeSeriesSplit(folds, gap=HORIZON).split(range(1_607)))
        return len(train)

    assert (first(5), first(4)) == (251, 302)
    assert (ModelConfig.of(MES, MES.horizons[0]).folds, ModelConfig.of(ZL, ZL.horizons[0]).folds) == (4, 5)


WORKED = {
    "2020-03-16": (2555.50, 2555.50, 2345.00, 2432.25, 781_852, -0.08793475, -0.28055905, 3190.710317, 0.04486084, 0.13218214),
    "2024-12-26": (6099.00, 6107.50, 6062.00, 6095.00, 595_183, -0.00065585, 0.00902243, 5938.202381, 0.00614745, -0.00697293),
    "2025-01-02": (5947.00, 5995.25, 5874.75, 5914.75, 1_208_157, -0.00395739, -0.02457225, 5950.230159, 0.00705968, 0.02548713),
}


@pytest.mark.parametrize("day", WORKED)
def test_three_sessions_of_mes_worked_by_hand(day: str) -> None:
    """The first has a stub of another contract, which gives its volume only; the others have one on Christmas and New Year."""
    _, _, matrix = real(MES)
    row = matrix.assign(target=forward_return(matrix["market_data.close"], HORIZON)).set_index("data_date").loc[day]
    bar, features = WORKED[day][:5], WORKED[day][5:]
    assert tuple(row[[f"market_data.{name}" for name in ("open", "high", "low", "close", "volume")]]) == bar
    # As many digits as were worked out.
    digits = (8, 8, 6, 8, 8)
    found = row[["return_1d", "return_21d", "ma_63", "volatility_21d", "target"]]
    assert tuple(round(float(value), n) for value, n in zip(found, digits, strict=True)) == features


@by_symbol
def test_the_real_bars_hold_every_rule_of_their_instrument(instrument: Instrument) -> None:
    sessions, features, matrix = real(instrument)
    bars, weights = real_bars(instrument).sort_values("date", ignore_index=True), regime_weights()
    require([rule(bars) for rule in bar_history_rules(instrument)], "bars")
    require([rule(sessions.frame) for rule in (*price_rules(instrument), *history_rules(instrument))], "sessions")
    require([rule(features) for rule in feature_rules(instrument)], "features")
    require([rule(matrix) for rule in matrix_rules(instrument)], "matrix")
    require([matrix_rows_recomputed(matrix, sessions.frame, weights), distinct_regimes(matrix, weights)], "matrix")
    require([calendar_complete(sessions.frame, instrument), prices_on_tick(sessions.frame, instrument)], "sessions")
    require([prefix_invariant(features, sessions.frame, real_bars(instrument), instrument)], "features")
    assert len(matrix) >= instrument.minima.matrix_rows
    assert forward_return(matrix["market_data.close"], HORIZON).notna().sum() >= instrument.minima.labelled_rows


# By symbol: largest volume, middle volume, thin sessions, largest volatility without roll gaps, share of targets over a roll.
FIGURES = {
    "MES": (3_800_303, 887_729.5, 2, 0.051, 0.327),
    "ZS": (296_706, 79_177, 10, 0.033, 0.461),
    "ZM": (105_948, 33_503, 12, 0.035, 0.474),
    "ZC": (418_025, 114_331, 6, 0.035, 0.388),
    "ZW": (174_206, 45_595, 10, 0.056, 0.450),
}


@by_symbol
def test_the_figures_that_the_bounds_were_taken_from_are_those_of_the_real_bars(instrument: Instrument) -> None:
    sessions, features, matrix = real(instrument)
    volume, bounds = sessions.frame["volume"], instrument.plausibility
    target = forward_return(matrix["market_data.close"], HORIZON)
    spanning = targets_spanning_a_roll(matrix[["data_date"]].assign(target_1m=target), matrix, instrument.horizons[0])
    # By pandas, from the index.
    largest = (features["roll_index"] / features["roll_index"].shift() - 1).rolling(21).std().max()
    thin = thin_sessions(sessions.frame, bounds.thin_lots, bounds.thin_share)
    found = (volume.max(), volume.median(), len(sessions.thin), round(largest, 3), round(float(spanning.measured or 0), 3))
    assert found == FIGURES[instrument.symbol]
    assert (bounds.largest_volatility, instrument.horizons[0].usual_spanning) == found[3:]
    assert spanning.passed
    assert thin.passed


@by_symbol
def test_bars_of_one_instrument_are_not_taken_for_another(instrument: Instrument) -> None:
    """Prices a hundred times too large or too small are refused row by row, and the bars of ZL are."""
    frame = real(instrument)[0].frame
    for factor in (0.01, 100):
        scaled = frame.assign(**{name: frame[name] * factor for name in ("open", "high", "low", "close")})
        assert not all(rule(scaled).passed for rule in (*price_rules(instrument), *history_rules(instrument))), factor
    zl = read_bars(shared_data("databento_futures_ohlcv_1d.parquet"), [ZL]).frame
    sessions = build_sessions(zl, ZL, AS_OF).frame.assign(symbol=instrument.symbol)
    assert not all(rule(sessions).passed for rule in (*price_rules(instrument), *history_rules(instrument)))


@by_symbol
def test_the_features_of_the_real_bars_equal_talib(instrument: Instrument) -> None:
    sessions, features, _ = real(instrument)
    for name, expected in oracle(sessions.frame["close"].to_numpy()).items():
        np.testing.assert_allclose(features[name], expected, rtol=0, atol=1e-9, err_msg=name)


def test_the_grains_have_as_many_sessions_as_zl_has() -> None:
    for grain in GRAINS:
        sessions, features, matrix = real(grain)
        target = forward_return(matrix["market_data.close"], HORIZON)
        assert (len(sessions.frame), len(features), len(matrix), target.notna().sum()) == (3_893, 3_893, 3_831, 3_810)
        assert sessions.stub_prints_left_out == ()


def test_a_closure_that_zl_would_have_changes_none_of_its_real_sessions() -> None:
    """Soybean oil has no bar on these days, so the rule is of no use to it; where it is off, nothing can have changed."""
    bars = read_bars(shared_data("databento_futures_ohlcv_1d.parquet"), [ZL]).frame
    assert ZL.closures == ()
    ours, other = (build_sessions(bars, one, AS_OF).frame for one in (ZL, replace(ZL, closures=(Closure(1, 1), Closure(12, 25)))))
    pd.testing.assert_frame_equal(ours, other, check_exact=True)
