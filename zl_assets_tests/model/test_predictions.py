import dataclasses
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from zl_assets.files import ArtifactFault
from zl_assets.model.errors import NoRange
from zl_assets.model.fit.artifact import LoadedModel, store_model
from zl_assets.model.fit.design import design_matrix
from zl_assets.model.fit.gates import evaluate_gates
from zl_assets.model.fit.predictions import oof_rows
from zl_assets.model.fit.training import TrainedModel
from zl_assets.model.replay.latest import latest_rows, least_rows
from zl_assets.warehouse.verdict import require
from zl_assets_tests.model.conftest import SHA
from zl_assets_tests.model.record import load_model
from zl_assets_tests.model.replays import NO_REPLAY, replay_of
from zl_assets_tests.model.views import HORIZON
from zl_assets_tests.support.contracts import LATEST, MONTH, OOF, ROW_RULES


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


def test_the_open_sessions_are_forecast_in_cents(
    stored: LoadedModel, walk: pd.DataFrame, walk_replay: pd.DataFrame, walk_model: TrainedModel
) -> None:
    rows = latest_rows(stored, walk, walk_replay)
    assert tuple(rows.columns) == LATEST.frame_columns
    assert list(rows["data_date"]) == list(walk["data_date"].tail(21))
    newest = walk["data_date"].iloc[-1]
    assert rows["target_session"].is_monotonic_increasing
    assert rows["target_session"].iloc[0] > newest
    # The view ends on 2025-12-31; the calendar knows that New Year's Day has no session.
    assert rows["target_session"].iloc[0] == pd.Timestamp("2026-01-02")
    np.testing.assert_allclose(rows["predicted_close"], rows["close"] * (1 + rows["predicted_return"]))
    # The published model's forecast, not the replay's.
    np.testing.assert_array_equal(rows["predicted_return"], walk_model.booster.predict(design_matrix(walk.tail(21))))
    assert (rows["predicted_return"] - walk_replay["predicted_return"].tail(21).to_numpy()).abs().max() > 1e-3
    require([rule(rows) for rule in ROW_RULES[LATEST.table]], LATEST.name)


def test_each_range_has_the_width_that_the_replay_has_of_the_same_session(
    stored: LoadedModel, walk: pd.DataFrame, walk_replay: pd.DataFrame
) -> None:
    # In another order: rows belong together by their session, not by their place.
    rows = latest_rows(stored, walk, walk_replay.sample(frac=1, random_state=1))
    for row in rows.itertuples():
        [known] = walk_replay[walk_replay["data_date"].eq(row.data_date)].itertuples()
        for level, low, high in (
            (50, row.low_50_close, row.high_50_close),
            (80, row.low_close, row.high_close),
            (95, row.low_95_close, row.high_95_close),
        ):
            width = getattr(known, f"high_{level}_close") - getattr(known, f"low_{level}_close")
            assert high - low == pytest.approx(width, rel=1e-12)
            assert (low + high) / 2 == pytest.approx(row.predicted_close, rel=1e-12)
        assert row.expected_move == known.expected_move
        assert row.expected_move_price == pytest.approx(known.expected_move * row.close, rel=1e-12)
        assert row.move_percentile == known.move_percentile
    assert set(rows["interval_level"]) == {0.8}


def test_one_width_for_all_times_is_not_used_any_more(stored: LoadedModel, walk: pd.DataFrame, walk_replay: pd.DataFrame) -> None:
    """It held 46 % of 2021 of what it called 80 %."""
    assert not {"interval", "coverage"} & stored.contract.keys()
    rows = latest_rows(stored, walk, walk_replay)
    half = (rows["high_close"] - rows["predicted_close"]) / rows["close"]
    assert half.round(12).nunique() > 1
    # It follows the volatility of the session, times a quantile that moves little in a month.
    per_volatility = half / walk_replay["volatility"].tail(21).to_numpy()
    assert per_volatility.max() / per_volatility.min() < half.max() / half.min()
    wider = walk_replay.assign(high_80_close=walk_replay["high_80_close"] + walk_replay["close"])
    again = latest_rows(stored, walk, wider)
    np.testing.assert_allclose(again["high_close"] - rows["high_close"], rows["close"] / 2)


def test_a_forecast_without_a_range_is_not_published(stored: LoadedModel, walk: pd.DataFrame) -> None:
    assert least_rows(MONTH) == 756 + 252 + 2 * HORIZON - 1 == 1049
    short = cut(walk, 1048)
    with pytest.raises(
        NoRange,
        match=rf"The forecast of {short['data_date'].iloc[-HORIZON]:%Y-%m-%d} has no range, and a forecast without a range is "
        r"not published: the training view has 1,048 sessions, and 1,049 are needed: 756 before .* Load a longer history\.",
    ):
        latest_rows(stored, short, replay_of(short))
    enough = cut(walk, 1049)
    assert len(latest_rows(stored, enough, replay_of(enough))) == HORIZON


def cut(view: pd.DataFrame, rows: int) -> pd.DataFrame:
    """The view as it was when it had so many rows."""
    return view.iloc[:rows].assign(target_1m=view["target_1m"].iloc[:rows].where(np.arange(rows) < rows - HORIZON))


def test_a_replay_that_ends_too_early_is_told_from_too_short_a_history(
    stored: LoadedModel, walk: pd.DataFrame, walk_replay: pd.DataFrame
) -> None:
    newest = f"{walk['data_date'].iloc[-1]:%Y-%m-%d}"
    with pytest.raises(NoRange, match=f"The forecast of {newest} .*: forecast_replay has no range of that session. Materialize"):
        latest_rows(stored, walk, walk_replay.iloc[:-1])
    with pytest.raises(NoRange, match="forecast_replay has no range of that session"):
        latest_rows(stored, walk, NO_REPLAY)


def test_another_csv_is_not_taken_for_the_models_own(stored: LoadedModel, walk: pd.DataFrame) -> None:
    with pytest.raises(ArtifactFault, match=f"trained on another training_csv: sha256 {SHA}, found 6666"):
        oof_rows(stored, walk, "6" * 64)


def test_folds_that_score_otherwise_are_not_published(stored: LoadedModel, walk: pd.DataFrame) -> None:
    contract = json.loads((Path(stored.path) / "contract.json").read_text())
    contract["scores"][2]["ratio"] += 1e-9
    with pytest.raises(ArtifactFault, match="its folds have other scores now"):
        oof_rows(dataclasses.replace(stored, contract=contract), walk, SHA)
