"""USDA's historical WASDE files to balances of soybean oil that may be loaded, or a fault that names file and row.

Belongs here: the file format, what is asked of every file, and files that say several things of one release. Must not be here:
settings and the table (sources/wasde_balance.py), when a release is known (domain/wasde.py).

A file has a row for each number of each table of the report, of all commodities; only those of the table of U.S. soybeans and
products that are of oil are kept. Of these the forecasts of the release's own month count: the column of the month before, which
a release prints again, is what the release before said.
"""

import csv
import datetime as dt
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from zl_assets.domain.revisions import Versions, versions_in_files
from zl_assets.domain.rules.wasde import BALANCE, QUANTITIES, WASDE_RULES
from zl_assets.domain.wasde import ROUNDING, YEARS, in_utc, known_by_rule
from zl_assets.sources import cells
from zl_assets.sources.dated_files import files_below
from zl_assets.sources.fetching import changed
from zl_assets.sources.notes import first_of
from zl_assets.sources.weather.documents import Document, documents_of
from zl_assets.warehouse.contract import TableContract
from zl_assets.warehouse.errors import DataFault
from zl_assets.warehouse.shape import conform, empty_frame
from zl_assets.warehouse.verdict import fault_of

SUFFIXES = (".csv", ".zip")

# The columns that are read; a file has others, in any order.
NEEDED = (
    "WasdeNumber",
    "ReportDate",
    "ReportTitle",
    "Attribute",
    "Commodity",
    "Region",
    "MarketYear",
    "Value",
    "Unit",
    "ReleaseDate",
    "ReleaseTime",
    "ForecastYear",
    "ForecastMonth",
)

# The balance that is kept. The world's table has rows of the same commodity and region, in other units.
TITLE, COMMODITY, REGION = "u.s. soybeans and products", "oil, soybean", "united states"

# Our column: the names that its line has had. Biofuel was named so in May 2021, Biodiesel in November 2012, Methyl Ester in May
# 2011; the six releases from May to October 2012 have no such line.
LINES = {
    "beginning stocks": "beginning_stocks",
    "production": "production",
    "imports": "imports",
    "supply, total": "total_supply",
    "domestic": "domestic_use",
    "domestic disappearance": "domestic_use",
    "biofuel": "biofuel",
    "biodiesel": "biofuel",
    "methyl ester": "biofuel",
    "for methyl ester": "biofuel",
    "exports": "exports",
    "use, total": "total_use",
    "ending stocks": "ending_stocks",
}
PRICE_LINE = "avg. price"
# What is domestic use and not biofuel: nothing reads it.
PASSED_BY = ("food, feed & other industrial",)

UNIT, PRICE_UNITS = "million pounds", ("cents/pound", "cents per pound")

VALUES = (*QUANTITIES, "biofuel", "price_low", "price_high")
VERSIONS = Versions(of=BALANCE, values=VALUES)

_FOOTNOTE = re.compile(r"\s+\d+/$")
_THOUSANDS = re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?")
_RANGE = re.compile(r"\s+-\s+")
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::00(?:\.0+)?)?")
_YEAR = re.compile(r"\d{4}/\d{2}")

_OURS = ("ReportTitle", "Commodity", "Region")

_AGAIN = "Download it again from USDA."


@dataclass(frozen=True, eq=False)
class Balances:
    """What a folder of WASDE files gives.

    Attributes:
        frame: the contract's frame_columns with their types, sorted by key.
        files: releases and balances of each file that was read.
        refused: what was wrong, by file or release; nothing of such a one is in the frame.
        not_read: files of other kinds.
        unknown: lines of the balance that nobody here knows, with a place of each.
        copies: balances that were in several files, or releases, alike.
        later: balances of releases after the as-of date, left out.
    """

    frame: pd.DataFrame
    files: dict[str, int] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    not_read: tuple[str, ...] = ()
    unknown: dict[str, str] = field(default_factory=dict)
    copies: int = 0
    later: int = 0


