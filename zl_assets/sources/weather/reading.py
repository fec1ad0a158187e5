"""Weather files of any format to station days that may be loaded, or a fault that names file and row.

Belongs here: which format a file has, what is asked of every file, and files that say several things of one day. Must not be
here: a format (its own module), settings and the table (sources/weather_daily.py).
"""

import datetime as dt
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from zl_assets.domain.rules.weather import weather_in_range
from zl_assets.domain.stations import STATIONS, known_by_rule
from zl_assets.sources.notes import first_of
from zl_assets.sources.weather import ghcn, grids, gsod, inmet
from zl_assets.sources.weather.documents import ELEMENTS, HEAD, Document, documents_of, files_of, require_place
from zl_assets.warehouse.contract import TableContract
from zl_assets.warehouse.errors import DataFault
from zl_assets.warehouse.shape import conform, empty_frame
from zl_assets.warehouse.verdict import fault_of

type Reader = Callable[[Document], Iterator[pd.DataFrame]]

# Mean daily highs, in the region's summer month, that a file of degrees Celsius can have.
COOLEST_SUMMER, HOTTEST_SUMMER = 15.0, 45.0

_DAY = ["station", "observed_on"]


@dataclass(frozen=True, eq=False)
class Weather:
    """What a folder of weather files gives.

    Attributes:
        frame: the contract's frame_columns with their types, sorted by key.
        files: the texts that were read, with the number of station days of each.
        refused: what was wrong, by file or station; nothing of such a one is in the frame.
        not_listed: stations in the files that domain/stations.py does not list.
        not_read: files of other kinds.
        revised: station days of which a later vintage says something else.
        copies: station days that were in several files alike.
        later: station days after the as-of date, left out.
    """

    frame: pd.DataFrame
    files: dict[str, int] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    not_listed: tuple[str, ...] = ()
    not_read: tuple[str, ...] = ()
    revised: int = 0
    copies: int = 0
    later: int = 0


