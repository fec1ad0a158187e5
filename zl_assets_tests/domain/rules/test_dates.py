"""Rules that hold dates against the calendar, green on sound rows and red on a seeded fault."""

import datetime as dt

import pandas as pd
import pytest

from zl_assets.domain.rules import dates
from zl_assets.domain.rules.dates import calendar_complete, dates_fit_calendar, no_filled_bars, weekend_bars_are_stubs
from zl_assets.domain.trading_calendar import expected_sessions
from zl_assets.sources.sample import synthetic_bars
from zl_assets_tests.conftest import shared_data
from zl_assets_tests.support.builders import bars_of
from zl_assets_tests.support.contracts import SESSIONS, ZL
from zl_assets_tests.support.rows import Change, Faults, assert_green_without, assert_red, predicates_of, shown_red, sound

# pandas 2.3 under numpy 2.5: the calendar library calls pd.Timedelta("1h") when it is imported.
pytestmark = pytest.mark.filterwarnings("ignore:The 'generic' unit for NumPy timedelta:DeprecationWarning")

DAY = pd.Timedelta(1, "D")
RULES = (weekend_bars_are_stubs, no_filled_bars, dates_fit_calendar)


def on_sessions(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows on the calendar's sessions: the sound rows are on every weekday."""
    column = "data_date" if "data_date" in frame.columns else "date"
    days = expected_sessions(ZL.calendar, frame[column].min().date(), frame[column].max().date())
    return frame[frame[column].isin(days)].reset_index(drop=True)


def moved(days: int) -> Change:
    return lambda frame: frame.assign(data_date=frame["data_date"] + days * DAY)


def filled_to(days: pd.DatetimeIndex) -> Change:
    """Each of these days that has no row gets a copy of the row before."""

    def fill(frame: pd.DataFrame) -> pd.DataFrame:
        kept = on_sessions(frame).set_index("data_date")
        return kept.reindex(kept.index.union(days), method="ffill").rename_axis("data_date").reset_index()

    return fill


def without(*rows: int) -> Change:
    return lambda frame: on_sessions(frame).drop(index=list(rows))


RED: Faults = {
    "a day early": (
        lambda f: weekend_bars_are_stubs(bars_of(f), ZL),
        SESSIONS.table,
        lambda f: moved(-1)(on_sessions(f)),
    ),
    "the newest three a day late": (
        lambda f: weekend_bars_are_stubs(bars_of(f), ZL),
        SESSIONS.table,
        # 2018-05-30 is a Wednesday: a day later is a Thursday, three days later a Saturday.
        lambda f: pd.concat([f.iloc[:-1], moved(3)(f.iloc[-1:])], ignore_index=True),
    ),
    "holidays filled in": (
        lambda f: no_filled_bars(bars_of(f), ZL),
        SESSIONS.table,
        filled_to(pd.bdate_range("2017-06-01", "2018-05-30")),
    ),
    "a week late": (
        lambda f: dates_fit_calendar(bars_of(f), ZL),
        SESSIONS.table,
        lambda f: moved(7)(on_sessions(f)),
    ),
    "a hole of 29": (lambda f: calendar_complete(f, ZL), SESSIONS.table, without(*range(100, 129))),
}


@pytest.mark.parametrize("fault", list(RED))
def test_a_seeded_fault_turns_its_predicate_red(fault: str) -> None:
    assert_red(RED, fault)


@pytest.mark.parametrize("fault", ["a day early", "holidays filled in", "a hole of 29"])
def test_without_the_fault_the_predicate_is_green(fault: str) -> None:
    assert_green_without(RED, fault)


def test_sessions_on_their_dates_fit_the_calendar() -> None:
    assert dates_fit_calendar(bars_of(on_sessions(sound(SESSIONS.table))), ZL).measured == 0


def test_every_predicate_is_shown_red() -> None:
    assert predicates_of(dates) == shown_red(RED)


@pytest.mark.parametrize("days", [1, -1, 2, -2, 3, 7, -7])
def test_dates_that_are_off_are_refused_as_that(days: int) -> None:
    bars = synthetic_bars()
    off = bars.assign(date=bars["date"] + days * DAY)
    said = " ".join(str(v) for v in (rule(off, ZL) for rule in RULES) if not v.passed)
    assert f"the dates are {abs(days)} day{'s' if abs(days) > 1 else ''} too {'late' if days > 0 else 'early'}" in said


def test_midnight_of_a_zone_in_the_east_is_a_day_early() -> None:
    """A date at midnight in Berlin is 22:00 or 23:00 UTC of the day before."""
    bars = synthetic_bars()
    utc = bars["date"].dt.tz_localize("Europe/Berlin").dt.tz_convert("UTC").dt.tz_localize(None).dt.normalize()
    assert not weekend_bars_are_stubs(bars.assign(date=utc), ZL).passed


@pytest.mark.parametrize("rows", [1, 2, 5])
def test_new_bars_that_land_on_a_weekend_are_named(rows: int) -> None:
    """Only the newest are off: as a file that somebody appends to from another tool."""
    bars = synthetic_bars()
    newest = bars.tail(rows)
    off = pd.concat([bars.iloc[:-rows], newest.assign(date=newest["date"] + DAY)], ignore_index=True)
    found = weekend_bars_are_stubs(off, ZL)
    assert list(found.offenders["date"]) == [pd.Timestamp("2025-11-15")]


@pytest.mark.parametrize(
    ("volume", "same"), [(None, True), (0, True), (0, False)], ids=["a whole copy", "without volume", "flat at the close"]
)
@pytest.mark.parametrize("day", ["2025-11-15", "2025-11-27", "2025-11-11"], ids=["Saturday", "Thanksgiving", "a session"])
def test_a_bar_that_was_filled_in_is_refused(day: str, volume: int | None, same: bool) -> None:
    bars = synthetic_bars()
    bars = bars[bars["date"] < pd.Timestamp(day)]
    last = bars.iloc[[-1]]
    filled = last.assign(date=pd.Timestamp(day), volume=last["volume"] if volume is None else volume)
    if not same:
        filled = filled.assign(open=last["close"], high=last["close"], low=last["close"])
    found = no_filled_bars(pd.concat([bars, filled], ignore_index=True), ZL)
    assert list(found.offenders["date"]) == [pd.Timestamp(day)]


def test_an_unchanged_close_is_no_copy_where_the_volume_never_changes() -> None:
    """Bars that somebody made up, or of a vendor without a volume of his own: it says nothing there."""
    bars = synthetic_bars().assign(volume=40_000)
    prices = ["open", "high", "low", "close"]
    bars.loc[1000, prices] = bars.loc[999, prices]
    assert no_filled_bars(bars, ZL).passed
    assert not no_filled_bars(bars.assign(volume=synthetic_bars()["volume"].where(bars.index != 1000).ffill()), ZL).passed


@pytest.mark.parametrize(
    ("missing", "passed", "hole"),
    [
        ((), True, None),
        ((100,), True, None),
        ((100, 150), False, None),  # one in 1,000 of 250 sessions, rounded up
        ((100, 101), False, 2),
        (tuple(range(50, 55)), False, 5),
        (tuple(range(1, 250, 2)), False, None),
    ],
)
def test_holes_are_counted_and_measured(missing: tuple[int, ...], passed: bool, hole: int | None) -> None:
    frame = on_sessions(sound(SESSIONS.table))
    found = calendar_complete(without(*missing)(sound(SESSIONS.table)), ZL)
    assert (found.passed, found.measured) == (passed, len(missing))
    assert list(found.offenders["data_date"]) == list(frame["data_date"].iloc[list(missing)].head(10))
    assert ("longest hole" in found.explanation) == (hole is not None)
    assert hole is None or f"has {hole} sessions" in found.explanation


@pytest.mark.parametrize(("missing", "passed"), [((700, 1400), True), ((700, 701), False)])
def test_two_sessions_in_a_row_are_a_hole_where_two_may_be_missing(missing: tuple[int, ...], passed: bool) -> None:
    days = expected_sessions(ZL.calendar, dt.date(2012, 1, 3), dt.date(2020, 12, 30))
    frame = pd.DataFrame({"data_date": days.delete(list(missing))})
    found = calendar_complete(frame, ZL)
    assert found.bound.startswith("at most 3 ")
    assert (found.passed, found.measured) == (passed, 2)


def test_a_source_that_ends_early_has_no_hole() -> None:
    assert calendar_complete(on_sessions(sound(SESSIONS.table)).iloc[40:200], ZL).measured == 0


def test_the_real_bars_fit_and_lack_the_three_sessions_that_are_known() -> None:
    bars = pd.read_parquet(shared_data("databento_futures_ohlcv_1d.parquet"))
    bars = bars[bars["symbol"] == "ZL"].assign(date=pd.to_datetime(bars["date"])).sort_values("date", ignore_index=True)
    assert [rule(bars, ZL).measured for rule in RULES] == [0, 0, 7]
    weekdays = bars[bars["date"].dt.dayofweek < 5].rename(columns={"date": "data_date"})
    found = calendar_complete(weekdays, ZL)
    assert found.passed
    assert [str(day.date()) for day in found.offenders["data_date"]] == ["2014-06-11", "2014-10-03", "2020-02-28"]


def test_no_bars_at_all_are_no_fault_of_their_dates() -> None:
    empty = synthetic_bars().iloc[:0]
    for rule in RULES:
        assert rule(empty, ZL).passed