def read_wasde(path: Path, contract: TableContract, as_of: dt.date) -> Balances:
    """Read the WASDE files of a file or folder, sub-folders included.

    A file that is damaged, cut off, of another commodity, in another unit, or with a balance that does not add up is refused
    whole, and the others are read; so is a release of which files disagree without saying when they were downloaded. Releases
    after `as_of` are left out.

    Raises:
        DataFault: there is nothing to read at all.
    """
    there = files_below(path, "ZL_WASDE")
    wanted = [file for file in there if file.name.lower().endswith(SUFFIXES)]
    found: list[pd.DataFrame] = []
    counts: dict[str, int] = {}
    refused: dict[str, str] = {}
    unknown: dict[str, str] = {}
    for file in wanted:
        for document in _documents(file, path, refused):
            try:
                rows = read_document(document)
            except DataFault as fault:
                refused[str(document)] = str(fault)
            else:
                counts[str(document)] = len(rows)
                unknown |= rows.attrs["unknown"]
                found.append(rows)
    rows = pd.concat(found, ignore_index=True) if found else _no_rows(contract)
    later = rows["observed_on"] > pd.Timestamp(as_of)
    kept, at_odds = _versions(rows[~later])
    return Balances(
        conform(kept, contract),
        counts,
        refused | at_odds,
        tuple(str(file.relative_to(path)) for file in there if file not in wanted),
        unknown,
        copies=int((~later).sum()) - len(kept) if not at_odds else 0,
        later=int(later.sum()),
    )


def require_readable(file: Path) -> None:
    """Refuse a file that `read_wasde` would refuse by itself.

    Raises:
        DataFault: names file and row.
    """
    for document in documents_of(file, file):
        read_document(document)


def _documents(file: Path, path: Path, refused: dict[str, str]) -> list[Document]:
    try:
        return [one for one in documents_of(file, path) if one.name.lower().endswith(".csv") or not one.member]
    except DataFault as fault:
        refused[str(file)] = str(fault)
        return []


def _no_rows(contract: TableContract) -> pd.DataFrame:
    return empty_frame(contract).assign(place=pd.Series(dtype="object"))


def _versions(rows: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, str]]:
    """The versions of each balance, and what is wrong with releases of which files disagree, by number."""
    # Of rows that say the same the one that was known first counts.
    ordered = rows.sort_values("available_at", kind="stable", ignore_index=True)
    if ordered.empty:
        return ordered, {}
    try:
        return versions_in_files(ordered, VERSIONS), {}
    except DataFault:
        # Which releases they are.
        kept, refused = [], {}
        for number, own in ordered.groupby("wasde_number"):
            try:
                kept.append(versions_in_files(own, VERSIONS))
            except DataFault as fault:
                refused[f"release {number}"] = str(fault)
        return pd.concat([ordered.head(0), *kept], ignore_index=True), refused


# --- one file


def read_document(document: Document) -> pd.DataFrame:
    """The balances of a file.

    Returns:
        wasde_number, observed_on, market_year, available_at (by the rule, or later where the file says so), the balance,
        biofuel_line, vintage, `row` and `lines` (of the first and of all of a balance's numbers), `place`; `attrs["unknown"]`
        has the lines that nobody here knows.

    Raises:
        DataFault: names file and line.
    """
    rows = _own_rows(document)
    named = rows["Attribute"].str.casefold().str.replace(_FOOTNOTE, "", regex=True)
    _refuse_other_units(document, rows, named)
    told = _dated(document, rows).assign(line=named, Value=rows["Value"], row=rows.index)
    told = told[told["own_month"]]
    known = told["line"].isin([*LINES, PRICE_LINE, *PASSED_BY])
    unknown = {line: f"{document}, line {row}" for line, row in zip(told["line"][~known], told["row"][~known], strict=True)}
    twice = ["wasde_number", "observed_on", "market_year", "line"]
    once = told[known].drop_duplicates([*twice, "Value"])
    if (bad := once.duplicated(twice, keep=False)).any():
        raise DataFault(
            f"{document}: {_lines(once[bad])}: {once[bad].iloc[0].line!r} of one release and marketing year stands there with "
            f"different values. {_AGAIN}"
        )
    balances = _wide(document, once)
    balances.attrs["unknown"] = unknown
    _judge(document, balances)
    vintage = pd.Series(document.vintage, balances.index, dtype="datetime64[ns]")
    return balances.assign(vintage=vintage, place=[f"{document}, line {row}" for row in balances["row"]])


def _own_rows(document: Document) -> pd.DataFrame:
    """The rows of U.S. soybean oil as texts; the index is the line of the file."""
    lines = _lines_of(document)
    header = [cell.strip() for cell in next(lines, (1, []))[1]]
    _refuse_other_header(document, header)
    at = {name: header.index(name) for name in NEEDED}
    kept: list[list[str]] = []
    places: list[int] = []
    others: dict[str, None] = {}
    for line, row in lines:
        if len(row) != len(header):
            raise DataFault(
                f"{document}: line {line} has {len(row)} fields and the header {len(header)}: the file was cut off, or edited. "
                f"{_AGAIN}"
            )
        title, commodity, region = (row[at[name]].strip().casefold() for name in _OURS)
        if title.startswith(TITLE) and commodity == COMMODITY and region == REGION:
            kept.append([row[place].strip() for place in at.values()])
            places.append(line)
        else:
            others[f"{row[at['Commodity']]} ({row[at['Region']]})"] = None
    if not kept:
        raise DataFault(
            f"{document}: it has no row of soybean oil in the table of U.S. soybeans and products, but of "
            f"{first_of(list(others)) or 'nothing at all'}: a file of another commodity, or one that was cut off. {_AGAIN}"
        )
    return pd.DataFrame(kept, places, list(NEEDED), dtype=object)


