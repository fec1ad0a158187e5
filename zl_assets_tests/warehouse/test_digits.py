"""A person reads no digits that mean nothing, and still sees that two values differ."""

import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zl_assets.warehouse.digits import fixed_point, number, rounded, rounded_row
from zl_assets.warehouse.verdict import Verdict

FINITE = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1 + 0.2, "0.3"),
        (50.150000000000006, "50.15"),
        (1e-05, "0.00001"),
        (1234567.891, "1234567.89"),
        (123456.0, "123456"),
        (-0.0, "0"),
        (2 / 3, "0.666667"),
        (1e20, "1e+20"),
        (1e-12, "1e-12"),
        (math.inf, "inf"),
        (math.nan, "nan"),
    ],
)
def test_a_number_is_written_as_a_person_writes_it(value: float, text: str) -> None:
    assert number(value) == text


@given(FINITE)
def test_what_is_shown_is_the_value_to_six_digits_and_fixed_point_loses_none(value: float) -> None:
    assert math.isclose(rounded(value), value, rel_tol=5.1e-6, abs_tol=5e-324)
    assert float(fixed_point(value)) == value


@given(st.lists(FINITE, max_size=6))
def test_values_of_a_row_that_differ_are_shown_to_differ(values: list[float]) -> None:
    shown = rounded_row(dict(zip("abcdef", values, strict=False)))
    assert len(set(shown.values())) == len(set(values[:6]))


def test_a_verdict_says_its_numbers_with_few_digits_and_tells_two_close_ones_apart() -> None:
    rows = pd.DataFrame({"column": ["close", "close"], "csv": [50.15, 0.1 + 0.2], "view": [50.15 + 1e-12, 0.4]})
    verdict = Verdict("csv_equals_view", False, 0.1 + 0.2, "0 values", rows, "Two differ.")
    assert str(verdict) == (
        "csv_equals_view failed: Two differ. Measured 0.3, bound: 0 values. First: column=close, csv=50.15, "
        "view=50.150000000001; column=close, csv=0.3, view=0.4."
    )
