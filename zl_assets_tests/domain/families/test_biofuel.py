"""The biofuel family: the worked values, dates worked by hand, its NULL rules, and what each session knew."""

import functools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zl_assets.domain.families.biofuel import FAMILY, RFS, covered
from zl_assets.domain.families.chart import Panels
from zl_assets.domain.families.rows import family_rows
from zl_assets.domain.releases import decision_times
from zl_assets.domain.rules.families import coverage, in_range, prefix_invariant, release_times
from zl_assets.warehouse.shape import empty_frame
from zl_assets_tests.domain.families import test_policy
from zl_assets_tests.support.builders import decided
from zl_assets_tests.support.cases import (
    Sources,
    assert_as_declared,
    assert_prefix_invariant,
    cuts,
    random_sessions,
    real_sessions,
    sessions_on,
)
from zl_assets_tests.support.contracts import POLICY_DOCUMENTS, RIN_PRICES, ZL
from zl_assets_tests.support.documents import document, page
from zl_assets_tests.support.documents import table as documents
from zl_assets_tests.support.rin import made_up, real_prices, table, week

D4, CHANGE, RFS_DOCUMENTS = [column.column.name for column in FAMILY.columns]
NO_DOCUMENTS, NO_PRICES = empty_frame(POLICY_DOCUMENTS), empty_frame(RIN_PRICES)


def sources_of(prices: pd.DataFrame = NO_PRICES, papers: pd.DataFrame = NO_DOCUMENTS) -> Sources:
    return {RIN_PRICES.table: prices, POLICY_DOCUMENTS.table: papers}


def on(*dates: str) -> pd.DataFrame:
    ones = [1.0] * len(dates)
    return sessions_on(list(dates), ones, ones, ones)


def computed(prices: pd.DataFrame, *dates: str) -> pd.DataFrame:
    """The prices' columns, by date, which are in order."""
    frame = FAMILY.compute(decided(on(*dates)), sources_of(prices)).set_index(pd.DatetimeIndex(dates))
    return frame[[D4, CHANGE]]


# --- the real files


@functools.cache
def on_real_files() -> pd.DataFrame:
    """data_date, symbol and the columns, of all sessions of the real bars."""
    return family_rows(FAMILY, real_sessions(), sources_of(real_prices(), test_policy.real(".")), ZL)


# d4, and what it is less of; the first three are the roadmap's.
WORKED = {
    "2012-07-16": (1.42, 1.47),  # 28 May and 27 February 2012
    "2016-02-10": (0.67, 0.75),  # 28 December and 28 September 2015
    "2019-06-03": (0.46, 0.50),  # 29 April and 28 January 2019
    # By hand. The week of 30 December 2013 has two: RINs of 2013 at 0.72 and of 2014 at 0.30. Before, 30 September: of 2013.
    "2014-02-18": (0.30, 0.88),
    # 27 April and 27 January 2020, both of 2020, though those of 2019 changed little.
    "2020-06-15": (0.51, 1.18),
    # 28 March 2022 and 27 December 2021, when there was no RIN of 2022.
    "2022-05-16": (1.41, 1.54),
}


@pytest.mark.parametrize("date", WORKED)
def test_worked_values_to_their_printed_digits(date: str) -> None:
    price, before = WORKED[date]
    row = computed(real_prices(), date).iloc[0]
    assert row[D4] == price
    assert row[CHANGE] == pytest.approx(price - before, abs=1e-12)


def test_documents_on_the_mandate_by_hand() -> None:
    counts = on_real_files().set_index("data_date")[RFS_DOCUMENTS]
    # 63 sessions from 1 April 2022: 18 and 25 (two) April, 10 May, 8 (two) and 13 June, 1 July.
    assert counts["2022-07-01"] == 8
    # From 3 October: 2, 13, 28 and 30 December.
    assert counts["2022-12-30"] == 4
    # From 15 May 2023: 3, 7, 12 and 20 July, 3 and 14 August.
    assert counts["2023-08-14"] == 6
    # No day of June to December 2021 was asked for.
    assert counts["2021-08-02":"2022-03-30"].isna().all()


