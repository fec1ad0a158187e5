"""What one instrument costs beside others, and whether six together are what each is alone: docs/evidence/instruments.md.

    python -m zl_assets_tests.studies.instruments bars_folder --as-of 2025-11-17

1, 6 and 40 made-up instruments, whose bars are the real soybean oil ones drawn again in blocks, are refreshed from nothing and
again, each number in a process of its own. The six real ones are refreshed in one run, and by six runs that begin at the same
time on one other folder; every table, CSV and model is compared.

Belongs here: the runs, the counts and their page. Must not be here: what an instrument is.
"""

import datetime as dt
import hashlib
import json
import logging
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import psutil
import typer

from zl_assets.automation import REFRESH
from zl_assets.catalog import Catalog
from zl_assets.definitions import definitions_of
from zl_assets.domain.rules.offenders import PRICES
from zl_assets.embedded.client import embedded_client
from zl_assets.embedded.lifecycle import ensure_server, stop_server
from zl_assets.instruments.base import Instrument, Minima
from zl_assets.instruments.zl import INSTRUMENT as ZL
from zl_assets.settings import Settings
from zl_assets.sources.bars import read_bars
from zl_assets_tests.faults.figures import machine, table
from zl_assets_tests.graph.costs import recording
from zl_assets_tests.support.product import WRITTEN_AT, Product, kill_leftover_server, quiet

NUMBERS = (1, 6, 40)
# Long enough for ranges, which need 1,049 rows of the view; the replay makes 682 fits.
SESSIONS = 1500
BLOCK = 63
REAL = ("ZL", "MES", "ZS", "ZM", "ZC", "ZW")
_MIB = 1 << 20


def made_up(number: int) -> list[Instrument]:
    """Instruments that differ by name."""
    return [
        # Of more folds the first would have fewer rows than are asked for.
        replace(ZL, symbol=f"X{i:02d}", slug=f"x{i:02d}", name=f"made-up oil {i}", folds=3, minima=Minima(1, 1), bare_names=False)
        for i in range(number)
    ]


