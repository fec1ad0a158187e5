"""The golden zone against worked cases, a slow computation, the real hours and its own prefixes."""

import datetime as dt
import functools
import math
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from zl_assets.domain.families.chart import Chart
from zl_assets.domain.families.golden_zone import FAMILY, show
from zl_assets.domain.families.intraday import session_hours
from zl_assets.domain.families.rows import family_rows, newest_shown
from zl_assets.domain.rules.families import coverage, in_range
from zl_assets.domain.sessions import build_sessions
from zl_assets.domain.stubs import with_stubs
from zl_assets.instruments.mes import INSTRUMENT as MES
from zl_assets.sources.bars import read_bars
from zl_assets.warehouse.shape import conform
from zl_assets_tests.conftest import shared_data
from zl_assets_tests.support.cases import (
    Sources,
    assert_as_declared,
    assert_prefix_invariant,
    assert_scale_free,
    cuts,
    random_sessions,
    sessions_on,
)
from zl_assets_tests.support.contracts import BARS_1H

CHICAGO = ZoneInfo("America/Chicago")
PRICES = ["open", "high", "low", "close"]


def hour(start: dt.datetime, high: float, low: float, close: float, volume: float, contract: int = 1) -> dict[str, object]:
    return {
        "ts_event": pd.Timestamp(start, tz="UTC"),
        "symbol": "MES",
        "open": close,
        "high": high,
        "low": low,
        "close": close,
        "volume": int(volume),
        "instrument_id": contract,
    }


def hours(rows: Sequence[dict[str, object]]) -> pd.DataFrame:
    return conform(pd.DataFrame(rows, columns=list(BARS_1H.frame_columns)), BARS_1H)


def sources(rows: pd.DataFrame) -> Sources:
    return {BARS_1H.table: with_stubs(rows, MES)}


# A day on which 26 quiet ones came before it: a swing low of 95 at 8:00 and a swing high of 115 at 10:00, so that fib_50 is 105
# and fib_618 102.64. It is confirmed at the end of 16:00. The first close at or below 105 is that of 14:00, and the relative
# volumes of 10:00 to 14:00 are 1.5, 1.4, 1.3, 1.2, 1.1: slope (-2 * 1.5 - 1.4 + 1.2 + 2 * 1.1) / 10 = -0.1. At 17:00 it closes
# above again, on twice the usual volume.
DAY = dt.datetime(2024, 2, 6)
CLOSES = {8: 96, 9: 108, 10: 114, 11: 112, 12: 110, 13: 108, 14: 104, 15: 103, 16: 104, 17: 106, 18: 107}
VOLUMES = {10: 150, 11: 140, 12: 130, 13: 120, 14: 110, 17: 200}


def the_day(
    closes: dict[int, float] | None = None, volumes: dict[int, float] | None = None, last: int = 18, roll: int | None = None
) -> tuple[pd.DataFrame, Sources]:
    """The session of the day and its hours, with other closes, volumes, last hour, or a roll at an hour."""
    closes, volumes = CLOSES | (closes or {}), VOLUMES | (volumes or {})
    rows = [
        hour(DAY - dt.timedelta(days=before) + dt.timedelta(hours=at), 100.5, 99.5, 100, 100)
        for before in range(26, 0, -1)
        for at in range(24)
    ]
    for at in range(last + 1):
        close = closes.get(at, 100)
        high, low = {8: (97, 95), 10: (115, 110)}.get(at, (close + 0.5, close - 0.5))
        contract = 1 if roll is None or at < roll else 2
        rows.append(hour(DAY + dt.timedelta(hours=at), high, low, close, volumes.get(at, 100), contract))
    one = sessions_on([str(DAY.date())], [115], [95], [closes.get(last, 100)]).assign(
        symbol="MES", instrument_id=1 if roll is None else 2
    )
    return one, sources(hours(rows))


def day(
    closes: dict[int, float] | None = None, volumes: dict[int, float] | None = None, last: int = 18, roll: int | None = None
) -> pd.Series:
    """The family's row of the day."""
    return FAMILY.compute(*the_day(closes, volumes, last, roll)).iloc[0]


def test_a_leg_worked_by_hand() -> None:
    row = day()
    assert row[["state", "swing_high", "swing_low", "fib_50", "qualified_trigger"]].tolist() == [0, 115, 95, 105, True]
    assert row["fib_618"] == pytest.approx(102.64)
    assert row["vol_decay_slope"] == pytest.approx(-0.1)


