"""The WASDE family: the worked values, a second computation by pandas, its NULL rules, and what each session knew."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zl_assets.domain.families.chart import Panels
from zl_assets.domain.families.wasde import BIOFUEL, CHANGE, FAMILY, FLOOR, STOCKS, show
from zl_assets.domain.releases import decision_times
from zl_assets.domain.rules.families import coverage, in_range, prefix_invariant, release_times
from zl_assets.model.report.charts import chart_made_of
from zl_assets.warehouse.shape import empty_frame
from zl_assets.warehouse.verdict import Verdict
from zl_assets_tests.support.builders import decided
from zl_assets_tests.support.cases import (
    assert_as_declared,
    assert_prefix_invariant,
    random_sessions,
    real_sessions,
    sessions_on,
)
from zl_assets_tests.support.contracts import WASDE_BALANCE, ZL
from zl_assets_tests.support.wasde import monthly, real_wasde, release, table

NAN = float("nan")


def on(*dates: str) -> pd.DataFrame:
    ones = [1.0] * len(dates)
    return sessions_on(list(dates), ones, ones, ones)


def computed(rows: pd.DataFrame, *dates: str) -> pd.DataFrame:
    """The family's columns, by date."""
    return FAMILY.compute(decided(on(*dates)), {WASDE_BALANCE.table: rows}).set_index(pd.DatetimeIndex(dates))


def of(rows: pd.DataFrame, date: str) -> tuple[float, float, float]:
    stocks, change, biofuel = computed(rows, date).iloc[0].tolist()
    return stocks, change, biofuel


# --- the real file

# The first three are the owner's, to their printed digits.
PRINTED = {
    "2012-07-16": ("0.104156", "-0.005613", "nan"),
    "2016-02-10": ("0.094292", "-0.002055", "0.251142"),
    "2019-06-03": ("0.057087", "nan", "0.342520"),
    # By hand from the file's lines. The first release after a month without one: 1635 of 19,700, before 1615 of 19,600, 5600.
    "2013-11-08": ("0.082995", "0.000597", "0.284264"),
    # The number that came twice: 1915 of 24,400, in November too, 7800.
    "2018-12-17": ("0.078484", "0.000000", "0.319672"),
    # The first with a new year, and with the line called Biofuel: 1513 of 26,850, 12,000.
    "2021-05-12": ("0.056350", "nan", "0.446927"),
}


def test_worked_values_to_their_printed_digits() -> None:
    frame = computed(real_wasde().frame, *sorted(PRINTED))
    for date, expected in PRINTED.items():
        assert tuple(f"{value:.6f}" for value in frame.loc[date]) == expected, date
    # The owner's quotients.
    assert of(real_wasde().frame, "2012-07-16")[:2] == (2005 / 19_250, 2005 / 19_250 - 2135 / 19_450)


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 3800))
def test_every_session_has_what_a_second_computation_gives(first: int) -> None:
    sessions = real_sessions().iloc[first : first + 90].reset_index(drop=True)
    rows = real_wasde().frame
    frame = FAMILY.compute(decided(sessions), {WASDE_BALANCE.table: rows})
    by_number = rows.drop_duplicates(["wasde_number", "market_year"], keep="last")
    share = (
        (by_number["ending_stocks"] / by_number["total_use"]).groupby([by_number["wasde_number"], by_number["market_year"]]).sum()
    )
    for at, session in decided(sessions).iterrows():
        known = rows[rows["available_at"] < session["decided_at"]]
        expected = (NAN, NAN, NAN)
        if len(known) and (session["data_date"] - known["observed_on"].max()).days <= 75:
            newest = known[known["observed_on"] == known["observed_on"].max()].sort_values("market_year").iloc[-1]
            before = share.get((newest["wasde_number"] - 1, newest["market_year"]), NAN)
            stocks = newest["ending_stocks"] / newest["total_use"]
            expected = (stocks, stocks - before, newest["biofuel"] / newest["total_use"])
        assert frame.loc[at].tolist() == pytest.approx(expected, abs=1e-15, nan_ok=True), session["data_date"]


