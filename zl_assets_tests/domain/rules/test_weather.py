"""Rules about station days: each broken in every way that it is for."""

import datetime as dt
from collections.abc import Callable

import pandas as pd
import pytest

from zl_assets.domain.rules import weather
from zl_assets.domain.rules.weather import (
    no_vanished_weather,
    stations_fresh,
    stations_listed,
    weather_available_by_rule,
    weather_files_accepted,
    weather_in_range,
)
from zl_assets.warehouse.verdict import Verdict
from zl_assets_tests.support.contracts import WEATHER_DAILY
from zl_assets_tests.support.rows import INF, predicates_of, sound, with_value

WEATHER = WEATHER_DAILY.table


@pytest.mark.parametrize(
    ("rule", "column", "value"),
    [
        (weather_in_range, "tmax_c", 55.1),
        (weather_in_range, "tmax_c", -45.0),
        (weather_in_range, "tmin_c", 54.0),
        (weather_in_range, "tmin_c", -60.1),
        (weather_in_range, "tmin_c", -INF),
        (weather_in_range, "prcp_mm", -0.1),
        (weather_in_range, "prcp_mm", 500.1),
        (weather_in_range, "prcp_mm", INF),
        (weather_available_by_rule, "available_at", pd.Timestamp("2024-01-09 12:00", tz="UTC")),
        (weather_available_by_rule, "available_at", pd.Timestamp("2024-02-09 12:00", tz="UTC")),
        (weather_available_by_rule, "source", "another network"),
        (stations_listed, "station", "USC00999999"),
        (stations_listed, "source", "GSOD"),
    ],
)
def test_a_faulty_station_day_is_named(rule: Callable[[pd.DataFrame], Verdict], column: str, value: object) -> None:
    verdict = rule(with_value(sound(WEATHER), 1, column, value))
    assert (verdict.passed, verdict.measured) == (False, 1)
    assert {"station", "observed_on"} <= set(verdict.offenders.columns)


def test_a_missing_value_is_no_fault() -> None:
    for column in ("tmax_c", "tmin_c", "prcp_mm"):
        assert weather_in_range(with_value(sound(WEATHER), 1, column, float("nan"))).passed


def test_a_later_vintage_may_be_known_later_than_the_rule_and_never_earlier() -> None:
    rows = sound(WEATHER).assign(vintage=pd.Timestamp("2024-03-01"))
    day = pd.Timedelta(days=1)
    assert weather_available_by_rule(rows.assign(available_at=rows["available_at"] + day)).passed
    assert not weather_available_by_rule(rows.assign(available_at=rows["available_at"] - day)).passed


def test_a_station_that_has_stopped_is_named() -> None:
    rows = sound(WEATHER)
    assert stations_fresh(rows, dt.date(2024, 2, 10)).passed
    # INMET's lag is 3 days, GHCN's 7.
    verdict = stations_fresh(rows, dt.date(2024, 2, 15))
    assert verdict.offenders["station"].tolist() == ["A901"]
    assert stations_fresh(rows, dt.date(2024, 3, 15)).measured == 2
    assert not stations_fresh(rows.head(0), dt.date(2024, 2, 10)).passed


def test_a_day_that_left_the_files_is_named_and_a_refused_station_is_not() -> None:
    rows = sound(WEATHER)
    verdict = no_vanished_weather(rows, rows.drop(index=1))
    assert verdict.offenders["observed_on"].tolist() == [rows["observed_on"][1]]
    assert no_vanished_weather(rows, rows[rows["station"] == "A901"]).passed


def test_refused_files_are_named() -> None:
    assert weather_files_accepted({}).passed
    assert "a.csv" in str(weather_files_accepted({"a.csv": "a.csv: it is empty."}))


def test_every_predicate_has_a_test_here() -> None:
    assert predicates_of(weather) <= set(globals())
