"""The process that owns a table made for one run.

Belongs here: a process as a label value, and whether such a process is gone. Must not be here: anything about the table.
"""

import hashlib
import os
import socket
from contextlib import suppress
from pathlib import Path

import psutil


def owner() -> str:
    """This process, as a label value."""
    return owner_of(os.getpid())


def owner_of(pid: int) -> str:
    """A process, as a label value: where it runs, its id, and its start time, so that a reused id is not taken for it.

    Raises:
        psutil.NoSuchProcess: there is none.
    """
    return f"{_place()}-{pid}-{_started(pid)}"


def is_orphan(label: str) -> bool:
    """Was a staging table made where we run, by a process that is gone? Others are left to their expiration."""
    place, _, rest = label.partition("-")
    pid, _, _ = rest.partition("-")
    if place != _place() or not pid.isdigit():
        return False
    try:
        return owner_of(int(pid)) != label
    except psutil.NoSuchProcess:
        return True


def _place() -> str:
    """Where process ids mean the same as ours: this boot of this machine, and in Linux this container."""
    known = [socket.gethostname()]
    with suppress(OSError):
        known += [Path("/proc/sys/kernel/random/boot_id").read_text(), os.readlink("/proc/self/ns/pid")]
    return hashlib.sha256("\n".join(known).encode()).hexdigest()[:8]


def _started(pid: int) -> int:
    """A number that tells a process from a later one of the same id: in Linux clock ticks since the boot, which nobody sets anew;
    elsewhere by the wall clock."""
    started = psutil.Process(pid).create_time()
    with suppress(OSError, ValueError, IndexError):
        # The name, in brackets, may hold spaces; what follows it does not. Start time is field 22 of proc(5)'s stat.
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    return int(started * 100)
