"""Prices that were stored in fewer digits or in other units than they mean: 1e-9 fixed point, and float32.

Belongs here: telling them by the values of all four columns, and giving the double that the price's decimal text gives. Must not
be here: what price is plausible (domain.rules), and numbers written as text in another way (local_texts.py).
"""

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from zl_assets.domain.rules.offenders import PRICES
from zl_assets.sources.dbn import PRICE_SCALE, UNDEFINED_PRICE
from zl_assets.sources.notes import first_of
from zl_assets.warehouse.errors import DataFault
from zl_assets.warehouse.verdict import MAX_OFFENDERS

SCALE = int(PRICE_SCALE)
UNDEFINED = float(UNDEFINED_PRICE)

# Below it a whole number is a price like any other, and from SCALE on it is a price of 1 or more in fixed point; between the two
# it may be either. The real prices of ZL, 24.68 to 87.65, are above 24 * SCALE in fixed point.
_NO_PRICE = 10**6

# Whole numbers above it are not all float32 values. https://en.wikipedia.org/wiki/Single-precision_floating-point_format
_WHOLE_IN_FLOAT32 = 2**24

_FLOAT32 = np.dtype("float32")

# Yahoo writes its float32 prices with this many decimals.
_DECIMALS = 6


def from_fixed_point(prices: pd.DataFrame, file: Path) -> tuple[pd.DataFrame, str]:
    """Prices of a whole file of Databento's (float64, index: the row's place) in their own unit, and what was done to them, if
    anything. Of other files the range of the instrument's prices decides, and nothing is scaled.

    Where every price of all four columns is a whole number of at least 1e9, they are billionths, and are divided by 1e9, which
    gives the double of the decimal text; INT64_MAX becomes NaN. Whole numbers below 1e6 are prices like any other.

    Raises:
        DataFault: some prices are fixed point and some are not, or whole numbers between 1e6 and 1e9 leave it open.
    """
    values = prices[list(PRICES)].to_numpy(dtype="float64")
    present = np.isfinite(values)
    whole = present & (values == np.floor(values)) & (np.abs(values) >= _NO_PRICE)
    if not whole.any():
        return prices, ""
    undefined = present & (values >= UNDEFINED)
    fixed = undefined | (whole & (np.abs(values) >= SCALE) & (np.abs(values) < 2.0**53))
    if (fixed == present).all():
        # Both are exact doubles, so the quotient is the double nearest to the decimal number.
        own = np.where(undefined, np.nan, values / SCALE)
        return pd.DataFrame(own, prices.index, list(PRICES)), "prices were 1e-9 fixed point and were divided by 1,000,000,000"
    if not fixed.any():
        raise DataFault(
            f"{file}: prices that are whole numbers between {_NO_PRICE:,} and {SCALE:,} are neither plain prices nor 1e-9 fixed "
            f"point of a price of 1 or more: {_cells(prices, whole)}. Give prices in the instrument's own unit, as decimals."
        )
    odd, other = (present & ~fixed, "are not") if fixed.sum() * 2 >= present.sum() else (fixed, "are")
    raise DataFault(
        f"{file}: a mixture of prices in 1e-9 fixed point and of others. Expected whole numbers of at least {SCALE:,} in all "
        f"four price columns of every row, or in none; these {other}: {_cells(prices, odd)}. Give all prices in one unit."
    )


