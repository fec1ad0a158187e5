"""A replay whose forecasts cost nothing, for tests that are about its ranges. Must not be here: an expectation."""

from unittest import mock

import pandas as pd

from zl_assets.contracts.forecasts import replay
from zl_assets.instruments.base import Horizon, Instrument
from zl_assets.model.fit.config import ModelConfig
from zl_assets.model.replay.rows import replay_rows
from zl_assets.model.replay.walk import FIRST_ROW, Replayed
from zl_assets.warehouse.shape import empty_frame
from zl_assets_tests.support.contracts import MONTH, ZL

NO_REPLAY = empty_frame(replay(ZL))


def replay_of(view: pd.DataFrame, instrument: Instrument = ZL, horizon: Horizon = MONTH) -> pd.DataFrame:
    """The replay's rows where every fit would have said a tenth of the last month's return: fitting the real ones is a minute."""
    said = 0.1 * view["return_21d"].to_numpy("float64")
    steps = [Replayed(row, f"made of {row}", float(said[row]), kept=True) for row in range(FIRST_ROW, len(view))]
    sessions = view[["data_date", "close"]].assign(roll_index=view["close"])
    config = ModelConfig.of(instrument, horizon)
    with mock.patch("zl_assets.model.replay.rows.walk_forward", return_value=steps):
        return replay_rows(view, sessions, empty_frame(replay(instrument)), config, "", instrument, horizon).rows
