"""The commands in README.md and docs/ are run as they are written, in a folder like a fresh clone.

A block of commands says in the line above it who runs it: `main` and `tests` are the gate's, `ci` are run here, and what cannot
be run here says why.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from zl_assets.warehouse.embedded.lifecycle import stop_server

REPO = Path(__file__).resolve().parents[2]
PAGES = [REPO / "README.md", *sorted((REPO / "docs").rglob("*.md"))]
BLOCK = re.compile(r"(?:^<!-- (?P<mark>[^\n]*?) -->\n)?^```sh\n(?P<text>.*?)^```", re.DOTALL | re.MULTILINE)
MARK = re.compile(r"main|tests|ci|ci: answers no|(not in ci: |tried by hand ).+")


def blocks() -> list[tuple[str, str | None, str]]:
    """(page, mark, commands) of every block."""
    return [(page.name, found["mark"], found["text"]) for page in PAGES for found in BLOCK.finditer(page.read_text())]


def test_every_block_of_commands_says_who_runs_it() -> None:
    unmarked = [(page, text) for page, mark, text in blocks() if mark is None or not MARK.fullmatch(mark)]
    assert unmarked == []


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder like a fresh clone's root after the main job; its .venv is this one."""
    folder = tmp_path_factory.mktemp("clone")
    for name in ("dagster.yaml", "workspace.yaml", "pyproject.toml"):
        shutil.copy(REPO / name, folder)
    (folder / ".venv").symlink_to(sys.prefix)
    done = run(folder, ".venv/bin/python -m zl_assets")
    assert done.returncode == 0, done.stdout + done.stderr
    yield folder
    stop_server(folder / ".zl")


def run(folder: Path, commands: str, answer: str = "") -> subprocess.CompletedProcess[str]:
    own = {k: v for k, v in os.environ.items() if not k.startswith(("ZL_", "DAGSTER"))}
    return subprocess.run(
        ["bash", "-euc", commands], cwd=folder, env=own, input=answer, capture_output=True, text=True, timeout=300
    )


IN_CI = [
    pytest.param(mark, text, id=f"{page}-{i}") for i, (page, mark, text) in enumerate(blocks()) if str(mark).startswith("ci")
]


@pytest.mark.parametrize(("mark", "text"), IN_CI)
def test_the_documented_commands_work(clone: Path, mark: str, text: str) -> None:
    refused = mark.endswith("answers no")
    done = run(clone, text, "n\n" if refused else "")
    assert (done.returncode != 0) is refused, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
