"""Numbers as a person reads them: with the digits that they deserve. Must not be here: what a machine reads back, which keeps all
of its digits.
"""

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

# Of a price, a return or a share nobody reads a seventh digit; a float64 is itself again with 17.
_SIGNIFICANT, _ALL = 6, 17
_DECIMALS = 2

# Beyond these a number in fixed point is a row of zeros.
_SMALLEST, _LARGEST = 1e-9, 1e16


def rounded(value: float, significant: int = _SIGNIFICANT) -> float:
    """The value with so many significant digits, and at least two decimals: 0.30000000000000004 is 0.3, 1234567.891 is
    1234567.89.
    """
    if value == 0 or not math.isfinite(value):
        return value
    return round(value, max(_DECIMALS, significant - 1 - math.floor(math.log10(abs(value)))))


def rounded_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row with its floats rounded to as few digits, from six on, as leave different ones different: that two values differ may
    be why the row is shown.
    """
    floats = {value for value in row.values() if isinstance(value, float) and math.isfinite(value)}
    for significant in range(_SIGNIFICANT, _ALL + 1):
        found = {value: rounded(value, significant) for value in floats}
        if len(set(found.values())) == len(floats):
            break
    return {name: found.get(value, value) if isinstance(value, float) else value for name, value in row.items()}


def fixed_point(value: float) -> str:
    """All digits of the value, without an exponent where that can be read: 0.00001 rather than 1e-05, 3 rather than 3.0."""
    if value == 0:
        return "0"
    if _SMALLEST <= abs(value) < _LARGEST:
        return f"{Decimal(repr(float(value))).normalize():f}"
    return repr(float(value))


def number(value: float) -> str:
    """The value as text, rounded and in fixed point."""
    return fixed_point(rounded(value))
