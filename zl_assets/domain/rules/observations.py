"""Rules about observations of series, and about hourly bars."""

import datetime as dt
from collections.abc import Mapping, Sequence

import pandas as pd

from zl_assets.domain.families.intraday import session_hours
from zl_assets.domain.releases import RELEASES, available_at, decision_times
from zl_assets.domain.rules.offenders import day, keys_only_in, offending, pick
from zl_assets.instruments.base import Decision
from zl_assets.warehouse.verdict import MAX_OFFENDERS, Verdict

# The largest step of a FRED series here between 2009 and 2025 is a factor of 13 (FEDFUNDS, April 2020); a value in another unit
# is one of 100.
JUMP = 50.0


def observations_in_range(frame: pd.DataFrame) -> Verdict:
    """Every value lies in the range that its series can have; a series without a release rule has none."""
    low, high = (
        frame["series"].map({name: getattr(r, end) for name, r in RELEASES.items()}).astype("float64") for end in ("low", "high")
    )
    bad = ~(frame["value"].ge(low) & frame["value"].le(high)).fillna(False).astype(bool)
    explanation = f"{bad.sum():,} of {len(frame):,} observations are missing, or outside the range of their series."
    return offending("observations_in_range", frame, pick(frame, bad, ["value"]), explanation)


def no_observation_jump(frame: pd.DataFrame) -> Verdict:
    """No value is 50 times the one before it or more, or a fiftieth of it or less. A step that is small for its series does not
    count, and a value of 0 is not compared.
    """
    ordered = frame.sort_values(["series", "observed_on", "available_at"], kind="stable")
    value = ordered["value"]
    before = ordered.groupby(["series", "vintage"], dropna=False)["value"].shift()
    ratio = (value / before.where(before.ne(0))).abs()
    small = ordered["series"].map({name: release.step for name, release in RELEASES.items()}).astype("float64")
    bad = (ratio.ge(JUMP) | (ratio.le(1 / JUMP) & ratio.gt(0))) & ~(value - before).abs().le(small)
    explanation = (
        f"{bad.sum():,} of {len(frame):,} observations are at least {JUMP:.0f} times the one before, or at most 1/{JUMP:.0f} of "
        "it."
    )
    return offending("no_observation_jump", frame, pick(ordered.assign(before=before), bad, ["value", "before"]), explanation)


def available_by_rule(frame: pd.DataFrame) -> Verdict:
    """available_at is what the series' release rule says, and not earlier for a dated vintage."""
    bad = pd.Series(True, index=frame.index)
    for series, rows in frame.groupby("series"):
        if series in RELEASES:
            rule = available_at(str(series), rows["observed_on"])
            bad[rows.index] = rows["available_at"].lt(rule) | (rows["vintage"].isna() & rows["available_at"].ne(rule))
    explanation = (
        f"{bad.sum():,} of {len(frame):,} observations have an available_at that differs from their series' release rule."
    )
    return offending("available_by_rule", frame, pick(frame, bad, ["available_at"]), explanation)


def series_fresh(frame: pd.DataFrame, series: Sequence[str], as_of: dt.date) -> Verdict:
    """Every series has an observation that is not older than its release rule allows."""
    newest = frame.groupby("series")["observed_on"].max().reindex(list(series))
    ages = (pd.Timestamp(as_of) - newest).dt.days
    bounds = pd.Series({name: RELEASES[name].max_age for name in series}, dtype="float64")
    stale = ~ages.le(bounds)
    offenders = pd.DataFrame({"series": newest.index, "newest": newest.to_numpy(), "days": ages.to_numpy(), "allowed": bounds})
    named = ", ".join(f"{name} ({day(newest[name])})" for name in newest.index[stale]) or "none"
    return Verdict(
        name="series_fresh",
        passed=not stale.any(),
        measured=int(stale.sum()),
        bound="0 series",
        offenders=offenders[stale.to_numpy()].head(MAX_OFFENDERS),
        explanation=f"Series that have stopped as of {as_of}, with their newest observation: {named}. The sessions since have "
        "no value once it is too old.",
    )


def series_start_in_time(frame: pd.DataFrame, series: Sequence[str], sessions: pd.DataFrame, decision: Decision) -> Verdict:
    """Every series was known to the first session already."""
    first = frame.groupby("series")["available_at"].min().reindex(list(series))
    start = decision_times(sessions["data_date"].sort_values().head(1), decision)
    late = pd.Series(True, index=first.index) if not len(start) else ~first.lt(start[0])
    named = ", ".join(f"{name} ({day(first[name])})" for name in first.index[late]) or "none"
    return Verdict(
        name="series_start_in_time",
        passed=not late.any(),
        measured=int(late.sum()),
        bound="0 series",
        offenders=pd.DataFrame({"series": first.index[late], "first_available": first[late].to_numpy()}).head(MAX_OFFENDERS),
        explanation=f"Series first known after the first session's decision: {named}. Earlier sessions have no value.",
    )


def series_accepted(refused: Mapping[str, str], where: str) -> Verdict:
    """Every series that is read was found, and is sound.

    Args:
        refused: what was wrong, by series.
        where: what was read.
    """
    return Verdict(
        name="series_accepted",
        passed=not refused,
        measured=len(refused),
        bound="0 series",
        offenders=pd.DataFrame({"series": list(refused), "fault": list(refused.values())}).head(MAX_OFFENDERS),
        explanation=f"{len(refused)} series of {where} were not loaded; the rows that the table already has of them stay.",
    )


def no_vanished_observation(table: pd.DataFrame, source: pd.DataFrame) -> Verdict:
    """Every stored observation is still in the files, for the series that they have. A refresh never deletes one."""
    own = table[table["series"].isin(source["series"].unique())]
    vanished = keys_only_in(own, source, ["series", "observed_on", "available_at"])
    explanation = f"{len(vanished):,} of the table's {len(own):,} observations are no longer in the files; nothing deletes them."
    return offending("no_vanished_observation", table, vanished, explanation)


def hours_make_sessions(hours: pd.DataFrame, sessions: pd.DataFrame) -> Verdict:
    """From the first hour on, the hourly volumes of each session add up to its own, apart from weekend hours of another contract.

    Args:
        hours: the columns of sources.bars_1h.
        sessions: the columns of contracts.market.sessions of one symbol.
    """
    ordered = sessions.sort_values("data_date", kind="stable", ignore_index=True)
    placed = session_hours(ordered, hours)
    summed = placed.groupby("session")["volume"].sum().reindex(ordered.index)
    begun = ordered.index >= (placed["session"].min() if len(placed) else 0)
    bad = begun & (summed.isna() | (summed.ne(ordered["volume"]) & ~ordered["stub_merged"])).fillna(True).astype(bool)
    offenders = ordered.assign(volume_of_hours=summed).loc[bad, ["data_date", "symbol", "volume", "volume_of_hours"]]
    explanation = f"{bad.sum():,} of {begun.sum():,} sessions have no hours, or a volume that is not the sum of their hours."
    return offending("hours_make_sessions", ordered, offenders, explanation)
