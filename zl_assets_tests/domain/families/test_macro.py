"""The macro family against pandas on its own as-of join, shifted releases and its own prefixes."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zl_assets.domain.families.macro import FAMILY, PARTS
from zl_assets.domain.releases import RELEASES, decision_times
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
    shares_by_year,
)
from zl_assets_tests.support.contracts import ZL

SERIES = tuple(part.series for part in PARTS)


def sources(observations: pd.DataFrame) -> Sources:
    return {"fred_observations": observations}


def as_of_join(observations: pd.DataFrame, sessions: pd.DataFrame, series: str) -> pd.Series:
    """pandas' own as-of merge; one value an observation, which become known in their order."""
    own = observations[observations["series"] == series].sort_values(["available_at", "observed_on"])
    left = pd.DataFrame({"moment": decision_times(sessions["data_date"], ZL.decision), "data_date": sessions["data_date"]})
    joined = pd.merge_asof(left, own, left_on="moment", right_on="available_at", allow_exact_matches=False)
    stale = (joined["data_date"] - joined["observed_on"]).dt.days > RELEASES[series].max_age
    return joined["value"].mask(stale)


def assert_equals_pandas(sessions: pd.DataFrame, observations: pd.DataFrame) -> None:
    frame = FAMILY.compute(decided(sessions), sources(observations))
    for series in SERIES:
        name, known = series.lower(), as_of_join(observations, sessions, series)
        spread = known.rolling(63).std().where(known.rolling(63).max() > known.rolling(63).min())
        score = ((known - known.rolling(63).mean()) / spread).mask(known.rolling(63).max() == known.rolling(63).min(), 0.0)
        change = known / known.shift(21) - 1 if series == "DTWEXBGS" else known - known.shift(21)
        np.testing.assert_array_equal(frame[name], known, err_msg=name)
        np.testing.assert_allclose(frame[f"{name}_z_63d"], score, rtol=0, atol=1e-6, err_msg=name)
        if series != "T10YIE":
            np.testing.assert_allclose(frame[f"{name}_change_21d"], change, rtol=0, atol=1e-12, err_msg=name)


def test_family_equals_pandas() -> None:
    sessions = random_sessions(200)
    assert_equals_pandas(sessions, random_observations(SERIES, sessions))


def test_on_the_real_data_every_year_is_covered_and_equals_pandas() -> None:
    sessions, observations = real_sessions(), real_observations(SERIES)
    frame = FAMILY.compute(decided(sessions), sources(observations))
    for name, missing in frame.isna().sum().items():
        assert missing == (62 if str(name).endswith("_z_63d") else 21 if str(name).endswith("_change_21d") else 0), name
    assert (shares_by_year(frame, sessions).loc[:, 2011:] == 1.0).all(axis=None)
    assert_as_declared(FAMILY, sessions, sources(observations))
    assert_equals_pandas(sessions, observations)
    # Crude oil's -36.98 of Monday 2020-04-20 is first known on the Monday after, and stays a number.
    day = frame[sessions["data_date"] == "2020-04-27"].iloc[0]
    assert day["dcoilwtico"] == -36.98
    # The policy rate of August 2023 to August 2024 stood still: no score made of rounding.
    still = frame[sessions["data_date"].between("2023-12-15", "2024-08-30")]
    assert set(still["fedfunds_z_63d"]) == {0.0}


def test_every_rule_is_used_and_a_later_release_changes_its_series() -> None:
    sessions = random_sessions(120)
    observations = random_observations(SERIES, sessions)
    frame = FAMILY.compute(decided(sessions), sources(observations))
    for series in SERIES:
        own = observations["series"] == series
        moved = observations["available_at"].where(~own, observations["available_at"] + pd.Timedelta(days=7))
        shifted = FAMILY.compute(decided(sessions), sources(observations.assign(available_at=moved)))
        changed = {name for name in frame.columns if not frame[name].equals(shifted[name])}
        assert changed == {name for name in frame.columns if name == series.lower() or name.startswith(f"{series.lower()}_")}


