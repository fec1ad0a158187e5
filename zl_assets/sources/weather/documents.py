"""Weather files in a folder and its sub-folders, unpacked, with the day of their download.

Belongs here: finding, unpacking, and what every format needs of a text. Must not be here: what a format means.
"""

import csv
import gzip
import io
import math
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pandas as pd

from zl_assets.domain.stations import STATIONS
from zl_assets.sources.dated_files import downloaded_on, files_below
from zl_assets.sources.notes import first_of
from zl_assets.warehouse.errors import DataFault

SUFFIXES = (".dly", ".csv", ".json", ".zip", ".gz")

# What a reader returns of a document, `row` being the line of the file.
COLUMNS = ("station", "observed_on", "tmax_c", "tmin_c", "prcp_mm", "row")
ELEMENTS = COLUMNS[2:5]

# As much of a file's begin as tells its format.
HEAD = 4096

# A station's file of one year is under 1 MB, all of GHCN-Daily of a year 1.3 GB; what is larger is no weather file.
MAX_BYTES = 2_000_000_000


@dataclass(frozen=True)
class Document:
    """One text file, or one member of an archive.

    Attributes:
        file: where it is.
        member: its name in the archive; empty where the file is no archive.
        vintage: the day of its download, from the name of the file or of a folder above it; None where none says so.
    """

    file: Path
    member: str
    vintage: pd.Timestamp | None

    def __str__(self) -> str:
        return f"{self.file}, {self.member}" if self.member else str(self.file)

    @property
    def name(self) -> str:
        """The name of the text itself."""
        return (self.member or self.file.name).rpartition("/")[2].removesuffix(".gz")

    def open(self) -> IO[bytes]:
        """Its bytes, unpacked.

        Raises:
            OSError, zipfile.BadZipFile: it cannot be read.
        """
        if self.member:
            with zipfile.ZipFile(self.file) as archive:
                return io.BytesIO(archive.read(self.member))
        if self.file.name.lower().endswith(".gz"):
            return io.BufferedReader(gzip.open(self.file))
        return open(self.file, "rb")

    def text(self, encoding: str = "utf-8-sig") -> str:
        """All of it.

        Raises:
            DataFault: it is not text in that encoding, or is damaged.
        """
        with self.open() as opened:
            content = opened.read()
        try:
            return content.decode(encoding)
        except UnicodeDecodeError as error:
            raise DataFault(f"{self}: not {encoding} text ({error.reason} at byte {error.start}). Download it again.") from error


def files_of(path: Path) -> tuple[list[Path], list[str]]:
    """The files of a file or folder that may hold weather, and the names of those of other kinds; sorted, sub-folders included.

    Raises:
        DataFault: there is nothing to read.
    """
    there = files_below(path, "ZL_WEATHER")
    read = [file for file in there if file.name.lower().endswith(SUFFIXES)]
    if not read:
        raise DataFault(f"{path}: it holds no file that ends in {', '.join(SUFFIXES)}. Set ZL_WEATHER to a folder that does.")
    return read, [str(file.relative_to(path)) for file in there if file not in read]


def documents_of(file: Path, root: Path) -> Iterator[Document]:
    """The texts of a file: itself, or the members of an archive.

    Args:
        root: what ZL_WEATHER names; folders above it say nothing.

    Raises:
        DataFault: the archive is damaged, or a name has eight digits that are no date.
    """
    day = downloaded_on(file, root)
    vintage = pd.Timestamp(day) if day is not None else None
    if not file.name.lower().endswith(".zip"):
        yield Document(file, "", vintage)
        return
    try:
        with zipfile.ZipFile(file) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
    except (OSError, zipfile.BadZipFile) as error:
        raise DataFault(f"{file}: not a readable zip archive ({error}). Download it again.") from error
    for member in members:
        if member.file_size > MAX_BYTES:
            raise DataFault(f"{file}, {member.filename}: it has {member.file_size:,} bytes, at most {MAX_BYTES:,} are read.")
        yield Document(file, member.filename, vintage)


