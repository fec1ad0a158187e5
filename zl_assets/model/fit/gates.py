"""Is a trained model fit to be `latest`: every gate, and its reason in plain words.

Belongs here: pure predicates over a TrainedModel. Must not be here: the bounds (the instrument's module), what happens after a
gate fails (artifact), Dagster checks.

The bounds are about the 99 % quantile of the model of record on circularly shifted targets of the instrument's series, which
carry no information: a gate that is red means blown up, broken or leaking, not merely unskilled. A measure that is not a number
fails its gate.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from zl_assets.instruments.base import Horizon, Instrument
from zl_assets.model.fit.boosting import forecast
from zl_assets.model.fit.training import Fit, TrainedModel
from zl_assets.warehouse.digits import number

PERMUTATION_BLOCK = 21  # rows; shuffling single rows would break the feature's own autocorrelation, and flatter it
PERMUTATION_REPEATS = 20
PERMUTATION_SEED = 20100607


@dataclass(frozen=True)
class Gate:
    """A question about a trained model, and the answers that pass.

    Attributes:
        name: stable identifier.
        title: what a person calls it.
        low, high: least and greatest value that passes; None where there is no bound.
        explanation: what is measured, and what to do when it is red, in plain words.
    """

    name: str
    title: str
    low: float | None
    high: float | None
    explanation: str

    @property
    def bound(self) -> str:
        """The bound as text, e.g. "<= 1.3"."""
        if self.low is None:
            return f"<= {self.high:g}"
        return f">= {self.low:g}" if self.high is None else f"{self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class GateResult:
    """One gate on one model.

    Attributes:
        name, title, bound, explanation: as in its Gate, the bound as text.
        passed: did it hold.
        measured: the number held against the bound; NaN when it could not be computed, and then the gate has failed.
        detail: where the number comes from: the fold, the feature.
    """

    name: str
    title: str
    passed: bool
    measured: float
    bound: str
    detail: str
    explanation: str

    @property
    def reading(self) -> str:
        """What was found, for a person: the gate's title, the number beside its bound, and where it comes from."""
        found = "not a number" if math.isnan(self.measured) else number(self.measured)
        return f'"{self.title}": {found} ({self.detail}), bound {self.bound}'


# By name: what a person calls it, and its explanation. The bounds are the instrument's.
_WORDS: dict[str, tuple[str, str]] = {
    "worst_fold_ratio": (
        "CV folds stable",
        "Error of the worst cross-validation fold, divided by the error of forecasting no change. Above the bound the model "
        "blew up in that period: look at its features there before using any forecast.",
    ),
    "fold_ratio_spread": (
        "no fold far worse than the others",
        "The worst fold's error ratio, divided by the median fold's. Above the bound one period is unlike the rest: look for bad "
        "bars or a changed source in it.",
    ),
    "best_fold_r2": (
        "not too good: R2",
        "Best fold's R2 against the better of forecasting zero and the training mean. Above the bound: suspected leak. These "
        "features cannot know that much about the next {horizon}, so look for one that has seen the future.",
    ),
    "largest_ic": (
        "not too good: correlation",
        "Largest correlation, in either direction, between forecast and outcome in a fold. Above the bound: suspected leak. "
        "Look for a feature that has seen the future.",
    ),
    "target_sd_ratio": (
        "target spread comparable",
        "How widely the target swings in a fold's test rows, divided by its training rows; the fold nearest to a bound or "
        "furthest beyond it counts. Outside the bounds the two are not the same market, or some bars are wrong by a factor: "
        "look at the closes in that period.",
    ),
    "out_of_range_share": (
        "inputs within their training range",
        "Share of a fold's test rows on which a feature lies outside everything the fold was trained on; the worst feature "
        "counts. Above the bound the trees can only guess there: the feature is a level that drifts, and should enter as a "
        "ratio or a change.",
    ),
    "prediction_dispersion": (
        "forecasts neither constant nor wild",
        "How widely the forecasts swing, divided by the training target's swing; the fold nearest to a bound or furthest "
        "beyond it counts. Below: the model says the same thing every day. Above: it believes its own noise.",
    ),
    "largest_gain_share": (
        "importances sensible",
        "Share of the trees' gain that the most used feature takes, averaged over the folds. Above the bound the model is one "
        "feature: check that feature for a leak or a fault.",
    ),
    "importance_rank_correlation": (
        "importances agree between folds",
        "Rank correlation of the features' importances between folds. Below the bound each fold learnt something else, "
        "which is what noise looks like. Not a number means that a fold learnt nothing at all.",
    ),
    "permutation_importance": (
        "no feature knows the answer",
        "How much of the zero forecast's squared error is added when one feature is shuffled in the test rows, mean over folds. "
        "Above the bound: suspected leak. A price feature that matters this much a {horizon} ahead has seen the future.",
    ),
}


