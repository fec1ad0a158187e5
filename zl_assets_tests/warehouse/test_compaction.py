"""Tidying: it gives space back, changes no row, and may be killed anywhere."""

import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from zl_assets.warehouse import compaction
from zl_assets.warehouse.server import link_extensions

OPEN = """
import sys, duckdb
from zl_assets.warehouse import compaction
connection = duckdb.connect(config={"TimeZone": "UTC"})
connection.execute("ATTACH 'ducklake:data/lake.ducklake' AS lake (DATA_PATH 'data/lake/', DATA_INLINING_ROW_LIMIT 0)")
"""
CONTENT = "SELECT count(*), sum(k), sum(v) FROM lake.s.t"


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> duckdb.DuckDBPyConnection:
    """A catalog as the emulator makes it, after 200 updates of one row each; the working directory is the folder with `data`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    link_extensions(tmp_path)
    (tmp_path / "data").mkdir()
    connection = duckdb.connect(config={"TimeZone": "UTC"})
    connection.execute("ATTACH 'ducklake:data/lake.ducklake' AS lake (DATA_PATH 'data/lake/', DATA_INLINING_ROW_LIMIT 0)")
    connection.execute("CREATE SCHEMA lake.s; CREATE TABLE lake.s.t AS SELECT range AS k, 0.5 AS v FROM range(3831)")
    for k in range(200):
        connection.execute("UPDATE lake.s.t SET v = v + 1 WHERE k = ?", [k])
    return connection


def _files() -> set[str]:
    return {path.name for path in Path("data/lake").rglob("*.parquet")}


def _referenced(connection: duckdb.DuckDBPyConnection) -> set[str]:
    rows = connection.execute("SELECT data_file FROM ducklake_list_files('lake', 't', schema => 's')").fetchall()
    return {Path(name).name for (name,) in rows}


def test_two_hundred_updates_end_in_one_file_with_the_same_rows(lake: duckdb.DuckDBPyConnection) -> None:
    content = lake.execute(CONTENT).fetchall()
    assert len(_files()) > 200
    began = time.monotonic()
    compaction.compact(lake, "lake")
    assert time.monotonic() - began < 20
    assert lake.execute(CONTENT).fetchall() == content
    assert _files() == _referenced(lake)
    assert len(_files()) == 1
    # Nothing to do: cheap enough that nobody notices it at a start.
    began = time.monotonic()
    compaction.compact(lake, "lake")
    assert time.monotonic() - began < 2
    assert lake.execute(CONTENT).fetchall() == content
    lake.close()


def test_a_compaction_killed_anywhere_loses_no_row_and_is_finished_by_the_next(lake: duckdb.DuckDBPyConnection) -> None:
    content = lake.execute(CONTENT).fetchall()
    lake.close()
    for point in range(1, 7):
        # Killed inside a step, at a time that moves through the whole of it.
        process = subprocess.Popen(
            [sys.executable, "-c", f"{OPEN}\nprint('go', flush=True)\ncompaction.compact(connection, 'lake')"], stdout=-1
        )
        assert process.stdout is not None
        assert process.stdout.readline() == b"go\n"
        time.sleep(0.06 * point)
        process.kill()
        process.wait()
        process.stdout.close()
        check = subprocess.run(
            [sys.executable, "-c", f"{OPEN}\nprint(connection.execute('{CONTENT}').fetchall())"], capture_output=True, text=True
        )
        assert check.stdout.strip() == str(content), check.stderr
    with duckdb.connect() as connection:
        connection.execute("ATTACH 'ducklake:data/lake.ducklake' AS lake (DATA_PATH 'data/lake/')")
        compaction.compact(connection, "lake")
        assert connection.execute(CONTENT).fetchall() == content
        assert _files() == _referenced(connection)


def test_old_jobs_and_their_results_go_and_new_ones_stay() -> None:
    connection = duckdb.connect()
    connection.execute(
        "ATTACH ':memory:' AS emulator; CREATE SCHEMA emulator._results;"
        "CREATE TABLE emulator.jobs (project_id VARCHAR, job_id VARCHAR, creation_time BIGINT);"
        "INSERT INTO emulator.jobs VALUES ('p', 'old', 1000), ('p', 'new', 900000);"
        'CREATE TABLE emulator._results."p:old" (k INT); CREATE TABLE emulator._results."p:new" (k INT);'
        'CREATE TABLE emulator._results."p:lost""x" (k INT)'
    )
    assert compaction.drop_old_jobs(connection, before=500.0) == 3
    assert connection.execute("SELECT job_id FROM emulator.jobs").fetchall() == [("new",)]
    left = connection.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = '_results'").fetchall()
    assert left == [("p:new",)]
    connection.close()
