"""Machines that are set up oddly: one line each that says what to do, and no stack trace. The runs are graph/test_main.py's."""

import ast
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import zl_assets
from zl_assets import terminal
from zl_assets.checks import page
from zl_assets.dagster_home import dagster_home
from zl_assets.embedded.lifecycle import ensure_server, running_server
from zl_assets.errors import SettingError
from zl_assets.main_job import dagster_instance
from zl_assets.settings import Settings
from zl_assets.warehouse.__main__ import _as_text
from zl_assets.warehouse.errors import WarehouseUnavailable

REPOSITORY = Path(zl_assets.__file__).parents[1]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current folder, with a dagster.yaml, and no DAGSTER_HOME."""
    (tmp_path / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    return tmp_path


@pytest.mark.parametrize(
    ("home", "words"),
    [
        ("relative", "a relative path.*Set it to '.*/relative', or unset it"),
        ("{here}/missing", "which does not exist. Make it a folder, or unset it"),
        ("{here}/dagster.yaml", "which is not a folder"),
        ("{here}/a?b", r"takes '\?' in a path"),
        ("{here}/a%20b", "takes '%20' in a path"),
        ("{here}/a[b]", r"takes '\[' in a path"),
    ],
)
def test_a_dagster_home_that_cannot_be_one_is_a_stack_trace(
    here: Path, monkeypatch: pytest.MonkeyPatch, home: str, words: str
) -> None:
    for odd in ("a?b", "a%20b", "a[b]"):
        (here / odd).mkdir()
    monkeypatch.setenv("DAGSTER_HOME", home.format(here=here))
    with pytest.raises(SettingError, match=words):
        dagster_home()


@pytest.mark.parametrize(
    ("yaml", "words"),
    [
        ("storage: [", "while parsing a flow node.*line 2"),
        ("storge: {}", 'unexpected config entry "storge"'),
        ("storage: {sqlite: {base_dir: /proc/nope}}", "No such file or directory: '/proc/nope'"),
        ("local_artifact_storage: {module: nope, class: Nope}", "nope"),
    ],
)
@pytest.mark.parametrize("exported", [False, True])
def test_a_dagster_yaml_that_cannot_be_used_is_a_stack_trace(
    here: Path, monkeypatch: pytest.MonkeyPatch, yaml: str, words: str, exported: bool
) -> None:
    (here / "dagster.yaml").write_text(f"{yaml}\n")
    if exported:
        monkeypatch.setenv("DAGSTER_HOME", str(here))
    with pytest.raises(
        SettingError, match=f"storage in {here} cannot be used: .*{words}.* Mend the dagster.yaml there"
    ) as caught:
        dagster_instance()
    assert "\n" not in str(caught.value)


def test_a_state_folder_that_duckdb_cannot_name_fails_in_the_middle_of_a_run(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingError, match=r"takes a '\?' in a path for its end. Set ZL_STATE_DIR to a folder without one"):
        Settings.load(state_dir=here / "what?")
    (here / "what?").mkdir()
    monkeypatch.chdir(here / "what?")
    with pytest.raises(SettingError, match=r"state folder is '.*/what\?/\.zl'"):
        Settings.load()
    assert not Settings.load(gcp_project="my-project").embedded


@pytest.mark.parametrize("name", ["state_dir", "bars", "bars_1h", "fred"])
def test_a_path_whose_bytes_are_no_text_fails_in_the_middle_of_a_run(name: str) -> None:
    path = os.fsdecode(b"/tmp/b\xffrs")
    with pytest.raises(SettingError, match=f"ZL_{name.upper()} is .*a path must be text in UTF-8.* Rename the folder or file"):
        Settings.load(**{name: path})


@pytest.mark.parametrize("name", ["/proc/nope/state", "/dev/null/state", "loop/state", "x" * 300])
def test_a_state_folder_that_can_never_be_is_a_stack_trace(here: Path, name: str) -> None:
    (here / "loop").symlink_to("loop")
    with pytest.raises(WarehouseUnavailable, match=r"cannot be used for the embedded BigQuery: .*set ZL_STATE_DIR to another"):
        ensure_server(here / name)
    if name.startswith("/"):
        assert running_server(here / name) is None
    else:
        with pytest.raises(WarehouseUnavailable, match="cannot be used for the embedded BigQuery"):
            running_server(here / name)


@pytest.mark.parametrize(
    ("encoding", "text", "written"),
    [
        ("ascii", "é", b"\\xe9"),
        ("utf-8", "é \udcff", b"\xc3\xa9 \xff"),
        ("ascii", "\udcff", b"\xff"),
        ("latin-1", "é \u2026", b"\xe9 \\u2026"),
    ],
)
def test_one_character_that_a_terminal_lacks_loses_the_whole_summary(
    monkeypatch: pytest.MonkeyPatch, encoding: str, text: str, written: bytes
) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding))
    terminal.forgive()
    print(text, end="", flush=True)
    assert raw.getvalue() == written


def test_a_statement_is_read_wrongly_where_python_takes_the_terminal_for_ascii() -> None:
    assert _as_text("SELECT 'é'") == "SELECT 'é'"
    with pytest.raises(SettingError, match="byte 8 is 0xff"):
        _as_text(os.fsdecode(b"SELECT '\xff'"))


def test_no_text_that_a_person_reads_is_a_docstring_and_no_work_is_done_in_an_assert() -> None:
    """Both are gone under PYTHONOPTIMIZE=2. Dagster and typer take a docstring where no other text is given."""
    bad = []
    for path in Path(zl_assets.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Assert):
                bad.append(f"{path.name}:{node.lineno} assert")
            if not isinstance(node, ast.FunctionDef):
                continue
            for made in node.decorator_list:
                name = ast.unparse(made.func if isinstance(made, ast.Call) else made)
                given = {keyword.arg for keyword in made.keywords} if isinstance(made, ast.Call) else set()
                if name in {"dg.asset", "dg.op", "dg.job", "dg.multi_asset_check", "app.command"} | _SENSORS:
                    bad += [] if given & {"description", "help"} else [f"{path.name}:{node.lineno} {name}"]
    assert bad == []


_SENSORS = {"dg.sensor", "dg.schedule", "dg.run_failure_sensor", "dg.run_status_sensor"}


def test_the_page_of_checks_is_full_of_none_without_docstrings(monkeypatch: pytest.MonkeyPatch) -> None:
    def rule() -> None: ...

    with pytest.raises(SettingError, match="PYTHONOPTIMIZE=2"):
        page._rule(rule)  # type: ignore[arg-type]


@pytest.mark.skipif(not (REPOSITORY / ".git").exists(), reason="not a clone")
def test_a_state_folder_beside_the_first_is_committed() -> None:
    for name in (".zl", ".zl-real", ".zl2"):
        done = subprocess.run(["git", "check-ignore", "-q", name], cwd=REPOSITORY)
        assert done.returncode == 0, name
