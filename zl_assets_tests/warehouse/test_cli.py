"""The command line: what is printed, what is asked, and one plain message for every mistake."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from zl_assets.embedded.lifecycle import ensure_server, running_server
from zl_assets.warehouse.__main__ import app


def _run(*arguments: str, answer: str | None = None) -> Result:
    return CliRunner().invoke(app, arguments, input=answer)


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch, warehouse: Path) -> Path:
    """The commands work on the embedded BigQuery of this test run."""
    monkeypatch.setenv("ZL_STATE_DIR", str(warehouse))
    return warehouse


def test_a_query_prints_values_nulls_and_structs_whole(at: Path) -> None:
    result = _run("query", "SELECT 7 AS n, CAST(NULL AS STRING) AS empty, STRUCT(1 AS x) AS s, '[red]:smile:' AS text")
    assert result.exit_code == 0
    for text in ("n", "7", "NULL", '{"x": 1}', "[red]:smile:"):
        assert text in result.stdout


def test_numbers_have_the_digits_that_a_person_reads_and_all_of_them_when_asked(at: Path) -> None:
    sql = "SELECT 0.1 + 0.2 AS a, 50.150000000000006 AS b, 0.00001 AS c, 3.0 AS d, STRUCT(0.1 + 0.2 AS x) AS e"
    short, full = _run("query", sql), _run("query", sql, "--full")
    for text in (" 0.3 ", " 50.15 ", " 0.00001 ", " 3 ", '{"x": 0.3}', "all their digits with --full"):
        assert text in short.stdout
    for text in (" 0.30000000000000004 ", " 50.150000000000006 ", " 0.00001 ", '{"x": 0.30000000000000004}'):
        assert text in full.stdout
    assert "--full" not in full.stdout + _run("query", "SELECT 50.15 AS b, 7 AS n").stdout


def test_a_long_result_says_that_it_is_cut(at: Path) -> None:
    assert "3 of 200 rows" in _run("query", "SELECT x FROM UNNEST(GENERATE_ARRAY(1, 200)) x", "--rows", "3").stdout


def test_a_statement_without_rows_says_what_it_did(at: Path, dataset: str) -> None:
    assert _run("query", f"CREATE TABLE {dataset}.t (k INT64)").stdout == "done\n"
    assert _run("query", f"INSERT INTO {dataset}.t VALUES (1), (2)").stdout == "done, 2 rows affected\n"


@pytest.mark.parametrize(("sql", "message"), [("SELEC 1", "Syntax error"), ("SELECT * FROM nope.nope", "Not found")])
def test_a_mistake_in_the_sql_is_one_message_and_no_trace(at: Path, sql: str, message: str) -> None:
    result = _run("query", sql)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(message)
    assert "Traceback" not in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_wrong_setting_is_one_message(at: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZL_LOCATION", "no such place")
    for command in (["status"], ["stop"], ["reset", "--yes"], ["query", "SELECT 1"]):
        result = _run(*command)
        assert (result.exit_code, result.stderr.startswith("ZL_LOCATION='no such place'")) == (1, True)


def test_status_of_a_running_server_names_process_and_folder(at: Path) -> None:
    server = ensure_server(at)
    result = _run("status")
    assert f"process {server.pid}" in result.stdout
    assert str(at) in result.stdout


def test_stop_and_reset_of_a_running_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZL_STATE_DIR", str(tmp_path))
    (tmp_path / "models").mkdir()
    assert "not running" in _run("status").stdout
    assert _run("stop").stdout == "it was not running\n"
    assert "nothing to delete" in _run("reset").stdout
    ensure_server(tmp_path)
    refused = _run("reset", answer="n\n")
    assert (refused.exit_code, "Delete every table" in refused.stdout) == (1, True)
    assert running_server(tmp_path) is not None
    assert _run("stop").stdout == "stopped\n"
    assert running_server(tmp_path) is None
    assert (tmp_path / "warehouse" / "data" / "emulator.duckdb").exists()
    assert _run("reset", "--yes").exit_code == 0
    assert [path.name for path in (tmp_path / "warehouse").iterdir()] == ["locks"]
    assert (tmp_path / "models").exists()


def test_in_the_cloud_there_is_nothing_to_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZL_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("ZL_GCP_PROJECT", "some-project")
    for command in (["status"], ["stop"], ["reset", "--yes"]):
        result = _run(*command)
        assert (result.exit_code, "no embedded server" in result.stdout) == (0, True)
    assert not (tmp_path / "state").exists()


def test_missing_credentials_are_one_message_with_the_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZL_GCP_PROJECT", "some-project")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    result = _run("query", "SELECT 1")
    assert result.exit_code == 1
    assert "gcloud auth application-default login" in result.stderr
