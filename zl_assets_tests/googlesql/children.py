"""What processes that a test starts send: they write it down in a folder, and the test run reads it there.

Belongs here: the folder, and the environment that makes a Python process listen to itself (support/child/sitecustomize.py). Must
not be here: what is heard. An import here must cost nothing.
"""

import contextlib
import json
import os
import tempfile
from pathlib import Path

from zl_assets_tests.googlesql.sent import Sent

FOLDER = "GOOGLESQL_SENT_FOLDER"
CHILD = Path(__file__).parents[1] / "support" / "child"
_FILE = "sent.jsonl"


class Writer:
    """Writes statements into the folder, one a line, in one file for all processes."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / _FILE

    def __call__(self, sent: Sent) -> None:
        """Add one. The file is gone when the test run is over, and some processes live longer."""
        with contextlib.suppress(FileNotFoundError):
            descriptor = os.open(self._file, os.O_WRONLY | os.O_APPEND)  # at its end, whoever else writes
            try:
                os.write(descriptor, f"{sent.to_json()}\n".encode())
            finally:
                os.close(descriptor)


class Children:
    """The processes that this one will start, and theirs; not those that are started with an environment of their own."""

    def __init__(self) -> None:
        self._place = tempfile.TemporaryDirectory(prefix="googlesql-")
        self.folder = Path(self._place.name)
        self._read = 0
        self._before = {name: os.environ.get(name) for name in (FOLDER, "PYTHONPATH")}

    def begin(self) -> None:
        """Have them listen."""
        (self.folder / _FILE).touch()
        inherited = self._before["PYTHONPATH"]
        os.environ[FOLDER] = str(self.folder)
        os.environ["PYTHONPATH"] = os.pathsep.join([str(CHILD), *([inherited] if inherited else [])])

    def end(self) -> None:
        """Have them listen no more."""
        for name, value in self._before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        self._place.cleanup()

    def heard(self) -> list[Sent]:
        """What was written down since the last call."""
        if (self.folder / _FILE).stat().st_size == self._read:
            return []
        with open(self.folder / _FILE, "rb") as file:
            file.seek(self._read)
            # A line without an end is still being written.
            whole, end, _ = file.read().rpartition(b"\n")
        self._read += len(whole + end)
        return [Sent(**json.loads(line)) for line in whole.splitlines()]