def test_prices_of_2010_to_2022_are_there_from_the_first_release_to_the_75th_day_after_the_last_week() -> None:
    frame = on_real_files().set_index("data_date")
    for name, first, last, number in ((D4, "2010-09-01", "2023-02-03", 3132), (CHANGE, "2010-12-01", "2023-02-03", 3068)):
        there = frame.index[frame[name].notna()]
        assert (f"{there[0]:%Y-%m-%d}", f"{there[-1]:%Y-%m-%d}", len(there)) == (first, last, number)
        assert frame.loc[first:last, name].notna().all()


# --- prices


def test_the_price_is_of_the_fuel_the_service_and_the_year_that_are_named() -> None:
    rows = [
        week("2012-05-28", 1.0, d_code="D6"),
        week("2012-05-28", 2.0, service="Q-RIN"),
        week("2012-05-28", 3.0, rin_year=2011),
        week("2012-05-21", 4.0),
        week("2012-05-14", 5.0),
    ]
    assert computed(table(*rows), "2012-07-16").iloc[0].tolist() == pytest.approx([4.0, np.nan], nan_ok=True)


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        # The same RIN year, else the newest of that week.
        ([week("2012-02-27", 1.0), week("2012-02-27", 2.0, rin_year=2011)], 1.0),
        ([week("2012-02-27", 2.0, rin_year=2011), week("2012-02-27", 3.0, rin_year=2010)], 2.0),
        # The newest week that is 13 weeks before, whatever it has of d4's year; up to four weeks more.
        ([week("2012-02-27", 2.0, rin_year=2011), week("2012-02-20", 1.0)], 2.0),
        ([week("2012-03-05", 9.0), week("2012-02-20", 1.0)], 1.0),
        ([week("2012-01-30", 1.0)], 1.0),
        ([week("2012-01-23", 1.0)], np.nan),
        ([week("2012-03-05", 9.0)], np.nan),
        ([week("2012-02-27", 9.0, d_code="D5"), week("2012-02-27", 9.0, service="Q-RIN")], np.nan),
    ],
)
def test_the_change_is_from_the_newest_week_a_quarter_before(before: list[dict[str, object]], expected: float) -> None:
    row = computed(table(week("2012-05-28", 5.0), *before), "2012-07-16").iloc[0]
    assert row[D4] == 5.0
    assert row[CHANGE] == pytest.approx(5.0 - expected, nan_ok=True)


def test_of_a_week_of_two_transfer_years_the_year_s_own_is_what_is_compared() -> None:
    straddling = [
        week("2012-12-31", 1.0, rin_year=2012),
        week("2012-12-31", 2.0, rin_year=2012, transfer_year=2013),
        week("2012-12-31", 9.0, rin_year=2011, transfer_year=2013),
    ]
    assert computed(table(*straddling, week("2013-04-01", 5.0)), "2013-06-03").iloc[0].tolist() == [5.0, 4.0]
    # Of two d4 that of the newer year.
    both = table(*straddling, week("2012-12-31", 3.0, rin_year=2013, transfer_year=2013))
    assert computed(both, "2013-02-04").iloc[0][D4] == 3.0


def test_a_price_that_is_too_old_is_none() -> None:
    frame = computed(table(week("2012-05-28", 5.0)), "2012-06-29", "2012-07-02", "2012-08-10", "2012-08-11", "2012-08-13")
    # Known on 30 June, 23:59 in New York; the 75th day after 28 May is 11 August.
    assert frame[D4].notna().tolist() == [False, True, True, True, False]


# --- documents

