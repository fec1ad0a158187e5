"""Stub and as-of rules: hand-worked cases, invariants on generated bars."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from zl_assets.domain.rules.dates import dates_fit_calendar
from zl_assets.domain.sessions import Sessions, StubPrint, build_sessions
from zl_assets.domain.stubs import on_stub_date
from zl_assets.instruments.base import Closure
from zl_assets.warehouse.errors import DataFault
from zl_assets_tests.support.builders import AS_OF, bar, bars
from zl_assets_tests.support.contracts import SESSIONS, ZL

# 2020-01-05 is a Sunday.
FRIDAY = bar("2020-01-03", 34.0, 34.6, 33.8, 34.5, 41_000)
SUNDAY = bar("2020-01-05", 34.4, 34.9, 34.3, 34.7, 1_100)
MONDAY = bar("2020-01-06", 34.7, 34.8, 34.1, 34.2, 39_000)
TUESDAY = bar("2020-01-07", 34.2, 34.5, 34.0, 34.4, 38_000)


def build(*rows: dict[str, object], as_of: dt.date = AS_OF) -> Sessions:
    return build_sessions(bars(*rows), ZL, as_of)


def session(result: Sessions, date: str) -> dict[str, object]:
    return result.frame.set_index("data_date").loc[date].to_dict()


def test_a_sunday_stub_is_not_counted_as_a_session() -> None:
    result = build(FRIDAY, SUNDAY, MONDAY)
    assert [str(d)[:10] for d in result.frame["data_date"]] == ["2020-01-03", "2020-01-06"]
    assert session(result, "2020-01-06") == {
        "symbol": "ZL",
        "open": 34.4,
        "high": 34.9,
        "low": 34.1,
        "close": 34.2,
        "volume": 40_100,
        "instrument_id": 1,
        "stub_merged": True,
    }
    assert (result.bars, result.stubs_merged, result.stubs_held_back, result.forming_bars) == (3, 1, 0, 0)
    assert not session(result, "2020-01-03")["stub_merged"]


def test_a_saturday_and_a_sunday_bar_both_belong_to_monday() -> None:
    saturday = bar("2020-01-04", 34.5, 35.0, 34.5, 34.9, 10)
    monday = session(build(FRIDAY, saturday, SUNDAY, MONDAY), "2020-01-06")
    assert (monday["open"], monday["high"], monday["low"], monday["volume"]) == (34.5, 35.0, 34.1, 40_110)


def test_a_stub_before_a_holiday_monday_without_a_bar_belongs_to_tuesday() -> None:
    tuesday = session(build(FRIDAY, SUNDAY, TUESDAY), "2020-01-07")
    assert (tuesday["open"], tuesday["high"], tuesday["low"], tuesday["volume"]) == (34.4, 34.9, 34.0, 39_100)


CLOSING = replace(ZL, closures=(Closure(1, 1), Closure(12, 25)))


def test_the_evening_of_a_full_closure_is_no_session() -> None:
    """Christmas of 2019 was a Wednesday; the evening's first hour begins Thursday's session."""
    rows = bars(
        bar("2019-12-24", 34.0, 34.3, 33.9, 34.1),
        bar("2019-12-25", 34.2, 34.8, 34.2, 34.4, 675),
        bar("2019-12-26", 34.4, 34.6, 34.0, 34.5, 39_000),
    )
    result = build_sessions(rows, CLOSING, AS_OF)
    assert [str(d)[:10] for d in result.frame["data_date"]] == ["2019-12-24", "2019-12-26"]
    thursday = session(result, "2019-12-26")
    assert (thursday["open"], thursday["high"], thursday["low"], thursday["close"]) == (34.2, 34.8, 34.0, 34.5)
    assert (thursday["volume"], thursday["stub_merged"], result.stubs_merged) == (39_675, True, 1)
    # An instrument without closures has a session there.
    assert len(build_sessions(rows, ZL, AS_OF).frame) == 3
    # Its bar is not held against a calendar that rightly lacks the day.
    assert (dates_fit_calendar(rows, CLOSING).measured, dates_fit_calendar(rows, ZL).measured) == (0, 1)


def test_a_closure_waits_for_its_session_as_a_sunday_does() -> None:
    rows = bars(bar("2019-12-24", 34.0, 34.3, 33.9, 34.1), bar("2019-12-25", 34.2, 34.8, 34.2, 34.4, 675))
    result = build_sessions(rows, CLOSING, dt.date(2019, 12, 26))
    assert (len(result.frame), result.stubs_held_back) == (1, 1)


def test_a_closure_on_a_sunday_moves_to_the_monday_after_and_not_on_a_saturday() -> None:
    days = pd.Series(pd.date_range("2021-12-20", "2023-01-03"))
    found = days[on_stub_date(days, CLOSING) & (days.dt.dayofweek < 5)]
    # Christmas of 2021 and New Year of 2022 were Saturdays, those after Sundays.
    assert [str(day.date()) for day in found] == ["2022-12-26", "2023-01-02"]
    assert on_stub_date(days, ZL).tolist() == (days.dt.dayofweek >= 5).tolist()


def test_a_closure_on_a_day_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="day"):
        Closure(2, 30)


def test_a_stub_before_a_holiday_monday_with_a_bar_belongs_to_monday_alone() -> None:
    holiday = bar("2020-01-06", 34.7, 34.8, 34.6, 34.7, 500)
    result = build(FRIDAY, SUNDAY, holiday, TUESDAY)
    assert session(result, "2020-01-06")["volume"] == 1_600
    assert session(result, "2020-01-07")["volume"] == 38_000


def test_a_stub_of_another_instrument_gives_only_its_volume() -> None:
    result = build(FRIDAY, {**SUNDAY, "instrument_id": 2}, MONDAY)
    monday = session(result, "2020-01-06")
    assert (monday["open"], monday["high"], monday["low"], monday["close"]) == (34.7, 34.8, 34.1, 34.2)
    assert (monday["volume"], monday["instrument_id"], result.stubs_of_another_instrument) == (40_100, 1, 1)


@pytest.mark.parametrize(("of_stub", "of_session"), [(None, 1), (1, None), (None, None)])
def test_an_unknown_instrument_is_not_taken_for_another_one(of_stub: int | None, of_session: int | None) -> None:
    result = build(FRIDAY, {**SUNDAY, "instrument_id": of_stub}, {**MONDAY, "instrument_id": of_session})
    assert session(result, "2020-01-06")["open"] == 34.4
    assert result.stubs_of_another_instrument == 0


def test_bars_without_an_instrument_column_make_the_same_sessions() -> None:
    with_ids = bars(FRIDAY, SUNDAY, MONDAY)
    result = build_sessions(with_ids.drop(columns="instrument_id"), ZL, AS_OF)
    expected = build_sessions(with_ids, ZL, AS_OF).frame
    assert result.frame["instrument_id"].isna().all()
    assert_frame_equal(result.frame.drop(columns="instrument_id"), expected.drop(columns="instrument_id"))


def test_a_bad_print_in_a_stub_does_not_become_the_sessions_high() -> None:
    # High 41.0 is 18 % above the stub's close; what is left of the stub is its open, low and close.
    result = build(FRIDAY, {**SUNDAY, "high": 41.0}, MONDAY)
    monday = session(result, "2020-01-06")
    assert (monday["open"], monday["high"], monday["low"]) == (34.4, 34.8, 34.1)
    assert result.stub_prints_left_out == (StubPrint(dt.date(2020, 1, 5), "high", 41.0, 34.7),)


def test_a_bad_low_in_a_stub_does_not_become_the_sessions_low() -> None:
    result = build(FRIDAY, {**SUNDAY, "low": 3.43}, MONDAY)
    assert session(result, "2020-01-06")["low"] == 34.1
    assert [p.column for p in result.stub_prints_left_out] == ["low"]


def test_a_session_stays_consistent_when_the_stubs_open_is_above_all_good_prints() -> None:
    stub = bar("2020-01-05", 36.0, 41.0, 34.6, 34.7)
    monday = session(build(FRIDAY, stub, MONDAY), "2020-01-06")
    assert (monday["open"], monday["high"]) == (36.0, 36.0)


def test_a_bad_open_in_a_stub_does_not_become_the_sessions_open() -> None:
    stub = bar("2020-01-05", 41.0, 41.0, 34.6, 34.7)
    result = build(FRIDAY, stub, MONDAY)
    assert (session(result, "2020-01-06")["open"], session(result, "2020-01-06")["high"]) == (34.7, 34.8)
    assert {p.column for p in result.stub_prints_left_out} == {"open", "high"}


@pytest.mark.parametrize(("high", "kept"), [(38.16, True), (38.18, False)])
def test_ten_percent_is_the_bound_of_a_stub_print(high: float, kept: bool) -> None:
    # 34.7 * 1.1 = 38.17
    result = build(FRIDAY, {**SUNDAY, "high": high}, MONDAY)
    assert session(result, "2020-01-06")["high"] == (high if kept else 34.8)


def test_a_forming_bar_is_left_out_and_its_stub_is_held_back() -> None:
    result = build(FRIDAY, SUNDAY, MONDAY, as_of=dt.date(2020, 1, 6))
    assert len(result.frame) == 1
    assert (result.forming_bars, result.stubs_held_back, result.stubs_merged) == (1, 1, 0)


def test_a_stub_whose_session_has_not_arrived_is_held_back() -> None:
    result = build(FRIDAY, SUNDAY, as_of=dt.date(2020, 1, 7))
    assert (len(result.frame), result.stubs_held_back) == (1, 1)


def test_a_stub_dated_on_the_as_of_date_counts_as_forming() -> None:
    result = build(FRIDAY, SUNDAY, as_of=dt.date(2020, 1, 5))
    assert (result.forming_bars, result.stubs_held_back) == (1, 0)


def test_a_bar_from_the_future_stops_with_its_date() -> None:
    with pytest.raises(DataFault, match=r"no_bar_after failed: 1 of 3 bars .*ZL_AS_OF 2020-01-05; .*date=2020-01-06"):
        build(FRIDAY, SUNDAY, MONDAY, as_of=dt.date(2020, 1, 5))


def test_another_symbols_newer_bars_do_not_matter() -> None:
    mes = bar("2020-01-09", 3000.0, 3001.0, 2999.0, 3000.0, symbol="MES")
    result = build(FRIDAY, mes, as_of=dt.date(2020, 1, 4))
    assert (result.bars, len(result.frame)) == (1, 1)


def test_no_bars_of_the_symbol_names_the_symbols_that_are_there() -> None:
    with pytest.raises(DataFault, match=r"no ZL bars .* holds MES"):
        build({**FRIDAY, "symbol": "MES"})


def test_exact_copies_of_a_bar_are_dropped_and_counted() -> None:
    result = build(FRIDAY, SUNDAY, SUNDAY, MONDAY)
    assert (result.duplicate_bars, session(result, "2020-01-06")["volume"]) == (1, 40_100)


def test_two_different_bars_for_one_date_stop_with_both_named() -> None:
    with pytest.raises(DataFault, match=r"no_conflicting_bars failed.*close=34\.2.*close=34\.3"):
        build(FRIDAY, MONDAY, {**MONDAY, "close": 34.3})


@pytest.mark.parametrize(
    "fault", [{"close": None}, {"open": 0.0}, {"low": -1.0}, {"high": 30.0}, {"volume": -1}, {"volume": None}]
)
def test_an_unsound_bar_stops(fault: dict[str, object]) -> None:
    with pytest.raises(DataFault, match="2020-01-06"):
        build(FRIDAY, {**MONDAY, **fault})


def test_thin_sessions_are_kept_and_named() -> None:
    result = build(FRIDAY, {**MONDAY, "volume": 999}, {**TUESDAY, "volume": 1_000})
    assert (len(result.frame), result.thin) == (3, (dt.date(2020, 1, 6),))


@st.composite
def generated_bars(draw: st.DrawFn) -> pd.DataFrame:
    """Some weeks of bars with weekdays missing at random, and stubs on Saturdays and Sundays."""
    days = [day for day in pd.date_range("2020-01-01", periods=draw(st.integers(1, 35))) if draw(st.booleans())]
    rows = []
    for day in days or [pd.Timestamp("2020-01-01")]:
        open_, close = draw(st.floats(30, 40)), draw(st.floats(30, 40))
        high = max(open_, close) * draw(st.sampled_from([1.0, 1.01, 1.3]))
        low = min(open_, close) * draw(st.sampled_from([1.0, 0.99, 0.7]))
        rows.append(bar(str(day), open_, high, low, close, draw(st.integers(0, 5000)), draw(st.sampled_from([1, 2, None]))))
    return bars(*rows)


@settings(max_examples=60, deadline=None)
@given(generated_bars(), st.integers(0, 3))
def test_sessions_hold_their_invariants(frame: pd.DataFrame, days_after: int) -> None:
    as_of = (frame["date"].max() + pd.to_timedelta(days_after, unit="D")).date()
    result = build_sessions(frame, ZL, as_of)
    final = frame[frame["date"] < pd.Timestamp(as_of)]
    weekdays = final[final["date"].dt.dayofweek < 5]

    assert list(result.frame["data_date"]) == list(weekdays["date"]), "one session per final weekday bar"
    assert list(result.frame["close"]) == list(weekdays["close"]), "the close of record is the weekday bar's"
    counted = len(result.frame) + result.stubs_merged + result.stubs_held_back + result.forming_bars + result.duplicate_bars
    assert counted == result.bars == len(frame)
    last = weekdays["date"].max() if len(weekdays) else pd.Timestamp.min
    assert result.frame["volume"].sum() == final.loc[final["date"] <= last, "volume"].sum(), "no lot is lost or counted twice"
    held_back = final["date"] > last
    assert result.stubs_held_back == held_back.sum()
    assert (result.frame["high"] >= result.frame[["open", "close", "low"]].max(axis=1)).all()
    assert (result.frame["low"] <= result.frame[["open", "close"]].min(axis=1)).all()

    shuffled = frame.sample(frac=1.0, random_state=len(frame))
    assert_frame_equal(build_sessions(shuffled, ZL, as_of).frame, result.frame)


@settings(max_examples=60, deadline=None)
@given(generated_bars(), st.integers(1, 34))
def test_later_bars_never_change_earlier_sessions(frame: pd.DataFrame, cut: int) -> None:
    until = pd.Timestamp("2020-01-01") + pd.to_timedelta(cut, unit="D")
    earlier = frame[frame["date"] <= until]
    if earlier.empty:
        return
    before = build_sessions(earlier, ZL, until.date()).frame
    after = build_sessions(frame, ZL, dt.date(2020, 3, 1)).frame
    assert_frame_equal(after.head(len(before)), before, check_exact=True)


def test_the_frame_has_the_contracts_columns_and_types() -> None:
    frame = build(FRIDAY, SUNDAY, MONDAY).frame
    assert tuple(frame.columns) == SESSIONS.frame_columns
    assert [str(t) for t in frame.dtypes] == ["datetime64[ns]", "string", *["float64"] * 4, "Int64", "Int64", "boolean"]
    assert np.array_equal(frame.index, range(2))
