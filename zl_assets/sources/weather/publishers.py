"""Which files the weather's publishers have of the stations and grid points of domain/stations.py, and where.

Belongs here: addresses. Must not be here: asking (sources/fetching.py), and what is in a file (the format's module).

INMET is not fetched: it has no file of one station, and each year of all of them is an archive of many MB. Its files are read
from a folder, and its regions are also NASA POWER's and Open-Meteo's.
"""

import datetime as dt
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from zl_assets.domain.stations import GHCN, GSOD, OPEN_METEO, POWER, STATIONS, Network, Station
from zl_assets.sources.fetching import Wanted

# The first year that is asked for: MERRA-2, of which POWER's days are made, begins with it, and the season of the first session
# wants ten years before 2010.
FIRST_YEAR = 1981

# Days after its end from which on a year of GSOD does not change any more.
LATE = dt.timedelta(days=180)

# https://www.ncei.noaa.gov/access, https://power.larc.nasa.gov/docs/services/api/temporal/daily/,
# https://open-meteo.com/en/docs/historical-weather-api
HOSTS = NCEI, LARC, METEO = "www.ncei.noaa.gov", "power.larc.nasa.gov", "archive-api.open-meteo.com"


def wanted(address: str, today: dt.date) -> Iterator[Wanted]:
    """The files of a publisher, the settled ones among them.

    Args:
        address: the publisher's; one that is none of those above is taken for a mirror of all of them.
        today: the last day that is asked for.
    """
    host = urlsplit(address).hostname
    known = [ask for at, ask in _ASKED if at == host]
    for ask in known or [ask for _, ask in _ASKED]:
        yield from ask(address, today)


def _of(network: Network) -> list[Station]:
    return [station for station in STATIONS.values() if station.network == network]


def _ghcn(address: str, today: dt.date) -> Iterator[Wanted]:
    for station in _of(GHCN):
        name = f"{station.id}.csv"
        yield Wanted(station.id, f"ghcn/{name}", f"{address}/data/global-historical-climatology-network-daily/access/{name}")


def _gsod(address: str, today: dt.date) -> Iterator[Wanted]:
    for station in _of(GSOD):
        for year in range(FIRST_YEAR, today.year + 1):
            name = f"{station.id}.csv"
            at = f"{address}/data/global-summary-of-the-day/access/{year}/{name}"
            yield Wanted(f"{station.id} of {year}", f"gsod/{year}/{name}", at, settled_on=dt.date(year, 12, 31) + LATE)


def _power(address: str, today: dt.date) -> Iterator[Wanted]:
    for station in _of(POWER):
        query = {
            "parameters": "T2M_MAX,T2M_MIN,PRECTOTCORR",
            "community": "AG",
            "latitude": f"{station.latitude:g}",
            "longitude": f"{station.longitude:g}",
            "start": f"{FIRST_YEAR}0101",
            "end": f"{today:%Y%m%d}",
            "format": "CSV",
        }
        yield Wanted(station.id, f"power/{station.id}.csv", f"{address}/api/temporal/daily/point", query)


def _open_meteo(address: str, today: dt.date) -> Iterator[Wanted]:
    for station in _of(OPEN_METEO):
        query = {
            "latitude": f"{station.latitude:g}",
            "longitude": f"{station.longitude:g}",
            "start_date": f"{FIRST_YEAR}-01-01",
            "end_date": f"{today:%Y-%m-%d}",
            "daily": "temperature_2m_max,temperature_2m_min,precipitation_sum",
            # The day of the place, as its stations have it.
            "timezone": "auto",
            "format": "csv",
        }
        yield Wanted(station.id, f"open_meteo/{station.id}.csv", f"{address}/v1/archive", query)


_ASKED: tuple[tuple[str, Callable[[str, dt.date], Iterator[Wanted]]], ...] = (
    (NCEI, _ghcn),
    (NCEI, _gsod),
    (LARC, _power),
    (METEO, _open_meteo),
)
