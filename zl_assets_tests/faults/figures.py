"""docs/evidence/faults.md: one part for each section of the suite, replaced by the run that measured it."""

import datetime as dt
import importlib.metadata
import os
import platform
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "evidence" / "faults.md"
SECTIONS = ("http", "kills", "stops", "crowd", "disk", "years", "side-by-side")

_HEAD = """# What the write path survives

Figures of `python -m zl_assets_tests.faults [section ...]`; every part below was written by the run that measured it. The quick
part of the same suite, `pytest zl_assets_tests/faults`, runs in CI.

"Identical" means: every row of every table and of the view, the CSV and the model are equal to those of a clean run; only
`ingestion_ts`, `created_at` and run ids may differ. "Clear error" means: one message that names the step and says what to do, and
every table as before or as after.
"""
_LIBRARIES = ("local-bigquery", "duckdb", "google-cloud-bigquery", "dagster", "dagster-gcp-pandas", "lightgbm")


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in line) + " |" for line in lines
    )


def machine(libraries: Sequence[str] = _LIBRARIES) -> str:
    """Where and with what the figures were made."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in libraries)
    return (
        f"{dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores shared with other work (times are upper bounds), "
        f"{memory:.0f} GiB, {platform.system()} {platform.machine()}, Python {platform.python_version()}, {versions}"
    )


def write(section: str, title: str, text: str) -> None:
    """Put a section's part in its place on the page."""
    parts = dict(re.findall(r"<!-- part (\S+) -->\n(.*?)\n<!-- end -->", PAGE.read_text(), re.S)) if PAGE.exists() else {}
    parts[section] = f"## {title}\n\n_{machine()}._\n\n{text}"
    PAGE.parent.mkdir(exist_ok=True)
    body = "\n\n".join(f"<!-- part {name} -->\n{parts[name]}\n<!-- end -->" for name in SECTIONS if name in parts)
    PAGE.write_text(f"{_HEAD}\n{body}\n")
