"""The numbers of the morning page, each against an independent computation or a case worked by hand."""

import datetime as dt
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from zl_assets.briefing.facts import (
    Trouble,
    moves_of,
    newest_known,
    ordered,
    outlook_of,
    reading_of,
    year_of,
)
from zl_assets.domain.families import pivots, volatility
from zl_assets.domain.forecast_score import with_rolls
from zl_assets.domain.rolls import rolls, weekday_opens
from zl_assets.domain.sessions import build_sessions
from zl_assets.sources.bars import read_bars
from zl_assets_tests.conftest import shared_data
from zl_assets_tests.support.contracts import ZL

AS_OF = dt.date(2025, 11, 17)

DAYS = pd.bdate_range("2018-01-01", periods=1700).as_unit("ns")


def history(seed: int = 3) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    closes = 50 * np.exp(np.cumsum(random.normal(0, 0.01, len(DAYS))))
    return pd.DataFrame({"data_date": DAYS, "close": closes, "roll_index": closes * 2})


def test_a_move_is_compared_with_those_of_the_five_years_before_it_and_not_with_itself() -> None:
    rows = history()
    moves, adjusted = moves_of(rows)
    assert adjusted
    closes = rows["close"].tolist()
    for move in moves:
        n = move.sessions
        changes = [abs(closes[t] / closes[t - n] - 1) for t in range(n, len(closes))]
        before = changes[-1261:-1]
        assert move.change == pytest.approx(closes[-1] / closes[-1 - n] - 1, rel=1e-12)
        assert len(before) == 1260
        assert move.usual == pytest.approx(sum(one < changes[-1] for one in before) / 1260)


def test_a_change_of_contract_is_no_move() -> None:
    rows = history()
    rows.loc[rows.index[-1:], "close"] *= 1.2  # the gap between two contracts
    rows["roll_index"] = history()["roll_index"]
    [one, *_], adjusted = moves_of(rows)
    assert adjusted
    assert abs(one.change) < 0.05
    rows["roll_index"] = np.nan
    [raw, *_], adjusted = moves_of(rows)
    assert not adjusted
    assert raw.change > 0.1


def test_a_short_history_has_fewer_moves_and_no_percentile() -> None:
    moves, _ = moves_of(history().head(10))
    assert [(move.sessions, move.usual) for move in moves] == [(1, None), (5, None)]
    assert moves_of(history().head(1))[0] == ()
    assert moves_of(history().head(253))[0][0].usual is None
    assert moves_of(history().head(254))[0][0].usual is not None


def test_the_year_is_of_252_sessions_and_says_where_the_close_lies() -> None:
    closes = pd.Series(np.linspace(100, 200, 400), index=DAYS[:400])
    year = year_of(closes)
    assert (year.sessions, year.high, year.high_on, year.place) == (252, 200.0, DAYS[399], 1.0)
    assert year.low == pytest.approx(closes.iloc[148])
    flat = year_of(pd.Series([50.0, 50.0], index=DAYS[:2]))
    assert (flat.sessions, flat.place) == (2, 0.5)
    middle = year_of(pd.Series([40.0, 60.0, 45.0], index=DAYS[:3]))
    assert middle.place == 0.25


def record(*places: int, issued_later: int = 0) -> pd.DataFrame:
    """A row for each of these sessions: the range is 10 wide, and a hundredth wider for each place."""
    rows = [
        {
            "data_date": DAYS[at],
            "issued_on": DAYS[at + 1] + pd.Timedelta(days=issued_later),
            "symbol": "ZL",
            "horizon": "1m",
            "source": "bars",
            "target_session": DAYS[at + 21],
            "predicted_close": 50.0,
            "low_80_close": 45.0 - at / 100,
            "high_80_close": 55.0,
            "expected_move": 0.05,
            "expected_move_price": 2.5,
            "move_percentile": 0.4,
            "back_dated": at == 93,
            "model_id": f"model {at}",
        }
        for at in places
    ]
    return pd.DataFrame(rows)


def test_the_range_is_that_of_the_newest_session_beside_that_of_a_week_before() -> None:
    sessions = pd.DataFrame({"data_date": DAYS[:100]})
    found = outlook_of(record(90, 93, 94, 98, 99), sessions)
    assert found is not None
    assert found.before is not None
    assert (found.now.session, found.before.session) == (DAYS[99], DAYS[94])
    assert (found.now.low, found.before.low) == (45 - 0.99, 45 - 0.94)
    assert found.model == "model 99"
    assert (found.now.afterwards, found.before.afterwards) == (False, False)
    assert outlook_of(record(93, 99), sessions).before.afterwards  # type: ignore[union-attr]
    # The nearest before it, within two weeks; none beyond.
    assert outlook_of(record(91, 99), sessions).before.session == DAYS[91]  # type: ignore[union-attr]
    assert outlook_of(record(88, 99), sessions).before is None  # type: ignore[union-attr]
    # What was said of an older session is not today's.
    assert outlook_of(record(97, 98), sessions) is None
    assert outlook_of(record().reindex(columns=record(1).columns), sessions) is None
    # Of two sayings about one session the first counts.
    again = record(99, issued_later=3).assign(low_80_close=1.0)
    assert outlook_of(pd.concat([again, record(99)]), sessions).now.low == 45 - 0.99  # type: ignore[union-attr]


