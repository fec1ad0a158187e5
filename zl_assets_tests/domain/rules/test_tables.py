"""Rules about any table, green on sound rows and red on a seeded fault."""

import pandas as pd
import pytest

from zl_assets.domain.rules import tables
from zl_assets.domain.rules.tables import column_coverage, row_count_at_least, unique_key
from zl_assets_tests.support.contracts import MATRIX, SESSIONS
from zl_assets_tests.support.rows import (
    NAN,
    Faults,
    assert_green_without,
    assert_red,
    doubled,
    one,
    predicates_of,
    shown_red,
    sound,
    with_value,
)

RED: Faults = {
    "too few rows": (lambda f: row_count_at_least(f, 198), MATRIX.table, lambda f: one(f, 0).iloc[1:]),
    "a key twice": (lambda f: unique_key(f, MATRIX.key), MATRIX.table, lambda f: doubled(f, 7)),
    "a NULL key": (lambda f: unique_key(f, MATRIX.key), MATRIX.table, lambda f: with_value(f, 7, "symbol", pd.NA)),
    "an empty column": (column_coverage, MATRIX.table, lambda f: f.assign(rsi_14=NAN)),
    "a hole in a complete column": (
        lambda f: column_coverage(f, complete=("rsi_14",)),
        MATRIX.table,
        lambda f: with_value(f, 0, "rsi_14", NAN),
    ),
    "an empty table": (column_coverage, MATRIX.table, lambda f: f.iloc[:0]),
}


@pytest.mark.parametrize("fault", list(RED))
def test_a_seeded_fault_turns_its_predicate_red(fault: str) -> None:
    assert_red(RED, fault)


@pytest.mark.parametrize("fault", list(RED))
def test_without_the_fault_the_predicate_is_green(fault: str) -> None:
    assert_green_without(RED, fault)


def test_every_predicate_is_shown_red() -> None:
    assert predicates_of(tables) == shown_red(RED)


def test_an_optional_column_may_be_empty() -> None:
    frame = sound(SESSIONS.table).assign(instrument_id=pd.Series([pd.NA] * 260, dtype="Int64"))
    assert not column_coverage(frame).passed
    assert column_coverage(frame, optional=("instrument_id",)).passed