def test_awkward_releases_of_the_real_file() -> None:
    rows = real_wasde().frame
    # No report in October 2013: September's until November's, which is measured against it.
    assert of(rows, "2013-11-07") == of(rows, "2013-09-13")
    assert of(rows, "2013-11-08")[1] == of(rows, "2013-11-08")[0] - of(rows, "2013-09-13")[0]
    # Nor in January 2019: December's number came twice, and is not its own predecessor.
    assert of(rows, "2018-12-11") == of(rows, "2018-12-14") == of(rows, "2019-02-07")
    assert of(rows, "2019-02-08")[1] == of(rows, "2019-02-08")[0] - of(rows, "2018-12-17")[0]
    # Biofuel under its four names, and none of them from May to October 2012.
    shares = computed(rows, "2011-04-11", "2011-05-11", "2012-05-09", "2012-05-10", "2012-11-08", "2012-11-09", "2021-05-12")[
        BIOFUEL
    ]
    assert shares.notna().tolist() == [True, True, True, False, False, True, True]
    # The last release is of 2025-05-12: 75 days.
    assert computed(rows, "2025-07-25", "2025-07-28").notna().any(axis=1).tolist() == [True, False]


def test_coverage_is_judged_where_the_files_are_and_lost_releases_are_seen() -> None:
    sessions, rows = real_sessions(), real_wasde().frame

    def verdict(kept: pd.DataFrame) -> Verdict:
        values = sessions[["data_date", "symbol"]].join(FAMILY.compute(decided(sessions), {WASDE_BALANCE.table: kept}))
        return coverage(FAMILY, values, {WASDE_BALANCE.table: rows}, ZL)

    values = FAMILY.compute(decided(sessions), {WASDE_BALANCE.table: rows})
    assert values.notna().sum().tolist() == [3790, 3419, 3662]
    found = verdict(rows)
    assert found.passed, str(found)
    # A year without a release; every second release, so that nothing can be compared.
    lost = verdict(rows[~rows["observed_on"].between("2015-01-01", "2015-12-31")])
    assert set(lost.offenders["column"]) == {STOCKS, CHANGE}
    assert set(verdict(rows[rows["wasde_number"] % 2 == 0]).offenders["column"]) == {CHANGE}
    # Before the first release and 75 days after the last nothing is held against a column.
    assert not verdict(rows.head(0)).passed


def test_every_gate_of_a_family_holds_on_the_real_file() -> None:
    sessions, sources = real_sessions(), {WASDE_BALANCE.table: real_wasde().frame}
    assert_as_declared(FAMILY, sessions, sources)
    for gate in (prefix_invariant, release_times):
        assert gate(FAMILY, sessions, sources, ZL).passed
    columns = FAMILY.compute(decided(sessions), sources)
    assert in_range(FAMILY)(sessions[["data_date", "symbol"]].join(columns)).passed


def test_what_a_model_sees_stays_in_the_range_that_it_was_trained_on() -> None:
    from sklearn.model_selection import TimeSeriesSplit

    # The sessions of the matrix that have a target.
    sessions = real_sessions()
    values = FAMILY.compute(decided(sessions), {WASDE_BALANCE.table: real_wasde().frame}).iloc[62:-21]
    flat = values.set_axis([column.flat_name for column in FAMILY.columns], axis=1)
    inputs = pd.DataFrame({one.name: one.compute(flat) for one in FAMILY.inputs}).assign(biofuel=flat["wasde_biofuel_share"])
    assert (inputs["wasde_stocks_to_use"].min(), flat["wasde_stocks_to_use"].min() < FLOOR) == (FLOOR, True)
    assert inputs["wasde_stocks_to_use"].isna().equals(flat["wasde_stocks_to_use"].isna())

    def outside(values: pd.DataFrame) -> list[float]:
        """The largest share of a test fold outside its training range, by column."""
        folds = [(values.iloc[train], values.iloc[test]) for train, test in TimeSeriesSplit(5, gap=21).split(values)]
        worst: list[float] = pd.DataFrame([((b < a.min()) | (b > a.max())).mean() for a, b in folds]).max().round(3).tolist()
        return worst

    # The gate's bound is 0.25.
    assert outside(inputs) == [0.066, 0.031, 0.871]
    assert outside(flat[["wasde_stocks_to_use"]]) == [0.362]


