"""The protocol's steps against hand-worked cases, and what a measurement refuses."""

import dataclasses
import json
import math
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from zl_assets.contracts.ledger import LEDGER
from zl_assets.domain.families.base import Expected, Family, FamilyColumn, ModelInput, SourceNeed
from zl_assets.model.errors import TrainingFault
from zl_assets.model.fit.design import BASE_NAMES
from zl_assets.model.impact.config import ImpactConfig
from zl_assets.model.impact.decision import Decision, decide, keep_bound
from zl_assets.model.impact.effect import p_value, rank_correlation, smallest_effect
from zl_assets.model.impact.ledger import (
    is_recorded,
    looks_numbered,
    measured_row,
    newest_rows,
    next_look,
    next_row,
    untested_row,
)
from zl_assets.model.impact.measure import Impact, measure
from zl_assets.model.impact.registration import Registration, register, shifts_of
from zl_assets.model.impact.rows import ImpactRows, TooFew, impact_rows
from zl_assets.warehouse.contract import Column, ColumnType
from zl_assets.warehouse.errors import DataFault
from zl_assets.warehouse.frames import validate
from zl_assets.warehouse.verdict import Verdict
from zl_assets_tests.model.views import random_walk_view
from zl_assets_tests.support.contracts import MONTH, ZL

GREEN = Verdict("prefix_invariant", True, 0, "0 values that differ", pd.DataFrame(), "No value differs.")
RED = dataclasses.replace(GREEN, passed=False, measured=9, explanation="9 values differ on the first 40 sessions.")
FEW = ImpactConfig(shifts=239, boosting_shifts=1)


def family_of(
    compute: Callable[[pd.DataFrame], "pd.Series[float]"] = lambda frame: frame["pivots_P"] / frame["close"] - 1, **changes: Any
) -> Family:
    """A family of one column, `pivots.P`, and one input made of it and the close."""
    column = FamilyColumn(Column("P", ColumnType.FLOAT64, "pivot"), "pivots", "(H + L + C) / 3", ("zl_ohlcv.close",))
    values: dict[str, Any] = {
        "name": "pivots",
        "phase": "v1",
        "description": "pivots",
        "columns": (column,),
        "needs": (SourceNeed("fred_observations", ("VIXCLS",), "the next business day"),),
        "inputs": (ModelInput("pivot_distance", ("pivots_P", "close"), compute),),
        "compute": lambda sessions, sources: sessions,
    }
    return Family(**(values | changes))


def matrix_of(view: pd.DataFrame, values: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"data_date": view["data_date"], "symbol": "ZL", "pivots.P": values})


def registered(family: Family, config: ImpactConfig, base: Sequence[str] = BASE_NAMES) -> Registration:
    return register(family, [], base, config, ZL, MONTH)


def asked(
    view: pd.DataFrame, values: np.ndarray, family: Family | None = None, gates: Sequence[Verdict] = (GREEN,)
) -> ImpactRows | TooFew:
    return impact_rows(view, matrix_of(view, values), family or family_of(), [], gates, ZL, MONTH)


def rows_of(view: pd.DataFrame, values: np.ndarray, family: Family | None = None) -> ImpactRows:
    rows = asked(view, values, family)
    assert isinstance(rows, ImpactRows)
    return rows


def too_few(view: pd.DataFrame, values: np.ndarray, family: Family | None = None) -> TooFew:
    few = asked(view, values, family)
    assert isinstance(few, TooFew)
    return few


def with_seldom(values: int) -> Family:
    """Beside the distance an input that has a value on so many of the newest rows, and one that is never there."""

    def newest(frame: pd.DataFrame) -> "pd.Series[float]":
        return frame["pivots_P"].where(np.arange(len(frame)) >= len(frame) - 21 - values)

    def never(frame: pd.DataFrame) -> "pd.Series[float]":
        return frame["pivots_P"] * np.nan

    seldom, absent = ModelInput("seldom", ("pivots_P",), newest), ModelInput("absent", ("pivots_P",), never)
    return family_of(inputs=(*family_of().inputs, seldom, absent))


