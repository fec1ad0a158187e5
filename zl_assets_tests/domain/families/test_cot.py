"""The COT family: the worked values, dates worked by hand, shutdowns, a second computation by pandas, what each session knew."""

import functools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zl_assets.domain.families.chart import Panels
from zl_assets.domain.families.cot import FAMILY, covered
from zl_assets.domain.releases import decision_times
from zl_assets.domain.rules.families import coverage, in_range, prefix_invariant, release_times
from zl_assets.sources.cot_weekly import DELAYED
from zl_assets.warehouse.shape import empty_frame
from zl_assets_tests.support.builders import decided
from zl_assets_tests.support.cases import (
    assert_as_declared,
    assert_prefix_invariant,
    cuts,
    random_sessions,
    real_sessions,
    sessions_on,
)
from zl_assets_tests.support.contracts import COT_WEEKLY, ZL
from zl_assets_tests.support.cot import made_up, positions, real_reports, report, table

COLUMNS = [column.column.name for column in FAMILY.columns]
NET, CHANGE, RANK, COMMERCIAL = COLUMNS


def on(*dates: str) -> pd.DataFrame:
    ones = [1.0] * len(dates)
    return sessions_on(list(dates), ones, ones, ones)


def computed(reports: pd.DataFrame, *dates: str) -> pd.DataFrame:
    """The family's columns, by date."""
    return FAMILY.compute(decided(on(*dates)), {COT_WEEKLY.table: reports}).set_index(pd.DatetimeIndex(dates))


# --- the real files


@functools.cache
def on_real_files() -> pd.DataFrame:
    """data_date, symbol and the columns, of all sessions of the real bars."""
    sessions = real_sessions()
    frame = FAMILY.compute(decided(sessions), {COT_WEEKLY.table: real_reports()})
    return sessions[["data_date", "symbol"]].join(frame)


WORKED = {
    "2012-07-16": (370 / 333208, 0.001110, 0.077621, 0.287879, -0.224232),
    "2016-02-10": (50184 / 416968, 0.120355, -0.004324, 0.935897, -0.365776),
    "2019-06-03": (-62904 / 551055, -0.114152, 0.005358, 0.179487, -0.151874),
}
# From the files' own lines, the newest report and the one four before: (long, short) of managed money, of the commercials, and
# open interest.
BY_HAND = {
    # Wednesday: the report of 8 March, which came on Friday the 11th, and that of 8 February.
    "2011-03-16": ((77006, 10724), (77957, 251398), 371133, (92536, 11346), 408159),
    # The day before Thanksgiving: 17 November and 20 October. The report of 24 November comes on Monday the 30th.
    "2020-11-25": ((111372, 8336), (94898, 333723), 497851, (93907, 11920), 465261),
    # The Monday after Good Friday, which is no federal holiday: 4 April and 7 March, which ION delayed to 17 March.
    "2023-04-10": ((44161, 56553), (164952, 259232), 483953, (55782, 37552), 446342),
}
# Sessions of the real bars without a value, by year.
NULL = {2013: 20, 2019: 35, 2023: 24, 2025: 25}


def test_worked_values_to_their_printed_digits() -> None:
    frame = computed(real_reports(), *WORKED)
    for date, (share, *printed) in WORKED.items():
        assert frame.loc[date, NET] == share
        assert frame.loc[date].round(6).tolist() == pytest.approx(printed, abs=1e-9), date


@pytest.mark.parametrize("date", BY_HAND)
def test_dates_that_were_worked_by_hand(date: str) -> None:
    (long, short), (theirs, other), interest, (long_before, short_before), interest_before = BY_HAND[date]
    row = computed(real_reports(), date).iloc[0]
    assert row[NET] == (long - short) / interest
    assert row[COMMERCIAL] == (theirs - other) / interest
    assert row[CHANGE] == (long - short) / interest - (long_before - short_before) / interest_before


