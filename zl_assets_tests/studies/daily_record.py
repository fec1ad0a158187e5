"""What the record holds after sixty daily refreshes, and how much better the open forecasts look.

    python -m zl_assets_tests.studies.daily_record bars.parquet --out docs/evidence/forecast-record.md

Each refresh is as of the day after a session, on bars cut before it, in one state folder. What is counted: rows that were
recorded, changed later, scored, and that differ from the replay's. Beside it the skill of the record and that of the rows that
`zl_1m_latest` kept, on the same sessions.

Belongs here: the runs, the counts and their page. Must not be here: what the record takes, how a forecast is scored.
"""

import datetime as dt
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import dagster as dg
import numpy as np
import pandas as pd
import typer

from zl_assets.domain.forecast_score import unlike_replay
from zl_assets_tests.support.contracts import HORIZON, LATEST, RECORD, REPLAY, SCORE, SYMBOL
from zl_assets_tests.support.product import Product, failures, red


@dataclass(frozen=True, eq=False)
class Outcome:
    """The tables after the last refresh.

    Attributes:
        changed: rows of the record that were not at the end as on their first day, their time of writing among it.
        red: checks that were red at the end, warnings as well.
    """

    record: pd.DataFrame
    score: pd.DataFrame
    replay: pd.DataFrame
    latest: pd.DataFrame
    changed: int
    red: set[str]


def daily_refreshes(bars: pd.DataFrame, first: dt.date, days: int, folder: Path) -> Outcome:
    """Refresh as of the day after each session from `first` on.

    Args:
        bars: as from the vendor, of any symbols; `date` is their UTC date.
        days: how many refreshes.
        folder: an empty one.

    Raises:
        RuntimeError: a refresh failed; the message is what it said.
    """
    dates = pd.to_datetime(bars["date"]).dt.date
    sessions = sorted({day for day in dates[bars["symbol"].eq(SYMBOL)] if day >= first and day.weekday() < 5})[:days]
    product, path, seen = Product(folder), folder / "bars.parquet", pd.DataFrame()
    changed = 0
    for session in sessions:
        as_of = session + dt.timedelta(days=1)
        bars[dates < as_of].to_parquet(path)
        # The evidence in the report is not looked at here, and the checks once, at the end.
        ops = {"lgbm_model": {"placebo_shifts": 1}}
        values = {"bars": path, "as_of": as_of, "min_matrix_rows": 3700}
        result = product.run_assets(dg.AssetSelection.all(), checks=False, ops=ops, **values)
        if said := failures(result):
            raise RuntimeError(f"{as_of}: {said}")
        now = product.table(RECORD.table, with_stamps=True)
        changed += int((~seen.apply(tuple, axis=1).isin(set(now.apply(tuple, axis=1)))).sum()) if len(seen) else 0
        seen = now
    checked = product.run_job("zl_checks", **values)
    found = Outcome(
        *(product.table(contract.table) for contract in (RECORD, SCORE, REPLAY, LATEST)), changed=changed, red=red(checked)
    )
    product.let_go()
    return found


def skill(came: pd.Series, predicted: pd.Series) -> float:
    """1 minus the squared error over that of saying that the price stays where it is."""
    return float(1 - np.square(came - predicted).sum() / np.square(came).sum())


def page(found: Outcome, command: str) -> str:
    """The study as Markdown."""
    record, score = found.record, found.score
    both = score.merge(found.latest[["data_date", "predicted_return"]], on="data_date", suffixes=("", "_kept"))
    as_issued, kept = (skill(both["came_return"], both[name]) for name in ("predicted_return", "predicted_return_kept"))
    other = unlike_replay(record, found.replay)
    inside = ", ".join(
        f"{100 * score[f'inside_{level}'].astype(float).mean():.0f} % in the {level} % range" for level in (50, 80, 95)
    )
    listed = "\n".join(
        f"| {row.data_date:%Y-%m-%d} | {row.model_id} | {row.predicted_return:+.6f} | {row.replayed_return:+.6f} |"
        for row in other.itertuples()
    )
    table = (
        "| session | published model | said | replayed |\n|---|---|---|---|\n" + listed if listed else "There was no such day."
    )
    return f"""# The record after {len(record)} daily refreshes

From a run of

<!-- not in ci: a quarter of an hour, on the licensed bars -->
```sh
{command}
```

on Databento's ZL bars: each refresh is as of the day after a session, on bars cut before it, in one state folder with
`ZL_MIN_MATRIX_ROWS=3700`. All rows are back-dated, since they were recorded long after their as-of dates.

| what | found |
|---|---|
| refreshes | {len(record)}, of sessions {record["data_date"].min():%Y-%m-%d} to {record["data_date"].max():%Y-%m-%d} |
| rows recorded | {len(record)} |
| rows that a later refresh changed | {found.changed} |
| rows that came due, all scored | {len(score)} |
| of these inside | {inside} |
| days on which record and replay differ | {len(other)} |
| checks that are not green at the end | {", ".join(sorted(found.red)) or "none"} |

The rows that came due are worth about {len(score) / HORIZON:.0f} independent ones: their shares and skills say nothing about the
model.

## The same sessions, scored from the wrong table

| table | skill against no change |
|---|---|
| `{RECORD.name}`, as first issued | {as_issued:+.1%} |
| `{LATEST.name}`, as kept | {kept:+.1%} |

`zl_1m_latest` is forecast anew every day until the outcome is known, by models that have learnt from labels which overlap its own
by up to 20 of 21 sessions. [ranges.md](ranges.md) has the same over ten years.

## Days on which record and replay differ

On these an older model was the published one, because the day's own had failed a gate; the replay has the day's own.

{table}
"""


def main(
    bars: Annotated[Path, typer.Argument(help="Daily bars, Parquet.")],
    out: Annotated[Path, typer.Option(help="The page to write.")],
    first: Annotated[str, typer.Option(help="The first session.")] = "2025-08-15",
    days: Annotated[int, typer.Option(help="How many refreshes.")] = 60,
) -> None:
    """Refresh day by day and write the page."""
    with tempfile.TemporaryDirectory() as folder:
        found = daily_refreshes(pd.read_parquet(bars), dt.date.fromisoformat(first), days, Path(folder))
    options = f"--first {first} --days {days} --out docs/evidence/{out.name}"
    command = f".venv/bin/python -m zl_assets_tests.studies.daily_record {bars.name} {options}"
    out.write_text(page(found, command))


if __name__ == "__main__":
    typer.run(main)
