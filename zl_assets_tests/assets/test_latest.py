"""The open forecasts' asset: what a person is told, and that a forecast without a range is not written."""

from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from zl_assets.assets.predictions import build_latest
from zl_assets.io_managers.artifacts import TrainingCsv
from zl_assets.io_managers.metadata import Told
from zl_assets.model.fit.artifact import LoadedModel, store_model
from zl_assets.model.fit.gates import evaluate_gates
from zl_assets.model.fit.training import TrainedModel, train
from zl_assets.model.replay.verdicts import bands_held
from zl_assets.provenance import OWN_BARS, Provenance
from zl_assets.resources import AsOf
from zl_assets.warehouse.publish import Publication, Withheld
from zl_assets_tests.model.record import RECORD, load_model
from zl_assets_tests.model.replays import NO_REPLAY, replay_of
from zl_assets_tests.model.views import random_walk_view
from zl_assets_tests.support.contracts import MONTH, ZL

ASSET = build_latest(ZL, MONTH, Provenance("given", "/somewhere", OWN_BARS))


@pytest.fixture(scope="module")
def view() -> pd.DataFrame:
    return random_walk_view()


@pytest.fixture(scope="module")
def trained(view: pd.DataFrame) -> TrainedModel:
    return train(view, RECORD, "5" * 64, ZL, MONTH)


@pytest.fixture(scope="module")
def model(trained: TrainedModel, tmp_path_factory: pytest.TempPathFactory) -> LoadedModel:
    models = tmp_path_factory.mktemp("models")
    store_model(trained, evaluate_gates(trained), models)
    return load_model(models)


def materialized(model: LoadedModel, view: pd.DataFrame, replay: pd.DataFrame) -> Told:
    with dg.build_asset_context(resources={"as_of": AsOf(fixed="2026-01-01")}) as context:
        result = ASSET(context, model=model, csv=TrainingCsv(view, "5" * 64, Path("view.csv")), replay=replay)
    assert isinstance(result, dg.MaterializeResult)
    return Told.of(result.value)


def test_the_newest_forecast_is_told_with_its_ranges_and_the_size_of_the_move(model: LoadedModel, view: pd.DataFrame) -> None:
    replay = replay_of(view)
    others = replay.assign(symbol="MES", high_80_close=1e9)
    result = materialized(model, view, pd.concat([others, replay.assign(horizon="3m"), replay], ignore_index=True))
    assert isinstance(result.value, Publication)
    newest = result.value.frame.iloc[-1]
    assert result.facts["newest_forecast"] == (
        f"2025-12-31 for {newest.target_session:%Y-%m-%d}: {newest.predicted_close:.2f} US cents per pound, ranges "
        f"50 % {newest.low_50_close:.2f} to {newest.high_50_close:.2f}, 80 % {newest.low_close:.2f} to {newest.high_close:.2f}, "
        f"95 % {newest.low_95_close:.2f} to {newest.high_95_close:.2f}; expected move {newest.expected_move:.1%} or "
        f"{newest.expected_move_price:.2f} cents, larger than on {newest.move_percentile:.0%} of past sessions"
    )
    # 80 % is never said without what it held.
    held = bands_held(replay, view, MONTH)[80]
    assert f"{100 * held.covered:.1f} % (error {100 * held.error:.1f}) where 80 % is said" in str(result.facts["ranges_held"])
    assert str(result.facts["ranges_held"]).startswith(f"walk-forward from 2016 on, {held.rows:,} sessions: ")


def test_without_ranges_nothing_is_written_and_why_is_said(model: LoadedModel, view: pd.DataFrame) -> None:
    result = materialized(model, view, NO_REPLAY)
    assert isinstance(result.value, Withheld)
    assert "a forecast without a range is not published" in result.value.reason


def test_the_table_says_that_it_must_not_be_scored_and_what_is() -> None:
    [spec] = ASSET.specs
    for said in (spec.description, spec.metadata["must_not_be_scored"]):
        assert "must not be scored" in said
        assert "forecast_record" in said