def test_the_rank_by_hand() -> None:
    # Of the 104 reports to 2011-12-27 that of this day is the 15th from below.
    shares = real_reports().set_index("observed_on").pipe(lambda f: (f["mm_long"] - f["mm_short"]) / f["open_interest"])
    first = shares.head(104)
    below = sum(value < first.iloc[-1] for value in first)
    frame = computed(real_reports(), "2011-12-30", "2012-01-03")
    assert np.isnan(frame.loc["2011-12-30", RANK])
    assert frame.loc["2012-01-03", RANK] == (below + 1) / 104


def test_104_sessions_have_no_value_since_no_report_came() -> None:
    frame = on_real_files()
    missing = frame["data_date"][frame[NET].isna()]
    assert missing.dt.year.value_counts().to_dict() == NULL
    assert len(missing) == 104
    assert frame[[CHANGE, COMMERCIAL]].isna().equals(frame[[NET, NET]].isna().set_axis([CHANGE, COMMERCIAL], axis=1))
    # Had they come by the rule, each of them would have a value.
    there = covered(decided(frame[["data_date"]]), {COT_WEEKLY.table: real_reports()})
    assert there[[NET, CHANGE, COMMERCIAL]].all(axis=None)


def test_a_week_that_a_shutdown_delayed_is_not_seen_before_it_came() -> None:
    reports = real_reports().set_index("observed_on")
    shares = (reports["mm_long"] - reports["mm_short"]) / reports["open_interest"]
    frame = computed(
        real_reports(),
        *("2013-10-11", "2013-10-14", "2013-11-08", "2013-11-11", "2018-12-31", "2019-01-04", "2019-01-07", "2019-02-04"),
        *("2019-02-26", "2019-02-27", "2019-03-11", "2023-02-10", "2023-02-27", "2023-03-17", "2023-03-20", "2025-10-10"),
        *("2025-10-13", "2025-11-14"),
    )
    # Each session's newest report; NULL where that is more than 19 days old.
    newest = {
        "2018-12-31": "2018-12-18",
        "2019-01-04": "2018-12-18",
        "2019-02-27": "2019-02-12",
        "2019-03-11": "2019-03-05",
        "2013-10-11": "2013-09-24",
        "2013-11-11": "2013-11-05",
        "2023-02-10": "2023-01-24",
        "2023-03-20": "2023-03-14",
        "2025-10-10": "2025-09-23",
    }
    for date in frame.index.strftime("%Y-%m-%d"):
        expected = shares[newest[date]] if date in newest else np.nan
        assert frame.loc[date, NET] == pytest.approx(expected, nan_ok=True), date
    # By the rule they would have been known: the list of delayed reports is what keeps them back.
    reports["available_at"] = reports["available_at"].mask(
        reports.index.isin(pd.to_datetime(list(DELAYED))), (reports.index + pd.Timedelta(days=4)).tz_localize("UTC")
    )
    assert computed(reports.reset_index(), *frame.index.strftime("%Y-%m-%d"))[NET].notna().all()


# --- formulas


def test_family_equals_a_second_computation_by_pandas() -> None:
    reports = made_up("2012-01-01", "2016-12-31")
    sessions = random_sessions(400)
    frame = FAMILY.compute(decided(sessions), {COT_WEEKLY.table: reports})
    shares = (reports["mm_long"] - reports["mm_short"]) / reports["open_interest"]
    by_report = pd.DataFrame(
        {
            "available_at": reports["available_at"],
            "observed_on": reports["observed_on"],
            NET: shares,
            CHANGE: shares.diff(4),
            RANK: shares.rolling(156, min_periods=104).rank(pct=True),
            COMMERCIAL: (reports["prod_merc_long"] - reports["prod_merc_short"]) / reports["open_interest"],
        }
    )
    known = pd.merge_asof(
        decided(sessions)[["data_date", "decided_at"]],
        by_report,
        left_on="decided_at",
        right_on="available_at",
        allow_exact_matches=False,
    )
    assert (known["data_date"] - known["observed_on"]).max() <= pd.Timedelta(days=19)
    pd.testing.assert_frame_equal(frame, known[COLUMNS].astype("float64"), rtol=1e-12)
    assert frame.notna().all(axis=None)