def events(view: pd.DataFrame, count: int) -> np.ndarray:
    """1 on so many sessions, evenly spread over the labelled ones, and else 0."""
    values = np.zeros(len(view))
    values[np.linspace(0, len(view) - 22, count).round().astype(int)] = 1.0
    return values


def ledger_of(*rows: pd.DataFrame) -> pd.DataFrame:
    """Rows as a table gives them back: a column without a value keeps its type."""
    return pd.DataFrame([row for frame in rows for row in frame.to_dict("records")]).astype(rows[0].dtypes.to_dict())


EVENTS = family_of(lambda frame: frame["pivots_P"])


@pytest.fixture(scope="module")
def view() -> pd.DataFrame:
    return random_walk_view(sessions=1400)


@pytest.fixture(scope="module")
def noise(view: pd.DataFrame) -> np.ndarray:
    return np.asarray(view["close"] * (1 + np.random.default_rng(1).normal(0, 0.01, len(view))))


@pytest.fixture(scope="module")
def rows(view: pd.DataFrame, noise: np.ndarray) -> ImpactRows:
    return rows_of(view, noise)


@pytest.fixture(scope="module")
def measured(rows: ImpactRows) -> Impact:
    return measure(rows, registered(family_of(), FEW), 1)


# --- the decision


@pytest.mark.parametrize(
    ("p", "effect", "look", "decision"),
    [
        (1 / 240, 0.01, 1, Decision.KEEP),
        (2 / 400, 0.01, 1, Decision.KEEP),  # 0.05 / 10 = 2/400: the bound itself is enough
        (3 / 400, 0.01, 1, Decision.PROVISIONAL),
        (1 / 400, 0.01, 2, Decision.KEEP),  # 0.05 / 20 = 1/400
        (2 / 400, 0.01, 2, Decision.PROVISIONAL),
        (1 / 400, 0.01, 3, Decision.PROVISIONAL),
        (1 / 600, 0.01, 3, Decision.KEEP),
        (12 / 240, 0.01, 1, Decision.PROVISIONAL),  # 0.05
        (13 / 240, 0.01, 1, Decision.INCONCLUSIVE),
        (1 / 240, -0.01, 1, Decision.INCONCLUSIVE),  # better than its copies, and still a harm
        (1 / 240, 0.0, 1, Decision.INCONCLUSIVE),
        (0.5, -0.01, 1, Decision.REJECT),
        (0.49, -0.01, 1, Decision.INCONCLUSIVE),
        (0.9, 0.01, 1, Decision.INCONCLUSIVE),
        (1.0, 0.0, 1, Decision.INCONCLUSIVE),
    ],
)
def test_decisions_worked_by_hand(p: float, effect: float, look: int, decision: Decision) -> None:
    assert decide(p, effect, look) is decision


def test_the_bound_is_shared_by_ten_families_and_all_looks() -> None:
    assert keep_bound(1) == pytest.approx(1 / 200)
    assert keep_bound(4) == pytest.approx(1 / 800)


@pytest.mark.parametrize("look", range(1, 60))
def test_every_look_has_shifts_enough_for_its_bound(look: int) -> None:
    shifts = shifts_of(ImpactConfig(), look)
    assert shifts == max(399, 200 * look - 1)
    assert decide(p_value(1.0, np.zeros(shifts)), 0.01, look) is Decision.KEEP


def test_p_counts_the_family_itself_and_ties_against_it() -> None:
    assert p_value(5.0, np.array([1.0, 2.0, 3.0])) == 1 / 4
    assert p_value(2.0, np.array([1.0, 2.0, 3.0])) == 3 / 4
    assert p_value(2.0, np.array([3.0, 1.0, 2.0])) == 3 / 4
    assert p_value(0.0, np.array([1.0, 2.0, 3.0])) == 1.0


