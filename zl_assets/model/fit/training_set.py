"""The rows that a fit may use, or why they cannot be used.

Belongs here: what of the training view is accepted. Must not be here: the inputs' formulas (design), splits, fitting.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from zl_assets.contracts.training import training_view
from zl_assets.domain.regimes import regime_weights, regimes_reached
from zl_assets.domain.targets import forward_return, label_end_dates
from zl_assets.instruments.base import Horizon, Instrument
from zl_assets.model.errors import TrainingFault
from zl_assets.model.fit.config import ModelConfig
from zl_assets.model.fit.design import BASE_INPUTS, Input, design_matrix, numbers, refuse, require_columns, to_float
from zl_assets.model.fit.splits import least_impact_rows


@dataclass(frozen=True)
class TrainingSet:
    """The n labelled rows, in order of date.

    Attributes:
        instrument, horizon: what the training view is of; `horizon` is that of its target.
        dates: the sessions.
        label_ends: for each, the session whose close its label looks at.
        features: n x k float64, the design matrix.
        target: n forward returns, fractions.
        weights: n sample weights, relative.
        regimes: n names, for slicing reports; not an input.
        inputs: what the columns of `features` are.
        unfilled: those of them that the model does not use (`unfilled`): NaN on all rows, so that no tree can split on them.
    """

    instrument: Instrument
    horizon: Horizon
    dates: pd.DatetimeIndex
    label_ends: pd.DatetimeIndex
    features: pd.DataFrame
    target: np.ndarray
    weights: np.ndarray
    regimes: np.ndarray
    inputs: tuple[Input, ...]
    unfilled: tuple[str, ...]


def unfilled(inputs: pd.DataFrame, instrument: Instrument) -> tuple[str, ...]:
    """The inputs that the loaded sources cannot fill: those with a value on fewer labelled rows than a measurement needs.

    Such an input alone would leave its family too few complete rows, so it is not measured, and what was not measured is not
    trained on. Each input is judged by itself: a choice of those that leave the most complete rows together would be a search.

    Args:
        inputs: of feature families, on the labelled rows; NaN where there is no value.
    """
    counts = inputs.notna().sum()
    return tuple(str(name) for name in counts.index[counts < least_impact_rows(instrument.horizons[0])])


def training_set(
    frame: pd.DataFrame,
    config: ModelConfig,
    instrument: Instrument,
    horizon: Horizon,
    inputs: tuple[Input, ...] = BASE_INPUTS,
) -> TrainingSet:
    """The labelled rows of the training view, or a refusal.

    An input of a kept family that the loaded sources cannot fill stays a column, so that a model's contract does not depend on
    the data, but has no value.

    With another horizon in the config than the view's, the labels are computed from the closes as the view does it.

    Raises:
        TrainingFault: missing columns or wrong types; dates that repeat or are out of order; an infinite or missing value; a
            label missing inside, or present where its close is not known yet; negative weights or none above 0; one value of
            the target throughout, or one regime although the dates reach several.
    """
    require_columns(frame, tuple(leaf.path for leaf in training_view(instrument, horizon).frame_leaves))
    frame = frame.reset_index(drop=True)
    dates = _ordered_dates(frame)
    features = design_matrix(frame, inputs)
    weights = numbers(frame, "sample_weight")
    refuse(frame, weights < 0, "sample_weight", "a weight of 0 or more")
    refuse(frame, frame["regime_name"].isna().to_numpy(), "regime_name", "a regime")
    target = _target(frame, config.horizon, horizon)

    labelled = slice(0, len(frame) - config.horizon)
    if not (weights[labelled] > 0).any():
        raise TrainingFault(
            "Column sample_weight: every labelled row has weight 0, so there is nothing to fit. Check regime_weights."
        )
    if np.ptp(target[labelled]) == 0:
        raise TrainingFault(
            f"Column {horizon.target}: all {len(target[labelled])} labelled rows have the same value {target[0]}, so there is "
            "nothing to learn. Check the closes in daily_ml_matrix."
        )
    regimes = frame["regime_name"].astype(str).to_numpy(dtype=object)
    reached = regimes_reached(frame["data_date"][labelled], regime_weights())
    if len(set(regimes[labelled])) == 1 < len(reached):
        raise TrainingFault(
            f"Column regime_name: all labelled rows are in one regime, {regimes[0]}, but their dates reach {', '.join(reached)}, "
            "so the weights mean nothing. Check regime_weights."
        )
    added = [item.name for item in inputs if item.may_miss]
    without = unfilled(features[added].iloc[labelled], instrument)
    return TrainingSet(
        instrument=instrument,
        horizon=horizon,
        dates=dates[labelled],
        label_ends=pd.DatetimeIndex(label_end_dates(frame["data_date"], config.horizon)[labelled]),
        features=features.iloc[labelled].assign(**dict.fromkeys(without, np.nan)),
        target=target[labelled],
        weights=weights[labelled],
        regimes=regimes[labelled],
        inputs=inputs,
        unfilled=without,
    )


def _ordered_dates(frame: pd.DataFrame) -> pd.DatetimeIndex:
    if not pd.api.types.is_datetime64_dtype(frame["data_date"]):
        raise TrainingFault(
            f"Column data_date must hold dates (datetime64), but its type is {frame['data_date'].dtype}. Read the CSV with "
            "parse_dates."
        )
    dates = pd.DatetimeIndex(frame["data_date"])
    refuse(frame, np.asarray(dates.isna()), "data_date", "a date")
    steps = np.flatnonzero(np.diff(dates.to_numpy()) <= np.timedelta64(0, "ns"))
    if steps.size:
        row = int(steps[0])
        kind = "repeats" if dates[row] == dates[row + 1] else "is out of order"
        raise TrainingFault(
            f"Column data_date must rise from row to row, but row {row + 1} {kind}: {dates[row]:%Y-%m-%d} is followed by "
            f"{dates[row + 1]:%Y-%m-%d} ({steps.size} such rows). Sort by data_date, or export the CSV again."
        )
    return dates


def _target(frame: pd.DataFrame, sessions: int, horizon: Horizon) -> np.ndarray:
    rows = len(frame)
    if rows <= sessions:
        raise TrainingFault(f"{rows} rows are too few: the label looks {sessions} sessions ahead. Load a longer history.")
    if sessions != horizon.sessions:
        return forward_return(frame["close"], sessions).to_numpy()
    target = to_float(frame, horizon.target)
    refuse(frame, (np.arange(rows) < rows - sessions) & ~np.isfinite(target), horizon.target, "a finite label")
    late = np.flatnonzero(~np.isnan(target[rows - sessions :])) + rows - sessions
    if late.size:
        raise TrainingFault(
            f"Column {horizon.target}: the newest {sessions} rows cannot have a label yet, because the close it looks at is not "
            f"in the file, but {late.size} of them have one (the first is row {late[0]}, "
            f"{frame['data_date'].iloc[late[0]]:%Y-%m-%d}). The file is cut short, or its labels are wrong. Export the CSV "
            "again."
        )
    return target
