"""A kept family in the model: after the eight features, NaN only there, and a model of other families is refused."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from zl_assets.domain.errors import FamilyConflict
from zl_assets.domain.families.base import Family, ModelInput
from zl_assets.files import ArtifactFault
from zl_assets.model.errors import TrainingFault
from zl_assets.model.fit.artifact import store_model
from zl_assets.model.fit.boosting import forecast
from zl_assets.model.fit.design import BASE_INPUTS, BASE_NAMES, Input, design_matrix, inputs_with
from zl_assets.model.fit.gates import evaluate_gates
from zl_assets.model.fit.predictions import oof_rows
from zl_assets.model.fit.training import TrainedModel
from zl_assets.model.replay.latest import latest_rows
from zl_assets.model.report.words import unfilled_words
from zl_assets_tests.model.conftest import SHA
from zl_assets_tests.model.record import RECORD, load_model, train
from zl_assets_tests.model.replays import replay_of
from zl_assets_tests.support.guide import FAMILY_GUIDE

NAMES = ("candle_body_share", "candle_range_5")


@pytest.fixture(scope="module")
def candle(tmp_path_factory: pytest.TempPathFactory) -> Family:
    return FAMILY_GUIDE.made(tmp_path_factory.mktemp("module"))


@pytest.fixture(scope="module")
def inputs(candle: Family) -> tuple[Input, ...]:
    return inputs_with([candle])


@pytest.fixture(scope="module")
def view(walk: pd.DataFrame) -> pd.DataFrame:
    """The walk's view with the family's columns, of which one begins late and one has a hole where the forecast is made."""
    random = np.random.default_rng(1)
    share = pd.Series(random.uniform(-1, 1, len(walk))).where(walk.index >= 900)
    width = pd.Series(random.uniform(0, 0.5, len(walk))).where(walk.index != len(walk) - 1)
    return walk.assign(candle_body_share=share, candle_range_5=width)


@pytest.fixture(scope="module")
def trained(view: pd.DataFrame, inputs: tuple[Input, ...]) -> TrainedModel:
    return train(view, RECORD, SHA, inputs)


def test_the_familys_inputs_come_after_the_eight_and_change_none_of_them(view: pd.DataFrame, inputs: tuple[Input, ...]) -> None:
    made = design_matrix(view, inputs)
    assert tuple(made.columns) == (*BASE_NAMES, *NAMES)
    pd.testing.assert_frame_equal(made[list(BASE_NAMES)], design_matrix(view))
    np.testing.assert_array_equal(made["candle_body_share"], view["candle_body_share"])


def test_a_missing_value_is_allowed_in_the_familys_inputs_only(view: pd.DataFrame, inputs: tuple[Input, ...]) -> None:
    assert design_matrix(view, inputs)["candle_body_share"].isna().sum() == 900
    with pytest.raises(TrainingFault, match="rsi_14"):
        design_matrix(view.assign(rsi_14=view["rsi_14"].where(view.index != 5)), inputs)
    with pytest.raises(TrainingFault, match="candle_range_5"):
        design_matrix(view.assign(candle_range_5=np.inf), inputs)
    with pytest.raises(TrainingFault, match="no column candle_range_5"):
        design_matrix(view.drop(columns="candle_range_5"), inputs)


def test_a_stored_model_is_read_with_its_families_and_refused_with_others(
    trained: TrainedModel, view: pd.DataFrame, inputs: tuple[Input, ...], tmp_path: Path
) -> None:
    stored = store_model(trained, evaluate_gates(trained), tmp_path)
    model = load_model(tmp_path, stored.model_id, inputs)
    assert model.feature_names == (*BASE_NAMES, *NAMES)
    assert len(oof_rows(model, view, SHA)) == len(trained.data.dates)
    forecasts = latest_rows(model, view, replay_of(view))
    assert len(forecasts) == 21
    assert np.isfinite(forecasts["predicted_return"]).all()
    for others in (BASE_INPUTS, (*BASE_INPUTS, inputs[-1], inputs[-2])):
        with pytest.raises(ArtifactFault, match="ZL_KEPT_FAMILIES"):
            load_model(tmp_path, stored.model_id, others)
    rows = design_matrix(view.tail(21), inputs)
    with pytest.raises(ArtifactFault, match="another order"):
        model.predict(rows[[*NAMES, *BASE_NAMES]])
    with pytest.raises(ArtifactFault, match="rsi_14"):
        model.predict(rows.assign(rsi_14=np.nan))


def test_a_familys_columns_in_the_rows_do_not_reach_a_model_that_keeps_none(
    walk_model: TrainedModel, view: pd.DataFrame, tmp_path: Path
) -> None:
    plain = train(view, RECORD, SHA)
    assert plain.model_text == walk_model.model_text
    gates = evaluate_gates(plain)
    assert store_model(plain, gates, tmp_path).model_id == store_model(walk_model, gates, tmp_path).model_id


def test_an_input_that_the_sources_cannot_fill_reaches_no_forecast(
    trained: TrainedModel, view: pd.DataFrame, inputs: tuple[Input, ...]
) -> None:
    """Where few sessions have a value the family was measured without it. Here it is the target itself, and would be used."""
    newest = view.index >= len(view) - 21 - 1133
    few = train(view.assign(candle_body_share=view["target_1m"].where(newest)), RECORD, SHA, inputs)
    none = train(view.assign(candle_body_share=np.nan), RECORD, SHA, inputs)
    assert few.data.unfilled == none.data.unfilled == ("candle_body_share",)
    assert few.data.features["candle_body_share"].isna().all()
    assert "fewer than 1,134 labelled sessions have a value: candle_body_share. A" in unfilled_words(few.data)
    assert few.model_text == none.model_text
    # With one value more it is an input like any other, and the trees do use it.
    enough = train(view.assign(candle_body_share=view["target_1m"].where(np.roll(newest, -1))), RECORD, SHA, inputs)
    assert enough.data.unfilled == trained.data.unfilled == ()
    assert enough.model_text != none.model_text


def test_an_input_that_is_never_there_leaves_the_model_as_it_is_without_it(
    walk_model: TrainedModel, view: pd.DataFrame, inputs: tuple[Input, ...]
) -> None:
    absent = train(view.assign(candle_body_share=np.nan, candle_range_5=np.nan), RECORD, SHA, inputs)
    rows = absent.data.features
    assert len(rows) == len(walk_model.data.features)
    np.testing.assert_array_equal(forecast(absent.booster, rows), forecast(walk_model.booster, walk_model.data.features))
    gates = {gate.name: gate for gate in evaluate_gates(absent)}
    assert {gate.name: gate.passed for gate in evaluate_gates(walk_model)} == {name: gate.passed for name, gate in gates.items()}


def test_an_input_with_the_name_of_one_of_the_eight_is_refused(candle: Family) -> None:
    taken = ModelInput("rsi_14", ("candle_range_5",), lambda frame: frame["candle_range_5"])
    with pytest.raises(FamilyConflict, match="rsi_14"):
        inputs_with([replace(candle, inputs=(taken,))])
