"""What keeps a family's rows out of its table: the future, a range, a wrong shape; and what its sources do to it."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zl_assets.contracts.intelligence import FRED_OBSERVATIONS
from zl_assets.domain.families import gates
from zl_assets.domain.families.base import Compute, Family, FamilyColumn, SourceNeed
from zl_assets.domain.families.registry import Selection
from zl_assets.domain.families.tables import matrix_contract
from zl_assets.domain.matrix import build_matrix, stamp_families
from zl_assets.domain.regimes import regime_weights
from zl_assets.warehouse.contract import Column, ColumnType
from zl_assets.warehouse.errors import DataFault
from zl_assets_tests.domain.builders import features_of, random_closes, sessions_of
from zl_assets_tests.guide import example_family
from zl_assets_tests.support.contracts import MATRIX

SESSIONS = sessions_of(random_closes(150))
NEWS = FRED_OBSERVATIONS.table


@pytest.fixture(scope="module")
def candle(tmp_path_factory: pytest.TempPathFactory) -> Family:
    return example_family(tmp_path_factory.mktemp("module"))


def family(compute: Compute, *needs: str, low: float | None = None, high: float | None = None) -> Family:
    """A family with one column, x.value."""
    column = FamilyColumn(Column("value", ColumnType.FLOAT64, "for tests", "none"), "x", "none", ("zl_ohlcv.close",), low, high)
    return Family("x", "test", "for tests", (column,), tuple(SourceNeed(n, (), "at noon") for n in needs), (), compute)


def of_closes(change: Callable[["pd.Series[float]"], "pd.Series[float]"]) -> Compute:
    return lambda sessions, sources: pd.DataFrame({"value": change(sessions["close"])})


def news(hour: str = "13:19", zone: str = "America/Chicago") -> pd.DataFrame:
    """One print a session, on its own date."""
    dates = SESSIONS["data_date"]
    at = pd.DatetimeIndex(dates + pd.Timedelta(f"{hour}:00")).tz_localize(zone).tz_convert("UTC")
    return pd.DataFrame({"observed_on": dates, "available_at": at, "value": np.arange(len(dates), dtype="float64")})


def newest_by_date(sessions: pd.DataFrame, sources: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Joins on the date of the observation, whenever it was published."""
    values = sources[NEWS].set_index("observed_on")["value"]
    return pd.DataFrame({"value": values.reindex(sessions["data_date"]).to_numpy("float64")}, index=sessions.index)


LEAKS: dict[str, Callable[["pd.Series[float]"], "pd.Series[float]"]] = {
    "the target itself": lambda close: close.shift(-21) / close - 1,
    "the next close": lambda close: close.shift(-1),
    "a centred mean": lambda close: close.rolling(5, center=True).mean(),
    "a scale from the whole history": lambda close: close / close.mean(),
    "a back-filled warm-up": lambda close: close.rolling(30).mean().bfill(),
}


@pytest.mark.parametrize("leak", LEAKS)
def test_a_family_that_sees_the_future_is_withheld(leak: str) -> None:
    made = gates.computed(family(of_closes(LEAKS[leak])), SESSIONS, {})
    assert made.rows is None
    assert "prefix_invariant" in made.reason
    assert "family x" in made.reason


@settings(max_examples=8)
@given(window=st.integers(1, 60), seed=st.integers(0, 5))
def test_a_family_that_only_looks_back_passes(window: int, seed: int) -> None:
    sessions = sessions_of(random_closes(120, seed))
    made = gates.computed(family(of_closes(lambda close: close.rolling(window).mean())), sessions, {})
    assert made.rows is not None
    assert list(made.rows.columns) == ["data_date", "symbol", "value"]
    assert made.rows["value"].isna().sum() == window - 1


def test_a_print_is_used_until_it_comes_after_the_decision() -> None:
    """13:20 in Chicago is the bound, in winter and in summer, and a print at that minute is too late."""
    reads = family(newest_by_date, NEWS)
    assert gates.computed(reads, SESSIONS, {NEWS: news("13:19")}).rows is not None
    for late in ("13:20", "16:15"):
        made = gates.computed(reads, SESSIONS, {NEWS: news(late)})
        assert made.rows is None
        assert "release_times" in made.reason
    # 18:50 UTC is 12:50 in Chicago in winter and 13:50 in summer: the sessions, January to July 2015, are in both.
    assert gates.computed(reads, SESSIONS.head(40), {NEWS: news("18:50", "UTC")}).rows is not None
    assert "release_times" in gates.computed(reads, SESSIONS, {NEWS: news("18:50", "UTC")}).reason


def test_hourly_bars_of_the_next_day_are_the_future() -> None:
    hours = pd.DataFrame({"ts_event": SESSIONS["data_date"].dt.tz_localize("UTC") + pd.Timedelta(hours=23)})
    first, second = SESSIONS["data_date"].head(2)
    assert list(gates.known_at(hours, first)["ts_event"].dt.date) == [first.date()]
    assert len(gates.known_at(hours, second)) == 2
    assert len(gates.known_at(SESSIONS[["data_date"]].set_axis(["date"], axis=1), second)) == 2


