"""The same model on the price path without roll gaps, to be reported beside the model of record. No gate depends on it.

Belongs here: the training view's columns recomputed from the roll index, and the folds on them. Must not be here: a judgement.
"""

from dataclasses import dataclass

import pandas as pd

from zl_assets.contracts.features import TECHNICAL_FEATURE_NAMES
from zl_assets.domain.indicators import technical_features
from zl_assets.domain.targets import forward_return
from zl_assets.instruments.base import Horizon, Instrument
from zl_assets.model.fit.config import ModelConfig
from zl_assets.model.fit.skill import pooled_skill
from zl_assets.model.fit.training import Fit, cross_validate
from zl_assets.model.fit.training_set import TrainingSet, training_set


@dataclass(frozen=True, eq=False)
class Comparison:
    """The model of record's settings on the roll index.

    Attributes:
        data: the same sessions as the model of record, inputs and target on the index.
        folds: the same folds, oldest test fold first.
        skill: 1 - squared error / squared error of forecasting zero, over all test rows.
    """

    data: TrainingSet
    folds: tuple[Fit, ...]
    skill: float


def compare_on_index(
    frame: pd.DataFrame, sessions: pd.DataFrame, config: ModelConfig, instrument: Instrument, horizon: Horizon
) -> Comparison | None:
    """The folds on the roll index, or None where a session has none. Without the inputs of kept feature families, which are not
    made of the index.

    Raises:
        TrainingFault: the rows on the index cannot support the folds.
    """
    view = index_view(frame, sessions, horizon)
    if view is None:
        return None
    data = training_set(view, config, instrument, horizon)
    folds = cross_validate(data, config)
    return Comparison(data, folds, pooled_skill(folds, data.target))


def index_view(frame: pd.DataFrame, sessions: pd.DataFrame, horizon: Horizon) -> pd.DataFrame | None:
    """The training view's rows with close, features and target on the roll index; None where a session has no index.

    Args:
        frame: the training view's rows: dates, weights and regimes are taken from it.
        sessions: data_date, symbol and roll_index of every session, those before the view's first row as well: the look-back.
    """
    known = sessions[["data_date", "symbol"]].assign(close=sessions["roll_index"].to_numpy("float64", na_value=float("nan")))
    if known["close"].isna().any():
        return None
    computed = technical_features(known).merge(known, on=["data_date", "symbol"], validate="one_to_one")
    computed[horizon.target] = forward_return(computed["close"], horizon.sessions)
    columns = ["close", *TECHNICAL_FEATURE_NAMES, horizon.target]
    return frame.drop(columns=columns).merge(computed[["data_date", *columns]], on="data_date", validate="one_to_one")
