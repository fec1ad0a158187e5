import dataclasses
import datetime as dt
import hashlib
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import mean_absolute_error, root_mean_squared_error

from zl_assets.model.errors import TrainingFault
from zl_assets.model.fit.config import ModelConfig
from zl_assets.model.fit.training import TrainedModel, fit
from zl_assets_tests.model.conftest import SHA
from zl_assets_tests.model.record import RECORD, config_of, train, training_set
from zl_assets_tests.model.views import random_walk_view


def refused(frame: pd.DataFrame, message: str, config: ModelConfig = RECORD) -> None:
    with pytest.raises(TrainingFault, match=message):
        train(frame, config, SHA)


# The fits and their scores.


def test_the_real_bars_give_the_documented_fold_ratios(real_model: TrainedModel) -> None:
    assert [fold.score.ratio for fold in real_model.folds] == pytest.approx([1.116, 1.059, 1.004, 0.999, 1.016], abs=6e-4)


def test_the_saved_model_has_seen_every_labelled_row(real_model: TrainedModel) -> None:
    assert real_model.booster.dump_model()["tree_info"][0]["tree_structure"]["internal_count"] == 3810


def test_no_fold_has_seen_a_close_of_its_test_rows(walk_model: TrainedModel) -> None:
    data = walk_model.data
    for part in (*walk_model.folds, walk_model.holdout):
        assert data.label_ends[part.train].max() < data.dates[part.test].min()


def test_the_scores_are_what_scikit_learn_says(walk_model: TrainedModel) -> None:
    table = walk_model.out_of_fold
    assert table["data_date"].is_unique
    for number, fold in enumerate(walk_model.folds, start=1):
        rows, score = table[table["fold"] == number], fold.score
        nothing = np.zeros(len(rows))
        assert score.rmse == pytest.approx(root_mean_squared_error(rows["target"], rows["predicted"]))
        assert score.rmse_zero == pytest.approx(root_mean_squared_error(rows["target"], nothing))
        assert score.rmse_mean == pytest.approx(root_mean_squared_error(rows["target"], rows["training_mean"]))
        assert score.mae == pytest.approx(mean_absolute_error(rows["target"], rows["predicted"]))
        assert score.mae_zero == pytest.approx(mean_absolute_error(rows["target"], nothing))
        assert score.mae_mean == pytest.approx(mean_absolute_error(rows["target"], rows["training_mean"]))
        assert score.ic == pytest.approx(rows["target"].corr(rows["predicted"]))
        assert score.r2 == pytest.approx(1 - (rows["target"] - rows["predicted"]).pow(2).sum() / rows["target"].pow(2).sum())


def test_weights_are_relative(walk: pd.DataFrame, walk_model: TrainedModel) -> None:
    """Weights of 100 to 600 would make L2 inert: a thousandth of them must be the same model."""
    lighter = train(walk.assign(sample_weight=walk["sample_weight"] / 1024), RECORD, SHA)
    assert lighter.model_text == walk_model.model_text


def test_weights_matter(walk: pd.DataFrame, walk_model: TrainedModel) -> None:
    assert train(walk.assign(sample_weight=1), RECORD, SHA).model_text != walk_model.model_text


def test_another_horizon_gets_labels_of_its_own(walk: pd.DataFrame) -> None:
    data = training_set(walk, config_of(horizon=5))
    assert len(data.target) == len(walk) - 5
    assert data.target[10] == pytest.approx(walk["close"][15] / walk["close"][10] - 1)
    assert data.label_ends[10] == walk["data_date"][15]


# The same rows, the same bytes.

_HASH = """
import hashlib
from zl_assets_tests.model.record import config_of, train
from zl_assets_tests.model.views import random_walk_view
model = train(random_walk_view(), config_of(threads={threads}), "5" * 64)
print(hashlib.sha256(model.model_text.replace("[num_threads: 2]", "[num_threads: 1]").encode()).hexdigest())
print(hashlib.sha256(model.out_of_fold.to_csv().encode()).hexdigest())
"""


