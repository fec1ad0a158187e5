"""Rules about one file of one series as it was delivered: is it that series, with its frequency, on its days, in its unit?

Each takes the rows of a file, of one series (series, observed_on, value; the index is the row in the file), and looks at them as
a whole: what a row shows by itself is in observations.py. A file that is too short to show something passes. Must not be here:
reading.
"""

import numpy as np
import pandas as pd

from zl_assets.domain.releases import DAILY, RELEASES, Release, closed_days, is_business_day
from zl_assets.domain.rules.observations import (
    decimals_as_quoted,
    no_zero_observation,
    observations_in_range,
    on_observation_days,
)
from zl_assets.domain.rules.offenders import day, offending
from zl_assets.warehouse.verdict import MAX_OFFENDERS, RowRule, Verdict

# FRED's frequencies by the days between two observations, both ends included.
FREQUENCIES = (
    ("daily", 1, 4),
    ("weekly", 5, 9),
    ("biweekly", 12, 16),
    ("monthly", 27, 32),
    ("quarterly", 85, 95),
    ("semiannual", 178, 187),
    ("annual", 360, 371),
)

# Business days without a value, of any 366 days: at most 5 in the real files (DTWEXBGS, 2010; DCOILWTICO, 2018).
LACKING_DAYS = 12

# Weeks in a row in which the same weekday has no value: at most 2 in the real files.
LACKING_WEEKS = 3

# Values on closed days, of any 366 days: none in the real files. One is left to an exchange that opens on a holiday.
CLOSED_VALUES = 1

# Of 40 steps in a row at most 25 are 0 in the real files (DGS2, March 2021; FEDFUNDS 19). Weekly values that were carried to
# every business day have 31 or 32.
STEPS, UNCHANGED = 40, 30

# Different values in a row whose last decimal is 0: at most 4 in the real files, where about one value in ten is such.
ROUND_VALUES = 10


def frequency_of_the_series(rows: pd.DataFrame) -> Verdict:
    """The observations come at the intervals of their series' frequency, in every part of the file."""
    series, release, ordered = _taken(rows)
    frequency = release.frequency
    steps = _steps(ordered)
    off = steps.notna() & ~steps.between(frequency.least, frequency.most)
    # One long step is a hole, unless it is all that there is.
    other = off & (off.shift(fill_value=False) | off.shift(-1, fill_value=False) | (len(ordered) == 2))
    found, said = frequency.name, ""
    if other.any():
        found = _frequency(float(steps[other].median()))
        days = ordered["observed_on"][other.shift(-1, fill_value=False) | other]
        said = (
            f" {len(days):,} of the {len(ordered):,} observations look {found}, {day(days.iloc[0])} to {day(days.iloc[-1])}. "
            f"Download {series} again with FRED's frequency {frequency.name.capitalize()}, without aggregation."
        )
        said += " The daily rate is another series, DFF." if (series, found) == ("FEDFUNDS", "daily") else ""
    return Verdict(
        name="frequency_of_the_series",
        passed=not said,
        measured=found,
        bound=frequency.name,
        offenders=ordered[other].head(MAX_OFFENDERS),
        explanation=f"{series} is {frequency.name}.{said}",
    )


def _steps(ordered: pd.DataFrame) -> "pd.Series[float]":
    """Days since the observation before; NaN for the first."""
    steps = np.diff(ordered["observed_on"].to_numpy(), prepend=np.datetime64("NaT")) / np.timedelta64(1, "D")
    return pd.Series(steps, index=ordered.index)


def _frequency(days: float) -> str:
    return next((name for name, least, most in FREQUENCIES if least <= days <= most), f"one every {days:g} days")


