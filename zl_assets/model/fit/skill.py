"""Whether the model knows anything: its skill against the zero forecast, and how often targets without information do as well.

Belongs here: measures over out-of-fold predictions, and targets without information to hold them against. Must not be here:
gates, which ask whether a model is broken.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from zl_assets.model.errors import TrainingFault
from zl_assets.model.fit.boosting import binned, forecast, refit_booster
from zl_assets.model.fit.config import ModelConfig
from zl_assets.model.fit.splits import NEAREST_SHIFT, PLACEBO_ROWS
from zl_assets.model.fit.training import Fit, cross_validate
from zl_assets.model.fit.training_set import TrainingSet

SEED = 20100607
# With 239 shifts the least p is 1/240, below the 0.05/10 of a family's test; 12 s on 3,810 rows.
PLACEBO_SHIFTS = 239

LEVEL = 0.90
DRAWS = 2000


@dataclass(frozen=True)
class Placebo:
    """Skill on the real target beside skill on circularly shifted ones.

    Attributes:
        skill: 1 - squared error / squared error of forecasting zero, pooled over the test folds.
        p: share of targets without information on which the same model does at least as well, the real one counted among them.
        shifted: the skills on those targets.
        gain_shares: each feature's share of the gain on those targets, mean over the folds, shifts x features; NaN where a
            fold has no split.
        seed: what drew the shifts.
    """

    skill: float
    p: float
    shifted: tuple[float, ...]
    gain_shares: pd.DataFrame
    seed: int


def circular_shifts(rows: int, count: int, seed: int) -> np.ndarray:
    """`count` different shifts in [252, rows - 252], in random order; all of them if there are fewer.

    Raises:
        TrainingFault: there are too few rows for any.
    """
    candidates = np.arange(NEAREST_SHIFT, rows - NEAREST_SHIFT + 1)
    if not candidates.size:
        raise TrainingFault(
            f"{rows} labelled rows are too few for the placebo, whose targets are shifted by {NEAREST_SHIFT} rows or more from "
            f"either end: at least {PLACEBO_ROWS}. Load a longer history."
        )
    return np.random.default_rng(seed).permutation(candidates)[:count]


def shifted(data: TrainingSet, shift: int) -> TrainingSet:
    """The same rows with the target of `shift` rows before, in a circle."""
    return replace(data, target=np.roll(data.target, shift))


def pooled_skill(folds: tuple[Fit, ...], target: np.ndarray) -> float:
    """1 - squared error / squared error of forecasting zero, over the test rows of all folds; 0 is no better than zero."""
    errors = sum(float(np.sum((target[fold.test] - fold.prediction) ** 2)) for fold in folds)
    return 1 - errors / sum(float(np.sum(target[fold.test] ** 2)) for fold in folds)


def placebo(data: TrainingSet, config: ModelConfig, shifts: int) -> Placebo:
    """The p of the model's skill against its own circularly shifted targets: p = (1 + #{shifted >= real}) / (shifts + 1).

    Raises:
        TrainingFault: the rows cannot support the folds, or no shift.
    """
    folds = cross_validate(data, config)
    real = pooled_skill(folds, data.target)
    # The folds' rows stay, so they are binned once: half the time of a fit.
    rows = [(binned(data.features.iloc[f.train], data.target[f.train], data.weights[f.train], config), f) for f in folds]
    tests = [data.features.iloc[fold.test] for fold in folds]
    null, shares = [], []
    for shift in circular_shifts(len(data.target), shifts, SEED):
        target = shifted(data, int(shift)).target
        boosters = [refit_booster(dataset, target[fold.train], config) for dataset, fold in rows]
        predictions = [forecast(booster, test) for booster, test in zip(boosters, tests, strict=True)]
        errors = sum(float(np.sum((target[f.test] - p) ** 2)) for f, p in zip(folds, predictions, strict=True))
        null.append(1 - errors / sum(float(np.sum(target[fold.test] ** 2)) for fold in folds))
        gains = pd.DataFrame([booster.feature_importance("gain") for booster in boosters], columns=data.features.columns)
        shares.append(gains.div(gains.sum(axis="columns").replace(0, np.nan), axis="index").mean(skipna=False))
    p = (1 + sum(skill >= real for skill in null)) / (len(null) + 1)
    return Placebo(real, p, tuple(null), pd.DataFrame(shares), SEED)


def skill_interval(folds: tuple[Fit, ...], target: np.ndarray, block: int) -> tuple[float, float]:
    """Percentile interval of the pooled skill, by a circular block bootstrap (Politis and Romano 1992) of the out-of-fold rows.

    On the real bars the bounds are those of arch 8.0's CircularBlockBootstrap to the last digit; arch and its statsmodels are
    72 MB and 2 s to import.

    Args:
        block: rows of a block, which keeps the overlap of the labels (`block_rows`).
    """
    test = np.concatenate([fold.test for fold in folds])
    errors = (target[test] - np.concatenate([fold.prediction for fold in folds])) ** 2
    return middle(1 - ratio_draws(errors, target[test] ** 2, SEED, block))


def middle(draws: np.ndarray) -> tuple[float, float]:
    """The ends of the interval that holds the middle `LEVEL` of the draws."""
    low, high = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def ratio_draws(numerator: np.ndarray, denominator: np.ndarray, seed: int, block: int) -> np.ndarray:
    """`DRAWS` values of sum(numerator) / sum(denominator) over rows drawn together, in circular blocks of `block`.

    Args:
        numerator, denominator: one value a row, in order of time.
        block: rows of a block; more than there are give the draws of one block of all rows.
    """
    rows = len(numerator)
    drawn = ((_starts(rows, seed, block)[:, :, None] + np.arange(block)) % rows).reshape(DRAWS, -1)[:, :rows]
    ratios: np.ndarray = numerator[drawn].sum(axis=1) / denominator[drawn].sum(axis=1)
    return ratios


def share_draws(inside: np.ndarray, seed: int, block: int) -> np.ndarray:
    """`ratio_draws` of the rows that are inside to all rows, equal to the last bit.

    Whole numbers add up to the same in any order, so that a block is the difference of two running counts: 2,000 draws of 3,000
    rows take 2 ms instead of 50, and a first refresh makes 65 of them.

    Args:
        inside: one bool a row, in order of time.
    """
    rows = len(inside)
    starts = _starts(rows, seed, block)
    # Twice around, and 0 before the first row.
    count = np.concatenate([[0], np.cumsum(np.concatenate([inside, inside]))])
    lengths = np.full(starts.shape[1], block)
    lengths[-1] = rows - block * (len(lengths) - 1)  # the last block ends where there are as many rows as there were
    shares: np.ndarray = (count[starts + lengths] - count[starts]).sum(axis=1) / rows
    return shares


def _starts(rows: int, seed: int, block: int) -> np.ndarray:
    """First rows of the blocks, an array of `DRAWS` by as many as `rows` rows need."""
    return np.random.default_rng(seed).integers(0, rows, (DRAWS, -(-rows // block)))


def effective_rows(rows: int, overlap: int) -> float:
    """How many independent observations a run of overlapping ones is worth, when their mean is asked for: about rows / overlap.

    A sum over h steps shares h - k of them with the sum k rows later: where the steps do not depend on each other, the two have a
    correlation of 1 - k/h. The variance of a mean of n such sums is then that of one divided by
    n / (1 + 2 sum_k (1 - k/n)(1 - k/h)), k from 1 to h - 1 (Bayley and Hammersley 1946), for n >= h in short
    n / (h - (h^2 - 1) / (3 n)). Autocorrelations measured on the rows, with Bartlett weights over the same lags, make it half as
    many again.

    Args:
        rows: n observations, one step apart.
        overlap: h, the steps that each is a sum of.
    """
    lags = np.arange(1, min(rows, overlap))
    return float(rows / (1 + 2 * np.sum((1 - lags / rows) * (1 - lags / overlap))))
