"""GHCN-Daily: the fixed-width file of a station, the long CSV by station or by year, and NCEI's access CSV.

Values are tenths of a degree Celsius and of a millimetre in all of them. A value with a quality flag is missing; one with the
measurement flag P (missing presumed zero) or T (trace) counts as the 0 that is published.
https://www.ncei.noaa.gov/pub/data/ghcn/daily/readme.txt
"""

import csv
import io
from collections.abc import Iterator

import numpy as np
import pandas as pd

from zl_assets.domain.stations import STATIONS
from zl_assets.sources.notes import first_of
from zl_assets.sources.weather.documents import COLUMNS, Document, columns_of, dates, numbers, require_places, table
from zl_assets.warehouse.errors import DataFault

NAMES = {"TMAX": "tmax_c", "TMIN": "tmin_c", "PRCP": "prcp_mm"}
TENTHS = 10.0

# Eleven characters of station, six of year and month, four of element, and eight a day.
WIDTH, FIRST, DAYS, DAY = 269, 21, 31, 8

LONG = ("ID", "DATE", "ELEMENT", "DATA_VALUE", "M_FLAG", "Q_FLAG", "S_FLAG", "OBS_TIME")
CHUNK = 1_000_000  # lines: a year of the whole world has 38 million


def read_dly(document: Document) -> Iterator[pd.DataFrame]:
    """A station's file of fixed width.

    Raises:
        DataFault: a line is not of 269 characters, or a value is no number.
    """
    lines = document.text("ascii").splitlines()
    if odd := [i for i, line in enumerate(lines, 1) if len(line.rstrip("\r")) != WIDTH]:
        raise DataFault(
            f"{document}: every line has {WIDTH} characters, but line {first_of([str(i) for i in odd])} has not: the file was "
            "cut off or edited. Download it again."
        )
    texts = np.array([list(line) for line in lines])
    element = _joined(texts[:, 17:21])
    wanted = np.isin(element, list(NAMES))
    texts, element, places = texts[wanted], element[wanted], np.flatnonzero(wanted) + 1
    days = texts[:, FIRST:].reshape(len(texts), DAYS, DAY)
    cells = pd.Series(_joined(days[:, :, :5].reshape(-1, 5)), np.repeat(places, DAYS), dtype=object, name="VALUE")
    values = numbers(document, cells, frozenset({"-9999"}))
    month = dates(document, pd.Series(_joined(texts[:, 11:17]), places, name="YEAR and MONTH"), "%Y%m", "YYYYMM")
    observed = np.repeat(month.to_numpy(), DAYS) + np.tile(np.arange(DAYS), len(texts)) * np.timedelta64(1, "D")
    long = pd.DataFrame(
        {
            "station": np.repeat(_joined(texts[:, :11]), DAYS),
            "observed_on": observed,
            "element": np.repeat(element, DAYS),
            "value": values.to_numpy() / TENTHS,
            "flagged": days[:, :, 6].reshape(-1) != " ",
            "row": values.index,
        }
    )
    # The 30th of February.
    real = observed.astype("datetime64[M]") == np.repeat(month.to_numpy().astype("datetime64[M]"), DAYS)
    yield _wide(document, long[real])


def _joined(characters: np.ndarray) -> np.ndarray:
    """Rows of characters as texts."""
    wide = np.ascontiguousarray(characters)
    return wide.view(f"<U{wide.shape[1]}").reshape(-1) if len(wide) else np.array([], dtype=str)


