"""What the model sees: names and formulas of its inputs, and the design matrix itself.

Belongs here: how a row of the training view becomes a row of model inputs. Must not be here: labels, weights, splits, fitting.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from zl_assets.domain.errors import FamilyConflict
from zl_assets.domain.families.base import Family
from zl_assets.model.errors import TrainingFault


@dataclass(frozen=True)
class Input:
    """One model input.

    Attributes:
        name: its column in the design matrix, in the booster and in the contract.
        formula: what it is made of, in columns of the training view; changes only when the meaning does, because a stored model
            is refused when its formulas are not these.
        columns: the view's columns it needs.
        compute: the formula, over a frame of the view.
        may_miss: NaN is allowed: a feature family has no value where its sources have none.
    """

    name: str
    formula: str
    columns: tuple[str, ...]
    compute: Callable[[pd.DataFrame], "pd.Series[float]"]
    may_miss: bool = False


def _as_is(column: str) -> Input:
    return Input(column, column, (column,), lambda frame: frame[column])


def _close_to(average: str) -> Input:
    return Input(
        f"close_to_{average}", f"close / {average} - 1", ("close", average), lambda frame: frame["close"] / frame[average] - 1
    )


# A moving average enters as a distance from the close, never as a price level: 62 to 74 % of a test fold's levels lie outside
# the range of the training fold, where a tree can only repeat its outermost leaf. The regime is not an input: its boundaries
# are hindsight, and the two newest regimes do not occur before 2023.
BASE_INPUTS: tuple[Input, ...] = (
    _as_is("return_1d"),
    _as_is("return_5d"),
    _as_is("return_21d"),
    _close_to("ma_5"),
    _close_to("ma_21"),
    _close_to("ma_63"),
    _as_is("volatility_21d"),
    _as_is("rsi_14"),
)
BASE_NAMES = tuple(item.name for item in BASE_INPUTS)
BASE_COLUMNS = tuple(dict.fromkeys(column for item in BASE_INPUTS for column in item.columns))


def inputs_with(kept: Sequence[Family]) -> tuple[Input, ...]:
    """`BASE_INPUTS`, and after them the inputs of the kept families.

    Raises:
        FamilyConflict: an input has a name that the model already uses.
    """
    added = [
        Input(
            given.name, given.formula or f"family {family.name}: {', '.join(given.columns)}", given.columns, given.compute, True
        )
        for family in kept
        for given in family.inputs
    ]
    if taken := sorted({item.name for item in added} & set(BASE_NAMES)):
        raise FamilyConflict(
            f"The model already has an input of this name: {', '.join(taken)}. Rename it in the family's module."
        )
    return (*BASE_INPUTS, *added)


def design_matrix(frame: pd.DataFrame, inputs: Sequence[Input] = BASE_INPUTS) -> pd.DataFrame:
    """The model's inputs, one row for each row of `frame`, on its index.

    Args:
        frame: rows of the training view; at least `BASE_COLUMNS`, prices above 0, and the columns of the inputs of kept
            families.
        inputs: what the model sees, `BASE_INPUTS` first.

    Returns:
        float64 columns, by name of the inputs, in their order. Returns, distances and volatility are fractions, rsi_14 is in
        points.

    Raises:
        TrainingFault: a column is missing, is not numeric, or has a missing or infinite value, or a price is not above 0. An
            input that may miss has no missing value that counts as a fault.
    """
    require_columns(frame, BASE_COLUMNS)
    known = pd.DataFrame({column: numbers(frame, column) for column in BASE_COLUMNS}, index=frame.index)
    for column in BASE_COLUMNS:
        if column == "close" or column.startswith("ma_"):
            refuse(frame, ~(known[column] > 0).to_numpy(), column, "a price above 0")
    made = {item.name: _added(frame, item) if item.may_miss else item.compute(known) for item in inputs}
    return pd.DataFrame(made, index=frame.index)


def _added(frame: pd.DataFrame, item: Input) -> np.ndarray:
    require_columns(frame, item.columns)
    values: np.ndarray = item.compute(frame[list(item.columns)]).to_numpy(dtype="float64", na_value=np.nan)
    refuse(frame.assign(**{item.name: values}), np.isinf(values), item.name, "a finite number, or none")
    return values


def require_columns(frame: pd.DataFrame, columns: tuple[str, ...]) -> None:
    """Refuse a frame without one of the columns.

    Raises:
        TrainingFault: names what is missing and what is there.
    """
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise TrainingFault(
            f"The training rows have no column {', '.join(missing)}. Found: {', '.join(map(str, frame.columns)) or 'none'}. "
            "Export the training view again."
        )


def numbers(frame: pd.DataFrame, column: str) -> np.ndarray:
    """A column as finite float64.

    Raises:
        TrainingFault: the column is not numeric, or has a missing or infinite value; the message names the first rows.
    """
    values = to_float(frame, column)
    refuse(frame, ~np.isfinite(values), column, "a finite number")
    return values


def to_float(frame: pd.DataFrame, column: str) -> np.ndarray:
    """A column as float64, missing values as NaN.

    Raises:
        TrainingFault: the column is not numeric.
    """
    if not pd.api.types.is_numeric_dtype(frame[column]) or pd.api.types.is_bool_dtype(frame[column]):
        raise TrainingFault(f"Column {column} of the training rows must hold numbers, but its type is {frame[column].dtype}.")
    return frame[column].to_numpy(dtype="float64", na_value=np.nan)


def refuse(frame: pd.DataFrame, bad: np.ndarray, column: str, expected: str) -> None:
    """Refuse the rows marked in `bad`.

    Raises:
        TrainingFault: any row is marked; the message counts them and names the first three.
    """
    rows = np.flatnonzero(bad)
    if rows.size:
        dates = frame["data_date"].astype(str).tolist() if "data_date" in frame.columns else [""] * len(frame)
        first = "; ".join(f"row {row} {dates[row]}: {frame[column].iloc[row]}" for row in rows[:3])
        raise TrainingFault(f"Column {column}: {rows.size} of {len(frame)} training rows do not have {expected}. First: {first}.")
