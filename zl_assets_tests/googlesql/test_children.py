"""Statements of other processes."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from zl_assets_tests.googlesql.children import FOLDER, Children, Writer
from zl_assets_tests.googlesql.sent import Sent

SEND = """
import sys
from google.cloud import bigquery

class Offline(bigquery.Client):
    def __init__(self):
        pass

    def _call_api(self, *_, **__):
        raise ConnectionError("nobody is there")

config = bigquery.QueryJobConfig(labels={"zl_step": "read"})
try:
    Offline().query(f"SELECT {sys.argv[1]}", job_config=config)
except Exception:
    pass
"""
ONE = Sent("read", "SELECT 1", [], {"a.b.c": None})


@pytest.fixture
def children() -> Iterator[Children]:
    children = Children()
    children.begin()
    yield children
    children.end()


def test_a_process_that_a_test_starts_is_not_passed_by(children: Children, tmp_path: Path) -> None:
    """Also where it starts it elsewhere, and that one another; the product's processes do."""
    again = f"import subprocess, sys; subprocess.run([sys.executable, '-W', 'error', '-c', {SEND!r}, '2'], check=True)"
    subprocess.run([sys.executable, "-c", SEND, "1"], cwd=tmp_path, check=True)
    subprocess.run([sys.executable, "-c", again], cwd=tmp_path, check=True)
    assert sorted(sent.text for sent in children.heard()) == ["SELECT 1", "SELECT 2"]
    assert children.heard() == []


def test_a_process_that_sends_nothing_is_left_as_it_is(children: Children) -> None:
    code = "import sys; print(sorted(name for name in sys.modules if name.startswith(('zl_', 'google'))), len(sys.meta_path))"
    said = [
        subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True).stdout.split("] ")
        for env in (dict(os.environ), {"PATH": os.environ["PATH"]})
    ]
    assert [modules for modules, _ in said] == ["[", "["]
    assert int(said[0][1]) == int(said[1][1]) + 1


def test_the_products_own_modules_come_from_where_they_would_without_us(children: Children) -> None:
    code = "import google.cloud.bigquery, sys; print([p for p in sys.path if p and not p.endswith('child')])"
    environments = dict(os.environ), {name: os.environ[name] for name in ("PATH",)}
    said = [
        subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True).stdout
        for env in environments
    ]
    assert said[0] == said[1]


def test_a_line_that_is_being_written_waits_for_its_end(children: Children) -> None:
    Writer(children.folder)(ONE)
    [file] = children.folder.iterdir()
    line = file.read_bytes()
    file.write_bytes(line + line[:20])
    assert children.heard() == [ONE]
    assert children.heard() == []
    file.write_bytes(line + line)
    assert children.heard() == [ONE]


def test_a_process_that_outlives_the_run_does_not_fail_for_it(children: Children) -> None:
    write = Writer(children.folder / "gone")
    write(ONE)
    assert children.heard() == []


def test_the_environment_is_as_it_was_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    monkeypatch.delenv(FOLDER, raising=False)
    children = Children()
    children.begin()
    assert os.environ["PYTHONPATH"].split(os.pathsep)[1:] == ["/somewhere"]
    children.end()
    assert os.environ["PYTHONPATH"] == "/somewhere"
    assert FOLDER not in os.environ
    assert not children.folder.exists()