# --- formulas, by hand

JULY = release(508, "2012-07-11", stocks=(1900.0, 2000.0, 1500.0))
AUGUST = release(509, "2012-08-10", stocks=(1900.0, 2000.0, 1400.0), use=(20_000.0, 20_500.0, 20_000.0))


def test_a_new_marketing_year_has_no_change_until_the_next_release() -> None:
    april, may = release(517, "2013-04-10"), release(518, "2013-05-10", stocks=(2000.0, 1500.0, 1700.0))
    june = release(519, "2013-06-12", stocks=(2000.0, 1500.0, 1600.0))
    rows = table(april, may, june)
    # In April 2012/13 is the newest year, with 1500 of 21,000.
    assert of(rows, "2013-05-09")[0] == 1500 / 21_000
    assert of(rows, "2013-05-10") == pytest.approx((1700 / 21_000, NAN, 6000 / 21_000), nan_ok=True)
    assert of(rows, "2013-06-12") == (1600 / 21_000, 1600 / 21_000 - 1700 / 21_000, 6000 / 21_000)


def test_a_line_that_is_left_out_and_a_release_that_is_lost_are_null() -> None:
    without = release(509, "2012-08-10", biofuel=None)
    assert np.isnan(of(table(JULY, without), "2012-08-13")[2])
    # September's release without August's: no change.
    assert np.isnan(of(table(JULY, release(510, "2012-09-12")), "2012-09-13")[1])


def test_a_release_of_76_days_ago_is_too_old() -> None:
    frame = computed(table(JULY), "2012-09-24", "2012-09-25")
    assert frame.notna().any(axis=1).tolist() == [True, False]


def test_a_release_that_came_again_with_other_numbers_is_the_newest_and_measured_against_the_number_before() -> None:
    rows = table(JULY, AUGUST, release(509, "2012-08-14", stocks=(1900.0, 2000.0, 1300.0)))
    assert of(rows, "2012-08-13")[0] == 1400 / 20_000
    assert of(rows, "2012-08-14") == (1300 / 21_000, 1300 / 21_000 - 1500 / 21_000, 6000 / 21_000)
    # A revision of its first print that comes later does not take its place, nor does one of an older release.
    late = pd.Timestamp("2012-08-20", tz="UTC")
    again = [frame.assign(available_at=late, ending_stocks=900.0) for frame in (AUGUST, release(507, "2012-06-12"))]
    assert of(table(*again, rows), "2012-08-21") == of(rows, "2012-08-21")


# --- point in time


def test_a_later_release_changes_what_a_session_knew() -> None:
    june = release(507, "2012-06-12")
    rows, without = table(june, JULY, AUGUST), table(june, JULY)
    assert of(rows, "2012-08-10") != of(rows, "2012-08-09") == of(without, "2012-08-09")
    # To the second: what comes at the decision is not known.
    decision = decision_times(pd.Series([pd.Timestamp("2012-08-10")]), ZL.decision)[0]
    for moment, knew in ((decision - pd.Timedelta(seconds=1), rows), (decision, without)):
        shifted = rows.assign(available_at=rows["available_at"].mask(rows["wasde_number"].eq(509), moment))
        assert of(shifted, "2012-08-10") == of(knew, "2012-08-10")


def test_on_the_real_file_a_day_later_changes_the_day_of_each_release_and_no_other() -> None:
    sessions, rows = real_sessions(), real_wasde().frame
    shifted = rows.assign(available_at=rows["available_at"] + pd.Timedelta(days=1))
    before, after = (FAMILY.compute(decided(sessions), {WASDE_BALANCE.table: frame}) for frame in (rows, shifted))
    differs = ~(before.eq(after) | (before.isna() & after.isna())).all(axis=1)
    # A Friday's release is then Saturday's, and so Monday's as before.
    released = sessions["data_date"].isin(rows["observed_on"])
    assert not (differs & ~released).any()
    assert differs.sum() > 140