@pytest.mark.parametrize("shifts", [19, 20, 39, 239, 399])
def test_the_smallest_effect_is_just_where_p_falls_to_the_level(shifts: int) -> None:
    placebo = np.random.default_rng(shifts).normal(0.01, 0.01, shifts)
    edge = smallest_effect(placebo, 0.05)
    assert p_value(np.nextafter(edge, 1), placebo) <= 0.05
    assert edge == 0.0 or p_value(edge, placebo) > 0.05


def test_the_smallest_effect_is_no_harm_and_none_where_there_are_too_few_shifts() -> None:
    assert smallest_effect([-0.3, -0.2, -0.1] * 10, 0.05) == 0.0
    assert smallest_effect([0.1] * 18, 0.05) == math.inf


# --- what is registered


def test_another_choice_is_another_registration_and_the_same_is_the_same() -> None:
    first = registered(family_of(), ImpactConfig())
    assert first.id == registered(family_of(), ImpactConfig()).id
    later = SourceNeed("fred_observations", ("VIXCLS",), "a day later")
    others = [
        registered(family_of(), ImpactConfig(), BASE_NAMES[:-1]),
        registered(family_of(), ImpactConfig(seed=1)),
        registered(family_of(), ImpactConfig(shifts=400)),
        registered(family_of(needs=(later,)), ImpactConfig()),
        registered(family_of(name="other"), ImpactConfig()),
    ]
    assert len({first.id, *(other.id for other in others)}) == 6
    text = json.loads(first.text)
    assert text["releases"] == ["fred_observations VIXCLS: the next business day"]
    assert text["columns"] == ["pivots.P FLOAT64: (H + L + C) / 3"]
    assert (text["protocol"]["folds"], text["protocol"]["gap"], text["config"]["seed"]) == (6, 21, 20100607)


@pytest.mark.parametrize(
    ("choice", "said"),
    [({"shifts": 238}, "shifts=238 .* at least 239"), ({"boosting_shifts": 0}, "at least 1"), ({"seed": -1}, "0 or more")],
)
def test_a_choice_below_the_protocol_is_refused(choice: dict[str, int], said: str) -> None:
    with pytest.raises(TrainingFault, match=said):
        ImpactConfig(**choice)


def test_a_family_without_inputs_or_with_a_name_of_the_base_is_refused() -> None:
    with pytest.raises(TrainingFault, match="no model inputs"):
        registered(family_of(inputs=()), FEW)
    twice = ModelInput("rsi_14", ("pivots_P",), lambda frame: frame["pivots_P"])
    with pytest.raises(TrainingFault, match="already has a column rsi_14"):
        registered(family_of(inputs=(twice,)), FEW)


# --- the rows


def test_rows_without_a_value_are_left_out_of_both_and_nothing_is_filled_in(
    view: pd.DataFrame, noise: np.ndarray, rows: ImpactRows
) -> None:
    holes = noise.copy()
    holes[:40] = np.nan
    holes[500] = np.nan
    fewer = rows_of(view, holes)
    assert fewer.left_out == 41
    assert len(fewer.target) == len(rows.target) - 41
    at = np.flatnonzero(~np.isnan(holes[: len(rows.target)]))
    np.testing.assert_array_equal(fewer.family["pivot_distance"], rows.family["pivot_distance"].iloc[at])
    np.testing.assert_array_equal(fewer.base, rows.base.iloc[at])
    np.testing.assert_array_equal(fewer.target, rows.target[at])
    assert fewer.sha256 != rows.sha256


def test_the_newest_rows_without_a_label_are_not_there(view: pd.DataFrame, rows: ImpactRows) -> None:
    assert len(rows.target) == len(view) - 21
    np.testing.assert_array_equal(rows.target, view["target_1m"][:-21])
    assert list(rows.base) == list(BASE_NAMES)


