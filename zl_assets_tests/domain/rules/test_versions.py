"""Rules about tables of versions: each broken in every way that it is for."""

import datetime as dt

import pandas as pd

from zl_assets.domain.revisions import Versions
from zl_assets.domain.rules import versions as rules
from zl_assets.domain.rules.versions import fresh, known_by_rule, no_file_refused, no_vanished_row
from zl_assets_tests.support.rows import predicates_of

OF = Versions(of=("series", "observed_on"), values=("value",))
RULE = pd.Series(pd.to_datetime(["2024-01-05 12:00", "2024-01-12 12:00"])).dt.tz_localize("UTC")
ROWS = pd.DataFrame(
    {
        "series": "A",
        "observed_on": pd.to_datetime(["2024-01-02", "2024-01-09"]),
        "available_at": RULE,
        "value": [1.0, 2.0],
        "vintage": pd.to_datetime([None, None]),
    }
)


def test_a_row_is_known_by_its_rule_and_only_a_vintage_later() -> None:
    minute = pd.Timedelta(minutes=1)
    assert known_by_rule(ROWS, RULE, OF).passed
    for at, vintage, passed in (
        (RULE[1] + minute, None, False),
        (RULE[1] - minute, None, False),
        (RULE[1] + minute, "2024-02-01", True),
        (RULE[1] - minute, "2024-02-01", False),
    ):
        rows = ROWS.copy()
        rows.loc[1, ["available_at", "vintage"]] = [at, pd.Timestamp(vintage)]
        verdict = known_by_rule(rows, RULE, OF)
        assert verdict.passed is passed
        assert verdict.offenders["observed_on"].tolist() == ([] if passed else [pd.Timestamp("2024-01-09")])


def test_a_row_that_the_files_no_longer_have_is_named() -> None:
    assert no_vanished_row(ROWS, ROWS, OF).passed
    # A later version of it is still of the same observation.
    assert no_vanished_row(ROWS, ROWS.assign(available_at=RULE + pd.Timedelta(days=9)), OF).passed
    assert no_vanished_row(ROWS, ROWS.head(1), OF).offenders["observed_on"].tolist() == [pd.Timestamp("2024-01-09")]


def test_a_refused_file_is_named() -> None:
    assert no_file_refused({}, "here").passed
    verdict = no_file_refused({"a.csv": "a web page"}, "here")
    assert (verdict.passed, verdict.offenders["fault"].tolist()) == (False, ["a web page"])


def test_every_predicate_has_a_test_here() -> None:
    assert predicates_of(rules) == {"fresh", "known_by_rule", "no_file_refused", "no_vanished_row"}


def test_an_observation_that_is_too_old_and_a_table_without_one_are_told() -> None:
    table = pd.DataFrame({"observed_on": pd.to_datetime(["2024-01-02", "2024-01-09"])})
    on_time, late = (fresh("fresh", table, dt.date(2024, 1, day), 19, "report is") for day in (28, 29))
    assert (on_time.passed, on_time.measured, late.passed, late.measured) == (True, 19, False, 20)
    assert late.explanation.startswith("The newest report is of 2024-01-09, 20 days before 2024-01-29. ")
    assert not fresh("fresh", table.head(0), dt.date(2024, 1, 29), 19, "report is").passed
