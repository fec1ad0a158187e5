"""Everything that the report on a model is made of: placebo, comparison, open forecasts. Must not be here: measures, words."""

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from zl_assets.instruments.base import Horizon, Instrument
from zl_assets.model.fit.boosting import forecast
from zl_assets.model.fit.comparison import Comparison, compare_on_index
from zl_assets.model.fit.config import EvidenceConfig
from zl_assets.model.fit.design import design_matrix
from zl_assets.model.fit.forecast import published_interval
from zl_assets.model.fit.gates import GateResult
from zl_assets.model.fit.predictions import open_forecasts
from zl_assets.model.fit.skill import Placebo, placebo
from zl_assets.model.fit.training import TrainedModel


@dataclass(frozen=True, eq=False)
class Evidence:
    """Everything that the report is made of.

    Attributes:
        gates: of the trained model.
        placebo: its skill beside that on targets without information.
        comparison: the same model on the roll index; None without instrument_id.
        view: the training view's rows.
        forecasts: the open forecasts (`open_forecasts`), oldest first.
    """

    trained: TrainedModel
    gates: tuple[GateResult, ...]
    placebo: Placebo
    comparison: Comparison | None
    view: pd.DataFrame
    forecasts: pd.DataFrame

    @property
    def instrument(self) -> Instrument:
        """What is forecast."""
        return self.trained.data.instrument

    @property
    def horizon(self) -> Horizon:
        """The view's."""
        return self.trained.data.horizon

    @cached_property
    def out_of_fold(self) -> pd.DataFrame:
        """`TrainedModel.out_of_fold`."""
        return self.trained.out_of_fold


def gather_evidence(
    trained: TrainedModel, gates: tuple[GateResult, ...], view: pd.DataFrame, features: pd.DataFrame, config: EvidenceConfig
) -> Evidence:
    """The evidence on one model.

    Args:
        view: the training CSV's rows.
        features: `frame_columns` of the contract `ta_features`, every session, for the roll index.
        config: its placebo is nearly all of the time.

    Raises:
        TrainingFault: the rows cannot support the folds.
    """
    data = trained.data
    newest = view.tail(trained.config.horizon)
    predicted = forecast(trained.booster, design_matrix(newest, data.inputs))
    return Evidence(
        trained=trained,
        gates=gates,
        placebo=placebo(data, trained.config, config.placebo_shifts),
        comparison=compare_on_index(view, features, trained.config, data.instrument, data.horizon),
        view=view,
        forecasts=open_forecasts(newest, predicted, published_interval(trained), data.instrument.calendar),
    )
