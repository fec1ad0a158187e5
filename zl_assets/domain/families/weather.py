"""v2.5 weather: rain and heat of three crop regions against what the season usually brings, each day as it was known.

Belongs here: the family's columns, formulas and model inputs. Must not be here: which stations, weights and release times there
are (domain/stations.py).

Days are calendar days. A station's day is known when its network's rule says so (or, of a later vintage, when that vintage's own
day had passed). A state's day is the mean of its stations, each alike; a region's the weighted mean of the states that have a
value. The newest day of a region is the newest that all of its networks have by their rules, so that a station of a quick
network does not stand for its region alone.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from zl_assets.contracts.columns import FRACTION
from zl_assets.domain.families.base import Family, FamilyColumn, ModelInput, SourceNeed
from zl_assets.domain.families.chart import Panel, Panels
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

# Values whose spread is not above this differ by rounding alone: means of equal numbers by different weights do.
ALIKE = 1e-9

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
    at, days = _places(rows, stations, first)
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


def _places(rows: pd.DataFrame, stations: Sequence[Station], first: np.datetime64) -> tuple[Integers, Integers]:
    """Each row's place among the stations, and among the days from the first on."""
    at = np.asarray(rows["station"].map({station.id: i for i, station in enumerate(stations)}), dtype=np.int64)
    return at, (rows["observed_on"].to_numpy().astype("datetime64[D]") - first).astype(np.int64)


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
    heat, month = _week_of(mean((high + low) / 2)), _month_of(wet)
    of_month = {
        "dry_days_30d": _month_of(_share(wet < DRY_BELOW, wet)),
        "gdd_30d": _month_of(mean(clipped / 2 - GROWS_FROM)),
        "hot_share_30d": _window_mean(mean(_share(high >= HOT_FROM, high)), MONTH, LEAST_OF_MONTH),
    }
    return {
        **{name: _at(values, first, newest) for name, values in {"tavg_7d": heat, "prcp_30d": month, **of_month}.items()},
        "tavg_z": _against_season(heat, first, newest),
        "prcp_z": _against_season(month, first, newest),
    }


def _week_of(region_days: Floats) -> Floats:
    """The mean of the week that ends with each day."""
    return _window_mean(region_days, WEEK, LEAST_OF_WEEK)


def _month_of(region_days: Floats) -> Floats:
    """The sum of the month that ends with each day, as of 30 days where some are not known."""
    return MONTH * _window_mean(region_days, MONTH, LEAST_OF_MONTH)


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
    """(value - m) / s of each day; NaN where there is no season."""
    usual = _season(values, first, newest)
    return (_at(values, first, newest) - usual.mean) / usual.spread


@dataclass(frozen=True, eq=False)
class _Season:
    """What is usual of some calendar days, in arrays of one length.

    Attributes:
        mean, spread: m and s (ddof 1) of the values that end within 15 days of the same calendar day in earlier years; NaN where
            fewer than ten earlier years have 25 of their 31 values, or where all are alike.
        years: how many earlier years have so many.
    """

    mean: Floats
    spread: Floats
    years: Integers


def _season(values: Floats, first: np.datetime64, days: Days) -> _Season:
    """The season of each day, from the earlier years alone. The 29th of February is the 28th in a year without one."""
    there = ~np.isnat(days)
    day: Days = np.where(there, days, first)
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
        none = np.full(len(days), np.nan)
        return _Season(none, none, np.zeros(len(days), dtype=np.int64))
    usual = np.stack(seasons, axis=1)
    by_year = ~np.isnan(usual).reshape(len(day), most, 2 * AROUND + 1)
    counts = by_year.sum(axis=2) >= LEAST_OF_SEASON
    years = np.where(there, counts.sum(axis=1), 0)
    # A year that lacks more of its season is left out whole.
    has = (by_year & counts[:, :, np.newaxis]).reshape(usual.shape)
    count = np.maximum(has.sum(axis=1), 2)
    mean = row_sums(np.where(has, usual, 0.0)) / count
    deviations = np.where(has, usual - mean[:, np.newaxis], 0.0)
    spread = np.sqrt(row_sums(deviations * deviations) / (count - 1))
    # Equal values in ten years are no season: rain of a desert, or a file of one number.
    enough = (years >= LEAST_YEARS) & (spread > ALIKE)
    return _Season(np.where(enough, mean, np.nan), np.where(enough, spread, np.nan), years)


@dataclass(frozen=True)
class _Measure:
    """What a panel is of.

    Attributes:
        of_days: from station days, of shape (stations, days, elements), to what is averaged of them.
        course: from region days to the measure of each day.
        words, unit: of it.
        window, least: days, and of these with a value.
        lowest: there are no values below this.
    """

    of_days: Callable[[Floats], Floats]
    course: Callable[[Floats], Floats]
    words: str
    unit: str
    window: int
    least: int
    lowest: float


_MEASURES = (
    _Measure(
        lambda days: (days[:, :, 0] + days[:, :, 1]) / 2,
        _week_of,
        f"mean temperature of {WEEK} days",
        "deg C",
        WEEK,
        LEAST_OF_WEEK,
        -math.inf,
    ),
    _Measure(lambda days: days[:, :, 2], _month_of, f"rain of {MONTH} days", "mm", MONTH, LEAST_OF_MONTH, 0.0),
)


