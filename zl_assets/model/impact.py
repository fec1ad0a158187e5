"""Does a feature family help: what is registered before looking, the measurement, and the decision.

Belongs here: the protocol's steps, one function each, from frames to an `Impact`. Must not be here: the two models (probe), the
gates' rules (domain), the ledger's rows (ledger), words and pictures (impact_report).

    view + matrix -> impact_rows -> measure -> Impact

The question is the placebo's: the family's columns, shifted together in a circle, keep everything but their link to the target.
p is the share of shifts, the family as it is counted among them, at which columns without that link help at least as much.
"""

import hashlib
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np
import pandas as pd

from zl_assets.contracts import HORIZON, SYMBOL
from zl_assets.domain.assertions import Verdict
from zl_assets.domain.families.base import Family
from zl_assets.domain.families.gates import (
    Sources,
    coverage,
    family_rows,
    in_range,
    prefix_invariant,
    release_times,
    source_there,
    stamped,
)
from zl_assets.errors import DataFault, TrainingFault
from zl_assets.model.config import ModelConfig
from zl_assets.model.probe import CLIP, PENALTY, Errors, boosting_errors, ridge_errors
from zl_assets.model.skill import BLOCK, DRAWS, LEVEL, NEAREST, PLACEBO_SHIFTS, SEED, circular_shifts, ratio_draws
from zl_assets.model.splits import FIRST_TEST_ROW, IMPACT_FOLDS, LEAST_IMPACT_ROWS, impact_folds
from zl_assets.model.training import training_set

SIGNIFICANT = 0.05
# KEEP's bound is shared out over the six families that the roadmap names, and over the looks at one of them.
FAMILIES = 6
HOPELESS = 0.5


class Decision(StrEnum):
    """What the measurement says about a family."""

    KEEP = "KEEP"
    PROVISIONAL = "PROVISIONAL"
    REJECT = "REJECT"
    INCONCLUSIVE = "INCONCLUSIVE"


@dataclass(frozen=True)
class ImpactConfig:
    """What a measurement may choose; the rest of the protocol is fixed. A choice is registered: another is another look.

    Attributes:
        shifts: fewest placebo shifts of the deciding probe. A later look takes more where its bound needs them (`shifts_of`).
        boosting_shifts: placebo shifts of the LightGBM that is reported.
        seed: what draws the shifts and the bootstrap.

    Raises:
        TrainingFault: a choice that the protocol does not allow.
    """

    shifts: int = 399
    boosting_shifts: int = 39
    seed: int = SEED

    def __post_init__(self) -> None:
        if self.shifts < PLACEBO_SHIFTS:
            raise TrainingFault(
                f"shifts={self.shifts} is not allowed: at least {PLACEBO_SHIFTS}, or p cannot reach KEEP's bound."
            )
        if self.boosting_shifts < 1:
            raise TrainingFault(f"boosting_shifts={self.boosting_shifts} is not allowed: at least 1.")
        if self.seed < 0:
            raise TrainingFault(f"seed={self.seed} is not allowed: 0 or more.")


@dataclass(frozen=True)
class Registration:
    """What is fixed before anything is measured.

    Attributes:
        family: its name.
        inputs: the model's columns, each with the family's columns that it is made from.
        columns: the family's columns, each with its type and formula.
        releases: when each source's rows are known.
        base: the model's columns without the family.
        config: the choices of the run.
    """

    family: str
    inputs: tuple[str, ...]
    columns: tuple[str, ...]
    releases: tuple[str, ...]
    base: tuple[str, ...]
    config: ImpactConfig

    @cached_property
    def text(self) -> str:
        """Everything as JSON with sorted keys, the fixed settings of the protocol among it."""
        protocol = {
            "target": f"target_1m, {HORIZON} sessions",
            "folds": IMPACT_FOLDS,
            "first_test_row": FIRST_TEST_ROW,
            "gap": HORIZON,
            "ridge": {"penalty_per_row": PENALTY, "clip": CLIP},
            "lightgbm": ModelConfig().lightgbm_params | {"rounds": ModelConfig.rounds},
            "placebo": {"nearest_shift": NEAREST},
            "bootstrap": {"block": BLOCK, "draws": DRAWS, "level": LEVEL},
            "keep": {"significant": SIGNIFICANT, "families": FAMILIES},
        }
        return json.dumps(asdict(self) | {"protocol": protocol}, sort_keys=True)

    @property
    def id(self) -> str:
        """The first 16 digits of the sha256 of `text`."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class ImpactRows:
    """The n labelled rows on which base and family both have values, in order of date.

    Attributes:
        dates: the sessions.
        base: n x p float64.
        family: n x q float64, each column of more than one value.
        target: n forward returns, fractions.
        weights: n sample weights; only LightGBM uses them.
        regimes: n names, for slicing reports.
        left_out: labelled rows on which an input of the family, or of a kept one, has no value.
    """

    dates: pd.DatetimeIndex
    base: pd.DataFrame
    family: pd.DataFrame
    target: np.ndarray
    weights: np.ndarray
    regimes: np.ndarray
    left_out: int

    @cached_property
    def sha256(self) -> str:
        """Hash of every number that the measurement sees, with the columns' names."""
        digest = hashlib.sha256(json.dumps([list(self.base.columns), list(self.family.columns)]).encode())
        digest.update(self.dates.to_numpy("datetime64[s]").astype("<i8").tobytes())
        for values in (self.base.to_numpy(), self.family.to_numpy(), self.target, self.weights):
            digest.update(np.ascontiguousarray(values, dtype="<f8").tobytes())
        digest.update("\n".join(map(str, self.regimes)).encode())
        return digest.hexdigest()


