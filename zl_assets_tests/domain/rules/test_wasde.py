"""Rules about the balances of WASDE releases: each broken in every way that it is for."""

import datetime as dt
from collections.abc import Callable

import pandas as pd
import pytest

from zl_assets.domain.rules import wasde
from zl_assets.domain.rules.wasde import (
    balance_adds_up,
    balance_in_range,
    no_vanished_release,
    releases_without_gap,
    wasde_available_by_rule,
    wasde_dates_agree,
    wasde_files_accepted,
    wasde_fresh,
)
from zl_assets.domain.wasde import known_by_rule, newest_year, year_name
from zl_assets.warehouse.verdict import Verdict
from zl_assets_tests.support.contracts import WASDE_BALANCE
from zl_assets_tests.support.rows import INF, NAN, predicates_of, sound, with_value
from zl_assets_tests.support.wasde import release, table

WASDE = WASDE_BALANCE.table


@pytest.mark.parametrize(
    ("rule", "column", "value"),
    [
        # 1 million pounds is rounding, and 2 is not.
        *((balance_adds_up, name, 2.0) for name in ("beginning_stocks", "imports", "production", "exports", "domestic_use")),
        *((balance_adds_up, name, -2.0) for name in ("total_supply", "total_use", "ending_stocks")),
        (balance_adds_up, "biofuel", 20_000.0),
        (balance_adds_up, "ending_stocks", NAN),
        (balance_in_range, "imports", -400.0),
        (balance_in_range, "biofuel", -10_000.0),
        (balance_in_range, "total_use", -8000.0),
        (balance_in_range, "total_use", INF),
        (balance_in_range, "price_low", -30.0),
        (balance_in_range, "price_low", 5.0),
        (balance_in_range, "price_high", 270.0),
        (balance_in_range, "price_high", NAN),
        (wasde_dates_agree, "wasde_number", 1),
        (wasde_dates_agree, "wasde_number", -9),
        (wasde_dates_agree, "market_year", "2013/14"),
        (wasde_dates_agree, "market_year", "2009/10"),
        (wasde_dates_agree, "observed_on", pd.Timedelta(days=365)),
        (wasde_dates_agree, "observed_on", -pd.Timedelta(days=31)),
        (wasde_available_by_rule, "available_at", -pd.Timedelta(seconds=1)),
        (wasde_available_by_rule, "available_at", pd.Timedelta(hours=16)),
    ],
)
def test_a_faulty_balance_is_named(rule: Callable[[pd.DataFrame], Verdict], column: str, value: object) -> None:
    frame = sound(WASDE)
    changed = value if isinstance(value, str) else frame[column].iloc[1] + value
    verdict = rule(with_value(frame, 1, column, changed))
    assert (verdict.passed, verdict.measured) == (False, 1)
    assert {"wasde_number", "observed_on", "market_year"} <= set(verdict.offenders.columns)


@pytest.mark.parametrize("rule", wasde.WASDE_RULES)
def test_what_rounding_months_without_a_release_and_blanks_make_is_no_fault(rule: Callable[[pd.DataFrame], Verdict]) -> None:
    frame = sound(WASDE)
    for column, value in {"ending_stocks": 1.0, "production": -1.0, "exports": 1.0}.items():
        assert rule(with_value(frame, 1, column, frame[column].iloc[1] + value)).passed
    assert rule(frame.assign(biofuel=NAN, price_low=NAN, price_high=NAN, biofuel_line=None)).passed
    # Of the release of January 2030, if eight months until then have none.
    assert rule(table(release(484 + 234 - 8, "2030-01-12"))).passed


def test_a_later_version_may_be_known_later_than_the_release_and_never_earlier() -> None:
    frame = sound(WASDE).assign(vintage=pd.Timestamp("2012-09-01"))
    assert wasde_available_by_rule(frame.assign(available_at=pd.Timestamp("2012-09-02", tz="UTC"))).passed
    assert not wasde_available_by_rule(frame.assign(available_at=pd.Timestamp("2012-07-11", tz="UTC"))).passed


def test_a_release_that_left_the_files_is_named() -> None:
    rows = table(release(508, "2012-07-11"), release(509, "2012-08-10"))
    assert no_vanished_release(rows, rows).passed
    verdict = no_vanished_release(rows, rows.drop(index=4))
    assert verdict.offenders[["wasde_number", "market_year"]].to_numpy().tolist() == [[509, "2011/12"]]


def test_a_number_that_is_missing_is_told() -> None:
    rows = table(release(508, "2012-07-11"), release(511, "2012-10-11"))
    verdict = releases_without_gap(rows)
    assert (verdict.passed, verdict.offenders["wasde_number"].tolist()) == (False, [509, 510])
    # No month of a shutdown, and a release that came again.
    shut = table(release(522, "2013-09-12"), release(523, "2013-11-08"), release(523, "2013-11-10"))
    assert releases_without_gap(shut).passed
    assert releases_without_gap(shut.head(0)).passed


def test_a_newest_release_that_is_too_old_is_told() -> None:
    rows = table(release(508, "2012-07-11"))
    assert wasde_fresh(rows, dt.date(2012, 9, 24)).passed
    verdict = wasde_fresh(rows, dt.date(2012, 9, 25))
    assert (verdict.passed, verdict.measured) == (False, 76)
    assert not wasde_fresh(rows.head(0), dt.date(2012, 9, 24)).passed


def test_refused_files_are_named() -> None:
    assert wasde_files_accepted({}).passed
    assert "a.csv" in str(wasde_files_accepted({"a.csv": "a.csv: it is empty."}))


def test_the_calendar_of_releases() -> None:
    days = pd.Series(pd.to_datetime(["2012-12-11", "2013-01-11", "2013-07-11", "2025-04-10", "2025-05-12"]))
    at = known_by_rule(days)
    # 08:30 and noon of New York, in winter and in summer.
    assert at.dt.strftime("%H:%M").tolist() == ["13:30", "17:00", "16:00", "16:00", "16:00"]
    years = ["2012/13", "2012/13", "2013/14", "2024/25", "2025/26"]
    assert [year_name(first) for first in newest_year(days)] == years
    assert year_name(1999) == "1999/00"


def test_every_predicate_has_a_test_here() -> None:
    assert predicates_of(wasde) <= set(globals())
