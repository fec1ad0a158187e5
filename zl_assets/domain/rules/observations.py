"""Rules about observations of series, and about hourly bars."""

import datetime as dt
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from zl_assets.domain.families.intraday import session_hours
from zl_assets.domain.releases import DAILY, LONG, RELEASES, SHORT, SPREAD, available_at, decision_times
from zl_assets.domain.rules.offenders import day, keys_only_in, offending, pick
from zl_assets.domain.stubs import with_stubs
from zl_assets.instruments.base import Decision, Instrument
from zl_assets.warehouse.verdict import MAX_OFFENDERS, Verdict

# The largest step of a FRED series here between 2009 and 2025 that is not a small one is a factor of 4.2 (DCOILWTICO, 21 April
# 2020, from -36.98 to 8.91; of the others VIXCLS, 2.2); a misplaced decimal point is one of 10.
JUMP = 8.0

# T10Y2Y is DGS10 - DGS2 to 1e-15 on all 4,250 dates of the real files. Two decimals each, so one last digit may differ.
SPREAD_TOLERANCE = 0.011

# This many dates on which a spread is another are told; more are not revisions of single days, and the series are refused.
SPREAD_FEW = 5

# Of two real series at most 0.4% of the values of the same dates are equal (DGS10 and T10YIE, 15 of 4,250).
COPIED_DATES, COPIED_SHARE = 20, 0.5


def observations_in_range(frame: pd.DataFrame) -> Verdict:
    """Every value lies in the range that its series can have; a series without a release rule has none."""
    low, high = (
        frame["series"].map({name: getattr(r, end) for name, r in RELEASES.items()}).astype("float64") for end in ("low", "high")
    )
    bad = ~(frame["value"].ge(low) & frame["value"].le(high)).fillna(False).astype(bool)
    explanation = f"{bad.sum():,} of {len(frame):,} observations are missing, or outside the range of their series."
    shown = frame.assign(low=low, high=high)
    return offending("observations_in_range", frame, pick(shown, bad, ["value", "low", "high"]), explanation)


def on_observation_days(frame: pd.DataFrame) -> Verdict:
    """Every observation is of a day that its series has: Monday to Friday, or the first of a month."""
    bad = pd.Series(False, index=frame.index)
    said = []
    for series, rows in frame[frame["series"].isin(list(RELEASES))].groupby("series"):
        frequency, days = RELEASES[str(series)].frequency, pd.DatetimeIndex(rows["observed_on"])
        off = ~frequency.has(days)
        if off.any():
            bad[rows.index[off]] = True
            cause = _cause_of_weekends(days) if frequency is DAILY else "the dates are early or late, or of another frequency"
            said.append(f"{series!s} has observations of {frequency.days} only, and {off.sum():,} are of other days: {cause}")
    shown = frame.assign(weekday=frame["observed_on"].dt.day_name())
    explanation = f"{bad.sum():,} of {len(frame):,} observations are of a day that their series does not have. {'. '.join(said)}"
    return offending("on_observation_days", frame, pick(shown, bad, ["weekday", "value"]), explanation.rstrip(". ") + ".")


def _cause_of_weekends(days: pd.DatetimeIndex) -> str:
    """Why a series of business days has observations at weekends, from the weekdays that it has where it has them."""
    weekend = days[days.dayofweek >= 5]
    near = days[(days >= weekend.min()) & (days <= weekend.max())]
    counts = np.bincount(near.dayofweek, minlength=7)
    # A holiday, or a few sound rows between, say nothing.
    there = set(np.flatnonzero(counts * 5 > counts.max()).tolist())
    for early in (1, -1, 2, -2, 3, -3):
        if len(there) == 5 and {(weekday + early) % 7 for weekday in there} == {0, 1, 2, 3, 4}:
            number = "a day" if abs(early) == 1 else f"{abs(early)} days"
            return f"the dates are {number} {'early' if early > 0 else 'late'} from {near[0]:%Y-%m-%d} to {near[-1]:%Y-%m-%d}"
    if {5, 6} <= there and len(there) == 7:
        return f"every calendar day was filled in from {near[0]:%Y-%m-%d} to {near[-1]:%Y-%m-%d}"
    return "the dates are a day early or late, or days without an observation were filled in"


def no_zero_observation(frame: pd.DataFrame) -> Verdict:
    """No value is exactly 0, but for those of a spread."""
    may_be = [name for name, release in RELEASES.items() if release.may_be_zero]
    bad = frame["value"].eq(0) & ~frame["series"].isin(may_be)
    explanation = (
        f"{bad.sum():,} of {len(frame):,} observations are exactly 0, which their series has never been: a 0 that stands for a "
        "missing value. An empty cell does."
    )
    return offending("no_zero_observation", frame, pick(frame, bad, ["value"]), explanation)


def decimals_as_quoted(frame: pd.DataFrame) -> Verdict:
    """No value has more decimals than its series is quoted in."""
    quoted = frame["series"].map({name: release.quoted for name, release in RELEASES.items()}).astype("float64")
    bad = _finer(frame["value"], quoted)
    said = []
    for series, rows in frame[bad].groupby("series"):
        unit = RELEASES[str(series)].unit
        factor = next((f for f in (10, 100, 1000) if not _finer(rows["value"] * f, quoted[rows.index]).any()), 0)
        likely = f"values in {unit} divided by {factor:,}" if factor else "means of several days, or values in another unit"
        said.append(f"{series} is quoted in steps of {RELEASES[str(series)].quoted:g} {unit}: these look like {likely}")
    explanation = f"{bad.sum():,} of {len(frame):,} observations have more decimals than their series. {'. '.join(said)}"
    return offending("decimals_as_quoted", frame, pick(frame, bad, ["value"]), explanation.rstrip(". ") + ".")


