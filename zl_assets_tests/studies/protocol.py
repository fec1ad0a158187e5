"""Does the impact protocol hold its promises: how often it takes noise for a family, and how often it sees one that is there.

    python -m zl_assets_tests.studies.protocol zl_1m.csv --out docs/evidence/protocol.json

The base columns and the target are those of the CSV; the families are made up, three columns each. Noise: autoregressions, as
slow as markets' own numbers are, drawn without a look at the target. Planted: the first column is the target and noise, mixed for
the named correlation; what it comes to in one run is left to chance, as with any real column. Its noise is of the target's own
kind, sums of 21 independent steps, and so are the two columns beside it. A last set plants the strongest one in autoregressions
of each speed. Every run has a seed that follows from its number, so the list of runs was fixed before the first of them.

Belongs here: made-up families, the runs and their summary. Must not be here: the protocol's own steps (impact, probe).
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer

from zl_assets.model.fit.skill import PLACEBO_SHIFTS, circular_shifts
from zl_assets.model.fit.splits import impact_folds
from zl_assets.model.fit.training_set import TrainingSet
from zl_assets.model.impact.decision import SIGNIFICANT
from zl_assets.model.impact.effect import p_value
from zl_assets.model.impact.probe import ridge_errors
from zl_assets_tests.model.record import RECORD, training_set
from zl_assets_tests.support.contracts import HORIZON, MONTH

NOISE_RUNS = 200
PLANTED_RUNS = 60
PLANTED_IC = 0.30
WEAKER_ICS = (0.10, 0.15, 0.20)
SEED = 756_021_063
COLUMNS = 3
# One-session autocorrelation: from nearly independent days to a half-life of 138 sessions, as a yield's level has.
PERSISTENCE = (0.5, 0.9, 0.98, 0.995)


@dataclass(frozen=True)
class Kind:
    """A kind of made-up family.

    Attributes:
        ic: correlation with the target that its first column is mixed for; 0 for noise.
        persistence: one-session autocorrelations of its noise, taken in turn; empty for sums of 21 steps, as the target is one.
        runs: how many.
    """

    name: str
    ic: float
    persistence: tuple[float, ...]
    runs: int


@dataclass(frozen=True)
class Run:
    """One made-up family through the deciding probe.

    Attributes:
        kind: name of its kind.
        persistence: of its noise; None for sums of 21 steps.
        seed: what drew the family and the shifts.
        ic: correlation of its first column with the target, as it came out over all rows.
    """

    kind: str
    persistence: float | None
    seed: int
    ic: float
    p: float
    effect: float

    @property
    def found(self) -> bool:
        """p <= 0.05 with an effect above 0: the family would come through."""
        return self.p <= SIGNIFICANT and self.effect > 0


@dataclass(frozen=True)
class Share:
    """How many runs of one kind came through, with a 95 % Clopper-Pearson interval."""

    kind: str
    runs: int
    found: int
    share: float
    low: float
    high: float


@dataclass(frozen=True)
class Study:
    """All runs, and their shares by kind.

    Attributes:
        csv_sha256: the rows.
        rows, shifts: of every run.
    """

    csv_sha256: str
    rows: int
    shifts: int
    seed: int
    shares: tuple[Share, ...]
    runs: tuple[Run, ...]


def kinds(noise: int, planted: int) -> tuple[Kind, ...]:
    """The study's kinds, in order.

    Args:
        noise: runs of noise.
        planted: runs of each kind that has something to find.
    """
    return (
        Kind("noise", 0.0, PERSISTENCE, noise),
        Kind(f"planted {PLANTED_IC:.2f}", PLANTED_IC, (), planted),
        *(Kind(f"planted {ic:.2f}", ic, (), planted) for ic in WEAKER_ICS),
        *(Kind(f"planted {PLANTED_IC:.2f}, persistence {slow}", PLANTED_IC, (slow,), planted) for slow in PERSISTENCE),
    )


def study(data: TrainingSet, csv_sha256: str, made: Sequence[Kind], shifts: int, seed: int = SEED) -> Study:
    """Every run of every kind, in order of their seeds; about 0.15 s a run at 239 shifts of 3,810 rows."""
    numbered = enumerate((kind, number) for kind in made for number in range(kind.runs))
    runs = [run(data, kind, number, seed + place, shifts) for place, (kind, number) in numbered]
    shares = tuple(share_of(kind.name, [run for run in runs if run.kind == kind.name]) for kind in made)
    return Study(csv_sha256, len(data.target), shifts, seed, shares, tuple(runs))


def run(data: TrainingSet, kind: Kind, number: int, seed: int, shifts: int) -> Run:
    """One made-up family on the real base and target."""
    random = np.random.default_rng(seed)
    persistence = kind.persistence[number % len(kind.persistence)] if kind.persistence else None
    rows = len(data.target)
    family = np.column_stack([_noise(rows, persistence, random) for _ in range(COLUMNS)])
    if kind.ic:
        family[:, 0] = mixed(data.target, family[:, 0], kind.ic)
    folds = impact_folds(rows, MONTH)
    moves = circular_shifts(rows, shifts, int(random.integers(2**31)))
    errors = ridge_errors(data.features.to_numpy(), family, data.target, folds, moves)
    gain = float(errors.gain.mean())
    zero = data.target[np.concatenate([test for _, test in folds])] ** 2
    return Run(
        kind=kind.name,
        persistence=persistence,
        seed=seed,
        ic=round(float(np.corrcoef(family[:, 0], data.target)[0, 1]), 4),
        p=round(p_value(gain, errors.shifted_gain), 6),
        effect=round(gain / float(zero.mean()), 6),
    )


def _noise(rows: int, persistence: float | None, random: np.random.Generator) -> np.ndarray:
    if persistence is None:
        return np.convolve(random.normal(size=rows + HORIZON - 1), np.ones(HORIZON), mode="valid")
    return autoregression(rows, persistence, random)


def autoregression(rows: int, persistence: float, random: np.random.Generator) -> np.ndarray:
    """x[t] = persistence * x[t-1] + e[t], started in its stationary state."""
    from scipy.signal import lfilter

    steps = random.normal(size=rows)
    steps[0] /= np.sqrt(1 - persistence**2)
    return np.asarray(lfilter([1.0], [1.0, -persistence], steps))


def mixed(target: np.ndarray, noise: np.ndarray, ic: float) -> np.ndarray:
    """A column that is expected to have the correlation `ic` with the target: ic parts of it, sqrt(1 - ic^2) parts of noise."""
    known = (target - target.mean()) / target.std()
    other = (noise - noise.mean()) / noise.std()
    column: np.ndarray = ic * known + np.sqrt(1 - ic**2) * other
    return column


def share_of(kind: str, runs: Sequence[Run]) -> Share:
    """The share that came through, with its exact interval."""
    from scipy.stats import binomtest

    found = sum(run.found for run in runs)
    interval = binomtest(found, len(runs)).proportion_ci(0.95, method="exact")
    return Share(kind, len(runs), found, round(found / len(runs), 4), round(interval.low, 4), round(interval.high, 4))


def main(
    csv: Annotated[Path, typer.Argument(help="the exported training CSV", exists=True, dir_okay=False)],
    out: Annotated[Path, typer.Option(help="where the runs are written, as JSON")],
    noise: Annotated[int, typer.Option(help="runs of noise", min=1)] = NOISE_RUNS,
    planted: Annotated[int, typer.Option(help="runs of each kind that has something to find", min=1)] = PLANTED_RUNS,
    shifts: Annotated[int, typer.Option(help="placebo shifts of a run", min=1)] = PLACEBO_SHIFTS,
) -> None:
    """Run the protocol on made-up families, and say what share came through."""
    frame = pd.read_csv(csv, parse_dates=["data_date"], float_precision="round_trip")
    data = training_set(frame, RECORD)
    sha256 = hashlib.sha256(csv.read_bytes()).hexdigest()
    done = study(data, sha256, kinds(noise, planted), shifts)
    out.write_text(study_json(done))
    typer.echo(pd.DataFrame([asdict(share) for share in done.shares]).to_string(index=False, float_format="%.3f"))


def study_json(done: Study) -> str:
    """The study as JSON, a line a run."""
    head = asdict(done)
    runs = ",\n".join("  " + json.dumps(run) for run in head.pop("runs"))
    return json.dumps(head, indent=1)[:-2] + f',\n "runs": [\n{runs}\n ]\n}}\n'


if __name__ == "__main__":
    typer.run(main)