def test_no_session_sees_a_later_print_revision_or_vintage() -> None:
    rows = real_wasde().frame
    dates = [f"{day:%Y-%m-%d}" for day in pd.bdate_range("2016-01-04", "2016-06-30")]
    expected = computed(rows, *dates)
    # Whatever is printed, revised or downloaded after the last of them.
    later = rows.assign(ending_stocks=9e9, biofuel=9e9, available_at=pd.Timestamp("2016-06-30 18:20", tz="UTC"))
    future = rows["observed_on"] > "2016-06-30"
    changed = pd.concat([rows.assign(ending_stocks=rows["ending_stocks"].mask(future, 1.0)), later], ignore_index=True)
    pd.testing.assert_frame_equal(computed(changed, *dates), expected, check_exact=True)
    # A moment earlier the last session sees them, and it alone.
    seen = changed.assign(
        available_at=changed["available_at"].mask(
            changed.index >= len(rows), later["available_at"].iloc[0] - pd.Timedelta(seconds=1)
        )
    )
    differs = ~(computed(seen, *dates).eq(expected) | expected.isna()).all(axis=1)
    assert differs[differs].index.tolist() == [pd.Timestamp("2016-06-30")]


def test_a_revision_of_the_release_before_changes_the_change_from_then_on() -> None:
    known = pd.Timestamp("2012-08-20", tz="UTC")
    revised = JULY.assign(available_at=known, ending_stocks=[1900.0, 2000.0, 1470.0])
    before, after = (table(*rows) for rows in ((JULY, AUGUST), (JULY, AUGUST, revised)))
    assert of(after, "2012-08-17") == of(before, "2012-08-17")
    assert of(after, "2012-08-20") == (of(before, "2012-08-20")[0], 1400 / 20_000 - 1470 / 21_000, of(before, "2012-08-20")[2])


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 10_000))
def test_whatever_comes_late_or_is_revised_each_session_has_what_it_knew(seed: int) -> None:
    random = np.random.default_rng(seed)
    rows = monthly(seed=seed)
    delays = pd.to_timedelta(np.where(random.random(len(rows)) < 0.2, random.integers(0, 60 * 24, len(rows)), 0), unit="h")
    rows = rows.assign(available_at=rows["available_at"] + delays)
    again = rows.sample(frac=0.3, random_state=seed, replace=True)
    shift = pd.to_timedelta(random.integers(1, 120 * 24, len(again)), unit="h")
    revised = again.assign(
        available_at=again["available_at"] + shift, ending_stocks=again["ending_stocks"] + random.integers(1, 90, len(again))
    )
    every = pd.concat([rows, revised]).drop_duplicates(["wasde_number", "market_year", "available_at"])
    # In any order of rows.
    every = every.sample(frac=1, random_state=seed, ignore_index=True)
    dates = [f"{day:%Y-%m-%d}" for day in pd.bdate_range("2015-02-02", "2017-05-12", freq="17B")]
    whole = computed(every, *dates)
    assert whole[STOCKS].notna().any()
    for date in dates:
        known = every[every["available_at"] < decision_times(pd.Series([pd.Timestamp(date)]), ZL.decision)[0]]
        # No more than one value of each balance, as a careful person would have it on that day.
        newest = known.sort_values("available_at", kind="stable").drop_duplicates(["wasde_number", "market_year"], keep="last")
        pd.testing.assert_frame_equal(computed(newest, date), whole.loc[[date]], check_exact=True)


@pytest.mark.parametrize("cut", [1, 40, 150])
def test_prefix_invariant(cut: int) -> None:
    assert_prefix_invariant(FAMILY, random_sessions(200), {WASDE_BALANCE.table: monthly()}, cut)


def test_no_source_is_no_value() -> None:
    frame = computed(empty_frame(WASDE_BALANCE), "2012-07-16")
    assert frame.isna().all(axis=None)
    assert frame.shape == (1, 3)
    covered = FAMILY.covered
    assert covered is not None
    assert not covered(decided(on("2012-07-16")), {WASDE_BALANCE.table: empty_frame(WASDE_BALANCE)}).any(axis=None)


