"""The main job as a person runs it: one command in a folder with dagster.yaml, nothing exported."""

import json
import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from zl_assets.embedded.lifecycle import stop_server
from zl_assets_tests.support.fixtures import REPO, Clone, environment, main
from zl_assets_tests.support.product import AS_OF, TABLES, Product, failures


@pytest.fixture(scope="module")
def folder(clone: Clone) -> Path:
    """A folder like a fresh clone's root, after the main job."""
    return clone.folder


def test_the_first_command_ends_green_and_says_where_everything_is(clone: Clone) -> None:
    assert clone.exit_code == 0, clone.said + clone.complained
    assert "SYNTHETIC" in clone.said
    assert " 0 failed" in clone.said
    for word in ("3,998", "3,893", "3,831", "vw_zl_1m_flat.csv", "(published)"):
        assert word in clone.said
    assert "Traceback" not in clone.complained


def test_runs_of_the_command_line_are_in_the_storage_that_the_ui_opens(folder: Path) -> None:
    """With DAGSTER_HOME unset, the UI reads this folder's dagster.yaml; its storage holds the run and its checks."""
    here = Path.cwd()
    os.chdir(folder)
    try:
        with dg.DagsterInstance.from_config(str(folder)) as instance:
            runs = instance.get_runs()
            assert [(run.job_name, run.status) for run in runs] == [("zl_daily_refresh", dg.DagsterRunStatus.SUCCESS)]
            made = instance.all_logs(runs[0].run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
            keys = [log.dagster_event.asset_key for log in made if log.dagster_event]
            assert {key.to_user_string() for key in keys if key} == {*TABLES, "training_csv", "lgbm_model"}
            bars = instance.get_latest_materialization_event(dg.AssetKey("databento_futures_ohlcv_1d"))
            assert bars is not None
            assert bars.asset_materialization is not None
            assert "SYNTHETIC" in str(bars.asset_materialization.metadata["source"].value)
            assert bars.asset_materialization.metadata["dagster/row_count"].value == 3998
            event = instance.get_latest_materialization_event(dg.AssetKey("lgbm_model"))
            assert event is not None
            assert event.run_id == runs[0].run_id
    finally:
        os.chdir(here)


def test_a_refresh_that_changes_nothing_loads_no_library_that_only_training_and_drawing_need(folder: Path) -> None:
    code = (
        "import runpy, sys\n"
        "try:\n    runpy.run_module('zl_assets', run_name='__main__')\n"
        "except SystemExit as ended:\n    print('ended with', ended.code)\n"
        "print('loaded', [m for m in ('sklearn', 'scipy.stats', 'matplotlib', 'PIL', 'dagster_webserver') if m in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=environment(), capture_output=True, text=True, timeout=300
    )
    assert "ended with 0" in done.stdout, done.stdout + done.stderr
    assert "and nothing that it is made of has changed" in " ".join(done.stdout.split())
    assert "loaded []" in done.stdout


def test_own_bars_are_not_mixed_with_the_sample(folder: Path, tmp_path: Path, real_bars: Path) -> None:
    (tmp_path / "state").symlink_to(folder / ".zl")
    product = Product(tmp_path)
    before = product.snapshot(with_stamps=True)
    assert set(before) == {*TABLES, "csv", "model", "model contract"}
    [message] = failures(product.refresh(bars=real_bars, as_of=AS_OF)).values()
    assert "never mixed" in message
    assert "reset" in message
    assert product.snapshot(with_stamps=True) == before


def test_both_ways_to_open_the_ui_load_the_same_code_location(folder: Path) -> None:
    command = [str(Path(sys.executable).parent / "dagster"), "definitions", "validate", "-w", "workspace.yaml"]
    done = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    import tomllib

    import yaml

    project = tomllib.loads((REPO / "pyproject.toml").read_text())["tool"]["dg"]["project"]
    [location] = yaml.safe_load((REPO / "workspace.yaml").read_text())["load_from"]
    assert location["python_module"]["location_name"] == project["code_location_name"]
    assert location["python_module"]["module_name"] == project["code_location_target_module"]


def test_a_wrong_setting_stops_with_what_is_allowed_and_no_trace(folder: Path) -> None:
    done = main(folder, ZL_MAX_PARTITIONS="5000")
    assert done.returncode == 1
    assert "ZL_MAX_PARTITIONS" in done.stderr
    assert "1 to 4000" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_warehouse_that_does_not_answer_in_time_is_one_message_per_step(folder: Path) -> None:
    done = main(folder, ZL_DEADLINE="0.0001")
    assert done.returncode == 1
    assert "ZL_DEADLINE" in done.stdout
    assert "half-written" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert "Stack Trace" not in done.stdout


def test_another_folder_is_told_apart_from_the_projects(tmp_path: Path) -> None:
    done = main(tmp_path)
    assert done.returncode == 1
    assert "no dagster.yaml" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_state_folder_of_another_version_stops_the_run_and_stays_as_it_is(folder: Path) -> None:
    """Last in this file: it changes the folder's version."""
    stop_server(folder / ".zl")
    marker = folder / ".zl" / "warehouse" / "format.json"
    content = json.loads(marker.read_text())
    marker.write_text(json.dumps(content | {"format": 999}))
    csv = (folder / ".zl" / "training_csv" / "vw_zl_1m_flat.csv").read_bytes()
    done = main(folder)
    marker.write_text(json.dumps(content))
    assert done.returncode == 1
    assert "999" in done.stdout
    assert "ZL_STATE_DIR" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert (folder / ".zl" / "training_csv" / "vw_zl_1m_flat.csv").read_bytes() == csv


def test_a_state_folder_that_cannot_be_written_is_named(folder: Path, tmp_path: Path) -> None:
    """A file in its place: permissions would not stop root."""
    (tmp_path / "taken").write_text("")
    done = main(folder, ZL_STATE_DIR=str(tmp_path / "taken"))
    assert done.returncode == 1
    assert str(tmp_path / "taken") in done.stdout.replace("\n", "")
    assert "Traceback" not in done.stdout + done.stderr
