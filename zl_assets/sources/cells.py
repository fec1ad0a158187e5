"""One cell of a file to one value of a type, or a fault that names the file, the row and the cell.

Belongs here: explicit conversion, with nothing guessed. Must not be here: which columns a file has.
"""

import datetime as dt
import re
from collections.abc import Callable, Collection
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd

from zl_assets.warehouse.errors import DataFault
from zl_assets.warehouse.verdict import MAX_OFFENDERS

# What CSV writers put where there is no value, in any case. Compared after stripping blanks.
NULL_TEXTS = frozenset({"", "na", "n/a", "<na>", "nan", "nat", "null", "none"})

# Python's float() and int() also take 1_000, inf and a decimal in Arabic digits.
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")

# A whole hour, without a zone or in UTC.
ISO_HOUR = re.compile(r"(\d{4}-\d{2}-\d{2})[ T](\d{2}):00(?::00(?:\.0+)?)?(?: ?(?:Z|UTC|\+00:?00))?")

# A date alone, or at midnight without a zone or in UTC, as pandas and BigQuery write them.
ISO_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[ T]00:00(?::00(?:\.0+)?)?(?: ?(?:Z|UTC|\+00:?00))?)?")


def csv_lines(file: Path, delimiter: str = ",", passed_by: Collection[int] = ()) -> pd.DataFrame:
    """Every line of a CSV file as text, header and blank lines included, so that a row's index is its line (from 1) and no value
    is converted unseen. Lines that are to be passed by are not there.

    Raises:
        DataFault: not UTF-8, or no CSV.
        OSError: the file cannot be read.
    """
    try:
        lines = pd.read_csv(
            file,
            header=None,
            dtype=str,
            na_filter=False,
            skip_blank_lines=False,
            encoding="utf-8-sig",
            sep=delimiter,
            skiprows=[line - 1 for line in passed_by],
        )
    except UnicodeDecodeError as error:
        raise DataFault(f"{file}: not UTF-8 text ({error.reason} at byte {error.start}). Save it as CSV in UTF-8.") from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise DataFault(f"{file}: not a readable CSV file: {str(error).strip()}. Correct or replace the file.") from error
    lines.index = pd.Index([n for n in range(1, len(lines) + len(passed_by) + 1) if n not in passed_by])
    return lines


def converted(values: "pd.Series[Any]", convert: Callable[[Any], Any], expected: str, file: Path) -> "pd.Series[Any]":
    """Each value of a column, by `convert`; None and NaN stay None. The index is the row's place in the file.

    Raises:
        DataFault: `convert` raised a ValueError; the message names file, column, rows and values.
    """
    results: list[Any] = []
    bad: list[str] = []
    for row, value in zip(values.index, values.tolist(), strict=True):
        try:
            results.append(None if value is None or value != value else convert(value))
        except ValueError:
            bad.append(f"row {row}: {value!r}")
    if bad:
        more = f" and {len(bad) - MAX_OFFENDERS:,} more" if len(bad) > MAX_OFFENDERS else ""
        raise DataFault(
            f"{file}: every value of column {values.name} must be {expected}, but found {'; '.join(bad[:MAX_OFFENDERS])}{more}. "
            "Correct the file, then run again."
        )
    return pd.Series(results, index=values.index, dtype=object, name=values.name)


def text(value: Any) -> str:
    """A text as it is."""
    if not isinstance(value, str):
        raise ValueError
    return value


def number(value: Any) -> float:
    """A number, of any numeric type or as text."""
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal, str)):
        raise ValueError
    if isinstance(value, str) and not NUMBER.fullmatch(value):
        raise ValueError
    return float(value)


def whole(value: Any) -> int:
    """A whole number that fits INT64."""
    found = value if isinstance(value, int) and not isinstance(value, bool) else number(value)
    if not -(2**63) <= found < 2**63 or found != int(found):
        raise ValueError
    return int(found)


def date(value: Any) -> dt.datetime:
    """A date, or a timestamp at midnight UTC; naive."""
    if isinstance(value, str):
        match = ISO_DATE.fullmatch(value)
        if match is None:
            raise ValueError
        moment = dt.datetime.fromisoformat(match[1])
    elif isinstance(value, dt.datetime):
        stamp = pd.Timestamp(value)
        naive = stamp if stamp.tzinfo is None else stamp.tz_convert("UTC").tz_localize(None)
        if naive != naive.normalize():
            raise ValueError
        moment = naive.to_pydatetime()
    elif isinstance(value, dt.date):
        moment = dt.datetime.combine(value, dt.time())
    else:
        raise ValueError
    # datetime64[ns] ends in 2262; what lies outside these years is a typing error.
    if not 1900 <= moment.year < 2200:
        raise ValueError
    return moment


def hour(value: Any) -> pd.Timestamp:
    """The start of a whole hour, in UTC where no zone is given; in UTC."""
    if isinstance(value, str):
        match = ISO_HOUR.fullmatch(value)
        if match is None:
            raise ValueError
        stamp = pd.Timestamp(f"{match[1]}T{match[2]}:00", tz="UTC")
    elif isinstance(value, dt.datetime):
        given = pd.Timestamp(value)
        stamp = given.tz_localize("UTC") if given.tzinfo is None else given.tz_convert("UTC")
    else:
        raise ValueError
    if stamp != stamp.floor("h") or not 1900 <= stamp.year < 2200:
        raise ValueError
    return stamp