def _lines_of(document: Document) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not blank with the line on which it begins, the header first, one after the other: an archive of five
    years has the numbers of all commodities."""
    begin = 1
    try:
        with document.open() as opened:
            # Only our rows need be sound text.
            text = io.TextIOWrapper(opened, "utf-8-sig", errors="replace", newline="")
            reader = csv.reader(text, strict=True)
            for row in reader:
                if any(cell.strip() for cell in row):
                    yield begin, row
                begin = reader.line_num + 1
    except csv.Error as error:
        raise DataFault(f"{document}: not a readable CSV file: line {begin}: {error}: it was cut off. {_AGAIN}") from error
    except (OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise DataFault(f"{document}: cannot be read: {error}. {_AGAIN}") from error


def _refuse_other_header(document: Document, header: list[str]) -> None:
    first = ",".join(header)[:60]
    if first.lstrip().startswith("<"):
        raise DataFault(
            f"{document}: a web page (HTML or XML), and not the file that was asked for: {first!r}. USDA's site shuts out "
            "programs at times: download the file with a browser."
        )
    if missing := [name for name in NEEDED if name not in header]:
        raise DataFault(
            f"{document}: its first line is {first!r}, and lacks {first_of(missing)}: not a file of USDA's historical WASDE "
            "data. Replace it, or take it out of the folder."
        )
    if twice := sorted({name for name in header if header.count(name) > 1}):
        raise DataFault(f"{document}: its first line has {first_of(twice)} twice. {_AGAIN}")


def _refuse_other_units(document: Document, rows: pd.DataFrame, named: "pd.Series[str]") -> None:
    unit, price = rows["Unit"].str.casefold(), named.eq(PRICE_LINE)
    bad = rows[~(unit.isin(PRICE_UNITS) & price | unit.eq(UNIT) & ~price)]
    if len(bad):
        raise DataFault(
            f"{document}: {_lines(bad.assign(row=bad.index))}: {bad.iloc[0].Attribute} in {bad.iloc[0].Unit!r}, expected "
            f"{PRICE_UNITS[0] if price[bad.index[0]] else UNIT}: the file is in another unit. {_AGAIN}"
        )


def _dated(document: Document, rows: pd.DataFrame) -> pd.DataFrame:
    """Release, marketing year and availability of each row, and whether it is of the release's own month."""

    def read(column: str, convert: Callable[[Any], Any], expected: str) -> "pd.Series[Any]":
        return _converted(document, rows[column], convert, expected)

    days = read("ReleaseDate", cells.date, "a date, YYYY-MM-DD").astype("datetime64[ns]")
    report = read("ReportDate", _month, "a month such as July 2010").astype("datetime64[ns]")
    year = read("ForecastYear", cells.whole, "a year").astype("int64")
    month = read("ForecastMonth", _of_year, "a month, 1 to 12").astype("int64")
    times = read("ReleaseTime", _time, "a time such as 12:00:00").astype("timedelta64[ns]")
    years = read("MarketYear", _market_year, "a marketing year such as 2010/11")
    numbers = read("WasdeNumber", cells.whole, "the number of the release").astype("int64")
    told = pd.DataFrame({"wasde_number": numbers, "observed_on": days, "market_year": years, "row": rows.index})
    _refuse(
        document,
        told[days.dt.to_period("M").ne(report.dt.to_period("M"))],
        "its ReleaseDate is not in the month of its ReportDate: a misread date, or one in the future",
    )
    last = document.vintage if document.vintage is not None else pd.Timestamp(changed(document.file).date())
    _refuse(document, told[days > last], f"its ReleaseDate is after {last:%Y-%m-%d}, when the file was downloaded or written")
    rule = known_by_rule(days)
    stated = in_utc(days + times)
    return told.assign(
        available_at=rule.where(~stated.gt(rule), stated),
        own_month=year.eq(report.dt.year) & month.eq(report.dt.month),
    )


def _refuse(document: Document, bad: pd.DataFrame, why: str) -> None:
    if len(bad):
        raise DataFault(
            f"{document}: {_lines(bad)}: release {bad.iloc[0].wasde_number} of {bad.iloc[0].observed_on:%Y-%m-%d}: {why}. "
            f"{_AGAIN}"
        )


