"""50 kills of the run and 50 of the server."""

from collections import Counter
from pathlib import Path

from zl_assets_tests.faults.figures import table
from zl_assets_tests.faults.kills import Kill, campaign, clean_run
from zl_assets_tests.support.product import Product, kill_leftover_server

POINTS = 50


def run(place: Path, points: int = POINTS) -> tuple[str, str, list[str]]:
    """The section."""
    kills: list[Kill] = []
    for who in ("run", "server"):
        home = Product(place / who, on_disk=True)
        folder = place / f"{who}-reports"
        folder.mkdir()
        try:
            kills += campaign(home, folder, who, points, clean_run(home, folder), deep_every=5 if who == "run" else 1)
        finally:
            kill_leftover_server(home.state_dir)
    return report(kills)


def report(kills: list[Kill]) -> tuple[str, str, list[str]]:
    """The section of these kills."""
    problems = [f"{k.who} at {k.at} +{k.delay}: {p}" for k in kills for p in k.problems]
    counted = Counter((k.who, k.at) for k in kills)
    rows = []
    for (who, at), count in sorted(counted.items()):
        group = [k for k in kills if (k.who, k.at) == (who, at)]
        survived = sum(k.survived for k in group) if who == "server" else "-"
        rows.append((who, at, count, survived, sum(not k.problems for k in group)))
    text = (
        f"{len(kills)} kills, half of them of the run and half of the server, each during a first run on the sample (3,998 bars) "
        "into empty datasets with no CSV or model there (all assets; without the checks, which only read), 0 to 60 ms after the "
        "event began. After each: what Dagster had been told is written is there and whole; then a rerun with nothing done by "
        "hand, identical to a clean run; no staging table, temporary file or held lock. Data files were held against DuckLake's "
        "catalog after every kill of the server and every fifth of the run: none was orphaned. 'survived': the refresh under "
        "which the server was killed came to a good end by itself, on the next server.\n\n"
        + table(("killed", "at", "kills", "survived", "identical after the rerun"), rows)
    )
    return "Kills", text, problems
