"""Pivots against a worked case, a slow computation from the definitions, and their own prefixes."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zl_assets.domain.families.pivots import FAMILY
from zl_assets_tests.support.cases import (
    assert_as_declared,
    assert_prefix_invariant,
    assert_scale_free,
    cuts,
    random_sessions,
    real_sessions,
    sessions_on,
)


def slow(sessions: pd.DataFrame) -> pd.DataFrame:
    """The definitions, row by row, in plain Python."""
    rows = sessions.to_dict("records")
    nothing = dict.fromkeys([column.column.name for column in FAMILY.columns])
    result = []
    for i, row in enumerate(rows):
        if i == 0:
            result.append(nothing)
            continue
        h, lo, c = (rows[i - 1][name] for name in ("high", "low", "close"))
        p = (h + lo + c) / 3
        levels = {"P": p, "R1": 2 * p - lo, "S1": 2 * p - h, "R2": p + (h - lo), "S2": p - (h - lo)}
        others = [h + 2 * (p - lo), lo - 2 * (h - p), h + 3 * (h - lo), lo - 3 * (h - lo)]
        middles = [(p + levels["R1"]) / 2, (p + levels["S1"]) / 2]
        year, week, _ = (row["data_date"] - pd.Timedelta(days=7)).isocalendar()
        last_week = [r for r in rows[:i] if r["data_date"].isocalendar()[:2] == (year, week)]
        weekly = None
        if last_week:
            extremes = max(r["high"] for r in last_week) + min(r["low"] for r in last_week)
            weekly = abs(row["close"] - (extremes + last_week[-1]["close"]) / 3)
        result.append(
            levels
            | {
                "distance_to_P": row["close"] - p,
                "distance_to_nearest_pivot": min(abs(row["close"] - x) for x in [*levels.values(), *others, *middles]),
                "weekly_pivot_distance": weekly,
                "price_above_P": row["close"] > p,
            }
        )
    return pd.DataFrame(result)


def test_levels_and_distances_by_hand() -> None:
    # Thursday 2020-12-31 is in week 53; Monday 2021-01-04 in week 1. H 12, L 9, C 9 of the session before: P 10, R1 11, R2 13,
    # R3 14, R4 21, S1 8, S2 7, S3 5, S4 0; in between 10.5 and 9. A close of 13.75 is 0.25 from R3.
    # The week before: H 13, L 9, C 9 give 31 / 3.
    sessions = sessions_on(["2020-12-30", "2020-12-31", "2021-01-04"], [13, 12, 14], [10, 9, 12], [11, 9, 13.75])
    frame = FAMILY.compute(sessions, {})
    assert frame.iloc[0].isna().all()
    assert frame.iloc[2].to_dict() == {
        "P": 10.0,
        "R1": 11.0,
        "R2": 13.0,
        "S1": 8.0,
        "S2": 7.0,
        "distance_to_P": 3.75,
        "distance_to_nearest_pivot": 0.25,
        "weekly_pivot_distance": pytest.approx(13.75 - 31 / 3, abs=1e-12),
        "price_above_P": True,
    }


@pytest.mark.parametrize(
    ("close", "distance"),
    [(10, 0), (10.75, 0.25), (13.25, 0.25), (14, 0), (20, 1), (25, 4), (9.5, 0.5), (8.25, 0.25), (5.5, 0.5), (1, 1)],
)
def test_each_of_the_eleven_levels_can_be_the_nearest(close: float, distance: float) -> None:
    frame = FAMILY.compute(sessions_on(["2021-01-04", "2021-01-05"], [12, 30], [9, 0.5], [9, close]), {})
    assert frame["distance_to_nearest_pivot"].iloc[1] == distance
    assert frame["distance_to_P"].iloc[1] == close - 10
    assert frame["price_above_P"].iloc[1] == (close > 10)


def test_a_week_without_sessions_is_not_replaced_by_an_older_one() -> None:
    sessions = sessions_on(["2021-01-08", "2021-01-18", "2021-01-25"], [3, 3, 3], [1, 1, 1], [2, 2, 2])
    frame = FAMILY.compute(sessions, {})
    assert frame["weekly_pivot_distance"].isna().tolist() == [True, True, False]
    assert frame["P"].isna().tolist() == [True, False, False]


def assert_equals_slow(sessions: pd.DataFrame) -> None:
    frame, expected = FAMILY.compute(sessions, {}), slow(sessions)
    for name in frame.columns:
        if name == "price_above_P":
            assert [None if pd.isna(v) else bool(v) for v in frame[name]] == expected[name].tolist()
        else:
            np.testing.assert_allclose(frame[name], expected[name].astype("float64"), rtol=0, atol=1e-9, err_msg=name)


def test_pivots_equal_a_slow_computation_over_gaps() -> None:
    assert_equals_slow(random_sessions(150))


def test_pivots_of_the_real_sessions_equal_a_slow_computation_and_leave_no_hole() -> None:
    sessions = real_sessions()
    frame = FAMILY.compute(sessions, {})
    # The first session has none before it; the first five are in the first week.
    assert frame["P"].isna().sum() == 1
    assert frame["weekly_pivot_distance"].isna().sum() == 5
    assert_equals_slow(sessions.tail(400).reset_index(drop=True))


def test_declared_and_scale_free() -> None:
    assert_as_declared(FAMILY, random_sessions(60), {})
    assert_scale_free(FAMILY, random_sessions(60), {})


@settings(max_examples=15)
@given(st.integers(0, 5), cuts)
def test_no_pivot_depends_on_later_sessions(seed: int, cut: int) -> None:
    assert_prefix_invariant(FAMILY, random_sessions(150, seed), {}, cut)


def test_one_session_has_no_pivots() -> None:
    assert FAMILY.compute(random_sessions(1), {}).isna().all(axis=None)
