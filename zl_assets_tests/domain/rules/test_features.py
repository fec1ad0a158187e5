"""Rules about technical features, green on sound rows and red on a seeded fault."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from zl_assets.domain.matrix import build_matrix
from zl_assets.domain.regimes import regime_weights
from zl_assets.domain.rules import features
from zl_assets.domain.rules.features import (
    features_complete,
    features_null_only_in_warm_up,
    prefix_invariant,
    raw_volatility_plausible,
    roll_columns_sound,
    rsi_in_range,
    volatility_in_plan,
    volatility_plausible,
)
from zl_assets.domain.rules.rows import feature_rules
from zl_assets.warehouse.verdict import Verdict
from zl_assets_tests.support.builders import bars_of, features_of, random_closes, sessions_of
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
        ("roll_index", 300.0, "volatility_plausible"),
        ("return_1d", 0.9, "volatility_plausible"),
        ("ma_5", INF, "features_finite"),
        ("return_1d", -INF, "features_finite"),
    ],
)
def test_an_impossible_feature_is_red(table: str, column: str, value: float, rule: str) -> None:
    # In neither table a session on which the contract changes.
    broken = with_value(sound(table), 140, column, value)
    assert rule in {v.name for v in (assertion(broken) for assertion in ROW_RULES[table]) if not v.passed}


def test_the_bounds_themselves_are_allowed() -> None:
    frame = with_value(with_value(sound(FEATURES.table), 150, "rsi_14", 100.0), 151, "rsi_14", 0.0)
    assert rsi_in_range(frame).passed
    assert volatility_in_plan(with_value(frame, 150, "volatility_21d", 0.5)).passed


GAP, MOST = 1.6, ZL.plausibility.volatility


def moved(ids: Sequence[int | None], factors: dict[int, float]) -> pd.DataFrame:
    """Sessions of these contracts, whose prices are multiplied from a session on by its factor."""
    level = np.cumprod([factors.get(session, 1.0) for session in range(len(ids))])
    return sessions_of(random_closes(len(ids)) * level).assign(instrument_id=pd.array(ids, dtype="Int64"))


def features_with_print(sessions: pd.DataFrame, at: int, column: str, factor: float) -> pd.DataFrame:
    """The features of the sessions with one bad print."""
    return features_of(with_value(sessions, at, column, sessions[column].iloc[at] * factor))


def test_a_roll_gap_of_60_percent_is_no_volatility() -> None:
    frame = features_of(moved([1] * 60 + [2] * 60, {60: GAP}))
    assert frame["volatility_21d"].max() > MOST
    verdict = volatility_plausible(frame, MOST)
    assert verdict.passed
    assert raw_volatility_plausible(frame, MOST).passed
    # The same by pandas, from the index alone.
    expected = (frame["roll_index"] / frame["roll_index"].shift() - 1).rolling(21).std().max()
    assert f"The largest is {expected:.4f}" in verdict.explanation.replace("the largest", "The largest")
    assert "of 99 rows" in verdict.explanation
    assert all(rule(frame).passed for rule in ROW_RULES[FEATURES.table])


# Of 120 sessions; the print is on session 70.
IDS: dict[str, list[int | None]] = {
    "one contract": [1] * 120,
    "a roll 20 sessions before": [1] * 50 + [2] * 70,
    "a roll on the day itself": [1] * 70 + [2] * 50,
    "a roll on the next day": [1] * 71 + [2] * 49,
    "no instrument_id on the day, the same contract around it": [1] * 70 + [None] + [1] * 49,
    "no instrument_id for 30 sessions, the same contract around them": [1] * 50 + [None] * 30 + [1] * 40,
    "instrument_id from 20 sessions before": [None] * 50 + [1] * 70,
    "instrument_id from the day before": [None] * 69 + [1] * 51,
}


@pytest.mark.parametrize("ids", list(IDS))
@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_a_bad_print_within_a_contract_is_refused_whatever_the_roll_columns_are(ids: str, factor: float) -> None:
    sessions = moved(IDS[ids], {})
    assert volatility_plausible(features_of(sessions), MOST).passed
    frame = features_with_print(sessions, 70, "close", factor)
    assert not volatility_plausible(frame, MOST).passed
    assert "volatility_plausible" in {v.name for v in (rule(frame) for rule in feature_rules(ZL)) if not v.passed}


def test_a_bad_open_where_the_contract_changes_is_refused() -> None:
    sessions = moved([1] * 70 + [2] * 50, {})
    assert not volatility_plausible(features_with_print(sessions, 70, "open", 3.0), MOST).passed
    # Elsewhere no feature is made of an open.
    assert volatility_plausible(features_with_print(sessions, 80, "open", 3.0), MOST).passed


def test_a_false_roll_index_cannot_hide_a_bad_print() -> None:
    frame = features_with_print(moved([1] * 120, {}), 70, "close", 2.0).assign(roll_index=100.0)
    verdict = volatility_plausible(frame, MOST)
    assert not verdict.passed
    assert verdict.offenders["data_date"].iloc[0] == frame["data_date"].iloc[70]


@pytest.mark.parametrize("ids", [[None] * 120, [None] * 90 + [1] * 30, [1] * 60 + [None] * 60, [1] * 60 + [None] * 20 + [2] * 40])
def test_a_gap_that_nobody_can_tell_from_a_bad_print_only_warns(ids: list[int | None]) -> None:
    """Without instrument_id, before the first one, after the last one, and between two contracts."""
    frame = features_of(moved(ids, {70: GAP}))
    assert volatility_plausible(frame, MOST).passed
    assert all(rule(frame).passed for rule in ROW_RULES[FEATURES.table])
    verdict = raw_volatility_plausible(frame, MOST)
    assert not verdict.passed
    assert verdict.offenders["data_date"].iloc[0] == frame["data_date"].iloc[70]


def test_without_instrument_id_the_blocking_check_says_that_it_has_judged_nothing() -> None:
    verdict = volatility_plausible(features_of(moved([None] * 120, {})), MOST)
    assert verdict.passed
    assert verdict.explanation.startswith("None of 120 rows could be judged")


def test_a_roll_gap_in_the_warm_up_of_the_matrix_does_not_warn() -> None:
    sessions = moved([1] * 60 + [2] * 60, {60: GAP})
    matrix = build_matrix(sessions, features_of(sessions), regime_weights(), ZL)
    assert matrix["volatility_21d"].iloc[0] > MOST
    assert volatility_plausible(matrix, MOST).passed
    assert raw_volatility_plausible(matrix, MOST).passed


def test_the_volatility_of_one_symbol_is_not_that_of_another() -> None:
    """A frame of two symbols whose last and first levels differ."""
    two = pd.concat([sound(FEATURES.table), sound(FEATURES.table).assign(symbol="ZZ")])
    two.loc[two["symbol"] == "ZZ", "roll_index"] *= 50
    assert volatility_plausible(two, MOST).passed


RED: Faults = {
    "a step of the roll index": (
        lambda f: volatility_plausible(f, MOST),
        FEATURES.table,
        lambda f: f.assign(roll_index=f["roll_index"].where(f.index < 120, f["roll_index"] * 2)),
    ),
    "a raw step without instrument_id": (
        lambda f: raw_volatility_plausible(f, MOST),
        FEATURES.table,
        lambda f: with_value(f.assign(roll_index=NAN, is_roll=pd.NA), 120, "volatility_21d", 0.2),
    ),
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
        "features_finite",
    }


def test_the_cuts_lie_inside_the_warm_up_and_after_it() -> None:
    explanation = same_on_prefixes(sound(FEATURES.table)).explanation
    cuts = [int(number) for number in explanation.partition("first ")[2].partition(" sessions")[0].split(", ")]
    assert cuts[:3] == [10, 40, 62]
    assert len(cuts) == 8
    assert max(cuts) > 150
