"""Rules about observations of series and hourly bars, green on sound rows and red on a seeded fault."""

import datetime as dt
from collections.abc import Callable

import pandas as pd
import pytest

from zl_assets.domain.rules import observations
from zl_assets.domain.rules.observations import (
    available_by_rule,
    decimals_as_quoted,
    hours_make_sessions,
    no_copied_series,
    no_observation_jump,
    no_vanished_observation,
    no_zero_observation,
    observations_in_range,
    on_observation_days,
    series_accepted,
    series_fresh,
    series_start_in_time,
    spread_contradicted,
    spread_is_the_difference,
)
from zl_assets.warehouse.shape import conform
from zl_assets.warehouse.verdict import Verdict
from zl_assets_tests.support.contracts import BARS_1H, FRED_OBSERVATIONS, SESSIONS, ZL
from zl_assets_tests.support.rows import INF, NAN, predicates_of, sound, with_value
from zl_assets_tests.support.series import delivered

OBSERVATIONS = FRED_OBSERVATIONS.table


@pytest.mark.parametrize(
    ("assertion", "row", "column", "value"),
    [
        (observations_in_range, 1, "value", 420.0),
        (observations_in_range, 1, "value", NAN),
        (observations_in_range, 1, "value", INF),
        (observations_in_range, 5, "value", 0.4),
        (observations_in_range, 1, "series", "DGS3"),
        (on_observation_days, 1, "observed_on", pd.Timestamp("2024-01-06")),
        (on_observation_days, 4, "observed_on", pd.Timestamp("2024-01-07")),
        (no_zero_observation, 1, "value", 0.0),
        (no_zero_observation, 4, "value", -0.0),
        (decimals_as_quoted, 1, "value", 0.0012),
        (decimals_as_quoted, 4, "value", 0.125),
        (no_observation_jump, 1, "value", 8.0),
        (no_observation_jump, 1, "value", -4.0),
        (no_observation_jump, 5, "value", 0.25),
        (no_observation_jump, 5, "value", 125.0),
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


def test_what_a_vintage_changed_alone_is_not_compared_across_years() -> None:
    """Two-year yields of 2013 and 2023, both revised on one day, are 0.3 and 4.9."""
    rows = delivered("DGS2", "2013-01-01", "2013-01-31").iloc[[0, 1]]
    rows = pd.concat([rows.assign(value=0.3), delivered("DGS2", "2023-05-01", "2023-05-31").iloc[[0]].assign(value=4.9)])
    vintage = rows.assign(vintage=pd.Timestamp("2024-01-15"), available_at=pd.Timestamp("2024-01-16", tz="UTC"))
    assert no_observation_jump(vintage).passed
    assert not no_observation_jump(vintage.assign(vintage=pd.NaT)).passed
    beside = vintage.assign(value=[0.3, 4.9, 4.9])
    assert no_observation_jump(beside).measured == 1


def test_a_zero_of_a_spread_and_the_decimals_of_the_dollar_index_are_values() -> None:
    rows = sound(OBSERVATIONS)
    assert no_zero_observation(with_value(with_value(rows, 1, "value", 0.0), 1, "series", "T10Y2Y")).passed
    assert decimals_as_quoted(with_value(with_value(rows, 1, "value", 110.1234), 1, "series", "DTWEXBGS")).passed
    assert not decimals_as_quoted(with_value(with_value(rows, 1, "value", 1.10123), 1, "series", "DTWEXBGS")).passed


def test_a_month_is_of_its_first_day_on_a_weekend_too() -> None:
    rows = sound(OBSERVATIONS).head(2).assign(series="FEDFUNDS", observed_on=pd.to_datetime(["2024-06-01", "2024-09-01"]))
    assert on_observation_days(rows).passed
    early = on_observation_days(rows.assign(observed_on=rows["observed_on"] - pd.Timedelta(days=1)))
    assert "FEDFUNDS has observations of the first of a month only" in str(early)


# --- series that contradict each other


def triple(dates: int = 500, vintage: str | None = None) -> pd.DataFrame:
    """T10Y2Y, DGS10 and DGS2 as they agree, with or without a vintage."""
    rows = pd.concat([delivered(series).head(dates) for series in ("T10Y2Y", "DGS10", "DGS2")], ignore_index=True)
    return rows.assign(vintage=pd.to_datetime(vintage) if vintage else pd.NaT)


def changed(rows: pd.DataFrame, series: str, change: Callable[["pd.Series[float]"], "pd.Series[float]"]) -> pd.DataFrame:
    own = rows["series"] == series
    return rows.assign(value=rows["value"].mask(own, change(rows.loc[own, "value"])))


def test_series_that_agree_to_a_hundredth_are_not_accused() -> None:
    rows = triple()
    for seen in (rows, changed(rows, "DGS2", lambda value: value + 0.01), rows[rows["series"] != "DGS2"], rows.head(0)):
        assert spread_is_the_difference(seen).passed
        assert spread_contradicted(seen).passed


def test_a_contradiction_on_a_few_dates_is_told_with_dates_and_values_and_stops_nothing() -> None:
    rows = triple()
    at = rows.index[rows["series"] == "DGS10"][[20, 400]]
    rows.loc[at, "value"] += 0.05
    verdict = spread_is_the_difference(rows)
    assert not verdict.passed
    assert verdict.offenders["observed_on"].tolist() == rows.loc[at, "observed_on"].tolist()
    assert verdict.offenders["DGS10"].tolist() == rows.loc[at, "value"].tolist()
    assert {"T10Y2Y", "DGS2", "difference"} <= set(verdict.offenders.columns)
    assert spread_contradicted(rows).passed


def swapped(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(series=rows["series"].replace({"DGS2": "DGS10", "DGS10": "DGS2"}))


@pytest.mark.parametrize("series", ["T10Y2Y", "DGS10", "DGS2"])
@pytest.mark.parametrize(
    "change",
    [
        lambda value: value / 100,
        lambda value: value * 100,
        lambda value: -value,
        lambda value: value.shift(1),
        lambda value: value.shift(-1),
        lambda value: value.where(value.index < value.index[-40], value.shift(1)),
        lambda value: value + 0.02,
    ],
)
def test_a_contradiction_of_many_dates_is_systematic(
    series: str, change: Callable[["pd.Series[float]"], "pd.Series[float]"]
) -> None:
    verdict = spread_contradicted(changed(triple(), series, change))
    assert not verdict.passed
    assert "T10Y2Y is not DGS10 - DGS2" in str(verdict)


def test_series_under_each_others_names_contradict_each_other() -> None:
    rows = triple()
    assert not spread_contradicted(swapped(rows)).passed
    for short in (1, 3):
        assert not spread_contradicted(swapped(triple(short))).passed
    doubled = pd.concat([rows[rows["series"] != "DGS10"], rows[rows["series"] == "DGS2"].assign(series="DGS10")])
    assert not spread_contradicted(doubled).passed
    [copy] = no_copied_series(doubled).offenders.to_dict("records")
    assert (copy["series"], copy["other"]) == ("DGS10", "DGS2")
    assert no_copied_series(rows).passed
    assert no_copied_series(doubled.head(0)).passed


def test_what_was_revised_since_an_old_vintage_is_no_contradiction() -> None:
    old = changed(triple(vintage="2020-06-01"), "DGS10", lambda value: value + 0.3)
    assert not spread_contradicted(old).passed
    assert spread_contradicted(pd.concat([old, triple()])).passed
    assert spread_contradicted(pd.concat([triple(), old])).passed
    assert spread_contradicted(pd.concat([triple(vintage="2020-07-01"), old])).passed
    assert not spread_contradicted(pd.concat([old, triple(vintage="2020-05-01")])).passed
    # Of different states nothing is compared: a current file beside vintages of the two others.
    now = old.assign(vintage=old["vintage"].mask(old["series"] == "DGS10"))
    assert spread_contradicted(now).passed


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
    assert hours_make_sessions(hours, sessions, ZL).passed
    # Sessions before the first hour are not blamed; one in the middle is.
    assert hours_make_sessions(hours.iloc[2:], sessions, ZL).passed
    for broken in (hours.drop(index=4), hours.drop(index=[4, 5])):
        verdict = hours_make_sessions(broken, sessions, ZL)
        assert verdict.offenders["data_date"].tolist() == [sessions["data_date"][2]]
    assert not hours_make_sessions(hours.head(0), sessions, ZL).passed
    prices = ["open", "high", "low", "close"]
    assert hours_make_sessions(hours.assign(**{name: hours[name] * 1.07 for name in prices}), sessions, ZL).measured == 5


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
        "on_observation_days",
        "no_zero_observation",
        "decimals_as_quoted",
        "spread_is_the_difference",
        "spread_contradicted",
        "no_copied_series",
    }
