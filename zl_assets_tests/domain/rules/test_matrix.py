"""The second computation of the matrix, green on sound rows and red on a seeded fault."""

import pytest

from zl_assets.contracts.features import TECHNICAL_FEATURE_NAMES
from zl_assets.contracts.regimes import REGIME_WEIGHTS
from zl_assets.domain.rules import matrix as rules
from zl_assets.domain.rules.matrix import matrix_rows_recomputed
from zl_assets_tests.support.contracts import MATRIX, SESSIONS
from zl_assets_tests.support.rows import predicates_of, sound, with_value


@pytest.mark.parametrize(
    "column", [*TECHNICAL_FEATURE_NAMES, "market_data.high", "market_data.volume", "regime.name", "regime.weight"]
)
def test_a_matrix_column_that_is_not_what_the_sessions_give_is_red(column: str) -> None:
    matrix = sound(MATRIX.table)
    sessions, weights = sound(SESSIONS.table), sound(REGIME_WEIGHTS.table)
    assert matrix_rows_recomputed(matrix, sessions, weights).passed
    wrong = (
        "trump_term"
        if column == "regime.name"
        else matrix[column].iloc[-1] + (1 if matrix[column].dtype == "Int64" else 2e-9 * 60)
    )
    verdict = matrix_rows_recomputed(with_value(matrix, -1, column, wrong), sessions, weights)
    assert (verdict.passed, verdict.measured) == (False, 1)
    assert verdict.offenders["column"].tolist() == [column]


def test_a_matrix_row_without_a_session_is_red_when_sampled() -> None:
    matrix, sessions = sound(MATRIX.table), sound(SESSIONS.table)
    assert not matrix_rows_recomputed(matrix, sessions.iloc[:-1], sound(REGIME_WEIGHTS.table)).passed


def test_an_empty_matrix_is_not_taken_for_a_right_one() -> None:
    verdict = matrix_rows_recomputed(sound(MATRIX.table).iloc[:0], sound(SESSIONS.table), sound(REGIME_WEIGHTS.table))
    assert not verdict.passed


def test_the_sample_of_rows_is_the_same_every_time_and_covers_both_ends() -> None:
    matrix = sound(MATRIX.table).assign(rsi_14=-1.0)
    first, again = (matrix_rows_recomputed(matrix, sound(SESSIONS.table), sound(REGIME_WEIGHTS.table)) for _ in range(2))
    assert first.measured == 40
    assert first.offenders["data_date"].tolist() == again.offenders["data_date"].tolist()
    assert first.offenders["data_date"].iloc[0] == matrix["data_date"].iloc[0]


def test_the_newest_row_is_always_looked_at() -> None:
    matrix = sound(MATRIX.table)
    matrix.loc[matrix.index[-1], "rsi_14"] = -1.0
    verdict = matrix_rows_recomputed(matrix, sound(SESSIONS.table), sound(REGIME_WEIGHTS.table))
    assert verdict.offenders["data_date"].tolist() == [matrix["data_date"].iloc[-1]]


def test_every_predicate_has_a_test_here() -> None:
    assert predicates_of(rules) == {"matrix_rows_recomputed"}
