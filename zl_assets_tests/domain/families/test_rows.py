"""A family's rows as its function gives them: their shape, by symbol, and what a session may know."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from zl_assets.domain.families import intraday
from zl_assets.domain.families.base import Family
from zl_assets.domain.families.rows import family_rows, known_at
from zl_assets.domain.rules import families as rules
from zl_assets.instruments.base import Closure
from zl_assets.warehouse.errors import DataFault
from zl_assets.warehouse.shape import conform
from zl_assets_tests.support.builders import random_closes, sessions_of
from zl_assets_tests.support.cases import sessions_on
from zl_assets_tests.support.contracts import BARS_1H, ZL
from zl_assets_tests.support.families import SESSION_ROWS, family
from zl_assets_tests.support.guide import FAMILY_GUIDE


@pytest.fixture(scope="module")
def candle(tmp_path_factory: pytest.TempPathFactory) -> Family:
    return FAMILY_GUIDE.made(tmp_path_factory.mktemp("module"))


def test_hourly_bars_of_the_next_day_are_the_future() -> None:
    hours = pd.DataFrame({"ts_event": SESSION_ROWS["data_date"].dt.tz_localize("UTC") + pd.Timedelta(hours=23)})
    first, second = SESSION_ROWS["data_date"].head(2)
    assert list(known_at(hours, first, ZL.decision)["ts_event"].dt.date) == [first.date()]
    assert len(known_at(hours, second, ZL.decision)) == 2
    assert len(known_at(SESSION_ROWS[["data_date"]].set_axis(["date"], axis=1), second, ZL.decision)) == 2


def test_the_evening_of_a_full_closure_is_among_the_hours_of_an_instrument_that_has_it() -> None:
    """Christmas of 2019: one lot at 9 in the evening, two at 12 the day after."""
    session = sessions_on(["2019-12-26"], [13], [9], [12])
    rows = pd.DataFrame({"ts_event": pd.to_datetime(["2019-12-25 23:00", "2019-12-26 01:00"], utc=True), "close": [9.0, 12.0]})
    hours = conform(rows.assign(symbol="ZL", open=rows["close"], high=13.0, low=9.0, volume=[1, 2], instrument_id=1), BARS_1H)
    closing = replace(ZL, closures=(Closure(12, 25),))
    found = [family_rows(intraday.FAMILY, session, {BARS_1H.table: hours}, one)["vwap"].iloc[0] for one in (closing, ZL)]
    assert found == [11.0, 12.0]


SHAPES: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "another column": lambda frame: frame.rename(columns={"value": "other"}),
    "one more column": lambda frame: frame.assign(more=1.0),
    "another type": lambda frame: frame.astype("float32"),
    "a row less": lambda frame: frame.iloc[1:],
    "another index": lambda frame: frame.set_index(frame.index + 1),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_function_that_returns_something_else_is_named_with_what_it_promised(shape: str) -> None:
    wrong = family(lambda sessions, sources: SHAPES[shape](sessions[["close"]].rename(columns={"close": "value"})))
    with pytest.raises(DataFault, match=r"Family x: .*value \(float64\)"):
        family_rows(wrong, SESSION_ROWS, {}, ZL)


def test_two_symbols_never_look_at_each_other(candle: Family) -> None:
    other = sessions_of(random_closes(150, 8), symbol="MES")
    both = pd.concat([SESSION_ROWS, other]).sample(frac=1, random_state=1)
    rows = family_rows(candle, both, {}, ZL)
    alone = family_rows(candle, other, {}, ZL)
    pd.testing.assert_frame_equal(rows[rows["symbol"] == "MES"].reset_index(drop=True), alone)
    assert rules.prefix_invariant(candle, both, {}, ZL).passed


def test_the_guides_values_are_what_the_guide_says(candle: Family) -> None:
    """By hand: (11 - 10) / (12 - 8), and the mean of five ranges over closes."""
    sessions = replace_prices(sessions_of([11.0] * 6))
    rows = family_rows(candle, sessions, {}, ZL)
    assert rows["body_share"].tolist()[:5] == [0.25] * 5
    assert np.isnan(rows["body_share"][5])
    assert rows["range_5"].isna().tolist() == [True] * 4 + [False] * 2
    assert rows["range_5"][4] == pytest.approx(4 / 11)
    assert rows["range_5"][5] == pytest.approx(4 * 4 / 11 / 5)


def replace_prices(sessions: pd.DataFrame) -> pd.DataFrame:
    """Open 10, high 12, low 8; the last session has one price."""
    priced = sessions.assign(open=10.0, high=12.0, low=8.0)
    priced.loc[5, ["open", "high", "low"]] = 11.0
    return priced
