"""`raw_intelligence.weather_daily`: days of weather stations and grid points, from the files of their publishers.

Belongs here: the table, its source and its checks. Must not be here: file formats (sources/weather), which stations there are and
when their days are known (domain/stations.py).
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pandas as pd

from zl_assets.contracts.columns import INGESTION_TS, real
from zl_assets.domain.checks import Check, Level, Seen, unique_key
from zl_assets.domain.revisions import Versions
from zl_assets.domain.rules import weather as rules
from zl_assets.domain.stations import NETWORKS
from zl_assets.instruments.base import Instrument
from zl_assets.settings import Settings
from zl_assets.sources.base import Checks, Loaded, Source, SourceAsset, stored_so_far
from zl_assets.sources.dated_files import state_of
from zl_assets.sources.outside import fetch_all, not_there
from zl_assets.sources.weather import publishers
from zl_assets.sources.weather.documents import ELEMENTS
from zl_assets.sources.weather.reading import Weather, read_weather, require_readable
from zl_assets.warehouse.contract import Column, ColumnType, TableContract
from zl_assets.warehouse.shape import empty_frame
from zl_assets.warehouse.verdict import RowRule, Verdict

TABLE = "weather_daily"

UNSET = (
    "ZL_WEATHER is not set, so nothing is loaded, and columns that need the weather stay NULL. Set it to a folder of the "
    f"files of {', '.join(NETWORKS)}, as they are downloaded, or to addresses to fetch them from: "
    f"{', '.join(f'https://{host}' for host in publishers.HOSTS)}."
)

CONTRACT = TableContract(
    dataset="raw_intelligence",
    table=TABLE,
    description="Days of weather stations and grid points in the soybean regions, with the time at which each became known. "
    "A revision is a row of its own.",
    columns=(
        Column(
            "station", ColumnType.STRING, "the network's id of the station, or network and state of a grid point", nullable=False
        ),
        Column(
            "observed_on",
            ColumnType.DATE,
            "the station's day, by its network's clock; INMET's hours by local time",
            nullable=False,
        ),
        Column(
            "available_at",
            ColumnType.TIMESTAMP,
            "when these values became known: by the network's rule, or for a later vintage that differs when its day had passed",
            "UTC",
            nullable=False,
        ),
        real("tmax_c", "highest temperature of the day", "deg C"),
        real("tmin_c", "lowest temperature of the day", "deg C"),
        real("prcp_mm", "rain, and melted snow, of the day; NULL where none was reported", "mm"),
        Column("source", ColumnType.STRING, f"the network: {', '.join(NETWORKS)}", nullable=False),
        Column("vintage", ColumnType.DATE, "day of the download, from the name of the file or folder; NULL: it does not say"),
        INGESTION_TS,
    ),
    key=("station", "observed_on", "available_at"),
    partition_by="observed_on",
    cluster_by=("station",),
)


def _contract(instruments: Sequence[Instrument]) -> TableContract:
    return CONTRACT


def _rules(instruments: Sequence[Instrument]) -> tuple[RowRule, ...]:
    return rules.WEATHER_RULES


def _fetch(settings: Settings, now: dt.datetime) -> dict[str, str]:
    # No publisher has a day that is not over.
    yesterday = now.date() - dt.timedelta(days=1)
    return fetch_all(settings, "weather", lambda address: publishers.wanted(address, yesterday), now, require_readable)


def _files_now(settings: Settings, as_of: dt.date) -> Weather:
    """What there is; where nothing has been fetched yet, the addresses as refused."""
    place, absent = settings.files_of("weather"), not_there(settings, "weather", UNSET)
    if place is None or absent:
        return Weather(empty_frame(CONTRACT), refused=absent)
    # The asset and its checks read the same files in one process: 3 s for the 75 real ones.
    read = _read_once(place, as_of, state_of(place, "ZL_WEATHER"))
    # A frame can be changed by whoever has it, so nobody has the one that is kept.
    return replace(read, frame=read.frame.copy())


@lru_cache(maxsize=1)
def _read_once(place: Path, as_of: dt.date, state: tuple[tuple[Path, int, int], ...]) -> Weather:
    """What the files hold that are there in this state."""
    return read_weather(place, CONTRACT, as_of)


def _read(settings: Settings, of: SourceAsset, as_of: dt.date) -> Loaded:
    if settings.weather is None:
        return Loaded(empty_frame(CONTRACT), nothing=UNSET)
    read = _files_now(settings, as_of)
    by_station = read.frame.groupby(["station", "source"], as_index=False).agg(
        days=("observed_on", "nunique"), rows=("observed_on", "size"), first=("observed_on", "min"), newest=("observed_on", "max")
    )
    refused = "; ".join(read.refused.values()) or "none"
    return Loaded(
        read.frame,
        facts={
            "source": str(settings.weather),
            "as_of": str(as_of),
            "stations": by_station if len(by_station) else pd.DataFrame([{"station": "none"}]),
            "files": len(read.files),
            "refused": refused,
            "revised": read.revised,
            "copies_dropped": read.copies,
            "days_after_as_of_left_out": read.later,
            "stations_not_listed": ", ".join(read.not_listed) or "none",
            "not_read": ", ".join(read.not_read) or "none",
        },
        warnings=tuple(read.refused.values()),
        nothing=f"no station day of {settings.weather} can be used: {refused}" if read.frame.empty else "",
    )


def _checks(settings: Settings, of: SourceAsset) -> Checks:
    asset = of.key

    def files(as_of: dt.date) -> Mapping[str, object]:
        read = _files_now(settings, as_of)
        return {"refused": read.refused, "source": read.frame}

    def ask(name: str, says: str, todo: str, verdict: Callable[[Seen], Verdict], level: Level = Level.ERROR) -> Check:
        return Check(asset, name, says, todo, verdict, level)

    return Checks(
        (
            unique_key(asset, CONTRACT.key, "One row per station, day and time at which it became known.", Level.ERROR),
            ask(
                "weather_files_accepted",
                "Every weather file could be read, and is of the station, the place and the unit that it says. A warning if "
                "ZL_WEATHER is not set.",
                "Replace the named file with a new download, or take it out of the folder of ZL_WEATHER, and refresh. The "
                "rows that the table already has of it stay.",
                lambda seen: rules.weather_files_accepted(seen.found["refused"]),
                Level.ERROR if settings.weather is not None else Level.WARNING,
            ),
            ask(
                "weather_in_range",
                "Of every station day the low is not above the high, both are -60 to 55 C, and rain is 0 to 500 mm.",
                "Look at these days in the station's file and at its publisher. Delete the rows, and refresh with a sound file.",
                lambda seen: rules.weather_in_range(seen.values[asset]),
            ),
            ask(
                "stations_listed",
                "Every row is of a station that zl_assets/domain/stations.py lists, and of its network.",
                "The list has changed, or somebody else wrote these rows: the family passes them by. Delete them, or list "
                "the station.",
                lambda seen: rules.stations_listed(seen.values[asset]),
            ),
            ask(
                "weather_available_by_rule",
                "No station day was known before its network's rule says, and one without a vintage exactly then.",
                "Somebody edited available_at in the table, or the rule has changed: empty the table and refresh, so that "
                "every row is stamped by today's rule.",
                lambda seen: rules.weather_available_by_rule(seen.values[asset]),
            ),
            ask(
                "no_vanished_weather",
                "Every stored station day is still in the files.",
                "Put the files that are gone back, or accept that the table keeps their rows: nothing is deleted on its own.",
                lambda seen: rules.no_vanished_weather(stored_so_far(seen, asset), seen.found["source"]),
            ),
            ask(
                "stations_fresh",
                "No station has stopped. A warning, by name.",
                "Download the station's newest file. If it was closed, its region goes on without it while the others carry "
                "60 % of its weight; choose another station in zl_assets/domain/stations.py.",
                lambda seen: rules.stations_fresh(stored_so_far(seen, asset), seen.as_of),
                Level.WARNING,
            ),
        ),
        files,
        "The table against its rules, the files and the calendar.",
    )


SOURCE = Source(
    table=TABLE,
    contract=_contract,
    setting="weather",
    unset=UNSET,
    releases={name: network.rule for name, network in NETWORKS.items()},
    fetch=_fetch,
    read=_read,
    rules=_rules,
    checks=_checks,
    detail="Loaded from ZL_WEATHER. In a session's features a station day counts from then on:",
    kinds=frozenset({"bigquery", "csv"}),
    versions=Versions(of=rules.STATION_DAY, values=ELEMENTS),
)
