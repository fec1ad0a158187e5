"""Rules about bars and sessions, green on sound rows and red on a seeded fault."""

import datetime as dt

import pandas as pd
import pytest

from zl_assets.domain.rules import market
from zl_assets.domain.rules.market import (
    files_read_whole,
    newest_session,
    no_bar_after,
    no_conflicting_bars,
    no_missing_session,
    no_null_prices,
    no_vanished_bar,
    no_vanished_session,
    thin_sessions,
)
from zl_assets.warehouse.errors import DataFault
from zl_assets.warehouse.verdict import require
from zl_assets_tests.support.contracts import BARS, MATRIX, ROW_RULES, SESSIONS, ZL
from zl_assets_tests.support.rows import (
    INF,
    NAN,
    Faults,
    assert_green_without,
    assert_red,
    one,
    predicates_of,
    shown_red,
    sound,
    with_value,
)

# pandas 2.3 under numpy 2.5: the calendar library calls pd.Timedelta("1h") when it is imported.
pytestmark = pytest.mark.filterwarnings("ignore:The 'generic' unit for NumPy timedelta:DeprecationWarning")

# The sound sessions end on Wednesday 2018-05-30.
DAY_AFTER = dt.date(2018, 5, 31)


@pytest.mark.parametrize("table", [BARS.table, SESSIONS.table, MATRIX.table])
@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("close", NAN, "no_null_prices"),
        ("open", 0.0, "prices_positive"),
        ("low", -1.0, "prices_positive"),
        ("high", INF, "prices_positive"),
        ("high", 1.0, "high_not_below_low"),
        ("close", 1e6, "open_and_close_in_range"),
        ("open", 0.5, "open_and_close_in_range"),
        ("volume", -1, "volume_sound"),
        ("volume", pd.NA, "volume_sound"),
    ],
)
def test_an_unsound_bar_is_red_in_every_table_that_holds_bars(table: str, column: str, value: object, rule: str) -> None:
    path = f"market_data.{column}" if table == MATRIX.table else column
    broken = with_value(sound(table), 2, path, value)
    red = {v.name: v for v in (assertion(broken) for assertion in ROW_RULES[table]) if not v.passed}
    assert rule in red
    assert red[rule].measured == 1
    assert list(red[rule].offenders.index) == [2]
    assert path in red[rule].offenders.columns
    with pytest.raises(DataFault, match=rf"{table}.*\n.*{rule} failed"):
        require(red.values(), table)


RED: Faults = {
    "conflicting bars": (
        no_conflicting_bars,
        BARS.table,
        lambda f: pd.concat([f, f.iloc[[1]].assign(close=34.6)], ignore_index=True),
    ),
    "a bar from the future": (
        lambda f: no_bar_after(f, dt.date(2020, 1, 7)),
        BARS.table,
        lambda f: with_value(f, 3, "date", pd.Timestamp("2020-01-08")),
    ),
    "a missing session": (
        lambda f: no_missing_session(f, sound(SESSIONS.table)),
        SESSIONS.table,
        lambda f: one(f, 9),
    ),
    "a vanished session": (
        lambda f: no_vanished_session(f, sound(SESSIONS.table)),
        SESSIONS.table,
        lambda f: with_value(f, 9, "data_date", pd.Timestamp("2017-06-10")),
    ),
    "a vanished bar": (
        lambda f: no_vanished_bar(f, sound(BARS.table)),
        BARS.table,
        lambda f: with_value(f, 1, "date", pd.Timestamp("2017-06-10")),
    ),
    "a file that was not read": (
        lambda f: files_read_whole(f[f["symbol"] != "ZL"].rename(columns={"symbol": "file"})),
        BARS.table,
        lambda f: with_value(f, 1, "symbol", "bars.csv.gz"),
    ),
    "many thin sessions": (
        lambda f: thin_sessions(f, ZL.plausibility.thin_lots, ZL.plausibility.thin_share),
        SESSIONS.table,
        lambda f: f.assign(volume=[999] * 3 + [5000] * (len(f) - 3)),
    ),
    "a stale table": (lambda f: newest_session(f, ZL.calendar, DAY_AFTER), MATRIX.table, lambda f: f.iloc[:-2]),
    "no session at all": (lambda f: newest_session(f, ZL.calendar, DAY_AFTER), MATRIX.table, lambda f: f.iloc[:0]),
}


@pytest.mark.parametrize("fault", list(RED))
def test_a_seeded_fault_turns_its_predicate_red(fault: str) -> None:
    assert_red(RED, fault)


@pytest.mark.parametrize("fault", list(RED))
def test_without_the_fault_the_predicate_is_green(fault: str) -> None:
    assert_green_without(RED, fault)


def test_every_predicate_is_shown_red() -> None:
    assert predicates_of(market) == shown_red(RED) | {
        "no_null_prices",
        "prices_positive",
        "high_not_below_low",
        "open_and_close_in_range",
        "volume_sound",
    }


@pytest.mark.parametrize(
    ("days_after", "passed", "measured", "words"),
    # The newest session is Friday 2018-05-25; Monday 28 is Memorial Day.
    [
        (1, True, 0, "Up to date"),
        (4, True, 0, "Up to date"),
        (5, True, 1, "No new session yet"),
        (6, False, 2, "The source is late"),
    ],
)
def test_the_newest_session_has_one_session_of_grace(days_after: int, passed: bool, measured: int, words: str) -> None:
    frame = sound(MATRIX.table)
    frame = frame[frame["data_date"] <= "2018-05-25"]
    verdict = newest_session(frame, ZL.calendar, dt.date(2018, 5, 25) + dt.timedelta(days=days_after))
    assert (verdict.passed, verdict.measured) == (passed, measured)
    assert verdict.explanation.startswith(f"{words}: the newest session is 2018-05-25;")


def test_thin_sessions_under_the_bound_are_still_named() -> None:
    frame = with_value(with_value(sound(SESSIONS.table), 10, "volume", 12), 20, "volume", 999)
    verdict = thin_sessions(frame, ZL.plausibility.thin_lots, ZL.plausibility.thin_share)
    assert (verdict.passed, verdict.measured) == (True, 2)
    assert list(verdict.offenders["volume"]) == [999, 12], "the newest first"


def test_a_message_names_the_table_the_rule_and_the_first_offenders_only() -> None:
    broken = sound(SESSIONS.table).assign(close=NAN)
    with pytest.raises(DataFault) as caught:
        require([no_null_prices(broken)], "features.zl_ohlcv")
    message = str(caught.value)
    assert message.startswith("features.zl_ohlcv: the data break 1 of the rules.")
    assert "260 of 260 rows have a NULL price" in message
    assert message.count("data_date=") == 10
    assert "run again" in message
