"""Golden files: text that a person reviews. Written anew with WRITE_GOLDEN=1, and then read before it is committed."""

import os
from pathlib import Path


def assert_golden(text: str, path: Path) -> None:
    """Hold text against a reviewed file."""
    if os.environ.get("WRITE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    assert text + "\n" == path.read_text(), f"{path.name} differs; review it, then set WRITE_GOLDEN=1 to accept"
