"""Open-Meteo's archive (CSV and JSON) and NASA POWER's daily CSV: days of a place on a grid, not of a station.

Both say where the place is; it is the grid point of domain/stations.py that is near, or of no state, and passed by.
https://open-meteo.com/en/docs/historical-weather-api, https://power.larc.nasa.gov/docs/services/api/temporal/daily/
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from zl_assets.domain.stations import OPEN_METEO, POWER, STATIONS, Network
from zl_assets.sources.weather.documents import COLUMNS, Document, columns_of, dates, numbers, table
from zl_assets.warehouse.errors import DataFault

# Names and units of Open-Meteo; in other units (&temperature_unit=fahrenheit) a file says so, and is refused.
_OPEN_METEO = {
    "temperature_2m_max": ("tmax_c", ("°C",)),
    "temperature_2m_min": ("tmin_c", ("°C",)),
    "precipitation_sum": ("prcp_mm", ("mm",)),
}
_POWER = {"T2M_MAX": "tmax_c", "T2M_MIN": "tmin_c", "PRECTOTCORR": "prcp_mm"}
_END = "-END HEADER-"
_PLACE = re.compile(r"latitude\s+(-?[0-9.]+)\s+longitude\s+(-?[0-9.]+)", re.IGNORECASE)
_NAMED = re.compile(r"(\w+) \((.+)\)")


def read_open_meteo_csv(document: Document) -> Iterator[pd.DataFrame]:
    """Two lines of the place, a blank one, and a table whose header has the units.

    Raises:
        DataFault: the answer has several places, or another unit, or lacks a column.
    """
    text = document.text()
    lines = text.splitlines()
    place = table(document, "\n".join(lines[:2]))
    if len(lines) < 4 or lines[2].strip():
        raise DataFault(
            f"{document}: the third line of Open-Meteo's CSV is blank, and this one is "
            f"{lines[2][:60] if len(lines) > 2 else ''!r}: ask for one "
            "place a file, or for several as JSON."
        )
    frame = table(document, text, skip=3)
    units = {}
    for column in frame.columns:
        if match := _NAMED.fullmatch(column):
            units[match[1]] = match[2]
    frame.columns = [name.partition(" ")[0] for name in frame.columns]
    if place.empty:
        raise DataFault(f"{document}: its second line is blank, and says no place. Download it again.")
    point = _point_of(document, place["latitude"].iloc[0], place["longitude"].iloc[0])
    yield from _open_meteo(document, frame, units, point)


def read_open_meteo_json(document: Document) -> Iterator[pd.DataFrame]:
    """One answer, or a list of answers where several places were asked for; `row` is the place in `daily`, from 1.

    Raises:
        DataFault: it is no JSON, or was cut short, or is not Open-Meteo's; its arrays differ in length; or another unit.
    """
    try:
        answer = json.loads(document.text())
    except ValueError as error:
        raise DataFault(f"{document}: not readable JSON ({error}): it was cut short. Download it again.") from error
    for place in answer if isinstance(answer, list) else [answer]:
        daily, units = (place.get("daily"), place.get("daily_units")) if isinstance(place, dict) else (None, None)
        if not isinstance(daily, dict) or not isinstance(units, dict):
            raise DataFault(f"{document}: not an answer of Open-Meteo: it has no `daily` and `daily_units`. Download it again.")
        if strange := [name for name, values in daily.items() if not isinstance(values, list)]:
            raise DataFault(f"{document}: {', '.join(strange)} of `daily` is no array. Download it again.")
        lengths = {name: len(values) for name, values in daily.items()}
        if len(set(lengths.values())) != 1:
            raise DataFault(
                f"{document}: the arrays of `daily` have {lengths} values; they must be of one length. Download it again."
            )
        frame = pd.DataFrame(
            {name: ["" if v is None else str(v) for v in values] for name, values in daily.items()}, dtype=object
        )
        frame.index = pd.RangeIndex(1, len(frame) + 1)
        point = _point_of(document, place.get("latitude"), place.get("longitude"))
        yield from _open_meteo(document, frame, units, point)


def _point_of(document: Document, latitude: Any, longitude: Any) -> str:
    """The point that Open-Meteo answers for.

    Raises:
        DataFault: it does not say where that is.
    """
    try:
        return _point(OPEN_METEO, float(latitude), float(longitude))
    except (TypeError, ValueError) as error:
        raise DataFault(
            f"{document}: latitude and longitude are {latitude!r} and {longitude!r}, expected degrees. Download it again."
        ) from error


def _open_meteo(document: Document, frame: pd.DataFrame, units: Mapping[str, Any], point: str) -> Iterator[pd.DataFrame]:
    columns_of(document, frame, ("time", *_OPEN_METEO))
    for name, (_, allowed) in _OPEN_METEO.items():
        if units.get(name) not in allowed:
            raise DataFault(
                f"{document}: {name} is in {units.get(name)!r}, expected {allowed[0]!r}. Download it again without "
                "temperature_unit and precipitation_unit."
            )
    rows = pd.DataFrame(
        {"station": point, "observed_on": dates(document, frame["time"], "%Y-%m-%d", "YYYY-MM-DD"), "row": frame.index}
    )
    missing = frozenset({"", "NaN", "nan", "null"})
    rows = rows.assign(**{column: numbers(document, frame[name], missing) for name, (column, _) in _OPEN_METEO.items()})
    yield rows[list(COLUMNS)]


def read_power(document: Document) -> Iterator[pd.DataFrame]:
    """A header with the place up to -END HEADER-, then YEAR, MO, DY or YEAR, DOY, and the elements; -999 is missing.

    Raises:
        DataFault: the header or a column is missing, or it does not give degrees Celsius and millimetres a day.
    """
    text = document.text()
    lines = text.splitlines()
    end = next((i for i, line in enumerate(lines) if line.strip() == _END), None)
    head = "\n".join(lines[: end or 0])
    place = _PLACE.search(head)
    if end is None or place is None:
        raise DataFault(f"{document}: not NASA POWER's CSV of one place: no {_END}, or no place before it. Download it again.")
    frame = table(document, text, skip=end + 1)
    columns_of(document, frame, ("YEAR", *_POWER))
    for name in _POWER:
        said = next((line for line in lines[:end] if line.strip().startswith(f"{name} ")), "")
        expected = "mm/day" if name == "PRECTOTCORR" else "(C)"
        if expected not in said:
            raise DataFault(f"{document}: its header says {said.strip()!r} of {name}, expected the unit {expected}.")
    if "DOY" in frame.columns:
        days = dates(
            document,
            frame["YEAR"].str.strip().str.cat(frame["DOY"].str.strip().str.zfill(3), " ").rename("YEAR and DOY"),
            "%Y %j",
            "YEAR,DOY",
        )
    else:
        columns_of(document, frame, ("MO", "DY"))
        joined = (
            frame["YEAR"]
            .str.strip()
            .str.cat(frame["MO"].str.strip(), "-")
            .str.cat(frame["DY"].str.strip(), "-")
            .rename("YEAR, MO and DY")
        )
        days = dates(document, joined, "%Y-%m-%d", "YEAR,MO,DY")
    missing = frozenset({"", "-999", "-999.0", "-999.00"})
    rows = pd.DataFrame({"station": _point(POWER, float(place[1]), float(place[2])), "observed_on": days, "row": frame.index})
    rows = rows.assign(**{column: numbers(document, frame[name], missing) for name, column in _POWER.items()})
    yield rows[list(COLUMNS)]


def _point(network: Network, latitude: float, longitude: float) -> str:
    """The grid point of the network that is near; a name that is not listed where none is."""
    near = (
        station.id
        for station in STATIONS.values()
        if station.network == network
        and abs(station.latitude - latitude) <= network.radius
        and abs(station.longitude - longitude) <= network.radius
    )
    return next(near, f"{network.name} at {latitude:g} {longitude:g}")