def test_equal_shares_have_the_mean_of_their_ranks() -> None:
    days = [f"{day:%Y-%m-%d}" for day in pd.date_range("2012-01-03", periods=104, freq="W-TUE")]
    rows = [report(day, **positions(mm=(20_000 + 1_000 * (i < 52), 10_000))) for i, day in enumerate(days)]
    # The newest is one of 52 equal ones below 52 others.
    assert computed(table(*rows), "2014-01-06").iloc[0][RANK] == 26.5 / 104
    assert np.isnan(computed(table(*rows[1:]), "2014-01-06").iloc[0][RANK])
    assert computed(table(*rows[1:]), "2014-01-06").iloc[0][CHANGE] == 0.0


def test_a_missing_report_has_no_change_over_it_and_an_old_one_no_value() -> None:
    days = [f"{day:%Y-%m-%d}" for day in pd.date_range("2012-01-03", periods=12, freq="W-TUE")]
    rows = [report(day) for day in days]
    lacking = table(*rows[:6], *rows[7:])
    # Without the seventh: the tenth's fourth before it is five weeks back, the twelfth's is not.
    frame = computed(lacking, "2012-03-12", "2012-03-19", "2012-03-26")
    assert frame[NET].notna().all()
    assert frame[CHANGE].notna().tolist() == [False, False, True]
    # Tuesday 20 March is the last; 8 April is the 19th day after.
    assert computed(lacking, "2012-04-06", "2012-04-08", "2012-04-09")[NET].notna().tolist() == [True, True, False]


def test_another_market_is_passed_by() -> None:
    reports = table(report("2012-07-10"), report("2012-07-10", **positions(mm=(0, 5)), market_code="026603"))
    assert computed(reports, "2012-07-16").iloc[0][NET] == 0.2


# --- point in time


def test_a_later_release_changes_what_a_session_knew() -> None:
    reports = made_up("2009-01-01", "2012-12-31")
    newest = reports["observed_on"] == "2012-08-07"
    decision = decision_times(pd.Series([pd.Timestamp("2012-08-13")]), ZL.decision)[0]
    before = computed(reports, "2012-08-13")
    # To the minute: what comes at the decision itself is not known.
    for moment, same in ((decision - pd.Timedelta(minutes=1), True), (decision, False)):
        shifted = reports.assign(available_at=reports["available_at"].mask(newest, moment))
        after = computed(shifted, "2012-08-13")
        assert [before.loc["2012-08-13", name] == after.loc["2012-08-13", name] for name in COLUMNS] == [same] * 4


def test_no_session_sees_a_revision_before_its_day() -> None:
    reports = made_up("2012-01-01", "2012-12-31")
    old = reports[reports["observed_on"].eq("2012-08-07")]
    known, vintage = pd.Timestamp("2012-08-15", tz="UTC"), pd.Timestamp("2012-08-14")
    again = old.assign(mm_long=old["mm_long"] + 500, available_at=known, vintage=vintage)
    revised = pd.concat([reports.assign(vintage=vintage), again])
    dates = ["2012-08-13", "2012-08-14", "2012-08-15", "2012-09-10", "2012-09-17"]
    before, after = computed(reports, *dates), computed(revised, *dates)
    # Its own week, and the change of the one four reports later.
    assert (before[NET] != after[NET]).tolist() == [False, False, True, False, False]
    assert (before[CHANGE] != after[CHANGE]).tolist() == [False, False, True, True, False]