@dataclass(frozen=True)
class Effect:
    """What a family is worth to one probe.

    Attributes:
        value: mean d / mean squared error of forecasting zero; 0.01 is one per cent of that error less.
        low, high: its 90 % block-bootstrap interval.
        p: (1 + shifts that help at least as much) / (shifts + 1).
        placebo: the same measure at each shift.
    """

    value: float
    low: float
    high: float
    p: float
    placebo: tuple[float, ...]


@dataclass(frozen=True)
class Impact:
    """One row of the ledger.

    Attributes:
        look: which look at this family it is, from 1.
        ridge: the deciding effect.
        boosting: the reported one.
        smallest_effect: the effect that had to be exceeded for p <= 0.05 (`smallest_effect`).
        mse_zero, mse_base, mse_family: mean squared errors out of fold: forecasting zero, ridge on base, ridge on base + family.
        by_fold, by_regime: name, rows, effect.
    """

    registration: Registration
    data_sha256: str
    look: int
    decision: Decision
    ridge: Effect
    boosting: Effect
    smallest_effect: float
    rows: int
    rows_left_out: int
    test_rows: int
    first_date: pd.Timestamp
    last_date: pd.Timestamp
    mse_zero: float
    mse_base: float
    mse_family: float
    by_fold: pd.DataFrame
    by_regime: pd.DataFrame


def register(family: Family, base: Sequence[str], config: ImpactConfig) -> Registration:
    """The registration of one family.

    Raises:
        TrainingFault: the family has no model input, or one that the base has already.
    """
    names = [item.name for item in family.inputs]
    if not names:
        raise TrainingFault(f"Family {family.name} has no model inputs, so there is nothing to measure. Give it `inputs`.")
    if taken := sorted((set(names) & set(base)) | {name for name in names if names.count(name) > 1}):
        raise TrainingFault(f"Family {family.name}: the model has a column {', '.join(taken)} already. Rename the input.")
    return Registration(
        family=family.name,
        inputs=tuple(f"{item.name}: {', '.join(item.columns)}" for item in family.inputs),
        columns=tuple(f"{item.path} {item.column.type}: {item.formula}" for item in family.columns),
        releases=tuple(f"{need.asset} {', '.join(need.series)}: {need.release}" for need in family.needs),
        base=tuple(base),
        config=config,
    )


