"""Tidying: it gives space back, changes no row, and may be killed anywhere."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from zl_assets.embedded import compaction
from zl_assets.embedded.server import link_extensions

ATTACH = "ATTACH 'ducklake:data/lake.ducklake' AS lake (DATA_PATH 'data/lake/', DATA_INLINING_ROW_LIMIT 0)"
CONTENT = "SELECT count(*), sum(k), sum(v) FROM lake.s.t"
COMPACT = f"""
import duckdb
from zl_assets.embedded import compaction
connection = duckdb.connect()
connection.execute({ATTACH!r})
print("go", flush=True)
compaction.compact(connection, "lake")
"""


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a catalog as the emulator makes it, after 200 updates of one row each."""
    folder = tmp_path_factory.mktemp("grown")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("HOME", str(folder))
        link_extensions(folder)
        (folder / "data").mkdir()
        with duckdb.connect() as connection:
            connection.execute(ATTACH)
            connection.execute("CREATE SCHEMA lake.s; CREATE TABLE lake.s.t AS SELECT range AS k, 0.5 AS v FROM range(3831)")
            for k in range(200):
                connection.execute("UPDATE lake.s.t SET v = v + 1 WHERE k = ?", [k])
    return folder


@pytest.fixture
def lake(grown: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The working directory holds a copy of that catalog, and is HOME, where DuckDB finds its extensions."""
    folder = tmp_path / "lake"
    shutil.copytree(grown, folder, symlinks=True)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(folder))


@contextmanager
def _open() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(ATTACH)
        yield connection


def _files() -> set[str]:
    return {path.name for path in Path("data/lake").rglob("*.parquet")}


def _referenced(connection: duckdb.DuckDBPyConnection) -> set[str]:
    rows = connection.execute("SELECT data_file FROM ducklake_list_files('lake', 't', schema => 's')").fetchall()
    return {Path(name).name for (name,) in rows}


@pytest.mark.usefixtures("lake")
def test_two_hundred_updates_end_in_one_file_with_the_same_rows() -> None:
    assert len(_files()) > 200
    with _open() as connection:
        content = connection.execute(CONTENT).fetchall()
        compaction.compact(connection, "lake")
        assert connection.execute(CONTENT).fetchall() == content == [(3831, 7336365, 2115.5)]
        assert _files() == _referenced(connection)
        assert len(_files()) == 1


@pytest.mark.usefixtures("lake")
def test_a_compaction_killed_anywhere_loses_no_row_and_is_finished_by_the_next() -> None:
    for point in range(5):
        process = subprocess.Popen([sys.executable, "-c", COMPACT], stdout=subprocess.PIPE)
        assert process.stdout is not None
        assert process.stdout.readline() == b"go\n"
        time.sleep(0.02 + 0.08 * point)
        process.kill()
        process.wait()
        process.stdout.close()
        with _open() as connection:
            assert connection.execute(CONTENT).fetchall() == [(3831, 7336365, 2115.5)]
            assert _files() >= _referenced(connection)
    with _open() as connection:
        compaction.compact(connection, "lake")
        assert connection.execute(CONTENT).fetchall() == [(3831, 7336365, 2115.5)]
        assert _files() == _referenced(connection)


JOBS = "CREATE TABLE emulator.jobs (project_id VARCHAR, job_id VARCHAR, creation_time BIGINT);"


@pytest.mark.usefixtures("lake")
def test_a_file_that_no_write_finished_goes_and_the_others_stay() -> None:
    """As a full disk leaves them: a server that was not killed, and has little to compact, starts with one."""
    some = next(Path("data/lake").rglob("*.parquet"))
    orphan = some.with_name("ducklake-00000000-0000-0000-0000-000000000000.parquet")
    with _open() as connection:
        before, content = _referenced(connection), connection.execute(CONTENT).fetchall()
        shutil.copy(some, orphan)
        compaction.delete_orphans(connection, "lake")
        assert not orphan.exists()
        assert (_referenced(connection), connection.execute(CONTENT).fetchall()) == (before, content)


def test_old_jobs_and_their_results_go_and_new_ones_stay() -> None:
    connection = duckdb.connect()
    connection.execute(
        "ATTACH ':memory:' AS emulator; CREATE SCHEMA emulator._results;"
        + JOBS
        + "INSERT INTO emulator.jobs VALUES ('p', 'old', 1000), ('p', 'new', 900000);"
        'CREATE TABLE emulator._results."p:old" (k INT); CREATE TABLE emulator._results."p:new" (k INT);'
        'CREATE TABLE emulator._results."p:lost""x" (k INT)'
    )
    assert compaction.drop_old_jobs(connection, before=500.0) == 3
    assert connection.execute("SELECT job_id FROM emulator.jobs").fetchall() == [("new",)]
    left = connection.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = '_results'").fetchall()
    assert left == [("p:new",)]
    connection.close()


def test_a_server_that_is_only_asked_questions_drops_its_old_jobs_too(tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute("ATTACH ':memory:' AS emulator; CREATE SCHEMA emulator._results;" + JOBS)
        connection.execute("CREATE TABLE emulator.tables (project_id INT, dataset_id INT, table_id INT, resource JSON)")
        old = int((time.time() - compaction.KEEP_JOBS_IN_SERVICE_SECONDS) * 1000) - 1000
        add = "INSERT INTO emulator.jobs SELECT 'p', 'j' || range, ? FROM range(?)"
        connection.execute(add, [old + 60_000, compaction.OLD_JOBS_DUE])
        assert not compaction.due_in_service(connection, tmp_path)
        connection.execute(add, [old, compaction.OLD_JOBS_DUE])
        assert compaction.due_in_service(connection, tmp_path)
        assert compaction.tidy_in_service(connection, tmp_path).jobs == compaction.OLD_JOBS_DUE
        assert not compaction.due_in_service(connection, tmp_path)