@pytest.mark.parametrize("threads", [1, 2])
def test_another_process_gives_the_same_bytes(walk_model: TrainedModel, threads: int) -> None:
    run = subprocess.run([sys.executable, "-c", _HASH.format(threads=threads)], capture_output=True, text=True, check=True)
    expected = [walk_model.model_text, walk_model.out_of_fold.to_csv()]
    assert run.stdout.split() == [hashlib.sha256(text.encode()).hexdigest() for text in expected]


def test_training_twice_gives_the_same_bytes(walk: pd.DataFrame, walk_model: TrainedModel) -> None:
    assert train(walk.copy(), RECORD, SHA).model_text == walk_model.model_text


# What is refused.


def test_a_label_missing_inside_is_refused(walk: pd.DataFrame) -> None:
    walk = walk.copy()
    walk.loc[100, "target_1m"] = np.nan
    refused(walk, f"Column target_1m: 1 of .* a finite label. First: row 100 {walk.data_date[100]:%Y-%m-%d}")


def test_an_infinite_label_is_refused(walk: pd.DataFrame) -> None:
    walk = walk.copy()
    walk.loc[100, "target_1m"] = np.inf
    refused(walk, "Column target_1m: 1 of .* a finite label")


def test_a_file_cut_short_is_refused(walk: pd.DataFrame) -> None:
    refused(walk.iloc[:-1], "newest 21 rows cannot have a label yet.* 1 of them have one.*cut short")


def test_a_file_of_labelled_rows_only_is_refused(walk: pd.DataFrame) -> None:
    refused(walk.iloc[:-21], "newest 21 rows cannot have a label yet.* 21 of them")


def test_swapped_dates_are_refused(walk: pd.DataFrame) -> None:
    order = [*range(50), 51, 50, *range(52, len(walk))]
    refused(
        walk.iloc[order], rf"row 51 is out of order: {walk.data_date[51]:%Y-%m-%d} is followed by {walk.data_date[50]:%Y-%m-%d}"
    )


def test_a_repeated_date_is_refused(walk: pd.DataFrame) -> None:
    refused(pd.concat([walk.iloc[:31], walk.iloc[30:]]), "row 31 repeats")


def test_a_missing_date_is_refused(walk: pd.DataFrame) -> None:
    walk = walk.copy()
    walk.loc[9, "data_date"] = pd.NaT
    refused(walk, "Column data_date: 1 of .* a date. First: row 9")


def test_dates_as_text_are_refused(walk: pd.DataFrame) -> None:
    refused(walk.astype({"data_date": str}), "data_date must hold dates .* parse_dates")


def test_too_few_rows_for_the_folds_are_refused() -> None:
    refused(
        random_walk_view(sessions=900),
        "817 labelled rows are not enough for 5 folds .* would train on 116 rows .* 1,921 labelled rows are enough, which 8.0",
    )


def test_the_rows_that_are_said_to_be_enough_are_enough_and_one_less_is_not() -> None:
    """The 62 sessions of the warm-up and the 21 without a label are no labelled rows."""
    for rows in (1921, 1925, 1926):
        assert len(train(random_walk_view(sessions=rows + 62 + 21), RECORD, SHA).folds) == 5
    refused(random_walk_view(sessions=1920 + 62 + 21), "1,920 labelled rows are not enough .* would train on 299 rows")


def test_everything_that_a_short_history_lacks_is_said_at_once() -> None:
    """A year: no fold can be made of it, and nothing of it lies before the split date."""
    with pytest.raises(TrainingFault) as stopped:
        train(random_walk_view(sessions=252), RECORD, SHA)
    told = str(stopped.value)
    assert "169 labelled rows are not enough for 5 folds" in told
    assert "The holdout has 0 training and 169 test rows; it needs at least 300" in told
    assert "From 504 labelled rows on, which the placebo needs, fewer folds" in told
    assert "in the launchpad of lgbm_model" in told
    assert "The tables, the view and the CSV do not depend on the model" in told


