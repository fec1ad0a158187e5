"""A history that is shorter than the plan's: what can be made of it is made, and what cannot says what it lacks."""

import datetime as dt
from pathlib import Path

import pandas as pd
import pytest

from zl_assets_tests.support.fixtures import MakeProduct
from zl_assets_tests.support.product import failures, red

# The last session's own bar counts as forming on its date.
DAY_AFTER = dt.date(2025, 1, 1)


@pytest.fixture(scope="module")
def year(sample_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's bars of 2024, which is all one regime, and in no part of it before the split date."""
    bars = pd.read_parquet(sample_file)
    days = pd.to_datetime(bars["date"])
    file = tmp_path_factory.mktemp("year") / "bars.parquet"
    bars[days.dt.year == 2024].to_parquet(file)
    return file


def test_a_year_within_one_regime_is_refreshed_up_to_the_model_which_says_what_it_lacks(
    new_product: MakeProduct, year: Path
) -> None:
    product = new_product(bars=year, as_of=DAY_AFTER, min_matrix_rows=100, min_labelled_rows=100)
    result = product.refresh()
    assert red(result) == set()
    said = failures(result)
    assert set(said) == {"lgbm_model"}
    for words in ("labelled rows are not enough for 5 folds", "1,921 labelled rows are enough", "0 training and", "From 504"):
        assert words in said["lgbm_model"]
    assert "Traceback" not in said["lgbm_model"]
    matrix = product.table("daily_ml_matrix")
    assert len(matrix) > 100
    assert {regime["name"] for regime in matrix["regime"]} == {"trump_anticipation"}
    assert len(pd.read_csv(product.csv)) == len(matrix)