def test_a_kept_family_is_part_of_the_base_and_other_symbols_are_not_read(view: pd.DataFrame, noise: np.ndarray) -> None:
    other = FamilyColumn(Column("P", ColumnType.FLOAT64, "other"), "mine", "made up", ("zl_ohlcv.close",))
    kept = family_of(
        name="kept", columns=(other,), inputs=(ModelInput("kept_input", ("mine_P",), lambda frame: frame["mine_P"].abs()),)
    )
    matrix = matrix_of(view, noise).assign(**{"mine.P": -noise})
    foreign = matrix.assign(**{"symbol": "MES", "pivots.P": 1e9})
    # The view has the columns of a kept family as well; the matrix is where they are read from.
    wide = view.assign(mine_P=0.0)
    rows = impact_rows(wide, pd.concat([matrix, foreign], ignore_index=True), family_of(), [kept], [GREEN], ZL, MONTH)
    assert isinstance(rows, ImpactRows)
    assert list(rows.base) == [*BASE_NAMES, "kept_input"]
    np.testing.assert_array_equal(rows.base["kept_input"], noise[:-21])
    assert rows.family["pivot_distance"].abs().max() < 1


def test_infinite_values_and_text_are_refused_by_name(view: pd.DataFrame, noise: np.ndarray) -> None:
    with pytest.raises(TrainingFault, match="Family pivots: input pivot_distance is infinite on 1 rows"):
        asked(view, np.where(np.arange(len(noise)) == 7, np.inf, noise))
    with pytest.raises(TrainingFault, match="pivot_distance must be made of numbers"):
        asked(view, noise, family_of(lambda frame: frame["pivots_P"].astype("string")))


def test_an_input_that_stands_still_beside_others_is_refused_by_name(view: pd.DataFrame, noise: np.ndarray) -> None:
    still = ModelInput("still", ("pivots_P",), lambda frame: frame["pivots_P"] * 0 + 2)
    with pytest.raises(TrainingFault, match=r"the same value on all \d+ rows in still \(2.0\)"):
        asked(view, noise, family_of(inputs=(*family_of().inputs, still)))


# --- what is left out, and what cannot be tested


def test_inputs_that_the_sources_cannot_fill_take_no_rows_from_the_others(
    view: pd.DataFrame, noise: np.ndarray, rows: ImpactRows
) -> None:
    fewer = rows_of(view, noise, with_seldom(1133))
    assert fewer.unfilled == ("seldom", "absent")
    assert (fewer.left_out, fewer.sha256) == (0, rows.sha256)
    # A value on 1,134 labelled rows is enough, and then the rows without one are left out.
    enough = rows_of(view, noise, with_seldom(1134))
    assert enough.unfilled == ("absent",)
    assert (len(enough.target), enough.left_out) == (1134, len(rows.target) - 1134)
    assert list(enough.family) == ["pivot_distance", "seldom"]


def test_what_is_left_out_depends_on_no_target(view: pd.DataFrame, noise: np.ndarray) -> None:
    target = np.random.default_rng(7).permutation(view["target_1m"].iloc[:-21])
    other = view.assign(target_1m=np.append(target, [np.nan] * 21))
    assert rows_of(other, noise, with_seldom(1133)).unfilled == ("seldom", "absent")
    # The 21 newest rows have no label, and count for nothing.
    ahead = family_of(lambda frame: frame["pivots_P"].where(np.arange(len(frame)) >= len(frame) - 1134))
    assert too_few(view, noise, ahead).unfilled == ("pivot_distance",)


def test_inputs_of_a_kept_family_that_the_sources_cannot_fill_take_no_rows(view: pd.DataFrame, noise: np.ndarray) -> None:
    column = FamilyColumn(Column("P", ColumnType.FLOAT64, "other"), "mine", "made up", ("zl_ohlcv.close",))
    filled = ModelInput("filled", ("mine_P",), lambda frame: frame["mine_P"].abs())
    absent = ModelInput("absent", ("mine_P",), lambda frame: frame["mine_P"] * np.nan)
    kept = family_of(name="kept", columns=(column,), inputs=(filled, absent))
    matrix = matrix_of(view, noise).assign(**{"mine.P": -noise})
    rows = impact_rows(view, matrix, family_of(), [kept], [GREEN], ZL, MONTH)
    assert isinstance(rows, ImpactRows)
    assert list(rows.base) == [*BASE_NAMES, "filled"]
    assert (rows.left_out, rows.unfilled) == (0, ())


