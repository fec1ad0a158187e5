import dataclasses

import numpy as np
import pytest
from sklearn.metrics import mean_squared_error

from zl_assets.model.errors import TrainingFault
from zl_assets.model.fit.skill import (
    SEED,
    circular_shifts,
    effective_rows,
    placebo,
    pooled_skill,
    ratio_draws,
    share_draws,
    shifted,
    skill_interval,
)
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
    with pytest.raises(TrainingFault, match=r"503 labelled rows are too few for the placebo.* at least 504"):
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


def variance_of_the_mean(rows: int, overlap: int) -> float:
    """Of `rows` neighbouring sums over `overlap` steps of variance 1, pair by pair."""
    at = np.arange(rows)
    shared = np.clip(overlap - np.abs(at[:, None] - at), 0, None)
    return float(shared.mean())


@pytest.mark.parametrize(("rows", "overlap"), [(3175, 21), (200, 63), (21, 21), (5, 21), (40, 1), (1, 21)])
def test_effective_rows_give_the_variance_of_the_mean(rows: int, overlap: int) -> None:
    """The variance of one is `overlap`; that of the mean is it divided by the effective rows."""
    assert overlap / effective_rows(rows, overlap) == pytest.approx(variance_of_the_mean(rows, overlap))


def test_effective_rows_are_those_of_simulated_sums_and_not_half_as_many_again() -> None:
    """4,000 histories as long as the out-of-fold rows of the real bars: 151.5 by the formula; Bartlett weights gave 228."""
    random = np.random.default_rng(1)
    means = []
    for _ in range(4000):
        path = np.concatenate([[0.0], random.normal(size=3175 + 20).cumsum()])
        sums = path[21:] - path[:-21]
        assert len(sums) == 3175
        means.append(sums.mean())
    simulated = 21 / np.var(means)
    # The error of a variance of 4,000 draws is 2.2 %.
    assert effective_rows(3175, 21) == pytest.approx(simulated, rel=0.07)
    assert effective_rows(3175, 21) == pytest.approx(151.5, abs=0.05)
    assert effective_rows(3175, 1) == 3175


def test_the_folds_alone_are_those_of_the_whole_training(walk_model: TrainedModel) -> None:
    alone = cross_validate(walk_model.data, RECORD)
    for fold, same in zip(alone, walk_model.folds, strict=True):
        np.testing.assert_array_equal(fold.prediction, same.prediction)


@pytest.mark.parametrize(("rows", "block"), [(1, 1), (5, 2), (7, 7), (7, 21), (42, 21), (250, 21), (3000, 21)])
def test_the_draws_of_a_share_are_those_of_the_ratio_to_the_last_bit(rows: int, block: int) -> None:
    inside = np.random.default_rng(rows).random(rows) < 0.8
    expected = ratio_draws(inside.astype("float64"), np.ones(rows), SEED, block)
    assert share_draws(inside, SEED, block).tobytes() == expected.tobytes()


def test_a_block_of_more_rows_than_there_are_is_one_of_all_rows() -> None:
    values = np.random.default_rng(1).random((2, 7))
    assert ratio_draws(*values, SEED, 21).tobytes() == ratio_draws(*values, SEED, 7).tobytes()