@settings(max_examples=3, deadline=None)
@given(st.integers(0, 10_000))
def test_whatever_comes_late_or_is_revised_each_session_has_what_it_knew(seed: int) -> None:
    random = np.random.default_rng(seed)
    reports = made_up("2010-01-01", "2012-12-31", seed=seed)
    delays = pd.to_timedelta(np.where(random.random(len(reports)) < 0.2, random.integers(0, 40 * 24, len(reports)), 0), unit="h")
    reports = reports.assign(available_at=reports["available_at"] + delays)
    again = reports.sample(frac=0.3, random_state=seed, replace=True)
    shift = pd.to_timedelta(random.integers(1, 90 * 24, len(again)), unit="h")
    revised = again.assign(
        available_at=again["available_at"] + shift, mm_long=again["mm_long"] + random.integers(1, 99, len(again))
    )
    every = pd.concat([reports, revised]).drop_duplicates(["observed_on", "available_at"])
    every = every.sample(frac=1, random_state=seed, ignore_index=True)
    dates = [f"{day:%Y-%m-%d}" for day in pd.bdate_range("2012-01-02", "2012-12-28", freq="17B")]
    whole = computed(every, *dates)
    for date in dates:
        known = every[every["available_at"] < decision_times(pd.Series([pd.Timestamp(date)]), ZL.decision)[0]]
        last = known.sort_values("available_at").drop_duplicates("observed_on", keep="last").sort_values("observed_on")
        expected = (last["mm_long"] - last["mm_short"]).iloc[-1] / last["open_interest"].iloc[-1]
        old = (pd.Timestamp(date) - last["observed_on"].iloc[-1]).days > 19
        assert whole.loc[date, NET] == pytest.approx(np.nan if old else expected, nan_ok=True)
        pd.testing.assert_frame_equal(computed(known, date), whole.loc[[date]], check_exact=True)


# --- what every family holds


@settings(max_examples=6, deadline=None)
@given(cuts)
def test_no_row_depends_on_a_later_session(cut: int) -> None:
    assert_prefix_invariant(FAMILY, random_sessions(200), {COT_WEEKLY.table: made_up("2012-01-01", "2016-12-31")}, cut)


def test_it_is_as_declared_and_passes_the_gates_on_the_real_files() -> None:
    sources = {COT_WEEKLY.table: real_reports()}
    sessions = real_sessions()
    assert_as_declared(FAMILY, sessions, sources)
    rows = on_real_files()
    assert in_range(FAMILY)(rows).passed
    verdict = coverage(FAMILY, rows, sources, ZL)
    assert verdict.passed
    assert verdict.measured == pytest.approx(0.970, abs=0.001)
    assert prefix_invariant(FAMILY, sessions, sources, ZL).passed
    assert release_times(FAMILY, sessions, sources, ZL).passed


def test_a_year_of_files_is_judged_by_itself_and_reports_that_come_late_are_red() -> None:
    sessions = on_real_files()[["data_date", "symbol"]]
    of_2019 = real_reports()[real_reports()["observed_on"].dt.year == 2019]
    for reports, passed in (
        (of_2019, True),
        (of_2019.assign(available_at=of_2019["available_at"] + pd.Timedelta(days=12)), False),
    ):
        sources = {COT_WEEKLY.table: reports}
        verdict = coverage(FAMILY, sessions.join(FAMILY.compute(decided(sessions), sources)), sources, ZL)
        assert verdict.passed is passed
        # Of 52 reports there is no rank.
        assert "cover no session of mm_percentile_156w" in verdict.explanation


def test_without_reports_nothing_has_a_value() -> None:
    nothing = {COT_WEEKLY.table: empty_frame(COT_WEEKLY)}
    assert FAMILY.compute(decided(on("2012-07-16")), nothing).isna().all(axis=None)
    assert not covered(decided(on("2012-07-16")), nothing).any(axis=None)
    assert_as_declared(FAMILY, on("2012-07-16"), nothing)


