"""Imports point one way, and start-up loads no heavy library."""

import ast
import subprocess
import sys
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import zl_assets

PACKAGE = Path(zl_assets.__file__).parent

# A module may import from its own layer and from those above it in this list.
LAYERS = [
    {"errors", "files", "settings", "imports", "discovery", "signals", "terminal", "dagster_home"},
    {"warehouse", "notifications", "pages"},
    {"embedded", "hints"},
    {"instruments"},
    {"contracts"},
    {"domain"},
    {"sources", "model"},
    {"briefing"},
    {"catalog", "provenance"},
    {"io_managers", "resources"},
    {"assets", "checks", "operations"},
    {"alerts"},
    {"troubles"},
    {"automation", "execution", "launcher", "progress"},
    {"definitions", "summary"},
    {"main_job"},
    {"__main__"},
]
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
PURE = {"notifications", "instruments", "contracts", "domain", "sources", "model", "briefing", "catalog", "provenance"}

# People call these two by name, so they know the settings and both homes of BigQuery.
DOORS = {
    "zl_assets.warehouse": {"zl_assets.embedded.client.embedded_client"},
    "zl_assets.warehouse.__main__": {
        "zl_assets.hints.told",
        "zl_assets.terminal.forgive",
        "zl_assets.embedded.folder.Folder",
        "zl_assets.embedded.lifecycle.reset",
        "zl_assets.embedded.lifecycle.running_server",
        "zl_assets.embedded.lifecycle.stop_server",
    },
}

# What a room may import of ours, where that is less than its layer allows; the warehouse's own is in warehouse/test_alone.py.
ONLY = {
    "errors": set(),
    "discovery": set(),
    "imports": set(),
    "signals": set(),
    "terminal": set(),
    "dagster_home": {"errors"},
    "execution": {"alerts"},
    "launcher": set(),
    "files": {"errors"},
    "settings": {"errors"},
    "pages": {"errors", "settings", "terminal"},
    "instruments": set(),
    "embedded": {"errors", "files", "imports", "warehouse"},
    "contracts": {"instruments", "warehouse"},
}


def layer_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@cache
def imports_of(path: Path) -> frozenset[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(found)


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_one_way(path: Path) -> None:
    layer = layer_of(path)
    for name in imports_of(path) - DOORS.get(module_name(path), set()):
        parts = name.split(".")
        if parts[0] == "zl_assets" and len(parts) > 1:
            assert RANK[parts[1]] <= RANK[layer], f"{path.relative_to(PACKAGE)} ({layer}) imports {name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_room_that_stands_alone_imports_no_more_than_it_may(path: Path) -> None:
    layer = layer_of(path)
    if layer in ONLY:
        allowed = ONLY[layer] | {layer}
        ours = {name.split(".")[1] for name in imports_of(path) if name.startswith("zl_assets.")}
        assert ours <= allowed


def test_two_rooms_of_one_layer_do_not_import_each_other() -> None:
    found = {
        layer: {n.split(".")[1] for p in MODULES if layer_of(p) == layer for n in imports_of(p) if n.startswith("zl_assets.")}
        for layer in ("sources", "model")
    }
    assert "model" not in found["sources"]
    assert "sources" not in found["model"]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_the_calculations_know_neither_dagster_nor_google(path: Path) -> None:
    forbidden = {"dagster", "google", "dagster_gcp", "local_bigquery", "duckdb"}
    layer = layer_of(path)
    found = {name.split(".")[0] for name in imports_of(path)} & forbidden
    if layer in PURE:
        assert not found
    if layer == "warehouse":
        assert not found & {"dagster", "dagster_gcp"}


def test_there_is_no_import_circle() -> None:
    modules = {module_name(path): imports_of(path) for path in MODULES}
    graph = {
        name: {n if n in modules else n.rpartition(".")[0] for n in found if n.startswith("zl_assets.")} & modules.keys() - {name}
        for name, found in modules.items()
    }
    TopologicalSorter(graph).prepare()


def test_every_module_says_what_belongs_in_it() -> None:
    missing = [str(path.relative_to(PACKAGE)) for path in MODULES if not ast.get_docstring(ast.parse(path.read_text()))]
    assert missing == []


def test_loading_the_definitions_imports_no_heavy_library() -> None:
    heavy = ["lightgbm", "sklearn", "scipy", "duckdb", "local_bigquery", "uvicorn", "pandas_market_calendars", "matplotlib"]
    heavy += ["exchange_calendars", "PIL", "sqlglot", "narwhals", "pandas_gbq", "psutil", "dagster_webserver", "dagster_graphql"]
    code = f"import sys, zl_assets.definitions as d; d.build_defs(); print([m for m in {heavy} if m in sys.modules])"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert output.stdout.strip() == "[]"


def test_lightgbm_does_not_bring_scikit_learn_and_leaves_it_to_who_asks() -> None:
    code = (
        "import sys; from zl_assets.model.fit.boosting import _import_lightgbm as load; load(); "
        "print('sklearn' in sys.modules, 'scipy.stats' in sys.modules); "
        "from sklearn.model_selection import TimeSeriesSplit; print(TimeSeriesSplit.__name__)"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert output.stdout.split() == ["False", "False", "TimeSeriesSplit"]


def test_no_model_can_be_trained_without_docstrings() -> None:
    code = "from zl_assets.model.fit.boosting import _import_lightgbm as load; print(load().Booster.__name__)"
    output = subprocess.run([sys.executable, "-OO", "-c", code], capture_output=True, text=True, check=True)
    assert output.stdout.split() == ["Booster"]


def test_importing_the_definitions_reads_no_environment() -> None:
    code = "import zl_assets.definitions"
    subprocess.run([sys.executable, "-c", code], env={"ZL_MAX_PARTITIONS": "nonsense", "PATH": "/usr/bin"}, check=True)
