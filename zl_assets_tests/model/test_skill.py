import dataclasses

import numpy as np
import pytest
from sklearn.metrics import mean_squared_error

from zl_assets.model.fit.skill import SEED, circular_shifts, effective_rows, placebo, pooled_skill, shifted, skill_interval
from zl_assets.model.fit.training import TrainedModel, cross_validate
from zl_assets_tests.model.record import RECORD

BLOCK = 63


def test_no_shift_is_near_the_truth_and_none_is_drawn_twice() -> None:
    shifts = circular_shifts(3810, 239, SEED)
    assert len(set(shifts)) == 239
    assert shifts.min() >= 252
    assert shifts.max() <= 3810 - 252
    assert list(circular_shifts(600, 200, SEED)) != sorted(circular_shifts(600, 200, SEED))
    assert len(circular_shifts(600, 200, SEED)) == 600 - 2 * 252 + 1
    with pytest.raises(ValueError, match="503 rows are too few"):
        circular_shifts(503, 1, SEED)


def test_a_shift_keeps_the_target_and_breaks_its_link(walk_model: TrainedModel) -> None:
    data = walk_model.data
    moved = shifted(data, 500)
    assert sorted(moved.target) == sorted(data.target)
    assert moved.target[500] == data.target[0]
    assert moved.features is data.features


def test_the_skill_is_that_of_scikit_learn(walk_model: TrainedModel) -> None:
    table = walk_model.out_of_fold
    expected = 1 - mean_squared_error(table["target"], table["predicted"]) / mean_squared_error(
        table["target"], table["target"] * 0
    )
    assert pooled_skill(walk_model.folds, walk_model.data.target) == pytest.approx(expected)


def test_nothing_to_know_gives_no_small_p(walk_model: TrainedModel) -> None:
    found = placebo(walk_model.data, RECORD, shifts=19)
    assert found.p > 0.05
    assert found.p == (1 + sum(skill >= found.skill for skill in found.shifted)) / 20
    assert len(set(found.shifted)) == 19


def test_a_shift_that_reuses_the_bins_is_a_fit_of_its_own(walk_model: TrainedModel) -> None:
    data, config = walk_model.data, RECORD
    found = placebo(data, config, shifts=3)
    for number, shift in enumerate(circular_shifts(len(data.target), 3, SEED)):
        alone = shifted(data, int(shift))
        folds = cross_validate(alone, config)
        assert found.shifted[number] == pooled_skill(folds, alone.target)
        expected = np.mean([fold.gain / fold.gain.sum() for fold in folds], axis=0)
        np.testing.assert_allclose(found.gain_shares.iloc[number], expected)


def test_something_to_know_gives_the_least_p(walk_model: TrainedModel) -> None:
    target = walk_model.data.target
    known = target + np.random.default_rng(0).normal(0, 2 * target.std(), len(target))
    data = dataclasses.replace(walk_model.data, features=walk_model.data.features.assign(return_1d=known))
    found = placebo(data, RECORD, shifts=19)
    assert found.skill > 0
    assert found.p == 1 / 20


def test_the_interval_of_the_skill_holds_the_skill(walk_model: TrainedModel) -> None:
    folds, target = walk_model.folds, walk_model.data.target
    low, high = skill_interval(folds, target, BLOCK)
    assert low < pooled_skill(folds, target) < high
    assert (low, high) == skill_interval(folds, target, BLOCK)


def test_the_real_skill_is_below_zero_and_says_so(real_model: TrainedModel) -> None:
    folds, target = real_model.folds, real_model.data.target
    assert pooled_skill(folds, target) == pytest.approx(-0.0465, abs=1e-4)
    low, high = skill_interval(folds, target, BLOCK)
    assert low == pytest.approx(-0.095, abs=0.01)
    assert high == pytest.approx(-0.001, abs=0.01)


def test_overlapping_labels_are_worth_a_twentieth_of_their_number() -> None:
    steps = np.random.default_rng(0).normal(size=200_000)
    overlapping = np.convolve(steps, np.ones(21), mode="valid")
    # 1 + 2 sum (1 - k/21)^2 over k = 1..20, weighted again by Bartlett: 21 * 2/3, for long windows 21.
    assert len(overlapping) / effective_rows(overlapping, 20) == pytest.approx(14.0, rel=0.03)
    assert len(overlapping) / effective_rows(overlapping, 400) == pytest.approx(21.0, rel=0.10)
    assert effective_rows(steps, 20) == pytest.approx(len(steps), rel=0.05)


def test_the_folds_alone_are_those_of_the_whole_training(walk_model: TrainedModel) -> None:
    alone = cross_validate(walk_model.data, RECORD)
    for fold, same in zip(alone, walk_model.folds, strict=True):
        np.testing.assert_array_equal(fold.prediction, same.prediction)