def test_a_history_within_one_regime_is_trained_on(walk: pd.DataFrame) -> None:
    early = walk[walk["data_date"] < "2018-02-01"].assign(target_1m=lambda f: f["target_1m"].where(f.index < len(f) - 21))
    assert early["regime_name"].nunique() == 1
    assert len(train(early, config_of(min_rows_per_leaf=100, split_date=dt.date(2016, 1, 1)), SHA).folds) == 5


def test_fewer_rows_than_the_horizon_are_refused(walk: pd.DataFrame) -> None:
    refused(walk.iloc[-10:], "10 rows are too few")


def test_no_rows_are_refused(walk: pd.DataFrame) -> None:
    refused(walk.iloc[:0], "0 rows are too few")


def test_a_split_date_after_the_last_row_is_refused(walk: pd.DataFrame) -> None:
    refused(walk, r"The holdout has 3,810 training and 0 test rows", config_of(split_date=dt.date(2026, 6, 1)))


def test_a_split_date_before_the_first_row_is_refused(walk: pd.DataFrame) -> None:
    refused(walk, "The holdout has 0 training", config_of(split_date=dt.date(2000, 1, 1)))


def test_a_constant_target_is_refused(walk: pd.DataFrame) -> None:
    refused(walk.assign(target_1m=walk["target_1m"].where(walk["target_1m"].isna(), 0.01)), "same value 0.01")


def test_a_target_that_stands_still_in_one_fold_is_refused(walk: pd.DataFrame) -> None:
    walk = walk.copy()
    walk.loc[len(walk) - 21 - 660 : len(walk) - 22, "target_1m"] = 0.0
    refused(walk, "all test rows of the fold 5 .* have the same value 0.0")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_weight_that_is_not_finite_is_refused(walk: pd.DataFrame, value: float) -> None:
    weights = walk["sample_weight"].astype(float)
    weights[5] = value
    refused(walk.assign(sample_weight=weights), "Column sample_weight: 1 of .* a finite number. First: row 5")


def test_a_negative_weight_is_refused(walk: pd.DataFrame) -> None:
    weights = walk["sample_weight"].copy()
    weights[5] = -100
    refused(walk.assign(sample_weight=weights), "Column sample_weight: 1 of .* a weight of 0 or more. First: row 5 .*: -100")


def test_weights_that_are_all_zero_are_refused(walk: pd.DataFrame) -> None:
    refused(walk.assign(sample_weight=0), "every labelled row has weight 0")


def test_a_fold_without_weight_is_refused(walk: pd.DataFrame) -> None:
    refused(
        walk.assign(sample_weight=walk["sample_weight"].where(walk.index > 1000, 0)),
        "every training row of the fold 1 has weight 0",
    )


def test_a_single_regime_is_refused(walk: pd.DataFrame) -> None:
    refused(
        walk.assign(regime_name="inflation"), "all labelled rows are in one regime, inflation, but their dates reach pre_trade"
    )


def test_a_row_without_a_regime_is_refused(walk: pd.DataFrame) -> None:
    walk = walk.copy()
    walk.loc[8, "regime_name"] = None
    refused(walk, "Column regime_name: 1 of .* First: row 8")


def test_a_missing_column_is_refused(walk: pd.DataFrame) -> None:
    refused(walk.drop(columns=["sample_weight", "split"]), "no column sample_weight, split")


def test_an_unlabelled_row_with_a_bad_input_is_refused_too(walk: pd.DataFrame) -> None:
    """The newest rows are not trained on, but they are forecast."""
    walk = walk.copy()
    walk.loc[len(walk) - 1, "rsi_14"] = np.nan
    refused(walk, f"Column rsi_14: 1 of .* row {len(walk) - 1}")


def test_a_model_that_learns_nothing_is_scored_not_crashed(walk_model: TrainedModel) -> None:
    data = dataclasses.replace(walk_model.data, features=walk_model.data.features * 0)
    flat = fit(data, RECORD, SHA)
    assert np.isnan(flat.folds[0].score.ic)
    assert flat.folds[0].score.sd_prediction < 1e-15