@dataclass(frozen=True, eq=False)
class _Known:
    """What one session knows of a region.

    Attributes:
        rows: of its stations, one a station and day.
        days: the same as an array of shape (stations, days, elements).
        first, newest: the first day of the array, and the newest that all networks of the region have by their rules, or NaT.
        date: of the session.
    """

    rows: pd.DataFrame
    days: Floats
    first: np.datetime64
    newest: np.datetime64
    date: pd.Timestamp


def show(sessions: pd.DataFrame, sources: Mapping[str, pd.DataFrame]) -> Panels | str:
    """Heat and rain of each region in its season, up to the newest day that the newest session knew, and what is usual then.

    A season is the twelve months with the region's summer in their middle. What is usual of a day, of one to come too, is what
    its score is taken against.

    Args:
        sessions, sources: as `compute` takes them.
    """
    date, decided_at = sessions["data_date"].iloc[-1], sessions["decided_at"].iloc[-1]
    weather = sources[SOURCE]
    known = weather[(weather["available_at"] < decided_at) & (weather["observed_on"] <= date)]
    panels = tuple(
        _panel(region, measure, seen)
        for region in REGIONS
        for seen in [_known_of(region, known, date, decided_at)]
        for measure in _MEASURES
    )
    if all(panel.empty for panel in panels):
        words = "; ".join(f"{panel.title}: {panel.words}" for panel in panels)
        return f"At the decision of {date:%Y-%m-%d} nothing is known of this season or of the usual one: {words}."
    return Panels(f"heat and rain in their season, session of {date:%Y-%m-%d}", decided_at, panels, columns=len(_MEASURES))


def _known_of(region: Region, weather: pd.DataFrame, date: pd.Timestamp, decided_at: pd.Timestamp) -> _Known:
    """Of rows that were all available by then, what came last of each station and day."""
    stations = region.stations
    rows = weather[weather["station"].isin([station.id for station in stations])]
    rows = rows.sort_values("available_at", kind="stable").drop_duplicates(["station", "observed_on"], keep="last")
    last = date.to_datetime64().astype("datetime64[D]")
    first = (last if rows.empty else rows["observed_on"].min().to_datetime64().astype("datetime64[D]")) - MONTH * _DAY
    days = np.full((len(stations), int((last - first) / _DAY) + 1, len(ELEMENTS)), np.nan)
    days[_places(rows, stations, first)] = rows[list(ELEMENTS)].to_numpy("float64")
    [newest] = _newest_days(days, stations, first, pd.Series([decided_at]))
    return _Known(rows, days, first, newest, date)


def _panel(region: Region, measure: _Measure, known: _Known) -> Panel:
    there = not np.isnat(known.newest)
    newest = pd.Timestamp(known.newest) if there else known.date
    # The month that is six after that of the summer, and so six before.
    begin = newest.replace(month=(region.summer + 5) % 12 + 1, day=1)
    begin = begin if begin <= newest else begin - pd.DateOffset(years=1)
    index = pd.date_range(begin, begin + pd.DateOffset(years=1) - pd.Timedelta(days=1))
    days: Days = index.to_numpy().astype("datetime64[D]")
    course = measure.course(_region_days(region, region.stations, measure.of_days(known.days)))
    season = _season(course, known.first, days)
    line = pd.Series(_at(course, known.first, days), index=index)
    line = line.where(index <= newest) if there else line * np.nan
    usual = pd.DataFrame({"mean": season.mean, "spread": season.spread, "years": season.years}, index=index)
    return Panel(
        title=f"{region.words[:1].upper()}{region.words[1:]}: {measure.words}",
        words=_words(measure, known, line, usual),
        unit=measure.unit,
        lines={"this season": line, "mean of earlier years": usual["mean"]},
        bands={
            f"within {width} sd of the mean": pd.DataFrame(
                {
                    "low": (usual["mean"] - width * usual["spread"]).clip(lower=measure.lowest),
                    "high": usual["mean"] + width * usual["spread"],
                }
            )
            for width in (2, 1)
        },
        marks={"newest value": line.dropna().loc[newest:]},
        lowest=measure.lowest,
    )


def _words(measure: _Measure, known: _Known, line: "pd.Series[float]", usual: pd.DataFrame) -> str:
    """The newest value, its score, its day and when it was known; or why there is none."""
    if known.rows.empty:
        return "no value: no day of its stations is known"
    if np.isnat(known.newest):
        return f"no value: the last day that is known is {known.rows['observed_on'].max():%Y-%m-%d}"
    day = pd.Timestamp(known.newest)
    if math.isnan(line[day]):
        return f"no value: fewer than {measure.least} of the {measure.window} days to {day:%Y-%m-%d} are known"
    mean, spread, years = (float(usual[name][day]) for name in ("mean", "spread", "years"))
    in_window = known.rows["observed_on"].between(day - pd.Timedelta(days=measure.window - 1), day)
    known_at = known.rows.loc[in_window, "available_at"].max()
    score = f"z {(line[day] - mean) / spread:+.2f} of {years:.0f} earlier years"
    if math.isnan(mean):
        score = "no z: " + (
            "all earlier years are alike" if years >= LEAST_YEARS else f"{years:.0f} of {LEAST_YEARS} earlier years"
        )
    return f"{day:%Y-%m-%d}: {line[day]:.1f} {measure.unit}, {score}; known {known_at:%Y-%m-%d %H:%M} UTC"


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
    show=show,
    symbols=(ZL.symbol,),
    covered=covered,
)
