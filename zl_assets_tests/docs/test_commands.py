"""The commands in README.md and docs/ are run as they are written, in a folder like a fresh clone.

A block of commands says in the line above it who runs it: `main` and `tests` are the gate's, `ci` are run here, and what cannot
be run here says why.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from zl_assets_tests.support.fixtures import REPO, Clone, environment

PAGES = [REPO / "README.md", *sorted((REPO / "docs").rglob("*.md"))]
BLOCK = re.compile(r"(?:^<!-- (?P<mark>[^\n]*?) -->\n)?^```sh\n(?P<text>.*?)^```", re.DOTALL | re.MULTILINE)
MARK = re.compile(r"main|tests|ci|ci: answers no|(not in ci: |tried by hand ).+")


def blocks() -> list[tuple[str, str | None, str]]:
    """(page, mark, commands) of every block."""
    return [(page.name, found["mark"], found["text"]) for page in PAGES for found in BLOCK.finditer(page.read_text())]


def test_every_block_of_commands_says_who_runs_it() -> None:
    unmarked = [(page, text) for page, mark, text in blocks() if mark is None or not MARK.fullmatch(mark)]
    assert unmarked == []


def run(folder: Path, commands: str, answer: str = "") -> subprocess.CompletedProcess[str]:
    command = ["bash", "-euc", commands]
    return subprocess.run(command, cwd=folder, env=environment(), input=answer, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def folder(clone: Clone) -> Path:
    """The clone's folder; its .venv is this one."""
    assert clone.exit_code == 0, clone.said + clone.complained
    (clone.folder / ".venv").symlink_to(sys.prefix)
    return clone.folder


IN_CI = [
    pytest.param(mark, text, id=f"{page}-{i}") for i, (page, mark, text) in enumerate(blocks()) if str(mark).startswith("ci")
]


@pytest.mark.parametrize(("mark", "text"), IN_CI)
def test_the_documented_commands_work(folder: Path, mark: str, text: str) -> None:
    refused = mark.endswith("answers no")
    done = run(folder, text, "n\n" if refused else "")
    assert (done.returncode != 0) is refused, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
