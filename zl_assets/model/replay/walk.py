"""The walk-forward: one fit a session, and which of the earlier ones still hold.

Belongs here: which rows a session's model may learn from, and the proof that an earlier forecast would come out again. Must not
be here: ranges, scores, tables.
"""

import hashlib
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd

from zl_assets.model.errors import TrainingFault
from zl_assets.model.fit.boosting import fit_booster, forecast
from zl_assets.model.fit.config import ModelConfig
from zl_assets.model.fit.design import design_matrix
from zl_assets.model.fit.training_set import TrainingSet

# Three years of rows before the first forecast: with fewer the trees of 150 rows a leaf have next to nothing to split.
FIRST_ROW = 756


@dataclass(frozen=True)
class Replayed:
    """One session's forecast.

    Attributes:
        row: of the session, in the training view.
        made_of: hash of all that the forecast depends on; with the same hash it would come out again.
        predicted: return over the horizon, a fraction.
        kept: it was not made again.
    """

    row: int
    made_of: str
    predicted: float
    kept: bool


def walk_forward(
    frame: pd.DataFrame, data: TrainingSet, config: ModelConfig, made_with: str, known: Mapping[str, float]
) -> list[Replayed]:
    """The forecast of every session from `FIRST_ROW` on, labelled or not.

    The model of row s has learnt from the rows whose label ends on s or before: rows 0 to s - horizon. Each fit is on one thread,
    as the saved model's; as many are made at once as there are cores.

    Args:
        frame: the training view, one row a session in order of date.
        data: its labelled rows (`training_set`).
        made_with: all that a fit depends on beside the rows: code, libraries, choices, inputs.
        known: forecasts that were made before, by `made_of`.

    Raises:
        TrainingFault: there are too few rows for a first forecast.
    """
    horizon = config.horizon
    if len(frame) <= FIRST_ROW:
        raise TrainingFault(
            f"{len(frame):,} rows are too few for a forecast as it would have been issued: the first needs {FIRST_ROW} rows "
            "before it, three years. Load a longer history."
        )
    features = design_matrix(frame, data.inputs)
    hashes = _hashes(features, data, made_with, horizon)
    rows = range(FIRST_ROW, len(frame))
    missing = [row for row in rows if hashes[row] not in known]

    def fitted(row: int) -> float:
        learnt = slice(0, row - horizon + 1)
        booster = fit_booster(data.features.iloc[learnt], data.target[learnt], data.weights[learnt], config)
        return float(forecast(booster, features.iloc[[row]])[0])

    # An interruption ends the fits that are under way and none begins after them: `map` cancels the others.
    with ThreadPoolExecutor(os.process_cpu_count()) as pool:
        made = dict(zip(missing, pool.map(fitted, missing), strict=True))
    return [
        Replayed(row, hashes[row], made[row], kept=False)
        if row in made
        else Replayed(row, hashes[row], known[hashes[row]], kept=True)
        for row in rows
    ]


def _hashes(features: pd.DataFrame, data: TrainingSet, made_with: str, horizon: int) -> list[str]:
    """For each row the hash of its own features and of the labelled rows that were known on it."""
    values = np.ascontiguousarray(features.to_numpy("float64"))
    labelled = np.ascontiguousarray(np.column_stack([data.features.to_numpy("float64"), data.target, data.weights]))
    chain = hashlib.sha256(made_with.encode())
    hashes = []
    for row in range(len(values)):
        last = row - horizon
        if 0 <= last < len(labelled):
            chain.update(labelled[last].tobytes())
        own = chain.copy()
        own.update(values[row].tobytes())
        hashes.append(own.hexdigest())
    return hashes
