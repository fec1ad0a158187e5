"""The rows on which a family is measured, or why there are too few. Must not be here: a measurement.

What is left out is decided by where the loaded sources give values, and never by what a value or a target is.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from zl_assets.domain.families.base import Family
from zl_assets.instruments.base import Horizon, Instrument
from zl_assets.model.errors import TrainingFault
from zl_assets.model.fit.config import ModelConfig
from zl_assets.model.fit.splits import least_impact_events, least_impact_rows
from zl_assets.model.fit.training_set import training_set, unfilled
from zl_assets.model.impact.gates import require_gates
from zl_assets.warehouse.verdict import Verdict


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
        unfilled: the family's inputs that are not measured (`unfilled`).
    """

    dates: pd.DatetimeIndex
    base: pd.DataFrame
    family: pd.DataFrame
    target: np.ndarray
    weights: np.ndarray
    regimes: np.ndarray
    left_out: int
    unfilled: tuple[str, ...]

    @property
    def base_names(self) -> tuple[str, ...]:
        """The model's columns without the family."""
        return tuple(map(str, self.base.columns))

    @cached_property
    def sha256(self) -> str:
        """Hash of every number that the measurement sees, with the columns' names."""
        return _hash(self.dates, [self.base, self.family], [self.target, self.weights], self.regimes)


@dataclass(frozen=True)
class TooFew:
    """A family that cannot be tested: nothing of the target was looked at.

    Attributes:
        reason: which rows or events are too few, in words.
        base_names: the model's columns without the family.
        dates: the labelled sessions.
        inputs: the family's inputs on them, the unfilled ones too.
        rows: how many of them have a value in all that would be measured.
        unfilled: the family's inputs that would not be measured (`unfilled`).
    """

    reason: str
    base_names: tuple[str, ...]
    dates: pd.DatetimeIndex
    inputs: pd.DataFrame
    rows: int
    unfilled: tuple[str, ...]

    @property
    def left_out(self) -> int:
        """Labelled rows without a value."""
        return len(self.dates) - self.rows

    @cached_property
    def sha256(self) -> str:
        """Hash of the sessions and of every value of the inputs, with their names."""
        return _hash(self.dates, [self.inputs], [])


def impact_rows(
    view: pd.DataFrame,
    matrix: pd.DataFrame,
    family: Family,
    kept: Sequence[Family],
    gates: Iterable[Verdict],
    instrument: Instrument,
    horizon: Horizon,
) -> ImpactRows | TooFew:
    """The rows on which base and base + family are compared: labelled, and with a value in every column of both.

    An input that the loaded sources cannot fill is not measured, and does not ask for complete rows (`unfilled`, of kept families
    too). A row on which another has no value is left out for both, and counted: nothing is filled in, so neither a mean of later
    rows nor the fact that a value is missing can inform the model. The gap of a horizon's rows then spans a horizon or more.

    An event is a row on which some input differs from its own most common value; of a family whose inputs move every day, each
    row is one.

    Args:
        view: the training view's columns, in order of date.
        matrix: data_date, symbol, and the leaves of `family` and `kept` under their dotted names.
        family: the one to be measured.
        kept: families whose inputs belong to the base.
        gates: `gates_of` the family.

    Returns:
        `TooFew` where fewer than `least_impact_rows` are complete, or fewer than `least_impact_events` of these have an event.

    Raises:
        DataFault: a gate is red.
        TrainingFault: the view cannot be trained on; an input is infinite, is not made of numbers, or has one value on all rows
            although others of the family have not.
    """
    require_gates(family.name, gates)
    data = training_set(view, ModelConfig.of(instrument, horizon), instrument, horizon)
    labelled = len(data.dates)
    wanted = [column for item in (family, *kept) for column in item.columns]
    values = matrix.loc[matrix["symbol"] == instrument.symbol, ["data_date", *(column.path for column in wanted)]]
    values = values.rename(columns={column.path: column.flat_name for column in wanted})
    plain = view.drop(columns=[column.flat_name for column in wanted], errors="ignore")
    frame = plain.merge(values, on="data_date", how="left", validate="one_to_one")
    every = _inputs(frame, family).iloc[:labelled]
    without = unfilled(every, instrument)
    inputs = every.drop(columns=list(without))
    others = [_inputs(frame, item).iloc[:labelled] for item in kept]
    base = pd.concat(
        [data.features.reset_index(drop=True), *(other.drop(columns=list(unfilled(other, instrument))) for other in others)],
        axis=1,
    )
    both = pd.concat([inputs, base], axis=1)
    present = both.notna().all(axis=1).to_numpy() & (not inputs.empty)
    compared = inputs[present]
    if reason := _too_few(every, both, compared, horizon):
        return TooFew(reason, tuple(map(str, base.columns)), data.dates, every, len(compared), without)
    if constant := [f"{name} ({column.iloc[0]})" for name, column in compared.items() if column.nunique() == 1]:
        raise TrainingFault(
            f"Family {family.name}: it has the same value on all {len(compared)} rows in {', '.join(constant)}, which informs "
            "nothing. Check the source, or leave the input out."
        )
    return ImpactRows(
        dates=data.dates[present],
        base=base[present],
        family=compared,
        target=data.target[present],
        weights=data.weights[present],
        regimes=data.regimes[present],
        left_out=int((~present).sum()),
        unfilled=without,
    )


def _too_few(every: pd.DataFrame, both: pd.DataFrame, compared: pd.DataFrame, horizon: Horizon) -> str:
    """Why the rows cannot decide on the family, in words; empty where they can.

    Args:
        every: the family's inputs on all labelled rows.
        both: those of them that would be measured, and the base.
        compared: the former where all is complete.
    """
    least, least_events = least_impact_rows(horizon), least_impact_events(horizon)
    if compared.shape[1] == 0:
        counts = every.notna().sum().sort_values(ascending=False).head(3)
        return (
            f"None of its inputs has a value on {least:,} of the {len(every):,} labelled rows, as the six test blocks need. Most "
            f"values: {_said(counts)}. Load a longer history of its sources."
        )
    if len(compared) < least:
        return (
            f"{len(compared):,} of {len(both):,} labelled rows have a value in all inputs, those of kept families among them, "
            f"and the six test blocks need {least:,}. Fewest values: {_said(both.notna().sum().sort_values().head(3))}. Load a "
            "longer history of its sources."
        )
    events = int(compared.ne(compared.mode().iloc[0]).any(axis=1).sum())
    if events < least_events:
        return (
            f"On {events:,} of {len(compared):,} rows some input differs from its own most common value, and {least_events:,} "
            f"are needed: where such rows stand together their labels overlap, and {horizon.sessions} of them are worth one "
            "outcome. Load a history with more events."
        )
    return ""


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


def _hash(
    dates: pd.DatetimeIndex, frames: Sequence[pd.DataFrame], arrays: Sequence[np.ndarray], names: Iterable[object] = ()
) -> str:
    digest = hashlib.sha256(json.dumps([list(frame.columns) for frame in frames]).encode())
    digest.update(dates.to_numpy("datetime64[s]").astype("<i8").tobytes())
    for values in (*(frame.to_numpy() for frame in frames), *arrays):
        digest.update(np.ascontiguousarray(values, dtype="<f8").tobytes())
    digest.update("\n".join(map(str, names)).encode())
    return digest.hexdigest()


def _said(counts: "pd.Series[int]") -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())
