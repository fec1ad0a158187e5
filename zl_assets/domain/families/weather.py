"""v2.5 weather: rain and heat of three crop regions against what the season usually brings, each day as it was known.

Belongs here: the family's columns, formulas and model inputs. Must not be here: which stations, weights and release times there
are (domain/stations.py).

Days are calendar days. A station's day is known when its network's rule says so (or, of a later vintage, when that vintage's own
day had passed). A state's day is the mean of its stations, each alike; a region's the weighted mean of the states that have a
value. The newest day of a region is the newest that all of its networks have by their rules, so that a station of a quick
network does not stand for its region alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from zl_assets.contracts.columns import FRACTION
from zl_assets.domain.families.base import Family, FamilyColumn, ModelInput, SourceNeed
from zl_assets.domain.stations import HOUR, LEAST_WEIGHT, NETWORKS, REGIONS, Region, Station, known_by_rule
from zl_assets.domain.windows import Floats, padded, row_sums
from zl_assets.instruments.zl import INSTRUMENT as ZL
from zl_assets.warehouse.contract import Column, ColumnType

SOURCE, STRUCT = "weather_daily", "weather"
ELEMENTS = ("tmax_c", "tmin_c", "prcp_mm")

WEEK, MONTH = 7, 30
LEAST_OF_WEEK, LEAST_OF_MONTH = 6, 27

# The season: values that end within this many days of the same calendar day in earlier years; a year counts with 25 of its 31.
AROUND, LEAST_OF_SEASON, LEAST_YEARS = 15, 25, 10

DRY_BELOW = 1.0  # mm a day
HOT_FROM = 32.2  # deg C: 90 F as GHCN has it, in tenths
GROWS_FROM, GROWS_TO = 10.0, 30.0  # deg C, the usual bounds of maize and soybeans

# A network that has given no day for this long, beyond its lag, is not waited for.
QUIET = MONTH

# The least share, of the sessions that the sources cover, on which a column has a value, where a source has holes of its own. In
# the files of 2019 to 2025 it is 0.887 of Brazil's heat and 0.800 of its rain (Cuiaba was silent for weeks, and is half of the
# weight), and 0.392 of Argentina's rain (on a day in four none is reported); of everything else 0.99 or more.
SHARES = {("br", "tavg"): 0.85, ("br", "prcp"): 0.75, ("br", "dry"): 0.75, ("ar", "prcp"): 0.35, ("ar", "dry"): 0.35}

_DAY = np.timedelta64(1, "D")

type Days = NDArray[np.datetime64]
type Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class _Values:
    """A region's columns, without its name before theirs: float64, one a session."""

    tavg_7d: Floats
    tavg_z: Floats
    prcp_30d: Floats
    prcp_z: Floats
    dry_days_30d: Floats
    gdd_30d: Floats
    hot_share_30d: Floats


