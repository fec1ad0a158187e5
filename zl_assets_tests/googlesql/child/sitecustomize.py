"""Python runs this at the start of every process that a test starts: the folder is in PYTHONPATH (children.py).

Belongs here: waiting for the client library to be imported, at no cost to a process that never does. Must not be here: anything
else.
"""

import importlib.abc
import importlib.machinery
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

_CLIENT = "google.cloud.bigquery.client"


class _Finder(importlib.abc.MetaPathFinder):
    """Lets the client library be found as ever, and listened to when it is there."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != _CLIENT:
            return None
        sys.meta_path.remove(self)
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def then_listen(module: ModuleType) -> None:
                execute(module)
                _listen(module)

            spec.loader.exec_module = then_listen  # type: ignore[method-assign]
        return spec


def _listen(module: ModuleType) -> None:
    # Last, and for this import alone: what the process imports must come from where it would without us.
    repository = str(Path(__file__).resolve().parents[3])
    sys.path.append(repository)
    try:
        from zl_assets_tests.googlesql.children import FOLDER, Writer
        from zl_assets_tests.googlesql.sent import Listener
    finally:
        sys.path.remove(repository)
    Listener(Writer(Path(os.environ[FOLDER]))).listen(module.Client)


if "GOOGLESQL_SENT_FOLDER" in os.environ:  # as children.FOLDER, which is not imported yet
    sys.meta_path.insert(0, _Finder())
