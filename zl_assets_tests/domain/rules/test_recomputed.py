"""Values held against a second computation of them, counted by hand."""

import pandas as pd

from zl_assets.domain.rules import recomputed
from zl_assets_tests.support.rows import predicates_of


def rows(values: list[float | None], symbol: str = "ZL") -> pd.DataFrame:
    dates = pd.bdate_range("2024-01-01", periods=len(values))
    return pd.DataFrame({"data_date": dates, "symbol": symbol, "value": pd.Series(values, dtype="float64")})


def differing(left: pd.DataFrame, right: pd.DataFrame) -> list[tuple[str, str]]:
    verdict = recomputed.differences("name", ["value"], {"here": (left, right)}, "values differ.")
    assert verdict.passed == (verdict.measured == 0)
    assert verdict.explanation == f"{verdict.measured} values differ."
    return [(f"{row.data_date:%m-%d}", row.where) for row in verdict.offenders.itertuples()]


def test_null_equals_null_and_nothing_else() -> None:
    assert differing(rows([1.0, None, 3.0]), rows([1.0, None, 3.0])) == []
    assert differing(rows([1.0, None, 3.0]), rows([1.0, 2.0, None])) == [("01-02", "here"), ("01-03", "here")]


def test_the_last_bit_is_a_difference() -> None:
    assert differing(rows([0.1 + 0.2]), rows([0.3])) == [("01-01", "here")]


def test_a_row_that_only_one_has_is_a_difference_and_the_order_is_none() -> None:
    whole = rows([1.0, 2.0, 3.0])
    assert differing(whole.iloc[::-1], whole) == []
    assert differing(whole.drop(index=1), whole) == [("01-02", "here")]
    assert differing(whole, whole.drop(index=1)) == [("01-02", "here")]


def test_two_symbols_of_one_date_are_two_rows() -> None:
    both = pd.concat([rows([1.0]), rows([2.0], "MES")], ignore_index=True)
    assert differing(both, both.iloc[::-1]) == []
    assert differing(both, both.assign(value=[1.0, 3.0])) == [("01-01", "here")]


def test_the_message_counts_every_difference_and_shows_the_first_ten() -> None:
    # Short enough that no cut is drawn beyond the warm-up.
    whole = rows([float(value) for value in range(62)])
    verdict = recomputed.prefix_invariant(
        whole, lambda last: whole[whole["data_date"] <= last].assign(value=-1.0), ["value"], "values differ up to {cuts}."
    )
    assert (verdict.passed, verdict.measured, len(verdict.offenders)) == (False, 10 + 40 + 62, 10)
    assert verdict.explanation == "112 values differ up to 10, 40, 62."


def test_every_predicate_has_a_test_here() -> None:
    assert predicates_of(recomputed) == {"prefix_invariant", "differences"}
