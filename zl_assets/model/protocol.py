"""Does the impact protocol hold its promises: how often it takes noise for a family, and how often it sees one that is there.

    python -m zl_assets.model.protocol zl_1m.csv --out docs/protocol.json

The base columns and the target are those of the CSV; the families are made up. Noise: columns of an autoregression, as slow as
markets' own numbers are, drawn without a look at the target. Planted: one column that is the target and noise of the same kind,
mixed for the named correlation, beside two columns of noise; what it comes to in one run is left to chance, as with any real
column. Every run has a seed that follows from its number, so the list of runs was fixed before the first of them.

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

from zl_assets.model.config import ModelConfig
from zl_assets.model.impact import SIGNIFICANT, p_value
from zl_assets.model.probe import ridge_errors
from zl_assets.model.skill import PLACEBO_SHIFTS, circular_shifts
from zl_assets.model.splits import impact_folds
from zl_assets.model.training import TrainingSet, training_set

NOISE_RUNS = 200
PLANTED_RUNS = 60
PLANTED_IC = 0.30
WEAKER_ICS = (0.10, 0.15, 0.20)
SEED = 756_021_063
COLUMNS = 3
# One-session autocorrelation: from nearly independent days to a half-life of 138 sessions, as a yield's level has.
PERSISTENCE = (0.5, 0.9, 0.98, 0.995)


@dataclass(frozen=True)
class Run:
    """One made-up family through the deciding probe.

    Attributes:
        ic: what its first column was mixed for; 0 for noise.
        persistence: one-session autocorrelation of its noise.
        seed: what drew the family and the shifts.
    """

    ic: float
    persistence: float
    seed: int
    p: float
    effect: float

    @property
    def found(self) -> bool:
        """p <= 0.05 with an effect above 0: the family would come through."""
        return self.p <= SIGNIFICANT and self.effect > 0


@dataclass(frozen=True)
class Share:
    """How many runs of one kind came through, with a 95 % Clopper-Pearson interval."""

    ic: float
    runs: int
    found: int
    share: float
    low: float
    high: float


@dataclass(frozen=True)
class Study:
    """All runs, and their shares by correlation.

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


def study(data: TrainingSet, csv_sha256: str, *, noise: int, planted: int, weaker: int, shifts: int, seed: int = SEED) -> Study:
    """The runs in order of their seeds.

    Args:
        noise, planted: runs of noise, and of a planted correlation of 0.30.
        weaker: runs of each weaker correlation.
    """
    counts = [(0.0, noise), (PLANTED_IC, planted), *((ic, weaker) for ic in WEAKER_ICS)]
    ics = [ic for ic, count in counts for _ in range(count)]
    runs = tuple(run(data, ic, seed + number, shifts) for number, ic in enumerate(ics))
    kinds = dict.fromkeys(ics)
    return Study(
        csv_sha256=csv_sha256,
        rows=len(data.target),
        shifts=shifts,
        seed=seed,
        shares=tuple(share_of(ic, [run for run in runs if run.ic == ic]) for ic in kinds),
        runs=runs,
    )


def run(data: TrainingSet, ic: float, seed: int, shifts: int) -> Run:
    """One made-up family on the real base and target."""
    random = np.random.default_rng(seed)
    persistence = PERSISTENCE[seed % len(PERSISTENCE)]
    rows = len(data.target)
    family = np.column_stack([autoregression(rows, persistence, random) for _ in range(COLUMNS)])
    if ic:
        family[:, 0] = mixed(data.target, family[:, 0], ic)
    folds = impact_folds(rows)
    moves = circular_shifts(rows, shifts, int(random.integers(2**31)))
    errors = ridge_errors(data.features.to_numpy(), family, data.target, folds, moves)
    gain = float(errors.gain.mean())
    zero = data.target[np.concatenate([test for _, test in folds])] ** 2
    return Run(ic, persistence, seed, p_value(gain, errors.shifted_gain), gain / float(zero.mean()))


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


def share_of(ic: float, runs: Sequence[Run]) -> Share:
    """The share that came through, with its exact interval."""
    from scipy.stats import binomtest

    found = sum(run.found for run in runs)
    interval = binomtest(found, len(runs)).proportion_ci(0.95, method="exact")
    return Share(ic, len(runs), found, found / len(runs), float(interval.low), float(interval.high))


def main(
    csv: Annotated[Path, typer.Argument(help="the exported training CSV", exists=True, dir_okay=False)],
    out: Annotated[Path, typer.Option(help="where the runs are written, as JSON")],
    noise: Annotated[int, typer.Option(help="runs of noise", min=1)] = NOISE_RUNS,
    planted_runs: Annotated[int, typer.Option(help="runs of a planted correlation of 0.30", min=1)] = PLANTED_RUNS,
    weaker: Annotated[int, typer.Option(help="runs of each of 0.10, 0.15 and 0.20", min=0)] = PLANTED_RUNS,
    shifts: Annotated[int, typer.Option(help="placebo shifts of a run", min=1)] = PLACEBO_SHIFTS,
) -> None:
    """Run the protocol on made-up families, and say what share came through."""
    frame = pd.read_csv(csv, parse_dates=["data_date"], float_precision="round_trip")
    data = training_set(frame, ModelConfig())
    sha256 = hashlib.sha256(csv.read_bytes()).hexdigest()
    made = study(data, sha256, noise=noise, planted=planted_runs, weaker=weaker, shifts=shifts)
    out.write_text(study_json(made))
    typer.echo(pd.DataFrame([asdict(share) for share in made.shares]).to_string(index=False, float_format="%.3f"))


def study_json(made: Study) -> str:
    """The study with one line a run."""
    head = asdict(made)
    runs = ",\n".join("  " + json.dumps(run) for run in head.pop("runs"))
    return json.dumps(head, indent=1)[:-2] + f',\n "runs": [\n{runs}\n ]\n}}\n'


if __name__ == "__main__":
    typer.run(main)
