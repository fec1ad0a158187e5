"""One cell of a file to one value of a type, or a fault that names the file, the row and the cell.

Belongs here: explicit conversion, with nothing guessed. Must not be here: which columns a file has.
"""

import csv
import datetime as dt
import io
import re
from collections.abc import Callable, Collection
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd

from zl_assets.sources.notes import first_of
from zl_assets.warehouse.errors import DataFault

# What CSV writers put where there is no value, in any case. Compared after stripping blanks.
NULL_TEXTS = frozenset({"", "na", "n/a", "<na>", "nan", "nat", "null", "none"})

# Python's float() and int() also take 1_000, inf and a decimal in Arabic digits.
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")

# A whole hour, without a zone or in UTC.
ISO_HOUR = re.compile(r"(\d{4}-\d{2}-\d{2})[ T](\d{2}):00(?::00(?:\.0+)?)?(?: ?(?:Z|UTC|\+00:?00))?")

# A date alone, or at midnight without a zone or in UTC, as pandas and BigQuery write them.
ISO_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[ T]00:00(?::00(?:\.0+)?)?(?: ?(?:Z|UTC|\+00:?00))?)?")

# What ends a line for csv, and for an editor.
LINE_END = re.compile(r"\r\n|\r|\n")

_CORRECT = (
    "Correct these lines: a value that is missing keeps its separator, and one that has a separator in it stands in quotes."
)


def csv_lines(file: Path, separator: str = ",", passed_by: Collection[int] = ()) -> pd.DataFrame:
    """Every line of a CSV file that is not blank, as text, header included: a row's index is its line (from 1), and no value is
    converted unseen. Every line has as many fields as the first. Lines that are to be passed by count, and are not there.

    Raises:
        DataFault: not UTF-8, a NUL byte, no CSV, a field that holds a line end, or a line of another number of fields.
        OSError: the file cannot be read.
    """
    content = _text(file)
    # The lines are those that an editor counts, whatever their ends are; csv would tell only where a row ends.
    reader = csv.reader(io.StringIO(content, newline=""), delimiter=separator, strict=True)
    rows: list[list[str]] = []
    places: list[int] = []
    begin = 1
    try:
        for row in reader:
            if reader.line_num > begin:
                raise _over_lines(file, begin, reader.line_num)
            if begin not in passed_by and (any(cell.strip() for cell in row) or len(row) > 1):
                rows.append(row)
                places.append(begin)
            begin = reader.line_num + 1
    except csv.Error as error:
        if reader.line_num > begin:
            raise _over_lines(file, begin, reader.line_num) from error
        raise DataFault(f"{file}: not a readable CSV file: line {begin}: {error}. Correct or replace the file.") from error
    if not rows:
        raise DataFault(f"{file}: not a readable CSV file: it has only blank lines. Replace the file.")
    wide = len(rows[0])
    if odd := [i for i, row in enumerate(rows) if len(row) != wide]:
        named = first_of([f"line {places[i]}: {_fields(rows[i])} ({separator.join(rows[i])[:60]!r})" for i in odd], between="; ")
        cut = odd[-1] == len(rows) - 1 and not _ends_line(content)
        raise DataFault(
            f"{file}: not a readable CSV file: every line must have as many fields as line {places[0]}, which has {wide}, but "
            f"found {named}. " + ("The file ends within its last line, so it was cut off: get it again." if cut else _CORRECT)
        )
    return pd.DataFrame(rows, index=places, dtype=object)


def lacks_last_line_end(file: Path) -> bool:
    """Does a text file end without a line end, as one that was cut off does?

    Raises:
        OSError: the file cannot be read.
    """
    with open(file, "rb") as opened:
        size = opened.seek(0, io.SEEK_END)
        opened.seek(max(size - 1, 0))
        return opened.read() not in (b"\n", b"\r")


def _text(file: Path) -> str:
    try:
        content = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataFault(f"{file}: not UTF-8 text ({error.reason} at byte {error.start}). Save it as CSV in UTF-8.") from error
    if "\0" in content:
        line = 1 + len(LINE_END.findall(content[: content.index("\0")]))
        raise DataFault(f"{file}: line {line} holds a NUL byte, so the file is damaged or is not UTF-8 text. Get it again.")
    return content


def _over_lines(file: Path, begin: int, end: int) -> DataFault:
    return DataFault(
        f"{file}: a field that begins with a quote on line {begin} goes on over the line's end, to line {end}: the lines between "
        "would be lost as rows. Close the quote, or take the line end out of the field."
    )


def _fields(row: list[str]) -> str:
    return "1 field" if len(row) == 1 else f"{len(row)} fields"


def _ends_line(content: str) -> bool:
    return content.endswith(("\n", "\r"))


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
        raise DataFault(
            f"{file}: every value of column {values.name} must be {expected}, but found {first_of(bad, between='; ')}. "
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
