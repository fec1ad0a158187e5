"""The slice that is tried is of 2015, or where a history begins later, of its first rows in the matrix; and it is whole."""

import datetime as dt

import pandas as pd
import pytest

from zl_assets.domain.regimes import regime_weights
from zl_assets.domain.slices import LENGTH, first_sessions_from_2015
from zl_assets.sources.sample import synthetic_bars
from zl_assets.warehouse.errors import DataFault
from zl_assets_tests.support.contracts import FEATURES, MATRIX, SESSIONS, ZL

BARS = synthetic_bars()


def dates_of(first: str, last: str) -> dict[str, list[str]]:
    """The dates of each table's slice, of the sample's bars between two dates."""
    bars = BARS[BARS["date"].between(first, last)].reset_index(drop=True)
    slices = first_sessions_from_2015(bars, ZL, dt.date(2025, 11, 15), regime_weights())
    return {contract.table: frame["data_date"].dt.strftime("%Y-%m-%d").tolist() for contract, frame in slices.items()}


def weekdays(first: str, last: str) -> list[str]:
    days = BARS["date"][BARS["date"].between(first, last) & (BARS["date"].dt.dayofweek < 5)]
    return days.dt.strftime("%Y-%m-%d").tolist()


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        ("2014-01-01", weekdays("2015-01-01", "2016-12-31")[:LENGTH]),
        # 62 sessions have no row in the matrix.
        ("2014-12-01", weekdays("2014-12-01", "2016-12-31")[62 : 62 + LENGTH]),
        ("2019-05-06", weekdays("2019-05-06", "2020-12-31")[62 : 62 + LENGTH]),
    ],
)
def test_every_table_has_the_same_100_sessions_from_2015_on_that_are_in_the_matrix(first: str, expected: list[str]) -> None:
    found = dates_of(first, str(pd.Timestamp(expected[-1]) + pd.Timedelta(60, "D"))[:10])
    assert found == dict.fromkeys((SESSIONS.table, FEATURES.table, MATRIX.table), expected)


def test_a_history_that_is_too_short_for_the_slice_says_how_many_it_has() -> None:
    with pytest.raises(DataFault, match="The matrix would have 61 ZL sessions from 2015-01-01 on, and the slice needs 100"):
        dates_of("2019-05-06", weekdays("2019-05-06", "2020-12-31")[122])