@pytest.mark.parametrize("value", [100.0 * 40, -1.0, np.inf])
def test_a_value_out_of_its_range_is_withheld_with_its_date(value: float) -> None:
    spoilt = family(of_closes(lambda close: close.where(close.index != 70, value)), low=0.0, high=200.0)
    made = gates.computed(spoilt, SESSIONS, {})
    assert made.rows is None
    assert "in_range" in made.reason
    assert f"{SESSIONS['data_date'][70]:%Y-%m-%d}" in made.reason


def test_without_a_source_nothing_is_computed_and_the_source_is_named() -> None:
    def never(sessions: pd.DataFrame, sources: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
        raise AssertionError("called without its source")

    made = gates.computed(family(never, NEWS), SESSIONS, {NEWS: news().iloc[:0]})
    assert made.rows is None
    assert made.missing == (NEWS,)
    assert NEWS in made.reason
    assert not gates.source_there(family(never, NEWS), {NEWS: news().iloc[:0]}).passed


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
        gates.family_rows(wrong, SESSIONS, {})


def test_a_series_that_stops_has_holes_and_one_that_starts_late_has_none() -> None:
    stops = gates.family_rows(family(of_closes(lambda close: close.where(close.index < 100))), SESSIONS, {})
    late = gates.family_rows(family(of_closes(lambda close: close.where(close.index >= 100))), SESSIONS, {})
    empty = gates.family_rows(family(of_closes(lambda close: close * np.nan)), SESSIONS, {})
    one = family(of_closes(lambda close: close))
    stopped = gates.coverage(one, stops)
    assert not stopped.passed
    assert stopped.measured == pytest.approx(100 / 150)
    assert stopped.offenders["last_value"].iloc[0] == SESSIONS["data_date"][99]
    started = gates.coverage(one, late)
    assert started.passed
    assert f"value starts last, {SESSIONS['data_date'][100]:%Y-%m-%d}" in started.explanation
    assert not gates.coverage(one, empty).passed


def test_two_symbols_never_look_at_each_other(candle: Family) -> None:
    other = sessions_of(random_closes(150, 8), symbol="MES")
    both = pd.concat([SESSIONS, other]).sample(frac=1, random_state=1)
    rows = gates.family_rows(candle, both, {})
    alone = gates.family_rows(candle, other, {})
    pd.testing.assert_frame_equal(rows[rows["symbol"] == "MES"].reset_index(drop=True), alone)
    assert gates.prefix_invariant(candle, both, {}).passed


def test_a_row_that_was_edited_is_not_what_the_module_says(candle: Family) -> None:
    rows = gates.family_rows(candle, SESSIONS, {})
    assert gates.stored_as_computed(candle, rows.sample(frac=1, random_state=1), rows).passed
    edited = rows.assign(range_5=rows["range_5"].where(rows.index != 40, 0.1))
    for stored in (edited, rows.drop(index=40)):
        verdict = gates.stored_as_computed(candle, stored, rows)
        assert not verdict.passed
        assert list(verdict.offenders["data_date"].unique()) == [rows["data_date"][40]]


def test_the_matrix_carries_the_values_of_its_own_dates_and_nothing_else_changes(candle: Family) -> None:
    base = build_matrix(SESSIONS, features_of(SESSIONS), regime_weights())
    rows = gates.family_rows(candle, SESSIONS, {}).drop(index=100)
    contract = matrix_contract(Selection((candle,), (candle,), ()))
    matrix = stamp_families(base, [candle], {"candle": rows.sample(frac=1, random_state=1)}, contract)
    assert tuple(matrix.columns) == contract.frame_columns
    pd.testing.assert_frame_equal(matrix[list(MATRIX.frame_columns)], base)
    by_hand = {row.data_date: row.range_5 for row in rows.itertuples()}
    assert [by_hand.get(date) for date in matrix["data_date"]] == [None if np.isnan(v) else v for v in matrix["candle.range_5"]]
    assert gates.stamped([candle], matrix, {"candle": rows}).passed
    shifted = matrix.assign(**{"candle.range_5": matrix["candle.range_5"].shift()})
    assert not gates.stamped([candle], shifted, {"candle": rows}).passed


def test_the_guides_values_are_what_the_guide_says(candle: Family) -> None:
    """By hand: (11 - 10) / (12 - 8), and the mean of five ranges over closes."""
    sessions = replace_prices(sessions_of([11.0] * 6))
    rows = gates.family_rows(candle, sessions, {})
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


def test_a_family_is_not_changed_by_being_gated(candle: Family) -> None:
    before = SESSIONS.copy()
    gates.computed(replace(candle, coverage=0.5), SESSIONS, {})
    pd.testing.assert_frame_equal(SESSIONS, before)
