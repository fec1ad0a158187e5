"""Rules about the training view and its file, green on sound rows and red on a seeded fault."""

import numpy as np
import pandas as pd
import pytest

from zl_assets.domain.rules import training
from zl_assets.domain.rules.training import (
    csv_equals_view,
    labelled_rows_at_least,
    split_right,
    target_right,
    targets_spanning_a_roll,
)
from zl_assets.domain.targets import forward_return
from zl_assets.warehouse.verdict import Verdict
from zl_assets_tests.support.contracts import MATRIX, MONTH, ZL
from zl_assets_tests.support.rows import (
    INF,
    NAN,
    Faults,
    assert_green_without,
    assert_red,
    one,
    predicates_of,
    shown_red,
    sound,
    with_value,
)


def at_a_month(view: pd.DataFrame) -> Verdict:
    return target_right(view, MONTH)


def at_the_split(view: pd.DataFrame) -> Verdict:
    return split_right(view, ZL.split_date)


RED: Faults = {
    "too few labels": (
        lambda f: labelled_rows_at_least(f, MONTH.target, 177),
        "view",
        lambda f: with_value(f, 0, "target_1m", NAN),
    ),
    "a target one row off": (at_a_month, "view", lambda f: f.assign(target_1m=f["target_1m"].shift(1))),
    "a target of 20 rows": (at_a_month, "view", lambda f: f.assign(target_1m=forward_return(f["close"], 20))),
    "a shuffled target": (
        at_a_month,
        "view",
        lambda f: f.assign(target_1m=np.random.default_rng(0).permutation(f["target_1m"])),
    ),
    "an invented last target": (at_a_month, "view", lambda f: with_value(f, -1, "target_1m", 0.0)),
    "a lost target": (at_a_month, "view", lambda f: with_value(f, 3, "target_1m", NAN)),
    "a wrong split": (at_the_split, "view", lambda f: with_value(f, 3, "split", "test")),
    "an unknown split": (at_the_split, "view", lambda f: with_value(f, 3, "split", pd.NA)),
    "another split date": (
        at_the_split,
        "view",
        lambda f: f.assign(data_date=f["data_date"] + pd.to_timedelta(1750, unit="D"), split="train"),
    ),
    "one bit in the CSV": (
        lambda f: csv_equals_view(f, sound("view")),
        "view",
        lambda f: with_value(f, 3, "close", np.nextafter(f["close"].iloc[3], INF)),
    ),
    "a NULL in the CSV": (
        lambda f: csv_equals_view(f, sound("view")),
        "view",
        lambda f: with_value(f, 3, "close", NAN),
    ),
    "a row missing in the CSV": (lambda f: csv_equals_view(f, sound("view")), "view", lambda f: one(f, 3)),
    "rolls that are not noticed": (
        lambda f: targets_spanning_a_roll(sound("view"), f, MONTH),
        MATRIX.table,
        lambda f: f.assign(is_roll=pd.array([False] * len(f), dtype="boolean")),
    ),
    "a roll every day": (
        lambda f: targets_spanning_a_roll(sound("view"), f, MONTH),
        MATRIX.table,
        lambda f: f.assign(is_roll=pd.array([True] * len(f), dtype="boolean")),
    ),
    "columns swapped in the CSV": (
        lambda f: csv_equals_view(f, sound("view")),
        "view",
        lambda f: f.rename(columns={"ma_5": "ma_21", "ma_21": "ma_5"}),
    ),
}


@pytest.mark.parametrize("fault", list(RED))
def test_a_seeded_fault_turns_its_predicate_red(fault: str) -> None:
    assert_red(RED, fault)


@pytest.mark.parametrize("fault", list(RED))
def test_without_the_fault_the_predicate_is_green(fault: str) -> None:
    assert_green_without(RED, fault)


def test_every_predicate_is_shown_red() -> None:
    assert predicates_of(training) == shown_red(RED)


def test_a_source_without_instrument_ids_is_not_blamed_for_its_rolls() -> None:
    unknown = sound(MATRIX.table).assign(is_roll=pd.array([pd.NA] * len(sound(MATRIX.table)), dtype="boolean"))
    verdict = targets_spanning_a_roll(sound("view"), unknown, MONTH)
    assert verdict.passed
    assert verdict.measured == "not known"


@pytest.mark.parametrize(("targets", "passes"), [(125, True), (126, False)])
def test_a_few_targets_that_span_no_roll_are_no_reason_to_ask_the_source(targets: int, passes: bool) -> None:
    """Seven targets of a history of 90 sessions: 0 % of them, and a warning."""
    matrix = sound(MATRIX.table).assign(is_roll=pd.array([False] * len(sound(MATRIX.table)), dtype="boolean"))
    view = sound("view").assign(target_1m=lambda f: f["target_1m"].where(f.index < targets))
    verdict = targets_spanning_a_roll(view, matrix, MONTH)
    assert verdict.passed is passes
    assert ("judged from 126 on" in verdict.explanation) is passes


def test_the_split_day_itself_is_test() -> None:
    days = pd.to_datetime(["2022-12-30", "2023-01-01", "2023-01-02"])
    view = pd.DataFrame({"data_date": days, "split": pd.array(["train", "test", "test"], dtype="string")})
    assert at_the_split(view).passed
    assert list(at_the_split(view.assign(split="train")).offenders["data_date"]) == list(days[1:])
    assert list(at_the_split(view.assign(split="test")).offenders["data_date"]) == [days[0]]
