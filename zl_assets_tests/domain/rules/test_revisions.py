"""What a source may change of stored rows: corrections pass, another unit, market or date does not."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zl_assets.domain.rules import revisions
from zl_assets.domain.rules.revisions import (
    Revision,
    few_lost,
    mostly_unrevised,
    no_common_factor,
    no_moved_rows,
    revision_rules,
    same_volume_unit,
)
from zl_assets.sources.sample import synthetic_bars
from zl_assets_tests.support.contracts import ZL
from zl_assets_tests.support.rows import predicates_of

PRICES = ["open", "high", "low", "close"]
STORED = synthetic_bars()
N = len(STORED)


def of(source: pd.DataFrame, stored: pd.DataFrame = STORED) -> Revision:
    return Revision.of(source, stored)


def times(factor: float, rows: slice | list[int] = slice(None), columns: list[str] = PRICES) -> pd.DataFrame:
    """The stored bars with the prices of some of them multiplied, and rounded to the tick as a vendor's are."""
    changed = STORED.copy()
    at = changed.index[rows]
    changed.loc[at, columns] = (changed.loc[at, columns].astype("float64") * factor).round(2 if columns == PRICES else 0)
    return changed


def red(source: pd.DataFrame, stored: pd.DataFrame = STORED) -> set[str]:
    # Made once, as the product does, and not for each of six rules: it takes two thirds of the time.
    revision = of(source, stored)
    return {verdict.name for verdict in (rule(revision) for rule in revision_rules(ZL)) if not verdict.passed}


def test_the_same_bars_pass() -> None:
    assert red(STORED) == set()
    assert red(STORED, STORED.iloc[:-5]) == set(), "and with new ones"


@pytest.mark.parametrize("factor", [0.01, 100, 2.2046, 1 / 2.2046, 1.07, 0.9])
@pytest.mark.parametrize("rows", [slice(None), slice(-5, None), slice(-2, None), slice(2000, None), slice(1000, 1020)], ids=str)
def test_a_common_factor_is_named_wherever_it_is(factor: float, rows: slice) -> None:
    found = no_common_factor(of(times(factor, rows)), ZL)
    assert not found.passed
    assert float(str(found.measured).removeprefix("a factor of ")) == pytest.approx(factor, rel=0.01)


@pytest.mark.parametrize("factor", [1.02, 0.99])
def test_a_small_factor_of_many_bars_is_named(factor: float) -> None:
    assert "no_common_factor" in red(times(factor, slice(-250, None)))


def test_a_factor_in_the_newest_bars_is_seen_beside_corrections_of_old_ones() -> None:
    source = times(1.1, slice(-4, None))
    source.loc[[5, 500, 900, 1300, 1700], "close"] += [0.11, -0.2, 0.07, 0.3, -0.05]
    assert "no_common_factor" in red(source)


@given(
    rows=st.lists(st.integers(0, N - 1), min_size=1, max_size=12, unique=True),
    steps=st.lists(st.integers(-60, 60).filter(bool), min_size=12, max_size=12, unique=True),
)
def test_corrections_by_some_ticks_pass(rows: list[int], steps: list[int]) -> None:
    source = STORED.copy()
    for row, ticks in zip(rows, steps, strict=False):
        source.loc[row, "close"] += ticks * ZL.tick
        source.loc[row, "volume"] += ticks
    assert red(source) == set()


@given(
    factor=st.floats(0.2, 5).filter(lambda f: abs(f - 1) > 0.03),
    start=st.integers(0, N - 2),
    length=st.integers(2, N),
)
def test_no_stretch_of_two_bars_or_more_is_revised_by_one_factor(factor: float, start: int, length: int) -> None:
    source = STORED.copy()
    source.loc[start : start + length - 1, PRICES] *= factor
    assert "no_common_factor" in red(source)


