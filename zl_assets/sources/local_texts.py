"""Numbers and dates as people and vendors write them, to the texts that cells.py converts.

Belongs here: decimal commas, grouped thousands, 12.3K, and the order of day and month, each decided over all cells of a file.
Where they contradict each other all cells stay as they are, so that the converter names the row. Must not be here: which columns
a file has.
"""

import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd

from zl_assets.warehouse.errors import DataFault
from zl_assets.warehouse.verdict import MAX_OFFENDERS

# One mark with three digits after it: thousands or decimals.
_EITHER = re.compile(r"[+-]?\d{1,3}[.,]\d{3}")
# Only one reading: 34,5 and 1.234,56 and 1.234.567; and 34.5, 1,234.56 and 1,234,567.
_COMMA = re.compile(r"[+-]?(\d+|\d{1,3}(\.\d{3})+),\d+|[+-]?\d{1,3}(\.\d{3}){2,}")
_DOT = re.compile(r"[+-]?(\d+|\d{1,3}(,\d{3})+)\.\d+|[+-]?\d{1,3}(,\d{3}){2,}")
_GROUPED = {",": re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?"), ".": re.compile(r"[+-]?\d{1,3}(\.\d{3})+(,\d+)?")}
_SPACES = re.compile(r"(?<=\d)[ \u00a0\u202f](?=\d{3}(?!\d))")

_FRACTION = re.compile(r"\d+['-]\d{1,3}")

_SHORT = re.compile(r"([+-]?\d+(?:\.\d+)?) ?([KMB])")
_SHORT_FACTORS = {"K": 10**3, "M": 10**6, "B": 10**9}

_LOCAL_DATE = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4})")
_YEAR_FIRST = re.compile(r"(\d{4})[/.]?(\d{2})[/.]?(\d{2})")
_MONTH_NAMED = re.compile(r"([A-Z][a-z]{2}) (\d{1,2}), (\d{4})")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# Midnight, which says which date is meant, also where it is not midnight in UTC.
_MIDNIGHT = re.compile(r"(\d{4}-\d{2}-\d{2})[ T]00:00:00(?:[+-]\d{2}:?\d{2}|Z)")


def plain_numbers(frame: pd.DataFrame, prices: Iterable[str], volume: str, file: Path) -> tuple[pd.DataFrame, str]:
    """The frame with its prices and its volume as cells.py reads numbers, with a dot before decimals and no grouped thousands;
    and that it had decimal commas, if so.

    The decimal mark is the one that the file's prices leave no doubt about. Where some say a comma and some a dot, all cells stay
    as they are. Cells that are no text stay too.

    Raises:
        DataFault: prices are written in fractions (1234-4), or a mark in them may part thousands or decimals.
    """
    prices = list(prices)
    frame = frame.assign(**{name: _each(frame[name], lambda text: _SPACES.sub("", text)) for name in (*prices, volume)})
    texts = {text for name in prices for text in frame[name] if isinstance(text, str)}
    if fractions := [text for text in texts if _FRACTION.fullmatch(text)]:
        raise DataFault(
            f"{file}: prices in fractions, such as {_rows(frame, prices, fractions)}. Expected decimals, such as 34.25. Ask the "
            "vendor for decimal prices, then run again."
        )
    mark = _decimal_mark(texts)
    if mark == "":
        doubtful = [text for text in texts if "," in text]
        raise DataFault(
            f"{file}: the comma in prices may part thousands or decimals: {_rows(frame, prices, doubtful)}. No price of the file "
            "decides it. Write prices with a decimal point and without grouped thousands, then run again."
        )
    changes: dict[str | None, Callable[[str], str]] = {",": _from_comma, ".": _ungrouped, None: _ungrouped_surely}
    if mark not in changes:
        return frame, ""
    change = changes[mark]
    of_volume = _each(frame[volume], lambda text: change(text[:-1]) + text[-1] if text[-1:] in _SHORT_FACTORS else change(text))
    changed = frame.assign(**{name: _each(frame[name], change) for name in prices}, **{volume: of_volume})
    return changed, "prices have decimal commas" if mark == "," else ""


def whole_volumes(volumes: "pd.Series[Any]") -> "pd.Series[Any]":
    """Volumes such as 12.34K or 1.2M as whole numbers, and - as none."""
    return _each(volumes, lambda text: None if text in ("-", "--") else _lengthened(text))


