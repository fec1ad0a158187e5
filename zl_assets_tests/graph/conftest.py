"""Products with a state folder of their own, new or refreshed; a clone in which the main job has run; and the real bars."""

from pathlib import Path

import pytest

from zl_assets_tests.conftest import shared_data
from zl_assets_tests.support.fixtures import clone, new_product, refreshed_product, sample_file

__all__ = ["clone", "new_product", "refreshed_product", "sample_file"]


@pytest.fixture(scope="session")
def real_bars() -> Path:
    return shared_data("databento_futures_ohlcv_1d.parquet")
