"""Every subject of the rules has its tests beside it."""

import importlib
import pkgutil
from pathlib import Path

from zl_assets.domain import rules
from zl_assets_tests.support.rows import predicates_of


def test_a_new_subject_is_not_forgotten() -> None:
    subjects = {
        name
        for _, name, _ in pkgutil.iter_modules(rules.__path__)
        if name != "offenders" and predicates_of(importlib.import_module(f"{rules.__name__}.{name}"))
    }
    assert "market" in subjects
    assert {name for name in subjects if not (Path(__file__).parent / f"test_{name}.py").exists()} == set()
