"""From training rows to a fitted, scored model.

Belongs here: the three fits, and their scores. Must not be here: what rows are accepted (training_set), whether the result is
good enough (gates), files (artifact), pictures.

The three fits: cross-validation on all labelled rows, for the fold table; a holdout fit on the rows whose label ends before the
split date, for the score on the rows after it; and the saved model, on all labelled rows, because a forecast needs the newest
data and a score must not have seen it.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from zl_assets.contracts.training import MODEL
from zl_assets.domain.matrix import WARM_UP_SESSIONS
from zl_assets.instruments.base import Horizon, Instrument
from zl_assets.model.errors import TrainingFault
from zl_assets.model.fit.boosting import fit_booster, forecast
from zl_assets.model.fit.config import ModelConfig
from zl_assets.model.fit.design import BASE_INPUTS, Input
from zl_assets.model.fit.splits import PLACEBO_ROWS, purged_holdout
from zl_assets.model.fit.training_set import TrainingSet, training_set

SESSIONS_A_YEAR = 252


@dataclass(frozen=True)
class Score:
    """How a fit did on rows it had not seen, beside the two baselines. Errors are in units of the target (fractions).

    Attributes:
        name: "fold 1" ... or "holdout".
        n_train, n_test: rows.
        train_first, train_last, train_label_end: first and last training session, and where the last training label ends.
        test_first, test_last: first and last test session.
        rmse, rmse_zero, rmse_mean: of the model, of forecasting zero, of forecasting the training rows' mean.
        ratio: rmse / rmse_zero; below 1 the model beats the zero forecast.
        mae, mae_zero, mae_mean: the same three as mean absolute errors.
        r2: 1 - ratio^2, the R2 against zero.
        ic: Pearson correlation of prediction and outcome; NaN where one of them is constant.
        sd_target_train, sd_target_test, sd_prediction: population standard deviations; the last one over the test rows.
    """

    name: str
    n_train: int
    n_test: int
    train_first: str
    train_last: str
    train_label_end: str
    test_first: str
    test_last: str
    rmse: float
    rmse_zero: float
    rmse_mean: float
    ratio: float
    mae: float
    mae_zero: float
    mae_mean: float
    r2: float
    ic: float
    sd_target_train: float
    sd_target_test: float
    sd_prediction: float


@dataclass(frozen=True)
class Fit:
    """One booster, fitted on some rows and scored on later ones.

    Attributes:
        train, test: positions in the training set.
        booster: the lightgbm.Booster; None in a stored model that is used again, of which only the saved fit's is kept.
        prediction: its forecast of each test row.
        gain: total gain of the splits on each feature, in the order of the features.
        score: the errors on the test rows.
        permuted: what shuffling each feature adds to the error, in the same order (`gates.with_permutation`); None: not measured.
    """

    train: np.ndarray
    test: np.ndarray
    booster: Any
    prediction: np.ndarray
    gain: np.ndarray
    score: Score
    permuted: np.ndarray | None = None


@dataclass(frozen=True)
class TrainedModel:
    """What a training run produced.

    Attributes:
        csv_sha256: hash of the file the rows came from.
        folds: the cross-validation, oldest test fold first.
        holdout: the fit that has seen no label that ends on or after the split date.
        booster: fitted on all rows; the model that is saved.
        synthetic: the rows are of invented prices; its contract and its report say so.
    """

    config: ModelConfig
    csv_sha256: str
    data: TrainingSet
    folds: tuple[Fit, ...]
    holdout: Fit
    booster: Any
    synthetic: bool = False

    @property
    def model_text(self) -> str:
        """The saved model in LightGBM's text format; the same bytes for the same rows and config."""
        text: str = self.booster.model_to_string()
        return text

    @property
    def scores(self) -> tuple[Score, ...]:
        """Every fold's score, then the holdout's."""
        return (*(fold.score for fold in self.folds), self.holdout.score)

    @property
    def out_of_fold(self) -> pd.DataFrame:
        """`out_of_fold(data, folds)`."""
        return out_of_fold(self.data, self.folds)


