"""Rules that hold dates against the exchange's calendar. One symbol.

Must not be here: which bars are final (domain/sessions.py), and what a source may take back (revisions.py).
"""

import numpy as np
import pandas as pd

from zl_assets.domain.rules.offenders import PRICES, day, offending, pick
from zl_assets.domain.stubs import SATURDAY, on_stub_date
from zl_assets.domain.trading_calendar import expected_sessions
from zl_assets.instruments.base import Instrument
from zl_assets.warehouse.verdict import MAX_OFFENDERS, Verdict

# A weekend bar is the first hour of a session: of six instruments, the largest trades 0.26 of the middle weekday around it.
STUB_SHARE = 0.5
AROUND = 21

# Weekday bars on days that the calendar lacks: 7 of 3,893 real ones, 5 of them in the first 320. A source with the exchange's
# holidays filled in has 9 a year.
OUTSIDE = 2
OUTSIDE_ONE_IN = 100

# Days by which dates are tried, and how much more of the volume must then fall on sessions: a source that is a day off has a
# fifth of its volume on weekends.
MOVED = (1, -1, 2, -2, 3, -3, 7, -7)
BETTER = 0.02


def weekend_bars_are_stubs(bars: pd.DataFrame, instrument: Instrument) -> Verdict:
    """No bar of a Saturday or Sunday has the volume of a whole session: then the dates are off.

    Args:
        bars: date and volume, in order of date.
    """
    weekend = bars["date"].dt.dayofweek >= SATURDAY
    weekdays = bars[~weekend]
    usual = weekdays["volume"].astype("float64").rolling(AROUND, center=True, min_periods=1).median().to_numpy()
    around = np.clip(weekdays["date"].searchsorted(bars["date"]), 0, max(len(weekdays) - 1, 0))
    most = STUB_SHARE * usual[around] if len(usual) else np.full(len(bars), np.inf)
    bad = weekend & (bars["volume"].astype("float64") > most)
    explanation = (
        f"{bad.sum():,} of {weekend.sum():,} weekend bars trade more than {STUB_SHARE:.0%} of a usual weekday. A weekend bar is "
        f"the first hour of the next session; one with a whole session's volume is dated wrongly."
        f"{_moved(bars, instrument) if bad.any() else ''}"
    )
    return offending("weekend_bars_are_stubs", bars, pick(bars, bad, ["volume"]), explanation)


def no_filled_bars(bars: pd.DataFrame, instrument: Instrument) -> Verdict:
    """No bar is a copy of the one before it, as those who fill holidays, weekends and holes make them.

    A copy has the four prices of the bar before, and its volume, or none, or a date without a session; or it stands at the close
    of the bar before and trades nothing.

    Args:
        bars: date, prices and volume, in order of date.
    """
    prices = list(PRICES)
    before = bars[[*prices, "volume"]].shift()
    volume = bars["volume"].astype("float64")
    repeated = volume.eq(before["volume"].astype("float64"))
    # Where a volume stands still it says nothing. None of the 3,998 real bars repeats the one before it.
    telling = repeated & ~repeated.shift(fill_value=False)
    same = bars[prices].eq(before[prices]).all(axis=1)
    flat = bars[prices].eq(before["close"], axis=0).all(axis=1)
    idle = volume.eq(0)
    no_session = ~bars["date"].isin(_calendar(bars["date"], instrument))
    bad = (same & (telling | idle | no_session)) | (flat & idle)
    explanation = (
        f"{bad.sum():,} of {len(bars):,} bars repeat the one before them. They were filled in: leave out days on which nothing "
        "was traded."
    )
    return offending("no_filled_bars", bars, pick(bars, bad, ["close", "volume"]), explanation)


def dates_fit_calendar(bars: pd.DataFrame, instrument: Instrument) -> Verdict:
    """Few weekday bars are on days on which the exchange has no session.

    Args:
        bars: date and volume, in order of date.
    """
    weekdays = bars[~on_stub_date(bars["date"], instrument)]
    outside = ~weekdays["date"].isin(_calendar(weekdays["date"], instrument))
    most = OUTSIDE + len(weekdays) // OUTSIDE_ONE_IN
    passed = int(outside.sum()) <= most
    return Verdict(
        name="dates_fit_calendar",
        passed=passed,
        measured=int(outside.sum()),
        bound=f"at most {most:,} weekday bars without a session",
        offenders=pick(weekdays, outside, ["volume"]).head(MAX_OFFENDERS),
        explanation=f"{outside.sum():,} of {len(weekdays):,} weekday bars are on days without a session in the calendar "
        f"{instrument.calendar}. Many of them are dated wrongly, filled in, or of another exchange."
        f"{'' if passed else _moved(bars, instrument)}",
    )


def calendar_complete(sessions: pd.DataFrame, instrument: Instrument) -> Verdict:
    """Hardly a session of the calendar is missing between the first and the last, and never two in a row."""
    dates = sessions["data_date"]
    calendar = _calendar(dates, instrument)
    missing = ~calendar.isin(dates)
    most = -(-len(calendar) // instrument.plausibility.gaps)
    # The length of each run of missing sessions, at its sessions.
    runs = pd.Series(missing, index=calendar)
    longest = int(runs.groupby((~runs).cumsum()).sum().max()) if len(runs) else 0
    hole = f" The longest hole has {longest:,} sessions." if longest > 1 else ""
    return Verdict(
        name="calendar_complete",
        passed=int(missing.sum()) <= most and longest <= 1,
        measured=int(missing.sum()),
        bound=f"at most {most:,} (one in {instrument.plausibility.gaps:,}), no two in a row",
        offenders=pd.DataFrame({"data_date": calendar[missing]}).head(MAX_OFFENDERS),
        explanation=f"{missing.sum():,} of the {len(calendar):,} sessions that {instrument.calendar} has from {day(dates.min())} "
        f"to {day(dates.max())} are missing.{hole}",
    )


def _calendar(dates: "pd.Series[pd.Timestamp]", instrument: Instrument) -> pd.DatetimeIndex:
    """The sessions from the first date to the last."""
    if dates.empty:
        return pd.DatetimeIndex([], dtype="datetime64[ns]")
    return expected_sessions(instrument.calendar, dates.min().date(), dates.max().date())


def _moved(bars: pd.DataFrame, instrument: Instrument) -> str:
    """Whether the dates would fit the calendar better if they were moved, in words; empty if not."""
    volume = bars["volume"].astype("float64")
    whole = volume.sum()
    if not whole > 0:
        return ""
    spread = pd.Timedelta(days=max(MOVED))
    calendar = _calendar(pd.Series([bars["date"].min() - spread, bars["date"].max() + spread]), instrument)
    shares = {days: float(volume[(bars["date"] + pd.Timedelta(days=days)).isin(calendar)].sum() / whole) for days in (0, *MOVED)}
    best = max(shares, key=lambda days: shares[days])
    if shares[best] < shares[0] + BETTER:
        return ""
    return (
        f" Moved by {best:+d} day{'' if abs(best) == 1 else 's'}, {shares[best]:.1%} of the volume falls on sessions instead of "
        f"{shares[0]:.1%}: the dates are {abs(best)} day{'' if abs(best) == 1 else 's'} too {'early' if best > 0 else 'late'}."
    )
