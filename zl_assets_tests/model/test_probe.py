"""The fast probe against scikit-learn, fold by fold and shift by shift."""

import numpy as np
import pandas as pd
import pytest
from lightgbm import LGBMRegressor
from sklearn.linear_model import Ridge

from zl_assets.model.fit.splits import impact_folds
from zl_assets.model.impact.probe import boosting_errors, ridge_errors
from zl_assets_tests.model.record import RECORD
from zl_assets_tests.support.contracts import MONTH

ROWS = 1140


def made_up(columns: int, seed: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Base, family and target, on scales and with tails that a z-score has to take away."""
    random = np.random.default_rng(seed)
    base = random.standard_t(3, size=(ROWS, 8)) * 10.0 ** np.arange(-3, 5)
    family = 100 + np.cumsum(random.standard_t(4, size=(ROWS, columns)), axis=0)
    target = 0.02 * base[:, 3] + random.normal(size=ROWS)
    return base, family, target


def scores_of(columns: np.ndarray, train: int) -> np.ndarray:
    """z-scores by the training rows, clipped, a column without spread as 0; plain Python over columns."""
    done = []
    for values in columns.T:
        known = values[:train]
        spread = np.sqrt(sum((known - known.mean()) ** 2) / train)
        varies = known.min() < known.max()
        done.append(np.minimum(np.maximum((values - known.mean()) / spread, -4), 4) if varies else np.zeros(len(values)))
    return np.column_stack(done)


def slowly(columns: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Squared errors on the test blocks: one scikit-learn Ridge a fold."""
    errors = []
    for train, test in impact_folds(ROWS, MONTH):
        inputs = scores_of(columns, len(train))
        model = Ridge(alpha=0.02 * len(train), solver="svd").fit(inputs[train], target[train])
        errors.append((target[test] - model.predict(inputs[test])) ** 2)
    return np.concatenate(errors)


@pytest.mark.parametrize("columns", [1, 3])
def test_every_error_is_that_of_scikit_learn(columns: int) -> None:
    base, family, target = made_up(columns)
    shifts = np.array([252, 300, 571, ROWS - 252])
    fast = ridge_errors(base, family, target, impact_folds(ROWS, MONTH), shifts)
    np.testing.assert_allclose(fast.base, slowly(base, target), atol=1e-9, rtol=1e-9)
    np.testing.assert_allclose(fast.both, slowly(np.hstack([base, family]), target), atol=1e-9, rtol=1e-9)
    for shift, mean in zip(shifts, fast.shifted, strict=True):
        expected = slowly(np.hstack([base, np.roll(family, shift, axis=0)]), target)
        assert mean == pytest.approx(expected.mean(), abs=1e-9, rel=1e-9)


def test_a_column_that_stands_still_in_training_counts_as_nothing_there() -> None:
    base, family, target = made_up(2)
    family[:900, 0] = 7.7
    fast = ridge_errors(base, family, target, impact_folds(ROWS, MONTH), np.array([400]))
    slow = slowly(np.hstack([base, family]), target)
    np.testing.assert_allclose(fast.both, slow, atol=1e-9, rtol=1e-9)
    assert np.isfinite(fast.shifted).all()
    # The first blocks are trained on rows where it stands still: there it changes nothing at all.
    alone = ridge_errors(base, family[:, 1:], target, impact_folds(ROWS, MONTH), np.array([400]))
    np.testing.assert_allclose(fast.both[:100], alone.both[:100], atol=1e-12)


def test_a_shift_by_nothing_is_the_family_itself() -> None:
    base, family, target = made_up(3)
    fast = ridge_errors(base, family, target, impact_folds(ROWS, MONTH), np.array([0, ROWS]))
    assert fast.shifted == pytest.approx([fast.both.mean()] * 2, rel=1e-14)
    assert fast.gain.mean() == pytest.approx(fast.shifted_gain[0], abs=1e-12)


def test_the_future_of_a_test_block_moves_no_error_in_it() -> None:
    base, family, target = made_up(3)
    folds = impact_folds(ROWS, MONTH)
    end = folds[2][1][-1] + 1
    seen = ridge_errors(base, family, target, folds, np.array([], dtype=int))
    for values in (base, family, target):
        values[end:] += 1000
    changed = ridge_errors(base, family, target, folds, np.array([], dtype=int))
    tested = sum(len(test) for _, test in folds[:3])
    np.testing.assert_array_equal(changed.both[:tested], seen.both[:tested])
    assert not np.allclose(changed.both[tested:], seen.both[tested:])


def test_labels_that_reach_into_a_test_block_are_not_trained_on() -> None:
    base, family, target = made_up(1)
    folds = impact_folds(ROWS, MONTH)
    first = folds[0][1][0]
    seen = ridge_errors(base, family, target, folds[:1], np.array([], dtype=int))
    target[first - 21 : first] = 1e6
    np.testing.assert_array_equal(ridge_errors(base, family, target, folds[:1], np.array([], dtype=int)).both, seen.both)
    target[first - 22] = 1e6
    assert (ridge_errors(base, family, target, folds[:1], np.array([], dtype=int)).both != seen.both).all()


def test_the_reported_model_is_the_model_of_record() -> None:
    base, family, target = made_up(2)
    names = [f"b{k}" for k in range(8)]
    weights = np.where(np.arange(ROWS) < 500, 100.0, 300.0)
    frames = pd.DataFrame(base, columns=names), pd.DataFrame(family, columns=["f0", "f1"])
    folds = impact_folds(ROWS, MONTH)[-1:]
    found = boosting_errors(*frames, target, weights, folds, np.array([300]), RECORD)
    [(train, test)] = folds
    model = LGBMRegressor(
        n_estimators=40, num_leaves=5, learning_rate=0.05, min_child_samples=150, reg_lambda=1, n_jobs=1, verbosity=-1
    )
    for columns, errors in ((base, found.base), (np.hstack([base, family]), found.both)):
        model.fit(pd.DataFrame(columns[train]), target[train], sample_weight=weights[train] / weights[train].mean())
        predicted = model.predict(pd.DataFrame(columns[test]))
        np.testing.assert_allclose(errors, (target[test] - predicted) ** 2, rtol=1e-9)
    rolled = frames[1].iloc[np.arange(ROWS) - 300].reset_index(drop=True)
    moved = boosting_errors(frames[0], rolled, target, weights, folds, np.array([]), RECORD)
    assert found.shifted[0] == moved.both.mean()