def train(
    frame: pd.DataFrame,
    config: ModelConfig,
    csv_sha256: str,
    instrument: Instrument,
    horizon: Horizon,
    inputs: tuple[Input, ...] = BASE_INPUTS,
    *,
    synthetic: bool = False,
) -> TrainedModel:
    """The three fits of the model of record.

    Args:
        frame: the training view's columns, one row a session in order of date; the newest rows have no target.
        csv_sha256: hash of the file that `frame` was read from; it goes into the model's contract.
        horizon: of the view's target; `config.horizon` may be another.
        inputs: what the model sees; `inputs_with` adds those of kept families.
        synthetic: the prices in `frame` are invented.

    Raises:
        TrainingFault: the rows cannot support the fits; the message says why.
    """
    return fit(training_set(frame, config, instrument, horizon, inputs), config, csv_sha256, synthetic=synthetic)


def fit(data: TrainingSet, config: ModelConfig, csv_sha256: str, *, synthetic: bool = False) -> TrainedModel:
    """The three fits on rows that are already in shape.

    Raises:
        TrainingFault: too few rows for a fold or the holdout, or a fit whose weights or targets are all the same.
    """
    holdout = purged_holdout(data.dates, data.label_ends, config.split_date)
    missing = [*_missing_for_folds(data, config), *_missing_for_holdout(*holdout, data, config)]
    if missing:
        raise TrainingFault(" ".join([*missing, _mend(data)]))
    return TrainedModel(
        config=config,
        csv_sha256=csv_sha256,
        data=data,
        folds=cross_validate(data, config),
        holdout=_fit("holdout", *holdout, data, config),
        booster=_booster(data, np.arange(len(data.dates)), config),
        synthetic=synthetic,
    )


def cross_validate(data: TrainingSet, config: ModelConfig) -> tuple[Fit, ...]:
    """The expanding folds alone, oldest test fold first.

    Raises:
        TrainingFault: too few rows for a fold, or a fold whose weights or targets are all the same.
    """
    return tuple(_fit(name, train_rows, test_rows, data, config) for name, train_rows, test_rows in _folds(data, config))


def out_of_fold(data: TrainingSet, folds: tuple[Fit, ...]) -> pd.DataFrame:
    """Each test row of the cross-validation once: data_date, label_end, fold (1 is the oldest), regime_name, target, predicted,
    training_mean (the baseline); the last three are fractions."""
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "data_date": data.dates[fold.test],
                    "label_end": data.label_ends[fold.test],
                    "fold": number,
                    "regime_name": data.regimes[fold.test],
                    "target": data.target[fold.test],
                    "predicted": fold.prediction,
                    "training_mean": data.target[fold.train].mean(),
                }
            )
            for number, fold in enumerate(folds, start=1)
        ],
        ignore_index=True,
    )


def _booster(data: TrainingSet, rows: np.ndarray, config: ModelConfig) -> Any:
    return fit_booster(data.features.iloc[rows], data.target[rows], data.weights[rows], config)


def _folds(data: TrainingSet, config: ModelConfig) -> list[tuple[str, np.ndarray, np.ndarray]]:
    from sklearn.model_selection import TimeSeriesSplit

    missing = _missing_for_folds(data, config)
    if missing:
        raise TrainingFault(" ".join([*missing, _mend(data)]))
    splitter = TimeSeriesSplit(config.folds, gap=config.gap)
    return [(f"fold {n}", train, test) for n, (train, test) in enumerate(splitter.split(data.features), start=1)]


def _missing_for_folds(data: TrainingSet, config: ModelConfig) -> list[str]:
    """What the folds lack, in a sentence; nothing if they have enough."""
    rows, folds, leaf = len(data.dates), config.folds, config.min_rows_per_leaf
    size = rows // (folds + 1)
    first = rows - folds * size - config.gap
    if first >= 2 * leaf and size > config.horizon:
        return []
    # scikit-learn cuts folds + 1 blocks of whole rows, and the first has the rows that are left over as well: from this number on
    # every one is enough.
    enough = (folds + 1) * (2 * leaf + config.gap - 1) + 1
    # In front of the labelled rows is the warm-up of the features, behind them the sessions that have no label yet.
    years = (enough + WARM_UP_SESSIONS - 1 + config.horizon) / SESSIONS_A_YEAR
    return [
        f"{rows:,} labelled rows are not enough for {folds} folds with a gap of {config.gap}: the first fold would train on "
        f"{max(first, 0):,} rows and be tested on {size:,}, and it needs {2 * leaf:,} (twice min_rows_per_leaf, for a single "
        f"split of a tree) and {config.horizon + 1} (one more than the horizon). {enough:,} labelled rows are enough, which "
        f"{years:.1f} years of bars give."
    ]


