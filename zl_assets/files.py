"""Files that are put in place whole, and the locks beside them.

Belongs here: the one way in which this product puts a file, a folder or a link in place, so that readers and killed writers see
the old one or the new, never a part. Must not be here: what is in them.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from zl_assets.errors import ZlError

TEMPORARY = ".new-"
"""Prefix of what is being written. A killed write leaves it, and `sweep` removes it."""


class ArtifactFault(ZlError):
    """A CSV or model file is missing, truncated, or is not the one its record names."""


# A write takes milliseconds; whoever holds the lock for this long is stopped, not slow.
_LOCK_SECONDS = 30.0


def open_lock(path: Path, *, mode: int = 0o600) -> int:
    """A descriptor of a lock file; not inherited by programs that this process starts.

    The operating system drops the lock of a killed process, so no person ever has to. A lock file is never deleted: one that is
    replaced locks nothing.
    """
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, mode)


def try_lock(descriptor: int, operation: int) -> bool:
    """flock without waiting: True when the lock was granted."""
    try:
        fcntl.flock(descriptor, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def same_file(descriptor: int, path: Path) -> bool:
    """True while `path` still names the file that `descriptor` has open."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """One writer in a folder at a time.

    Raises:
        ArtifactFault: another process has held the folder for 30 s.
    """
    lock = open_lock(folder / ".lock", mode=0o666)
    try:
        deadline = time.monotonic() + _LOCK_SECONDS
        while not try_lock(lock, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                raise ArtifactFault(
                    f"Another process has been writing in {folder} for {_LOCK_SECONDS:.0f} s. Stop it and run again."
                )
            time.sleep(0.02)
        yield
    finally:
        os.close(lock)


def replace_file(path: Path, content: bytes) -> None:
    """Put a file in place, and make its folder if need be. One writer in the folder at a time, who removes what killed ones left.

    Raises:
        ArtifactFault: the folder or disk does not take it; the old file is intact.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with exclusive(path.parent):
            sweep(path.parent)
            put_file(path, content)
    except OSError as error:
        raise ArtifactFault(
            f"{path} cannot be written: {error}. The old file is intact. Make the folder writable, free some space, or choose "
            "another ZL_STATE_DIR."
        ) from error


def put_file(path: Path, content: bytes, *, mode: int = 0o644) -> None:
    """Put a file in place, flushed to disk; an older one is replaced in the same step."""
    handle, name = tempfile.mkstemp(prefix=TEMPORARY, dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            _write(file, content)
        temporary.chmod(mode)
        temporary.replace(path)
        fsync_folder(path.parent)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def put_folder(path: Path, files: Mapping[str, bytes]) -> None:
    """Put a new folder with these files in place, flushed to disk. The caller is the only writer."""
    temporary = path.parent / f"{TEMPORARY}{path.name}"
    temporary.mkdir()
    for name, content in files.items():
        with open(temporary / name, "wb") as file:
            _write(file, content)
    fsync_folder(temporary)
    temporary.rename(path)
    fsync_folder(path.parent)


def put_link(path: Path, target: str) -> None:
    """Put a symbolic link in place; an older one is replaced in the same step. The caller is the only writer."""
    temporary = path.parent / f"{TEMPORARY}{path.name}"
    temporary.symlink_to(target)
    temporary.replace(path)
    fsync_folder(path.parent)


def sweep(folder: Path) -> None:
    """Remove what killed writes left. The caller is the only writer, so all of it is left over."""
    for leftover in folder.glob(f"{TEMPORARY}*"):
        if leftover.is_dir() and not leftover.is_symlink():
            shutil.rmtree(leftover)
        else:
            leftover.unlink(missing_ok=True)


def fsync_folder(folder: Path) -> None:
    """Make a rename in the folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(file: BinaryIO, content: bytes) -> None:
    file.write(content)
    file.flush()
    os.fsync(file.fileno())