def test_a_family_with_too_few_complete_rows_is_not_testable(view: pd.DataFrame, noise: np.ndarray) -> None:
    holes = np.where(np.arange(len(noise)) < 300, np.nan, noise)
    few = too_few(view, holes)
    assert (few.unfilled, few.rows, few.left_out) == (("pivot_distance",), 0, len(view) - 21)
    assert re.match(r"None of its inputs has a value on 1,134 of the 1,317 .* Most values: pivot_distance 1,017\.", few.reason)
    # Each input has enough values, and all of them together have not.
    early = ModelInput("early", ("pivots_P",), lambda frame: frame["pivots_P"].where(np.arange(len(frame)) < 1150))
    late = ModelInput("late", ("pivots_P",), lambda frame: frame["pivots_P"].where(np.arange(len(frame)) >= 150))
    apart = too_few(view, noise, family_of(inputs=(early, late)))
    assert (apart.unfilled, apart.rows) == ((), 1000)
    assert re.match(r"1,000 of 1,317 labelled rows have .* all inputs, .* need 1,134\. .*early 1,150, late 1,167", apart.reason)
    assert re.match("None of its inputs", too_few(view, np.full(len(noise), np.nan)).reason)


def test_a_family_with_too_few_events_is_not_testable(view: pd.DataFrame) -> None:
    few = too_few(view, events(view, 209), EVENTS)
    assert (few.rows, few.left_out, few.unfilled) == (len(view) - 21, 0, ())
    assert "On 209 of 1,317 rows some input differs from its own most common value, and 210 are needed" in few.reason
    assert len(rows_of(view, events(view, 210), EVENTS).target) == len(view) - 21
    # Where the usual value is 1 the zeros are the events, and where it never changes there is none.
    assert "On 100 of" in too_few(view, 1 - events(view, 100), EVENTS).reason
    assert "On 0 of" in too_few(view, np.full(len(view), 2.0), EVENTS).reason


def test_events_beside_an_input_that_moves_every_day_do_not_stop_a_family(view: pd.DataFrame) -> None:
    """Each row differs from the most common value of some input, as with rain beside rare alerts."""
    daily = ModelInput("daily", ("close",), lambda frame: frame["close"])
    assert list(rows_of(view, events(view, 20), family_of(inputs=(*EVENTS.inputs, daily))).family) == ["pivot_distance", "daily"]


def test_the_hash_sees_every_number(rows: ImpactRows) -> None:
    def nudged(values: Any) -> Any:
        changed = values.copy()
        changed.iloc[9] = np.nextafter(changed.iloc[9], 1)
        return changed

    target = rows.target.copy()
    target[0] = np.nextafter(target[0], 1)
    others = [
        dataclasses.replace(rows, base=rows.base.apply(nudged)),
        dataclasses.replace(rows, family=rows.family.apply(nudged)),
        dataclasses.replace(rows, target=target),
        dataclasses.replace(rows, family=rows.family.rename(columns={"pivot_distance": "x"})),
        dataclasses.replace(rows, dates=rows.dates + pd.Timedelta(days=1)),
    ]
    assert len({rows.sha256, *(other.sha256 for other in others)}) == 6
    assert dataclasses.replace(rows, dates=rows.dates.as_unit("ns")).sha256 == rows.sha256


# --- the measurement


