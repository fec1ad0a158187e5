"""INMET's hourly CSV of automatic stations: latin-1, semicolons, decimal commas, eight lines before the header, hours of UTC.

An hour belongs to the local day of its time; highs and lows are those of the hour, rain is its sum. Files before 2019 write dates
with hyphens, hours as 00:00, and -9999 where there is no value. https://portal.inmet.gov.br/dadoshistoricos
"""

import pandas as pd

from zl_assets.domain.stations import STATIONS
from zl_assets.sources.notes import first_of
from zl_assets.sources.weather.documents import ELEMENTS, Document, dates, numbers, table
from zl_assets.warehouse.errors import DataFault

PREFACE = 8
CODE, LATITUDE, LONGITUDE = "CODIGO (WMO)", "LATITUDE", "LONGITUDE"

# Hours with a value that a day needs.
LEAST_HOURS = 20

# Their names have accents that not every year writes alike.
_BEGINS = {
    "prcp_mm": ("PRECIPITA",),
    "tmax_c": ("TEMPERATURA M", "XIMA NA HORA ANT"),
    "tmin_c": ("TEMPERATURA M", "NIMA NA HORA ANT"),
}
_MISSING = frozenset({"", "-9999", "-9999.0"})


def preface(document: Document, text: str) -> dict[str, str]:
    """What the lines before the header say, by name.

    Raises:
        DataFault: the station or its place is not there.
    """
    cells = [line.split(";") for line in text.splitlines()[:PREFACE]]
    said = {line[0].strip().rstrip(":"): line[1].strip() for line in cells if len(line) > 1}
    if missing := [name for name in (CODE, LATITUDE, LONGITUDE) if name not in said]:
        raise DataFault(
            f"{document}: its first {PREFACE} lines do not say {', '.join(missing)}. Download INMET's yearly zip again."
        )
    return said


def read_hours(document: Document, text: str, station: str) -> pd.DataFrame:
    """The hours of a file: station, hour (UTC, naive), tmax_c, tmin_c, prcp_mm and row.

    Raises:
        DataFault: a column is missing, a value is no number, or an hour is there twice.
    """
    frame = table(document, text, ";", PREFACE)
    if len(frame.columns) < 2:
        raise DataFault(f"{document}: line {PREFACE + 1} is no header of INMET's. Download the yearly zip again.")
    day = frame.iloc[:, 0].str.strip().str.replace("/", "-", regex=False).rename("Data")
    hour = frame.iloc[:, 1].str.strip().str.removesuffix("UTC").str.strip().str.replace(":", "", regex=False).rename("Hora UTC")
    moments = dates(document, day.str.cat(hour, " "), "%Y-%m-%d %H%M", "YYYY/MM/DD and HHMM")
    rows = pd.DataFrame({"station": station, "hour": moments, "row": frame.index})
    for element, parts in _BEGINS.items():
        headings = {name: name.upper() for name in frame.columns}
        named = [n for n, text in headings.items() if text.startswith(parts[0]) and all(part in text for part in parts)]
        if len(named) != 1:
            raise DataFault(f"{document}: its header has {len(named)} columns such as {' ... '.join(parts)}, expected 1.")
        rows[element] = numbers(document, frame[named[0]].str.replace(",", ".", regex=False), _MISSING)
    twice = rows[rows["hour"].duplicated(keep=False)]
    if len(twice):
        lines = first_of([f"line {row.row}: {row.hour:%Y-%m-%d %H:%M}" for row in twice.itertuples()], between="; ")
        raise DataFault(f"{document}: an hour is there twice: {lines}. Download the yearly zip again.")
    return rows


def days_of(hours: pd.DataFrame) -> pd.DataFrame:
    """Hours to local days. An element of a day needs 20 hours with a value.

    Args:
        hours: station, hour, the three elements, and whatever else the first hour of a day gives to it.
    """
    offset = pd.to_timedelta(hours["station"].map({station.id: station.hours for station in STATIONS.values()}), unit="h")
    local = hours.assign(observed_on=(hours["hour"] + offset).dt.normalize()).sort_values(["station", "hour"], kind="stable")
    others = [name for name in hours.columns if name not in ("station", "hour", *ELEMENTS)]
    by_day = local.groupby(["station", "observed_on"])
    found = by_day.agg({"tmax_c": "max", "tmin_c": "min", "prcp_mm": "sum", **dict.fromkeys(others, "first")})
    enough = by_day[list(ELEMENTS)].count() >= LEAST_HOURS
    found[list(ELEMENTS)] = found[list(ELEMENTS)].where(enough)
    return found.reset_index()[["station", "observed_on", *ELEMENTS, *others]]


def merged(hours: pd.DataFrame) -> pd.DataFrame:
    """Hours of several files of one vintage: an hour that is in two of them alike counts once.

    Args:
        hours: as `read_hours` gives them, of several files, with `file`.

    Raises:
        DataFault: two files disagree about an hour.
    """
    hours = hours.drop_duplicates(["station", "hour", *ELEMENTS])
    twice = hours[hours.duplicated(["station", "hour"], keep=False)].sort_values(["station", "hour"], kind="stable")
    if len(twice):
        named = [f"{row.file}, line {row.row}: {row.hour:%Y-%m-%d %H:%M}" for row in twice.itertuples()]
        raise DataFault(
            f"Files of one download disagree about an hour: {first_of(named, between='; ')}. Leave one of them, or say the "
            "day of each download in its name, as _YYYYMMDD."
        )
    return hours