TITLES = {
    "Renewable Fuel Standard (RFS) Program: Standards": True,
    "Regulation of Fuels: RENEWABLE  FUELS": True,
    "Notice on the RFS": True,
    "Biomass-Based Diesel Volume": True,
    "Biomass Based Diesel": False,
    "RFSX": False,
    "Renewable Diesel": False,
    "Fuel, Renewable": False,
}


@pytest.mark.parametrize("title", TITLES)
def test_the_words_are_whole_and_in_any_case(title: str) -> None:
    assert (RFS.search(title) is not None) is TITLES[title]


DAYS = [f"{day:%Y-%m-%d}" for day in pd.bdate_range("2025-01-02", periods=80)]


def counted(papers: pd.DataFrame) -> "pd.Series[int]":
    frame = FAMILY.compute(decided(on(*DAYS)), sources_of(papers=papers))
    return frame[RFS_DOCUMENTS].set_axis(DAYS)


def test_documents_count_for_63_sessions_once_each_whoever_has_them() -> None:
    of_agency = {"type": "Notice"}
    papers = documents(
        document("2025-1", DAYS[64], "Renewable Fuel Standard", **of_agency),
        document("2025-2", DAYS[64], "Cheese", abstract="Renewable fuel", **of_agency),
        document("2025-3", DAYS[70], "The RFS"),
        page("https://www.whitehouse.gov/a/", f"{DAYS[69]} 21:00", "The RFS"),
        # A later version, known after the first.
        document("2025-1", DAYS[64], "Renewable Fuels", available_at=pd.Timestamp(DAYS[75], tz="UTC"), **of_agency),
        document("2025-4", DAYS[2], "Renewable Fuels", **of_agency),
        agencies=("2025-01-02", DAYS[-1]),
    )
    found = counted(papers)
    # The first 63 sessions have not enough days before them.
    assert found.isna().tolist() == [True] * 63 + [False] * 17
    # The fourth leaves with session 65. The page comes after session 69's decision, and the Register's document is that page.
    assert found[63:].tolist() == [1, 2, 1, 1, 1, 1, 1, *[2] * 10]


def test_a_day_that_was_not_asked_for_is_null_and_not_zero() -> None:
    papers = documents(agencies=("2025-01-02", DAYS[70]))
    assert counted(papers).notna().tolist() == [False] * 63 + [True] * 8 + [False] * 9
    # Those of presidents alone are not all.
    assert counted(documents(presidents=("2025-01-02", DAYS[70]))).isna().all()


# --- point in time


def test_a_later_release_changes_what_a_session_knew() -> None:
    prices = table(week("2012-05-28", 5.0), week("2012-02-27", 2.0), week("2012-04-30", 1.0), week("2012-01-30", 0.5))
    decision = decision_times(pd.Series([pd.Timestamp("2012-07-13")]), ZL.decision)[0]
    newest = prices["observed_on"] == "2012-05-28"
    for moment, expected in ((decision - pd.Timedelta(minutes=1), [5.0, 3.0]), (decision, [1.0, 0.5])):
        shifted = prices.assign(available_at=prices["available_at"].mask(newest, moment))
        assert computed(shifted, "2012-07-13").iloc[0].tolist() == expected
    # A month later, all of it.
    late = prices.assign(available_at=prices["available_at"] + pd.Timedelta(days=31))
    assert computed(late, "2012-07-13").iloc[0].tolist() == [1.0, 0.5]


def test_no_session_sees_a_later_download() -> None:
    revised = {"available_at": pd.Timestamp("2012-07-17", tz="UTC"), "vintage": pd.Timestamp("2012-07-16")}
    prices = table(
        week("2012-05-28", 5.0),
        week("2012-05-28", 6.0, **revised),
        week("2012-02-27", 2.0),
        week("2012-02-27", 2.5, **revised | {"available_at": pd.Timestamp("2012-07-18", tz="UTC")}),
    )
    frame = computed(prices, "2012-07-16", "2012-07-17", "2012-07-18")
    assert frame[D4].tolist() == [5.0, 6.0, 6.0]
    assert frame[CHANGE].tolist() == [3.0, 4.0, 3.5]