# Those that say their upper bound in words.
_HIGH = ("worst_fold_ratio", "largest_gain_share")


def model_gates(instrument: Instrument, horizon: Horizon) -> tuple[Gate, ...]:
    """The gates of an instrument's models, in the order in which they are shown.

    Raises:
        ValueError: the instrument has no bound for a gate, two bounds, or a bound for an unknown gate.
    """
    bounds = {bound.gate: bound for bound in instrument.gates}
    if len(bounds) != len(instrument.gates) or bounds.keys() != _WORDS.keys():
        raise ValueError(f"{instrument.symbol}: it needs one bound for each of the gates {', '.join(_WORDS)}")
    if unbounded := [name for name in _HIGH if bounds[name].high is None]:
        raise ValueError(f"{instrument.symbol}: the gates {', '.join(unbounded)} need an upper bound")
    return tuple(
        Gate(name, title, bounds[name].low, bounds[name].high, explanation.format(horizon=horizon.words))
        for name, (title, explanation) in _WORDS.items()
    )


def evaluate_gates(trained: TrainedModel) -> tuple[GateResult, ...]:
    """Every gate of the model's instrument, in the order of `model_gates`.

    0.3 s on 3,810 rows, nearly all of it the permutation gate, which forecasts every fold 160 times.
    """
    ratios = _by_fold(trained, "ratio")
    sd_train = _by_fold(trained, "sd_target_train")
    shares = gain_shares(trained).max(axis="columns", skipna=False)
    # Label -> value; the value that is nearest to a bound, or furthest beyond it, is the one that counts.
    measured: dict[str, pd.Series[float]] = {
        "worst_fold_ratio": ratios,
        "fold_ratio_spread": ratios / ratios.median(skipna=False),
        "best_fold_r2": r2_of_better(trained),
        "largest_ic": _by_fold(trained, "ic").abs(),
        "target_sd_ratio": _by_fold(trained, "sd_target_test") / sd_train,
        "out_of_range_share": _cells(out_of_range(trained)),
        "prediction_dispersion": _by_fold(trained, "sd_prediction") / sd_train,
        "largest_gain_share": pd.Series({"mean over folds": shares.mean(skipna=False)}),
        "importance_rank_correlation": pd.Series({"mean over pairs of folds": importance_rank_correlation(trained)}),
        "permutation_importance": permutation_importance(trained).mean(axis="index"),
    }
    return tuple(_judge(gate, measured[gate.name]) for gate in model_gates(trained.data.instrument, trained.data.horizon))


def r2_of_better(trained: TrainedModel) -> "pd.Series[float]":
    """Each fold's R2 against the better of its two baselines, zero and the mean of its training rows.

    Against zero alone a drifting market looks like a leak: a constant forecast of the drift has such an R2 too.
    """
    rmse = _by_fold(trained, "rmse")
    # Not a number where any of the three is not one.
    better = _by_fold(trained, "rmse_zero").combine(_by_fold(trained, "rmse_mean"), np.minimum)
    return 1.0 - (rmse / better) ** 2


def gain_shares(trained: TrainedModel) -> pd.DataFrame:
    """Each feature's share of the total gain, folds x features; NaN in a fold without a split."""
    gains = pd.DataFrame([fold.gain for fold in trained.folds], index=_names(trained), columns=trained.data.features.columns)
    return gains.div(gains.sum(axis="columns").replace(0, np.nan), axis="index")


