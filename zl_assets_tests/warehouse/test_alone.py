"""Another team could take the folder `warehouse`: it imports nothing of ours."""

import ast
import re
from pathlib import Path

import zl_assets
from zl_assets import warehouse

PACKAGE = Path(zl_assets.__file__).parent
FOLDER = Path(warehouse.__file__).parent

# People call these two by name, so they read the settings, and know the BigQuery on this machine.
DOORS = {
    "zl_assets.warehouse": {"zl_assets.settings", "zl_assets.embedded.client"},
    "zl_assets.warehouse.__main__": {
        "zl_assets.settings",
        "zl_assets.hints",
        "zl_assets.embedded.folder",
        "zl_assets.embedded.lifecycle",
        "zl_assets.terminal",
    },
}


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


MODULES = {name_of(path): path for path in sorted(FOLDER.rglob("*.py"))}


def imports_of(path: Path) -> set[str]:
    """Modules of ours that a module imports, at its top or in a function."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in MODULES else str(node.module) for name in inner}
    return {name for name in found if name.split(".")[0] == "zl_assets"}


def test_the_warehouse_imports_nothing_of_ours_but_errors_and_files() -> None:
    allowed = {"zl_assets.errors", "zl_assets.files"}
    outside = {name: imports_of(path) - MODULES.keys() - allowed for name, path in MODULES.items()}
    assert {name: found for name, found in outside.items() if found} == DOORS


def test_no_word_of_this_product_is_in_it() -> None:
    """Neither its settings nor its tables nor its subject; the doors know the settings."""
    whole, beginnings = (
        ["ZL", "bar", "bars"],
        ["ZL_", "soy", "futures", "matri", "regime", "famil", "refresh", "training", "forecast"],
    )
    ours = "|".join([*(rf"\b{word}\b" for word in whole), *(rf"\b{word}\w*" for word in beginnings), r"\bzl_(?!assets)\w*"])
    found = {
        f"{name}: {word}"
        for name, path in MODULES.items()
        if name not in DOORS
        for word in re.findall(ours, re.sub(r"from concurrent\.futures import", "", path.read_text()))
    }
    assert found == set()
