"""The main job as a person runs it: one command in a folder with dagster.yaml, nothing exported."""

import fcntl
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import dagster as dg
import pytest

from zl_assets.catalog import Catalog
from zl_assets.embedded.client import embedded_client
from zl_assets.embedded.lifecycle import stop_server
from zl_assets.io_managers.metadata import in_order, unfolded
from zl_assets.main_job import LOCATION, dagster_instance
from zl_assets.settings import Settings
from zl_assets.summary import browser
from zl_assets_tests.support.contracts import SCORE
from zl_assets_tests.support.fixtures import ODD, REPO, Clone, environment, main
from zl_assets_tests.support.product import AS_OF, TABLES, Product, failures


@pytest.fixture(scope="module")
def folder(clone: Clone) -> Path:
    """A folder like a fresh clone's root, after the main job."""
    return clone.folder


def test_the_first_command_ends_green_and_says_where_everything_is(clone: Clone) -> None:
    assert clone.exit_code == 0, clone.said + clone.complained
    assert "SYNTHETIC" in clone.said
    assert " 0 failed" in clone.said
    # A link is one line, however narrow the window: the last one is what a person opens.
    groups = ",".join(f"global@global:{name}" for name in ("source", "features", "training", "predictions"))
    link = f"http://127.0.0.1:3000/asset-groups?expanded={groups}"
    assert clone.said.splitlines()[-1] == f"the graph with every asset's state: {link}"
    for word in ("3,998", "3,893", "3,831", "vw_zl_1m_flat.csv", "(published)"):
        assert word in clone.said
    assert "Traceback" not in clone.complained


def test_the_first_command_says_what_it_is_at_while_it_runs(clone: Clone) -> None:
    """Training alone is silent for as long as it takes."""
    begun = re.findall(r"^ *[0-9.]+ s  (\w+)$", clone.said, re.MULTILINE)
    assert begun[0] == "databento_futures_ohlcv_1d"
    assert set(begun) == {*TABLES, "training_csv", "lgbm_model"}
    assert clone.said.index("lgbm_model") < clone.said.index("done: 13 assets")