def test_a_late_price_of_an_old_week_does_not_take_the_place_of_a_newer_one() -> None:
    late = week("2012-05-21", 9.0, available_at=pd.Timestamp("2012-07-10", tz="UTC"))
    assert computed(table(week("2012-05-28", 5.0), late), "2012-07-16").iloc[0][D4] == 5.0


@settings(max_examples=3, deadline=None)
@given(st.integers(0, 10_000))
def test_whatever_comes_late_or_is_revised_each_session_has_what_it_knew(seed: int) -> None:
    random = np.random.default_rng(seed)
    prices = made_up("2011-06-01", "2012-12-31", seed=seed)
    delays = pd.to_timedelta(np.where(random.random(len(prices)) < 0.2, random.integers(0, 40 * 24, len(prices)), 0), unit="h")
    prices = prices.assign(available_at=prices["available_at"] + delays)
    again = prices.sample(frac=0.3, random_state=seed)
    shift = pd.to_timedelta(random.integers(1, 90 * 24, len(again)), unit="h")
    every = pd.concat([prices, again.assign(available_at=again["available_at"] + shift, price=again["price"] + 1)])
    every = every.sample(frac=1, random_state=seed, ignore_index=True)
    dates = [f"{day:%Y-%m-%d}" for day in pd.bdate_range("2012-01-02", "2012-12-28", freq="17B")]
    whole = computed(every, *dates)
    assert whole[D4].notna().sum() > 10
    for date in dates:
        known = every[every["available_at"] < decision_times(pd.Series([pd.Timestamp(date)]), ZL.decision)[0]]
        own = known[known["d_code"].eq("D4") & known["service"].eq("Unverified")].sort_values("available_at")
        own = own.drop_duplicates(["observed_on", "rin_year"], keep="last").sort_values(["observed_on", "rin_year"])
        current = own[own["rin_year"] == own["transfer_year"]].iloc[-1]
        ends = current["observed_on"] - pd.Timedelta(weeks=13)
        before = own[own["observed_on"] == own.loc[own["observed_on"] <= ends, "observed_on"].max()]
        same = before[before["rin_year"] == current["rin_year"]]
        compared = (same if len(same) else before).iloc[-1]
        old = (pd.Timestamp(date) - current["observed_on"]).days > 75
        expected = [np.nan] * 2 if old else [current["price"], current["price"] - compared["price"]]
        assert whole.loc[date].tolist() == pytest.approx(expected, nan_ok=True)


# --- what every family holds


@functools.cache
def made_up_sources() -> Sources:
    mandate = document("2015-1", "2015-06-10", "Renewable Fuel Standard", type="Rule")
    return sources_of(made_up("2014-06-01", "2016-12-31"), documents(mandate, agencies=("2014-10-01", "2016-12-31")))


@settings(max_examples=6, deadline=None)
@given(cuts)
def test_no_row_depends_on_a_later_session(cut: int) -> None:
    assert_prefix_invariant(FAMILY, random_sessions(200), made_up_sources(), cut)


def test_it_is_as_declared_and_passes_the_gates_on_the_real_files() -> None:
    sessions, sources, rows = real_sessions(), sources_of(real_prices(), test_policy.real(".")), on_real_files()
    assert_as_declared(FAMILY, sessions, sources)
    assert in_range(FAMILY)(rows).passed
    verdict = coverage(FAMILY, rows, sources, ZL)
    assert (verdict.passed, verdict.measured) == (True, 1.0)
    assert prefix_invariant(FAMILY, sessions, sources, ZL).passed
    assert release_times(FAMILY, sessions, sources, ZL).passed


def test_months_that_are_missing_between_prices_are_a_red_coverage() -> None:
    sessions = real_sessions()
    prices = real_prices()
    holes = prices[~prices["observed_on"].between("2014-01-01", "2014-12-31")]
    verdict = coverage(FAMILY, family_rows(FAMILY, sessions, sources_of(holes), ZL), sources_of(holes), ZL)
    assert not verdict.passed
    assert {D4, CHANGE} >= set(verdict.offenders["column"])
    assert "cover no session of rfs_documents_63d" in verdict.explanation


