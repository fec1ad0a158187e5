"""The life of the embedded BigQuery's server, from outside: find the one of a state folder, start it, stop it, erase its data.

Belongs here: who may start a server and when, and the talk with it about its own life. Must not be here: the layout of its folder
(folder.py), SQL, and imports that cost time.
"""

import contextlib
import errno
import fcntl
import http.client
import json
import os
import secrets
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from zl_assets.embedded.folder import PROJECT, SERVER_HEADER, VERSION, Folder, ServerInfo
from zl_assets.files import open_lock, same_file, try_lock
from zl_assets.warehouse.errors import WarehouseUnavailable

# A start takes 2.5 s here, 6 s with twenty at once on two cores; a compaction adds seconds. A minute is a machine in trouble.
START_DEADLINE = 60.0

# A running job is finished first, and the write path's longest takes seconds.
STOP_DEADLINE = 120.0

# The event loop answers in milliseconds; jobs in other threads can hold the interpreter for a second or two.
_HEALTH_TIMEOUT = 5.0
_POLL = 0.03

# A server that is stopped or killed while it starts is started again; one that dies of itself is not.
_SPAWNS = 5

_LOG_LIMIT = 1_000_000
_LOG_TAIL_LINES = 15

# The server sees only these: its settings have names like DATA_DIR, GROUPS and CALLER, which a shell may well use for something
# else.
_KEPT_VARIABLES = frozenset({"PATH", "LANG", "LANGUAGE", "TZ", "TMPDIR", "USER", "LOGNAME", "SHELL", "VIRTUAL_ENV", "PYTHONHOME"})
_KEPT_PREFIXES = ("LC_", "LD_", "DYLD_")


_FOLDER_FAULTS = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.ENOTDIR, errno.EEXIST, errno.ENOENT}
_FOLDER_FAULTS |= {errno.ELOOP, errno.ENAMETOOLONG}


class _Process:
    """What this process knows, by warehouse folder: its leases, the servers it saw answer a query, and the children it must
    reap."""

    def __init__(self) -> None:
        self.mutex = threading.RLock()
        self.leases: dict[Path, int] = {}
        self.proved: dict[Path, str] = {}
        self.children: set[int] = set()

    def after_fork(self) -> None:
        # The mutex may be held by a thread that does not exist in the child. Leases are shared with the parent, and stay in
        # force until both have ended. The parent's children are not ours to wait for.
        self.mutex = threading.RLock()
        self.children = set()


_process = _Process()
os.register_at_fork(after_in_child=_process.after_fork)


def ensure_server(state_dir: Path) -> ServerInfo:
    """The healthy server of a state folder; started if there is none.

    From the first call on, this process holds a lease: the server does not leave for idleness before the process has ended. The
    server may still be stopped or killed; then the next call starts another. Any number of processes and threads may call at
    once.

    Args:
        state_dir: created if missing.

    Raises:
        WarehouseUnavailable: the folder cannot be written or has another format, or the server does not start or answer. The
            message says which, and holds the end of the server's log.
    """
    folder = Folder.of(state_dir)
    end = time.monotonic() + START_DEADLINE
    with _process.mutex, _folder_faults(folder):
        _reap()
        folder.create()
        folder.check_format()
        _take_lease(folder, end)
        while True:
            server = _serving(folder) or _start(folder, end)
            if _process.proved.get(folder.root) == server.nonce or _answers_a_query(server, end):
                _process.proved[folder.root] = server.nonce
                return server
            # It may have been told to stop, or been killed, between its first answer and this one.
            if time.monotonic() > end or _serving(folder) == server:
                raise WarehouseUnavailable(
                    f"the embedded BigQuery in {folder.root} (process {server.pid}) runs, but did not answer SELECT 1. "
                    "Stop it with `python -m zl_assets.warehouse stop`, and try again. "
                    f"The end of its log, {folder.log}:\n{_log_tail(folder, 0)}"
                )


def running_server(state_dir: Path) -> ServerInfo | None:
    """The server of a state folder if one is running and healthy. Never starts one, creates nothing and takes no lease.

    Raises:
        WarehouseUnavailable: there can be no such folder, or its server is of another version.
    """
    folder = Folder.of(state_dir)
    with _folder_faults(folder):
        return _serving(folder)


def stop_server(state_dir: Path) -> bool:
    """Ask the server to stop, and wait until it is gone. It finishes running jobs first. Clients start another on their next use.

    Returns:
        True if there was one.

    Raises:
        WarehouseUnavailable: it is still there after two minutes.
    """
    folder = Folder.of(state_dir)
    end = time.monotonic() + STOP_DEADLINE
    with _folder_faults(folder):
        if not folder.server_lock.exists():
            return False
    with _folder_faults(folder), _descriptor(folder.server_lock) as lock:
        if try_lock(lock, fcntl.LOCK_SH):
            return False
        asked: str | None = None
        while time.monotonic() < end:
            if try_lock(lock, fcntl.LOCK_SH):
                return True
            server = folder.read_server()
            if server is not None and asked is None:
                # False while it is starting, or when it has just gone: the lock decides.
                asked = server.nonce if _request(server, "POST", "/_zl/stop") is not None else None
            elif server is not None and server.nonce != asked:
                return True  # another one has been started meanwhile, so the one that was asked is gone
            time.sleep(_POLL)
        raise WarehouseUnavailable(
            f"the embedded BigQuery {_owner(lock)} did not stop within {STOP_DEADLINE:.0f} s. Its log is {folder.log}. "
            "Killing that process, even with kill -9, loses no finished write."
        )


