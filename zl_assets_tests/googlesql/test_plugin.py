"""The net in a test run of its own: whom a refusal is told, and when the sum over all workers is drawn."""

import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]

# Stands in for the client library's method, so that nothing is sent anywhere, and for the product's code.
CONFTEST = """
import ast
from pathlib import Path

import pytest
from google.cloud import bigquery

from zl_assets_tests.googlesql import kinds, plugin

CODE = '''
runner.query("SELECT 1 + 1", "one")
runner.query("SELECT 2 + 2", "two")
'''

bigquery.Client.query = lambda *_, **__: None
kinds.modules = lambda: [kinds.Module("made_up", ast.parse(CODE))]
plugin.TESTS = Path(__file__).parent


class Sender(bigquery.Client):
    def __init__(self):
        pass

    def send(self, sql, step):
        self.query(sql, job_config=bigquery.QueryJobConfig(labels={"zl_step": step} if step else {}))


@pytest.fixture(scope="session")
def client():
    return Sender()


@pytest.fixture
def prepared(client):
    client.send("SELECT prepared", "two")
    yield
    client.send("SELECT put_away", "two")


def pytest_addoption(parser):
    parser.addoption(plugin.REPORT, action="store_true")


def pytest_configure(config):
    config.addinivalue_line("markers", f"{plugin.MARKER}(reason): for tests")
    config.pluginmanager.register(plugin.Net(config))
"""

BOTH = {
    "test_one.py": 'def test_one(client):\n    client.send("SELECT 1 + 1", "one")\n',
    "test_two.py": 'def test_two(client):\n    client.send("SELECT 2 + 2", "two")\n',
}
NEVER_SAW = "statements that Google's analyzer never saw"


def run(folder: Path, files: dict[str, str], *arguments: str) -> tuple[int, str]:
    """A test run of these files: its exit code and what it said."""
    for name, source in {"conftest.py": CONFTEST, "pytest.ini": "[pytest]\n", **files}.items():
        (folder / name).write_text(source)
    command = [sys.executable, "-m", "pytest", "-p", "no:local_bigquery", "-p", "no:cacheprovider", "-rA", *arguments]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(Path.home()), "PYTHONPATH": str(REPO), "COLUMNS": "400"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
    assert done.stderr == ""
    return done.returncode, done.stdout


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> str:
    source = """
import os
import subprocess
import sys

import pytest

def test_right(client):
    client.send("SELECT 1", "one")

def test_wrong(client):
    client.send("SELECT 1 + 'x'", "one")

def test_wrong_again(client):
    client.send("SELECT 1 + 'x'", "one")

def test_wrong_and_swallowed(client):
    try:
        client.send("SELECT nothing", "one")
        raise ValueError("the product's own")
    except ValueError:
        pass

def test_failing_otherwise(client):
    client.send("SELECT mistaken", "one")
    assert 1 == 2

def test_wrong_and_skipped(client):
    client.send("SELECT skipped", "one")
    pytest.skip("for another reason")

def test_around(prepared):
    pass

def test_in_a_fork(client):
    process = os.fork()
    if process == 0:
        client.send("SELECT forked", "one")
        os._exit(0)
    os.waitpid(process, 0)

def test_in_a_process_of_its_own():
    code = (
        "from google.cloud import bigquery as b;"
        "b.Client.__new__(b.Client).query('SELECT elsewhere', job_config=b.QueryJobConfig(labels={'zl_step': 'one'}))"
    )
    subprocess.run([sys.executable, "-c", code], stderr=subprocess.DEVNULL)  # there is nobody to send it to

def test_of_the_tests_own(client):
    client.send("SELEKT", None)

def test_of_a_table_that_is_not_there(client):
    client.send("SELECT a FROM `p.d.t`", "one")

@pytest.mark.refused_by_google("for a test")
def test_on_purpose(client):
    client.send("SELECT on_purpose", "one")

@pytest.mark.refused_by_google("for a test")
def test_on_purpose_no_more(client):
    client.send("SELECT 1", "one")
"""
    folder = tmp_path_factory.mktemp("run")
    stand_ins = """
import pytest

pytestmark = pytest.mark.refused_by_google("for a test")

def test_a_stand_in(client):
    client.send("MERGE", "one")

def test_none(client):
    client.send("SELECT 1", "one")
"""
    code, said = run(folder, {"test_all.py": source, "test_stand_ins.py": stand_ins}, "test_all.py", "test_stand_ins.py")
    assert code == 1
    return said


@pytest.mark.parametrize(
    "line",
    [
        "PASSED test_all.py::test_right",
        "FAILED test_all.py::test_wrong - Failed: Google's SQL analyzer refuses the step 'one': No matching signature",
        "FAILED test_all.py::test_wrong_again - Failed: Google's SQL analyzer refuses the step 'one': No matching signature",
        "FAILED test_all.py::test_wrong_and_swallowed - Failed: Google's SQL analyzer refuses the step 'one': Unrecognized name",
        "FAILED test_all.py::test_failing_otherwise - assert 1 == 2",
        "FAILED test_all.py::test_wrong_and_skipped - Failed: Google's SQL analyzer refuses the step 'one': Unrecognized name",
        "ERROR test_all.py::test_around - Failed: Google's SQL analyzer refuses the step 'two': Unrecognized name: prepared",
        "FAILED test_all.py::test_in_a_fork - Failed: Google's SQL analyzer refuses the step 'one': Unrecognized name: forked",
        "FAILED test_all.py::test_in_a_process_of_its_own - Failed: Google's SQL analyzer refuses the step 'one': ",
        "PASSED test_all.py::test_of_the_tests_own",
        "PASSED test_all.py::test_of_a_table_that_is_not_there",
        "PASSED test_all.py::test_on_purpose",
        "PASSED test_stand_ins.py::test_a_stand_in",
        "PASSED test_stand_ins.py::test_none",
        "FAILED test_all.py::test_on_purpose_no_more - Failed: nothing that this test sent was refused; take its marker",
    ],
)
def test_the_test_that_sent_a_statement_is_told_of_its_refusal(outcome: str, line: str) -> None:
    assert f"\n{line}" in outcome


@pytest.mark.parametrize("words", ["Unrecognized name: mistaken", "Unrecognized name: put_away", "\nSELECT 1 + 'x'\n"])
def test_no_refusal_is_lost(outcome: str, words: str) -> None:
    assert words in outcome


def test_a_kind_that_no_worker_saw_fails_the_run(tmp_path: Path) -> None:
    code, said = run(tmp_path, {"test_one.py": BOTH["test_one.py"], "test_other.py": "def test_other(): pass\n"}, "-n", "2", ".")
    assert code == 1
    assert NEVER_SAW in said
    assert "\nstep 'two'\n" in said
    assert "\ntext 'SELECT 2 + 2' in made_up\n" in said
    assert "step 'one'" not in said


def test_what_is_sent_in_a_test_of_wrong_statements_does_not_count(tmp_path: Path) -> None:
    marked = f"import pytest\npytestmark = pytest.mark.refused_by_google('for a test')\n\n{BOTH['test_two.py']}"
    code, said = run(tmp_path, {**BOTH, "test_two.py": marked}, ".")
    assert code == 1
    assert "\nstep 'two'\n" in said


@pytest.mark.parametrize("arguments", [("-n", "2", "--dist", "loadfile", "."), (".",), ("test_one.py",), (".", "-k", "test_one")])
def test_a_run_that_saw_everything_or_had_not_every_test_says_nothing(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    code, said = run(tmp_path, BOTH, *arguments)
    assert code == 0, said
    assert NEVER_SAW not in said