def _wide(document: Document, rows: pd.DataFrame) -> pd.DataFrame:
    """A row for each balance."""
    key = list(BALANCE)
    prices = rows[rows["line"].eq(PRICE_LINE) & ~rows["Value"].str.casefold().isin(cells.NULL_TEXTS)]
    numbers = rows[rows["line"].isin(list(LINES))]
    numbers = numbers.assign(column=numbers["line"].map(LINES), number=_numbers(document, numbers["Value"]))
    if (bad := numbers.duplicated([*key, "column"], keep=False)).any():
        raise DataFault(
            f"{document}: {_lines(numbers[bad])}: {first_of(sorted(set(numbers[bad]['line'])))} are one line of the balance "
            f"under several names. {_AGAIN}"
        )
    wide = numbers.pivot(index=key, columns="column", values="number").reindex(columns=[*QUANTITIES, "biofuel"])
    numbers = numbers.assign(lines=numbers["row"].astype("str"))
    told = numbers.groupby(key).agg(row=("row", "min"), lines=("lines", ", ".join), available_at=("available_at", "max"))
    line = numbers[numbers["column"].eq("biofuel")].set_index(key)["line"].rename("biofuel_line")
    low, high = _prices(document, prices)
    of_price = prices[key].assign(price_low=low, price_high=high).set_index(key)
    wide = wide.join([told, line, of_price]).reset_index()
    lacking = wide[wide[list(QUANTITIES)].isna().any(axis=1)]
    if len(lacking):
        one = lacking.iloc[0]
        missing = [name for name in QUANTITIES if pd.isna(one[name])]
        raise DataFault(
            f"{document}: lines {one.lines}: the balance of {one.market_year} in release {one.wasde_number} has no "
            f"{first_of(missing)}: the file was cut off, or a line has a name that is not known. {_AGAIN}"
        )
    return wide


def _judge(document: Document, balances: pd.DataFrame) -> None:
    """Refuse a file with a balance that cannot be, or a release that is not whole."""
    undated = balances.assign(vintage=pd.Series(None, balances.index, dtype="datetime64[ns]"))
    failed = [verdict for rule in WASDE_RULES if not (verdict := rule(undated)).passed]
    if failed:
        bad = balances.loc[failed[0].offenders.index]
        raise fault_of(failed, f"{document}: lines {bad.iloc[0].lines}:", _AGAIN)
    release = ["wasde_number", "observed_on"]
    whole = balances.groupby(release)["market_year"].transform("size")
    _refuse(document, balances[whole.ne(YEARS)], f"it has not the {YEARS} marketing years of a release: the file was cut off")
    ordered = balances.sort_values(list(BALANCE), kind="stable")
    begins = ordered.groupby(release)["beginning_stocks"].shift(-1)
    _refuse(
        document,
        ordered[(begins - ordered["ending_stocks"]).abs() > ROUNDING + 1e-9],
        "its ending stocks are not those with which the next marketing year begins",
    )


def _lines(rows: pd.DataFrame) -> str:
    return f"line {first_of([str(row) for row in rows['row']])}"


def _numbers(document: Document, values: "pd.Series[str]") -> "pd.Series[float]":
    return _converted(document, values, _number, "a number").astype("float64")


def _converted(document: Document, values: "pd.Series[Any]", convert: Callable[[Any], Any], expected: str) -> "pd.Series[Any]":
    # A member of an archive has no path of its own.
    return cells.converted(values, convert, expected, Path(str(document)))


def _prices(document: Document, rows: pd.DataFrame) -> "tuple[pd.Series[float], pd.Series[float]]":
    """The ends of a price, which may be a range such as 34.00 - 38.00, or one number twice."""
    parts = rows["Value"].map(lambda value: _RANGE.split(value))
    _refuse(document, rows[parts.map(len) > 2], "its price is neither a number nor a range")
    return _numbers(document, parts.str[0].rename("Value")), _numbers(document, parts.str[-1].rename("Value"))


def _number(value: str) -> float:
    return cells.number(value.replace(",", "") if _THOUSANDS.fullmatch(value) else value)


def _month(value: str) -> dt.datetime:
    return cells.date(dt.datetime.strptime(value, "%B %Y"))


def _of_year(value: str) -> int:
    month = cells.whole(value)
    if not 1 <= month <= 12:
        raise ValueError
    return month


def _time(value: str) -> dt.timedelta:
    """Of the day; none is said by an empty cell."""
    match = _TIME.fullmatch(value or "0:00")
    if match is None or not (int(match[1]) < 24 and int(match[2]) < 60):
        raise ValueError
    return dt.timedelta(hours=int(match[1]), minutes=int(match[2]))


def _market_year(value: str) -> str:
    if not _YEAR.fullmatch(value):
        raise ValueError
    return value