def importance_rank_correlation(trained: TrainedModel) -> float:
    """Mean Spearman correlation of the folds' gains over all pairs of folds; NaN when a fold ranks nothing."""
    ranks = gain_shares(trained).rank(axis="columns").to_numpy()
    if np.isnan(ranks).any() or (np.ptp(ranks, axis=1) == 0).any():
        return math.nan
    pairs = np.corrcoef(ranks)[np.triu_indices(len(ranks), k=1)]
    return float(pairs.mean())


def out_of_range(trained: TrainedModel) -> pd.DataFrame:
    """Share of each fold's test rows outside the range of its training rows, folds x features."""
    features = trained.data.features

    def share(fold: Fit) -> "pd.Series[float]":
        seen, new = features.iloc[fold.train], features.iloc[fold.test]
        return ((new < seen.min()) | (new > seen.max())).mean()

    return pd.DataFrame([share(fold) for fold in trained.folds], index=_names(trained))


def permutation_importance(trained: TrainedModel) -> pd.DataFrame:
    """Out-of-fold permutation importance, folds x features: (MSE with the feature shuffled - MSE) / MSE of forecasting zero.

    The test rows are cut into blocks of `PERMUTATION_BLOCK` (the last one may be shorter) and the blocks are put in random order,
    `PERMUTATION_REPEATS` times; every feature is shuffled by the same orders.
    """
    return pd.DataFrame(
        [_permutation(trained, fold) for fold in trained.folds], index=_names(trained), columns=trained.data.features.columns
    )


def with_permutation(trained: TrainedModel) -> TrainedModel:
    """The same model with its permutation importance measured, 0.3 s, for the gates, the report and the record."""
    folds = tuple(replace(fold, permuted=np.array(_permutation(trained, fold))) for fold in trained.folds)
    return replace(trained, folds=folds)


def _permutation(trained: TrainedModel, fold: Fit) -> list[float]:
    if fold.permuted is not None:
        return [float(value) for value in fold.permuted]
    features, target = trained.data.features.iloc[fold.test], trained.data.target[fold.test]
    random = np.random.default_rng(PERMUTATION_SEED)
    blocks = np.split(np.arange(len(target)), np.arange(PERMUTATION_BLOCK, len(target), PERMUTATION_BLOCK))
    orders = np.concatenate(
        [row for _ in range(PERMUTATION_REPEATS) for row in [blocks[k] for k in random.permutation(len(blocks))]]
    )
    # One call for all repeats of a feature: 20 times fewer trips into LightGBM.
    repeated = pd.concat([features] * PERMUTATION_REPEATS, ignore_index=True)
    outcome = np.tile(target, PERMUTATION_REPEATS)
    plain = np.mean((target - fold.prediction) ** 2)

    def added(feature: str) -> float:
        shuffled = repeated.assign(**{feature: features[feature].to_numpy()[orders]})
        error = np.mean((outcome - forecast(fold.booster, shuffled)) ** 2)
        return float((error - plain) / np.mean(target**2))

    return [added(feature) for feature in features.columns]


def _names(trained: TrainedModel) -> list[str]:
    return [fold.score.name for fold in trained.folds]


def _by_fold(trained: TrainedModel, field: str) -> "pd.Series[float]":
    return pd.Series([getattr(fold.score, field) for fold in trained.folds], index=_names(trained), name=field)


def _cells(table: pd.DataFrame) -> "pd.Series[float]":
    return pd.Series({f"{row}, {column}": value for row, values in table.iterrows() for column, value in values.items()})


def _judge(gate: Gate, values: "pd.Series[float]") -> GateResult:
    low, high, numbers = gate.low, gate.high, values.to_numpy("float64")
    # A value that is not a number fails its gate: argmax and argmin stop at it, and no comparison with it holds.
    if low is None:
        at = int(numbers.argmax())
    elif high is None:
        at = int(numbers.argmin())
    else:
        # On a ratio scale: 0.2 is as far below 0.4 as 5 is beyond 2.5. Nothing is further out than 0.
        at = int(np.maximum(numbers / high, low / numbers.clip(min=1e-12)).argmax())
    measured, detail = float(numbers[at]), str(values.index[at])
    passed = (low is None or measured >= low) and (high is None or measured <= high)
    return GateResult(gate.name, gate.title, passed, measured, gate.bound, detail, gate.explanation)
