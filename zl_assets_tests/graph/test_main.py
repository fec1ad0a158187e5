"""The main job as a person runs it: one command in a folder with dagster.yaml, nothing exported."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from zl_assets.warehouse.embedded.lifecycle import stop_server

REPO = Path(__file__).resolve().parents[2]


def environment(**variables: str) -> dict[str, str]:
    """This process's, without anything of ours or Dagster's."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("ZL_", "DAGSTER"))} | variables


def main(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "zl_assets"], cwd=folder, env=environment(**variables), capture_output=True, text=True, timeout=300
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder like a fresh clone's root."""
    path = tmp_path_factory.mktemp("clone")
    for name in ("dagster.yaml", "workspace.yaml", "pyproject.toml"):
        shutil.copy(REPO / name, path)
    yield path
    stop_server(path / ".zl")


def test_the_first_command_ends_green_and_says_where_everything_is(folder: Path) -> None:
    done = main(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "SYNTHETIC" in done.stdout
    assert " 0 failed" in done.stdout
    for word in ("3,998", "3,893", "3,831", "vw_zl_1m_flat.csv", "(latest)"):
        assert word in done.stdout
    assert "Traceback" not in done.stderr


def test_runs_of_the_command_line_are_in_the_storage_that_the_ui_opens(folder: Path) -> None:
    """With DAGSTER_HOME unset, the UI reads this folder's dagster.yaml; its storage holds the run and its checks."""
    here = Path.cwd()
    os.chdir(folder)
    try:
        with dg.DagsterInstance.from_config(str(folder)) as instance:
            runs = instance.get_runs()
            assert [(run.job_name, run.status) for run in runs] == [("zl_daily_refresh", dg.DagsterRunStatus.SUCCESS)]
            event = instance.get_latest_materialization_event(dg.AssetKey("lgbm_model"))
            assert event is not None
            assert event.run_id == runs[0].run_id
    finally:
        os.chdir(here)


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
