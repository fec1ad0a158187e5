"""The replay says what a model of the day would have said: nothing later changes it, and nothing is computed twice."""

import dataclasses
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest

from zl_assets.contracts.forecasts import replay
from zl_assets.model.errors import TrainingFault
from zl_assets.model.fit.boosting import forecast
from zl_assets.model.fit.design import BASE_INPUTS, design_matrix
from zl_assets.model.fit.training import TrainedModel
from zl_assets.model.replay import rows, walk
from zl_assets.model.replay.rows import Replay, replay_rows
from zl_assets.model.replay.walk import FIRST_ROW
from zl_assets.warehouse.shape import empty_frame
from zl_assets_tests.model.record import RECORD
from zl_assets_tests.model.views import HORIZON, random_walk_view
from zl_assets_tests.support.contracts import MONTH, ZL

ROWS = 1200
NOTHING = empty_frame(replay(ZL))


@pytest.fixture(scope="module", autouse=True)
def every_fit_is_made() -> Iterator[None]:
    """What the test run remembers by its hash would hide that a fit has seen more than its hash says."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows, "walk_forward", walk.walk_forward)
        yield


@pytest.fixture(scope="module")
def view() -> pd.DataFrame:
    return random_walk_view(ROWS + 62)


def features_of(view: pd.DataFrame) -> pd.DataFrame:
    return view[["data_date", "close"]].assign(roll_index=view["close"])


def cut(view: pd.DataFrame, rows: int) -> pd.DataFrame:
    """The view as it was when it had so many rows."""
    return view.iloc[:rows].assign(target_1m=view["target_1m"].iloc[:rows].where(np.arange(rows) < rows - HORIZON))


def made(view: pd.DataFrame, stored: pd.DataFrame = NOTHING, made_with: str = "code") -> Replay:
    return replay_rows(view, features_of(view), stored, RECORD, made_with, ZL, MONTH)


@pytest.fixture(scope="module")
def whole(view: pd.DataFrame) -> Replay:
    return made(view)


def test_every_session_from_the_first_on_has_a_forecast(whole: Replay, view: pd.DataFrame) -> None:
    assert list(whole.rows["data_date"]) == list(view["data_date"].iloc[FIRST_ROW:])
    assert whole.fitted == len(whole.rows) == ROWS - FIRST_ROW
    assert np.isfinite(whole.rows["predicted_return"]).all()


def test_a_forecast_is_that_of_the_model_that_is_saved_on_the_day(
    walk: pd.DataFrame, walk_model: TrainedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the last digit, or the record and the replay would differ on every day."""
    monkeypatch.setattr("zl_assets.model.replay.walk.FIRST_ROW", len(walk) - 1)
    [found] = made(walk).rows["predicted_return"]
    assert found == forecast(walk_model.booster, design_matrix(walk, BASE_INPUTS).iloc[[-1]])[0]


def test_nothing_later_changes_what_would_have_been_said(whole: Replay, view: pd.DataFrame) -> None:
    then = made(cut(view, 1100)).rows
    pd.testing.assert_frame_equal(then, whole.rows.iloc[: len(then)])


def test_a_day_later_one_row_is_computed_and_the_others_stand(whole: Replay, view: pd.DataFrame) -> None:
    then = whole.rows.iloc[:-1]
    again = made(view, then)
    assert again.fitted == 1
    pd.testing.assert_frame_equal(again.rows, whole.rows)


def test_a_revised_close_is_computed_again_from_where_it_was_known(whole: Replay, view: pd.DataFrame) -> None:
    revised = view.assign(return_1d=view["return_1d"].where(view.index != 1000, 0.05))
    again = made(revised, whole.rows)
    # Its own row, and those whose model has learnt from it.
    assert again.fitted == 1 + len(view) - (1000 + HORIZON)
    assert again.rows["made_of"].eq(whole.rows["made_of"]).sum() == len(whole.rows) - again.fitted


def test_other_code_or_choices_are_computed_again(whole: Replay, view: pd.DataFrame) -> None:
    few = cut(view, FIRST_ROW + 3)
    assert made(few, whole.rows).fitted == 0
    assert made(few, whole.rows, "other code").fitted == 3


def test_too_short_a_history_is_said(view: pd.DataFrame) -> None:
    with pytest.raises(TrainingFault, match=r"756 rows are too few.*three years"):
        made(cut(view, FIRST_ROW))


def test_bands_widen_with_their_level_and_wait_for_a_year_of_outcomes(whole: Replay) -> None:
    made_rows = whole.rows
    none = made_rows["low_80_close"].isna()
    assert none.sum() == 252 + HORIZON - 1
    assert none.iloc[: none.sum()].all()
    banded = made_rows[~none]
    ordered = banded[
        ["low_95_close", "low_80_close", "low_50_close", "predicted_close", "high_50_close", "high_80_close", "high_95_close"]
    ].to_numpy()
    assert (np.diff(ordered, axis=1) > 0).all()


def test_a_choice_of_the_launchpad_is_another_replay(view: pd.DataFrame, whole: Replay) -> None:
    """Said by what it is made with, which the caller lists."""
    other = dataclasses.replace(RECORD, num_leaves=3)
    few = cut(view, FIRST_ROW + 1)
    again = replay_rows(few, features_of(few), whole.rows, other, f"code {other}", ZL, MONTH)
    assert again.fitted == 1