def _missing_for_holdout(train: np.ndarray, test: np.ndarray, data: TrainingSet, config: ModelConfig) -> list[str]:
    """What the holdout lacks, in a sentence; nothing if it has enough."""
    leaf = config.min_rows_per_leaf
    if len(train) >= 2 * leaf and len(test) > config.horizon:
        return []
    return [
        f"The holdout has {len(train):,} training and {len(test):,} test rows; it needs at least {2 * leaf:,} whose label ends "
        f"before the split date, {config.split_date}, and {config.horizon + 1} from then on. Labelled rows run from "
        f"{data.dates[0]:%Y-%m-%d} to {data.dates[-1]:%Y-%m-%d}."
    ]


def _mend(data: TrainingSet) -> str:
    return (
        f"Load a longer history. From {PLACEBO_ROWS} labelled rows on, which the placebo needs, fewer folds, a smaller "
        "min_rows_per_leaf or another split_date may do, in the launchpad of "
        f"{data.instrument.asset_at(data.horizon, MODEL)}. The tables, the view and the CSV do not depend on the model."
    )


def _require_values(name: str, train: np.ndarray, test: np.ndarray, data: TrainingSet) -> None:
    if not (data.weights[train] > 0).any():
        raise TrainingFault(f"Column sample_weight: every training row of the {name} has weight 0. Check regime_weights.")
    for part, rows in (("training", train), ("test", test)):
        if np.ptp(data.target[rows]) == 0:
            raise TrainingFault(
                f"Column {data.horizon.target}: all {part} rows of the {name} ({data.dates[rows[0]]:%Y-%m-%d} to "
                f"{data.dates[rows[-1]]:%Y-%m-%d}) have the same value {data.target[rows[0]]}. Check the closes in "
                "daily_ml_matrix."
            )


def _fit(name: str, train: np.ndarray, test: np.ndarray, data: TrainingSet, config: ModelConfig) -> Fit:
    _require_values(name, train, test, data)
    booster = _booster(data, train, config)
    prediction = forecast(booster, data.features.iloc[test])
    return scored(name, train, test, booster, prediction, booster.feature_importance("gain"), data)


def scored(
    name: str,
    train: np.ndarray,
    test: np.ndarray,
    booster: Any,
    prediction: np.ndarray,
    gain: np.ndarray,
    data: TrainingSet,
    permuted: np.ndarray | None = None,
) -> Fit:
    """A fit with its score on these rows; arguments as in `Fit`."""
    return Fit(train, test, booster, prediction, gain, _score(name, train, test, prediction, data), permuted)


def _score(name: str, train: np.ndarray, test: np.ndarray, prediction: np.ndarray, data: TrainingSet) -> Score:
    y = data.target[test]
    errors = {"": y - prediction, "_zero": y, "_mean": y - data.target[train].mean()}
    rmse = {f"rmse{key}": math.sqrt(np.mean(error**2)) for key, error in errors.items()}
    mae = {f"mae{key}": float(np.mean(np.abs(error))) for key, error in errors.items()}
    ratio = rmse["rmse"] / rmse["rmse_zero"]
    return Score(
        name=name,
        n_train=len(train),
        n_test=len(test),
        train_first=f"{data.dates[train[0]]:%Y-%m-%d}",
        train_last=f"{data.dates[train[-1]]:%Y-%m-%d}",
        train_label_end=f"{data.label_ends[train[-1]]:%Y-%m-%d}",
        test_first=f"{data.dates[test[0]]:%Y-%m-%d}",
        test_last=f"{data.dates[test[-1]]:%Y-%m-%d}",
        **rmse,
        ratio=ratio,
        **mae,
        r2=1 - ratio**2,
        ic=float(np.corrcoef(prediction, y)[0, 1]) if np.ptp(prediction) > 0 else math.nan,
        sd_target_train=float(data.target[train].std()),
        sd_target_test=float(y.std()),
        sd_prediction=float(prediction.std()),
    )
