"""500 daily refreshes."""

from collections.abc import Sequence
from pathlib import Path
from statistics import median

from zl_assets_tests.faults.figures import table
from zl_assets_tests.faults.years import Day, live
from zl_assets_tests.support.product import kill_leftover_server

DAYS = 500
EVERYTHING = ("state_mb", "files", "server_mb", "write_seconds")


def run(place: Path, days: int = DAYS) -> tuple[str, str, list[str]]:
    """The section."""
    rows, problems = [], []
    for name, restart, count in (
        ("the server leaves every day", True, days),
        ("one server all the time", False, max(days // 5, 10)),
    ):
        state = place / ("restarted" if restart else "kept")
        try:
            lived = live(state, count, restart=restart)
        finally:
            kill_leftover_server(state)
        rows += [_row(name, day) for day in (lived[0], lived[1], lived[len(lived) // 2], lived[-1])]
        peak = max(lived, key=lambda day: day.state_mb)
        rows.append((f"{name}: heaviest day", *_row(name, peak)[1:]))
        # The results of one server's day all stay, and these days last seconds: only its files tell of years.
        problems += [f"{name}: {growth}" for growth in grown(lived, EVERYTHING if restart else ("files",))]
    text = (
        f"{days} days of one new session each: the writes of all tables and the view, a read of the view and the CSV (without "
        "Dagster and the model, and with frames cut by date, so that the years pass in minutes). Where the server leaves every "
        "day, its job records are made a day older before the next start; where it stays, it has a quiet moment after each "
        "refresh, but its job records are all of one day, so that none is old enough to go. Sizes "
        "without DuckDB's extensions, which are links.\n\n"
        + table(("what", "day", "refresh, s", "server start, s", "state, MB", "files", "server, MB", "matrix rows"), rows)
    )
    return "Years of daily use", text, problems


def grown(lived: list[Day], measures: Sequence[str]) -> list[str]:
    """What the last quarter of the days needs that the first did not. A state folder is compacted every few days, and an answer
    on a busy machine takes its time, so medians of many days are compared.

    Args:
        measures: attributes of `Day`.
    """
    part = max(len(lived) // 4, 1)
    found = []
    for measure in measures:
        before, after = (median(getattr(day, measure) for day in days) for days in (lived[:part], lived[-part:]))
        if after > 1.5 * before:
            found.append(f"{measure} went from {before:.1f} to {after:.1f}")
    return found


def _row(name: str, day: Day) -> tuple[object, ...]:
    return (
        name,
        day.number,
        f"{day.write_seconds:.1f}",
        f"{day.start_seconds:.1f}",
        f"{day.state_mb:.0f}",
        day.files,
        f"{day.server_mb:.0f}",
        day.rows,
    )
