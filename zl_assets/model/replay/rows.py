"""The rows of the replay's table.

Belongs here: the walk-forward's forecasts, their bands and the size of the move, as a frame of the contract. Must not be here:
fitting, reading, writing.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from zl_assets.contracts.forecasts import LEVELS, replay
from zl_assets.instruments.base import Horizon, Instrument
from zl_assets.model.fit.config import ModelConfig
from zl_assets.model.fit.design import BASE_INPUTS, Input
from zl_assets.model.fit.training_set import training_set
from zl_assets.model.ranges.bands import half_widths
from zl_assets.model.ranges.size import expected_moves, percentiles
from zl_assets.model.ranges.volatility import ewma, returns_of
from zl_assets.model.replay.walk import walk_forward
from zl_assets.warehouse.shape import conform

# Chosen once, by the interval score of the 80 % bands, walk-forward on the real ZL bars from 2016 on (docs/evidence/ranges.md).
SCALE = ewma


@dataclass(frozen=True, eq=False)
class Replay:
    """The replay and what it cost.

    Attributes:
        rows: the contract's frame, one row a session from the first forecast on.
        fitted: how many of them were computed now; the others stood in the table.
    """

    rows: pd.DataFrame
    fitted: int


def replay_rows(
    frame: pd.DataFrame,
    features: pd.DataFrame,
    stored: pd.DataFrame,
    config: ModelConfig,
    made_with: str,
    instrument: Instrument,
    horizon: Horizon,
    inputs: tuple[Input, ...] = BASE_INPUTS,
) -> Replay:
    """What would have been said of each session, with bands made of what was known on it.

    Args:
        frame: the training view's rows, in order of date.
        features: data_date, close and roll_index of every session, the sessions of `frame` among them.
        stored: rows that the table has; one whose `made_of` is the same is not computed again.
        made_with: all that a fit depends on beside the rows.

    Raises:
        TrainingFault: the rows cannot be learnt from, or are too few.
    """
    data = training_set(frame, config, instrument, horizon, inputs)
    known = dict(zip(stored["made_of"], stored["predicted_return"].astype("float64"), strict=True))
    walked = walk_forward(frame, data, config, made_with, known)
    predicted = np.full(len(frame), np.nan)
    predicted[[step.row for step in walked]] = [step.predicted for step in walked]

    close = frame["close"].to_numpy("float64")
    target = frame[horizon.target].to_numpy("float64", na_value=np.nan)
    sessions = features.sort_values("data_date", ignore_index=True)
    at = pd.Index(sessions["data_date"]).get_indexer(pd.Index(frame["data_date"]))
    returns = returns_of(sessions["roll_index"], sessions["close"])
    scale = SCALE(returns, horizon.sessions)[at]
    moves = np.full(len(sessions), np.nan)
    moves[at] = target

    expected = expected_moves(returns, moves, horizon.sessions)
    rows = pd.DataFrame(
        {
            "data_date": frame["data_date"],
            "symbol": instrument.symbol,
            "horizon": horizon.name,
            "close": close,
            "predicted_return": predicted,
            "predicted_close": close * (1 + predicted),
            "volatility": scale,
            "expected_move": expected[at],
            "move_percentile": percentiles(expected)[at],
        }
    )
    for level in LEVELS:
        half = half_widths(target - predicted, scale, horizon.sessions, level / 100)
        rows[f"low_{level}_close"] = close * (1 + predicted - half)
        rows[f"high_{level}_close"] = close * (1 + predicted + half)
    rows = rows.iloc[[step.row for step in walked]].assign(made_of=[step.made_of for step in walked])
    return Replay(conform(rows.reset_index(drop=True), replay(instrument)), sum(not step.kept for step in walked))
