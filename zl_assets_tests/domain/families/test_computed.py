"""What keeps a family's rows out of its table: the future, a range; and what its sources do to it."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zl_assets.domain.families.base import Family
from zl_assets.domain.families.computed import computed
from zl_assets.domain.rules import families as rules
from zl_assets_tests.support.builders import random_closes, sessions_of
from zl_assets_tests.support.contracts import ZL
from zl_assets_tests.support.families import NEWS, SESSION_ROWS, family, newest_by_date, news, of_closes
from zl_assets_tests.support.guide import FAMILY_GUIDE


@pytest.fixture(scope="module")
def candle(tmp_path_factory: pytest.TempPathFactory) -> Family:
    return FAMILY_GUIDE.made(tmp_path_factory.mktemp("module"))


LEAKS: dict[str, Callable[["pd.Series[float]"], "pd.Series[float]"]] = {
    "the target itself": lambda close: close.shift(-21) / close - 1,
    "the next close": lambda close: close.shift(-1),
    "a centred mean": lambda close: close.rolling(5, center=True).mean(),
    "a scale from the whole history": lambda close: close / close.mean(),
    "a back-filled warm-up": lambda close: close.rolling(30).mean().bfill(),
}


@pytest.mark.parametrize("leak", LEAKS)
def test_a_family_that_sees_the_future_is_withheld(leak: str) -> None:
    made = computed(family(of_closes(LEAKS[leak])), SESSION_ROWS, {}, ZL)
    assert made.rows is None
    assert "prefix_invariant" in made.reason
    assert "family x" in made.reason


@settings(max_examples=8)
@given(window=st.integers(1, 60), seed=st.integers(0, 5))
def test_a_family_that_only_looks_back_passes(window: int, seed: int) -> None:
    sessions = sessions_of(random_closes(120, seed))
    made = computed(family(of_closes(lambda close: close.rolling(window).mean())), sessions, {}, ZL)
    assert made.rows is not None
    assert list(made.rows.columns) == ["data_date", "symbol", "value"]
    assert made.rows["value"].isna().sum() == window - 1


def test_a_print_is_used_until_it_comes_after_the_decision() -> None:
    """13:20 in Chicago is the bound, in winter and in summer, and a print at that minute is too late."""
    reads = family(newest_by_date, NEWS)
    assert computed(reads, SESSION_ROWS, {NEWS: news("13:19")}, ZL).rows is not None
    for late in ("13:20", "16:15"):
        made = computed(reads, SESSION_ROWS, {NEWS: news(late)}, ZL)
        assert made.rows is None
        assert "release_times" in made.reason
    # 18:50 UTC is 12:50 in Chicago in winter and 13:50 in summer: the sessions, January to July 2015, are in both.
    assert computed(reads, SESSION_ROWS.head(40), {NEWS: news("18:50", "UTC")}, ZL).rows is not None
    assert "release_times" in computed(reads, SESSION_ROWS, {NEWS: news("18:50", "UTC")}, ZL).reason


@pytest.mark.parametrize("value", [100.0 * 40, -1.0, np.inf])
def test_a_value_out_of_its_range_is_withheld_with_its_date(value: float) -> None:
    spoilt = family(of_closes(lambda close: close.where(close.index != 70, value)), low=0.0, high=200.0)
    made = computed(spoilt, SESSION_ROWS, {}, ZL)
    assert made.rows is None
    assert "in_range" in made.reason
    assert f"{SESSION_ROWS['data_date'][70]:%Y-%m-%d}" in made.reason


def test_without_a_source_nothing_is_computed_and_the_source_is_named() -> None:
    def never(sessions: pd.DataFrame, sources: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
        raise AssertionError("called without its source")

    made = computed(family(never, NEWS), SESSION_ROWS, {NEWS: news().iloc[:0]}, ZL)
    assert made.rows is None
    assert made.missing == (NEWS,)
    assert NEWS in made.reason
    assert not rules.source_there(family(never, NEWS), {NEWS: news().iloc[:0]}).passed


def test_a_family_is_not_changed_by_being_gated(candle: Family) -> None:
    before = SESSION_ROWS.copy()
    computed(replace(candle, coverage=0.5), SESSION_ROWS, {}, ZL)
    pd.testing.assert_frame_equal(SESSION_ROWS, before)