def no_hole(rows: pd.DataFrame) -> Verdict:
    """No observations are missing in a row, from the first to the last."""
    series, release, ordered = _taken(rows)
    steps = _steps(ordered)
    bad = steps > release.frequency.hole
    shown = ordered.assign(after=ordered["observed_on"].shift(), days=steps)[bad]
    explanation = (
        f"{series} lacks observations in {bad.sum():,} places, where more than {release.frequency.hole} days lie between two. "
        "Download the whole series again."
    )
    return offending("no_hole", ordered, shown[["series", "after", "observed_on", "days"]], explanation)


def business_days_there(rows: pd.DataFrame) -> Verdict:
    """A daily series has a value on almost all business days, from its first to its last."""
    series, release, ordered = _taken(rows)
    days = pd.DatetimeIndex(ordered["observed_on"])
    span = pd.date_range(days[0], days[-1]) if release.frequency is DAILY else days[:0]
    lacking = span[is_business_day(span) & ~span.isin(days)]
    worst = _fullest_year(lacking)
    return Verdict(
        name="business_days_there",
        passed=len(worst) <= LACKING_DAYS,
        measured=len(worst),
        bound=f"at most {LACKING_DAYS} of 366 days",
        offenders=pd.DataFrame({"series": series, "lacking": worst}).head(MAX_OFFENDERS),
        explanation=f"{series} lacks {len(lacking):,} business days, up to {len(worst)} within 366 days: rows were lost. "
        "Download the whole series again.",
    )


def weekdays_there(rows: pd.DataFrame) -> Verdict:
    """A daily series has values of every weekday, in every part of the file."""
    series, release, ordered = _taken(rows)
    days = pd.DatetimeIndex(ordered["observed_on"])
    faults = pd.DataFrame(
        _weeks_without(days) if release.frequency is DAILY else [], columns=["weekday", "weeks", "first", "last"]
    )
    lacking = sorted(faults["weekday"].unique())
    likely = _WITHOUT_WEEKENDS.get(tuple(lacking), "")
    return Verdict(
        name="weekdays_there",
        passed=faults.empty,
        measured=int(faults["weeks"].max()) if len(faults) else 0,
        bound=f"at most {LACKING_WEEKS} weeks in a row without the same weekday",
        offenders=faults.assign(series=series).head(MAX_OFFENDERS),
        explanation=f"{series} has no value of a {' or a '.join(lacking) or 'weekday'} for weeks in {len(faults):,} places"
        + (f": the dates are {likely}, and the weekend's rows were taken out." if likely else "."),
    )


# Which weekdays a series lacks whose dates were moved, once what then lay on a weekend is gone.
_WITHOUT_WEEKENDS = {
    ("Friday",): "a day early",
    ("Monday",): "a day late",
    ("Friday", "Thursday"): "two days early",
    ("Monday", "Tuesday"): "two days late",
}


def _weeks_without(days: pd.DatetimeIndex) -> list[tuple[str, int, pd.Timestamp, pd.Timestamp]]:
    """Where too many weeks in a row lack a weekday: its name, how many, the first and the last of the lacking days."""
    week = pd.Timedelta(days=7)
    found = []
    for weekday, name in enumerate(("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")):
        # The last one before the file begins, those that are there, and the first one after its end.
        before = days[:1] - pd.to_timedelta((days[0].dayofweek - weekday - 1) % 7 + 1, unit="D")
        after = days[-1:] + pd.to_timedelta((weekday - days[-1].dayofweek - 1) % 7 + 1, unit="D")
        there = before.append([days[days.dayofweek == weekday], after])
        weeks = np.diff(there.to_numpy()) // np.timedelta64(7, "D") - 1
        found += [
            (name, int(weeks[at]), there[at] + week, there[at + 1] - week)
            for at in np.flatnonzero(weeks > LACKING_WEEKS).tolist()
        ]
    return found


