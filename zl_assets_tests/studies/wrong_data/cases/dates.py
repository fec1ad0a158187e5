"""Bars under other dates than theirs."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from zl_assets_tests.studies.wrong_data.case import LOADED, LOADED_OR_REFUSED, REFUSED, TOLD, Case, Kind, Make, Outcome, State
from zl_assets_tests.studies.wrong_data.cases.making import Change, changed, csv_text, in_both_states
from zl_assets_tests.studies.wrong_data.feeds import PRICES, VALUES, csv, right_bars
from zl_assets_tests.studies.wrong_data.feeds import csv_text as as_csv


def moved(days: int, rows: slice = slice(None)) -> Change:
    """The dates of some rows moved by days."""

    def change(bars: pd.DataFrame) -> pd.DataFrame:
        bars.loc[bars.index[rows], "date"] += pd.Timedelta(days=days)
        return bars[bars["date"] <= "2025-11-15"]

    return change


def moved_since(date: str, days: int) -> Change:
    """The dates from one on moved by days."""
    return lambda bars: bars.assign(date=bars["date"].where(bars["date"] < date, bars["date"] + pd.Timedelta(days=days)))


def utc_date_of_midnight_in(zone: str) -> Change:
    """The UTC date of local midnight."""
    return lambda bars: bars.assign(
        date=bars["date"].dt.tz_localize(zone).dt.tz_convert("UTC").dt.tz_localize(None).dt.normalize()
    )


def local_date_of_utc_midnight(zone: str) -> Change:
    """The local date of midnight UTC."""
    return lambda bars: bars.assign(
        date=bars["date"].dt.tz_localize("UTC").dt.tz_convert(zone).dt.tz_localize(None).dt.normalize()
    )


def filled_forward(wanted: Callable[[pd.DatetimeIndex], Any], volume: int | None = 0) -> Change:
    """A bar at the last close on each wanted day that has none.

    Args:
        volume: of these bars; that of the bar before if it is None.
    """

    def change(bars: pd.DataFrame) -> pd.DataFrame:
        days = pd.date_range(bars["date"].iloc[0], bars["date"].iloc[-1])
        missing = days[wanted(days) & ~days.isin(bars["date"])]
        full = bars.set_index("date").reindex(days.union(bars["date"])).ffill().loc[missing].rename_axis("date").reset_index()
        full = full.assign(**dict.fromkeys(PRICES, full["close"]))
        full = full if volume is None else full.assign(volume=volume)
        return pd.concat([bars, full]).sort_values("date", ignore_index=True).astype(bars.dtypes)

    return change


def values_moved(rows: int) -> Change:
    """Dates as they are, with the values of the row before (1) or after (-1)."""
    return lambda bars: bars.assign(**bars[VALUES].shift(rows)).dropna(subset=PRICES).astype(bars.dtypes)


def stale(first: str, sessions: int, *, volume: bool) -> Change:
    """From a date on, some sessions repeat the bar before them.

    Args:
        volume: they repeat its volume too; otherwise they have none.
    """

    def change(bars: pd.DataFrame) -> pd.DataFrame:
        at = bars.index[bars["date"] >= first][:sessions]
        before = bars.loc[at[0] - 1]
        bars.loc[at, PRICES] = before[PRICES].to_numpy(dtype=float)
        bars.loc[at, "volume"] = before["volume"] if volume else 0
        return bars

    return change


def _local_midnight(folder: Path) -> dict[str, Any]:
    bars = right_bars()
    stamps = bars["date"].dt.tz_localize("America/Chicago").map(lambda stamp: stamp.isoformat())
    return {"bars": csv(folder, as_csv(bars.assign(date=stamps)))}


def _serial_numbers(folder: Path) -> dict[str, Any]:
    bars = right_bars()
    days = (bars["date"] - pd.Timestamp("1899-12-30")).dt.days
    return {"bars": csv(folder, as_csv(bars.assign(date=days)))}


def _slashes(day_first: bool) -> Make:
    return csv_text(lambda: right_bars().to_csv(index=False, date_format="%d/%m/%Y" if day_first else "%m/%d/%Y"))


def weekdays(days: pd.DatetimeIndex) -> Any:
    return days.dayofweek < 5


def weekends(days: pd.DatetimeIndex) -> Any:
    return days.dayofweek >= 5


def _case(name: str, wrong: str, make: Make, *says: str, must: tuple[Outcome, ...] = REFUSED, own: bool = False) -> Case:
    return Case(name, Kind.DATES, wrong, State.FILLED, make, must, says, own=own)


CASES = (
    *in_both_states(_case("day-early", "every bar a day early", changed(moved(-1)), "early", own=True)),
    *in_both_states(_case("day-late", "every bar a day late", changed(moved(1)), "late", own=True)),
    _case("two-days-early", "every bar two days early", changed(moved(-2))),
    *in_both_states(_case("week-early", "every bar a week early: weekdays fit, holidays do not", changed(moved(-7)), must=TOLD)),
    _case("year-early", "every bar 364 days early: weekdays fit, holidays do not", changed(moved(-364)), must=TOLD),
    _case("newest-5-early", "the newest 5 bars a day early", changed(moved(-1, slice(-5, None)))),
    _case("newest-5-late", "the newest 5 bars a day late", changed(moved(1, slice(-5, None)))),
    _case("newest-20-early", "the newest 20 bars a day early", changed(moved(-1, slice(-20, None)))),
    *in_both_states(_case("early-since-2019", "from 2019-01-03 on a day early", changed(moved_since("2019-01-03", -1)))),
    _case("early-since-2025", "from 2025-09-02 on a day early", changed(moved_since("2025-09-02", -1))),
    _case("local-midnight", "midnight in Chicago, with its offset", _local_midnight, "midnight", own=True),
    *in_both_states(
        _case(
            "chicago-date",
            "the date in Chicago at midnight UTC",
            changed(local_date_of_utc_midnight("America/Chicago")),
            own=True,
        )
    ),
    _case(
        "london-date",
        "the UTC date of midnight in London: a day early in summer only",
        changed(utc_date_of_midnight_in("Europe/London")),
    ),
    _case("tokyo-date", "the UTC date of midnight in Tokyo", changed(utc_date_of_midnight_in("Asia/Tokyo"))),
    *in_both_states(_case("holidays-filled", "holidays filled forward, volume 0", changed(filled_forward(weekdays)), own=True)),
    _case(
        "holidays-filled-volume", "holidays filled forward with the volume too", changed(filled_forward(weekdays, volume=None))
    ),
    *in_both_states(_case("weekends-filled", "weekends filled forward, volume 0", changed(filled_forward(weekends)), own=True)),
    _case(
        "weekends-filled-volume", "weekends filled forward with the volume too", changed(filled_forward(weekends, volume=None))
    ),
    _case(
        "all-days-filled",
        "every day of the year filled forward",
        changed(filled_forward(lambda days: days == days)),
    ),
    _case(
        "weekends-filled-2025",
        "weekends of 2025 filled forward",
        changed(filled_forward(lambda days: (days.dayofweek >= 5) & (days >= "2025-01-01"))),
        must=TOLD,
    ),
    _case("values-a-row-late", "each bar under the date of the next one", changed(values_moved(1)), must=TOLD),
    _case(
        "values-a-row-early", "each bar under the date of the one before: it is seen early", changed(values_moved(-1)), must=TOLD
    ),
    Case(
        "session-twice",
        Kind.DATES,
        "one session is there twice, the same",
        State.FILLED,
        changed(lambda bars: pd.concat([bars, bars.iloc[[2500]]], ignore_index=True)),
        LOADED,
        right=right_bars,
    ),
    _case(
        "session-twice-other-values",
        "one session is there twice, with another close",
        changed(lambda bars: pd.concat([bars, bars.iloc[[2500]].assign(high=99.0, close=99.0)], ignore_index=True)),
    ),
    _case("stale-1", "2019-05-15 repeats the bar before it, volume too", changed(stale("2019-05-15", 1, volume=True)), must=TOLD),
    *in_both_states(
        _case("stale-10", "ten sessions repeat the bar before them", changed(stale("2021-03-08", 10, volume=True)), must=TOLD)
    ),
    _case(
        "stale-10-no-volume", "ten sessions repeat a close, volume 0", changed(stale("2021-03-08", 10, volume=False)), must=TOLD
    ),
    _case("stale-newest-3", "the newest 3 sessions repeat a bar", changed(stale("2025-11-12", 3, volume=True)), must=TOLD),
    replace(_case("day-first", "dates as 31/12/2024", _slashes(True), must=LOADED_OR_REFUSED), right=right_bars),
    replace(_case("month-first", "dates as 12/31/2024", _slashes(False), must=LOADED_OR_REFUSED), right=right_bars),
    _case("serial-numbers", "dates as a spreadsheet's numbers, 45982", _serial_numbers),
    _case(
        "year-late",
        "every bar a year late: most lie in the future",
        changed(lambda bars: bars.assign(date=bars["date"] + pd.Timedelta(days=364))),
    ),
)
