"""The study of the protocol: its made-up families, a small run of it, and the committed one."""

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from zl_assets_tests.model.record import RECORD, training_set
from zl_assets_tests.studies.protocol import SEED, Run, autoregression, kinds, mixed, share_of, study

COMMITTED = Path(__file__).parents[2] / "docs" / "evidence" / "protocol.json"


def test_an_autoregression_has_its_persistence_from_the_first_row_on() -> None:
    made = np.array([autoregression(400, 0.9, np.random.default_rng(seed)) for seed in range(2000)])
    for row in (0, 1, 399):
        assert made[:, row].std() == pytest.approx(1 / np.sqrt(1 - 0.81), rel=0.06)
    assert np.corrcoef(made[:, 0], made[:, 1])[0, 1] == pytest.approx(0.9, abs=0.02)


def test_a_mixed_column_has_its_correlation_on_the_average() -> None:
    random = np.random.default_rng(0)
    target = random.normal(3, 2, size=2000)
    found = [np.corrcoef(mixed(target, random.normal(size=2000), 0.3), target)[0, 1] for _ in range(200)]
    assert np.mean(found) == pytest.approx(0.3, abs=0.005)


def test_a_share_has_the_exact_interval_of_a_binomial() -> None:
    def runs(found: int, count: int) -> list[Run]:
        return [Run("k", None, k, 0.0, 0.01 if k < found else 0.5, 0.1) for k in range(count)]

    # Clopper and Pearson's bounds for 9 of 200 and 0 of 10, from their closed form: 1 - 0.025^(1/10) for the latter.
    assert (share_of("k", runs(9, 200)).low, share_of("k", runs(9, 200)).high) == (0.0208, 0.0837)
    assert share_of("k", runs(0, 10)).high == pytest.approx(1 - 0.025 ** (1 / 10), abs=1e-4)
    harmful = [Run("k", None, 0, 0.0, 0.01, -0.1)]
    assert share_of("k", harmful).found == 0


def test_noise_does_not_come_through_and_what_is_there_does(walk: pd.DataFrame) -> None:
    """The small version: 12 families of noise and 6 planted ones with 59 shifts, on rows of a random walk."""
    data = training_set(walk, RECORD)
    done = study(data, "", [kind for kind in kinds(12, 6) if kind.name in ("noise", "planted 0.30")], shifts=59)
    noise, planted = done.shares
    assert (noise.runs, planted.runs) == (12, 6)
    # 4 or more of 12 at a true share of 5 % come in 0.2 % of studies; 2 or fewer of 6 at 85 % in 0.6 %.
    assert noise.found <= 3
    assert planted.found >= 3
    assert len({run.seed for run in done.runs}) == 18
    again = study(data, "", [kinds(1, 1)[0]], shifts=59)
    assert again.runs[0] == done.runs[0]


def test_the_command_writes_every_run(walk: pd.DataFrame, tmp_path: Path) -> None:
    csv, out = tmp_path / "view.csv", tmp_path / "protocol.json"
    walk.to_csv(csv, index=False)
    command = [sys.executable, "-W", "error", "-m", "zl_assets_tests.studies.protocol", csv, "--out", out]
    ran = subprocess.run(
        [*command, "--noise", "2", "--planted", "1", "--shifts", "3"], capture_output=True, text=True, check=True
    )
    assert "planted 0.30, persistence 0.995" in ran.stdout
    written = json.loads(out.read_text())
    assert written["csv_sha256"] == hashlib.sha256(csv.read_bytes()).hexdigest()
    assert [run["seed"] for run in written["runs"]] == [SEED + k for k in range(10)]


def test_the_committed_study_holds_every_run_and_meets_the_protocols_bounds() -> None:
    written = json.loads(COMMITTED.read_text())
    assert (written["shifts"], written["seed"], written["rows"]) == (239, SEED, 3810)
    assert re.fullmatch("[0-9a-f]{64}", written["csv_sha256"])
    expected = kinds(200, 60)
    assert [(share["kind"], share["runs"]) for share in written["shares"]] == [(kind.name, kind.runs) for kind in expected]
    assert [run["seed"] for run in written["runs"]] == [SEED + k for k in range(len(written["runs"]))]
    runs = [Run(**run) for run in written["runs"]]
    for share in written["shares"]:
        found = share_of(share["kind"], [run for run in runs if run.kind == share["kind"]])
        assert (found.found, found.low, found.high) == (share["found"], share["low"], share["high"])
    shares = {share["kind"]: share for share in written["shares"]}
    assert shares["noise"]["low"] <= 0.05
    assert shares["planted 0.30"]["share"] >= 0.85
    # One line a run and no prices; the vendor's rows are licensed.
    assert COMMITTED.stat().st_size < 150_000
