"""Two values are the same when they are equal or both missing, whatever their type calls a missing value."""

import datetime as dt
from typing import Any

import pandas as pd
import pytest

from zl_assets.warehouse.contract import PANDAS_DTYPES
from zl_assets.warehouse.shape import equal_or_both_missing

DAY = pd.Timestamp("2020-01-02")


@pytest.mark.parametrize(
    ("dtype", "left", "right", "same"),
    [
        ("float64", [1.5, float("nan"), float("nan"), 0.1 + 0.2, -0.0], [1.5, float("nan"), 1.5, 0.3, 0.0], "YYnnY"),
        ("Int64", [2**53 + 1, None, None, 0], [2**53, None, 0, 0], "nYnY"),
        ("string", ["a", "", None, None, "A"], ["a", None, None, "", "a"], "YnYnn"),
        ("boolean", [True, False, None, None, False], [True, None, None, False, True], "YnYnn"),
        ("datetime64[ns]", [DAY, DAY, pd.NaT, pd.NaT], [DAY, DAY + pd.Timedelta(1), pd.NaT, DAY], "YnYn"),
        ("datetime64[ns, UTC]", [DAY, pd.NaT, pd.NaT], [DAY, pd.NaT, DAY], "YYn"),
        ("object", [dt.date(2020, 1, 2), None, None, "1"], [dt.date(2020, 1, 2), float("nan"), 0, 1], "YYnn"),
    ],
)
def test_equal_or_both_missing(dtype: str, left: list[Any], right: list[Any], same: str) -> None:
    one, other = pd.Series(left, dtype=dtype), pd.Series(right, dtype=dtype)
    for found in (equal_or_both_missing(one, other), equal_or_both_missing(other, one)):
        assert found.dtype == "bool"
        assert "".join("Y" if value else "n" for value in found) == same


def test_every_type_of_a_column_is_tried_above() -> None:
    [cases] = [m.args[1] for m in test_equal_or_both_missing.pytestmark]  # type: ignore[attr-defined]
    assert {dtype for dtype, *_ in cases} >= set(PANDAS_DTYPES.values())


def test_types_may_differ() -> None:
    """A whole number read as FLOAT64, say: whoever minds looks at the type itself."""
    assert equal_or_both_missing(pd.Series([1, None], dtype="Int64"), pd.Series([1.0, float("nan")])).tolist() == [True, True]
    assert equal_or_both_missing(pd.Series(["a", None], dtype="string"), pd.Series([1.0, float("nan")])).tolist() == [False, True]


def test_a_row_that_only_one_side_has_is_not_the_same() -> None:
    assert equal_or_both_missing(pd.Series([1.0, 2.0]), pd.Series([1.0])).tolist() == [True, False]
