"""What processes that a test starts send: they write it down in a folder, and the test run reads it there.

Belongs here: the folder, and the environment that makes a Python process listen to itself (child/sitecustomize.py). Must not be
here: what is heard. An import here must cost nothing.
"""

import json
import os
import tempfile
from pathlib import Path

from zl_assets_tests.googlesql.sent import Sent

FOLDER = "GOOGLESQL_SENT_FOLDER"
CHILD = Path(__file__).with_name("child")


class Writer:
    """Writes statements into a folder, in a file of this process's own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, sent: Sent) -> None:
        """Add one, whole or not at all. The folder is gone when the test run is over, and some processes live longer."""
        if self._folder.is_dir():
            descriptor = os.open(self._folder / f"{os.getpid()}.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            try:
                os.write(descriptor, f"{sent.to_json()}\n".encode())
            finally:
                os.close(descriptor)


class Children:
    """The processes that this one will start, and theirs; not those that are started with an environment of their own."""

    def __init__(self) -> None:
        self._place = tempfile.TemporaryDirectory(prefix="googlesql-")
        self.folder = Path(self._place.name)
        self._read: dict[str, int] = {}
        self._before = {name: os.environ.get(name) for name in (FOLDER, "PYTHONPATH")}

    def begin(self) -> None:
        """Have them listen."""
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
        found = []
        for entry in os.scandir(self.folder):
            with open(entry.path, "rb") as file:
                file.seek(self._read.get(entry.name, 0))
                # A line without an end is still being written.
                whole = file.read().rpartition(b"\n")[0]
                self._read[entry.name] = self._read.get(entry.name, 0) + len(whole) + (1 if whole else 0)
            found += [Sent(**json.loads(line)) for line in whole.splitlines()]
        return found
