"""docs/evidence/benchmarks.json and the tables of docs/evidence/benchmarks.md: one part for each section, replaced by the run
that measured it.

The words around the tables are written by hand. Must not be here: measuring.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from zl_assets_tests.benchmarks.race import OURS
from zl_assets_tests.faults.figures import machine, table

EVIDENCE = Path(__file__).resolve().parents[2] / "docs" / "evidence"
PAGE, RAW = EVIDENCE / "benchmarks.md", EVIDENCE / "benchmarks.json"
SECTIONS = ("processes", "refresh", "managers", "features", "growth", "startup")
LIBRARIES = (
    "dagster",
    "dagster-gcp-pandas",
    "google-cloud-bigquery",
    "local-bigquery",
    "duckdb",
    "numpy",
    "pandas",
    "polars",
    "TA-Lib",
    "pandas-ta-classic",
    "pytest-benchmark",
)

type Record = dict[str, Any]


def records(report: dict[str, Any]) -> list[Record]:
    """What is kept of pytest-benchmark's report: what `race` noted."""
    return [one["extra_info"] for one in report["benchmarks"]]


def ratios(record: Record, clock: str, rival: str) -> list[float]:
    """Ours over the rival's, round by round."""
    return [ours / theirs for ours, theirs in zip(record[clock][OURS], record[clock][rival], strict=True)]


def verdict(record: Record, rival: str) -> str:
    """Is the median of the ratios within the bound?"""
    bound = record["bounds"][rival]
    if bound is None:
        return "stated"
    return f"at most {bound}: {'met' if median(ratios(record, 'wall', rival)) <= bound else 'missed'}"


def lines(record: Record) -> Iterator[tuple[str, ...]]:
    """A line for each rival, or one where there is none."""
    facts = record["facts"]
    size = " ".join(f"{facts[name]:,} {name}" for name in ("rows", "symbols", "sessions", "jobs") if name in facts)
    ours = f"{median(record['wall'][OURS]):.3g} s"
    for rival in record["bounds"]:
        # The processor clock ticks in hundredths: a rival can be too quick for it, and then there is no ratio.
        of_wall, of_cpu = ratios(record, "wall", rival), ratios(record, "cpu", rival) if all(record["cpu"][rival]) else []
        yield (
            facts["what"],
            size,
            ours,
            f"{rival}: {median(record['wall'][rival]):.3g} s",
            f"{median(of_wall):.2f} ({min(of_wall):.2f} to {max(of_wall):.2f}, n = {len(of_wall)})",
            f"{median(of_cpu):.2f}" if of_cpu else "",
            verdict(record, rival),
        )
    for step, found in facts.get("steps", {}).items():
        rest = ", ".join(f"{name.removesuffix('_mib')} +{value:,.0f} MiB" for name, value in found.items() if name != "seconds")
        yield step, size, f"{found['seconds']:.3g} s", rest, "", "", "stated"


HEAD = ("what", "size", OURS, "beside", "ratio of wall times, median (range)", "ratio of processor times", "bound")


def show(section: str, measured: list[Record]) -> str:
    """The section's table."""
    return table(HEAD, [line for record in measured for line in lines(record)])


def write(section: str, measured: list[Record]) -> None:
    """Put a section's raw figures and its table in their places."""
    raw = json.loads(RAW.read_text()) if RAW.exists() else {}
    raw[section] = {"machine": machine(LIBRARIES), "records": measured}
    RAW.write_text(json.dumps({name: raw[name] for name in SECTIONS if name in raw}, indent=1) + "\n")
    part = f"<!-- part {section} -->\n_{raw[section]['machine']}._\n\n{show(section, measured)}\n<!-- end -->"
    place = re.compile(rf"<!-- part {section} -->\n.*?<!-- end -->", re.S)
    PAGE.write_text(place.sub(lambda _: part, PAGE.read_text()))