def test_a_family_that_a_gate_stops_is_not_measured(view: pd.DataFrame, noise: np.ndarray) -> None:
    """Without rows there is nothing to measure on."""
    with pytest.raises(DataFault, match=r"pivots is stopped by its gates.*\n  prefix_invariant failed: 9 values differ"):
        asked(view, noise, gates=[GREEN, RED])
    with pytest.raises(ValueError, match="no gate was asked"):
        asked(view, noise, gates=[])


def test_noise_is_not_kept_and_its_numbers_fit_together(measured: Impact, rows: ImpactRows) -> None:
    assert measured.decision in (Decision.INCONCLUSIVE, Decision.REJECT)
    assert measured.ridge.low < measured.ridge.value < measured.ridge.high
    assert measured.ridge.value == pytest.approx((measured.mse_base - measured.mse_family) / measured.mse_zero)
    assert measured.ridge.p == (1 + sum(effect >= measured.ridge.value for effect in measured.ridge.placebo)) / 240
    assert measured.test_rows == sum(measured.by_fold["rows"]) == sum(measured.by_regime["rows"])
    zero = rows.target[-measured.test_rows :] ** 2
    size = measured.test_rows // 6
    shares = [zero[k * size : (k + 1) * size].sum() / zero.sum() for k in range(6)]
    assert measured.by_fold["effect"] @ shares == pytest.approx(measured.ridge.value)
    assert len(measured.boosting.placebo) == 1


def test_what_is_known_is_kept_by_both_probes(view: pd.DataFrame, rows: ImpactRows) -> None:
    known = rows.target + np.random.default_rng(2).normal(0, rows.target.std(), len(rows.target))
    told = dataclasses.replace(rows, family=pd.DataFrame({"pivot_distance": known}, index=rows.family.index))
    config = ImpactConfig(shifts=239, boosting_shifts=3)
    found = measure(told, registered(family_of(), config), 1)
    assert found.decision is Decision.KEEP
    assert found.ridge.p == 1 / 240
    assert found.ridge.value > found.smallest_effect
    assert found.boosting.p == 1 / 4
    assert found.ridge.low > 0


def test_the_same_measurement_is_the_same_to_the_last_digit(measured: Impact, rows: ImpactRows) -> None:
    again = measure(rows, measured.registration, 1)
    pd.testing.assert_frame_equal(measured_row(again, 1), measured_row(measured, 1), check_exact=True)


# --- the ledger's rows


def test_a_row_holds_what_was_measured_and_what_was_registered(measured: Impact) -> None:
    row = measured_row(measured, 1).iloc[0]
    assert list(row.index) == list(LEDGER.frame_columns)
    assert (row["family"], row["look"], row["decision"]) == ("pivots", 1, str(measured.decision))
    assert row["registration_id"] == measured.registration.id
    assert len(json.loads(row["placebo"])) == row["shifts"] == 239
    assert [part["name"] for part in json.loads(row["by_fold"])] == [f"fold {n}" for n in range(1, 7)]
    assert json.loads(row["config"])["family"] == "pivots"


def test_a_look_is_any_measured_row_of_the_family_and_the_same_row_is_known_again(measured: Impact) -> None:
    ledger = ledger_of(measured_row(measured, 1), measured_row(dataclasses.replace(measured, data_sha256="another"), 2))
    assert next_look(ledger, "pivots") == 3
    assert next_look(ledger, "volatility") == 1
    assert next_look(ledger.head(0), "pivots") == 1
    assert is_recorded(ledger, measured.registration, measured.data_sha256)
    assert not is_recorded(ledger, measured.registration, "a third")
    assert not is_recorded(ledger, registered(family_of(), ImpactConfig(seed=1)), measured.data_sha256)
    assert list(newest_rows(ledger)["look"]) == [2]


