"""Python runs this at the start of every process that a test starts: the folder is in PYTHONPATH (googlesql/children.py).

Belongs here: waiting for a module to be imported, at no cost to a process that never does. Must not be here: what is then done
to it.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType


class _Finder(importlib.abc.MetaPathFinder):
    """Lets some modules be found as ever, and does something to each when it is there."""

    def __init__(self, then: dict[str, Callable[[ModuleType], None]]) -> None:
        self._then = then

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        then = self._then.pop(fullname, None)
        if then is None:
            return None
        # Whoever else would find it: an editable installation has a finder of its own.
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def and_then(module: ModuleType) -> None:
                execute(module)
                # Last, and for this import alone: what the process imports must come from where it would without us.
                repository = str(Path(__file__).resolve().parents[3])
                sys.path.append(repository)
                try:
                    then(module)
                finally:
                    sys.path.remove(repository)

            spec.loader.exec_module = and_then  # type: ignore[method-assign]
        return spec


def _listen(module: ModuleType) -> None:
    from zl_assets_tests.googlesql.children import FOLDER, Writer
    from zl_assets_tests.googlesql.sent import Listener

    Listener(Writer(Path(os.environ[FOLDER]))).listen(module.Client)


def _remember(module: ModuleType) -> None:
    from zl_assets_tests.support.replay_fits import PLACE, remembering

    module.walk_forward = remembering(Path(os.environ[PLACE]))  # type: ignore[attr-defined]


# By the variable that asks for it: children.FOLDER and replay_fits.PLACE, which are not imported yet.
_WANTED: dict[str, tuple[str, Callable[[ModuleType], None]]] = {
    "GOOGLESQL_SENT_FOLDER": ("google.cloud.bigquery.client", _listen),
    "TEST_REPLAY_FITS": ("zl_assets.model.replay.rows", _remember),
}

if _asked := dict(wanted for variable, wanted in _WANTED.items() if variable in os.environ):
    sys.meta_path.insert(0, _Finder(_asked))
