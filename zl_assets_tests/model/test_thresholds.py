import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
import pytest

from zl_assets import instruments
from zl_assets.discovery import found_in
from zl_assets.instruments.base import Instrument
from zl_assets.model.fit.gates import model_gates
from zl_assets.model.fit.skill import SEED
from zl_assets.model.fit.training import TrainedModel
from zl_assets_tests.model.record import RECORD
from zl_assets_tests.studies.thresholds import null_gates
from zl_assets_tests.support.contracts import MONTH, ZL


def test_the_script_writes_what_it_measured(walk: pd.DataFrame, walk_model: TrainedModel, tmp_path: Path) -> None:
    csv, out = tmp_path / "view.csv", tmp_path / "thresholds.json"
    walk.to_csv(csv, index=False)
    command = [sys.executable, "-W", "error", "-m", "zl_assets_tests.studies.thresholds", csv, "--out", out, "--shifts", "3"]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "of 3 targets without information" in run.stdout
    written = json.loads(out.read_text())
    assert (written["shifts"], written["seed"]) == (3, SEED)
    assert written["csv_sha256"] == hashlib.sha256(csv.read_bytes()).hexdigest()
    assert [gate["name"] for gate in written["gates"]] == [gate.name for gate in model_gates(ZL, MONTH)]
    ratio = max(fold.score.ratio for fold in walk_model.folds)
    assert written["gates"][0]["real"] == pytest.approx(ratio)


EVIDENCE = Path(__file__).parents[2] / "docs" / "evidence"
INSTRUMENTS = cast(list[Instrument], found_in(instruments, "INSTRUMENT"))


@pytest.mark.parametrize("instrument", INSTRUMENTS, ids=lambda one: one.symbol)
def test_the_committed_measurement_is_of_these_gates_and_holds_no_prices(instrument: Instrument) -> None:
    committed = EVIDENCE / ("thresholds.json" if instrument.bare_names else f"thresholds-{instrument.slug}.json")
    written = json.loads(committed.read_text())
    assert (written["shifts"], written["seed"]) == (60, SEED)
    assert re.fullmatch("[0-9a-f]{64}", written["csv_sha256"])
    assert written["any_red"] <= 0.05
    gates = model_gates(instrument, instrument.horizons[0])
    assert [(gate["name"], gate["bound"]) for gate in written["gates"]] == [(gate.name, gate.bound) for gate in gates]
    # One number a gate and quantile; the vendor's rows are licensed.
    assert committed.stat().st_size < 4000


def test_the_bounds_still_fit_the_real_series(real_model: TrainedModel) -> None:
    """12 of the 60 shifts of the committed measurement: their quantiles are inside most bounds, and few of them are red."""
    measured = null_gates(real_model.data, RECORD, "", shifts=12)
    assert measured.any_red <= 0.25
    for gate, null in zip(model_gates(ZL, MONTH), measured.gates, strict=True):
        assert gate.name == null.name
        assert gate.high is None or null.median < gate.high
        assert gate.low is None or null.median > gate.low
        assert np.isfinite([null.low, null.high, null.real]).all()
