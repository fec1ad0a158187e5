"""Everything that the report on a model is made of: placebo, comparison, open forecasts with their ranges, and what ranges held.

Must not be here: measures, words.
"""

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from zl_assets.instruments.base import Horizon, Instrument
from zl_assets.model.errors import NoRange, TrainingFault
from zl_assets.model.fit.boosting import forecast
from zl_assets.model.fit.comparison import Comparison, compare_on_index
from zl_assets.model.fit.config import EvidenceConfig
from zl_assets.model.fit.design import design_matrix
from zl_assets.model.fit.gates import GateResult
from zl_assets.model.fit.predictions import open_forecasts
from zl_assets.model.fit.skill import Placebo, placebo
from zl_assets.model.fit.training import TrainedModel
from zl_assets.model.ranges.size import SizeSkill, size_skill
from zl_assets.model.ranges.volatility import returns_of
from zl_assets.model.replay.latest import with_ranges
from zl_assets.model.replay.verdicts import HELD_FROM
from zl_assets.model.report.track import Track, track_of


@dataclass(frozen=True, eq=False)
class Evidence:
    """Everything that the report is made of.

    Attributes:
        gates: of the trained model.
        placebo: its skill beside that on targets without information.
        comparison: the same model on the roll index; None without instrument_id.
        view: the training view's rows.
        replay: rows of the contract `replay`, of this instrument and horizon; may be empty.
        forecasts: the open forecasts, oldest first: `with_ranges`, or `open_forecasts` where they have no range.
        no_range: why they have none, for a person; empty where they have.
        track: what the ranges held; None where no range has an outcome yet.
        size: how well the size of the move was forecast, on the same sessions; None where there is no track, or too few of them
            for its placebo.
    """

    trained: TrainedModel
    gates: tuple[GateResult, ...]
    placebo: Placebo
    comparison: Comparison | None
    view: pd.DataFrame
    replay: pd.DataFrame
    forecasts: pd.DataFrame
    no_range: str
    track: Track | None
    size: SizeSkill | None

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
    trained: TrainedModel,
    gates: tuple[GateResult, ...],
    view: pd.DataFrame,
    features: pd.DataFrame,
    replay: pd.DataFrame,
    config: EvidenceConfig,
) -> Evidence:
    """The evidence on one model.

    Args:
        view: the training CSV's rows.
        features: `frame_columns` of the contract `ta_features`, every session, for the roll index.
        replay: rows of the contract `replay`, of this instrument and horizon; none where the history is too short.
        config: its placebo is nearly all of the time.

    Raises:
        TrainingFault: the rows cannot support the folds.
    """
    data = trained.data
    newest = view.tail(trained.config.horizon)
    forecasts = open_forecasts(newest, forecast(trained.booster, design_matrix(newest, data.inputs)), data.instrument.calendar)
    no_range = ""
    try:
        forecasts = with_ranges(forecasts, replay, len(view), data.instrument, data.horizon)
    except NoRange as fault:
        no_range = str(fault)
    track = track_of(replay, view, data.horizon)
    return Evidence(
        trained=trained,
        gates=gates,
        placebo=placebo(data, trained.config, config.placebo_shifts),
        comparison=compare_on_index(view, features, trained.config, data.instrument, data.horizon),
        view=view,
        replay=replay,
        forecasts=forecasts,
        no_range=no_range,
        track=track if track.judged else None,
        size=_size(view, features, data.horizon) if track.judged else None,
    )


def _size(view: pd.DataFrame, features: pd.DataFrame, horizon: Horizon) -> SizeSkill | None:
    sessions = features[["data_date", "roll_index"]].merge(view[["data_date", "close"]], on="data_date", how="left")
    first = int(sessions["data_date"].lt(pd.Timestamp(HELD_FROM)).sum())
    try:
        return size_skill(returns_of(sessions["roll_index"], sessions["close"]), horizon.sessions, first)
    except TrainingFault:
        return None
