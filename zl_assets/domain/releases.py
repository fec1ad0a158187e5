"""When an observation of an economic series became known, and what was known when a session decided.

Belongs here: what is known of each series beside its values (its release rule, its days, its unit), the decision time of a
session, and the join between the two. Must not be here: where observations are read from, and what is computed from them.

Business days are those of pandas' USFederalHolidayCalendar (offices of the Federal Reserve keep these holidays). Where it has a
Friday off for a holiday on a Saturday the Federal Reserve works: the rule is then a day late, which hides a value for a session
and shows none early. A closure that the calendar does not know (a day of mourning, a storm) is not seen.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.tseries.holiday import (
    AbstractHolidayCalendar,
    GoodFriday,
    Holiday,
    USColumbusDay,
    USFederalHolidayCalendar,
    USLaborDay,
    USMartinLutherKingJr,
    USMemorialDay,
    USPresidentsDay,
    USThanksgivingDay,
    sunday_to_monday,
)

from zl_assets.domain.windows import Floats
from zl_assets.instruments.base import Decision

type Bools = NDArray[np.bool_]

NEW_YORK, CHICAGO = "America/New_York", "America/Chicago"

# The H.15 and H.10 releases are on the web at about this time.
H15 = H10 = dt.time(16, 15)

# Somewhere in the morning: what counts is that it lies before the decision.
MORNING = dt.time(9, 0)

# FEDFUNDS begins in 1954.
_FIRST_YEAR, _LAST_YEAR = 1950, 2100

# Closed days are known from here on: the files that they were measured on begin then.
_CLOSED_SINCE = dt.datetime(2009, 1, 1)


@dataclass(frozen=True)
class Frequency:
    """How often a series has an observation.

    Attributes:
        name: FRED's word for it.
        days: which days an observation can be of, in words.
        has: days (naive, midnight) -> whether an observation can be of them.
        least, most: days from one observation to the next; two steps in a row that are not between these are another frequency.
        hole: days to the next observation, beyond which observations are missing.
    """

    name: str
    days: str
    has: Callable[[pd.DatetimeIndex], Bools]
    least: int
    most: int
    hole: int


# Steps between the real observations of 2009 to 2025: of daily series 1 to 5 days, but for one of 6 and one of 7 (DTWEXBGS), and
# no two of 5 or more in a row; of FEDFUNDS 28 to 31.
DAILY = Frequency("daily", "Monday to Friday", lambda days: np.asarray(days.dayofweek < 5), 1, 5, 10)
MONTHLY = Frequency("monthly", "the first of a month", lambda days: np.asarray(days.day == 1), 28, 31, 31)


def _fixed(name: str, month: int, day: int, start: str | None = None) -> Holiday:
    """A holiday on a date. One on a Saturday takes no Friday off."""
    return Holiday(name, month=month, day=day, start_date=start, observance=sunday_to_monday)


# Days of which a series never has a value. In the real files of 2009 to 2025 none of the eight has: of 174 days each for those of
# the Federal Reserve, 157 for crude oil, 51 for VIXCLS, which has had values on 27 other holidays of the NYSE since May 2022.
_NEW_YEAR, _CHRISTMAS = _fixed("New Year", 1, 1), _fixed("Christmas", 12, 25)
_HOLIDAYS = (
    _NEW_YEAR,
    USMartinLutherKingJr,
    USPresidentsDay,
    USMemorialDay,
    _fixed("Juneteenth", 6, 19, "2022-01-01"),
    _fixed("Independence Day", 7, 4),
    USLaborDay,
    USThanksgivingDay,
    _CHRISTMAS,
)
_FEDERAL_RESERVE = (*_HOLIDAYS, USColumbusDay, _fixed("Veterans Day", 11, 11))
_CRUDE_OIL = (*_HOLIDAYS, GoodFriday)
_CBOE = (_NEW_YEAR, GoodFriday, _CHRISTMAS)


@dataclass(frozen=True)
class Release:
    """What is known of a series beside its values.

    Attributes:
        series: its name at FRED.
        meaning: what it is.
        unit: what its values are counted in.
        rule: when an observation becomes known, in words.
        available: observation dates (naive, midnight) -> UTC timestamps at which they are known.
        max_age: days between a session and the newest observation known to it, from which on the series counts as stopped and
            the session has no value of it.
        low, high: every value lies between these, or the file is of something else.
        step: from one observation to the next, a step of this much or less is never a jump: near zero a ratio means nothing.
        closed: holidays, from 2009 on, of which it never has an observation.
        quoted: every value is a multiple of this.
        may_be_zero: a value of exactly 0 is one, and not a missing one.
        frequency: how often it has an observation.
    """

    series: str
    meaning: str
    unit: str
    rule: str
    available: Callable[[pd.DatetimeIndex], pd.DatetimeIndex]
    max_age: int
    low: float
    high: float
    step: float
    closed: tuple[Holiday, ...] = _FEDERAL_RESERVE
    quoted: float = 0.01
    may_be_zero: bool = False
    frequency: Frequency = DAILY


@lru_cache(maxsize=1)
def business_days() -> np.busdaycalendar:
    """The business days of the release rules."""
    # 0.1 s, and only those who ask for a release time need it.
    holidays = USFederalHolidayCalendar().holidays(dt.datetime(_FIRST_YEAR, 1, 1), dt.datetime(_LAST_YEAR, 12, 31))
    return np.busdaycalendar(holidays=holidays.to_numpy().astype("datetime64[D]"))


def _business_day_from(days: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """Each day itself or, if it is not a business day, the next one."""
    moved = np.busday_offset(days.to_numpy().astype("datetime64[D]"), 0, roll="forward", busdaycal=business_days())
    return pd.DatetimeIndex(moved.astype("datetime64[ns]"))


def _business_day_after(days: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """The first business day after each day."""
    return _business_day_from(days + pd.Timedelta(days=1))


def _at(days: pd.DatetimeIndex, time: dt.time, zone: str) -> pd.DatetimeIndex:
    # Hours of the day at which no clock is ever put forward or back.
    local = days + pd.Timedelta(hours=time.hour, minutes=time.minute)
    return local.tz_localize(zone).tz_convert("UTC")


def _next_morning(observed: pd.DatetimeIndex) -> pd.DatetimeIndex:
    return _at(_business_day_after(observed), MORNING, CHICAGO)


def _h15(observed: pd.DatetimeIndex) -> pd.DatetimeIndex:
    return _at(_business_day_after(observed), H15, NEW_YORK)


def _h10(observed: pd.DatetimeIndex) -> pd.DatetimeIndex:
    next_monday = observed - pd.to_timedelta(observed.dayofweek, unit="D") + pd.Timedelta(days=7)
    return _at(_business_day_from(next_monday), H10, NEW_YORK)


def _a_week_later(observed: pd.DatetimeIndex) -> pd.DatetimeIndex:
    return _at(observed + pd.Timedelta(days=7), MORNING, CHICAGO)


def _monthly_mean(observed: pd.DatetimeIndex) -> pd.DatetimeIndex:
    first = _business_day_from(pd.DatetimeIndex(observed + pd.offsets.MonthBegin(1)))
    return _at(_business_day_after(first), H15, NEW_YORK)


_VIX_RULE = "the next business day, before the decision"
_H15_RULE = "H.15, 16:15 New York on the next business day: first used two business days after the observation"
_H10_RULE = (
    "H.10, 16:15 New York on the Monday after its week (the next business day where that is a holiday): first used on the Tuesday"
)
_OIL_RULE = "seven days after, before the decision"
_MONTH_RULE = "H.15, 16:15 New York on the second business day of the next month: first used on the day after"

# max_age: the largest age that a session of 2010 to 2025 has seen is 5 days (VIXCLS and H.15), 12 (H.10), 66 (FEDFUNDS) and 11
# (DCOILWTICO). A week is added, a month for FEDFUNDS: one release may be missed. low and high: about twice the extremes of 2009
# to 2025, crude oil's -36.98 of April 2020 among them. step: of yields about twice their largest of those years (0.93, FEDFUNDS).
# The low of yields is what a sign would break, and that of rates below zero elsewhere. quoted: without an exception in the real
# files. may_be_zero: T10Y2Y has 7 zeros there, the others none.
RELEASES: dict[str, Release] = {
    release.series: release
    for release in (
        Release(
            "VIXCLS", "CBOE volatility index, close", "index points", _VIX_RULE, _next_morning, 12, 4.0, 200.0, 0.0, closed=_CBOE
        ),
        Release("DGS10", "10-year Treasury yield, constant maturity", "percent", _H15_RULE, _h15, 12, -1.0, 25.0, 1.0),
        Release("DGS2", "2-year Treasury yield, constant maturity", "percent", _H15_RULE, _h15, 12, -1.0, 25.0, 1.0),
        Release(
            "T10Y2Y",
            "10-year less 2-year Treasury yield",
            "percentage points",
            _H15_RULE,
            _h15,
            12,
            -10.0,
            10.0,
            1.0,
            may_be_zero=True,
        ),
        Release("T10YIE", "10-year breakeven inflation", "percent", _H15_RULE, _h15, 12, -2.0, 15.0, 1.0),
        Release(
            "DTWEXBGS",
            "the Federal Reserve's broad dollar index",
            "January 2006 = 100",
            _H10_RULE,
            _h10,
            19,
            40.0,
            300.0,
            0.0,
            quoted=0.0001,
        ),
        Release(
            "FEDFUNDS",
            "effective federal funds rate, monthly mean",
            "percent",
            _MONTH_RULE,
            _monthly_mean,
            97,
            -1.0,
            25.0,
            1.0,
            closed=(),
            frequency=MONTHLY,
        ),
        Release(
            "DCOILWTICO",
            "crude oil, WTI at Cushing",
            "US dollars per barrel",
            _OIL_RULE,
            _a_week_later,
            18,
            -100.0,
            400.0,
            30.0,
            closed=_CRUDE_OIL,
        ),
    )
}

# The plan keeps volatility indices in a table of their own.
VOLATILITY_SERIES = ("VIXCLS",)
MACRO_SERIES = tuple(series for series in RELEASES if series not in VOLATILITY_SERIES)


# FRED works the first out of the other two: it is the second less the third.
SPREAD, LONG, SHORT = "T10Y2Y", "DGS10", "DGS2"


@lru_cache
def closed_days(series: str) -> pd.DatetimeIndex:
    """Days from 2009 on of which the series never has an observation; naive, sorted.

    Raises:
        KeyError: the series has no rule.
    """
    closed = RELEASES[series].closed
    if not closed:
        return pd.DatetimeIndex([], dtype="datetime64[ns]")
    return AbstractHolidayCalendar(rules=list(closed)).holidays(_CLOSED_SINCE, dt.datetime(_LAST_YEAR, 12, 31))


def is_business_day(days: pd.DatetimeIndex) -> Bools:
    """Is it a business day of the release rules?"""
    return np.is_busday(days.to_numpy().astype("datetime64[D]"), busdaycal=business_days())


def decision_times(data_date: "pd.Series[pd.Timestamp]", decision: Decision) -> pd.DatetimeIndex:
    """When each session decides, on its own date, as UTC timestamps."""
    return _at(pd.DatetimeIndex(data_date), decision.time, decision.zone)


def available_at(series: str, observed_on: "pd.Series[pd.Timestamp]") -> "pd.Series[pd.Timestamp]":
    """When the observations of a series became known by its rule; datetime64[ns, UTC] on the same index.

    Raises:
        KeyError: the series has no rule.
    """
    times = RELEASES[series].available(pd.DatetimeIndex(observed_on)).as_unit("ns")
    return pd.Series(times, index=observed_on.index, name="available_at")


def as_known(observations: pd.DataFrame, series: str, sessions: pd.DataFrame) -> Floats:
    """The value of a series that each session knew at its decision: of the rows that were available strictly before it, the
    newest observation, in the value that became available last.

    NaN before the first one, and where the newest observation is more than `max_age` days older than the session: a series that
    has stopped is not carried forward for ever.

    Args:
        observations: series, observed_on, value and available_at, any row order.
        series: which of them.
        sessions: data_date and decided_at (UTC timestamps), any order.

    Returns:
        float64, shape (n,).
    """
    own = observations[observations["series"].eq(series)].sort_values(["available_at", "observed_on"], kind="stable")
    # A late revision of an old observation does not take the place of a newer one.
    own = own[own["observed_on"] >= own["observed_on"].cummax()]
    if own.empty:
        return np.full(len(sessions), np.nan)
    at = own["available_at"].searchsorted(sessions["decided_at"], side="left") - 1
    known = own.iloc[np.maximum(at, 0)]
    ages = sessions["data_date"].to_numpy() - known["observed_on"].to_numpy()
    usable = (at >= 0) & (ages <= np.timedelta64(RELEASES[series].max_age, "D"))
    return np.where(usable, known["value"].to_numpy("float64"), np.nan)
