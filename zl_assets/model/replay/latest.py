"""The open forecasts with their ranges: the rows of the table that people read.

Belongs here: a forecast of today put together with what the replay knew of the same session. Must not be here: how a range or the
size of a move is made (ranges), writing.
"""

import pandas as pd

from zl_assets.contracts.forecasts import LEVELS, REPLAY
from zl_assets.contracts.predictions import FIRST_LEVEL, end_column, latest
from zl_assets.instruments.base import Horizon, Instrument
from zl_assets.model.errors import NoRange
from zl_assets.model.fit.artifact import LoadedModel
from zl_assets.model.fit.design import design_matrix
from zl_assets.model.fit.predictions import open_forecasts
from zl_assets.model.ranges.bands import LEAST_ERRORS
from zl_assets.model.replay.walk import FIRST_ROW
from zl_assets.warehouse.shape import conform


def least_rows(horizon: Horizon) -> int:
    """The fewest rows of the training view that give each open session a range: the oldest of them needs the errors of forecasts
    whose outcome was known on it."""
    return FIRST_ROW + LEAST_ERRORS + 2 * horizon.sessions - 1


def latest_rows(model: LoadedModel, frame: pd.DataFrame, replay: pd.DataFrame) -> pd.DataFrame:
    """The forecast of every session that has no target yet, with its ranges.

    Args:
        frame: the training CSV's rows, labelled or not.
        replay: rows of the contract `replay`, of this instrument and horizon.

    Returns:
        `frame_columns` of the contract `latest`, one row for each of the newest sessions.

    Raises:
        ArtifactFault, TrainingFault: a row's inputs are not what the model needs.
        NoRange: a session has no range.
    """
    instrument, horizon = model.instrument, model.horizon
    newest = frame[frame[horizon.target].isna()]
    forecasts = open_forecasts(newest, model.predict(design_matrix(newest, model.inputs)), instrument.calendar)
    ranged = with_ranges(forecasts, replay, len(frame), instrument, horizon)
    named = ranged.assign(symbol=instrument.symbol, model_id=model.model_id, interval_level=FIRST_LEVEL / 100)
    return conform(named, latest(instrument, horizon))


def with_ranges(
    forecasts: pd.DataFrame, replay: pd.DataFrame, rows: int, instrument: Instrument, horizon: Horizon
) -> pd.DataFrame:
    """Forecasts with the width of the ranges, and the size of the move, that the replay has of the same session.

    The replay's own forecast of a session is of a model of the day; where an older one is published, its forecast is the middle.

    Args:
        forecasts: as `open_forecasts` makes them.
        replay: rows of the contract `replay`, of this instrument and horizon.
        rows: sessions of the training view, for the message.

    Returns:
        The same with the ends of each range, expected_move, expected_move_price and move_percentile.

    Raises:
        NoRange: a session has no range, and then none of them is published.
    """
    found = forecasts[["data_date"]].merge(replay, on="data_date", how="left")
    known = found[["expected_move", "move_percentile", *(f"{end}_{level}_close" for level in LEVELS for end in ("low", "high"))]]
    lacking = known.isna().any(axis=1)
    if lacking.any():
        first, least = found.loc[lacking, "data_date"].iloc[0], least_rows(horizon)
        why = (
            f"the training view has {rows:,} sessions, and {least:,} are needed: {FIRST_ROW} before the first forecast of the "
            f"walk-forward, then {LEAST_ERRORS} of its errors. Load a longer history."
            if rows < least
            else f"{instrument.asset_at(horizon, REPLAY)} has no range of that session. Materialize it again, and then this."
        )
        said = f"The forecast of {first:%Y-%m-%d} has no range, and a forecast without a range is not published"
        raise NoRange(f"{said}: {why}")
    close, predicted = (forecasts[name].to_numpy("float64") for name in ("close", "predicted_return"))
    ranged = forecasts.reset_index(drop=True)
    for level in LEVELS:
        low, high = (found[f"{end}_{level}_close"].to_numpy("float64") for end in ("low", "high"))
        half = (high - low) / 2 / found["close"].to_numpy("float64")
        ranged[end_column("low", level)] = close * (1 + predicted - half)
        ranged[end_column("high", level)] = close * (1 + predicted + half)
    expected = found["expected_move"].to_numpy("float64")
    return ranged.assign(
        expected_move=expected, expected_move_price=expected * close, move_percentile=found["move_percentile"].to_numpy("float64")
    )