def test_a_swing_high_is_not_known_before_its_sixth_hour_has_ended() -> None:
    assert day(last=15).isna().all()
    row = day(last=16)
    assert (row["swing_high"], row["swing_low"], row["state"], row["qualified_trigger"]) == (115, 95, 1, False)


@pytest.mark.parametrize(("close", "state"), [(105.25, 0), (105, 1), (102.75, 1), (102.5, 2), (95, 2)])
def test_the_state_is_where_the_last_close_stands(close: float, state: int) -> None:
    assert day({17: 104, 18: close})["state"] == state


def test_a_leg_that_an_hour_closed_below_is_broken_whatever_comes_after() -> None:
    # 16:00 closes at 94, below the swing low: too late to be a swing low that the high would begin from.
    row = day({16: 94})
    assert (row["swing_low"], row["state"], row["qualified_trigger"]) == (95, 0, False)
    assert day({16: 94, 17: 100, 18: 100})["state"] == 0
    assert day({17: 100, 18: 100})["state"] == 2


def test_before_the_first_close_in_the_zone_there_is_no_slope_and_no_trigger() -> None:
    row = day({14: 106, 15: 107, 16: 106, 17: 108})
    assert math.isnan(row["vol_decay_slope"])
    assert (row["state"], row["qualified_trigger"]) == (0, False)


QUIET = {
    "volume at the bound": ({}, {17: 150}),
    "volume that rose": ({}, {10: 110, 14: 150}),
    "not back above": ({17: 105, 18: 105}, {}),
    "back above before the leg was confirmed": ({15: 106, 16: 107, 17: 107}, {15: 300}),
    "above already": ({16: 105.5}, {}),
}


@pytest.mark.parametrize("name", QUIET)
def test_there_is_no_trigger_without_each_of_its_conditions(name: str) -> None:
    closes, volumes = QUIET[name]
    assert not day(closes, volumes)["qualified_trigger"]


def test_at_a_roll_everything_begins_anew() -> None:
    # The high's six hours before or after, or the low's, are of another contract.
    for at in (12, 5, 3):
        assert day(roll=at).isna().all()
    assert day(roll=2)["swing_high"] == 115


def test_the_mean_volume_is_of_the_same_hour_in_chicago_and_goes_on_across_a_roll() -> None:
    assert day(roll=2)["vol_decay_slope"] == pytest.approx(-0.1)


def test_a_session_without_hours_has_no_value() -> None:
    one = sessions_on(["2024-01-08"], [13], [9], [12]).assign(symbol="MES")
    assert FAMILY.compute(one, sources(hours([]))).isna().all(axis=None)
    assert FAMILY.compute(one, sources(hours([hour(DAY, 13, 9, 12, 10)]))).isna().all(axis=None)


def hours_of(points: "pd.Series[float]") -> list[tuple[str, float]]:
    return [(f"{at:%d %H}", float(value)) for at, value in points.items()]


def followed(one: pd.DataFrame, days: int) -> pd.DataFrame:
    """The session, and one so many days after it (before it, if negative)."""
    other = one.assign(data_date=one["data_date"] + pd.Timedelta(days, "D"))
    return pd.concat([one, other]).sort_values("data_date", ignore_index=True)


def test_the_picture_shows_the_leg_that_the_row_is_of() -> None:
    # The weekend's hours are of the Monday before.
    one, given = the_day()
    chart = show(followed(one, -1), given)
    assert isinstance(chart, Chart)
    assert chart.title == "golden zone of 2024-02-06, state 0: above the zone"
    # All hours of the session, and of them the leg's.
    assert hours_of(chart.line) == [(f"06 {at:02}", CLOSES.get(at, 100)) for at in range(19)]
    assert chart.levels == {"swing_high": 115, "fib_50": 105, "fib_618": pytest.approx(102.64), "swing_low": 95}
    assert f"{chart.since:%H}" == "10"
    assert {words: f"{at:%H}" for words, at in chart.moments.items()} == {"high confirmed at 02-06 17:00": "16"}
    assert {words: hours_of(points) for words, points in chart.marks.items()} == {
        "swing low": [("06 08", 95)],
        "swing high": [("06 10", 115)],
        "first close at or below fib_50": [("06 14", 104)],
        "trigger": [("06 17", 106)],
        "trigger of an earlier leg": [],
    }


