"""Where the weather of the weather family comes from: networks, stations, grid points, states and their weights, as one table.

Belongs here: what an owner may want to change: which station stands for which state, what a state weighs, and when a network's
day is known. Must not be here: a file format (sources/weather), and a formula (families/weather.py).
"""

from dataclasses import dataclass
from functools import cached_property

import pandas as pd


@dataclass(frozen=True)
class Network:
    """One publisher's days.

    Attributes:
        name: as the table's column `source` has it.
        lag: days from a day to the one on which it is known, at 12:00 UTC.
        why: the reason for the lag, in words.
        radius: degrees of latitude and longitude that a place in a file may be away from the place in this table.
    """

    name: str
    lag: int
    why: str
    radius: float = 0.1

    @property
    def rule(self) -> str:
        """When a day is known, in words."""
        return f"12:00 UTC {self.lag} days after the day ({self.why})"


# When a day is known, in hours after the midnight, UTC, with which the day that is `lag` days later begins.
HOUR = 12

# The lags are assumptions that the owner may change; nobody publishes a record of arrivals. A station's coordinates differ by up
# to 0.05 degrees between the files of one network (Cuiaba, 2023 and 2024); a grid answers with the middle of its cell.
GHCN = Network("GHCN-Daily", 7, "most stations here are volunteers")
GSOD = Network("GSOD", 3, "exchanged daily between weather services")
INMET = Network("INMET", 3, "automatic stations")
OPEN_METEO = Network("Open-Meteo", 6, "ERA5 is five days late", 0.3)
POWER = Network("NASA POWER", 7, "its near-real-time data are revised within the week", 0.3)
NETWORKS = {network.name: network for network in (GHCN, GSOD, INMET, OPEN_METEO, POWER)}


@dataclass(frozen=True)
class State:
    """A state that grows soybeans.

    Attributes:
        name: its two letters.
        weight: share of its region's crop; those of a region need not add up to 1.
        hours: its clock less UTC, for hourly data.
        latitude, longitude: of the point among its fields that stands for it where a grid is asked.
    """

    name: str
    weight: float
    hours: int
    latitude: float
    longitude: float


@dataclass(frozen=True)
class Region:
    """A crop region.

    Attributes:
        name: as its columns begin.
        words: the same in a sentence.
        summer: the month whose mean of daily highs a file is judged by.
        states: in order of weight.
    """

    name: str
    words: str
    summer: int
    states: tuple[State, ...]

    @property
    def stations(self) -> tuple["Station", ...]:
        """Its stations and grid points, in the table's order."""
        names = {state.name for state in self.states}
        return tuple(station for station in STATIONS.values() if station.state in names)


# Weights are assumptions. The owner gives those of Iowa, Illinois and Minnesota; Indiana and Nebraska split the rest.
REGIONS = (
    Region(
        "us",
        "the United States' Midwest",
        7,
        (
            State("IA", 0.30, -6, 42.0, -93.5),
            State("IL", 0.25, -6, 40.0, -89.25),
            State("IN", 0.15, -5, 40.25, -86.25),
            State("MN", 0.15, -6, 44.75, -95.0),
            State("NE", 0.15, -6, 41.0, -98.0),
        ),
    ),
    Region(
        "br",
        "Brazil",
        1,
        (
            State("MT", 0.355, -4, -13.0, -56.0),
            State("MS", 0.108, -4, -21.5, -54.75),
            State("RS", 0.087, -3, -28.5, -53.0),
            State("PR", 0.085, -3, -24.5, -52.5),
            State("GO", 0.065, -3, -17.5, -51.25),
        ),
    ),
    Region(
        "ar",
        "Argentina",
        1,
        (
            State("BA", 0.35, -3, -35.0, -61.0),
            State("CB", 0.25, -3, -32.75, -63.0),
            State("SF", 0.20, -3, -32.5, -61.25),
        ),
    ),
)

# States with a value must carry this share of their region's weight, or the region has none.
LEAST_WEIGHT = 0.60


