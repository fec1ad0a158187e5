"""The volatility family against worked cases, pandas and SciPy, shifted releases and its own prefixes."""

import math

import numpy as np
import pandas as pd
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import percentileofscore

from zl_assets.domain.families.volatility import FAMILY
from zl_assets.domain.releases import decision_times
from zl_assets_tests.support.builders import decided
from zl_assets_tests.support.cases import (
    Sources,
    assert_as_declared,
    assert_prefix_invariant,
    assert_scale_free,
    cuts,
    random_observations,
    random_sessions,
    real_observations,
    real_sessions,
    sessions_on,
    shares_by_year,
)
from zl_assets_tests.support.contracts import ZL

ASSET = "volatility_daily"
NEEDS_VIX = ["vix", "vix_z_63d", "vix_change_5d", "vix_percentile_252d", "vix_regime", "vix_less_realised"]


def sources(observations: pd.DataFrame) -> Sources:
    return {ASSET: observations}


def slow_vix(observations: pd.DataFrame, sessions: pd.DataFrame) -> list[float]:
    """For each session, a search through the rows that it knew."""
    rows = observations.sort_values("observed_on")
    found = []
    for date, moment in zip(sessions["data_date"], decision_times(sessions["data_date"], ZL.decision), strict=True):
        known = rows[rows["available_at"] < moment]
        fresh = len(known) and (date - known["observed_on"].iloc[-1]).days <= 12
        found.append(known["value"].iloc[-1] if fresh else math.nan)
    return found


def assert_equals_oracles(sessions: pd.DataFrame, observations: pd.DataFrame) -> None:
    frame = FAMILY.compute(decided(sessions), sources(observations))
    vix = pd.Series(slow_vix(observations, sessions))
    returns = talib.ROCP(sessions["close"].to_numpy(), 1)
    realised = np.concatenate([[np.nan], talib.STDDEV(returns[1:], 21) * math.sqrt(21 / 20)])
    expected = {
        "vix": vix,
        "vix_z_63d": (vix - vix.rolling(63).mean()) / vix.rolling(63).std(),
        "vix_change_5d": vix - vix.shift(5),
        "vix_less_realised": vix - 100 * math.sqrt(252) * realised,
    }
    for name, values in expected.items():
        np.testing.assert_allclose(frame[name], values, rtol=0, atol=1e-8, err_msg=name)
    classes = pd.cut(vix, [0, 15, 20, 30, math.inf], right=False, labels=False)
    np.testing.assert_array_equal(frame["vix_regime"].astype("float64"), classes.astype("float64"))
    for name, values in (("vix_percentile_252d", vix.to_numpy()), ("vol_percentile", realised)):
        for t in np.random.default_rng(2).choice(len(sessions), 40):
            window = values[max(0, t - 251) : t + 1]
            window = window[~np.isnan(window)]
            rank = percentileofscore(window, values[t], kind="rank") / 100 if len(window) >= 100 else math.nan
            np.testing.assert_allclose(frame[name][t], rank, err_msg=name)


@pytest.mark.parametrize(
    ("vix", "regime"), [(9.0, 0), (14.99, 0), (15.0, 1), (19.99, 1), (20.0, 2), (29.99, 2), (30.0, 3), (82.69, 3)]
)
def test_a_regime_begins_at_its_bound(vix: float, regime: int) -> None:
    sessions = sessions_on(["2024-01-10"], [3], [1], [2])
    rows = random_observations(("VIXCLS",), sessions).tail(1).assign(value=vix, observed_on=pd.Timestamp("2024-01-09"))
    rows["available_at"] = pd.Timestamp("2024-01-10 15:00", tz="UTC")
    assert FAMILY.compute(decided(sessions), sources(rows))["vix_regime"].tolist() == [regime]


def test_family_equals_pandas_talib_and_scipy() -> None:
    sessions = random_sessions(330)
    assert_equals_oracles(sessions, random_observations(("VIXCLS",), sessions))


def test_on_the_real_data_every_year_is_covered_and_equals_the_oracles() -> None:
    sessions, observations = real_sessions(), real_observations(("VIXCLS",))
    frame = FAMILY.compute(decided(sessions), sources(observations))
    assert frame.isna().sum().to_dict() == {
        "vix": 0,
        "vix_z_63d": 62,
        "vix_change_5d": 5,
        "vix_percentile_252d": 99,
        "vix_regime": 0,
        "vix_less_realised": 21,
        "vol_percentile": 120,
    }
    assert (shares_by_year(frame, sessions).loc[:, 2011:] == 1.0).all(axis=None)
    assert_as_declared(FAMILY, sessions, sources(observations))
    assert_equals_oracles(sessions.head(600), observations)


def test_a_later_release_changes_the_features() -> None:
    sessions = random_sessions(130)
    observations = random_observations(("VIXCLS",), sessions)
    frame = FAMILY.compute(decided(sessions), sources(observations))
    later = observations.assign(available_at=observations["available_at"] + pd.Timedelta(days=1))
    shifted = FAMILY.compute(decided(sessions), sources(later))
    assert (frame["vix"] != shifted["vix"]).mean() > 0.3
    # Half a day, which keeps it before the decision of the day after, is not seen by a session.
    earlier = observations.assign(available_at=observations["available_at"] - pd.Timedelta(hours=10))
    pd.testing.assert_frame_equal(FAMILY.compute(decided(sessions), sources(earlier)), frame)


@settings(max_examples=8)
@given(st.integers(0, 129), st.integers(0, 5))
def test_no_feature_sees_a_later_print(row: int, seed: int) -> None:
    sessions = random_sessions(130)
    observations = random_observations(("VIXCLS",), sessions, seed)
    frame = FAMILY.compute(decided(sessions), sources(observations))
    known = observations["available_at"] < decision_times(sessions["data_date"], ZL.decision)[row]
    spoilt = observations.assign(value=observations["value"].where(known, 150.0))
    for later in (observations[known], spoilt):
        pd.testing.assert_frame_equal(FAMILY.compute(decided(sessions), sources(later)).head(row + 1), frame.head(row + 1))


def test_without_the_vix_only_the_own_volatility_has_a_rank() -> None:
    sessions = random_sessions(130)
    nothing = random_observations(("VIXCLS",), sessions).head(0)
    frame = FAMILY.compute(decided(sessions), sources(nothing))
    assert frame[NEEDS_VIX].isna().all(axis=None)
    # volatility_21d begins on row 22, and its 100th value is on row 121.
    assert frame["vol_percentile"].first_valid_index() == 120
    assert_as_declared(FAMILY, sessions, sources(nothing))


def test_model_inputs_have_no_price_scale() -> None:
    sessions = random_sessions(130)
    assert_scale_free(FAMILY, sessions, sources(random_observations(("VIXCLS",), sessions)))


@settings(max_examples=8)
@given(cuts)
def test_no_feature_depends_on_later_sessions(cut: int) -> None:
    sessions = random_sessions(200)
    assert_prefix_invariant(FAMILY, sessions, sources(random_observations(("VIXCLS",), sessions)), cut)
