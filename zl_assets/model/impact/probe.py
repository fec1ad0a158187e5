"""Two fixed models that ask whether more columns help: a ridge, which decides, and the LightGBM of record, which is reported.

Belongs here: squared errors out of fold, with and without the family's columns, for the columns as they are and for the columns
shifted in a circle. Must not be here: what the errors mean (effect), how the shifts are drawn (skill).

What a shift changes and what it does not. The rows, the folds, the base columns and the target stay, so in each fold the base's
z-scores, its Gram matrix and its products with the target are computed once. The family's own training rows are others at every
shift: its z-scores, its Gram matrix and its products with base and target are computed anew, from a view into the columns written
twice in a row (a shift is then a window, not a copy). One small linear system is left for each shift and fold, solved in one
call for all shifts of a fold. Nothing is approximated: a test holds every error against scikit-learn's Ridge to 1e-9.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from zl_assets.model.fit.boosting import fit_booster, forecast
from zl_assets.model.fit.config import ModelConfig

# Fixed before anything was measured: part of what is registered.
PENALTY = 0.02  # times the training rows
CLIP = 4.0  # training-fold standard deviations


@dataclass(frozen=True)
class Errors:
    """Squared errors on the rows of all test blocks, in order.

    Attributes:
        base: of the model on the base columns, one a test row.
        both: of the model on base and family.
        shifted: mean squared error on base and shifted family, one a shift.
    """

    base: np.ndarray
    both: np.ndarray
    shifted: np.ndarray

    @property
    def gain(self) -> np.ndarray:
        """d[t]: squared error of base minus that of base + family; above 0 the family helped."""
        gain: np.ndarray = self.base - self.both
        return gain

    @property
    def shifted_gain(self) -> np.ndarray:
        """The mean of d at each shift."""
        gain: np.ndarray = self.base.mean() - self.shifted
        return gain


type Folds = Sequence[tuple[np.ndarray, np.ndarray]]


def ridge_errors(base: np.ndarray, family: np.ndarray, target: np.ndarray, folds: Folds, shifts: np.ndarray) -> Errors:
    """The deciding probe: z-scores of the training rows, clipped, then a ridge with a free intercept, penalty `PENALTY` * rows.

    A column with one value on all training rows of a fold counts as 0 there, and so has no coefficient. Rows are not weighted.

    Args:
        base: n x p finite float64.
        family: n x q finite float64; shifted together by the rows in `shifts`, as numpy.roll does.
        target: n values.
        folds: training rows from 0 on, and later test rows, each an unbroken range.
    """
    rows, q = family.shape
    moves = np.concatenate([[0], shifts])
    # Row r of the family shifted by s is row (r - s) mod n: columns [n - s, 2n - s) of this.
    twice = np.ascontiguousarray(np.concatenate([family, family]).T)
    base_errors, both_errors, sums = [], [], np.zeros(len(moves))
    for train, test in folds:
        m, first, end = len(train), int(test[0]), int(test[-1]) + 1
        known = _scores(np.ascontiguousarray(base[:end].T), m)
        known -= known[:, :m].mean(axis=1, keepdims=True)
        mean = target[:m].mean()
        centred = np.vstack([known[:, :m], target[:m] - mean])
        fixed = centred @ centred.T
        p = len(known)
        systems = np.empty((len(moves), p + q, p + q))
        systems[:, :p, :p] = fixed[:p, :p] + PENALTY * m * np.eye(p)
        sides = np.empty((len(moves), p + q))
        sides[:, :p] = fixed[p, :p]
        tests = np.empty((len(moves), q, end - first))
        for k, move in enumerate(moves):
            scores = _scores(twice[:, rows - move : rows - move + end], m)
            scores -= scores[:, :m].mean(axis=1, keepdims=True)
            crossed = centred @ scores[:, :m].T
            systems[k, :p, p:] = crossed[:p]
            systems[k, p:, :p] = crossed[:p].T
            systems[k, p:, p:] = scores[:, :m] @ scores[:, :m].T
            sides[k, p:] = crossed[p]
            tests[k] = scores[:, first:]
        systems[:, range(p, p + q), range(p, p + q)] += PENALTY * m
        weights = np.linalg.solve(systems, sides[:, :, None])
        known_test = known[:, first:]
        wanted = target[first:end] - mean
        alone = np.linalg.solve(systems[0, :p, :p], sides[0, :p])
        base_errors.append((wanted - alone @ known_test) ** 2)
        forecasts = weights[:, :p, 0] @ known_test + (weights[:, p:].transpose(0, 2, 1) @ tests)[:, 0]
        errors = (wanted - forecasts) ** 2
        both_errors.append(errors[0])
        sums += errors.sum(axis=1)
    both = np.concatenate(both_errors)
    return Errors(np.concatenate(base_errors), both, sums[1:] / len(both))


def _scores(columns: np.ndarray, train: int) -> np.ndarray:
    """Columns as rows, less the mean and divided by the standard deviation (ddof 0) of their first `train` values, clipped."""
    scores: np.ndarray = columns - columns[:, :train].mean(axis=1, keepdims=True)
    fitted = scores[:, :train]
    spread = np.sqrt(np.einsum("ij,ij->i", fitted, fitted) / train)
    first = columns[:, :1]
    varies = (columns[:, :train] != first).any(axis=1)
    scores *= np.divide(1.0, spread, out=np.zeros_like(spread), where=varies)[:, None]
    return np.clip(scores, -CLIP, CLIP, out=scores)


def boosting_errors(
    base: pd.DataFrame,
    family: pd.DataFrame,
    target: np.ndarray,
    weights: np.ndarray,
    folds: Folds,
    shifts: np.ndarray,
    config: ModelConfig,
) -> Errors:
    """The reported probe: the LightGBM of record on the same rows, folds and shifts, with the sample weights."""

    def errors(features: pd.DataFrame) -> np.ndarray:
        found = []
        for train, test in folds:
            booster = fit_booster(features.iloc[train], target[train], weights[train], config)
            found.append((target[test] - forecast(booster, features.iloc[test])) ** 2)
        return np.concatenate(found)

    def shifted(move: int) -> pd.DataFrame:
        moved = pd.DataFrame(np.roll(family.to_numpy(), move, axis=0), index=family.index, columns=family.columns)
        return pd.concat([base, moved], axis=1)

    means = [float(errors(shifted(int(move))).mean()) for move in shifts]
    return Errors(errors(base), errors(shifted(0)), np.array(means))