def table(document: Document, text: str, separator: str = ",", skip: int = 0) -> pd.DataFrame:
    """The lines of a CSV text as texts; the index is the line of the file. Every line has as many fields as the header.

    Args:
        skip: lines before the header.

    Raises:
        DataFault: it is no CSV, or a line is cut off.
    """
    lines = text.splitlines()[skip:]
    try:
        rows = list(csv.reader(lines, delimiter=separator, strict=True))
    except csv.Error as error:
        raise DataFault(
            f"{document}: not a readable CSV file ({error}): it was cut off, or edited. Download it again."
        ) from error
    if len(rows) != len(lines) or not rows:
        raise DataFault(
            f"{document}: not a readable CSV file: it is empty, or a field goes on over a line's end. Download it again."
        )
    places = [place for place, row in enumerate(rows) if any(cell.strip() for cell in row)]
    if odd := [place for place in places if len(rows[place]) != len(rows[0])]:
        raise DataFault(
            f"{document}: line {first_of([str(skip + 1 + place) for place in odd])} has another number of fields than the "
            "header: the file was cut off, or edited. Download it again."
        )
    names = [name.strip() for name in rows[0]]
    if twice := sorted({name for name in names if name and names.count(name) > 1}):
        raise DataFault(f"{document}: its header has {', '.join(twice)} twice. Download it again.")
    return pd.DataFrame([rows[place] for place in places[1:]], [skip + 1 + place for place in places[1:]], names, dtype=object)


def columns_of(document: Document, frame: pd.DataFrame, names: tuple[str, ...]) -> None:
    """Refuse a table without these columns.

    Raises:
        DataFault: names what is missing.
    """
    if missing := [name for name in names if name not in frame.columns]:
        raise DataFault(
            f"{document}: it has no column {', '.join(missing)}; found {first_of([str(name) for name in frame.columns])}. "
            "Download it again with all columns."
        )


def numbers(document: Document, cells: "pd.Series[Any]", missing: frozenset[str] = frozenset({""})) -> "pd.Series[float]":
    """A column's texts as numbers, NaN where the publisher's mark of a missing value stands.

    Raises:
        DataFault: a cell is neither; the message names column and lines.
    """
    cells = cells.str.strip()
    absent = cells.isin(missing)
    values = pd.to_numeric(cells.where(~absent), errors="coerce").astype("float64")
    if (bad := values.isna() & ~absent).any():
        named = first_of([f"line {line}: {cell!r}" for line, cell in cells[bad].items()], between="; ")
        raise DataFault(f"{document}: every value of column {cells.name} must be a number, but found {named}. Download it again.")
    return values


def dates(document: Document, cells: "pd.Series[Any]", form: str, words: str) -> "pd.Series[pd.Timestamp]":
    """A column's texts as dates.

    Args:
        form: of strptime.
        words: the same for a person, e.g. YYYY-MM-DD.

    Raises:
        DataFault: a cell is no such date; the message names column and lines.
    """
    cells = cells.str.strip()
    values = pd.to_datetime(cells, format=form, errors="coerce")
    # Beyond these years is a typing error.
    if (bad := ~values.dt.year.between(1850, 2199)).any():
        named = first_of([f"line {line}: {cell!r}" for line, cell in cells[bad].items()], between="; ")
        raise DataFault(f"{document}: every {cells.name} must be a date as {words}, but found {named}. Download it again.")
    return values.astype("datetime64[ns]")


def require_place(document: Document, station: str, latitude: str, longitude: str) -> None:
    """Refuse a file of another place than its station's; a station that is not listed may be anywhere.

    Raises:
        DataFault: names both places.
    """
    known = STATIONS.get(station)
    if known is None:
        return
    try:
        away = max(abs(float(latitude) - known.latitude), abs(float(longitude) - known.longitude))
    except ValueError:
        away = math.inf
    if away > known.network.radius:
        raise DataFault(
            f"{document}: {station} ({known.place}) is at {known.latitude}, {known.longitude}, and the file says "
            f"{latitude or 'nothing'}, {longitude or 'nothing'}: another station's file, or the station has moved. If it has, "
            "give it a new line in zl_assets/domain/stations.py."
        )


def require_places(document: Document, frame: pd.DataFrame) -> None:
    """As `require_place`, of a table with the columns STATION, LATITUDE and LONGITUDE.

    Raises:
        DataFault: as there.
    """
    for station, latitude, longitude in frame[["STATION", "LATITUDE", "LONGITUDE"]].drop_duplicates().itertuples(index=False):
        require_place(document, station, latitude, longitude)
