"""Rules about bars and sessions."""

import datetime as dt

import numpy as np
import pandas as pd

from zl_assets.domain.rules.offenders import day, keys, keys_only_in, named, offending, pick, price_columns, price_names
from zl_assets.domain.rules.regimes import FIRST_REGIME_DAY
from zl_assets.domain.trading_calendar import expected_sessions
from zl_assets.warehouse.verdict import MAX_OFFENDERS, Verdict

GRACE_SESSIONS = 1


def no_conflicting_bars(frame: pd.DataFrame) -> Verdict:
    """No key has two different rows; exact copies are not a conflict."""
    distinct = frame.drop_duplicates()
    conflicting = distinct[distinct.duplicated(keys(frame), keep=False)].sort_values(keys(frame), kind="stable")
    return offending(
        "no_conflicting_bars",
        frame,
        conflicting,
        f"{len(conflicting):,} of {len(frame):,} rows share their key with a different row.",
    )


def no_null_prices(frame: pd.DataFrame) -> Verdict:
    """No price is NULL or NaN."""
    prices = price_columns(frame)
    bad = frame[prices].isna().any(axis=1)
    return offending(
        "no_null_prices", frame, pick(frame, bad, prices), f"{bad.sum():,} of {len(frame):,} rows have a NULL price."
    )


def prices_positive(frame: pd.DataFrame) -> Verdict:
    """Every price that is there is above zero and finite."""
    prices = price_columns(frame)
    values = frame[prices]
    bad = (values.le(0) | values.isin([np.inf, -np.inf])).any(axis=1)
    explanation = f"{bad.sum():,} of {len(frame):,} rows have a price that is zero, negative or infinite."
    return offending("prices_positive", frame, pick(frame, bad, prices), explanation)


def high_not_below_low(frame: pd.DataFrame) -> Verdict:
    """No high is below its low."""
    column = price_names(frame)
    bad = frame[column["high"]] < frame[column["low"]]
    offenders = pick(frame, bad, [column["high"], column["low"]])
    return offending("high_not_below_low", frame, offenders, f"{bad.sum():,} of {len(frame):,} rows have a high below their low.")


def open_and_close_in_range(frame: pd.DataFrame) -> Verdict:
    """Open and close lie between low and high."""
    column = price_names(frame)
    high, low = frame[column["high"]], frame[column["low"]]
    outside = [(frame[column[name]] > high) | (frame[column[name]] < low) for name in ("open", "close")]
    bad = outside[0] | outside[1]
    explanation = f"{bad.sum():,} of {len(frame):,} rows have an open or close outside their low and high."
    return offending("open_and_close_in_range", frame, pick(frame, bad, list(column.values())), explanation)


def volume_sound(frame: pd.DataFrame) -> Verdict:
    """Volume is there and not negative."""
    volume = named(frame, "volume")
    bad = frame[volume].isna() | frame[volume].lt(0).fillna(True)
    explanation = f"{bad.sum():,} of {len(frame):,} rows have a volume that is NULL or negative."
    return offending("volume_sound", frame, pick(frame, bad, [volume]), explanation)


def no_bar_after(bars: pd.DataFrame, as_of: dt.date) -> Verdict:
    """No bar is dated after the as-of date: it would come from the future."""
    bad = bars["date"] > pd.Timestamp(as_of)
    explanation = (
        f"{bad.sum():,} of {len(bars):,} bars are dated after ZL_AS_OF {as_of}; if they are right, set ZL_AS_OF to a later date."
    )
    return offending("no_bar_after", bars, pick(bars, bad, ["close"]), explanation)


def no_missing_session(table: pd.DataFrame, source: pd.DataFrame) -> Verdict:
    """Every session of the source is in the table.

    Args:
        table: the rows that are stored, with data_date and symbol.
        source: the sessions as the bars give them now (`build_sessions(...).frame`).
    """
    missing = keys_only_in(source, table)
    explanation = f"{len(missing):,} of the {len(source):,} sessions that the bars give are not in the table."
    return offending("no_missing_session", table, missing, explanation)


def no_vanished_session(table: pd.DataFrame, source: pd.DataFrame) -> Verdict:
    """Every session of the table is still in the source. A refresh never deletes one: it stays until a person decides."""
    vanished = keys_only_in(table, source)
    explanation = (
        f"{len(vanished):,} of the table's {len(table):,} sessions are no longer given by the bars; a refresh never deletes them."
    )
    return offending("no_vanished_session", table, vanished, explanation)


def no_vanished_bar(table: pd.DataFrame, source: pd.DataFrame) -> Verdict:
    """Every bar of the table is still in the files that it is filled from. A refresh never deletes one."""
    vanished = keys_only_in(table, source, ["date", "symbol"])
    explanation = f"{len(vanished):,} of the table's {len(table):,} bars are no longer in the files; nothing deletes them."
    return offending("no_vanished_bar", table, vanished, explanation)


def files_read_whole(remarks: pd.DataFrame) -> Verdict:
    """Nothing of what bars are read from was passed over, or may have lost its end.

    Args:
        remarks: what was or may have: file, why.
    """
    return Verdict(
        name="files_read_whole",
        passed=remarks.empty,
        measured=len(remarks),
        bound="0 files",
        offenders=remarks.head(MAX_OFFENDERS),
        explanation=f"{len(remarks):,} files or sub-folders were not read, or may have been cut short.",
    )


def thin_sessions(sessions: pd.DataFrame, lots: int, most: float) -> Verdict:
    """At most a share `most` of the sessions trade under `lots`; the newest of them are named whether or not the bound holds."""
    thin = sessions["volume"] < lots
    share = float(thin.mean()) if len(sessions) else 0.0
    return Verdict(
        name="thin_sessions",
        passed=share <= most,
        measured=int(thin.sum()),
        bound=f"at most {most:.0%} of the sessions under {lots:,} lots",
        offenders=pick(sessions, thin, ["volume"]).sort_values("data_date", ascending=False).head(MAX_OFFENDERS),
        explanation=f"{thin.sum():,} of {len(sessions):,} sessions ({share:.2%}) traded under {lots:,} lots; they are kept.",
    )


def newest_session(frame: pd.DataFrame, calendar: str, as_of: dt.date) -> Verdict:
    """The newest session is at most one behind the exchange's calendar, as of `as_of` (whose own session is not final yet).

    Args:
        calendar: as pandas-market-calendars names it.
    """
    newest = frame["data_date"].max()
    start = FIRST_REGIME_DAY if pd.isna(newest) else newest.date() + dt.timedelta(days=1)
    missed = expected_sessions(calendar, start, as_of - dt.timedelta(days=1))
    state = "Up to date" if not len(missed) else "No new session yet" if len(missed) <= GRACE_SESSIONS else "The source is late"
    return Verdict(
        name="newest_session",
        passed=len(missed) <= GRACE_SESSIONS,
        measured=len(missed),
        bound=f"at most {GRACE_SESSIONS} session behind",
        offenders=pd.DataFrame({"data_date": missed}).head(MAX_OFFENDERS),
        explanation=(
            f"{state}: the newest session is {day(newest)}; the {calendar} calendar has {len(missed):,} after it and before "
            f"{as_of}."
        ),
    )
