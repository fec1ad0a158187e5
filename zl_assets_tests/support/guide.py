"""The module that docs/adding-a-family.md shows, put where the guide says, without touching the checkout."""

import importlib
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zl_assets.domain import families
from zl_assets.domain.families.base import Family

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "adding-a-family.md"


def example() -> str:
    """The guide's code block, as it is written there."""
    [code] = re.findall(r"<!-- candle\.py -->\n```python\n(.*?)```\n<!-- end -->", GUIDE.read_text(), re.DOTALL)
    return str(code)


@contextmanager
def family_module(folder: Path, name: str, code: str) -> Iterator[None]:
    """A module of zl_assets.domain.families while this lasts: its file is in `folder`, where the package then looks too."""
    (folder / f"{name}.py").write_text(code)
    families.__path__.append(str(folder))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        families.__path__.remove(str(folder))
        sys.modules.pop(f"{families.__name__}.{name}", None)
        if hasattr(families, name):
            delattr(families, name)


def example_family(folder: Path) -> Family:
    """The guide's family as an object."""
    with family_module(folder, "candle", example()):
        found: Family = importlib.import_module(f"{families.__name__}.candle").FAMILY
    return found
