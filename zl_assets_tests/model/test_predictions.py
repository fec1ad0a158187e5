import dataclasses
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from zl_assets.files import ArtifactFault
from zl_assets.model.fit.artifact import LoadedModel, store_model
from zl_assets.model.fit.gates import evaluate_gates
from zl_assets.model.fit.predictions import latest_rows, oof_rows
from zl_assets.model.fit.training import TrainedModel
from zl_assets.warehouse.verdict import require
from zl_assets_tests.model.conftest import SHA
from zl_assets_tests.model.record import load_model
from zl_assets_tests.support.contracts import LATEST, OOF, ROW_RULES


@pytest.fixture(scope="module")
def stored(walk_model: TrainedModel, tmp_path_factory: pytest.TempPathFactory) -> LoadedModel:
    models = tmp_path_factory.mktemp("models")
    store_model(walk_model, evaluate_gates(walk_model), models)
    return load_model(models)


def test_every_labelled_session_is_there_once_with_the_forecast_of_its_fold(
    stored: LoadedModel, walk: pd.DataFrame, walk_model: TrainedModel
) -> None:
    rows = oof_rows(stored, walk, SHA)
    assert tuple(rows.columns) == OOF.frame_columns
    labelled = walk[walk["target_1m"].notna()]
    assert list(rows["data_date"]) == list(labelled["data_date"])
    np.testing.assert_array_equal(rows["target_1m"], labelled["target_1m"])
    np.testing.assert_array_equal(rows["close"], labelled["close"])
    assert list(rows["target_session"]) == list(walk["data_date"].iloc[21:])
    forecast = rows[rows["fold"].notna()].reset_index(drop=True)
    expected = walk_model.out_of_fold
    np.testing.assert_array_equal(forecast["predicted_return"], expected["predicted"])
    np.testing.assert_array_equal(forecast["fold"].to_numpy("int64"), expected["fold"])
    assert rows["predicted_return"].isna().sum() == len(labelled) - len(expected)
    assert set(rows["model_id"]) == {stored.model_id}
    require([rule(rows) for rule in ROW_RULES[OOF.table]], OOF.name)


def test_the_open_sessions_are_forecast_in_cents(stored: LoadedModel, walk: pd.DataFrame) -> None:
    rows = latest_rows(stored, walk)
    assert tuple(rows.columns) == LATEST.frame_columns
    assert list(rows["data_date"]) == list(walk["data_date"].tail(21))
    newest = walk["data_date"].iloc[-1]
    assert rows["target_session"].is_monotonic_increasing
    assert rows["target_session"].iloc[0] > newest
    # The view ends on 2025-12-31; the calendar knows that New Year's Day has no session.
    assert rows["target_session"].iloc[0] == pd.Timestamp("2026-01-02")
    np.testing.assert_allclose(rows["predicted_close"], rows["close"] * (1 + rows["predicted_return"]))
    width = stored.contract["interval"]["half_width"]
    np.testing.assert_allclose(rows["high_close"] - rows["predicted_close"], rows["close"] * width)
    np.testing.assert_allclose(rows["predicted_close"] - rows["low_close"], rows["close"] * width)
    require([rule(rows) for rule in ROW_RULES[LATEST.table]], LATEST.name)


def test_another_csv_is_not_taken_for_the_models_own(stored: LoadedModel, walk: pd.DataFrame) -> None:
    with pytest.raises(ArtifactFault, match=f"trained on another training_csv: sha256 {SHA}, found 6666"):
        oof_rows(stored, walk, "6" * 64)


def test_folds_that_score_otherwise_are_not_published(stored: LoadedModel, walk: pd.DataFrame) -> None:
    contract = json.loads((Path(stored.path) / "contract.json").read_text())
    contract["scores"][2]["ratio"] += 1e-9
    with pytest.raises(ArtifactFault, match="its folds have other scores now"):
        oof_rows(dataclasses.replace(stored, contract=contract), walk, SHA)
