"""The page about the IO manager in another project is tried as it is written."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from zl_assets.embedded.lifecycle import stop_server
from zl_assets_tests.support.fixtures import REPO

PAGE = (REPO / "docs" / "using-the-io-manager.md").read_text()


def block(language: str) -> str:
    [text] = re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    return str(text)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("meters")
    (folder / "meters.py").write_text(block("python"))
    (folder / "meters.csv").write_text(block("csv"))
    return folder


def run(folder: Path, commands: str, **variables: str) -> str:
    bin_of_python = str(Path(sys.executable).parent)
    home = {name: value for name, value in os.environ.items() if not name.startswith(("ZL_", "DAGSTER_"))}
    environment = {**home, "PATH": f"{bin_of_python}:{home['PATH']}", **variables}
    done = subprocess.run(["bash", "-euc", commands], cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    return done.stdout + done.stderr


def test_another_teams_project_merges_its_table_as_the_page_says(project: Path) -> None:
    first, second, asked = block("sh").splitlines()
    try:
        assert "readings: 3 inserted, 0 updated, 0 unchanged, 3 rows" in run(project, first)
        (project / "meters.csv").write_text(block("csv").replace("7.9", "8.1") + "2026-03-02,B02,8.0\n")
        assert "readings: 1 inserted, 1 updated (2026-03-01), 2 unchanged, 4 rows" in run(project, second)
        answer = run(project, asked)
        assert re.search(r"A17\W+21\.6", answer)
        assert re.search(r"B02\W+16\.1", answer)
    finally:
        stop_server(project / ".power")


def test_one_setting_moves_the_project_to_googles(project: Path) -> None:
    told = run(
        project,
        'python -c "import meters; print(type(meters.tables.warehouse.bigquery).__name__, meters.bigquery.project)"',
        POWER_PROJECT="meters-of-ours",
    )
    assert "GoogleBigQuery meters-of-ours" in told
