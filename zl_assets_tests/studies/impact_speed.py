"""How long the deciding probe takes, how that grows, and where the time goes; the tables of docs/evidence/impact.md.

    OPENBLAS_NUM_THREADS=1 python -m zl_assets_tests.studies.impact_speed

Processor seconds of the best of three, on made-up numbers: other programs on the machine then matter least.
"""

import cProfile
import os
import pstats
import time

import numpy as np

from zl_assets.model.fit.skill import SEED, circular_shifts
from zl_assets.model.fit.splits import impact_folds
from zl_assets.model.impact.probe import ridge_errors
from zl_assets_tests.support.contracts import MONTH

ROWS, COLUMNS, SHIFTS = 3810, 8, 399


def once(rows: int, columns: int, shifts: int) -> None:
    random = np.random.default_rng(0)
    base, family = random.normal(size=(rows, 8)), np.cumsum(random.normal(size=(rows, columns)), axis=0)
    ridge_errors(base, family, random.normal(size=rows), impact_folds(rows, MONTH), circular_shifts(rows, shifts, SEED))


def seconds(rows: int = ROWS, columns: int = COLUMNS, shifts: int = SHIFTS) -> float:
    taken = []
    for _ in range(3):
        begun = time.process_time()
        once(rows, columns, shifts)
        taken.append(time.process_time() - begun)
    return min(taken)


def table(name: str, values: tuple[int, ...]) -> None:
    print(f"\n| {name} | seconds | to the one before |\n|---|---|---|")
    before = None
    for value in values:
        taken = seconds(**{name: value})
        print(f"| {value:,} | {taken:.2f} | {f'x {taken / before:.2f}' if before else ''} |", flush=True)
        before = taken


def main() -> None:
    settings = {name: os.environ.get(name, "unset") for name in ("OPENBLAS_CORETYPE", "OPENBLAS_NUM_THREADS")}
    print(f"{ROWS:,} rows, {COLUMNS} columns, {SHIFTS} shifts: {seconds():.2f} s ({settings})")
    table("rows", (1905, 3810, 7620, 15240))
    table("columns", (1, 2, 4, 8, 16, 32))
    table("shifts", (99, 199, 399, 799, 1599))
    profile = cProfile.Profile(time.process_time)
    profile.runcall(once, ROWS, COLUMNS, SHIFTS)
    pstats.Stats(profile).sort_stats("tottime").print_stats(12)


if __name__ == "__main__":
    main()