# --- the picture


def shown(rows: pd.DataFrame, *dates: str) -> Panels:
    chart = show(decided(on(*dates)), {WASDE_BALANCE.table: rows})
    assert isinstance(chart, Panels)
    return chart


def test_the_newest_release_and_its_change_are_marked_and_told() -> None:
    chart = shown(table(JULY, AUGUST), "2012-07-10", "2012-07-11", "2012-08-09", "2012-08-10", "2012-08-13")
    stocks, change, biofuel = chart.panels
    # In percent, from the first session that knew a release.
    assert stocks.lines["as each session knew it"].tolist() == pytest.approx([100 / 14, 100 / 14, 7.0, 7.0])
    for panel, value in ((stocks, 7.0), (change, 7.0 - 100 / 14), (biofuel, 30.0)):
        [marks] = panel.marks.values()
        assert marks.to_dict() == pytest.approx({pd.Timestamp("2012-08-10"): value})
    assert stocks.words == "7.00 % of use in 2012/13; release 509 of 2012-08-10, known 2012-08-10 12:30 UTC"
    assert change.words == "-0.14 points of use in 2012/13, against release 508"
    assert biofuel.words == "30.0 % of use in 2012/13"
    [note] = stocks.notes
    assert (note.day, note.value) == (pd.Timestamp("2012-08-10"), pytest.approx(7.0))
    assert note.words == (
        "release 509 of 2012-08-10, known 2012-08-10 12:30 UTC: 7.00 % of use in 2012/13; change: -0.14 points of use in "
        "2012/13, against release 508"
    )
    assert f"{chart.known_at:%Y-%m-%d %H:%M}" == "2012-08-13 18:20"


def test_what_there_is_not_is_said() -> None:
    nothing = show(decided(on("2012-07-10")), {WASDE_BALANCE.table: table(JULY)})
    assert nothing == "At the decision of 2012-07-10 no release is known."
    old = show(decided(on("2012-12-10")), {WASDE_BALANCE.table: table(JULY)})
    assert old == "No session to 2012-12-10 has a release that is not too old."
    stocks, change, biofuel = shown(table(release(508, "2012-07-11", biofuel=None)), "2012-07-11", "2012-12-10").panels
    assert stocks.words.startswith("no value: the newest release is of 2012-07-11, 152 days ago; then 7.14 % of use in 2012/13; ")
    assert change.words.endswith("then none: 2012/13 is not in the release before")
    assert biofuel.words.endswith("then none: release 508 has no such line")
    assert change.empty
    assert biofuel.empty
    # A release that no session held is told, and not marked.
    late = shown(
        table(JULY, AUGUST.assign(available_at=pd.Timestamp("2012-12-01", tz="UTC"))), "2012-07-11", "2012-12-10"
    ).panels[0]
    assert late.notes == ()
    assert [len(marks) for marks in late.marks.values()] == [0]


def test_no_release_that_came_later_is_on_the_picture() -> None:
    dates = ("2012-07-11", "2012-08-09", "2012-08-10")
    decision = pd.Timestamp("2012-08-10 18:20", tz="UTC")

    def made_of(rows: pd.DataFrame) -> str:
        return chart_made_of(shown(rows, *dates), ZL, synthetic=False)

    late = AUGUST.assign(available_at=decision)
    assert made_of(table(JULY, late)) == made_of(table(JULY))
    assert made_of(table(JULY, late.assign(available_at=decision - pd.Timedelta(seconds=1)))) != made_of(table(JULY))


def test_the_real_picture_says_that_its_release_is_old() -> None:
    sessions = real_sessions()
    chart = show(decided(sessions), {WASDE_BALANCE.table: real_wasde().frame})
    assert isinstance(chart, Panels)
    assert chart.panels[0].words.startswith(
        "no value: the newest release is of 2025-05-12, 186 days ago; then 5.17 % of use in 2025/26"
    )
    assert chart.panels[0].days[0] == pd.Timestamp(dt.date(2010, 7, 9))