def iso_dates(dates: "pd.Series[Any]", file: Path, midnights: bool) -> tuple["pd.Series[Any]", str]:
    """Dates of one file as YYYY-MM-DD, and in which order they were, if they were in another.

    All texts must be of one form: with the month's name, YYYYMMDD, or day, month and year in an order that one of them decides
    (with dots: the day first). If they are of several forms, all stay as they are. Values that are no text stay too.

    Args:
        dates: the column; its index is the row's place.
        file: for the message.
        midnights: a midnight of any zone is its date.

    Raises:
        DataFault: day and month of every date are at most 12, so that both orders are possible; or some dates have the one order
            and some the other.
    """
    texts = [text for text in dates if isinstance(text, str)]
    if not texts or (texts[0][4:5] == "-" and not midnights):
        return dates, ""
    if midnights and all(_MIDNIGHT.fullmatch(text) for text in texts):
        return _each(dates, lambda text: text[:10]), ""
    if all(_YEAR_FIRST.fullmatch(text) for text in texts):
        return _each(dates, lambda text: _YEAR_FIRST.sub(r"\1-\2-\3", text)), ""
    if all((match := _MONTH_NAMED.fullmatch(text)) and match[1] in _MONTHS for text in texts):
        return _each(dates, lambda text: _MONTH_NAMED.sub(_named_month, text)), ""
    matches = [_LOCAL_DATE.fullmatch(text) for text in texts]
    if not all(matches):
        return dates, ""
    parts = [(int(match[1]), int(match[3])) for match in matches if match]
    dotted = all(match and match[2] == "." for match in matches)
    day_first = [i for i, (first, _) in enumerate(parts) if first > 12 or dotted]
    month_first = [i for i, (_, second) in enumerate(parts) if second > 12]
    places = [f"row {row}: {value!r}" for row, value in dates.items() if isinstance(value, str)]
    if day_first and month_first:
        raise DataFault(
            f"{file}: dates that begin with the day ({places[day_first[0]]}) beside dates that begin with the month "
            f"({places[month_first[0]]}). Write all dates as YYYY-MM-DD, then run again."
        )
    if not day_first and not month_first and any(first != second for first, second in parts):
        raise DataFault(
            f"{file}: dates that may begin with the day or with the month: {'; '.join(places[:3])}. No date of the file has a "
            "number above 12 that decides it. Write dates as YYYY-MM-DD, or give a longer history, then run again."
        )
    order = r"\4-\3-\1" if day_first else r"\4-\1-\3"
    padded = _each(dates, lambda text: re.sub(r"\b\d\b", r"0\g<0>", text))
    return _each(padded, lambda text: _LOCAL_DATE.sub(order, text)), f"dates have the {'day' if day_first else 'month'} first"


def _decimal_mark(prices: set[str]) -> str | None:
    """The decimal mark of these prices: "," or "."; None where none has a mark or they contradict each other (then "both"), and
    "" where it stays open."""
    if not any("," in text for text in prices):
        return "." if any("." in text for text in prices) else None
    sure = {text for text in prices if not _EITHER.fullmatch(text)}
    comma, dot = any(_COMMA.fullmatch(text) for text in sure), any(_DOT.fullmatch(text) for text in sure)
    if comma and dot:
        return "both"
    return "," if comma else "." if dot else ""


def _from_comma(text: str) -> str:
    if _COMMA.fullmatch(text) or _EITHER.fullmatch(text) or _GROUPED["."].fullmatch(text):
        return text.replace(".", "").replace(",", ".")
    return text


def _ungrouped(text: str) -> str:
    return text.replace(",", "") if _GROUPED[","].fullmatch(text) else text


def _ungrouped_surely(text: str) -> str:
    return _ungrouped(text) if _DOT.fullmatch(text) else text


def _lengthened(text: str) -> str:
    match = _SHORT.fullmatch(text)
    if match is None:
        return text
    count = Decimal(match[1]) * _SHORT_FACTORS[match[2]]
    return str(int(count)) if count == int(count) else text


def _named_month(match: re.Match[str]) -> str:
    return f"{match[3]}-{_MONTHS.index(match[1]) + 1:02d}-{int(match[2]):02d}"


def _each(values: "pd.Series[Any]", change: Callable[[str], str | None]) -> "pd.Series[Any]":
    """Every text of a column, changed; other values as they are."""
    given = values.tolist()
    if not any(isinstance(value, str) for value in given):
        return values
    changed = [change(value) if isinstance(value, str) else value for value in given]
    return pd.Series(changed, values.index, dtype=object, name=values.name)


def _rows(frame: pd.DataFrame, names: list[str], texts: Iterable[str]) -> str:
    """The first cells that hold one of these texts."""
    wanted = set(texts)
    cells = [f"row {row}: {name} {text!r}" for name in names for row, text in frame[name].items() if text in wanted]
    return "; ".join(cells[:MAX_OFFENDERS])
