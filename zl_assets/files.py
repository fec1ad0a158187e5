"""Files that are replaced whole.

Belongs here: the one way in which this product puts a file or folder in place. Must not be here: what is in them.
"""

import contextlib
import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from zl_assets.errors import ZlError

TEMPORARY = ".new-"
"""Prefix of what is being written; a killed write leaves it, and the next write under the lock removes it."""


class ArtifactFault(ZlError):
    """A CSV or model file is missing, truncated, or is not the one its record names."""


# A write takes milliseconds; whoever holds the lock for this long is stopped, not slow.
_LOCK_SECONDS = 30.0


@contextlib.contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """One writer in a folder at a time. The operating system drops the lock of a killed process, so no person ever has to.

    Raises:
        ArtifactFault: another process has held the folder for 30 s.
    """
    with open(folder / ".lock", "w") as lock:
        deadline = time.monotonic() + _LOCK_SECONDS
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise ArtifactFault(
                        f"Another process has been writing in {folder} for {_LOCK_SECONDS:.0f} s. Stop it and run again."
                    ) from None
                time.sleep(0.02)
        yield


def replace_file(path: Path, content: bytes) -> None:
    """Put a file in place so that readers and killed writers see the old content or the new, never a part of it.

    Raises:
        ArtifactFault: the folder or disk does not take it; the old file is intact.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with exclusive(path.parent):
            for leftover in path.parent.glob(f"{TEMPORARY}*"):
                leftover.unlink(missing_ok=True)
            _write_beside(path, content)
    except OSError as error:
        raise ArtifactFault(
            f"{path} cannot be written: {error}. The old file is intact. Make the folder writable, free some space, or choose "
            "another ZL_STATE_DIR."
        ) from error


def _write_beside(path: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(prefix=TEMPORARY, dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
        fsync_folder(path.parent)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def fsync_folder(folder: Path) -> None:
    """Make a rename in the folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