def test_a_picture_begins_with_the_swing_low_where_that_is_of_an_earlier_session() -> None:
    one, given = the_day()
    later = [hour(DAY + dt.timedelta(days=1, hours=at), 107.5, 106.5, 107, 100) for at in range(3)]
    chart = show(
        followed(one, 1), sources(pd.concat([given[BARS_1H.table][list(BARS_1H.frame_columns)], hours(later)], ignore_index=True))
    )
    assert isinstance(chart, Chart)
    assert [at for at, _ in hours_of(chart.line)] == [*(f"06 {at:02}" for at in range(8, 19)), "07 00", "07 01", "07 02"]
    assert hours_of(chart.marks["trigger"]) == [("06 17", 106)]


def test_a_picture_says_that_a_leg_is_broken_and_shows_what_has_not_come_as_absent() -> None:
    chart = show(*the_day({16: 94, 17: 100, 18: 100}))
    assert isinstance(chart, Chart)
    assert chart.title.endswith("state 0: the leg is broken")
    chart = show(*the_day({14: 106, 15: 107, 16: 106, 17: 108}))
    assert isinstance(chart, Chart)
    assert all(chart.marks[words].empty for words in ("first close at or below fib_50", "trigger"))


def test_where_there_is_no_leg_nothing_is_drawn_and_it_is_said() -> None:
    assert "the session 2024-02-06 no leg is confirmed" in str(show(*the_day(last=15)))
    one, given = the_day()
    assert "There is no hour of the session 2024-02-07" in str(show(followed(one, 1), given))


def random_hours(sessions: pd.DataFrame, seed: int = 5) -> pd.DataFrame:
    """A walk of up to 23 hours a session, the evening before it where that is a Sunday; one hour in ten is missing."""
    random = np.random.default_rng(seed)
    rows, close = [], 4000.0
    for session in sessions.itertuples():
        starts = [session.data_date + pd.Timedelta(hours=at) for at in range(24) if at != 21 and random.random() > 0.1]
        if session.data_date.dayofweek == 0:
            starts.insert(0, session.data_date - pd.Timedelta(hours=1))
        for start in starts:
            # In quarters, so that there are ties.
            close += round(float(random.normal(0, 8))) / 4
            above, below = random.integers(0, 9, 2) / 4
            loud = 100 * math.exp(random.normal(0, 0.7))
            contract = session.instrument_id if start.date() == session.data_date.date() or random.random() > 0.3 else 99
            rows.append(hour(start.to_pydatetime(), close + above, close - below, close, loud, contract))
            rows.append({**hour(start.to_pydatetime(), 1, 1, 1, 10**6), "symbol": "ZL"})
    return hours(rows)


