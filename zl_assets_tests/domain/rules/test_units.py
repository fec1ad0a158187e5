"""Rules about units and markets, green on sound rows and red on a seeded fault."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from zl_assets.domain.rules import units
from zl_assets.domain.rules.units import (
    level_plausible,
    prices_in_range,
    prices_on_tick,
    ranges_there,
    steps_plausible,
    volume_in_range,
    volumes_plausible,
)
from zl_assets_tests.support.contracts import BARS, MATRIX, SESSIONS, ZL
from zl_assets_tests.support.rows import Faults, assert_green_without, assert_red, predicates_of, shown_red, sound, with_value

PRICES = ["open", "high", "low", "close"]


def times(frame: pd.DataFrame, factor: float, rows: slice = slice(None)) -> pd.DataFrame:
    """The prices of some rows multiplied."""
    changed = frame.copy()
    changed.loc[changed.index[rows], PRICES] *= factor
    return changed


def on_tick(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(**{name: frame[name].round(2) for name in PRICES})


RED: Faults = {
    "dollars": (lambda f: prices_in_range(f, [ZL]), SESSIONS.table, lambda f: times(f, 0.01)),
    "one bar in dollars": (lambda f: prices_in_range(f, [ZL]), BARS.table, lambda f: times(f, 0.01, slice(2, 3))),
    "pounds": (lambda f: volume_in_range(f, [ZL]), SESSIONS.table, lambda f: f.assign(volume=f["volume"] * 60_000)),
    "soybean meal": (lambda f: level_plausible(f, ZL), SESSIONS.table, lambda f: times(f, 8.5)),
    "a unit that changes": (lambda f: steps_plausible(f, ZL), SESSIONS.table, lambda f: times(f, 2.2046, slice(200, None))),
    "thousands of lots": (lambda f: volumes_plausible(f, ZL), SESSIONS.table, lambda f: f.assign(volume=f["volume"] // 1000)),
    "closes only": (
        lambda f: ranges_there(f, ZL),
        SESSIONS.table,
        lambda f: f.assign(open=f["close"], high=f["close"], low=f["close"]),
    ),
    "converted prices": (lambda f: prices_on_tick(f, ZL), SESSIONS.table, lambda f: times(on_tick(f), 0.4536)),
}


@pytest.mark.parametrize("fault", list(RED))
def test_a_seeded_fault_turns_its_predicate_red(fault: str) -> None:
    assert_red(RED, fault)


@pytest.mark.parametrize("fault", [name for name in RED if name != "converted prices"])
def test_without_the_fault_the_predicate_is_green(fault: str) -> None:
    assert_green_without(RED, fault)


def test_prices_on_the_tick_are_green() -> None:
    assert prices_on_tick(on_tick(sound(SESSIONS.table)), ZL).passed


def test_every_predicate_is_shown_red() -> None:
    assert predicates_of(units) == shown_red(RED)


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        (0.01, "US dollars, where US cents per pound are expected; multiply them by 100"),
        (1e9, "1e-9 fixed point"),
        (100, "divided by 100 these would be"),
        (1000, "divided by 1,000 these"),
        (0.001, "divided by 0.001 these"),
        (1e7, "another market, or bad prints"),
    ],
)
def test_the_likely_cause_of_a_price_out_of_range_is_named(factor: float, words: str) -> None:
    found = prices_in_range(times(sound(SESSIONS.table), factor), [ZL])
    assert words in found.explanation
    assert "2.5 and 900" in found.explanation


def test_one_price_of_a_bar_that_is_off_is_not_called_another_unit() -> None:
    """A high of 1.00 beside an open of 40.18 is a bad print: multiplied by 100 the bar would be worse."""
    found = prices_in_range(with_value(sound(SESSIONS.table), 3, "high", 1.0), [ZL])
    assert not found.passed
    assert "look for bad prints" in found.explanation
    assert "dollars" not in found.explanation
    both = with_value(times(sound(SESSIONS.table), 0.01, slice(5, 6)), 3, "high", 1e9)
    assert "these are US dollars" in prices_in_range(both, [ZL]).explanation, "the unit is told of the bars that are wholly off"


@pytest.mark.parametrize(
    ("factor", "words"), [(60_000, "60,000 lb; divide it by 60,000"), (1000, "1,000 times too large"), (1e7, "not the volume")]
)
def test_the_likely_cause_of_a_volume_out_of_range_is_named(factor: float, words: str) -> None:
    frame = sound(SESSIONS.table)
    assert words in volume_in_range(frame.assign(volume=frame["volume"] * int(factor)), [ZL]).explanation


def test_volume_that_is_zero_everywhere_is_told_from_another_unit() -> None:
    frame = sound(SESSIONS.table)
    assert "zero everywhere" in volumes_plausible(frame.assign(volume=0), ZL).explanation
    assert "thousands" in volumes_plausible(frame.assign(volume=40), ZL).explanation


def test_each_symbol_is_held_to_its_own_range() -> None:
    """Index points under their own name are no fault of soybean oil's."""
    other = replace(ZL, symbol="MES", plausibility=replace(ZL.plausibility, price=(500.0, 60_000.0)))
    frame = sound(BARS.table)
    both = pd.concat([frame, times(frame, 100).assign(symbol="MES")], ignore_index=True)
    assert prices_in_range(both, [ZL, other]).passed
    swapped = both.assign(symbol=both["symbol"].map({"ZL": "MES", "MES": "ZL"}))
    assert prices_in_range(swapped, [ZL, other]).measured == len(both)
    assert prices_in_range(both, [ZL]).passed, "symbols that nobody asked for are not judged"


def test_the_matrix_columns_are_read_where_they_are() -> None:
    frame = with_value(sound(MATRIX.table), 3, "market_data.high", 90_000.0)
    assert list(prices_in_range(frame, [ZL]).offenders.index) == [3]


def test_a_roll_gap_of_a_third_is_no_step_and_a_print_of_ten_times_is() -> None:
    frame = sound(SESSIONS.table)
    assert steps_plausible(times(frame, 1.36, slice(50, None)), ZL).passed
    print_ = steps_plausible(times(frame, 10, slice(100, 101)), ZL)
    assert list(print_.offenders.index) == [100, 101], "there and back"
    high = with_value(frame, 7, "high", 10 * frame["close"].iloc[7])
    assert list(steps_plausible(high, ZL).offenders.index) == [7]


def test_no_sessions_are_no_fault_of_a_unit() -> None:
    empty = sound(SESSIONS.table).iloc[:0]
    for verdict in (level_plausible(empty, ZL), steps_plausible(empty, ZL), volumes_plausible(empty, ZL)):
        assert verdict.passed, str(verdict)


def test_every_multiple_of_the_tick_is_on_it() -> None:
    """25.00 to 89.99 as doubles, none of which is a multiple of the double 0.01."""
    closes = np.arange(2500, 9000) / 100
    frame = pd.DataFrame({"data_date": pd.date_range("2000-01-01", periods=len(closes))}).assign(**dict.fromkeys(PRICES, closes))
    assert prices_on_tick(frame, ZL).measured == 0
    assert prices_on_tick(frame.assign(close=frame["close"].astype("float32").astype("float64")), ZL).measured > 0