def compute(sessions: pd.DataFrame, sources: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Heat and rain of each region, over the newest days that the session knew.

    Args:
        sessions: data_date and decided_at of one symbol, in order of date.
        sources: weather_daily; empty where there is none. Stations that domain/stations.py does not list are passed by.

    Returns:
        The family's columns, float64, on the index of `sessions`.
    """
    weather = sources[SOURCE]
    columns: dict[str, Floats] = {}
    for region in REGIONS:
        stations = region.stations
        rows = weather[weather["station"].isin([station.id for station in stations])]
        values = _of_region(region, stations, rows, sessions)
        columns |= {f"{region.name}_{part.name}": getattr(values, part.name) for part in fields(values)}
    return pd.DataFrame({column.column.name: columns[column.column.name] for column in FAMILY.columns}, index=sessions.index)


def covered(sessions: pd.DataFrame, sources: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Of every column, whether the files cover the session: whether it would have a value if no station had a hole of less than a
    month, and each of its days all three elements.

    Args:
        sessions, sources: as `compute` takes them.

    Returns:
        bool, on the index of `sessions`.
    """
    weather = sources[SOURCE]
    return compute(sessions, {SOURCE: weather if weather.empty else _without_holes(weather)}).notna()


def _without_holes(weather: pd.DataFrame) -> pd.DataFrame:
    """The days of each station and those of its holes of less than a month, with made-up values, known by the rule."""
    filled = []
    for station, own in weather.groupby("station", sort=False):
        days: Days = np.unique(own["observed_on"].to_numpy().astype("datetime64[D]"))
        steps = np.append(np.diff(days).astype(np.int64), 1)
        steps = np.where(steps <= MONTH, steps, 1)
        observed = np.repeat(days, steps) + np.concatenate([np.arange(step) for step in steps]) * _DAY
        filled.append(
            pd.DataFrame({"station": station, "observed_on": observed.astype("datetime64[ns]"), "source": own["source"].iloc[0]})
        )
    rows = pd.concat(filled, ignore_index=True)
    # Values of which windows of a week and of a month differ, so that a season has a spread.
    value = (rows["observed_on"] - pd.Timestamp(0)).dt.days % 11
    return rows.assign(
        tmax_c=20.0 + value, tmin_c=10.0, prcp_mm=1.0 * value, available_at=known_by_rule(rows["source"], rows["observed_on"])
    )


def _of_region(region: Region, stations: Sequence[Station], rows: pd.DataFrame, sessions: pd.DataFrame) -> _Values:
    found = {part.name: np.full(len(sessions), np.nan) for part in fields(_Values)}
    dates: Days = sessions["data_date"].to_numpy().astype("datetime64[D]")
    rows = rows[rows["observed_on"] <= sessions["data_date"].max()]
    if rows.empty or not len(sessions):
        return _Values(**found)
    # The first month's windows begin before the first day: what is not there is not known.
    first = rows["observed_on"].min().to_datetime64().astype("datetime64[D]") - MONTH * _DAY
    days: Integers = (rows["observed_on"].to_numpy().astype("datetime64[D]") - first).astype(np.int64)
    at = rows["station"].map({station.id: i for i, station in enumerate(stations)}).to_numpy(np.int64)
    measured = rows[list(ELEMENTS)].to_numpy("float64")
    # What is known by the rule is known of every day that a session looks at. What came later is put in, in its order, before the
    # first session that knew it.
    on_time = (rows["available_at"] <= known_by_rule(rows["source"], rows["observed_on"])).to_numpy()
    late = np.flatnonzero(~on_time)[np.argsort(rows["available_at"].to_numpy()[~on_time], kind="stable")]
    came = rows["available_at"].iloc[late]
    known = np.full((len(stations), int((dates.max() - first) / _DAY) + 1, len(ELEMENTS)), np.nan)
    known[at[on_time], days[on_time]] = measured[on_time]
    seen = came.searchsorted(sessions["decided_at"], side="left")
    done = 0
    for count in np.unique(seen):
        for i in late[done:count]:
            known[at[i], days[i]] = measured[i]
        done = int(count)
        own = np.flatnonzero(seen == count)
        newest = _newest_days(known, stations, first, sessions["decided_at"].iloc[own])
        for name, values in _as_known(region, stations, known, first, newest).items():
            found[name][own] = values
    return _Values(**found)


def _newest_days(known: Floats, stations: Sequence[Station], first: np.datetime64, decided_at: "pd.Series[pd.Timestamp]") -> Days:
    """The newest day of the region that each session knows by the rules of all networks that are not quiet, or else NaT."""
    moments = decided_at.dt.tz_localize(None).to_numpy().astype("datetime64[ns]")
    there = ~np.isnan(known).all(axis=2)
    newest: Days = np.full(len(moments), np.datetime64("NaT"), "datetime64[D]")
    for network in NETWORKS.values():
        of = [i for i, station in enumerate(stations) if station.network == network]
        begun = np.concatenate([[0], there[of].any(axis=0).cumsum()])
        # Strictly before the decision.
        last = (moments - np.timedelta64(network.lag * 24 + HOUR, "h") - np.timedelta64(1, "ns")).astype("datetime64[D]")
        end = np.clip((last - first).astype(np.int64) + 1, 0, len(begun) - 1)
        gave = begun[end] > begun[np.maximum(end - QUIET, 0)]
        newest = np.where(gave, np.fmin(newest, last), newest)
    return newest


def _as_known(
    region: Region, stations: Sequence[Station], known: Floats, first: np.datetime64, newest: Days
) -> dict[str, Floats]:
    """The columns at each newest day, of station days as they are known now."""
    high, low, rain = (known[:, :, i] for i in range(len(ELEMENTS)))
    clipped = np.clip(high, GROWS_FROM, GROWS_TO) + np.clip(low, GROWS_FROM, GROWS_TO)

    def mean(values: Floats) -> Floats:
        return _region_days(region, stations, values)

    wet = mean(rain)
    heat = _window_mean(mean((high + low) / 2), WEEK, LEAST_OF_WEEK)
    month = MONTH * _window_mean(wet, MONTH, LEAST_OF_MONTH)
    of_month = {
        "dry_days_30d": MONTH * _window_mean(_share(wet < DRY_BELOW, wet), MONTH, LEAST_OF_MONTH),
        "gdd_30d": MONTH * _window_mean(mean(clipped / 2 - GROWS_FROM), MONTH, LEAST_OF_MONTH),
        "hot_share_30d": _window_mean(mean(_share(high >= HOT_FROM, high)), MONTH, LEAST_OF_MONTH),
    }
    return {
        **{name: _at(values, first, newest) for name, values in {"tavg_7d": heat, "prcp_30d": month, **of_month}.items()},
        "tavg_z": _against_season(heat, first, newest),
        "prcp_z": _against_season(month, first, newest),
    }


def _share(holds: NDArray[np.bool_], values: Floats) -> Floats:
    """1 where it holds, 0 where not, NaN where there is no value."""
    return np.where(np.isnan(values), np.nan, holds.astype("float64"))


def _region_days(region: Region, stations: Sequence[Station], values: Floats) -> Floats:
    """Station days to region days.

    Args:
        values: of shape (stations, days).

    Returns:
        Of shape (days,); NaN where the states with a value carry less than 60 % of the weight.
    """
    total = np.zeros(values.shape[1])
    weight = np.zeros(values.shape[1])
    for state in region.states:
        own = values[[i for i, station in enumerate(stations) if station.state == state.name]]
        count = (~np.isnan(own)).sum(axis=0)
        mean = np.nan_to_num(own).sum(axis=0) / np.maximum(count, 1)
        total += np.where(count > 0, state.weight * mean, 0.0)
        weight += np.where(count > 0, state.weight, 0.0)
    # A billionth for the sum of weights that are no binary fractions.
    enough = weight >= LEAST_WEIGHT * sum(state.weight for state in region.states) - 1e-9
    return np.where(enough, total / np.where(enough, weight, 1.0), np.nan)


def _window_mean(values: Floats, window: int, least: int) -> Floats:
    """Mean of those of the last `window` days that have a value; NaN where fewer than `least` have."""
    if len(values) < window:
        return padded(values[:0], len(values))
    windows = np.lib.stride_tricks.sliding_window_view(values, window)
    count = (~np.isnan(windows)).sum(axis=1)
    mean = row_sums(np.nan_to_num(windows)) / np.maximum(count, 1)
    return padded(np.where(count >= least, mean, np.nan), len(values))


def _at(values: Floats, first: np.datetime64, days: Days) -> Floats:
    """The values of these days; NaN of a day that there is not."""
    there = ~np.isnat(days)
    at = np.where(there, (np.where(there, days, first) - first).astype(np.int64), -1)
    inside = (at >= 0) & (at < len(values))
    return np.where(inside, values[np.where(inside, at, 0)], np.nan)


def _against_season(values: Floats, first: np.datetime64, newest: Days) -> Floats:
    """(value - m) / s, with m and s (ddof 1) of the values that end within 15 days of the same calendar day in earlier years.

    The 29th of February is the 28th in a year without one. NaN where fewer than ten earlier years have 25 of their 31 values.
    """
    there = ~np.isnat(newest)
    day: Days = np.where(there, newest, first)
    month_of = day.astype("datetime64[M]")
    in_month = (day - month_of).astype(np.int64)
    most = int((day.max().astype("datetime64[Y]") - first.astype("datetime64[Y]")).astype(np.int64))
    seasons = []
    for back in range(1, most + 1):
        then = month_of - np.timedelta64(12 * back, "M")
        # Only the 29th of February can be beyond its month.
        longest = ((then + np.timedelta64(1, "M")).astype("datetime64[D]") - then).astype(np.int64) - 1
        same_day = then.astype("datetime64[D]") + np.minimum(in_month, longest) * _DAY
        seasons += [_at(values, first, same_day + away * _DAY) for away in range(-AROUND, AROUND + 1)]
    if not seasons:
        return np.full(len(newest), np.nan)
    usual = np.stack(seasons, axis=1)
    by_year = ~np.isnan(usual).reshape(len(day), most, 2 * AROUND + 1)
    counts = by_year.sum(axis=2) >= LEAST_OF_SEASON
    years = counts.sum(axis=1)
    # A year that lacks more of its season is left out whole.
    has = (by_year & counts[:, :, np.newaxis]).reshape(usual.shape)
    enough = there & (years >= LEAST_YEARS)
    count = np.maximum(has.sum(axis=1), 2)
    mean = row_sums(np.where(has, usual, 0.0)) / count
    deviations = np.where(has, usual - mean[:, np.newaxis], 0.0)
    spread = np.sqrt(row_sums(deviations * deviations) / (count - 1))
    # Equal values in ten years are no season: rain of a desert, or a file of one number.
    enough &= spread > 0.0
    return np.where(enough, (_at(values, first, newest) - mean) / np.where(enough, spread, 1.0), np.nan)


_HEAT = (f"{SOURCE}.tmax_c", f"{SOURCE}.tmin_c")
_RAIN = (f"{SOURCE}.prcp_mm",)
_SEASON = (
    f"(value - m) / s, m and s (ddof 1) of all values that end within {AROUND} days of the same calendar day in the earlier "
    f"years that have {LEAST_OF_SEASON} of these {2 * AROUND + 1} values; NULL where fewer than {LEAST_YEARS} have"
)


def _columns(region: Region) -> Iterator[FamilyColumn]:
    weights = ", ".join(f"{state.name} {state.weight:g}" for state in region.states)
    known = f"; NULL where fewer than {LEAST_OF_MONTH} of them are known"

    def column(
        name: str, meaning: str, unit: str, formula: str, of: tuple[str, ...], low: float | None, high: float | None
    ) -> FamilyColumn:
        described = Column(f"{region.name}_{name}", ColumnType.FLOAT64, f"{region.words}: {meaning}", unit)
        share = SHARES.get((region.name, name.partition("_")[0]))
        return FamilyColumn(described, STRUCT, formula, of, low, high, share)

    yield column(
        "tavg_7d",
        f"mean temperature of the newest {WEEK} days",
        "deg C",
        f"mean of (tmax + tmin) / 2 over the newest {WEEK} region days ({weights}); NULL where fewer than {LEAST_OF_WEEK} of "
        "them are known",
        _HEAT,
        -60.0,
        55.0,
    )
    yield column(
        "tavg_z", "that temperature against its season", "standard deviations", f"of tavg_7d: {_SEASON}", _HEAT, -15.0, 15.0
    )
    yield column(
        "prcp_30d",
        f"rain of the newest {MONTH} days",
        "mm",
        f"{MONTH} x mean rain of the newest {MONTH} region days ({weights}){known}",
        _RAIN,
        0.0,
        15_000.0,
    )
    # A thunderstorm in a dry season is many deviations above; nothing is far below no rain.
    yield column("prcp_z", "that rain against its season", "standard deviations", f"of prcp_30d: {_SEASON}", _RAIN, -15.0, None)
    yield column(
        "dry_days_30d",
        f"dry days among the newest {MONTH}",
        "days",
        f"{MONTH} x share of the newest {MONTH} region days with less than {DRY_BELOW:g} mm{known}",
        _RAIN,
        0.0,
        float(MONTH),
    )
    if region.name != "us":
        return
    yield column(
        "gdd_30d",
        f"growing degree days of the newest {MONTH} days",
        "deg C days",
        f"{MONTH} x mean of (clip(tmax, {GROWS_FROM:g}, {GROWS_TO:g}) + clip(tmin, {GROWS_FROM:g}, {GROWS_TO:g})) / 2 - "
        f"{GROWS_FROM:g}, by station{known}",
        _HEAT,
        0.0,
        MONTH * (GROWS_TO - GROWS_FROM),
    )
    yield column(
        "hot_share_30d",
        f"share of hot station days among the newest {MONTH} days",
        FRACTION,
        f"mean share of stations with tmax >= {HOT_FROM:g} C (90 F) over the newest {MONTH} region days{known}",
        _HEAT[:1],
        0.0,
        1.0,
    )


def _as_it_is(name: str) -> ModelInput:
    column = f"{STRUCT}_{name}"

    return ModelInput(column, (column,), lambda view: view[column])


# Levels follow the season, and are for people.
_INPUTS = (
    *(f"{region.name}_{name}" for region in REGIONS for name in ("tavg_z", "prcp_z", "dry_days_30d")),
    "us_hot_share_30d",
)

FAMILY = Family(
    name="weather",
    phase="v2.5",
    description="Heat and rain of the soybean regions of the United States, Brazil and Argentina, against their season, each "
    "day as it was known when the session decided.",
    columns=tuple(column for region in REGIONS for column in _columns(region)),
    needs=(
        SourceNeed(
            SOURCE,
            (),
            "; ".join(f"{network.name}: {network.rule}" for network in NETWORKS.values()),
        ),
    ),
    inputs=tuple(_as_it_is(name) for name in _INPUTS),
    compute=compute,
    symbols=(ZL.symbol,),
    covered=covered,
)
