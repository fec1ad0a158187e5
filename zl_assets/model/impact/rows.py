"""The rows on which a family is measured. Must not be here: a measurement."""

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
from zl_assets.model.fit.splits import least_impact_rows
from zl_assets.model.fit.training_set import training_set
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


def impact_rows(
    view: pd.DataFrame,
    matrix: pd.DataFrame,
    family: Family,
    kept: Sequence[Family],
    gates: Iterable[Verdict],
    instrument: Instrument,
    horizon: Horizon,
) -> ImpactRows:
    """The rows on which base and base + family are compared: labelled, and with a value in every column of both.

    A row on which the family has no value is left out for both, and counted: nothing is filled in, so neither a mean of later
    rows nor the fact that a value is missing can inform the model. The gap of a horizon's rows then spans a
    horizon or more.

    Args:
        view: the training view's columns, in order of date.
        matrix: data_date, symbol, and the leaves of `family` and `kept` under their dotted names.
        family: the one to be measured.
        kept: families whose inputs belong to the base.
        gates: `gates_of` the family.

    Raises:
        DataFault: a gate is red.
        TrainingFault: the view cannot be trained on; an input is infinite, is not made of numbers, or has one value on all rows;
            too few rows are left.
    """
    require_gates(family.name, gates)
    data = training_set(view, ModelConfig.of(instrument, horizon), instrument, horizon)
    labelled, least = len(data.dates), least_impact_rows(horizon)
    wanted = [column for item in (family, *kept) for column in item.columns]
    values = matrix.loc[matrix["symbol"] == instrument.symbol, ["data_date", *(column.path for column in wanted)]]
    values = values.rename(columns={column.path: column.flat_name for column in wanted})
    plain = view.drop(columns=[column.flat_name for column in wanted], errors="ignore")
    frame = plain.merge(values, on="data_date", how="left", validate="one_to_one")
    inputs = _inputs(frame, family).iloc[:labelled]
    base = pd.concat([data.features.reset_index(drop=True), *(_inputs(frame, item).iloc[:labelled] for item in kept)], axis=1)
    present = (inputs.notna().all(axis=1) & base.notna().all(axis=1)).to_numpy()
    if present.sum() < least:
        raise TrainingFault(
            f"Family {family.name}: {present.sum()} of {labelled} labelled rows have a value in all of its inputs, and the six "
            f"test blocks need {least}. Fewest values: {_fewest(inputs)}. Load a longer history of its sources, or "
            "leave out the input that starts late."
        )
    compared = inputs[present]
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
    )


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