def closed_days_empty(rows: pd.DataFrame) -> Verdict:
    """A series has no value of the holidays on which it never has one; one in a year, if it is not the value before once more."""
    series, _, ordered = _taken(rows)
    on = ordered["observed_on"].isin(closed_days(series))
    repeated = on & ordered["value"].eq(ordered["value"].shift())
    worst = _fullest_year(pd.DatetimeIndex(ordered.loc[on, "observed_on"]))
    likely = "the value before was filled in" if repeated.sum() * 2 > on.sum() else "the dates are early or late by days or weeks"
    return Verdict(
        name="closed_days_empty",
        passed=len(worst) <= CLOSED_VALUES and not repeated.any(),
        measured=int(on.sum()),
        bound=f"at most {CLOSED_VALUES} of 366 days, and not the value before",
        offenders=ordered[on].head(MAX_OFFENDERS),
        explanation=f"{series} has {on.sum():,} values of holidays on which it never has one"
        + (f": {likely}." if on.any() else "."),
    )


def values_move(rows: pd.DataFrame) -> Verdict:
    """The values of a series change, in every part of the file."""
    series, _, ordered = _taken(rows)
    same = ordered["value"].diff().eq(0).rolling(STEPS).sum().fillna(0.0)
    bad = same.gt(UNCHANGED)
    said = f"{series} moves."
    if bad.any():
        said = (
            f"{series} stands still where its values have to move, in the {STEPS} steps to each of {bad.sum():,} rows. Values "
            "of a week or a month were carried to every day, or the last one was repeated."
        )
    return Verdict(
        name="values_move",
        passed=not bad.any(),
        measured=int(same.max()),
        bound=f"at most {UNCHANGED} of {STEPS} steps are 0",
        offenders=ordered[bad].head(MAX_OFFENDERS),
        explanation=said,
    )


def last_decimal_used(rows: pd.DataFrame) -> Verdict:
    """The last decimal that a series is quoted in is used, in every part of the file."""
    series, release, ordered = _taken(rows)
    moved = ordered[ordered["value"].diff().ne(0)]
    ends = (moved["value"] / (10 * release.quoted)).to_numpy()
    is_round = pd.Series(np.isclose(ends, ends.round(), rtol=6e-8, atol=1e-4), index=moved.index)
    length = is_round.groupby((~is_round).cumsum()).cumsum()
    bad = length > ROUND_VALUES
    return Verdict(
        name="last_decimal_used",
        passed=not bad.any(),
        measured=int(length.max()) if len(length) else 0,
        bound=f"at most {ROUND_VALUES} different values in a row that end in 0",
        offenders=moved[bad].head(MAX_OFFENDERS),
        explanation=f"{series} is quoted in steps of {release.quoted:g} {release.unit}"
        + (", and these are coarser: they were rounded, or multiplied by 10 or 100 (basis points, cents)." if bad.any() else "."),
    )


def _taken(rows: pd.DataFrame) -> tuple[str, Release, pd.DataFrame]:
    """The series, what is known of it, and its rows by date; of a date's rows the first."""
    series = str(rows["series"].iloc[0])
    ordered = rows.sort_values("observed_on", kind="stable").drop_duplicates("observed_on")
    return series, RELEASES[series], ordered[["series", "observed_on", "value"]]


def _fullest_year(days: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """Of these days, sorted, the most that lie within 366 days."""
    if days.empty:
        return days
    last = int(pd.Series(1.0, index=days).rolling("366D").sum().to_numpy().argmax())
    return days[(days > days[last] - pd.Timedelta(days=366)) & (days <= days[last])]


DELIVERY_RULES: tuple[RowRule, ...] = (
    on_observation_days,
    weekdays_there,
    closed_days_empty,
    no_hole,
    business_days_there,
    observations_in_range,
    no_zero_observation,
    decimals_as_quoted,
    last_decimal_used,
    values_move,
)


def delivery_faults(rows: pd.DataFrame) -> list[Verdict]:
    """What is wrong with a file's rows. One of another frequency has only that fault: the others would follow from it."""
    frequency = frequency_of_the_series(rows)
    verdicts = [rule(rows) for rule in DELIVERY_RULES] if frequency.passed else [frequency]
    return [verdict for verdict in verdicts if not verdict.passed]