def drawn_again(bars: pd.DataFrame, symbol: str, seed: int) -> pd.DataFrame:
    """Bars of the newest `SESSIONS` weekdays whose steps are those of the real ones, drawn in blocks with replacement.

    Args:
        bars: of one symbol, in order of date.
    """
    days = bars[bars["date"].dt.dayofweek < 5].reset_index(drop=True)
    steps = pd.DataFrame({name: days[name] / days["close"].shift() for name in PRICES})
    starts = np.random.default_rng(seed).integers(1, len(days) - BLOCK, SESSIONS // BLOCK + 1)
    drawn = np.concatenate([np.arange(start, start + BLOCK) for start in starts])[:SESSIONS]
    before = 45.0 * np.concatenate([[1.0], np.cumprod(steps["close"].to_numpy()[drawn])[:-1]])
    prices = {name: np.round(before * steps[name].to_numpy()[drawn] / ZL.tick) * ZL.tick for name in PRICES}
    made = days.tail(SESSIONS)[["date"]].reset_index(drop=True).assign(symbol=symbol, **prices)
    # To the tick: a high or low may have been rounded past the open or close.
    made["high"], made["low"] = made[list(PRICES)].max(axis=1), made[list(PRICES)].min(axis=1)
    return made.assign(volume=days["volume"].to_numpy()[drawn], instrument_id=1 + drawn // BLOCK)


def one(number: int, bars: Path, as_of: dt.date, folder: Path) -> dict[str, Any]:
    """Refresh that many made-up instruments from nothing, and again."""
    real = read_bars(bars, [ZL]).frame
    instruments = made_up(number)
    path = folder / "bars.parquet"
    pd.concat([drawn_again(real, one.symbol, seed) for seed, one in enumerate(instruments)]).to_parquet(path)
    product = Product(folder, {"bars": path, "as_of": as_of}, on_disk=True)
    settings = product.settings()
    known = Catalog.of(Settings.load(instruments=REAL))
    catalog = Catalog.with_parts(settings, instruments, known.sources, off=known.instruments)
    server = psutil.Process(ensure_server(settings.state_dir).pid)
    found: dict[str, Any] = {"instruments": number}
    client = product.client()
    for name in ("first", "again"):
        with recording(client) as sent:
            began = time.perf_counter()
            job = definitions_of(catalog, settings).resolve_job_def(REFRESH)
            result = job.execute_in_process(instance=product.instance, raise_on_error=False, run_config=quiet())
            seconds = time.perf_counter() - began
        steps = [str(event.step_key) for event in result.get_step_failure_events()]
        found[name] = {
            "seconds": seconds,
            "jobs": len(sent.jobs),
            "calls": sent.calls.total(),
            # No forecast is published, scored or kept of a model that fails a gate; nothing else may fail.
            "not published": len([step for step in steps if step.endswith("_1m_latest")]),
        }
        if other := [step for step in steps if not step.endswith(("_1m_latest", "_forecast_record", "_forecast_score"))]:
            raise RuntimeError(f"These steps failed: {', '.join(other)}")
    client.close()
    found["process_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found["server_mib"] = server.memory_info().rss / _MIB
    stop_server(settings.state_dir)
    links = (path for path in settings.state_dir.rglob("*") if path.is_file() and not path.is_symlink())
    found["state_mib"] = sum(path.stat().st_size for path in links) / _MIB
    return found


def _apart(number: int, bars: Path, as_of: dt.date) -> dict[str, Any]:
    """One number, in a process of its own."""
    command = [sys.executable, "-W", "ignore", "-m", __spec__.name, str(bars), "--as-of", str(as_of), "--only", str(number)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found: dict[str, Any] = json.loads(said.splitlines()[-1])
    return found


def growth(bars: Path, as_of: dt.date) -> str:
    """The table of the numbers."""
    rows = []
    for number in NUMBERS:
        found = _apart(number, bars, as_of)
        typer.echo(json.dumps(found))
        rows += [
            (
                number,
                f"{found['first']['seconds']:.1f}",
                f"{found['first']['seconds'] / number:.1f}",
                f"{found['first']['jobs'] / number:.1f}",
                f"{found['again']['seconds']:.1f}",
                f"{found['again']['seconds'] / number:.1f}",
                f"{found['again']['jobs'] / number:.1f}",
                f"{found['again']['calls'] / number:.0f}",
                f"{found['process_mib']:.0f}",
                f"{found['server_mib']:.0f}",
                f"{found['state_mib'] / number:.1f}",
                found["first"]["not published"],
            )
        ]
    head = (
        "instruments",
        "first refresh, s",
        "each, s",
        "jobs each",
        "again, s",
        "each, s",
        "jobs each",
        "calls each",
        "process at most, MiB",
        "server, MiB",
        "state each, MiB",
        "models not published",
    )
    return table(head, rows)


def together_and_apart(bars: Path, as_of: dt.date, place: Path) -> tuple[float, float, list[str]]:
    """The real instruments in one run, and by as many runs at the same time.

    Returns:
        Seconds of either, and what differs.
    """
    values = {"ZL_BARS": str(bars), "ZL_AS_OF": str(as_of)}
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("ZL_", "DAGSTER_"))}
    seconds, left = [], []
    for name, runs in (("together", [",".join(REAL)]), ("apart", list(REAL))):
        home = place / name
        home.mkdir()
        began = time.perf_counter()
        started = [
            subprocess.Popen(
                [sys.executable, "-m", "zl_assets"],
                env=clean | values | {"ZL_INSTRUMENTS": on, "ZL_STATE_DIR": str(home / "state"), "DAGSTER_HOME": str(home)},
                stdout=(home / f"{i}.txt").open("w"),
                stderr=subprocess.STDOUT,
            )
            for i, on in enumerate(runs)
        ]
        for process in started:
            process.wait()
        seconds.append(time.perf_counter() - began)
        left.append(dict(_left(home / "state")))
        stop_server(home / "state")
    first, second = left
    differ = [
        f"{name}: {first.get(name)}, {second.get(name)}" for name in sorted(first | second) if first.get(name) != second.get(name)
    ]
    return seconds[0], seconds[1], differ


def _left(state: Path) -> Iterator[tuple[str, str]]:
    """A digest of every table, CSV and published model, by name."""
    client = embedded_client(state, "us-central1")
    for dataset in client.list_datasets():
        for each in client.list_tables(dataset.dataset_id):
            name = f"{dataset.dataset_id}.{each.table_id}"
            rows = client.query(f"SELECT * FROM `{name}`").to_arrow()
            flat = rows.drop_columns([stamp for stamp in WRITTEN_AT if stamp in rows.column_names])
            while any(str(column.type).startswith("struct") for column in flat.columns):
                flat = flat.flatten()
            hashes = np.sort(pd.util.hash_pandas_object(flat.to_pandas(), index=False).to_numpy())
            yield name, f"{len(rows):,} rows {hashlib.sha256(hashes.tobytes()).hexdigest()[:16]}"
    client.close()
    for path in sorted([*state.glob("training_csv/*.csv"), *state.glob("models/**/latest/model.txt")]):
        yield str(path.relative_to(state)), hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def page(grown: str, together: float, apart: float, differ: list[str], compared: int) -> str:
    """docs/evidence/instruments.md."""
    same = "every one is equal but for the times of writing" if not differ else "these differ: " + "; ".join(differ)
    return f"""# What an instrument costs beside others

Written by `python -m zl_assets_tests.studies.instruments`, {machine()}.

## 1, 6 and 40

Made-up instruments: {SESSIONS:,} sessions each, whose steps are those of the real soybean oil bars, drawn in blocks of
{BLOCK}. Each has every asset and check that ZL has; a model that fails a gate is not published, as on any bars. "Each" is
divided by the number of instruments, and should not grow with it.

{grown}

## Six real ones, together and at the same time

{", ".join(REAL)} in one run ({together:.0f} s), and by six runs of one instrument each that began at the same time on one other
folder ({apart:.0f} s, on {os.cpu_count()} cores). {compared} tables, views, CSVs and models were compared: {same}.
"""


def main(
    bars: Annotated[Path, typer.Argument(help="daily bars of the real instruments: a file or a folder", exists=True)],
    as_of: Annotated[str, typer.Option(help="YYYY-MM-DD")],
    out: Annotated[Path, typer.Option(help="the page")] = Path("docs/evidence/instruments.md"),
    only: Annotated[int | None, typer.Option(help="refresh so many made-up instruments, and print what it took")] = None,
) -> None:
    """Measure what an instrument costs beside others."""
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    date = dt.date.fromisoformat(as_of)
    with tempfile.TemporaryDirectory(prefix="zl-instruments-") as folder:
        place = Path(folder)
        if only is not None:
            try:
                typer.echo(json.dumps(one(only, bars, date, place)))
            finally:
                kill_leftover_server(place / "state")
            return
        grown = growth(bars, date)
        together, apart, differ = together_and_apart(bars.absolute(), date, place)
        compared = len(dict(_left(place / "together" / "state")))
        stop_server(place / "together" / "state")
    out.write_text(page(grown, together, apart, differ, compared))
    typer.echo(f"{len(differ)} differences: {'; '.join(differ)}")


if __name__ == "__main__":
    typer.run(main)