def read_long(document: Document) -> Iterator[pd.DataFrame]:
    """A CSV with one line a value, with or without its header; by station, or by year of the whole world, of which only the
    stations of the table are taken.

    Raises:
        DataFault: a line has another number of fields, or a value is no number.
    """
    line, parts = 1, []
    with document.open() as opened:
        text = io.TextIOWrapper(opened, "utf-8-sig")
        try:
            chunks = pd.read_csv(
                text, header=None, names=list(LONG), dtype=str, keep_default_na=False, chunksize=CHUNK, index_col=False
            )
            for chunk in chunks:
                chunk.index = pd.RangeIndex(line, line + len(chunk))
                line += len(chunk)
                if short := chunk.index[chunk["S_FLAG"].eq("")].tolist():
                    raise DataFault(
                        f"{document}: line {first_of([str(i) for i in short])} has no {LONG[6]}, which every value has: the "
                        "file was cut off. Download it again."
                    )
                parts.append(chunk[chunk["ID"].isin(list(STATIONS)) & chunk["ELEMENT"].isin(list(NAMES))])
        except (pd.errors.ParserError, UnicodeDecodeError, EOFError) as error:
            raise DataFault(f"{document}: not a readable CSV file ({error}). Download it again.") from error
    rows = pd.concat(parts)
    if rows.empty:
        return
    _require_tenths(document, rows["DATA_VALUE"])
    yield _wide(
        document,
        pd.DataFrame(
            {
                "station": rows["ID"],
                "observed_on": dates(document, rows["DATE"], "%Y%m%d", "YYYYMMDD"),
                "element": rows["ELEMENT"],
                "value": numbers(document, rows["DATA_VALUE"], frozenset({"", "-9999"})) / TENTHS,
                "flagged": rows["Q_FLAG"].str.strip().ne(""),
                "row": rows.index,
            }
        ),
    )


def read_access(document: Document) -> Iterator[pd.DataFrame]:
    """NCEI's CSV of a station, with a column and an _ATTRIBUTES column ("measurement,quality,source") an element.

    Raises:
        DataFault: a column is missing, or a value is no number, or has a decimal point: then it is not in tenths.
    """
    frame = table(document, document.text())
    found = {name: column for name, column in NAMES.items() if name in frame.columns}
    columns_of(document, frame, ("STATION", "DATE", "LATITUDE", "LONGITUDE", *(f"{name}_ATTRIBUTES" for name in found)))
    if not found:
        columns_of(document, frame, tuple(NAMES))
    require_places(document, frame)
    observed = dates(document, frame["DATE"], "%Y-%m-%d", "YYYY-MM-DD")
    rows = pd.DataFrame({"station": frame["STATION"].str.strip(), "observed_on": observed, "row": frame.index})
    for name, column in NAMES.items():
        if name not in found:
            rows[column] = np.nan
            continue
        _require_tenths(document, frame[name])
        attributes = frame[f"{name}_ATTRIBUTES"].str.split(",").str
        values = numbers(document, frame[name], frozenset({"", "-9999", "9999"})) / TENTHS
        rows[column] = values.mask(attributes.get(1).fillna("").str.strip().ne(""))
    yield rows[list(COLUMNS)]


def _require_tenths(document: Document, cells: "pd.Series[str]") -> None:
    pointed = cells[cells.str.contains(".", regex=False)].str.strip()
    if len(pointed):
        named = first_of([f"line {line}: {cell!r}" for line, cell in pointed.items()], between="; ")
        raise DataFault(
            f"{document}: GHCN-Daily's values of {cells.name} are whole tenths (of a degree Celsius, of a millimetre), but "
            f"found {named}. In which unit these are the file does not say: download the station's file of GHCN-Daily itself."
        )


def _wide(document: Document, long: pd.DataFrame) -> pd.DataFrame:
    """One row a station day, at the line of its first value."""
    key = ["station", "observed_on"]
    twice = long[long.duplicated([*key, "element"], keep=False)]
    if len(twice):
        named = [f"line {row.row}: {row.station} {row.element} {row.observed_on:%Y-%m-%d}" for row in twice.itertuples()]
        raise DataFault(f"{document}: it has a value twice: {first_of(named, between='; ')}. Download it again.")
    values = long.assign(value=long["value"].mask(long["flagged"])).pivot(index=key, columns="element", values="value")
    values = values.reindex(columns=list(NAMES)).rename(columns=NAMES)
    rows = values.join(long.groupby(key)["row"].min()).reset_index()
    return rows[list(COLUMNS)]


def is_long(head: str) -> bool:
    """Does a text begin as the long CSV does, with its header or with a value?"""
    first = next(csv.reader(head.splitlines()[:1]), [])
    return len(first) == len(LONG) and (first[0] == "ID" or (len(first[0]) == 11 and first[1].isdigit() and len(first[1]) == 8))