@dataclass(frozen=True)
class Station:
    """A place whose days are read.

    Attributes:
        id: the network's own; of a grid point the network's name and the state.
        network: who publishes it.
        state: that it is in.
        latitude, longitude: of the place; a file that has another is of another station, or the station has moved.
        place: for a person.
    """

    id: str
    network: Network
    state: str
    latitude: float
    longitude: float
    place: str

    @cached_property
    def region(self) -> Region:
        """The region that it is in."""
        return next(region for region in REGIONS if self.state in {state.name for state in region.states})

    @property
    def hours(self) -> int:
        """Its clock less UTC."""
        return next(state.hours for state in self.region.states if state.name == self.state)


# Not listed, and so passed by: GHCN's stations of Argentina (in the files of 2020-06 a high on 42 to 45 % of the days, rain
# on 6 to
# 32 %), which GSOD has too, and GSOD's Campo Grande, which INMET has: one place would count twice.
_STATIONS = (
    Station("USC00131533", GHCN, "IA", 40.7244, -95.0191, "Clarinda"),
    Station("USC00138296", GHCN, "IA", 42.0354, -92.5805, "Toledo"),
    Station("72546014933", GSOD, "IA", 41.5340, -93.6531, "Des Moines airport"),
    Station("USC00115079", GHCN, "IL", 40.1520, -89.3387, "Lincoln"),
    Station("USC00115712", GHCN, "IL", 40.9125, -89.0338, "Minonk"),
    Station("USC00123418", GHCN, "IN", 41.5575, -85.8825, "Goshen"),
    Station("USC00123527", GHCN, "IN", 39.7858, -85.7611, "Greenfield"),
    Station("USC00210075", GHCN, "MN", 43.6064, -93.3019, "Albert Lea"),
    Station("USC00215400", GHCN, "MN", 45.1219, -95.9269, "Milan"),
    Station("USC00250435", GHCN, "NE", 40.3705, -95.7469, "Auburn"),
    Station("USC00253175", GHCN, "NE", 40.5313, -97.5963, "Geneva"),
    Station("A901", INMET, "MT", -15.5593, -56.0630, "Cuiaba"),
    Station("A904", INMET, "MT", -12.5550, -55.7228, "Sorriso"),
    Station("A702", INMET, "MS", -20.4472, -54.7226, "Campo Grande"),
    Station("A839", INMET, "RS", -28.2268, -52.4036, "Passo Fundo"),
    Station("A835", INMET, "PR", -23.4053, -51.9328, "Maringa"),
    Station("87548099999", GSOD, "BA", -34.5459, -60.9306, "Junin"),
    Station("87453099999", GSOD, "CB", -33.0851, -64.2613, "Rio Cuarto"),
    Station("87467099999", GSOD, "CB", -32.6836, -62.1578, "Marcos Juarez"),
    Station("87371099999", GSOD, "SF", -31.7117, -60.8117, "Sauce Viejo"),
    Station("87480099999", GSOD, "SF", -32.9036, -60.7850, "Rosario"),
)

_POINTS = tuple(
    Station(f"{network.name} {state.name}", network, state.name, state.latitude, state.longitude, f"grid point of {state.name}")
    for region in REGIONS
    for state in region.states
    for network in (OPEN_METEO, POWER)
)

STATIONS = {station.id: station for station in (*_STATIONS, *_POINTS)}


def known_by_rule(source: "pd.Series[str]", observed_on: "pd.Series[pd.Timestamp]") -> "pd.Series[pd.Timestamp]":
    """When days became known by the rule of their network; datetime64[ns, UTC] on the same index, NaT of no known network."""
    lags = pd.to_timedelta(source.map({name: network.lag for name, network in NETWORKS.items()}).astype("float64"), unit="D")
    known = observed_on + lags + pd.Timedelta(hours=HOUR)
    return known.dt.tz_localize("UTC").astype("datetime64[ns, UTC]").rename("available_at")