def reset(state_dir: Path) -> None:
    """Stop the server and delete every table, job and file of the warehouse folder, of whatever format. Nothing else is touched.

    Raises:
        WarehouseUnavailable: the server does not stop, or the folder cannot be written.
    """
    folder = Folder.of(state_dir)
    if not folder.root.exists():
        return
    end = time.monotonic() + STOP_DEADLINE
    with _folder_faults(folder):
        folder.create()
        with _descriptor(folder.start_lock) as gate, _descriptor(folder.server_lock) as lock:
            _wait_for_lock(gate, end, f"another process has been starting or resetting {folder.root} for {STOP_DEADLINE:.0f} s")
            stop_server(state_dir)
            _wait_for_lock(lock, end, f"the embedded BigQuery in {folder.root} did not stop within {STOP_DEADLINE:.0f} s")
            # Data leaves in one rename, so a reset that is killed leaves either all tables or none. The marker goes last.
            if folder.data.exists():
                folder.data.rename(folder.root / f"deleted-{secrets.token_hex(4)}")
            for path in sorted(folder.root.iterdir(), key=lambda path: path == folder.marker):
                if path == folder.locks:
                    continue
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink()


@contextlib.contextmanager
def _folder_faults(folder: Folder) -> Iterator[None]:
    """Name the folder in the error when it cannot be used; errors that a person cannot correct pass."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FOLDER_FAULTS:
            raise
        raise WarehouseUnavailable(
            f"{folder.root} cannot be used for the embedded BigQuery: {error.strerror} ({error.filename}). "
            "It must be a folder that this user can write to. Change that, or set ZL_STATE_DIR to another folder."
        ) from None


@contextlib.contextmanager
def _descriptor(path: Path) -> Iterator[int]:
    descriptor = open_lock(path)
    try:
        yield descriptor
    finally:
        # Closing is not enough: a process forked meanwhile shares the lock.
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)


def _wait_for_lock(descriptor: int, end: float, complaint: str) -> None:
    while not try_lock(descriptor, fcntl.LOCK_EX):
        if time.monotonic() > end:
            raise WarehouseUnavailable(f"{complaint} ({_owner(descriptor)})")
        time.sleep(_POLL)


def _owner(lock: int) -> str:
    pid = os.pread(lock, 20, 0).decode(errors="replace").strip()
    return f"process {pid}" if pid.isdigit() else "process"


def _take_lease(folder: Folder, end: float) -> None:
    lease = _process.leases.get(folder.root)
    if lease is not None and same_file(lease, folder.clients_lock):
        return
    if lease is not None:
        os.close(lease)
        del _process.leases[folder.root]
    lease = open_lock(folder.clients_lock)
    while not try_lock(lease, fcntl.LOCK_SH):
        # Refused only by a server that is leaving because it has no client, which takes a moment.
        if time.monotonic() > end:
            os.close(lease)
            raise WarehouseUnavailable(
                f"an embedded BigQuery that was shutting down in {folder.root} has not exited. Its log is {folder.log}."
            )
        time.sleep(_POLL)
    _process.leases[folder.root] = lease


def _serving(folder: Folder) -> ServerInfo | None:
    server = folder.read_server()
    if server is None:
        return None
    health = _request(server, "GET", "/_zl/health")
    if health is None or not health.get("serving"):
        return None
    if server.version != VERSION:
        raise WarehouseUnavailable(
            f"the embedded BigQuery that runs in {folder.root} (process {server.pid}) is of another version: {server.version}; "
            f"this is {VERSION}. Stop it with `python -m zl_assets.warehouse stop`, and try again."
        )
    return server


def _request(
    server: ServerInfo, method: str, path: str, body: Any = None, timeout: float = _HEALTH_TIMEOUT
) -> dict[str, Any] | None:
    """The JSON answer of exactly this server; None when it is not there, is another, or refuses."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=timeout)
    try:
        connection.request(
            method,
            path,
            body=None if body is None else json.dumps(body),
            headers={SERVER_HEADER: server.nonce, "content-type": "application/json"},
        )
        response = connection.getresponse()
        answer = json.loads(response.read())
        return answer if response.status == 200 and isinstance(answer, dict) else None
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()


def _answers_a_query(server: ServerInfo, end: float) -> bool:
    """One real query through the API: a server that lost its data still answers health calls."""
    query = {"query": "SELECT 1", "useLegacySql": False}
    patience = max(_HEALTH_TIMEOUT, end - time.monotonic())
    answer = _request(server, "POST", f"/bigquery/v2/projects/{PROJECT}/queries", query, patience)
    return answer is not None and answer.get("rows") == [{"f": [{"v": "1"}]}]


