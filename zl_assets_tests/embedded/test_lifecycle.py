"""Starting, stopping, killing, moving and losing the server: nobody has to clean up, and no acknowledged write is lost."""

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from google.cloud import bigquery

from zl_assets.embedded import compaction, server
from zl_assets.embedded.client import embedded_client
from zl_assets.embedded.folder import FORMAT, Folder
from zl_assets.embedded.lifecycle import ensure_server, reset, running_server, server_environment, stop_server
from zl_assets.files import open_lock
from zl_assets.warehouse.errors import WarehouseUnavailable


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    """A state folder of the test's own; whatever serves it is stopped at the end."""
    folder = tmp_path / "state"
    yield folder
    with contextlib.suppress(WarehouseUnavailable):
        stop_server(folder)


def _wait(condition: object, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def _gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    _wait(lambda: _gone(pid))


START = """
import sys
from pathlib import Path
from zl_assets.embedded.lifecycle import ensure_server
print(ensure_server(Path(sys.argv[1])).pid)
"""


def test_twenty_processes_at_once_get_one_server_and_five_more_after_it_was_killed(state: Path) -> None:
    for count in (20, 5):
        starters = [
            subprocess.Popen([sys.executable, "-c", START, str(state)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for _ in range(count)
        ]
        outcomes = [(*starter.communicate(timeout=60), starter.returncode) for starter in starters]
        assert {(error, code) for _, error, code in outcomes} == {("", 0)}
        assert len({pid for pid, _, _ in outcomes}) == 1
        _kill(int(outcomes[0][0]))


def test_a_killed_server_comes_back_by_itself_with_every_acknowledged_write(state: Path) -> None:
    client = embedded_client(state, "us-central1")
    client.create_dataset("d")
    client.query("CREATE TABLE d.t (k INT64 NOT NULL) PARTITION BY RANGE_BUCKET(k, GENERATE_ARRAY(0, 10, 1))").result()
    client.query("INSERT INTO d.t VALUES (1), (2)").result()
    client.query(
        "CREATE TABLE d.e (k INT64) OPTIONS (expiration_timestamp = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 2 SECOND))"
    )
    client.query("INSERT INTO d.e VALUES (1)").result()
    slow = client.query(
        "SELECT COUNT(*) AS n FROM UNNEST(GENERATE_ARRAY(1, 300000)) a, UNNEST(GENERATE_ARRAY(1, 300000)) b WHERE a * b = 7"
    )
    assert slow.state != "DONE"
    data = state / "warehouse" / "data"
    orphan = data / "zl-local" / "d" / "t" / "ducklake-0000.parquet"
    assert len(list(data.rglob("*.parquet"))) == 2
    shutil.copy(next(data.rglob("*.parquet")), orphan)
    time.sleep(1.5)
    _kill(client.server.pid)

    assert [row.k for row in client.query("SELECT k FROM d.t ORDER BY k").result()] == [1, 2]
    assert client.get_table("d.t").schema[0].mode == "REQUIRED"
    job = client.get_job(slow.job_id)
    assert (job.state, job.error_result["reason"]) == ("DONE", "jobBackendError")
    with pytest.raises(Exception, match="ended while this job ran"):
        client.get_job(slow.job_id).result(job_retry=None)
    # Left behind by the killed server, and by the table that expired.
    assert not orphan.exists()
    assert [path.parent.name for path in data.rglob("*.parquet")] == ["t"]
    client.close()


def test_a_stop_finishes_the_running_job_and_clients_go_on_with_the_next_server(state: Path) -> None:
    client = embedded_client(state, "us-central1")
    first = client.server
    client.create_dataset("d")
    client.query("CREATE TABLE d.t (n INT64)").result()
    slow = client.query(
        "INSERT INTO d.t SELECT COUNT(*) "
        "FROM UNNEST(GENERATE_ARRAY(1, 20000)) a, UNNEST(GENERATE_ARRAY(1, 20000)) b WHERE a * b = 7"
    )
    assert slow.state != "DONE"
    stopping = threading.Thread(target=stop_server, args=[state])
    stopping.start()
    _wait(lambda: running_server(state) is None)
    assert not _gone(first.pid), "it left before its job was done"
    # A client that comes while it stops is not turned away: it waits for the next server.
    assert [row.n for row in client.query("SELECT n FROM d.t").result()] == [2]
    stopping.join()
    assert client.server.pid != first.pid
    assert client.get_job(slow.job_id).error_result is None
    client.close()


def test_a_folder_that_was_moved_beside_a_stale_record_serves_its_tables(state: Path, warehouse: Path, tmp_path: Path) -> None:
    client = embedded_client(state, "us-central1")
    client.create_dataset("d")
    client.query("CREATE TABLE d.t AS SELECT 42 AS k").result()
    client.close()
    assert stop_server(state)
    moved = tmp_path / "elsewhere" / "state"
    moved.parent.mkdir()
    state.rename(moved)
    # The record of a server that was killed; its port is another folder's server by now.
    other = replace(ensure_server(warehouse), nonce="0" * 32)
    Folder.of(moved).write_server(other)
    try:
        client = embedded_client(moved, "us-central1")
        assert [row.k for row in client.query("SELECT k FROM d.t").result()] == [42]
        assert client.server.pid != other.pid
        client.close()
    finally:
        assert stop_server(moved)


def test_a_server_that_never_leaves_gives_back_its_files_in_a_quiet_moment(state: Path) -> None:
    client = embedded_client(state, "us-central1")
    client.create_dataset("d")
    client.query("CREATE TABLE d.t AS SELECT k, 0 AS v FROM UNNEST(GENERATE_ARRAY(1, 100)) AS k").result()
    client.query("CREATE TABLE d.u (k INT64)").result()
    first = client.query("SELECT COUNT(*) AS n FROM d.t")
    first.result()
    session = bigquery.QueryJobConfig(create_session=True)
    opened = client.query("BEGIN TRANSACTION; INSERT INTO d.u VALUES (7)", job_config=session)
    opened.result()
    for k in range(1, compaction.SNAPSHOTS_DUE + 1):
        client.query(f"UPDATE d.t SET v = 1 WHERE k = {k}").result()
    tables = state / "warehouse" / "data" / "zl-local"
    time.sleep(server.QUIET_SECONDS + 2)
    assert len(list(tables.rglob("*.parquet"))) > compaction.SNAPSHOTS_DUE, "it took the files of an open transaction away"
    same = bigquery.QueryJobConfig(
        connection_properties=[bigquery.ConnectionProperty("session_id", opened.session_info.session_id)]
    )
    client.query("COMMIT TRANSACTION", job_config=same).result()
    # The session stays open: its client never ends it.
    _wait(lambda: len(list(tables.rglob("*.parquet"))) == 2)
    assert [row.k for row in client.query("SELECT k FROM d.u", job_config=same).result()] == [7]
    assert [tuple(row) for row in client.query("SELECT COUNT(*), SUM(k), SUM(v) FROM d.t").result()] == [(100, 5050, 100)]
    assert [row.k for row in client.query("SELECT k FROM d.u").result()] == [7]
    # The results of today's questions are still there for whoever turns their pages.
    assert [row.n for row in client.get_job(first.job_id).result()] == [100]
    assert running_server(state) == client.server
    client.close()


# The server as it is, due after few snapshots and at once; it says when it begins to tidy up, so that it can be killed then.
SOON_DUE = """
from zl_assets.embedded import compaction, server
compaction.SNAPSHOTS_DUE = 15
server.QUIET_SECONDS = 0.2
tidy = compaction.tidy_in_service
def told(*arguments):
    print("tidying", flush=True)
    done = tidy(*arguments)
    print("tidied", flush=True)
    return done
compaction.tidy_in_service = told
server.main()
"""


def test_a_server_killed_while_it_tidies_up_in_service_loses_no_row_and_leaves_no_file(state: Path) -> None:
    folder = Folder.of(state)
    folder.create()
    folder.mark_format()

    def start() -> subprocess.Popen[str]:
        command = [sys.executable, "-c", SOON_DUE, str(state)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        _wait(lambda: running_server(state) is not None)
        return process

    process = start()
    client = embedded_client(state, "us-central1")
    client.create_dataset("d")
    client.query("CREATE TABLE d.t AS SELECT k FROM UNNEST(GENERATE_ARRAY(1, 100)) AS k").result()
    said = []
    for round_, delay in enumerate((0.0, 0.05, 0.15), start=1):
        client.query("; ".join(f"UPDATE d.t SET k = k + 1000 WHERE MOD(k, 1000) = {n}" for n in range(1, 17))).result()
        assert process.stdout is not None
        assert process.stdout.readline() == "tidying\n"
        time.sleep(delay)
        process.kill()
        said.append(process.communicate()[0])
        process = start()
        rows = client.query("SELECT COUNT(*), SUM(k) FROM d.t").result()
        assert [tuple(row) for row in rows] == [(100, 5050 + round_ * 16 * 1000)]
        assert len(list(folder.data.rglob("*.parquet"))) == 1
    assert "" in said, "it had always been done already"
    assert stop_server(state)
    process.communicate()
    client.close()


SOON_IDLE = """
from zl_assets.embedded import server
server.IDLE_SECONDS = 0.5
server.main()
"""


def test_it_leaves_when_idle_but_not_while_a_client_lives(state: Path) -> None:
    folder = Folder.of(state)
    folder.create()
    folder.mark_format()
    lease = open_lock(folder.clients_lock)
    fcntl.flock(lease, fcntl.LOCK_SH)
    server = subprocess.Popen([sys.executable, "-c", SOON_IDLE, str(state)], stderr=subprocess.DEVNULL)
    try:
        _wait(lambda: running_server(state) is not None)
        time.sleep(2.5)
        assert server.poll() is None, "it left although a client lives"
        os.close(lease)
        assert server.wait(timeout=15) == 0
        assert not folder.server_json.exists()
    finally:
        server.kill()
        server.wait()


def test_a_server_whose_folder_was_deleted_does_not_stay_for_ever(state: Path) -> None:
    server = ensure_server(state)
    shutil.rmtree(state)
    _wait(lambda: _gone(server.pid))


def test_a_client_whose_folder_was_deleted_holds_the_new_folders_server(state: Path) -> None:
    """Its lease on the deleted lock file would let the new server leave while the client uses it."""
    first = ensure_server(state)
    shutil.rmtree(state)
    _wait(lambda: _gone(first.pid))
    ensure_server(state)
    other = open_lock(Folder.of(state).clients_lock)
    try:
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        os.close(other)


def test_damaged_data_is_reported_at_once_with_the_log(state: Path) -> None:
    folder = Folder.of(state)
    folder.create()
    folder.mark_format()
    folder.data.mkdir()
    (folder.data / "emulator.duckdb").write_bytes(b"no database at all" * 1000)
    began = time.monotonic()
    with pytest.raises(WarehouseUnavailable, match=r"did not start(.|\n)*not a valid DuckDB database file") as caught:
        ensure_server(state)
    assert time.monotonic() - began < 20
    assert str(folder.log) in str(caught.value)
    assert running_server(state) is None


@pytest.mark.parametrize(
    ("marker", "found"),
    [('{"format": 99}', "99"), ("{}", "unknown"), ("", "unknown"), (None, "unknown")],
)
def test_a_folder_of_another_format_is_left_alone_and_can_be_reset(state: Path, marker: str | None, found: str) -> None:
    folder = Folder.of(state)
    folder.create()
    folder.data.mkdir()
    (folder.data / "table.future").write_text("precious")
    if marker is not None:
        folder.marker.write_text(marker)
    with pytest.raises(WarehouseUnavailable, match=rf"format {found}.*format {FORMAT}\..*ZL_STATE_DIR.*warehouse reset"):
        ensure_server(state)
    assert (folder.data / "table.future").read_text() == "precious"
    (state / "models").mkdir()
    reset(state)
    assert sorted(path.name for path in folder.root.iterdir()) == ["locks"]
    assert (state / "models").exists()


@contextlib.contextmanager
def _without_root() -> Iterator[None]:
    """Root may write anywhere, so this gives up root for a moment."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_folder_that_cannot_be_written_is_named() -> None:
    # Not under tmp_path: pytest's folder is closed to everybody but its owner, which is another error.
    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o555)  # noqa: S103  it is the fault that is tested
        with _without_root(), pytest.raises(WarehouseUnavailable, match=rf"{place}/state/warehouse cannot be used.*ZL_STATE_DIR"):
            ensure_server(Path(place) / "state")
        os.chmod(place, 0o700)


def test_a_file_where_the_state_folder_should_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(WarehouseUnavailable, match=r"state/warehouse cannot be used.*ZL_STATE_DIR"):
        ensure_server(tmp_path / "state")


def test_a_server_keeps_no_pipe_of_whoever_started_it(state: Path) -> None:
    """A step of the multiprocess executor has some: whoever reads the command's output would wait until the server leaves."""
    read, write = os.pipe()
    os.set_inheritable(write, True)
    try:
        started = ensure_server(state)
        held = {os.readlink(path) for path in Path(f"/proc/{started.pid}/fd").iterdir() if path.is_symlink()}
        assert os.readlink(f"/proc/self/fd/{write}") not in held
    finally:
        os.close(read)
        os.close(write)


def test_looking_and_stopping_start_nothing_and_create_nothing(state: Path) -> None:
    assert running_server(state) is None
    assert stop_server(state) is False
    reset(state)
    assert not state.exists()


def test_variables_that_only_look_like_the_emulators_do_not_reach_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """local-bigquery reads DATA_DIR, GROUPS, CALLER and the like from the environment, and Python reads PYTHONWARNINGS."""
    for name in ("DATA_DIR", "GROUPS", "GRPC_PORT", "PYTHONWARNINGS", "STORAGE_EMULATOR_HOST"):
        monkeypatch.setenv(name, "not for the server")
    environment = server_environment(Folder.of(tmp_path))
    assert "not for the server" not in environment.values()
    assert environment["PATH"] == os.environ["PATH"]
    assert environment["HOME"] == str(tmp_path.resolve() / "warehouse")


def test_the_server_finds_the_package_wherever_it_is_started_from(tmp_path: Path) -> None:
    root = Path(server_environment(Folder.of(tmp_path))["PYTHONPATH"].split(os.pathsep)[-1])
    assert (root / server.__spec__.name.replace(".", "/")).with_suffix(".py") == Path(server.__file__)