def test_a_reading_is_beside_five_years_of_its_own_and_says_when_it_is_known() -> None:
    values = np.arange(1700.0)
    values[-1] = 1000.0
    rows = pd.DataFrame({"data_date": DAYS, "vix": values})
    known = pd.Timestamp("2024-01-02 13:00", tz="UTC")
    found = reading_of(volatility.FAMILY, "vix", rows, known, ZL.price)
    # Of 439 to 1698, 561 lie below 1000 and one equals it.
    assert found.usual == pytest.approx((561 + 0.5) / 1260)
    assert (found.value, found.known) == (1000.0, known)
    assert (found.meaning, found.unit) == ("newest close of the VIX that the session knew", "index points")
    # What a column calls the instrument's price unit is said as people say it.
    name = pivots.FAMILY.columns[0].column.name
    pivot = reading_of(pivots.FAMILY, name, rows.rename(columns={"vix": name}), None, ZL.price)
    assert pivot.unit == "cents"
    none = reading_of(volatility.FAMILY, "vix", rows.assign(vix=np.nan), known, ZL.price)
    assert (none.value, none.usual) == (None, None)
    # Where the family's newest row is an older session's, none is given.
    late = reading_of(volatility.FAMILY, "vix", rows.iloc[:0], known, ZL.price)
    assert (late.value, late.usual) == (None, None)


def test_what_became_known_after_the_decision_is_not_known() -> None:
    decided = pd.Timestamp("2024-01-02 19:20", tz="UTC")
    times = pd.to_datetime(["2024-01-01 12:00", "2024-01-02 19:19", "2024-01-02 19:20", "2024-01-03 00:00"], utc=True)
    frame = pd.DataFrame({"available_at": times})
    assert newest_known({"a": frame, "hours": pd.DataFrame({"ts_event": times})}, decided) == times[1]
    assert newest_known({"a": frame.iloc[2:]}, decided) is None


def test_errors_come_before_warnings() -> None:
    wrong = [Trouble(False, "a", "", ""), Trouble(True, "c", "", ""), Trouble(True, "b", "", "")]
    assert [one.where for one in ordered(wrong)] == ["b", "c", "a"]


@pytest.mark.parametrize("date", ["2017-06-20", "2022-03-08", "2025-11-14"])
def test_the_moves_of_real_dates_are_those_of_an_independent_computation(date: str) -> None:
    """A calm day, the day after the largest rise of 2022, and the newest one; the gaps between contracts taken out by hand."""
    bars = pd.read_parquet(shared_data("databento_futures_ohlcv_1d.parquet"))
    bars = bars[bars["symbol"].eq("ZL")].assign(date=lambda rows: pd.to_datetime(rows["date"]))
    sessions = build_sessions(read_bars(shared_data("databento_futures_ohlcv_1d.parquet"), [ZL]).frame, ZL, AS_OF).frame
    rows = with_rolls(sessions, sessions.join(rolls(sessions, weekday_opens(sessions, bars))))
    rows = rows[rows["data_date"] <= date].reset_index(drop=True)
    weekday = bars[bars["date"].dt.dayofweek < 5].set_index("date").sort_index()
    closes = sessions.set_index("data_date")["close"]
    ids = sessions.set_index("data_date")["instrument_id"].astype("int64")
    steps = {}
    days = [day for day in closes.index if day <= pd.Timestamp(date)]
    for before, day in pairwise(days):
        base = closes[before] if ids[before] == ids[day] else float(weekday.at[day, "open"])
        steps[day] = closes[day] / base
    moves, adjusted = moves_of(rows)
    assert adjusted
    for move in moves:
        changes = [np.prod([steps[d] for d in days[t - move.sessions + 1 : t + 1]]) - 1 for t in range(move.sessions, len(days))]
        assert move.change == pytest.approx(changes[-1], rel=1e-9)
        before = np.abs(changes[-1261:-1])
        assert move.usual == pytest.approx(float(np.mean(before < abs(changes[-1]))), abs=2 / len(before))