def _finer(values: "pd.Series[float]", quoted: "pd.Series[float]") -> "pd.Series[bool]":
    """Has a value more decimals than `quoted`? Not where it only was a float32 once, which is exact to a part of 6e-8."""
    nearest = (values / quoted).round() * quoted
    return (values - nearest).abs() > 1e-3 * quoted + 6e-8 * values.abs()


def spread_is_the_difference(frame: pd.DataFrame) -> Verdict:
    """T10Y2Y is DGS10 - DGS2 on every date that the three have, to a hundredth. As they are now, or in the newest vintage that
    all three have: a revision reaches them one after the other.
    """
    faults, shared = _spread_faults(frame)
    explanation = f"{SPREAD} is not {LONG} - {SHORT}, to {SPREAD_TOLERANCE}, on {len(faults):,} of {shared:,} dates."
    return offending("spread_is_the_difference", frame, faults, explanation)


def spread_contradicted(frame: pd.DataFrame) -> Verdict:
    """Where T10Y2Y is not DGS10 - DGS2, it is on a few dates."""
    faults, shared = _spread_faults(frame)
    return Verdict(
        name="spread_contradicted",
        passed=len(faults) <= min(SPREAD_FEW, shared // 2),
        measured=len(faults),
        bound=f"at most {SPREAD_FEW} dates, and half of the shared ones",
        offenders=faults.head(MAX_OFFENDERS),
        explanation=f"{SPREAD} is not {LONG} - {SHORT}, to {SPREAD_TOLERANCE}, on {len(faults):,} of {shared:,} dates: one of "
        "the three is in another unit, has dates that are early or late, or holds another series.",
    )


def _spread_faults(frame: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """The dates on which the spread is not the difference of its two series, and on how many all three have a value."""
    values = _newest_state(frame, (SPREAD, LONG, SHORT))
    difference = values[LONG] - values[SHORT]
    bad = (values[SPREAD] - difference).abs() > SPREAD_TOLERANCE
    return values.assign(difference=difference.round(4))[bad].reset_index(), len(values)


def _newest_state(frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """The values of these series on the dates that all have, of one state of knowledge: without vintage, or of the newest that
    all have. One column a series, by observed_on.
    """
    own = frame[frame["series"].isin(names)]
    state = own["vintage"].fillna(pd.Timestamp.max.floor("D"))
    common = set.intersection(*(set(state[own["series"] == name]) for name in names))
    rows = own[state == max(common)] if common else own.head(0)
    rows = rows.astype({"series": "object"}).drop_duplicates(["series", "observed_on"], keep="last")
    return rows.pivot(index="observed_on", columns="series", values="value").reindex(columns=list(names)).dropna()


def no_copied_series(frame: pd.DataFrame) -> Verdict:
    """No two series have the same values."""
    faults = []
    names = sorted(frame["series"].unique())
    for at, first in enumerate(names):
        for second in names[at + 1 :]:
            values = _newest_state(frame, (first, second))
            share = float(values[first].eq(values[second]).mean()) if len(values) >= COPIED_DATES else 0.0
            if share > COPIED_SHARE:
                faults.append({"series": first, "other": second, "share_equal": share, "dates": len(values)})
    return Verdict(
        name="no_copied_series",
        passed=not faults,
        measured=len(faults),
        bound=f"0 pairs with more than {COPIED_SHARE:.0%} of equal values",
        offenders=pd.DataFrame(faults, columns=["series", "other", "share_equal", "dates"]).head(MAX_OFFENDERS),
        explanation=f"{len(faults)} pairs of series have the same values: one file of each pair holds the other series.",
    )


def no_observation_jump(frame: pd.DataFrame) -> Verdict:
    """No value is 8 times the one before it or more, or an eighth of it or less. A step that is small for its series does not
    count, a value of 0 is not compared, and neither is one across a hole: of a vintage there may be what it changed alone.
    """
    ordered = frame.sort_values(["series", "observed_on", "available_at"], kind="stable")
    value = ordered["value"]
    of_vintage = ordered.groupby(["series", "vintage"], dropna=False)
    hole = ordered["series"].map({name: release.frequency.hole for name, release in RELEASES.items()})
    near = of_vintage["observed_on"].diff().dt.days.le(hole) | ordered["vintage"].isna()
    before = of_vintage["value"].shift().where(near)
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


def hours_make_sessions(hours: pd.DataFrame, sessions: pd.DataFrame, instrument: Instrument) -> Verdict:
    """From the first hour on, the hours of each session have its volume, its high and its low, apart from sessions with a stub.

    Args:
        hours: the columns of sources.bars_1h.
        sessions: the columns of contracts.market.sessions of the instrument.
    """
    ordered = sessions.sort_values("data_date", kind="stable", ignore_index=True)
    placed = session_hours(ordered, with_stubs(hours, instrument))
    of_hours = placed.groupby("session").agg({"volume": "sum", "high": "max", "low": "min"}).reindex(ordered.index)
    begun = ordered.index >= (placed["session"].min() if len(placed) else 0)
    differs = of_hours.ne(ordered[["volume", "high", "low"]]).any(axis=1) & ~ordered["stub_merged"]
    bad = begun & (of_hours["volume"].isna() | differs).fillna(True).astype(bool)
    shown = ordered[["data_date", "symbol", "volume", "high", "low"]].join(of_hours.add_suffix("_of_hours"))
    offenders = shown[bad]
    explanation = (
        f"{bad.sum():,} of {begun.sum():,} sessions have no hours, or a volume, high or low that is not that of their hours."
    )
    return offending("hours_make_sessions", ordered, offenders, explanation)