def test_a_family_that_cannot_be_tested_has_a_row_without_numbers_that_is_no_look(view: pd.DataFrame, measured: Impact) -> None:
    few = too_few(view, events(view, 20), EVENTS)
    registration = registered(EVENTS, ImpactConfig())
    first = untested_row(few, registration, 1)
    validate(first, LEDGER)
    row = first.iloc[0]
    assert (row["decision"], row["reason"], row["left_out"]) == ("NOT TESTABLE", few.reason, "[]")
    assert (row["row_count"], row["rows_left_out"]) == (len(view) - 21, 0)
    assert row[[column.name for column in LEDGER.columns if column.once_required]].isna().all()
    # The next one that can be measured is the second row and the first look, so its bound is whole.
    assert (next_row(first, "pivots"), next_look(first, "pivots")) == (2, 1)
    second = measured_row(measured, 2)
    assert second["keep_bound"].iloc[0] == 0.05 / 10
    both = ledger_of(first, second)
    assert (next_row(both, "pivots"), next_look(both, "pivots")) == (3, 2)
    assert looks_numbered(both).passed
    # It is not written again for the same data, and is for others.
    assert is_recorded(both, registration, few.sha256)
    assert not is_recorded(both, registration, too_few(view, events(view, 21), EVENTS).sha256)


def test_a_new_bound_for_keep_is_no_reason_to_look_again(measured: Impact) -> None:
    registered_then = json.loads(measured.registration.text)
    registered_then["protocol"]["keep"]["families"] = 6
    old = measured_row(measured, 1).assign(registration_id="of then", config=json.dumps(registered_then), left_out=None)
    assert is_recorded(old, measured.registration, measured.data_sha256)
    registered_then["protocol"]["gap"] = 5
    assert not is_recorded(old.assign(config=json.dumps(registered_then)), measured.registration, measured.data_sha256)


def test_what_is_left_out_is_registered_by_name_and_is_another_registration() -> None:
    family = with_seldom(0)
    whole, without = (register(family, names, BASE_NAMES, FEW, ZL, MONTH) for names in ([], ["seldom", "absent"]))
    assert json.loads(without.text)["left_out"] == ["seldom", "absent"]
    assert json.loads(without.text)["inputs"] == ["pivot_distance: pivots_P, close"]
    assert "left_out" not in json.loads(whole.text)
    assert whole.id != without.id


def with_expected(sign: int) -> Family:
    """`with_seldom`, with a direction of the input that is measured and of one that is left out."""
    family = with_seldom(0)
    return dataclasses.replace(
        family, inputs=tuple(dataclasses.replace(i, expected=Expected(sign, "why")) for i in family.inputs)
    )


def test_a_direction_is_registered_beforehand_and_another_one_is_another_registration() -> None:
    down, up = (register(with_expected(sign), ["seldom", "absent"], BASE_NAMES, FEW, ZL, MONTH) for sign in (-1, 1))
    # Of what is measured alone; where none is said the text is what it was before there could be one.
    assert json.loads(down.text)["expected"] == {"pivot_distance": {"sign": -1, "why": "why"}}
    assert down.id != up.id
    assert not down.same_measurement(up.text)
    assert "expected" not in json.loads(registered(family_of(), FEW).text)
    with pytest.raises(ValueError, match="a direction is 1 or -1, and not 0"):
        Expected(0, "neither")


def test_what_was_found_of_a_direction_is_in_the_row(measured: Impact, rows: ImpactRows) -> None:
    assert pd.isna(measured_row(measured, 1)["directions"].iloc[0])
    registration = dataclasses.replace(measured.registration, expected={"pivot_distance": Expected(-1, "why")})
    row = measured_row(measure(rows, registration, 1), 1).iloc[0]
    found = rows.family["pivot_distance"].rank().corr(pd.Series(rows.target, rows.family.index).rank())
    assert json.loads(row["directions"]) == {"pivot_distance": pytest.approx(found, abs=1e-12)}
    # Told, and no part of the decision.
    assert (row["p"], row["effect"], row["decision"]) == tuple(measured_row(measured, 1).iloc[0][["p", "effect", "decision"]])
    assert rank_correlation(pd.Series([3.0, 1.0, 2.0, 2.0]), np.array([1.0, 9.0, 5.0, 5.0])) == pytest.approx(-1.0)