def test_runs_of_the_command_line_are_in_the_storage_that_the_ui_opens(folder: Path) -> None:
    """With DAGSTER_HOME unset, the UI reads this folder's dagster.yaml; its storage holds the run and its checks."""
    here = Path.cwd()
    os.chdir(folder)
    try:
        with dg.DagsterInstance.from_config(str(folder)) as instance:
            runs = instance.get_runs()
            assert [(run.job_name, run.status) for run in runs] == [
                ("zl_briefing", dg.DagsterRunStatus.SUCCESS),
                ("zl_daily_refresh", dg.DagsterRunStatus.SUCCESS),
            ]
            for run in runs:
                origin = run.remote_job_origin
                assert origin is not None, "the UI shows runs of no code location under Runs alone, not under Jobs and Overview"
                assert origin.repository_origin.get_label() == f"__repository__@{LOCATION}"
                assert origin.job_name == run.job_name
            made = instance.all_logs(runs[1].run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
            keys = [log.dagster_event.asset_key for log in made if log.dagster_event]
            assert {key.to_user_string() for key in keys if key} == {*TABLES, "training_csv", "lgbm_model"}
            bars = instance.get_latest_materialization_event(dg.AssetKey("databento_futures_ohlcv_1d"))
            assert bars is not None
            assert bars.asset_materialization is not None
            assert "SYNTHETIC" in str(bars.asset_materialization.metadata["source"].value)
            # Whatever asset somebody looks at says what its prices are, and which folder it is of.
            for event in (log.asset_materialization for log in made):
                assert event is not None
                assert event.metadata["prices"].value == "SYNTHETIC sample, invented", event.asset_key
                # The folder is a copy of the one that it was made in.
                made_in = Path(str(event.metadata["state_folder"].value))
                assert made_in.is_absolute(), event.asset_key
                assert made_in.name == ".zl", event.asset_key
                # As Dagster stored it, and not only as it was given: what happened first, internals last.
                assert [*event.metadata] == [*in_order(unfolded(event.metadata))], event.asset_key
            forecasts = instance.get_latest_materialization_event(dg.AssetKey("zl_1m_latest"))
            assert forecasts is not None
            assert forecasts.asset_materialization is not None
            assert str(forecasts.asset_materialization.metadata["newest_forecast"].value).startswith(
                "SYNTHETIC sample, invented: "
            )
            assert bars.asset_materialization.metadata["dagster/row_count"].value == 3998
            event = instance.get_latest_materialization_event(dg.AssetKey("lgbm_model"))
            assert event is not None
            assert event.run_id == runs[1].run_id
            assert event.asset_materialization is not None
            what = str(event.asset_materialization.metadata["what_it_can_do"].value)
            assert what.startswith("SYNTHETIC SAMPLE: these prices are invented.")
            assert "For a buyer" not in what
    finally:
        os.chdir(here)


def test_the_last_line_is_a_command_that_works_there_with_the_same_settings(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(folder)
    for name, value in {"ZL_BARS": str(tmp_path / "my bars.csv"), "ZL_NOTIFY_WEBHOOK": "https://example.com/secret"}.items():
        monkeypatch.setenv(name, value)
    settings_now = Settings.load()
    said = "\n".join(map(str, browser(Catalog.of(settings_now), settings_now)))
    *settings, program, command = shlex.split(said.splitlines()[0].partition("browser: ")[2])
    assert settings == [f"ZL_BARS={tmp_path / 'my bars.csv'}"]
    assert subprocess.run([program, command, "--help"], capture_output=True, timeout=120).returncode == 0
    assert "ZL_NOTIFY_WEBHOOK" in said
    assert "secret" not in said.replace("secrets", "")


def test_what_the_sample_leaves_in_files_and_tables_is_marked(folder: Path) -> None:
    model = folder / ".zl" / "models" / "latest"
    page = (model / "report.html").read_text().partition("<img")[0]
    assert "<h1>SYNTHETIC SAMPLE: " in page
    assert "<dd>SYNTHETIC sample, invented</dd>" in page
    assert "For a buyer" not in page
    assert json.loads((model / "contract.json").read_text())["synthetic_prices"] is True
    client = embedded_client(folder / ".zl", "us-central1")
    for table in ("market_data.databento_futures_ohlcv_1d", "predictions.zl_1m_oof", "predictions.zl_1m_latest"):
        assert client.get_table(table).labels["zl_source"] == "synthetic"
    client.close()


def test_a_refresh_that_changes_nothing_loads_no_library_that_only_training_and_drawing_need(folder: Path) -> None:
    code = (
        "import runpy, sys\n"
        "try:\n    runpy.run_module('zl_assets', run_name='__main__')\n"
        "except SystemExit as ended:\n    print('ended with', ended.code)\n"
        "print('loaded', [m for m in ('sklearn', 'scipy.stats', 'matplotlib', 'PIL', 'dagster_webserver') if m in sys.modules])\n"
    )
    # On a terminal of ASCII, which cannot write the folder's name.
    ascii_only = environment(PYTHONIOENCODING="ascii")
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, env=ascii_only, capture_output=True, text=True, timeout=300)
    assert "ended with 0" in done.stdout, done.stdout + done.stderr
    assert ODD.replace("é", "\\xe9") in done.stdout
    assert "and nothing that it is made of has changed" in " ".join(done.stdout.split())
    assert "loaded []" in done.stdout


def test_own_bars_are_not_mixed_with_the_sample(folder: Path, tmp_path: Path, real_bars: Path) -> None:
    (tmp_path / "state").symlink_to(folder / ".zl")
    product = Product(tmp_path)
    before = product.snapshot(with_stamps=True)
    # Nothing has come due, so there is no score.
    assert set(before) == {*TABLES, "csv", "model", "model contract"} - {SCORE.table}
    [message] = failures(product.refresh(bars=real_bars, as_of=AS_OF)).values()
    product.let_go()
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
    assert location["python_module"]["location_name"] == project["code_location_name"] == LOCATION
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


@pytest.mark.parametrize("home", [False, True])
def test_two_that_are_the_first_on_a_new_storage_open_it_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: bool
) -> None:
    """At once they may leave it broken for good: "Version table 'alembic_version' has more than one head present"."""
    shutil.copy(REPO / "dagster.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path) if home else "")
    opened = threading.Event()

    def second() -> None:
        with dagster_instance():
            opened.set()

    other = threading.Thread(target=second)
    first = os.open(tmp_path, os.O_RDONLY)
    try:
        fcntl.flock(first, fcntl.LOCK_EX)
        other.start()
        assert not opened.wait(0.5)
        assert not (tmp_path / ".zl").exists()
    finally:
        os.close(first)
        other.join()
    assert opened.is_set()


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