def test_another_series_is_refused_without_a_common_factor() -> None:
    """Settlements, adjusted prices, another market of the same level: every close differs, each in its own way."""
    noise = 1 + 0.004 * np.random.default_rng(5).standard_normal(N)
    source = STORED.assign(close=STORED["close"] * noise)
    assert red(source) == {"mostly_unrevised"}
    few = STORED.assign(close=STORED["close"] * np.where(np.arange(N) < N // 3, noise, 1.0))
    assert red(few) == set()
    # As a spreadsheet shows it: 4.2E+04.
    rounded = STORED["volume"].astype("float64").map(lambda volume: float(f"{volume:.1e}"))
    assert red(STORED.assign(volume=rounded)) == {"mostly_unrevised"}


@pytest.mark.parametrize(
    "columns", [{"open": "close", "close": "open"}, dict.fromkeys(PRICES, "close")], ids=["swapped", "closes only"]
)
def test_columns_under_each_others_name_are_another_series(columns: dict[str, str]) -> None:
    assert "mostly_unrevised" in red(STORED.assign(**{name: STORED[of] for name, of in columns.items()}))


def test_an_adjusted_series_is_another_series() -> None:
    """Back-adjusted by differences: all but the newest contract's bars are moved by a constant each."""
    contract = STORED["instrument_id"].astype("float64")
    source = STORED.assign(**{name: STORED[name] + 0.13 * (contract.max() - contract) / 1000 for name in PRICES})
    assert "mostly_unrevised" in red(source)


@pytest.mark.parametrize("lost", [39, 40, 200, N // 2])
@pytest.mark.parametrize("where", ["newest", "oldest", "middle", "scattered"])
def test_a_source_that_lost_many_rows_is_refused(lost: int, where: str) -> None:
    """39 of 3,998 are one in a hundred."""
    start = {"newest": N - lost, "oldest": 0, "middle": 1000}.get(where, 0)
    rows = np.linspace(1, N - 2, lost).astype(int) if where == "scattered" else np.arange(start, start + lost)
    assert red(STORED.drop(index=rows)) == (set() if lost == 39 else {"few_lost"})


def test_a_short_table_may_lose_nothing() -> None:
    assert red(STORED.iloc[1:90], STORED.iloc[:90]) == {"few_lost"}


@pytest.mark.parametrize("days", [1, -1, 2, 7])
def test_rows_that_the_table_has_under_another_date_are_refused(days: int) -> None:
    newest = STORED.tail(8)
    moved = newest.assign(date=newest["date"] + pd.Timedelta(days, "D"))
    source = pd.concat([STORED, moved]).drop_duplicates("date", keep="last")
    found = no_moved_rows(of(source))
    assert found.measured == 8
    assert "no_moved_rows" in red(source)


def test_one_row_may_repeat_another() -> None:
    source = STORED.copy()
    source.loc[N - 1, [*PRICES, "volume"]] = source.loc[N - 2, [*PRICES, "volume"]].to_numpy()
    assert "no_moved_rows" not in red(source)


@pytest.mark.parametrize("factor", [0.001, 1000, 60_000, 0.0, 2])
@pytest.mark.parametrize("rows", [slice(None), slice(-6, None)], ids=["all", "the newest"])
def test_a_volume_in_another_unit_is_refused(factor: float, rows: slice) -> None:
    found = same_volume_unit(of(times(factor, rows, ["volume"])), ZL)
    assert not found.passed
    assert ("60,000 lb" in found.explanation) == (factor == 60_000)


@pytest.mark.parametrize("factor", [0.001, 1000, 60_000, 0.0])
def test_new_bars_with_a_volume_in_another_unit_are_refused(factor: float) -> None:
    assert red(times(factor, slice(-6, None), ["volume"]), STORED.iloc[:-6]) == {"same_volume_unit"}


@pytest.mark.parametrize("rows", [slice(-3, None), slice(1000, 1400)])
def test_volumes_restated_by_three_in_a_hundred_are_no_unit(rows: slice) -> None:
    assert red(times(1.03, rows, ["volume"])) == set()


def test_thin_new_bars_are_no_unit() -> None:
    """The days around a roll trade a hundredth of the usual."""
    assert red(times(0.01, slice(-4, None), ["volume"]), STORED.iloc[:-4]) == set()


def test_every_predicate_is_shown_red() -> None:
    shown = {
        few_lost(of(STORED.iloc[:100])),
        no_common_factor(of(times(1.1)), ZL),
        mostly_unrevised(of(times(1.1))),
        no_moved_rows(of(STORED.assign(date=STORED["date"] + pd.Timedelta(1, "D")))),
        same_volume_unit(of(times(0.001, slice(None), ["volume"])), ZL),
    }
    assert {verdict.name for verdict in shown if not verdict.passed} == predicates_of(revisions)
