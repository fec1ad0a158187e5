"""The rows of the out-of-fold forecasts, and the forecasts of the open sessions.

Belongs here: a model and the training CSV turned into forecasts. Must not be here: fitting that differs from training's, ranges
(replay/latest), writing.
"""

import datetime as dt
from collections.abc import Callable

import numpy as np
import pandas as pd

from zl_assets.contracts.predictions import oof
from zl_assets.contracts.training import MODEL, TRAINING_CSV
from zl_assets.domain.trading_calendar import expected_sessions
from zl_assets.files import ArtifactFault
from zl_assets.model.fit.artifact import LoadedModel
from zl_assets.model.fit.config import ModelConfig
from zl_assets.model.fit.forecast import latest_forecasts
from zl_assets.model.fit.training import Fit, cross_validate, out_of_fold
from zl_assets.model.fit.training_set import TrainingSet, training_set
from zl_assets.warehouse.shape import conform

# Equal arithmetic on equal rows; what is left is the last digit of a sum.
_TOLERANCE = 1e-12


def oof_rows(
    model: LoadedModel,
    frame: pd.DataFrame,
    csv_sha256: str,
    folds_of: Callable[[TrainingSet, ModelConfig], tuple[Fit, ...]] = cross_validate,
) -> pd.DataFrame:
    """Every labelled session with its out-of-fold forecast, or NULL before the first test fold.

    Wherever the folds are from, they must score as the contract says.

    Args:
        frame: the training CSV that the model was trained on, and `csv_sha256` its hash.
        folds_of: the model's folds: as they were recorded, or fitted again, which is 0.1 s and 1.1 s to import scikit-learn.

    Returns:
        `frame_columns` of the contract `oof`, one row a labelled session.

    Raises:
        ArtifactFault: the CSV is not the model's, or its folds no longer score as they did.
    """
    instrument, horizon = model.instrument, model.horizon
    again = f"Materialize {instrument.asset_at(horizon, MODEL)} again."
    if csv_sha256 != model.contract["csv_sha256"]:
        raise ArtifactFault(
            f"Model {model.model_id} was trained on another {instrument.asset_at(horizon, TRAINING_CSV)}: sha256 "
            f"{model.contract['csv_sha256']}, found {csv_sha256}. {again}"
        )
    data = training_set(frame, model.config, instrument, horizon, model.inputs)
    folds = folds_of(data, model.config)
    ratios = [fold.score.ratio for fold in folds]
    recorded = [score["ratio"] for score in model.contract["scores"]][: len(folds)]
    if not np.allclose(ratios, recorded, rtol=0, atol=_TOLERANCE):
        raise ArtifactFault(
            f"Model {model.model_id}: its folds have other scores now ({ratios}, recorded {recorded}). The libraries "
            f"are not those it was trained with ({model.contract['versions']}). {again}"
        )
    forecasts = out_of_fold(data, folds).set_index("data_date")[["fold", "predicted"]].reindex(data.dates)
    close = frame["close"].to_numpy("float64")[: len(data.dates)]
    return conform(
        pd.DataFrame(
            {
                "data_date": data.dates,
                "symbol": instrument.symbol,
                "model_id": model.model_id,
                "target_session": data.label_ends,
                "regime_name": data.regimes,
                "close": close,
                horizon.target: data.target,
                "fold": forecasts["fold"].astype("Int64").array,
                "predicted_return": forecasts["predicted"].to_numpy(),
                "predicted_close": close * (1 + forecasts["predicted"].to_numpy()),
            }
        ),
        oof(instrument, horizon),
    )


def open_forecasts(rows: pd.DataFrame, predicted: np.ndarray, calendar: str) -> pd.DataFrame:
    """`latest_forecasts` with the sessions to come from the exchange's calendar, which does not know of closures that have not
    been announced."""
    newest = rows["data_date"].iloc[-1].date()
    # Five sessions a week less holidays: twice as many days and two weeks hold them all.
    coming = expected_sessions(calendar, newest + dt.timedelta(days=1), newest + dt.timedelta(days=2 * len(rows) + 14))
    return latest_forecasts(rows, predicted, coming)