def test_without_a_source_nothing_has_a_value() -> None:
    assert FAMILY.compute(decided(on("2012-07-16")), sources_of()).isna().all(axis=None)
    assert not covered(decided(on("2012-07-16")), sources_of()).any(axis=None)
    assert_as_declared(FAMILY, on("2012-07-16"), sources_of())


def test_inputs_stay_in_the_range_they_were_trained_on() -> None:
    """The gate's own measure: of each of five test folds, at most a quarter outside the training range."""
    from sklearn.model_selection import TimeSeriesSplit

    flat = on_real_files()[[D4, CHANGE, RFS_DOCUMENTS]].set_axis([column.flat_name for column in FAMILY.columns], axis=1)
    model_input, papers = FAMILY.inputs
    assert [model_input.name, papers.name] == ["biofuel_d4_change_13w", "biofuel_rfs_documents_63d"]
    values = model_input.compute(flat).to_numpy("float64")[62:-21]
    for train, test in TimeSeriesSplit(5, gap=21).split(values):
        seen = values[train][~np.isnan(values[train])]
        assert np.mean((values[test] < seen.min()) | (values[test] > seen.max())) <= 0.25
    # Of the documents too few days were asked for to measure them.
    assert papers.compute(flat).notna().sum() == 622


# --- the picture


def shown(date: str, prices: pd.DataFrame, papers: pd.DataFrame) -> Panels | str:
    assert FAMILY.show is not None
    sessions = on_real_files()[["data_date", "symbol"]]
    of = sessions[sessions["data_date"] <= date].reset_index(drop=True)
    return FAMILY.show(decided(of), sources_of(prices, papers))


def test_the_picture_has_the_price_over_the_years_and_when_the_newest_was_known() -> None:
    panels = shown("2022-12-30", real_prices(), test_policy.real("."))
    assert isinstance(panels, Panels)
    assert panels.title == "biofuel's price and mandate, session of 2022-12-30"
    assert [panel.words for panel in panels.panels] == [
        "171 cents; week of 2022-10-31, known 2022-12-01 04:59 UTC",
        "+11 cents",
        "4 documents",
    ]
    price, _, papers = panels.panels
    [line], [mark], [bars] = price.lines.values(), price.marks.values(), papers.bars.values()
    assert (f"{line.index[0]:%Y-%m-%d}", line["2012-07-16"], mark.tolist()) == ("2010-09-01", 142.0, [171.0])
    # Days that were not asked for are no zeros.
    assert (bars["2022-07-01"], np.isnan(bars["2021-12-01"])) == (8, True)


def test_the_picture_says_why_there_is_no_price() -> None:
    stopped = shown("2025-11-14", real_prices(), test_policy.real("."))
    assert isinstance(stopped, Panels)
    assert [panel.words for panel in stopped.panels] == [
        "no value: the newest is the week of 2022-11-21, known 2023-01-01 04:59 UTC, 1,089 days before the session",
        "no value",
        "4 documents",
    ]
    papers_alone = shown("2022-12-30", real_prices().tail(1), test_policy.real("."))
    assert isinstance(papers_alone, Panels)
    assert papers_alone.panels[0].words == "no value: no price is known at the decision of 2022-12-30"
    assert papers_alone.panels[0].empty
    prices_alone = shown("2022-12-30", real_prices(), NO_DOCUMENTS)
    assert isinstance(prices_alone, Panels)
    assert prices_alone.panels[2].words == "none: documents of its days were not asked for"
    assert shown("2022-12-30", NO_PRICES, NO_DOCUMENTS) == (
        "No session to 2022-12-30 knows a price that is not too old, or documents of 63 sessions."
    )
