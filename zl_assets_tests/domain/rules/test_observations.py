"""Rules about observations of series and hourly bars, green on sound rows and red on a seeded fault."""

import datetime as dt
from collections.abc import Callable

import pandas as pd
import pytest

from zl_assets.domain.rules import observations
from zl_assets.domain.rules.observations import (
    available_by_rule,
    hours_make_sessions,
    no_observation_jump,
    no_vanished_observation,
    observations_in_range,
    series_accepted,
    series_fresh,
    series_start_in_time,
)
from zl_assets.warehouse.shape import conform
from zl_assets.warehouse.verdict import Verdict
from zl_assets_tests.support.contracts import BARS_1H, FRED_OBSERVATIONS, SESSIONS, ZL
from zl_assets_tests.support.rows import INF, NAN, predicates_of, sound, with_value

OBSERVATIONS = FRED_OBSERVATIONS.table


@pytest.mark.parametrize(
    ("assertion", "row", "column", "value"),
    [
        (observations_in_range, 1, "value", 420.0),
        (observations_in_range, 1, "value", NAN),
        (observations_in_range, 1, "value", INF),
        (observations_in_range, 5, "value", 0.4),
        (observations_in_range, 1, "series", "DGS3"),
        (no_observation_jump, 1, "value", 8.0),
        (no_observation_jump, 1, "value", -4.0),
        (no_observation_jump, 5, "value", 0.25),
        (available_by_rule, 0, "available_at", pd.Timestamp("2024-01-09 21:14", tz="UTC")),
        (available_by_rule, 0, "available_at", pd.Timestamp("2024-01-10 21:15", tz="UTC")),
        (available_by_rule, 1, "series", "DGS3"),
    ],
)
def test_a_faulty_observation_is_named(
    assertion: Callable[[pd.DataFrame], Verdict], row: int, column: str, value: object
) -> None:
    verdict = assertion(with_value(sound(OBSERVATIONS), row, column, value))
    assert not verdict.passed
    assert set(verdict.offenders["series"]) <= {"DGS2", "VIXCLS", "DGS3"}
    assert len(verdict.offenders)


def test_a_vintage_may_be_known_later_than_the_rule_and_never_earlier() -> None:
    later = sound(OBSERVATIONS).assign(vintage=pd.Timestamp("2024-03-01"))
    later["available_at"] += pd.Timedelta(days=30)
    assert available_by_rule(later).passed
    later["available_at"] -= pd.Timedelta(days=31)
    assert not available_by_rule(later).passed


def test_a_series_that_has_stopped_or_is_missing_is_named() -> None:
    rows = sound(OBSERVATIONS)
    fresh = series_fresh(rows, ["DGS2", "VIXCLS"], dt.date(2024, 1, 22))
    assert fresh.passed
    stale = series_fresh(rows, ["DGS2", "VIXCLS", "FEDFUNDS"], dt.date(2024, 1, 23))
    assert stale.offenders["series"].tolist() == ["DGS2", "VIXCLS", "FEDFUNDS"]
    assert "DGS2 (2024-01-10)" in stale.explanation
    assert "FEDFUNDS (none)" in stale.explanation


def test_a_series_that_starts_late_is_named() -> None:
    rows, sessions = sound(OBSERVATIONS), sound(SESSIONS.table)
    late = series_start_in_time(rows, ["DGS2", "VIXCLS"], sessions, ZL.decision)
    assert "DGS2 (2024-01-09), VIXCLS (2024-01-09)" in late.explanation
    in_time = series_start_in_time(rows, ["DGS2"], sessions.assign(data_date=pd.Timestamp("2024-01-10")), ZL.decision)
    assert in_time.passed


def test_refused_series_are_named() -> None:
    assert series_accepted({}, "x").passed
    assert "DGS2" in str(series_accepted({"DGS2": "no file"}, "x"))


def test_an_observation_that_left_the_files_is_named_and_a_refused_series_is_not() -> None:
    rows = sound(OBSERVATIONS)
    vanished = no_vanished_observation(rows, rows.drop(index=1))
    assert vanished.offenders["observed_on"].tolist() == [rows["observed_on"][1]]
    assert no_vanished_observation(rows, rows[rows["series"] == "DGS2"]).passed


def test_a_session_whose_hours_are_incomplete_is_named() -> None:
    sessions = sound(SESSIONS.table).tail(5).reset_index(drop=True)
    hours = conform(
        pd.concat(sessions.assign(ts_event=sessions["data_date"].dt.tz_localize("UTC") + pd.Timedelta(hours=h)) for h in (1, 2)),
        BARS_1H,
    ).assign(volume=pd.array([20_000] * 10, dtype="Int64"))
    assert hours_make_sessions(hours, sessions).passed
    # Sessions before the first hour are not blamed; one in the middle is.
    assert hours_make_sessions(hours.iloc[2:], sessions).passed
    for broken in (hours.drop(index=4), hours.drop(index=[4, 5])):
        verdict = hours_make_sessions(broken, sessions)
        assert verdict.offenders["data_date"].tolist() == [sessions["data_date"][2]]
    assert not hours_make_sessions(hours.head(0), sessions).passed


def test_every_predicate_has_a_test_here() -> None:
    assert predicates_of(observations) == {
        "observations_in_range",
        "no_observation_jump",
        "available_by_rule",
        "series_fresh",
        "series_start_in_time",
        "series_accepted",
        "no_vanished_observation",
        "hours_make_sessions",
    }