def read_weather(path: Path, contract: TableContract, as_of: dt.date) -> Weather:
    """Read the weather files of a file or folder, sub-folders included.

    A file that is damaged, of an unknown format, in another unit, of another place than its station's, or that holds a value that
    there is not, is refused whole, and the others are read; so is a station of which files disagree without saying when
    they were downloaded. Days after `as_of` are left out.

    Raises:
        DataFault: there is nothing to read at all.
    """
    found, not_read = files_of(path)
    days: list[pd.DataFrame] = []
    hours: list[pd.DataFrame] = []
    counts: dict[str, int] = {}
    refused: dict[str, str] = {}
    strangers: set[str] = set()
    for file in found:
        try:
            documents = list(documents_of(file, path))
        except DataFault as fault:
            refused[str(file)] = str(fault)
            continue
        for document in documents:
            try:
                rows, of_hours = _judged(document)
                own = rows["station"].isin(list(STATIONS))
            except DataFault as fault:
                refused[str(document)] = str(fault)
            except (OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
                refused[str(document)] = f"{document}: cannot be read: {error}. Download it again."
            else:
                strangers |= set(rows["station"][~own])
                counts[str(document)] = int(own.sum())
                into, frame = (days, rows[own]) if of_hours is None else (hours, of_hours)
                if len(frame):
                    vintage = pd.Series(document.vintage, frame.index, dtype="datetime64[ns]")
                    into.append(frame.assign(file=str(document), vintage=vintage))
    days += _days_of_hours(hours, refused)
    return _together(
        days, contract, as_of, Weather(empty_frame(contract), counts, refused, tuple(sorted(strangers)), tuple(not_read))
    )


def require_readable(file: Path) -> None:
    """Refuse a file that `read_weather` would refuse.

    Raises:
        DataFault: names file and line.
    """
    for document in documents_of(file, file):
        _judged(document)


def _judged(document: Document) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """As `_read`, if it is of the station that it is named for, and its rows of listed stations are sound."""
    rows, hours = _read(document)
    rows = rows.reset_index(drop=True)
    named = re.split(r"[_.]", document.name)[0]
    if named in STATIONS and len(rows) and (rows["station"] != named).any():
        other = rows[rows["station"] != named].iloc[0]
        raise DataFault(f"{document}: it is named for {named} and has {other.station} on line {other.row}. Rename or replace it.")
    _judge(document, rows[rows["station"].isin(list(STATIONS))])
    return rows, hours


def _read(document: Document) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """The station days of a text, and of INMET's its hours, of which a day may be in two files."""
    with document.open() as opened:
        head = opened.read(HEAD).decode("latin-1").removeprefix("\xef\xbb\xbf")
    if head.upper().startswith("REGI") and ";" in head.partition("\n")[0]:
        text = document.text("latin-1")
        said = inmet.preface(document, text)
        station = said[inmet.CODE]
        if station not in STATIONS:
            return _no_days().assign(station=[station]), None
        require_place(document, station, *(said[name].replace(",", ".") for name in (inmet.LATITUDE, inmet.LONGITUDE)))
        hours = inmet.read_hours(document, text, station)
        return inmet.days_of(hours), hours
    frames = list(_reader(document, head)(document))
    return pd.concat(frames, ignore_index=True) if frames else _no_days(), None


def _no_days() -> pd.DataFrame:
    return pd.DataFrame({"station": [], "observed_on": [], **{name: [] for name in ELEMENTS}, "row": []})


def _reader(document: Document, head: str) -> Reader:
    """The reader of a text's format.

    Raises:
        DataFault: it has none that is known.
    """
    first = head.partition("\n")[0].strip()
    names = {name.strip(' "') for name in first.split(",")}
    if not head.strip():
        raise DataFault(f"{document}: it is empty. Download it again.")
    if head.lstrip().startswith("<"):
        raise DataFault(
            f"{document}: an HTML or XML page, and not the file that was asked for: {_shown(head)}. Download it again."
        )
    if re.match(r"[A-Z0-9_-]{11}[0-9]{6}[A-Z0-9]{4}", first) and "," not in first[:21]:
        return ghcn.read_dly
    if head.lstrip()[0] in "[{":
        return grids.read_open_meteo_json
    if first.startswith("-BEGIN HEADER-"):
        return grids.read_power
    if {"latitude", "longitude", "utc_offset_seconds"} <= names:
        return grids.read_open_meteo_csv
    if {"STATION", "DATE", "MAX", "MIN"} <= names:
        return gsod.read
    if {"STATION", "DATE"} <= names and any(f"{name}_ATTRIBUTES" in names for name in ghcn.NAMES):
        return ghcn.read_access
    if ghcn.is_long(head):
        return ghcn.read_long
    if {"STATION", "DATE"} <= names:
        raise DataFault(
            f"{document}: looks like an answer of NCEI's access data service, which does not say its unit. Download the "
            "station's file of GHCN-Daily itself."
        )
    raise DataFault(
        f"{document}: not a weather file that is known: its first line is {_shown(first)}. Known are GHCN-Daily, GSOD, INMET, "
        "Open-Meteo and NASA POWER, as they are downloaded."
    )


def _shown(text: str) -> str:
    return repr(text.strip()[:60])


def _judge(document: Document, rows: pd.DataFrame) -> None:
    """Refuse a text that is in another unit, or holds what there is not."""
    if document.vintage is not None and (future := rows["observed_on"] > document.vintage).any():
        first = rows[future].iloc[0]
        raise DataFault(
            f"{document}: line {first.row} is of {first.observed_on:%Y-%m-%d}, after {document.vintage:%Y-%m-%d}, which its "
            "name gives as the day of the download. Correct the name, or replace the file."
        )
    verdict = weather_in_range(rows)
    if not verdict.passed:
        lines = rows.loc[verdict.offenders.index, "row"]
        raise fault_of([verdict], f"{document}: line {first_of([str(line) for line in lines])}:", "Download it again.")
    for station, own in rows.groupby("station"):
        known = STATIONS[str(station)]
        mean = own["tmax_c"][own["observed_on"].dt.month == known.region.summer].mean()
        if not (np.isnan(mean) or COOLEST_SUMMER <= mean <= HOTTEST_SUMMER):
            raise DataFault(
                f"{document}: the highs of {station} in its summer (month {known.region.summer}, from line "
                f"{own['row'].min()}) have a mean of {mean:.1f}, which is no mean in degrees Celsius ({COOLEST_SUMMER:g} to "
                f"{HOTTEST_SUMMER:g}): the file is in another unit than its publisher's. Download it again as it is."
            )


def _days_of_hours(hours: list[pd.DataFrame], refused: dict[str, str]) -> list[pd.DataFrame]:
    """Local days of hours, which may be in two files of a vintage: the evening of a year's last day is in the next year's."""
    if not hours:
        return []
    together = pd.concat(hours, ignore_index=True)
    days = []
    for (station, _), own in together.groupby(["station", "vintage"], dropna=False):
        try:
            days.append(inmet.days_of(inmet.merged(own)))
        except DataFault as fault:
            refused[str(station)] = str(fault)
    return days


def _together(frames: list[pd.DataFrame], contract: TableContract, as_of: dt.date, read: Weather) -> Weather:
    """The rows of all files, each with the time at which it was known.

    The earliest vintage of a station day counts from its network's rule; a later one that differs from the one before, from the
    end of its own day.
    """
    if not frames:
        return read
    rows = pd.concat(frames, ignore_index=True)
    later = rows["observed_on"] > pd.Timestamp(as_of)
    rows = rows[~later].sort_values([*_DAY, "vintage", "file"], kind="stable", na_position="last", ignore_index=True)
    # What does not say its vintage and is in one that does is of that one.
    undated = rows["vintage"].isna() & rows.duplicated([*_DAY, *ELEMENTS])
    alike = undated | rows.duplicated([*_DAY, "vintage", *ELEMENTS])
    once = rows[~alike]
    refused = _disagreements(once)
    once = once[~once["station"].isin(list(refused))]
    changed = once[_DAY].ne(once[_DAY].shift()).any(axis=1) | ~_same_as_before(once)
    once = once[changed]
    # A day of which nothing is said is no row, unless a vintage before it said something.
    first = ~once.duplicated(_DAY)
    once = once[~(first & once[list(ELEMENTS)].isna().all(axis=1))]
    first = ~once.duplicated(_DAY)
    source = once["station"].map({name: station.network.name for name, station in STATIONS.items()})
    rule = known_by_rule(source, once["observed_on"])
    dated = (once["vintage"] + pd.Timedelta(days=1)).dt.tz_localize("UTC")
    available = rule.where(first | ~dated.gt(rule), dated)
    told = once.assign(source=source, available_at=available)
    told = told.drop_duplicates([*_DAY, "available_at"], keep="last")
    return Weather(
        conform(told, contract),
        read.files,
        {**read.refused, **refused},
        read.not_listed,
        read.not_read,
        revised=int(told.duplicated(_DAY).sum()),
        copies=int(alike.sum()),
        later=int(later.sum()),
    )


def _same_as_before(rows: pd.DataFrame) -> "pd.Series[bool]":
    """Has a row the values of the row before it, NULL like NULL?"""
    values, before = rows[list(ELEMENTS)], rows[list(ELEMENTS)].shift()
    return (values.eq(before) | (values.isna() & before.isna())).all(axis=1)


def _disagreements(rows: pd.DataFrame) -> dict[str, str]:
    """The stations of which files disagree about a day, of one vintage or where one has none, with what is wrong."""
    several = rows[rows.duplicated(_DAY, keep=False)]
    twice = several[several.duplicated([*_DAY, "vintage"], keep=False)]
    undated = several.groupby(_DAY)["vintage"].transform(lambda vintages: vintages.isna().any()).astype(bool)
    unlike = several[undated].drop_duplicates([*_DAY, *ELEMENTS])
    unlike = unlike[unlike.duplicated(_DAY, keep=False)]
    bad = pd.concat([twice, unlike]).drop_duplicates()
    return {
        str(station): (
            f"{station}: files disagree about a day, and do not say when they were downloaded: "
            + first_of(
                [
                    f"{row.file}, line {row.row}: {row.observed_on:%Y-%m-%d} {row.tmax_c:g} {row.tmin_c:g} {row.prcp_mm:g}"
                    for row in own.sort_values(_DAY, kind="stable").itertuples()
                ],
                between="; ",
            )
            + ". Leave one of the files, or end the name of each with the day of its download, as _YYYYMMDD."
        )
        for station, own in bad.groupby("station")
    }
