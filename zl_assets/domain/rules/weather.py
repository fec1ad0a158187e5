"""Rules about station days. Must not be here: a file format, a formula."""

import datetime as dt
from collections.abc import Mapping

import pandas as pd

from zl_assets.domain.rules.offenders import day, keys_only_in, none_refused, offending, pick
from zl_assets.domain.stations import STATIONS, known_by_rule
from zl_assets.warehouse.verdict import MAX_OFFENDERS, RowRule, Verdict

# Degrees Celsius and millimetres: the records of all regions lie within these, and Fahrenheit or tenths do not.
COLDEST, HOTTEST, WETTEST = -60.0, 55.0, 500.0

# What a row is a version of.
STATION_DAY = ("station", "observed_on")

# Days beyond its network's lag after which a station counts as stopped.
STOPPED = 30


def weather_in_range(frame: pd.DataFrame) -> Verdict:
    """Of every station day the low is not above the high, both are -60 to 55 C, and rain is 0 to 500 mm."""
    high, low, rain = frame["tmax_c"], frame["tmin_c"], frame["prcp_mm"]
    bad = (low > high) | (rain < 0) | (rain > WETTEST)
    for heat in (high, low):
        bad |= (heat < COLDEST) | (heat > HOTTEST)
    explanation = (
        f"{bad.sum():,} of {len(frame):,} station days have a low above the high, or a temperature or rain that there is not: "
        "another unit, or a damaged file."
    )
    return offending("weather_in_range", frame, pick(frame, bad, ["station", "tmax_c", "tmin_c", "prcp_mm"]), explanation)


def weather_available_by_rule(frame: pd.DataFrame) -> Verdict:
    """No station day was known before its network's rule says so, and one without a vintage exactly then."""
    rule = known_by_rule(frame["source"], frame["observed_on"])
    bad = ~(frame["available_at"].eq(rule) | (frame["available_at"].gt(rule) & frame["vintage"].notna()))
    explanation = f"{bad.sum():,} of {len(frame):,} station days have an available_at that differs from their network's rule."
    return offending("weather_available_by_rule", frame, pick(frame, bad, ["station", "available_at"]), explanation)


WEATHER_RULES: tuple[RowRule, ...] = (weather_in_range, weather_available_by_rule)


def stations_listed(frame: pd.DataFrame) -> Verdict:
    """Every row is of a station of the table, and of its own network."""
    own = frame["station"].map({station.id: station.network.name for station in STATIONS.values()})
    bad = ~own.eq(frame["source"]).fillna(False).astype(bool)
    explanation = f"{bad.sum():,} of {len(frame):,} rows are of a station that is not listed, or not of that network."
    return offending("stations_listed", frame, pick(frame, bad, ["station", "source"]), explanation)


def no_vanished_weather(table: pd.DataFrame, source: pd.DataFrame) -> Verdict:
    """Every stored station day is still in the files, for the stations that they have. A refresh never deletes one."""
    own = table[table["station"].isin(source["station"].unique())]
    vanished = keys_only_in(own, source, STATION_DAY)
    explanation = f"{len(vanished):,} of the table's {len(own):,} station days are no longer in the files; nothing deletes them."
    return offending("no_vanished_weather", table, vanished, explanation)


def stations_fresh(frame: pd.DataFrame, as_of: dt.date) -> Verdict:
    """No station that the table has days of has stopped."""
    newest = frame.groupby("station")["observed_on"].max()
    allowed = pd.Series({name: station.network.lag + STOPPED for name, station in STATIONS.items()}).reindex(newest.index)
    ages = (pd.Timestamp(as_of) - newest).dt.days
    stale = ages[ages > allowed]
    offenders = pd.DataFrame({"station": stale.index, "newest": newest[stale.index].to_numpy(), "days": stale.to_numpy()})
    named = ", ".join(f"{name} ({day(newest[name])})" for name in stale.index[:MAX_OFFENDERS]) or "none"
    return Verdict(
        name="stations_fresh",
        passed=stale.empty and len(newest) > 0,
        measured=len(stale),
        bound=f"0 stations without a day for {STOPPED} days beyond their network's lag",
        offenders=offenders.head(MAX_OFFENDERS),
        explanation=f"{len(stale)} of {len(newest)} stations have stopped by {as_of}: {named}.",
    )


def weather_files_accepted(refused: Mapping[str, str]) -> Verdict:
    """No file and no station was refused."""
    explanation = f"{len(refused)} files or stations cannot be used."
    return none_refused("weather_files_accepted", refused, "0 files or stations refused", explanation)
