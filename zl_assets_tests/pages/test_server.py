"""The pages over HTTP: what may be read, by whom, and what stays the state folder's own."""

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from zl_assets.pages.places import Pages
from zl_assets.pages.server import app

MODEL = "0123456789abcdef"
PAGES = {"briefing/zl.html", "briefing/mes.html", f"models/{MODEL}/report.html", f"models/mes_1m/{MODEL}/report.html"}
OTHERS = {
    "briefing/zl.json",
    "briefing/.zl.html",
    "warehouse/secret.db",
    "dagster/history.html",
    f"models/{MODEL}/contract.json",
    f"models/.new-{MODEL}/report.html",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    state = tmp_path / "state"
    for path in PAGES | OTHERS:
        (state / path).parent.mkdir(parents=True, exist_ok=True)
        (state / path).write_text(f"<h1>{path}</h1>")
    (state / "models" / "latest").symlink_to(MODEL)
    (tmp_path / "outside.html").write_text("not yours")
    (state / "briefing" / "zs.html").symlink_to(tmp_path / "outside.html")
    return state


def client_of(folder: Path, url: str = "https://desk.example.com/pages", host: str = "desk.example.com") -> TestClient:
    return TestClient(app(Pages(folder, url)), base_url=f"http://{host}", follow_redirects=False)


def test_a_page_is_found_under_the_address_that_the_ui_links(folder: Path) -> None:
    pages, client = Pages(folder, "https://desk.example.com/pages"), client_of(folder)
    for path in PAGES:
        # As the proxy of docs/production hands it on: without its own prefix.
        address = pages.address(folder / path).removeprefix("https://desk.example.com/pages")
        answer = client.get(address)
        assert (answer.status_code, answer.text) == (200, f"<h1>{path}</h1>")
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert client.get("/models/latest/report.html").text == f"<h1>models/{MODEL}/report.html</h1>"


@pytest.mark.parametrize("path", sorted(OTHERS))
def test_what_is_no_page_is_not_served(folder: Path, path: str) -> None:
    assert (folder / path).exists()
    assert client_of(folder).get(f"/{path}").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "briefing/zs.html",  # a link that leads out
        "briefing/../../outside.html",
        "briefing/..%2f..%2foutside.html",
        "%2e%2e/outside.html",
        "//etc/passwd",
        "briefing/zl.html%00",
        "briefing/none.html",
        "models/fedcba9876543210/report.html",
    ],
)
def test_no_path_leads_out_of_the_pages(folder: Path, path: str) -> None:
    assert Pages(folder, "http://x").page(path) is None
    assert client_of(folder).get(f"http://desk.example.com/{path}").status_code == 404


@given(st.text(alphabet="abz019./_%~-\\ \n\0é", max_size=40).map(lambda end: f"briefing/{end}"))
def test_whatever_is_asked_for_a_page_lies_in_its_folder(path: str) -> None:
    found = Pages(Path("/"), "http://x").page(path)
    assert found is None or found.is_relative_to("/briefing")


def test_a_page_can_neither_run_nor_load_anything_nor_stand_in_a_frame(folder: Path) -> None:
    (folder / "briefing" / "zl.html").write_text("<script>alert(1)</script>")
    for path in ("/", "/briefing/zl.html", "/nothing"):
        headers = client_of(folder).get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        # Tomorrow's page is another, and a machine that several people use keeps none.
        assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_can_be_sent(folder: Path, method: str) -> None:
    assert client_of(folder).request(method, "/briefing/zl.html", content=b"x").status_code == 405
    assert (folder / "briefing" / "zl.html").read_text() == "<h1>briefing/zl.html</h1>"


@pytest.mark.parametrize(
    ("host", "status"), [("desk.example.com", 200), ("127.0.0.1:3002", 200), ("localhost", 200), ("evil.example.com", 400)]
)
def test_a_foreign_name_that_leads_here_reads_nothing(folder: Path, host: str, status: int) -> None:
    assert client_of(folder, host=host).get("/briefing/zl.html").status_code == status


def test_the_list_names_every_page_and_the_newest_models_only(folder: Path) -> None:
    links = re.findall(r'href="([^"]+)"', client_of(folder).get("/").text)
    assert links == ["briefing/mes.html", "briefing/zl.html", "models/latest/report.html"]
    client = client_of(folder)
    assert [client.get(f"/{link}").status_code for link in links] == [200, 200, 200]


def test_a_folder_without_a_page_says_so_instead_of_an_empty_list(tmp_path: Path) -> None:
    assert "refresh first" in client_of(tmp_path / "none").get("/").text


def test_it_listens_on_this_machine_only_and_ends_at_ctrl_c(folder: Path) -> None:
    """The command itself, on a port that is free; a second one there says what to do, in words."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "zl_assets.pages", "--port", str(port)]
    env = {**os.environ, "ZL_STATE_DIR": str(folder)}
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        try:
            assert server.stdout is not None
            assert f"http://127.0.0.1:{port}/" in server.stdout.readline()
            # It listens before it says so, so no answer is missed.
            assert requests.get(f"http://127.0.0.1:{port}/briefing/zl.html", timeout=30).text == "<h1>briefing/zl.html</h1>"
            assert {found.laddr.ip for found in psutil.Process(server.pid).net_connections() if found.status == "LISTEN"} == {
                "127.0.0.1"
            }
            second = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
            assert (second.returncode, "Choose another port" in second.stderr, "Traceback" in second.stderr) == (1, True, False)
            server.send_signal(signal.SIGINT)
            assert (server.stdout.read(), server.wait(30)) == ("", 0)
        finally:
            server.kill()
