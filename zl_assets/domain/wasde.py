"""USDA's World Agricultural Supply and Demand Estimates: when a release is known, and which marketing years it is of.

Belongs here: the calendar of releases. Must not be here: a file, a formula.

Releases are numbered one after the other. A month without one, which a shutdown of the government takes out, takes out no number;
a release that came again has its number again (584, on 2018-12-11 and 2018-12-14).
"""

import pandas as pd

# The first release of January 2013 and all since came at noon; those before at 08:30. On all 178 real releases the file's own
# time is this one.
NOON_SINCE = pd.Timestamp("2013-01-01")
# A number and its unit: other forms warn while the module is imported, of NumPy.
EARLY, NOON = pd.Timedelta(510, "min"), pd.Timedelta(12, "h")
RULE = "12:00 New York on the day of the release (08:30 before 2013), or later where the file says a later time"

# Real releases are at most 57 days apart, with the month that a shutdown took out between them.
TOO_OLD = pd.Timedelta(75, "D")

# The number of July 2010, from which the others follow, month by month.
JULY_2010 = 484

# How many months have no release, at most: 2 of the 179 from July 2010 to May 2025.
MOST_SKIPPED = 8

# The month in which a release has a new marketing year for the first time. A year of soybean oil begins in October: 2010/11 was
# first in May 2010.
NEW_YEAR = 5

# A release has a balance of the newest marketing year, the one before and the one before that.
YEARS = 3

# A balance's numbers are rounded by themselves, in million pounds: of the real ones 49 of 697 end 1 away from supply less use.
ROUNDING = 1.0


def known_by_rule(days: "pd.Series[pd.Timestamp]") -> "pd.Series[pd.Timestamp]":
    """When releases of these days (naive) became known; UTC."""
    local = days + pd.Series(NOON, days.index).where(days >= NOON_SINCE, EARLY)
    return in_utc(local)


def in_utc(local: "pd.Series[pd.Timestamp]") -> "pd.Series[pd.Timestamp]":
    """Times of New York's clock (naive), in UTC; NaT for one that the change of its clock leaves out or has twice."""
    return (
        local.dt.tz_localize("America/New_York", ambiguous="NaT", nonexistent="NaT")
        .dt.tz_convert("UTC")
        .astype("datetime64[ns, UTC]")
    )


def skipped_months(numbers: "pd.Series[int]", days: "pd.Series[pd.Timestamp]") -> "pd.Series[int]":
    """How many months had no release between July 2010 and these, by their numbers (int64) and days."""
    months = 12 * (days.dt.year - 2010) + days.dt.month - 7
    return (months - (numbers - JULY_2010)).astype("int64")


def newest_year(days: "pd.Series[pd.Timestamp]") -> "pd.Series[int]":
    """The calendar year in which the newest marketing year of a release of these days begins."""
    return (days.dt.year - days.dt.month.lt(NEW_YEAR).astype("int64")).astype("int64")


def year_name(first: int) -> str:
    """A marketing year's name by the calendar year in which it begins, e.g. 2010/11."""
    return f"{first}/{(first + 1) % 100:02d}"
