"""Rules about technical features, green on sound rows and red on a seeded fault."""

import numpy as np
import pandas as pd
import pytest

from zl_assets.domain.rules import features
from zl_assets.domain.rules.features import (
    features_complete,
    features_null_only_in_warm_up,
    prefix_invariant,
    roll_columns_sound,
    rsi_in_range,
    volatility_in_plan,
    volatility_plausible,
)
from zl_assets.warehouse.verdict import Verdict
from zl_assets_tests.support.builders import bars_of
from zl_assets_tests.support.contracts import FEATURES, MATRIX, ROW_RULES, SESSIONS, ZL
from zl_assets_tests.support.rows import (
    INF,
    NAN,
    Faults,
    assert_green_without,
    assert_red,
    predicates_of,
    shown_red,
    sound,
    with_value,
)


def same_on_prefixes(features: pd.DataFrame) -> Verdict:
    sessions = sound(SESSIONS.table)
    return prefix_invariant(features, sessions, bars_of(sessions), ZL)


@pytest.mark.parametrize("table", [FEATURES.table, MATRIX.table])
@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("rsi_14", 100.1, "rsi_in_range"),
        ("rsi_14", -0.1, "rsi_in_range"),
        ("volatility_21d", -0.001, "volatility_in_plan"),
        ("volatility_21d", 0.51, "volatility_in_plan"),
        ("volatility_21d", 0.11, "volatility_plausible"),
        ("ma_5", INF, "features_finite"),
        ("return_1d", -INF, "features_finite"),
    ],
)
def test_an_impossible_feature_is_red(table: str, column: str, value: float, rule: str) -> None:
    broken = with_value(sound(table), 150, column, value)
    assert rule in {v.name for v in (assertion(broken) for assertion in ROW_RULES[table]) if not v.passed}


def test_the_bounds_themselves_are_allowed() -> None:
    frame = with_value(with_value(sound(FEATURES.table), 150, "rsi_14", 100.0), 151, "rsi_14", 0.0)
    assert rsi_in_range(frame).passed
    assert volatility_in_plan(with_value(frame, 150, "volatility_21d", 0.5)).passed
    assert volatility_plausible(with_value(frame, 150, "volatility_21d", 0.10), ZL.plausibility.volatility).passed


RED: Faults = {
    "a hole in a feature": (
        features_null_only_in_warm_up,
        FEATURES.table,
        lambda f: with_value(f, 100, "ma_5", NAN),
    ),
    "an incomplete matrix row": (features_complete, MATRIX.table, lambda f: with_value(f, 5, "ma_63", NAN)),
    "a roll index of zero": (roll_columns_sound, FEATURES.table, lambda f: with_value(f, 9, "roll_index", 0.0)),
    "an infinite roll index": (roll_columns_sound, MATRIX.table, lambda f: with_value(f, 9, "roll_index", INF)),
    "half of the roll columns": (roll_columns_sound, FEATURES.table, lambda f: with_value(f, 9, "is_roll", pd.NA)),
    "a back-filled warm-up": (same_on_prefixes, FEATURES.table, lambda f: f.assign(ma_63=f["ma_63"].bfill())),
    "a centred mean": (
        same_on_prefixes,
        FEATURES.table,
        lambda f: f.assign(ma_21=sound(SESSIONS.table)["close"].rolling(21, center=True).mean()),
    ),
    "a feature one row early": (same_on_prefixes, FEATURES.table, lambda f: f.assign(rsi_14=f["rsi_14"].shift(-1))),
    "a back-adjusted index": (
        same_on_prefixes,
        FEATURES.table,
        lambda f: f.assign(roll_index=f["roll_index"] / f["roll_index"].iloc[-1] * 100),
    ),
    "one last bit": (
        same_on_prefixes,
        FEATURES.table,
        lambda f: with_value(f, 30, "volatility_21d", np.nextafter(f["volatility_21d"].iloc[30], INF)),
    ),
}


@pytest.mark.parametrize("fault", list(RED))
def test_a_seeded_fault_turns_its_predicate_red(fault: str) -> None:
    assert_red(RED, fault)


@pytest.mark.parametrize("fault", list(RED))
def test_without_the_fault_the_predicate_is_green(fault: str) -> None:
    assert_green_without(RED, fault)


def test_every_predicate_is_shown_red() -> None:
    assert predicates_of(features) == shown_red(RED) | {
        "rsi_in_range",
        "volatility_in_plan",
        "volatility_plausible",
        "features_finite",
    }


def test_the_cuts_lie_inside_the_warm_up_and_after_it() -> None:
    explanation = same_on_prefixes(sound(FEATURES.table)).explanation
    cuts = [int(number) for number in explanation.partition("first ")[2].partition(" sessions")[0].split(", ")]
    assert cuts[:3] == [10, 40, 62]
    assert len(cuts) == 8
    assert max(cuts) > 150
