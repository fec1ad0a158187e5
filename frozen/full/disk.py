"""A full disk, with more or less room left."""

from pathlib import Path

from zl_assets_tests.faults.disk import campaign
from zl_assets_tests.faults.figures import table

ROOMS_KB = [1024, 4096, 256, 64, 0, 2048, 8192, 12288]


def run(place: Path, points: int = len(ROOMS_KB)) -> tuple[str, str, list[str]]:
    """The section."""
    try:
        outcomes = campaign(place, ROOMS_KB[:points])
    except PermissionError as refused:
        return "Full disk", f"Skipped: a small disk needs root here: {refused}", []
    rows = [
        (o.room_kb, o.said, "old tables and files intact; identical with space again" if not o.problems else "FAILED")
        for o in outcomes
    ]
    text = "A refresh from older to newer bars on a 400 MB tmpfs with this much room left.\n\n" + table(
        ("room, kB", "what it said", "outcome"), rows
    )
    return "Full disk", text, [f"{o.room_kb} kB: {p}" for o in outcomes for p in o.problems]