def impact_rows(view: pd.DataFrame, matrix: pd.DataFrame, family: Family, kept: Sequence[Family] = ()) -> ImpactRows:
    """The rows on which base and base + family are compared: labelled, and with a value in every column of both.

    A row on which the family has no value is left out for both, and counted: nothing is filled in, so neither a mean of later
    rows nor the fact that a value is missing can inform the model. The gap of 21 rows then spans 21 sessions or more.

    Args:
        view: the training view's columns, in order of date.
        matrix: data_date, symbol, and the leaves of `family` and `kept` under their dotted names.
        family: the one to be measured.
        kept: families whose inputs belong to the base.

    Raises:
        TrainingFault: the view cannot be trained on; an input is infinite, is not made of numbers, or has one value on all rows;
            too few rows are left.
    """
    data = training_set(view, ModelConfig())
    labelled = len(data.dates)
    wanted = [column for item in (family, *kept) for column in item.columns]
    values = matrix.loc[matrix["symbol"] == SYMBOL, ["data_date", *(column.path for column in wanted)]]
    values = values.rename(columns={column.path: column.flat_name for column in wanted})
    plain = view.drop(columns=[column.flat_name for column in wanted], errors="ignore")
    frame = plain.merge(values, on="data_date", how="left", validate="one_to_one")
    inputs = _inputs(frame, family).iloc[:labelled]
    base = pd.concat([data.features.reset_index(drop=True), *(_inputs(frame, item).iloc[:labelled] for item in kept)], axis=1)
    present = (inputs.notna().all(axis=1) & base.notna().all(axis=1)).to_numpy()
    if present.sum() < LEAST_IMPACT_ROWS:
        raise TrainingFault(
            f"Family {family.name}: {present.sum()} of {labelled} labelled rows have a value in all of its inputs, and the six "
            f"test blocks need {LEAST_IMPACT_ROWS}. Fewest values: {_fewest(inputs)}. Load a longer history of its sources, or "
            "leave out the input that starts late."
        )
    compared = inputs[present]
    if constant := [f"{name} ({column.iloc[0]})" for name, column in compared.items() if column.nunique() == 1]:
        raise TrainingFault(
            f"Family {family.name}: on all {len(compared)} rows one and the same value: {', '.join(constant)}. It cannot inform "
            "anything. Check its source, or leave it out."
        )
    return ImpactRows(
        dates=data.dates[present],
        base=base[present],
        family=compared,
        target=data.target[present],
        weights=data.weights[present],
        regimes=data.regimes[present],
        left_out=int((~present).sum()),
    )


def measure(rows: ImpactRows, registration: Registration, look: int, gates: Iterable[Verdict]) -> Impact:
    """The protocol from the gates to the decision.

    Args:
        gates: `gates_of` the family.

    Raises:
        DataFault: a gate is red, or there is none; nothing is measured.
        TrainingFault: there are too few rows for the shifts.
    """
    require_gates(registration.family, gates)
    config = registration.config
    folds = impact_folds(len(rows.target))
    shifts = circular_shifts(len(rows.target), shifts_of(config, look), config.seed)
    base, family = rows.base.to_numpy(), rows.family.to_numpy()
    test = np.concatenate([tested for _, tested in folds])
    zero = rows.target[test] ** 2
    errors = ridge_errors(base, family, rows.target, folds, shifts)
    ridge = effect_of(errors, zero, config.seed)
    few = shifts[: config.boosting_shifts]
    boosting = boosting_errors(rows.base, rows.family, rows.target, rows.weights, folds, few, ModelConfig())
    names = [f"fold {n}" for n, (_, tested) in enumerate(folds, start=1) for _ in tested]
    return Impact(
        registration=registration,
        data_sha256=rows.sha256,
        look=look,
        decision=decide(ridge.p, ridge.value, look),
        ridge=ridge,
        boosting=effect_of(boosting, zero, config.seed),
        smallest_effect=smallest_effect(ridge.placebo, SIGNIFICANT),
        rows=len(rows.target),
        rows_left_out=rows.left_out,
        test_rows=len(test),
        first_date=rows.dates[0],
        last_date=rows.dates[-1],
        mse_zero=float(zero.mean()),
        mse_base=float(errors.base.mean()),
        mse_family=float(errors.both.mean()),
        by_fold=_effects_by(names, errors.gain, zero),
        by_regime=_effects_by(rows.regimes[test], errors.gain, zero),
    )


def gates_of(family: Family, sessions: pd.DataFrame, sources: Sources, matrix: pd.DataFrame) -> tuple[Verdict, ...]:
    """What a family's data must pass before anything is measured: the family is computed anew, held against what it promises, and
    the matrix must carry just these values.

    Args:
        sessions: SESSIONS.frame_columns.
        sources: the frames of `family.needs`, by asset.
        matrix: data_date, symbol, and the family's leaves under their dotted names.

    Raises:
        DataFault: the family's function did not return what a family promises.
    """
    there = source_there(family, sources)
    if not there.passed:
        return (there,)
    rows = family_rows(family, sessions, sources)
    return (
        there,
        in_range(family)(rows),
        coverage(family, rows),
        prefix_invariant(family, sessions, sources),
        release_times(family, sessions, sources),
        stamped([family], matrix, {family.name: rows}),
    )


