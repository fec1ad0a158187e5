"""What starting costs: commands as a person or Dagster starts them, each in a process of its own.

Belongs here: the commands, and which packages the imports are of. Must not be here: bounds.
"""

import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
_QUERY = "from zl_assets.warehouse import connect; list(connect().query('SELECT 1').result())"


def python(code: str, state: Path | None = None) -> Callable[[], None]:
    """`python -c CODE`, in the project's folder."""
    return command(sys.executable, "-W", "ignore", "-c", code, state=state)


def command(*words: str, state: Path | None = None) -> Callable[[], None]:
    """A command in the project's folder, on a state folder of its own."""

    def run() -> None:
        place = {} if state is None else {"ZL_STATE_DIR": str(state)}
        subprocess.run(words, check=True, capture_output=True, cwd=REPOSITORY, env={**os.environ, **place})

    return run


def query(state: Path) -> Callable[[], None]:
    """The first query of a new process."""
    return python(_QUERY, state)


def imports(module: str) -> Counter[str]:
    """Seconds that importing a module spends in each package itself, by the interpreter's own account."""
    words = [sys.executable, "-W", "ignore", "-X", "importtime", "-c", f"import {module}"]
    said = subprocess.run(words, check=True, capture_output=True, text=True, cwd=REPOSITORY).stderr
    spent: Counter[str] = Counter()
    for own, name in re.findall(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)", said):
        spent[name.partition(".")[0]] += int(own) / 1e6
    return spent
