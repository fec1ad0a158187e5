"""Rules about any family's rows, green on sound rows and red on a seeded fault."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from zl_assets.domain.families.base import Family
from zl_assets.domain.families.registry import Selection
from zl_assets.domain.families.rows import family_rows
from zl_assets.domain.families.tables import matrix_contract
from zl_assets.domain.matrix import build_matrix, stamp_families
from zl_assets.domain.regimes import regime_weights
from zl_assets.domain.rules import families as rules
from zl_assets_tests.support.builders import features_of
from zl_assets_tests.support.contracts import MATRIX, ZL
from zl_assets_tests.support.families import SESSION_ROWS, family, of_closes
from zl_assets_tests.support.guide import FAMILY_GUIDE
from zl_assets_tests.support.rows import predicates_of


@pytest.fixture(scope="module")
def candle(tmp_path_factory: pytest.TempPathFactory) -> Family:
    return FAMILY_GUIDE.made(tmp_path_factory.mktemp("module"))


def test_a_series_that_stops_has_holes_and_one_that_starts_late_has_none() -> None:
    stops = family_rows(family(of_closes(lambda close: close.where(close.index < 100))), SESSION_ROWS, {}, ZL)
    late = family_rows(family(of_closes(lambda close: close.where(close.index >= 100))), SESSION_ROWS, {}, ZL)
    empty = family_rows(family(of_closes(lambda close: close * np.nan)), SESSION_ROWS, {}, ZL)
    one = family(of_closes(lambda close: close))
    stopped = rules.coverage(one, stops, {}, ZL)
    assert not stopped.passed
    assert stopped.measured == pytest.approx(100 / 150)
    assert stopped.offenders["last_value"].iloc[0] == SESSION_ROWS["data_date"][99]
    started = rules.coverage(one, late, {}, ZL)
    assert started.passed
    assert f"The last column to start is value: {SESSION_ROWS['data_date'][100]:%Y-%m-%d}" in started.explanation
    assert not rules.coverage(one, empty, {}, ZL).passed


def test_a_column_that_is_rare_by_its_formula_is_held_to_its_own_share() -> None:
    one = family(of_closes(lambda close: close.where(close.index % 3 > 0)))
    rows = family_rows(one, SESSION_ROWS, {}, ZL)
    assert not rules.coverage(one, rows, {}, ZL).passed
    for least, enough in ((0.60, True), (0.70, False)):
        rare = replace(one, columns=tuple(replace(column, coverage=least) for column in one.columns))
        verdict = rules.coverage(rare, rows, {}, ZL)
        assert verdict.passed is enough
        assert f"at least 95% of the sessions after a column's first value, {least:.0%} of value" in str(verdict.bound)


def test_only_sessions_that_the_sources_cover_are_judged_and_a_column_of_none_is_named() -> None:
    one = family(of_closes(lambda close: close.where(close.index < 100)))
    rows = family_rows(one, SESSION_ROWS, {}, ZL)

    def until(last: int) -> Family:
        def covered(sessions: pd.DataFrame, sources: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
            assert "decided_at" in sessions
            return pd.DataFrame({column.column.name: sessions.index < last for column in one.columns})

        return replace(one, covered=covered)

    assert rules.coverage(until(100), rows, {}, ZL).measured == 1.0
    holes = rules.coverage(until(125), rows, {}, ZL)
    assert (holes.passed, holes.measured) == (False, pytest.approx(100 / 125))
    assert "of the sessions that a column's sources cover" in holes.bound
    # Of a family no column of which is covered nothing was shown.
    assert not rules.coverage(until(0), rows, {}, ZL).passed


def test_a_row_that_was_edited_is_not_what_the_module_says(candle: Family) -> None:
    rows = family_rows(candle, SESSION_ROWS, {}, ZL)
    assert rules.stored_as_computed(candle, rows.sample(frac=1, random_state=1), rows).passed
    edited = rows.assign(range_5=rows["range_5"].where(rows.index != 40, 0.1))
    for stored in (edited, rows.drop(index=40)):
        verdict = rules.stored_as_computed(candle, stored, rows)
        assert not verdict.passed
        assert list(verdict.offenders["data_date"].unique()) == [rows["data_date"][40]]


def test_the_matrix_carries_the_values_of_its_own_dates_and_nothing_else_changes(candle: Family) -> None:
    base = build_matrix(SESSION_ROWS, features_of(SESSION_ROWS), regime_weights(), ZL)
    rows = family_rows(candle, SESSION_ROWS, {}, ZL).drop(index=100)
    contract = matrix_contract(Selection((candle,), (candle,), ()), ZL)
    matrix = stamp_families(base, [candle], {"candle": rows.sample(frac=1, random_state=1)}, contract)
    assert tuple(matrix.columns) == contract.frame_columns
    pd.testing.assert_frame_equal(matrix[list(MATRIX.frame_columns)], base)
    by_hand = {row.data_date: row.range_5 for row in rows.itertuples()}
    assert [by_hand.get(date) for date in matrix["data_date"]] == [None if np.isnan(v) else v for v in matrix["candle.range_5"]]
    assert rules.stamped([candle], matrix, {"candle": rows}).passed
    shifted = matrix.assign(**{"candle.range_5": matrix["candle.range_5"].shift()})
    assert not rules.stamped([candle], shifted, {"candle": rows}).passed


def test_every_predicate_has_a_test() -> None:
    """Those of what keeps rows out of a table are in families/test_computed.py."""
    here = {"coverage", "stored_as_computed", "stamped", "nothing_to_look_at"}
    assert predicates_of(rules) == here | {"source_there", "prefix_invariant", "release_times"}


def test_a_family_without_its_source_is_not_blamed_twice() -> None:
    verdict = rules.nothing_to_look_at("coverage", ["fred_observations", "bars"])
    assert (verdict.name, verdict.passed) == ("coverage", True)
    assert "fred_observations, bars has no row" in verdict.explanation