def test_a_later_vintage_of_each_series_counts_from_its_own_time_and_not_before() -> None:
    sessions = random_sessions(120)
    observations = random_observations(SERIES, sessions)
    decisions = decision_times(sessions["data_date"], ZL.decision)
    frame = FAMILY.compute(decided(sessions), sources(observations))
    known = observations[observations["available_at"] < decisions[100]]
    newest = known.sort_values("observed_on", kind="stable").groupby("series", as_index=False).tail(1)
    assert set(newest["series"]) == set(SERIES)
    for moment, first in ((decisions[100] - pd.Timedelta(seconds=1), 100), (decisions[100], 101)):
        again = newest.assign(value=newest["value"] + 1.0, available_at=moment, vintage=moment.tz_localize(None).normalize())
        revised = FAMILY.compute(decided(sessions), sources(pd.concat([observations, again])))
        pd.testing.assert_frame_equal(revised.head(first), frame.head(first), check_exact=True)
        if first == 100:
            changed = {name for name in frame.columns if frame[name][100] != revised[name][100]}
            assert changed == set(frame.columns)


@settings(max_examples=6)
@given(st.integers(0, 119))
def test_no_feature_sees_a_later_print(row: int) -> None:
    sessions = random_sessions(120)
    observations = random_observations(SERIES, sessions)
    frame = FAMILY.compute(decided(sessions), sources(observations))
    known = observations["available_at"] < decision_times(sessions["data_date"], ZL.decision)[row]
    spoilt = observations.assign(value=observations["value"].where(known, 1e6))
    for later in (observations[known], spoilt):
        pd.testing.assert_frame_equal(FAMILY.compute(decided(sessions), sources(later)).head(row + 1), frame.head(row + 1))


def test_a_series_that_starts_late_or_stops_has_no_value_there_and_the_others_do() -> None:
    sessions = random_sessions(160)
    observations = random_observations(SERIES, sessions)
    middle, dates = sessions["data_date"].iloc[80], observations["observed_on"]
    late, stopped = observations["series"].eq("DGS2"), observations["series"].eq("DGS10")
    frame = FAMILY.compute(decided(sessions), sources(observations[~(late & (dates < middle)) & ~(stopped & (dates > middle))]))
    assert frame["dgs2"].head(80).isna().all()
    assert frame["dgs2"].tail(70).notna().all()
    assert frame["dgs10"].head(80).notna().all()
    assert frame["dgs10"].tail(60).isna().all()
    assert frame["t10y2y"].notna().all()


def test_no_observations_give_no_values() -> None:
    sessions = random_sessions(70)
    nothing = random_observations(SERIES, sessions).head(0)
    assert FAMILY.compute(decided(sessions), sources(nothing)).isna().all(axis=None)
    assert_as_declared(FAMILY, sessions, sources(nothing))


def test_model_inputs_have_no_price_scale_and_do_not_wander() -> None:
    sessions = random_sessions(80)
    assert_scale_free(FAMILY, sessions, sources(random_observations(SERIES, sessions)))
    names = [model_input.name for model_input in FAMILY.inputs]
    assert len(names) == 13
    assert "macro_fedfunds_change_21d" not in names
    assert [name for name in names if not name.endswith("d")] == ["macro_t10yie"]


@pytest.mark.parametrize("model_input", FAMILY.inputs, ids=lambda i: i.name)
def test_inputs_stay_in_the_range_they_were_trained_on(model_input) -> None:
    """The gate's own measure: of each of five test folds, at most a quarter outside the training range."""
    from sklearn.model_selection import TimeSeriesSplit

    column = model_input.columns[0].removeprefix("macro_")
    values = _real_frame()[column].to_numpy()[62:-21]
    for train, test in TimeSeriesSplit(5, gap=21).split(values):
        seen = values[train]
        assert np.mean((values[test] < seen.min()) | (values[test] > seen.max())) <= 0.25


_REAL: list[pd.DataFrame] = []


def _real_frame() -> pd.DataFrame:
    if not _REAL:
        _REAL.append(FAMILY.compute(decided(real_sessions()), sources(real_observations(SERIES))))
    return _REAL[0]


@settings(max_examples=6)
@given(cuts)
def test_no_feature_depends_on_later_sessions(cut: int) -> None:
    sessions = random_sessions(150)
    assert_prefix_invariant(FAMILY, sessions, sources(random_observations(SERIES, sessions)), cut)
