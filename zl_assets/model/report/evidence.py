"""From a trained model to everything its report is made of: placebo, comparison, open forecasts. Must not be here: measures."""

import pandas as pd

from zl_assets.model.fit.boosting import forecast
from zl_assets.model.fit.comparison import compare_on_index
from zl_assets.model.fit.design import design_matrix
from zl_assets.model.fit.forecast import published_interval
from zl_assets.model.fit.gates import GateResult
from zl_assets.model.fit.predictions import open_forecasts
from zl_assets.model.fit.skill import placebo
from zl_assets.model.fit.training import TrainedModel
from zl_assets.model.report.report import Evidence


def gather_evidence(
    trained: TrainedModel, gates: tuple[GateResult, ...], view: pd.DataFrame, features: pd.DataFrame, *, placebo_shifts: int
) -> Evidence:
    """The evidence on one model.

    Args:
        view: the training CSV's rows.
        features: FEATURES.frame_columns of every session, for the roll index.
        placebo_shifts: targets without information; nearly all of the time, 0.06 s each.

    Raises:
        TrainingFault: the rows cannot support the folds.
    """
    newest = view.tail(trained.config.horizon)
    predicted = forecast(trained.booster, design_matrix(newest, trained.data.inputs))
    return Evidence(
        trained=trained,
        gates=gates,
        placebo=placebo(trained.data, trained.config, placebo_shifts),
        comparison=compare_on_index(view, features, trained.config),
        view=view,
        forecasts=open_forecasts(newest, predicted, published_interval(trained)),
    )
