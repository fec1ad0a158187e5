"""What is kept of the runs, and the page that is made of it. Must not be here: a run."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from zl_assets_tests.studies.wrong_data.case import Case, Kind, Outcome, State
from zl_assets_tests.studies.wrong_data.cases import CASES
from zl_assets_tests.studies.wrong_data.run import Result

REPO = Path(__file__).resolve().parents[3]
KEPT = REPO / "docs" / "evidence" / "wrong-data.json"
PAGE = REPO / "docs" / "evidence" / "wrong-data.md"
WHEN = ("before", "after")

_LONGEST = 230

_HEAD = """# Wrong data

What people feed by accident, and what becomes of it: each line is a run of the daily refresh on the embedded BigQuery, made by
`python -m zl_assets_tests.studies.wrong_data` (`--keep after` writes this page). "Before" is the product at {before}, "after" at
{after}. A line in bold is the issue's own instance of its kind; the others have another day, factor, hole or market.

The right file is the synthetic sample, 3,998 invented bars, and invented series of FRED's; other markets' bars and the lines that
say so are of real data where it is there. A state is "empty", or "filled" by a run of the right file.

- **refused**: one message, no row written, CSV and model as they were. The right file was run after every run that failed, and
  every row of every table, the CSV and the model were held against a run that never saw the wrong file; "not mended" says what
  differed.
- **red** and **a warning**: checks, by name; with the rows that were written all the same.
- **passed quietly**: the run is a success, every check is green, and what the tables hold is wrong.
- **loaded right**: every bar in the table is the right one.

"!" marks what must not be.

"""


def commit() -> str:
    """The newest commit that changed the product."""
    command = ["git", "log", "-1", "--format=%h", "--", "zl_assets"]
    return subprocess.run(command, cwd=REPO, capture_output=True, text=True, check=True).stdout.strip()


def read() -> dict[str, Any]:
    """What is kept: by `before` and `after` the commit and, by case, what became of it."""
    kept: dict[str, Any] = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    return kept


def keep(when: str, results: Mapping[str, Result]) -> None:
    """Put these results in the place of those that are kept, drop those of cases that are gone, and write the page."""
    kept = read()
    names = [case.name for case in CASES]
    own = kept.get(when, {}).get("results", {}) | {name: asdict(result) for name, result in results.items()}
    kept[when] = {"commit": commit(), "results": {name: own[name] for name in names if name in own}}
    KEPT.write_text(json.dumps({name: kept[name] for name in WHEN if name in kept}, indent=1, ensure_ascii=False) + "\n")
    PAGE.write_text(page(kept))


def results(kept: Mapping[str, Any], when: str) -> dict[str, Result]:
    """What is kept of one time, by case."""
    found = kept.get(when, {}).get("results", {})
    return {name: Result(**(row | {"outcome": Outcome(row["outcome"])})) for name, row in found.items()}


def page(kept: Mapping[str, Any]) -> str:
    """The page as Markdown."""
    named = {when: f"commit {kept[when]['commit']}" if when in kept else "a commit not yet run" for when in WHEN}
    found = {when: results(kept, when) for when in WHEN}
    parts = [_HEAD.format(**named), _counts(found)]
    for kind in Kind:
        rows = [
            [
                f"**{case.wrong}**" if case.own else case.wrong,
                _STATES[case.state],
                *(_cell(case, found[when].get(case.name)) for when in WHEN),
            ]
            for case in CASES
            if case.kind is kind
        ]
        parts.append(f"## {kind}\n\n{_table(['what is wrong', 'state', *WHEN], rows)}\n")
    return "\n".join(parts)


_STATES = {State.EMPTY: "empty", State.FILLED: "filled", State.SERIES: "filled, with series"}


def _counts(found: Mapping[str, Mapping[str, Result]]) -> str:
    rows = []
    for kind in Kind:
        cases = [case for case in CASES if case.kind is kind]
        row = [str(kind), str(len(cases))]
        for when in WHEN:
            of = [(case, found[when][case.name]) for case in cases if case.name in found[when]]
            quiet = sum(result.outcome is Outcome.QUIET for _, result in of)
            right = sum(result.is_right(case) for case, result in of)
            row += [f"{right} of {len(of)}", str(quiet)] if of else ["", ""]
        rows.append(row)
    head = ["kind", "cases", "as it must be, before", "quiet, before", "as it must be, after", "quiet, after"]
    return f"{_table(head, rows)}\n"


def _cell(case: Case, result: Result | None) -> str:
    if result is None:
        return ""
    parts = [f"{'' if result.is_right(case) else '! '}{result.outcome}"]
    if result.message:
        parts.append(f'"{_short(result.message)}"')
    if not result.says:
        parts.append(f"does not say {', '.join(case.says)}")
    if result.red:
        parts.append(f"red: {_names(result.red)}")
    if result.warned:
        parts.append(f"warns: {_names(result.warned)}")
    rows = sum(result.written.values())
    if rows and result.outcome not in (Outcome.LOADED, Outcome.LOADED_TOLD):
        changed = [name for name, is_other in (("CSV", result.csv), ("model", result.model)) if is_other]
        parts.append(f"{rows:,} rows in {sum(n > 0 for n in result.written.values())} tables, {_and(changed)}")
    if result.after:
        parts.append(f"not mended: {_short('; '.join(result.after))}")
    return "; ".join(parts)


def _and(changed: list[str]) -> str:
    return f"another {' and '.join(changed)}" if changed else "CSV and model as they were"


def _names(checks: list[str]) -> str:
    names = [f"`{check.partition(':')[2]}`" for check in checks]
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST].rstrip()} ..."


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in line) + " |" for line in lines)
