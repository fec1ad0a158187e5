"""500 daily refreshes."""

from pathlib import Path

from zl_assets_tests.faults.figures import table
from zl_assets_tests.faults.home import kill_leftover_server
from zl_assets_tests.faults.years import Day, live

DAYS = 500


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
        first = max(day.state_mb for day in lived[: max(len(lived) // 4, 5)])
        if peak.state_mb > 2 * first:
            problems.append(f"{name}: the state folder grew from {first:.0f} to {peak.state_mb:.0f} MB")
    text = (
        f"{days} days of one new session each: the writes of all tables and the view, a read of the view and the CSV (without "
        "Dagster and the model, and with frames cut by date, so that the years pass in minutes). Where the server leaves every "
        "day, its job records are made a day older before the next start; where it stays, it has a quiet moment after each "
        "refresh, but its job records are all of one day, so that none is old enough to go. Sizes "
        "without DuckDB's extensions, which are links.\n\n"
        + table(("what", "day", "refresh, s", "server start, s", "state, MB", "files", "server, MB", "matrix rows"), rows)
    )
    return "Years of daily use", text, problems


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
