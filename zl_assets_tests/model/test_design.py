import numpy as np
import pandas as pd
import pytest

from zl_assets.model.errors import TrainingFault
from zl_assets.model.fit.design import BASE_NAMES, design_matrix


def test_no_price_level_is_an_input(walk: pd.DataFrame) -> None:
    """Prices in another unit are the same market: every input must stay the same."""
    dearer = walk.assign(**{name: walk[name] * 8 for name in ("close", "ma_5", "ma_21", "ma_63")})
    pd.testing.assert_frame_equal(design_matrix(walk), design_matrix(dearer), check_exact=True)


def test_the_inputs_are_the_eight_by_hand() -> None:
    row = {"return_1d": 0.1, "return_5d": 0.2, "return_21d": 0.3, "volatility_21d": 0.02, "rsi_14": 55.0}
    frame = pd.DataFrame([{"close": 60.0, "ma_5": 50.0, "ma_21": 40.0, "ma_63": 80.0, **row}])
    matrix = design_matrix(frame)
    assert tuple(matrix.columns) == BASE_NAMES
    assert matrix.iloc[0].tolist() == pytest.approx([0.1, 0.2, 0.3, 0.2, 0.5, -0.25, 0.02, 55.0])


def test_the_regime_and_its_weight_are_not_inputs(walk: pd.DataFrame) -> None:
    other = walk.assign(regime_name="other", sample_weight=1, split="x", target_1m=0.0)
    pd.testing.assert_frame_equal(design_matrix(walk), design_matrix(other))


def test_nullable_columns_give_plain_floats(walk: pd.DataFrame) -> None:
    matrix = design_matrix(walk.astype({"rsi_14": "Float64"}))
    assert set(matrix.dtypes) == {np.dtype("float64")}


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite_is_refused_with_its_row(walk: pd.DataFrame, value: float) -> None:
    frame = walk.copy()
    frame.loc[17, "ma_21"] = value
    with pytest.raises(TrainingFault, match=rf"Column ma_21: 1 of {len(walk)} .* row 17 {walk.data_date[17]:%Y-%m-%d}: {value}"):
        design_matrix(frame)


@pytest.mark.parametrize("price", [0.0, -1.0])
def test_a_price_that_is_not_above_zero_is_refused(walk: pd.DataFrame, price: float) -> None:
    frame = walk.copy()
    frame.loc[3, "close"] = price
    with pytest.raises(TrainingFault, match=r"Column close: .* a price above 0"):
        design_matrix(frame)


def test_a_missing_column_is_named(walk: pd.DataFrame) -> None:
    with pytest.raises(TrainingFault, match="no column ma_5, rsi_14"):
        design_matrix(walk.drop(columns=["ma_5", "rsi_14"]))


def test_text_in_a_number_column_is_refused(walk: pd.DataFrame) -> None:
    with pytest.raises(TrainingFault, match=r"Column rsi_14 .* must hold numbers, but its type is object"):
        design_matrix(walk.astype({"rsi_14": object}))