def _start(folder: Folder, end: float) -> ServerInfo:
    with _descriptor(folder.start_lock) as gate:
        while not try_lock(gate, fcntl.LOCK_EX):
            if server := _serving(folder):
                return server
            if time.monotonic() > end:
                raise WarehouseUnavailable(
                    f"another process has been starting the embedded BigQuery in {folder.root} for too long"
                )
            time.sleep(_POLL)
        if server := _serving(folder):
            return server
        folder.mark_format()
        for _ in range(_SPAWNS):
            if server := _spawn_and_wait(folder, end):
                return server
        raise WarehouseUnavailable(
            f"the embedded BigQuery in {folder.root} was stopped {_SPAWNS} times in a row while it was started. "
            f"The end of its log, {folder.log}:\n{_log_tail(folder, 0)}"
        )


def _spawn_and_wait(folder: Folder, end: float) -> ServerInfo | None:
    """Start a server process; None if somebody stopped or killed it before we saw it serve."""
    offset = _trim_log(folder)
    child = _spawn(folder)
    server = None
    try:
        while time.monotonic() < end:
            if server := _serving(folder):
                return server
            code = _exit_code(child)
            if code in (0, -signal.SIGTERM, -signal.SIGKILL):
                return None
            if code is not None:
                raise WarehouseUnavailable(
                    f"the embedded BigQuery in {folder.root} did not start. The end of its log, {folder.log}:\n"
                    f"{_log_tail(folder, offset)}"
                )
            time.sleep(_POLL)
        with _descriptor(folder.server_lock) as lock:
            raise WarehouseUnavailable(
                f"the embedded BigQuery in {folder.root} did not answer in time; {_owner(lock)} holds it. "
                "If that one hangs, kill it: that loses no finished write. "
                f"The end of the log, {folder.log}:\n{_log_tail(folder, offset)}"
            )
    finally:
        if server is None or server.pid != child:
            _end(child)


def server_environment(folder: Folder) -> dict[str, str]:
    """The variables of a server process: few enough that nothing in a person's shell can change what it does."""
    kept = {name: value for name, value in os.environ.items() if name in _KEPT_VARIABLES or name.startswith(_KEPT_PREFIXES)}
    # The package may be importable only because of this process's working directory, and the server does not look there.
    package_root = str(Path(__file__).resolve().parents[__name__.count(".")])
    search = [path for path in (os.environ.get("PYTHONPATH", ""), package_root) if path]
    return kept | {"HOME": str(folder.root), "PYTHONPATH": os.pathsep.join(search), "PYTHONUNBUFFERED": "1"}


def _spawn(folder: Folder) -> int:
    arguments = [sys.executable, "-P", "-m", "zl_assets.embedded.server", str(folder.root.parent)]
    # Not subprocess: its objects complain when they are dropped while the process lives, and this one is meant to outlive us.
    child = os.posix_spawn(
        sys.executable,
        arguments,
        server_environment(folder),
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(folder.log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
            *((os.POSIX_SPAWN_CLOSE, descriptor) for descriptor in _inheritable()),
        ],
    )
    _process.children.add(child)
    return child


def _inheritable() -> list[int]:
    """Descriptors that a child would get, beside the three that it is given.

    A step of Dagster's multiprocess executor has pipes of its parents in them: a server that kept those open would keep
    multiprocessing's helper alive, and whoever reads the command's output waiting, for as long as it lives itself.
    """
    found = []
    for name in os.listdir("/dev/fd"):
        with contextlib.suppress(OSError):  # the listing's own is gone by now
            if int(name) > 2 and os.get_inheritable(int(name)):
                found.append(int(name))
    return found


def _exit_code(child: int) -> int | None:
    """None while a server process that we started runs; else its exit code, negative for the signal that killed it."""
    if child not in _process.children:
        return 0
    try:
        pid, status = os.waitpid(child, os.WNOHANG)
    except ChildProcessError:
        pid, status = child, 0  # somebody else in this process waited for it
    if not pid:
        return None
    _process.children.discard(child)
    return os.waitstatus_to_exitcode(status)


def _reap() -> None:
    for child in tuple(_process.children):
        _exit_code(child)


def _end(child: int) -> None:
    """End a server process that we started and that is not needed: it never served, so it has nothing to lose."""
    while _exit_code(child) is None:
        os.kill(child, signal.SIGKILL)
        time.sleep(_POLL)


def _trim_log(folder: Folder) -> int:
    """Put a log that grew too long aside, as `.1`; the length of what is left."""
    try:
        size = folder.log.stat().st_size
    except FileNotFoundError:
        return 0
    if size > _LOG_LIMIT:
        folder.log.replace(folder.log.with_name(f"{folder.log.name}.1"))
        return 0
    return size


def _log_tail(folder: Folder, offset: int) -> str:
    try:
        with folder.log.open("rb") as file:
            file.seek(max(offset, folder.log.stat().st_size - 20_000))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        text = ""
    return "\n".join(f"  {line}" for line in text.splitlines()[-_LOG_TAIL_LINES:]) or "  (empty)"