def require_gates(family: str, gates: Iterable[Verdict]) -> None:
    """Stop a family whose data are not fit to be measured.

    Raises:
        DataFault: names every red gate; or there is none at all.
    """
    verdicts = list(gates)
    red = [str(verdict) for verdict in verdicts if not verdict.passed]
    if red or not verdicts:
        said = "\n".join(f"  {line}" for line in red) or "  no gate was asked"
        raise DataFault(
            f"Family {family} is stopped by its gates; nothing was measured, and the ledger has no new row.\n{said}\nPut the "
            "family or its source right, refresh, then measure again."
        )


def shifts_of(config: ImpactConfig, look: int) -> int:
    """Placebo shifts at a look: as registered, or as many as KEEP's bound at that look needs, 1 / bound - 1."""
    return max(config.shifts, round(1 / keep_bound(look)) - 1)


def keep_bound(look: int) -> float:
    """The p at or below which a family is kept: 0.05 / 6 families / looks."""
    return SIGNIFICANT / (FAMILIES * look)


def decide(p: float, effect: float, look: int) -> Decision:
    """The decision on a family whose gates are green.

    KEEP and PROVISIONAL both ask for an effect above 0: a family can be better than its own shifted copies and still make the
    forecast worse, and such a family must not come through.

    Args:
        p: of the deciding probe.
        effect: of the deciding probe, as a fraction of the error of forecasting zero.
        look: which look at this family it is, from 1.
    """
    if effect > 0 and p <= keep_bound(look):
        return Decision.KEEP
    if effect > 0 and p <= SIGNIFICANT:
        return Decision.PROVISIONAL
    if effect < 0 and p >= HOPELESS:
        return Decision.REJECT
    return Decision.INCONCLUSIVE


def p_value(measured: float, placebo: np.ndarray) -> float:
    """(1 + #{placebo >= measured}) / (placebo + 1); a tie counts against the family."""
    return (1 + int(np.count_nonzero(placebo >= measured))) / (len(placebo) + 1)


def smallest_effect(placebo: Sequence[float], level: float) -> float:
    """The effect that a family has to exceed for p <= level, at least 0; infinite where there are too few shifts for any.

    p <= level holds when at most a = floor(level * (K + 1)) - 1 of the K placebo effects are as great, so it is the (a + 1)-th
    greatest of them. A family whose true effect is just this is seen about every second time.
    """
    allowed = math.floor(level * (len(placebo) + 1) + 1e-9) - 1
    if allowed < 0:
        return math.inf
    return max(0.0, float(np.sort(placebo)[::-1][allowed]))


def effect_of(errors: Errors, zero: np.ndarray, seed: int) -> Effect:
    """Errors of a probe as an effect with its interval and p.

    Args:
        zero: squared error of forecasting zero, one a test row.
    """
    scale = float(zero.mean())
    low, high = np.quantile(ratio_draws(errors.gain, zero, seed), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    placebo = errors.shifted_gain / scale
    value = float(errors.gain.mean()) / scale
    return Effect(value, float(low), float(high), p_value(value, placebo), tuple(placebo.tolist()))


def _effects_by(names: Sequence[str] | np.ndarray, gain: np.ndarray, zero: np.ndarray) -> pd.DataFrame:
    groups = pd.DataFrame({"name": names, "gain": gain, "zero": zero}).groupby("name", sort=False)
    sums = groups.sum()
    return pd.DataFrame({"rows": groups.size(), "effect": sums["gain"] / sums["zero"]}).reset_index()


def _inputs(frame: pd.DataFrame, family: Family) -> pd.DataFrame:
    made = {}
    for item in family.inputs:
        values = item.compute(frame[list(item.columns)])
        if not pd.api.types.is_numeric_dtype(values):
            raise TrainingFault(
                f"Family {family.name}: input {item.name} must be made of numbers, but its type is {values.dtype}."
            )
        made[item.name] = values.to_numpy(dtype="float64", na_value=np.nan)
        if rows := np.flatnonzero(np.isinf(made[item.name])).tolist():
            raise TrainingFault(
                f"Family {family.name}: input {item.name} is infinite on {len(rows)} rows, the first is "
                f"{frame['data_date'].iloc[rows[0]]:%Y-%m-%d}. Check its source and its formula."
            )
    return pd.DataFrame(made, index=frame.index)


def _fewest(inputs: pd.DataFrame) -> str:
    counts = inputs.notna().sum().sort_values().head(3)
    return ", ".join(f"{name} {count}" for name, count in counts.items())