def random_mes_sessions(n: int) -> pd.DataFrame:
    """Sessions with gaps, whose contract changes every 15th."""
    sessions = random_sessions(n)
    return sessions.assign(symbol="MES", instrument_id=(sessions.index // 15 + 1).astype("int64"))


def slow(sessions: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Hour by hour, from the words of the definition, with what is known at the end of each hour."""
    bars = list(rows[rows["symbol"] == "MES"].sort_values("ts_event").itertuples())
    seen: dict[int, list[float]] = {}
    relative, owner = [], []
    dates = list(sessions["data_date"].dt.date)
    for bar in bars:
        earlier = seen.setdefault(bar.ts_event.astimezone(CHICAGO).hour, [])
        relative.append(bar.volume / (sum(earlier[-20:]) / 20) if len(earlier) >= 20 and sum(earlier[-20:]) else math.nan)
        earlier.append(bar.volume)
        # The session whose date it is, or the next one where it is a Saturday, a Sunday, New Year or Christmas.
        date = bar.ts_event.date()
        observed = date - dt.timedelta(days=1) if date.weekday() == 0 else date
        holiday = any((d.month, d.day) in {(1, 1), (12, 25)} for d in (date, observed))
        at = next((i for i, d in enumerate(dates) if d >= date), None)
        of_session = at is not None and (dates[at] == date or date.weekday() >= 5 or holiday)
        owner.append(at if of_session and sessions["instrument_id"][at] == bar.instrument_id else None)

    def swing(i: int, value: list[float]) -> bool:
        return (
            i - 6 >= start[i]
            and i + 6 < len(bars)
            and start[i + 6] == start[i]
            and all(value[i] > value[j] for j in range(i - 6, i))
            and all(value[i] >= value[j] for j in range(i + 1, i + 7))
        )

    start: list[int] = []
    for i, bar in enumerate(bars):
        start.append(start[-1] if i and bars[i - 1].instrument_id == bar.instrument_id else i)
    highs = [i for i in range(len(bars)) if swing(i, [bar.high for bar in bars])] if bars else []
    lows = [i for i in range(len(bars)) if swing(i, [-bar.low for bar in bars])] if bars else []

    def leg(t: int) -> tuple[int, float, float] | None:
        confirmed = [i for i in highs if start[t] <= i <= t - 6]
        if not confirmed:
            return None
        high = confirmed[-1]
        below = [bars[i].low for i in lows if start[t] <= i < high and bars[i].low < bars[high].high]
        return (high, bars[high].high, below[-1]) if below else None

    def story(t: int) -> dict[str, object]:
        """All but the trigger at the end of hour t."""
        found = leg(t)
        if found is None:
            return {}
        high, top, bottom = found
        half, deep = top - 0.5 * (top - bottom), top - 0.618 * (top - bottom)
        after = list(range(high + 1, t + 1))
        broken = any(bars[i].close < bottom for i in after)
        entry = next((i for i in after if bars[i].close <= half), None)
        slope = math.nan if entry is None else float(np.polyfit(range(5), relative[entry - 4 : entry + 1], 1)[0])
        close = bars[t].close
        state = 0 if close > half or broken else 2 if close < deep else 1
        fired = (
            not broken
            and entry is not None
            and t > entry
            and slope < 0
            and relative[t] > 1.5
            and bars[t - 1].close <= half < close
        )
        return {
            "state": state,
            "swing_high": top,
            "swing_low": bottom,
            "fib_50": half,
            "fib_618": deep,
            "vol_decay_slope": slope,
            "fired": fired,
        }

    result = []
    for k in range(len(sessions)):
        own = [t for t, session in enumerate(owner) if session == k]
        row = story(own[-1]) if own else {}
        if row:
            row["qualified_trigger"] = any(story(t).get("fired", False) for t in own)
        result.append(row)
    names = [column.column.name for column in FAMILY.columns]
    dtypes = {"state": "Int64", "qualified_trigger": "boolean"}
    return pd.DataFrame(result, columns=names).astype({name: dtypes.get(name, "float64") for name in names})


def test_family_equals_a_slow_computation_over_gaps_and_rolls() -> None:
    sessions = random_mes_sessions(100)
    rows = random_hours(sessions)
    frame = FAMILY.compute(sessions, sources(rows))
    pd.testing.assert_frame_equal(frame, slow(sessions, rows), check_exact=False, rtol=1e-9, atol=1e-9)
    # What is compared is there: every state, both answers, and slopes of both signs.
    assert set(frame["state"].dropna()) == {0, 1, 2}
    assert set(frame["qualified_trigger"].dropna()) == {True, False}
    assert 0.2 < (frame["vol_decay_slope"].dropna() < 0).mean() < 0.8
    assert_as_declared(FAMILY, sessions, sources(rows))


@functools.cache
def real() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The real sessions, their hours, and the family's rows."""
    bars = read_bars(shared_data("databento_futures_ohlcv_1d.parquet"), [MES]).frame
    sessions = build_sessions(bars, MES, dt.date(2025, 11, 17)).frame
    rows = conform(pd.read_parquet(shared_data("databento_futures_ohlcv_1h.parquet")), BARS_1H)
    rows = rows[rows["symbol"] == "MES"].reset_index(drop=True)
    return sessions, rows, family_rows(FAMILY, sessions, {BARS_1H.table: rows}, MES)


def test_the_real_hours_make_30_sessions_with_a_trigger() -> None:
    _, _, rows = real()
    there = rows["swing_high"].notna()
    assert (len(rows), (~there).sum()) == (1_690, 31)
    assert round(there.mean(), 3) == 0.982
    shares = rows["state"].value_counts(normalize=True)
    assert [round(float(shares[state]), 3) for state in (0, 1, 2)] == [0.896, 0.034, 0.069]
    slopes = rows["vol_decay_slope"].dropna()
    assert (round(len(slopes) / len(rows), 2), round((slopes < 0).mean(), 2)) == (0.72, 0.27)
    assert rows["qualified_trigger"].sum() == 30
    assert round((rows["swing_high"] / rows["swing_low"] - 1).median(), 3) == 0.010
    assert coverage(FAMILY, rows, {}, MES).passed
    assert in_range(FAMILY)(rows).passed


WORKED = {
    "2022-06-30": (3822.75, 3741.00, 3781.875, 3772.2285, -0.026776, True, 0),
    "2024-04-16": (5120.25, 5081.25, 5100.75, 5096.148, -0.162156, True, 0),
    "2025-04-09": (5304.50, 4842.25, 5073.375, 5018.8295, 0.162586, False, 0),
}


@pytest.mark.parametrize("date", WORKED)
def test_three_real_legs_worked_by_hand(date: str) -> None:
    row = real()[2].set_index("data_date").loc[date]
    names = ["swing_high", "swing_low", "fib_50", "fib_618", "vol_decay_slope", "qualified_trigger", "state"]
    found = [round(float(row[name]), 6) for name in names]
    assert found == [float(value) for value in WORKED[date]]


def test_a_picture_tells_the_triggers_of_the_newest_leg_from_those_of_a_leg_before_it() -> None:
    sessions, rows, _ = real()
    shown = {}
    for date in ("2022-06-30", "2024-04-17"):
        known = rows[rows["ts_event"].dt.tz_localize(None) < pd.Timestamp(date) + pd.Timedelta(1, "D")]
        chart = newest_shown(show, sessions[sessions["data_date"] <= date], {BARS_1H.table: known}, MES)
        assert isinstance(chart, Chart)
        shown[date] = {words: [at for at, _ in hours_of(points)] for words, points in chart.marks.items() if "trigger" in words}
    assert shown["2022-06-30"] == {"trigger": ["30 23"], "trigger of an earlier leg": []}
    assert shown["2024-04-17"] == {"trigger": [], "trigger of an earlier leg": ["17 01", "17 08"]}


def test_the_real_hours_of_two_rolls_equal_a_slow_computation() -> None:
    """The roll of December 2019, over Christmas and New Year, to that of March 2020 with its stubs of another contract."""
    sessions, rows, _ = real()
    part = sessions[sessions["data_date"].between("2019-12-10", "2020-03-20")].reset_index(drop=True)
    # Half a year before it, for the mean volumes.
    hours = rows[rows["ts_event"].dt.tz_localize(None).between("2019-10-01", "2020-03-21")].reset_index(drop=True)
    pd.testing.assert_frame_equal(
        FAMILY.compute(part, sources(hours)), slow(part, hours), check_exact=False, rtol=1e-9, atol=1e-9
    )


def test_the_first_hour_of_a_full_closure_belongs_to_the_next_session() -> None:
    """Christmas of 2019: without the rule the hour of its evening would be of no session."""
    sessions, rows, _ = real()
    thursday = sessions[sessions["data_date"] == "2019-12-26"]
    placed = session_hours(sessions, with_stubs(rows, MES))
    own = placed[placed["session"] == thursday.index[0]]
    assert str(own["ts_event"].iloc[0]) == "2019-12-25 23:00:00+00:00"
    assert own["volume"].sum() == thursday["volume"].iloc[0]


def test_model_inputs_have_no_price_scale() -> None:
    sessions = random_mes_sessions(40)
    rows = random_hours(sessions)
    scaled = rows.assign(**{name: rows[name] * 8.0 for name in PRICES})
    assert_scale_free(FAMILY, sessions, sources(rows), sources(scaled))


_SESSIONS = random_mes_sessions(150)
_HOURS = random_hours(_SESSIONS)


@settings(max_examples=8)
@given(cuts)
def test_no_feature_depends_on_later_sessions_or_hours(cut: int) -> None:
    assert_prefix_invariant(FAMILY, _SESSIONS, sources(_HOURS), cut)
    known = _HOURS[_HOURS["ts_event"].dt.tz_localize(None) < _SESSIONS["data_date"].head(cut).iloc[-1] + pd.Timedelta(days=1)]
    pd.testing.assert_frame_equal(
        FAMILY.compute(_SESSIONS.head(cut), sources(known)),
        FAMILY.compute(_SESSIONS, sources(_HOURS)).head(cut),
        check_exact=True,
    )


@pytest.mark.parametrize("cut", [10, 40, 62, 500, 1_200])
def test_no_real_value_depends_on_later_hours(cut: int) -> None:
    sessions, rows, whole = real()
    last = sessions["data_date"].iloc[cut - 1]
    known = rows[rows["ts_event"].dt.tz_localize(None) < last + pd.Timedelta(days=1)]
    part = family_rows(FAMILY, sessions.head(cut), {BARS_1H.table: known}, MES)
    pd.testing.assert_frame_equal(part, whole.head(cut), check_exact=True)
