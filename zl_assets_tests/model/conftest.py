"""Views and models that several of these test files share; training them once keeps the folder fast."""

import pandas as pd
import pytest

from zl_assets.model.fit.training import TrainedModel
from zl_assets_tests.conftest import shared_data
from zl_assets_tests.model.record import RECORD, train
from zl_assets_tests.model.replays import replay_of
from zl_assets_tests.model.views import random_walk_view, real_closes, view_of

SHA = "5" * 64


@pytest.fixture(scope="session")
def walk() -> pd.DataFrame:
    return random_walk_view()


@pytest.fixture(scope="session")
def walk_model(walk: pd.DataFrame) -> TrainedModel:
    return train(walk, RECORD, SHA)


@pytest.fixture(scope="session")
def walk_replay(walk: pd.DataFrame) -> pd.DataFrame:
    return replay_of(walk)


@pytest.fixture(scope="session")
def real_bars() -> pd.DataFrame:
    return real_closes(shared_data("databento_futures_ohlcv_1d.parquet"))


@pytest.fixture(scope="session")
def real_view(real_bars: pd.DataFrame) -> pd.DataFrame:
    return view_of(real_bars["date"], real_bars["close"])


@pytest.fixture(scope="session")
def real_model(real_view: pd.DataFrame) -> TrainedModel:
    return train(real_view, RECORD, SHA)
