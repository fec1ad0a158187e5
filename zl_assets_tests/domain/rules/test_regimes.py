"""Rules about regimes, green on sound rows and red on a seeded fault."""

import pandas as pd
import pytest

from zl_assets.contracts.regimes import REGIME_WEIGHTS
from zl_assets.domain.rules import regimes
from zl_assets.domain.rules.regimes import distinct_regimes, regimes_cover_the_calendar, regimes_named, seven_regimes
from zl_assets_tests.support.contracts import MATRIX
from zl_assets_tests.support.rows import (
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


def regime(name: str, **values: object) -> pd.DataFrame:
    weights = sound(REGIME_WEIGHTS.table)
    for column, value in values.items():
        weights.loc[weights["regime"] == name, column] = value
    return weights


RED: Faults = {
    "no regime name": (regimes_named, MATRIX.table, lambda f: with_value(f, 5, "regime.name", pd.NA)),
    "no regime weight": (regimes_named, MATRIX.table, lambda f: with_value(f, 5, "regime.weight", pd.NA)),
    "six regimes": (seven_regimes, REGIME_WEIGHTS.table, lambda f: one(f, 3)),
    "eight regimes": (seven_regimes, REGIME_WEIGHTS.table, lambda f: pd.concat([f, f.iloc[[0]].assign(regime="x")])),
    "a regime twice": (seven_regimes, REGIME_WEIGHTS.table, lambda f: doubled(f, 0)),
    "weight 0": (seven_regimes, REGIME_WEIGHTS.table, lambda f: with_value(f, 0, "weight", 0)),
    "weight NULL": (seven_regimes, REGIME_WEIGHTS.table, lambda f: with_value(f, 0, "weight", pd.NA)),
    "a gap between regimes": (
        regimes_cover_the_calendar,
        REGIME_WEIGHTS.table,
        lambda _: regime("inflation", end_date=pd.Timestamp("2022-12-30")),
    ),
    "overlapping regimes": (
        regimes_cover_the_calendar,
        REGIME_WEIGHTS.table,
        lambda _: regime("inflation", end_date=pd.Timestamp("2023-01-01")),
    ),
    "regimes end early": (
        regimes_cover_the_calendar,
        REGIME_WEIGHTS.table,
        lambda _: regime("trump_term", end_date=pd.Timestamp("2029-12-30")),
    ),
    "a regime without dates": (
        regimes_cover_the_calendar,
        REGIME_WEIGHTS.table,
        lambda _: regime("covid_crash", start_date=pd.NaT, end_date=pd.NaT),
    ),
    "one regime only": (
        lambda f: distinct_regimes(f, sound(REGIME_WEIGHTS.table)),
        MATRIX.table,
        lambda f: f.assign(**{"regime.name": "pre_trade_war"}),
    ),
    "one regime and weight 1, although the dates reach several": (
        lambda f: distinct_regimes(f, sound(REGIME_WEIGHTS.table)),
        MATRIX.table,
        lambda f: f.assign(**{"regime.name": "pre_trade_war", "regime.weight": 1}),
    ),
    "another regime's name in a history of one regime": (
        lambda f: distinct_regimes(f, sound(REGIME_WEIGHTS.table)),
        MATRIX.table,
        lambda f: f[f["data_date"] < "2018-01-01"].assign(**{"regime.name": "inflation"}),
    ),
    "a weight that is not the regime's": (
        lambda f: distinct_regimes(f, sound(REGIME_WEIGHTS.table)),
        MATRIX.table,
        lambda f: with_value(f, 5, "regime.weight", 1),
    ),
    "two regimes that have changed places": (
        lambda f: distinct_regimes(f, sound(REGIME_WEIGHTS.table)),
        MATRIX.table,
        lambda f: f.assign(**{"regime.name": f["regime.name"].map({"pre_trade_war": "trade_war", "trade_war": "pre_trade_war"})}),
    ),
    "no row": (
        lambda f: distinct_regimes(f, sound(REGIME_WEIGHTS.table)),
        MATRIX.table,
        lambda f: f.iloc[:0],
    ),
    "a regime that these dates cannot have": (
        lambda f: distinct_regimes(f, sound(REGIME_WEIGHTS.table)),
        MATRIX.table,
        lambda f: with_value(f, 5, "regime.name", "unknown"),
    ),
}


@pytest.mark.parametrize("fault", list(RED))
def test_a_seeded_fault_turns_its_predicate_red(fault: str) -> None:
    assert_red(RED, fault)


@pytest.mark.parametrize("fault", list(RED))
def test_without_the_fault_the_predicate_is_green(fault: str) -> None:
    assert_green_without(RED, fault)


def test_a_history_within_one_regime_has_one() -> None:
    """Refused until now, with a bound that no setting could meet."""
    matrix = sound(MATRIX.table)
    verdict = distinct_regimes(matrix[matrix["data_date"] < "2018-01-01"], sound(REGIME_WEIGHTS.table))
    assert verdict.passed
    assert verdict.measured == 1
    assert "the 1 that the dates reach (pre_trade_war)" in verdict.bound


def test_a_row_without_a_regime_is_not_called_another_regimes() -> None:
    assert distinct_regimes(with_value(sound(MATRIX.table), 5, "regime.name", pd.NA), sound(REGIME_WEIGHTS.table)).passed


def test_every_predicate_is_shown_red() -> None:
    assert predicates_of(regimes) == shown_red(RED)
