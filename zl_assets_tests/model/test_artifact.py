import dataclasses
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from zl_assets import files
from zl_assets.files import ArtifactFault
from zl_assets.io_managers.artifacts import ModelIOManager, PublishedModelIOManager
from zl_assets.model.fit.artifact import StoredModel, store_model, store_report, stored_models
from zl_assets.model.fit.design import design_matrix
from zl_assets.model.fit.gates import GateResult, evaluate_gates
from zl_assets.model.fit.training import TrainedModel
from zl_assets.model.replay.latest import latest_rows
from zl_assets.pages.places import Pages
from zl_assets.provenance import OWN_BARS, SYNTHETIC, Provenance
from zl_assets_tests.model.conftest import SHA
from zl_assets_tests.model.record import RECORD, config_of, load_model, train
from zl_assets_tests.support.contracts import MONTH, ZL

Gates = tuple[GateResult, ...]


@pytest.fixture(scope="module")
def gates(walk_model: TrainedModel) -> Gates:
    return evaluate_gates(walk_model)


@pytest.fixture(scope="module")
def other(walk: pd.DataFrame) -> TrainedModel:
    return train(walk, config_of(rounds=41), SHA)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path / "state" / "models"


@pytest.fixture
def stored(walk_model: TrainedModel, gates: Gates, models: Path) -> StoredModel:
    return store_model(walk_model, gates, models)


def failed(gates: Gates) -> Gates:
    return (dataclasses.replace(gates[0], passed=False), *gates[1:])


def rewritten(stored: StoredModel, **changes: Any) -> str:
    """The model under the id of another contract, as if it had been written so; returns that id."""
    contract = json.loads((stored.path / "contract.json").read_text()) | changes
    raw = json.dumps(contract).encode()
    model_id = hashlib.sha256(raw).hexdigest()[:16]
    shutil.copytree(stored.path, stored.path.parent / model_id)
    (stored.path.parent / model_id / "contract.json").write_bytes(raw)
    return model_id


def test_what_is_loaded_forecasts_as_what_was_trained(stored: StoredModel, models: Path, walk_model: TrainedModel) -> None:
    loaded = load_model(models)
    assert loaded.model_id == stored.model_id
    expected = walk_model.booster.predict(walk_model.data.features)
    np.testing.assert_array_equal(loaded.predict(walk_model.data.features), expected)


def test_the_newest_rows_can_be_forecast(stored: StoredModel, models: Path, walk: pd.DataFrame) -> None:
    newest = load_model(models).predict(design_matrix(walk.tail(21)))
    assert newest.shape == (21,)
    assert np.isfinite(newest).all()


def test_the_contract_says_how_the_model_was_made(stored: StoredModel, walk: pd.DataFrame) -> None:
    contract = json.loads((stored.path / "contract.json").read_text())
    assert contract["csv_sha256"] == SHA
    assert [feature["name"] for feature in contract["features"]] == list(design_matrix(walk).columns)
    assert contract["target"]["horizon"] == 21
    assert contract["lightgbm"]["num_leaves"] == 5
    assert contract["saved_fit"]["last"] == f"{walk.data_date.iloc[-22]:%Y-%m-%d}"
    assert [score["name"] for score in contract["scores"]] == ["fold 1", "fold 2", "fold 3", "fold 4", "fold 5", "holdout"]
    assert {"rmse_zero", "rmse_mean"} <= set(contract["scores"][0])
    assert len(contract["gates"]) == 10
    assert len(contract["golden"]) == 3


def test_an_unchanged_run_rewrites_nothing(stored: StoredModel, walk: pd.DataFrame, gates: Gates, models: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in stored.path.iterdir()}
    again = train(walk, RECORD, SHA)
    assert store_model(again, evaluate_gates(again), models) == stored
    assert {path: path.stat().st_mtime_ns for path in stored.path.iterdir()} == before


_STORE = """
import os, socket, sys, time
from pathlib import Path
from zl_assets.model.fit.artifact import store_model, stored_models
from zl_assets.model.fit.gates import evaluate_gates
from zl_assets_tests.model.record import RECORD, config_of, load_model, train
from zl_assets_tests.model.views import random_walk_view
"""