def to_ticks(prices: pd.DataFrame, ticks: "pd.Series[Any]", types: Mapping[str, Any], file: Path) -> tuple[pd.DataFrame, str]:
    """Prices of a whole file (float64, index: the row's place) without what float32 did to them, and what was done, if anything.

    A float32 price becomes the multiple of the instrument's tick whose float32 it is: the double that its decimal text gives. So
    does a double off the ticks, if every such double of the file is the float32 of a multiple, in full or with six decimals.
    Other doubles are left alone.

    Args:
        prices: with the four price columns.
        ticks: of each row's instrument.
        types: of the price columns as the file stores them.
        file: for the message.

    Raises:
        DataFault: a float32 price is not that of exactly one multiple.
    """
    values = prices[list(PRICES)].to_numpy(dtype="float64")
    nearest, lower, upper = (_multiples(values, ticks, step) for step in (0, -1, 1))
    narrow = np.array([_is_narrow(types[name]) for name in PRICES])
    kind = min((types[name] for name in PRICES if _is_narrow(types[name])), key=lambda dtype: dtype.itemsize, default=_FLOAT32)
    with np.errstate(over="ignore"):
        stored, *neighbours = (numbers.astype(kind).astype("float64") for numbers in (nearest, lower, upper))
    meant = (stored == values) & (stored != neighbours[0]) & (stored != neighbours[1])
    finite = np.isfinite(values)
    off = finite & (nearest != values)

    wide = off & ~narrow
    fits = meant | (np.round(stored, _DECIMALS) == values)
    refused = finite & narrow & ~meant
    if (wide & ~fits).any():
        if (wide & meant).any():
            refused |= wide & ~fits
        else:
            off &= narrow
    if refused.any():
        raise DataFault(
            f"{file}: prices are float32, and some of them are not the float32 of exactly one multiple of the tick "
            f"{_words(ticks)}: {_cells(prices, refused)}. Give prices as doubles (float64), as the vendor delivered them."
        )
    if not off.any():
        return prices, ""
    own = pd.DataFrame(np.where(off, nearest, values), prices.index, list(PRICES))
    return own, f"prices were float32 and were rounded to the tick {_words(ticks)}"


def _is_narrow(dtype: Any) -> bool:
    return isinstance(dtype, np.dtype) and dtype.kind == "f" and dtype.itemsize < 8


def refuse_narrow_wholes(column: "pd.Series[Any]", file: Path) -> None:
    """Refuse whole numbers that a float32 cannot tell from their neighbours: one contract's id would be another's.

    Raises:
        DataFault: the column is float32, and a value is 16,777,216 or more.
    """
    if not _is_narrow(column.dtype):
        return
    lost = column[column.abs() >= _WHOLE_IN_FLOAT32]
    if len(lost):
        named = ", ".join(f"row {row}: {value:.0f}" for row, value in lost.head(MAX_OFFENDERS).items())
        raise DataFault(
            f"{file}: column {column.name} is float32, which does not hold whole numbers of {_WHOLE_IN_FLOAT32:,} and more: "
            f"{named}. Give the column as integers, as the vendor delivered it."
        )


def _multiples(values: npt.NDArray[np.float64], ticks: "pd.Series[Any]", step: int) -> npt.NDArray[np.float64]:
    """The multiple of the row's tick that is nearest to each value, or `step` ticks further: each the double that its decimal
    text gives, since the quotient of two whole numbers is rounded once."""
    fractions = {tick: Fraction(str(tick)) for tick in ticks.unique()}
    up = np.array([float(fractions[tick].numerator) for tick in ticks])[:, np.newaxis]
    down = np.array([float(fractions[tick].denominator) for tick in ticks])[:, np.newaxis]
    with np.errstate(invalid="ignore", over="ignore"):
        multiples: npt.NDArray[np.float64] = (np.rint(values * down / up) + step) * up / down
    return multiples


def _words(ticks: "pd.Series[Any]") -> str:
    return " or ".join(f"{tick:g}" for tick in sorted(ticks.unique()))


def _cells(prices: pd.DataFrame, chosen: npt.NDArray[np.bool_]) -> str:
    """The first cells that are chosen, for a message."""
    places = [(prices.index[i], PRICES[j], float(prices[PRICES[j]].iloc[i])) for i, j in np.argwhere(chosen)]
    return first_of([f"row {row}: {name} {value!r}" for row, name, value in places], between="; ")