def test_inputs_stay_in_the_range_they_were_trained_on() -> None:
    """The gate's own measure: of each of five test folds, at most a quarter outside the training range."""
    from sklearn.model_selection import TimeSeriesSplit

    flat = on_real_files()[COLUMNS].set_axis([column.flat_name for column in FAMILY.columns], axis=1)
    assert [one.name for one in FAMILY.inputs] == ["cot_mm_net_share", "cot_mm_net_share_change_4w", "cot_commercial_net_share"]
    for model_input in FAMILY.inputs:
        values = model_input.compute(flat).to_numpy("float64")[62:-21]
        for train, test in TimeSeriesSplit(5, gap=21).split(values):
            seen = values[train][~np.isnan(values[train])]
            assert np.mean((values[test] < seen.min()) | (values[test] > seen.max())) <= 0.25, model_input.name


# --- the picture


def shown(reports: pd.DataFrame, sessions: pd.DataFrame) -> Panels | str:
    assert FAMILY.show is not None
    return FAMILY.show(decided(sessions), {COT_WEEKLY.table: reports})


def until(date: str) -> pd.DataFrame:
    frame = on_real_files()[["data_date", "symbol"]]
    return frame[frame["data_date"] <= date].reset_index(drop=True)


def test_the_picture_has_the_newest_share_with_its_rank_and_when_it_was_known() -> None:
    panels = shown(real_reports(), until("2016-02-10"))
    assert isinstance(panels, Panels)
    assert (panels.title, f"{panels.known_at:%Y-%m-%d %H:%M}") == (
        "positions in the Commitments of Traders, session of 2016-02-10",
        "2016-02-10 19:20",
    )
    assert [panel.words for panel in panels.panels] == [
        "+12.0 % of what is open, -0.4 in four reports; report of 2016-02-02, known 2016-02-05 20:30 UTC",
        "94 %, where 100 is the highest",
        "-36.6 % of what is open",
    ]
    money, rank, _ = panels.panels
    [line], [mark], [band] = money.lines.values(), money.marks.values(), money.bands.values()
    assert (line.index[0], line.index[-1]) == (pd.Timestamp("2011-02-10"), pd.Timestamp("2016-02-10"))
    assert mark.tolist() == [line.iloc[-1]] == [pytest.approx(12.0355, abs=1e-4)]
    # The shutdown of 2013 is a hole, and the band is that of 156 reports.
    assert line["2013-10-14":"2013-11-08"].isna().all()
    last = real_reports().set_index("observed_on").loc[:"2016-02-02"].tail(156)
    shares = 100 * (last["mm_long"] - last["mm_short"]).astype("float64") / last["open_interest"].astype("float64")
    assert band.iloc[-1].tolist() == pytest.approx(np.quantile(shares, [0.1, 0.9]).tolist())
    assert next(iter(rank.lines.values())).iloc[-1] == pytest.approx(93.5897, abs=1e-4)


def test_the_picture_of_a_shutdown_says_why_there_is_no_value() -> None:
    panels = shown(real_reports(), until("2025-11-14"))
    assert isinstance(panels, Panels)
    assert [panel.words for panel in panels.panels] == [
        "no value: the newest report that had come out is of 2025-09-23, 52 days before the session, known 2025-09-26 19:30 UTC",
        "no value",
        "no value",
    ]
    assert all(mark.empty for panel in panels.panels for mark in panel.marks.values())


def test_the_picture_shows_nothing_that_came_later_and_says_that_nothing_came() -> None:
    sessions = until("2012-07-16")
    every, known = real_reports(), real_reports()[lambda f: f["available_at"] < decided(sessions)["decided_at"].iloc[-1]]
    one, other = shown(every, sessions), shown(known, sessions)
    assert isinstance(one, Panels)
    assert isinstance(other, Panels)
    for mine, theirs in zip(one.panels, other.panels, strict=True):
        assert mine.words == theirs.words
        for name, line in mine.lines.items():
            pd.testing.assert_series_equal(line, theirs.lines[name])
    first = every[every["observed_on"] < "2012-03-01"].tail(2)
    few = shown(first, until("2012-03-07"))
    assert isinstance(few, Panels)
    assert "four reports before not known" in few.panels[0].words
    assert few.panels[1].words == "none: fewer than 104 reports are known"
    assert shown(every.tail(1), sessions) == "At the decision of 2012-07-16 no report is known."
