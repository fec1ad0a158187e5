"""Products for tests: new ones, and copies of one that was refreshed once for the whole run, whatever the number of workers."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from zl_assets.embedded.lifecycle import stop_server
from zl_assets.sources.sample import synthetic_bars
from zl_assets_tests.support.product import AS_OF, Product, failures, kill_leftover_server, red

MakeProduct = Callable[..., Product]

# A folder's name with what URLs and shells have a meaning for, and what ASCII lacks.
ODD = "Bob's clone #1 é, 100%"

REPO = Path(__file__).resolve().parents[2]


def built_once(factory: pytest.TempPathFactory, name: str, build: Callable[[Path], None]) -> Path:
    """A folder that whoever asks for it first builds, in a test run of any number of workers. It is to be copied, not changed."""
    base = factory.getbasetemp()
    root = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "built-once"
    root.mkdir(exist_ok=True)
    folder, unfinished = root / name, root / f"{name}.unfinished"
    with open(root / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir()
            build(unfinished)
            unfinished.rename(folder)
    return folder


@pytest.fixture(scope="session")
def sample_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's bars as a file of one's own."""
    folder = built_once(tmp_path_factory, "bars", lambda folder: synthetic_bars().to_parquet(folder / "bars.parquet"))
    return folder / "bars.parquet"


@pytest.fixture(scope="module")
def new_product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeProduct]:
    """Makes products without any state; the keywords are their settings."""
    made: list[Product] = []

    def make(**values: Any) -> Product:
        made.append(Product(tmp_path_factory.mktemp("product"), values))
        return made[-1]

    yield make
    _end(made)


@pytest.fixture(scope="module")
def refreshed_product(tmp_path_factory: pytest.TempPathFactory, sample_file: Path) -> Iterator[MakeProduct]:
    """Makes products that are as a green refresh from `sample_file` left them, each in a folder of its own."""
    values = {"bars": sample_file, "as_of": AS_OF}

    def build(folder: Path) -> None:
        product = Product(folder, values)
        result = product.refresh()
        product.freeze()
        assert failures(result) == {}
        assert red(result) == set()

    made: list[Product] = []

    def make(**more: Any) -> Product:
        original = Product(built_once(tmp_path_factory, "refreshed", build), values)
        made.append(original.copy_to(tmp_path_factory.mktemp("copies") / "product"))
        made[-1].values |= more
        return made[-1]

    yield make
    _end(made)


@dataclass(frozen=True)
class Clone:
    """A folder like a fresh clone's root, after the main job.

    Attributes:
        said, complained: what the main job wrote to its two streams.
    """

    folder: Path
    exit_code: int
    said: str
    complained: str


def environment(**variables: str) -> dict[str, str]:
    """This process's, without anything of ours or Dagster's."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("ZL_", "DAGSTER"))} | variables


def main(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """The main job as a person starts it."""
    command = [sys.executable, "-m", "zl_assets"]
    return subprocess.run(command, cwd=folder, env=environment(**variables), capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    """A clone in which the main job ran once, green or not; this module may change it."""

    def build(folder: Path) -> None:
        for name in ("dagster.yaml", "workspace.yaml", "pyproject.toml"):
            shutil.copy(REPO / name, folder)
        done = main(folder)
        stop_server(folder / ".zl")
        (folder / "main.json").write_text(json.dumps([done.returncode, done.stdout, done.stderr]))

    folder = tmp_path_factory.mktemp("clones") / ODD
    shutil.copytree(built_once(tmp_path_factory, "clone", build), folder, symlinks=True)
    outcome = json.loads((folder / "main.json").read_text())
    (folder / "main.json").unlink()
    yield Clone(folder, *outcome)
    kill_leftover_server(folder / ".zl")


def _end(products: list[Product]) -> None:
    for product in products:
        kill_leftover_server(product.state_dir)
        product.let_go()
