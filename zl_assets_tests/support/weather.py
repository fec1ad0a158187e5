"""Weather files as publishers deliver them, made up, and the real ones read once."""

import datetime as dt
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from zl_assets.domain.stations import STATIONS, known_by_rule
from zl_assets.sources.weather.reading import Weather, read_weather
from zl_assets.sources.weather_daily import CONTRACT
from zl_assets.warehouse.shape import conform
from zl_assets_tests.conftest import shared_data

AS_OF = dt.date(2025, 11, 17)


def read(path: Path, as_of: dt.date = AS_OF) -> Weather:
    return read_weather(path, CONTRACT, as_of)


@cache
def real_weather() -> Weather:
    """Every weather file of the shared data."""
    return read(shared_data("weather"))


def made_up(start: str, end: str, *stations: str, seed: int = 5) -> pd.DataFrame:
    """Rows of the table: a year's course of heat, a day in twenty without a station, and rain on a third of the days."""
    random = np.random.default_rng(seed)
    frames = []
    for station in stations:
        days = pd.date_range(start, end).as_unit("ns")
        days = days[random.random(len(days)) > 0.05]
        course = 15.0 - 12.0 * np.cos(2 * np.pi * (days.dayofyear.to_numpy() - 20) / 365.25)
        high = course + 5.0 + 3.0 * random.standard_normal(len(days))
        frames.append(
            pd.DataFrame(
                {
                    "station": station,
                    "observed_on": days,
                    "tmax_c": high,
                    "tmin_c": high - 4.0 - 8.0 * random.random(len(days)),
                    "prcp_mm": np.where(random.random(len(days)) < 1 / 3, 12.0 * random.random(len(days)), 0.0),
                    "source": STATIONS[station].network.name,
                    "vintage": pd.NaT,
                }
            )
        )
    rows = pd.concat(frames, ignore_index=True)
    return conform(rows.assign(available_at=known_by_rule(rows["source"], rows["observed_on"])), CONTRACT)


def dly(station: str, month: str, **elements: dict[int, tuple[int, str]]) -> str:
    """A month of GHCN's file of fixed width: by element, by day, the value in tenths and its three flags."""
    lines = []
    for element, days in elements.items():
        cells = [days.get(day, (-9999, "   ")) for day in range(1, 32)]
        lines.append(f"{station}{month}{element}" + "".join(f"{value:5d}{flags}" for value, flags in cells) + "\n")
    return "".join(lines)


def access_file(rows: pd.DataFrame) -> str:
    """Rows of the table, of one station of GHCN-Daily, as NCEI's CSV of it: rounded to tenths."""
    station = STATIONS[str(rows["station"].iloc[0])]
    texts = [
        tuple(str(round(10 * value)) for value in (row.prcp_mm, row.tmax_c, row.tmin_c)) for row in rows.itertuples(index=False)
    ]
    days = [f"{day:%Y-%m-%d}" for day in rows["observed_on"]]
    return access(
        *((day, *three) for day, three in zip(days, texts, strict=True)),
        station=station.id,
        place=f'"{station.latitude}","{station.longitude}"',
    )


_PLACE = '"STATION","DATE","LATITUDE","LONGITUDE","ELEVATION","NAME"'
ACCESS_HEADER = _PLACE + ',"PRCP","PRCP_ATTRIBUTES","TMAX","TMAX_ATTRIBUTES","TMIN","TMIN_ATTRIBUTES"\n'


def access(*rows: tuple[str, str, str, str], station: str = "USC00115079", place: str = '"40.152","-89.3387"') -> str:
    """NCEI's CSV of a station: date, rain, high and low in tenths, as texts."""
    lines = [
        f'"{station}","{date}",{place},"177.7","LINCOLN, IL US","{rain:>5}",",,7,0700","{high:>5}",",,7","{low:>5}",",,7"\n'
        for date, rain, high, low in rows
    ]
    return ACCESS_HEADER + "".join(lines)


GSOD_HEADER = _PLACE + ',"MAX","MAX_ATTRIBUTES","MIN","MIN_ATTRIBUTES","PRCP","PRCP_ATTRIBUTES"\n'


def gsod(*rows: tuple[str, str, str, str, str], station: str = "87480099999", place: str = '"-32.903611","-60.785"') -> str:
    """GSOD's CSV: date, high and low in Fahrenheit, rain in inches and its flag."""
    lines = [
        f'"{station}","{date}",{place},"25.9","ROSARIO, AR","{high:>6}"," ","{low:>6}","*","{rain:>5}","{flag}"\n'
        for date, high, low, rain, flag in rows
    ]
    return GSOD_HEADER + "".join(lines)


INMET_HEADER = (
    "Data;Hora UTC;PRECIPITAÇÃO TOTAL, HORÁRIO (mm);TEMPERATURA DO AR - BULBO SECO, HORARIA (°C);"
    "TEMPERATURA MÁXIMA NA HORA ANT. (AUT) (°C);TEMPERATURA MÍNIMA NA HORA ANT. (AUT) (°C);"
    "TEMPERATURA ORVALHO MAX. NA HORA ANT. (AUT) (°C);TEMPERATURA ORVALHO MIN. NA HORA ANT. (AUT) (°C);\n"
)


def inmet(
    *hours: tuple[str, str, str, str], station: str = "A901", place: tuple[str, str] = ("-15,559295", "-56,062951")
) -> bytes:
    """INMET's CSV: "2023/01/10;1200 UTC", rain, high and low with decimal commas."""
    preface = (
        f"REGIAO:;CO\nUF:;MT\nESTACAO:;CUIABA\nCODIGO (WMO):;{station}\nLATITUDE:;{place[0]}\nLONGITUDE:;{place[1]}\n"
        "ALTITUDE:;240\nDATA DE FUNDACAO:;10/09/01\n"
    )
    lines = [f"{hour};{rain};;{high};{low};;;\n" for hour, rain, high, low in hours]
    return (preface + INMET_HEADER + "".join(lines)).encode("latin-1")


def power(latitude: float, longitude: float) -> str:
    """NASA POWER's CSV of a place, of 2024-07-07 and the day after, which is not there yet."""
    return (
        "-BEGIN HEADER-\nNASA/POWER Source Native Resolution Daily Data\n"
        f"Location: latitude  {latitude:.4f}   longitude {longitude:.4f}\nThe value for missing source data is -999\n"
        "Parameter(s):\n"
        "T2M_MAX         MERRA-2 Temperature at 2 Meters Maximum (C)\n"
        "T2M_MIN         MERRA-2 Temperature at 2 Meters Minimum (C)\n"
        "PRECTOTCORR     MERRA-2 Precipitation Corrected (mm/day)\n-END HEADER-\n"
        "YEAR,MO,DY,T2M_MAX,T2M_MIN,PRECTOTCORR\n2024,7,7,29.4,17.8,0.0\n2024,7,8,-999.0,-999.0,-999.0\n"
    )


def open_meteo_csv(latitude: float, longitude: float) -> str:
    """Open-Meteo's CSV of a place, of 2024-07-07."""
    return (
        "latitude,longitude,elevation,utc_offset_seconds,timezone,timezone_abbreviation\n"
        f"{latitude},{longitude},388.0,-14400,America/Cuiaba,-04\n\n"
        "time,temperature_2m_max (\u00b0C),temperature_2m_min (\u00b0C),precipitation_sum (mm)\n2024-07-07,29.4,17.8,0.0\n"
    )
