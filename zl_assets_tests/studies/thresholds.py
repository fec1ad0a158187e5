"""Where the gates' bounds come from: the same model on targets that cannot be forecast.

    python -m zl_assets_tests.studies.thresholds zl_1m.csv --out thresholds.json
    python -m zl_assets_tests.studies.thresholds vw_mes_1m_flat.csv --instrument MES --out mes.json

The target is shifted in a circle against the features: its own distribution and overlap stay, its link to the features is gone.
What a gate measures on 60 such targets is what it measures when there is nothing to find, and its bound should be about the 99 %
quantile. The bounds of the instrument's module are judged, at its first horizon.

Belongs here: the measurement. Must not be here: the bounds themselves (gates), which change only in a commit that says so.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer

from zl_assets.catalog import Catalog
from zl_assets.instruments.zl import INSTRUMENT as ZL
from zl_assets.model.fit.config import ModelConfig
from zl_assets.model.fit.gates import GateResult, evaluate_gates
from zl_assets.model.fit.skill import SEED, circular_shifts, shifted
from zl_assets.model.fit.training import fit
from zl_assets.model.fit.training_set import TrainingSet, training_set
from zl_assets.settings import Settings

SHIFTS = 60


@dataclass(frozen=True)
class NullGate:
    """One gate on targets without information.

    Attributes:
        bound: the gate's bound, as text.
        real: what it measures on the real target.
        median, low, high: median, 1 % and 99 % quantile over the shifts.
        red: share of the shifts on which it is red.
    """

    name: str
    bound: str
    real: float
    median: float
    low: float
    high: float
    red: float


@dataclass(frozen=True)
class NullGates:
    """All gates on targets without information.

    Attributes:
        csv_sha256: the rows.
        shifts, seed: how many targets, and what drew them.
        any_red: share of the shifts on which at least one gate is red.
    """

    csv_sha256: str
    shifts: int
    seed: int
    any_red: float
    gates: tuple[NullGate, ...]


def null_gates(data: TrainingSet, config: ModelConfig, csv_sha256: str, shifts: int = SHIFTS, seed: int = SEED) -> NullGates:
    """Every gate on circularly shifted targets; about 0.5 s a shift on 3,810 rows.

    Raises:
        TrainingFault: the rows cannot support the fits.
    """

    def gates_of(rows: TrainingSet) -> tuple[GateResult, ...]:
        return evaluate_gates(fit(rows, config, csv_sha256))

    real = gates_of(data)
    null = [gates_of(shifted(data, int(shift))) for shift in circular_shifts(len(data.target), shifts, seed)]
    by_gate = list(zip(*null, strict=True))
    return NullGates(
        csv_sha256=csv_sha256,
        shifts=len(null),
        seed=seed,
        any_red=float(np.mean([any(not result.passed for result in results) for results in null])),
        gates=tuple(_null_gate(gate, results) for gate, results in zip(real, by_gate, strict=True)),
    )


def _null_gate(real: GateResult, null: tuple[GateResult, ...]) -> NullGate:
    low, median, high = np.quantile([result.measured for result in null], [0.01, 0.5, 0.99])
    red = float(np.mean([not result.passed for result in null]))
    return NullGate(real.name, real.bound, real.measured, float(median), float(low), float(high), red)


def main(
    csv: Annotated[Path, typer.Argument(help="the exported training CSV", exists=True, dir_okay=False)],
    out: Annotated[Path, typer.Option(help="where the measurement is written, as JSON")],
    instrument: Annotated[str, typer.Option(help="the symbol whose rows these are")] = ZL.symbol,
    shifts: Annotated[int, typer.Option(help="how many shifted targets", min=1)] = SHIFTS,
    seed: Annotated[int, typer.Option(help="what draws the shifts", min=0)] = SEED,
) -> None:
    """Measure every gate on circularly shifted targets."""
    [whose] = Catalog.of(Settings.load(instruments=instrument)).instruments
    frame = pd.read_csv(csv, parse_dates=["data_date"], float_precision="round_trip")
    config = ModelConfig.of(whose, whose.horizons[0])
    data = training_set(frame, config, whose, whose.horizons[0])
    measured = null_gates(data, config, hashlib.sha256(csv.read_bytes()).hexdigest(), shifts, seed)
    out.write_text(json.dumps(asdict(measured), indent=2) + "\n")
    typer.echo(pd.DataFrame([asdict(gate) for gate in measured.gates]).to_string(index=False, float_format="%.4f"))
    typer.echo(f"any gate red: {measured.any_red:.1%} of {measured.shifts} targets without information")


if __name__ == "__main__":
    typer.run(main)