def test_another_process_folder_and_day_give_the_same_id_and_bytes(stored: StoredModel, tmp_path: Path) -> None:
    code = _STORE + (
        "import datetime as dt\n"
        "time.time = lambda: 2e9\n"
        "socket.gethostname = lambda: 'elsewhere'\n"
        "model = train(random_walk_view(), RECORD, '5' * 64)\n"
        "print(store_model(model, evaluate_gates(model), Path(sys.argv[1])).model_id)\n"
    )
    elsewhere = tmp_path / "another place"
    run = subprocess.run([sys.executable, "-c", code, elsewhere], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == stored.model_id
    for name in ("model.txt", "contract.json"):
        assert (elsewhere / stored.model_id / name).read_bytes() == (stored.path / name).read_bytes()


def test_better_wording_of_a_gate_is_not_another_model(
    stored: StoredModel, walk_model: TrainedModel, gates: Gates, models: Path
) -> None:
    reworded = tuple(dataclasses.replace(gate, explanation="other words") for gate in gates)
    assert store_model(walk_model, reworded, models).model_id == stored.model_id


def test_other_rows_are_another_model(stored: StoredModel, walk: pd.DataFrame, models: Path) -> None:
    changed = train(walk, RECORD, "6" * 64)
    assert store_model(changed, evaluate_gates(changed), models).model_id != stored.model_id


def test_invented_prices_are_another_model_although_every_byte_of_its_text_agrees(
    stored: StoredModel, walk_model: TrainedModel, gates: Gates, models: Path
) -> None:
    invented = store_model(dataclasses.replace(walk_model, synthetic=True), gates, models)
    assert invented.model_id != stored.model_id
    assert (invented.path / "model.txt").read_bytes() == (stored.path / "model.txt").read_bytes()
    assert [load_model(models, model_id).synthetic for model_id in (stored.model_id, invented.model_id)] == [False, True]


@pytest.mark.parametrize("synthetic", [True, False])
def test_a_model_makes_no_forecast_of_prices_of_the_other_kind(
    walk_model: TrainedModel, gates: Gates, models: Path, synthetic: bool
) -> None:
    """A folder that was emptied keeps its models: `latest` may be of the sample that was there before."""
    store_model(dataclasses.replace(walk_model, synthetic=synthetic), gates, models)
    kind = {True: SYNTHETIC, False: OWN_BARS}
    own, others = (
        PublishedModelIOManager(Pages(models.parent, "http://ui"), ZL, MONTH, (), Provenance("prices", "/work", kind[which]))
        for which in (synthetic, not synthetic)
    )
    assert own.load().synthetic is synthetic
    with pytest.raises(ArtifactFault, match="no forecast is made of the one by the other"):
        others.load()


def test_a_model_of_an_earlier_version_does_not_say_and_goes_on_forecasting(stored: StoredModel) -> None:
    model_id = rewritten(stored, synthetic_prices=None)
    for label in (SYNTHETIC, OWN_BARS, None):
        manager = ModelIOManager(Pages(stored.path.parents[1], "http://ui"), ZL, MONTH, (), Provenance("prices", "/work", label))
        assert manager.load(model_id).synthetic is None


def test_a_model_that_was_stored_with_one_width_for_all_times_goes_on_forecasting(
    stored: StoredModel, models: Path, walk: pd.DataFrame, walk_replay: pd.DataFrame
) -> None:
    interval = {"level": 0.8, "half_width": 0.09, "residuals": 3175}
    older = rewritten(stored, interval=interval, coverage={"interval": interval, "test_rows": 717, "covered": 0.742})
    then, now = (latest_rows(load_model(models, name), walk, walk_replay) for name in (older, stored.model_id))
    pd.testing.assert_frame_equal(then.drop(columns="model_id"), now.drop(columns="model_id"))


# `latest`.


def test_a_model_that_fails_a_gate_is_kept_but_is_not_latest(
    stored: StoredModel, other: TrainedModel, gates: Gates, models: Path
) -> None:
    worse = store_model(other, failed(gates), models)
    assert not worse.is_latest
    assert load_model(models).model_id == stored.model_id
    assert load_model(models, worse.model_id).model_id == worse.model_id


def test_a_model_without_gates_is_not_latest(walk_model: TrainedModel, models: Path) -> None:
    assert not store_model(walk_model, (), models).is_latest


def test_a_model_of_another_horizon_is_kept_but_is_not_latest(
    stored: StoredModel, walk: pd.DataFrame, gates: Gates, models: Path
) -> None:
    """The published tables are 21 sessions ahead: a model of 5 must not fill them, however good its gates."""
    shorter = store_model(train(walk, config_of(horizon=5), SHA), gates, models)
    assert not shorter.is_latest
    assert load_model(models).model_id == stored.model_id
    loaded = load_model(models, shorter.model_id)
    assert (loaded.is_latest, loaded.config.horizon) == (False, 5)


def test_a_loaded_model_knows_whether_it_is_latest_and_how_it_was_made(
    stored: StoredModel, other: TrainedModel, gates: Gates, models: Path
) -> None:
    assert load_model(models, stored.model_id).is_latest
    newer = store_model(other, gates, models)
    assert not load_model(models, stored.model_id).is_latest
    assert load_model(models, newer.model_id).config == other.config


def test_the_report_is_beside_the_model_and_no_part_of_it(
    stored: StoredModel, walk_model: TrainedModel, gates: Gates, models: Path
) -> None:
    store_report(stored, "<p>one</p>")
    store_report(stored, "<p>better words</p>")
    assert (stored.path / "report.html").read_text() == "<p>better words</p>"
    assert load_model(models).model_id == stored.model_id
    assert store_model(walk_model, gates, models) == stored
    assert (stored.path / "report.html").read_text() == "<p>better words</p>"


def test_before_any_model_has_passed_the_message_says_so(walk_model: TrainedModel, gates: Gates, models: Path) -> None:
    with pytest.raises(ArtifactFault, match=r"no latest model .* Stored: none"):
        load_model(models)
    worse = store_model(walk_model, failed(gates), models)
    with pytest.raises(ArtifactFault, match=f"none has passed its gates yet. Stored: {worse.model_id}"):
        load_model(models)


def test_an_older_model_is_loaded_by_its_id(stored: StoredModel, other: TrainedModel, gates: Gates, models: Path) -> None:
    newer = store_model(other, gates, models)
    assert load_model(models).model_id == newer.model_id
    assert load_model(models, stored.model_id).model_id == stored.model_id
    assert stored_models(models) == tuple(sorted([stored.model_id, newer.model_id]))


def test_the_folder_of_models_can_be_moved(stored: StoredModel, models: Path, tmp_path: Path) -> None:
    moved = models.rename(tmp_path / "moved")
    assert load_model(moved).model_id == stored.model_id


def test_a_latest_that_is_a_folder_is_not_destroyed(models: Path, walk_model: TrainedModel, gates: Gates) -> None:
    (models / "latest").mkdir(parents=True)
    (models / "latest" / "mine.txt").write_text("kept")
    with pytest.raises(ArtifactFault, match="cannot be written"):
        store_model(walk_model, gates, models)
    with pytest.raises(ArtifactFault, match="not the link that this product writes"):
        load_model(models)
    assert (models / "latest" / "mine.txt").read_text() == "kept"


# Files that are not what the id names.


@pytest.mark.parametrize("name", ["model.txt", "contract.json"])
@pytest.mark.parametrize("damage", ["byte", "cut", "gone"])
def test_a_damaged_file_is_refused(stored: StoredModel, models: Path, name: str, damage: str) -> None:
    path = stored.path / name
    content = path.read_bytes()
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(content[:-50] if damage == "cut" else content.replace(b"0", b"1", 1))
    with pytest.raises(ArtifactFault, match=rf"{name} (is not the file its model id names|cannot be read)"):
        load_model(models)


@pytest.mark.parametrize("name", ["model.txt", "contract.json"])
def test_a_damaged_file_does_not_stay_when_its_model_is_trained_again(
    stored: StoredModel, walk_model: TrainedModel, gates: Gates, models: Path, name: str
) -> None:
    before = (stored.path / name).read_bytes()
    (stored.path / name).write_text("tree")
    (stored.path / ".new-left").write_text("half")
    assert store_model(walk_model, gates, models) == stored
    assert (stored.path / name).read_bytes() == before
    assert not (stored.path / ".new-left").exists()
    load_model(models)


@pytest.mark.parametrize("model_id", ["../../etc", "", "latest/../x", "ABCDEF0123456789"])
def test_what_is_not_an_id_is_not_opened(stored: StoredModel, models: Path, model_id: str) -> None:
    with pytest.raises(ArtifactFault, match="is not a model id"):
        load_model(models, model_id)


def test_an_unknown_id_names_those_that_exist(stored: StoredModel, models: Path) -> None:
    with pytest.raises(ArtifactFault, match=f"no model 0123456789abcdef .* Found: {stored.model_id}"):
        load_model(models, "0123456789abcdef")


# Inputs and libraries.


def test_inputs_in_another_order_are_refused(stored: StoredModel, models: Path, walk_model: TrainedModel) -> None:
    features = walk_model.data.features
    with pytest.raises(ArtifactFault, match="in another order"):
        load_model(models).predict(features[features.columns[::-1]])


def test_other_inputs_are_refused(stored: StoredModel, models: Path, walk_model: TrainedModel) -> None:
    features = walk_model.data.features
    for wrong in (features.drop(columns="rsi_14"), features.assign(extra=1.0), features.rename(columns={"rsi_14": "rsi_7"})):
        with pytest.raises(ArtifactFault, match="the columns are different"):
            load_model(models).predict(wrong)


def test_inputs_of_another_type_are_refused(stored: StoredModel, models: Path, walk_model: TrainedModel) -> None:
    for dtype in ("float32", "int64", object):
        with pytest.raises(ArtifactFault, match="rsi_14 must be float64"):
            load_model(models).predict(walk_model.data.features.astype({"rsi_14": dtype}))


def test_a_missing_input_is_refused(stored: StoredModel, models: Path, walk_model: TrainedModel) -> None:
    features = walk_model.data.features.copy()
    features.iloc[4, 0] = np.nan
    with pytest.raises(ArtifactFault, match=r"return_1d has 1 values .* the first in row 4"):
        load_model(models).predict(features)


def test_inputs_with_another_meaning_are_refused(stored: StoredModel, models: Path) -> None:
    features = json.loads((stored.path / "contract.json").read_text())["features"]
    features[3]["formula"] = "ma_5"
    with pytest.raises(ArtifactFault, match="made by another version of this product"):
        load_model(models, rewritten(stored, features=features))


def test_another_format_is_refused(stored: StoredModel, models: Path) -> None:
    with pytest.raises(ArtifactFault, match="format 0"):
        load_model(models, rewritten(stored, format=0))


def test_libraries_that_change_the_forecast_are_refused_by_name(stored: StoredModel, models: Path) -> None:
    contract = json.loads((stored.path / "contract.json").read_text())
    versions = contract["versions"] | {"lightgbm": "3.0.0"}
    contract["golden"][1]["prediction"] += 1e-6
    with pytest.raises(ArtifactFault, match=r"no longer gives its golden predictions: .* lightgbm 3.0.0 then, \d"):
        load_model(models, rewritten(stored, versions=versions, golden=contract["golden"]))


def test_another_version_that_forecasts_the_same_is_welcome(stored: StoredModel, models: Path) -> None:
    versions = json.loads((stored.path / "contract.json").read_text())["versions"] | {"lightgbm": "3.0.0"}
    assert load_model(models, rewritten(stored, versions=versions)).predict is not None


# Writes that go wrong.

# One thread everywhere, so that forking is safe.
_ALONE = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

# In a child process for each point: the first, second ... system call that names the folder is where the process is killed.
_KILL = (
    _STORE
    + """
import shutil, signal
before = Path(sys.argv[1]) / "before"
first = train(random_walk_view(), RECORD, "5" * 64)
second = train(random_walk_view(), config_of(rounds=41), "5" * 64)
gates = evaluate_gates(first)
store_model(first, gates, before)
for point in range(1, 100):
    models = Path(sys.argv[1]) / str(point)
    shutil.copytree(before, models, symlinks=True)
    child = os.fork()
    if child == 0:
        seen = 0
        def hook(event, arguments):
            global seen
            if event in ("open", "os.mkdir", "os.rename", "os.symlink", "os.rmdir", "os.remove", "shutil.rmtree"):
                if any(str(models) in str(argument) for argument in arguments):
                    seen += 1
                    if seen == point:
                        os.kill(os.getpid(), signal.SIGKILL)
        sys.addaudithook(hook)
        store_model(second, gates, models)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    print(point, "killed" if os.WIFSIGNALED(status) else "done", os.readlink(models / "latest"), flush=True)
    load_model(models)
    for model_id in stored_models(models):
        load_model(models, model_id)
    # The next write finds its way past whatever is left.
    assert load_model(store_model(second, gates, models).path.parent).model_id in stored_models(models)
    assert {path.name for path in models.iterdir()} == {".lock", "latest", *stored_models(models)}
    if not os.WIFSIGNALED(status):
        assert os.WEXITSTATUS(status) == 0
        break
"""
)


def test_a_kill_at_any_moment_leaves_whole_models_and_a_latest(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", _KILL, tmp_path], capture_output=True, text=True, check=False, env=_ALONE, timeout=300
    )
    assert run.returncode == 0, run.stderr
    *kills, last = [line.split() for line in run.stdout.splitlines()]
    assert {outcome for _, outcome, _ in kills} == {"killed"}
    assert last[1] == "done"
    latest = [model_id for _, _, model_id in kills]
    # The folder, the lock, the new folder, its two files and its flush, its rename and flush, the link, its rename and flush.
    assert len(latest) == 11
    assert latest[-1] == last[2]
    assert set(latest[:-1]) == {latest[0]} != {last[2]}


def test_leftovers_of_killed_writes_are_swept(walk_model: TrainedModel, gates: Gates, models: Path) -> None:
    (models / ".new-0123456789abcdef").mkdir(parents=True)
    (models / ".new-0123456789abcdef" / "model.txt").write_text("half")
    (models / ".new-latest").symlink_to("nowhere")
    stored = store_model(walk_model, gates, models)
    assert sorted(path.name for path in models.iterdir()) == sorted([".lock", "latest", stored.model_id])


# One process trains, and three that it forks write at once, to a slow disk: without the lock one finds what another has not
# finished. Three that trained for themselves took 12.6 CPU seconds, and did not meet.
_AT_ONCE = (
    _STORE
    + """
model = train(random_walk_view(), RECORD, "5" * 64)
gates = evaluate_gates(model)
os.fsync = lambda descriptor: time.sleep(0.05)
for _ in range(3):
    if os.fork() == 0:
        ids = [store_model(model, gates, Path(sys.argv[1])).model_id for _ in range(10)]
        os.write(1, ("\\n".join(ids) + "\\n").encode())
        os._exit(0)
for _ in range(3):
    assert os.wait()[1] == 0
"""
)


def test_writers_at_once_leave_one_model(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", _AT_ONCE, tmp_path], capture_output=True, text=True, check=False, env=_ALONE, timeout=300
    )
    assert run.returncode == 0, run.stderr
    assert len(run.stdout.split()) == 30
    assert len(set(run.stdout.split())) == 1
    assert len(stored_models(tmp_path)) == 1


def test_a_writer_that_is_stuck_does_not_hang_the_next(
    walk_model: TrainedModel, gates: Gates, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_LOCK_SECONDS", 0.2)
    models.mkdir(parents=True)
    with open(models / ".lock", "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(ArtifactFault, match="Another process has been writing"):
            store_model(walk_model, gates, models)
    assert store_model(walk_model, gates, models).is_latest


def test_a_folder_that_cannot_be_made_is_named(walk_model: TrainedModel, gates: Gates, tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    with pytest.raises(ArtifactFault, match=r"cannot be written under .*state/models.*ZL_STATE_DIR"):
        store_model(walk_model, gates, tmp_path / "state" / "models")


def test_a_full_disk_leaves_the_old_model_latest(
    stored: StoredModel, other: TrainedModel, gates: Gates, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(ArtifactFault, match="No space left on device"):
            store_model(other, gates, models)
    assert load_model(models).model_id == stored.model_id
    assert stored_models(models) == (stored.model_id,)
    assert store_model(other, gates, models).is_latest
