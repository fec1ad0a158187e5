"""What an unlucky or a hostile server does to fetching: nothing waits for ever, and what is set is all that is asked."""

import contextlib
import datetime as dt
import gzip
import http.server
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import urllib3.util.retry

from zl_assets.files import ArtifactFault
from zl_assets.sources import fetching
from zl_assets.sources.fetching import Wanted, fetch

NOW = dt.datetime.now(dt.UTC)

type Answer = Callable[[http.server.BaseHTTPRequestHandler], None]


@contextlib.contextmanager
def server(answer: Answer) -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            with contextlib.suppress(OSError):
                answer(self)

        def log_message(self, *_: object) -> None:
            pass

    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{made.server_address[1]}"
    made.shutdown()
    made.server_close()
    thread.join()


def head(handler: http.server.BaseHTTPRequestHandler, status: int, **headers: str) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()


def whole(text: bytes) -> Answer:
    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        head(handler, 200, Content_Length=str(len(text)))
        handler.wfile.write(text)

    return answer


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(fetching, "BACKOFF", 0.0)


def fetched(address: str, folder: Path, **changes: object) -> dict[str, str]:
    one = replace(Wanted("a file", "a.csv", f"{address}/a.csv"), **changes)  # type: ignore[arg-type]
    return fetch([one], folder, NOW, lambda file: None)


def test_a_publisher_that_asks_to_be_left_alone_for_a_day_does_not_stop_the_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(urllib3.util.retry.time, "sleep", slept.append)
    with server(lambda handler: head(handler, 429, Retry_After="86400", Content_Length="0")) as address:
        problems = fetched(address, tmp_path)
    assert "429" in problems["a file"]
    assert sum(slept) < 1


def test_an_answer_that_comes_byte_by_byte_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "DEADLINE", 0.2)

    def drip(handler: http.server.BaseHTTPRequestHandler) -> None:
        head(handler, 200, Content_Length="60")
        for _ in range(60):
            handler.wfile.write(b"1")
            time.sleep(0.05)

    with server(drip) as address:
        problems = fetched(address, tmp_path)
    assert "was not there after" in problems["a file"]
    assert not (tmp_path / "a.csv").exists()


def test_a_publisher_that_sends_on_to_another_is_refused_and_the_other_is_not_asked(tmp_path: Path) -> None:
    asked: list[str] = []

    def other(handler: http.server.BaseHTTPRequestHandler) -> None:
        asked.append(handler.path)
        whole(b"x")(handler)

    with server(other) as elsewhere, server(lambda h: head(h, 302, Location=f"{elsewhere}/in", Content_Length="0")) as address:
        problems = fetched(address, tmp_path)
    assert f"sends on to {elsewhere}" in problems["a file"]
    assert asked == []


def test_a_publisher_that_moves_a_file_on_its_own_server_is_followed(tmp_path: Path) -> None:
    def moved(handler: http.server.BaseHTTPRequestHandler) -> None:
        if handler.path == "/a.csv":
            head(handler, 301, Location="/b.csv", Content_Length="0")
        else:
            whole(b"moved")(handler)

    with server(moved) as address:
        assert fetched(address, tmp_path) == {}
    assert (tmp_path / "a.csv").read_bytes() == b"moved"


def test_packed_and_chunked_answers_arrive_whole_and_a_cut_one_is_none(tmp_path: Path) -> None:
    text = os.urandom(100_000).hex().encode()

    def packed(handler: http.server.BaseHTTPRequestHandler) -> None:
        body = gzip.compress(text)
        if handler.path == "/cut":
            head(handler, 200, Content_Length=str(len(body)), Content_Encoding="gzip")
            handler.wfile.write(body[:-1000])
            handler.close_connection = True
            return
        head(handler, 200, Transfer_Encoding="chunked", Content_Encoding="gzip")
        for at in range(0, len(body), 7001):
            piece = body[at : at + 7001]
            handler.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        handler.wfile.write(b"0\r\n\r\n")

    with server(packed) as address:
        assert fetched(address, tmp_path) == {}
        cut = fetch([Wanted("a file", "cut.csv", f"{address}/cut")], tmp_path, NOW, lambda file: None)
    assert (tmp_path / "a.csv").read_bytes() == text
    assert list(cut) == ["a file"]
    assert not (tmp_path / "cut.csv").exists()


@pytest.mark.parametrize("host", ["https://a..b", "https://" + "a" * 64 + ".org", "https://-:99999"])
def test_a_host_that_is_none_is_told_and_no_trace(tmp_path: Path, host: str) -> None:
    assert "there is no earlier file" in fetched(host, tmp_path)["a file"]


@pytest.mark.parametrize("settled", [None, dt.date(2020, 1, 1)])
def test_a_file_of_a_clock_that_was_ahead_is_fetched_again(tmp_path: Path, settled: dt.date | None) -> None:
    (tmp_path / "a.csv").write_bytes(b"old")
    later = NOW.timestamp() + 10 * 86_400
    os.utime(tmp_path / "a.csv", (later, later))
    with server(whole(b"new")) as address:
        assert fetched(address, tmp_path, settled_on=settled) == {}
    assert (tmp_path / "a.csv").read_bytes() == b"new"


def test_an_answer_of_which_a_page_could_not_be_kept_is_asked_for_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put, names = fetching.replace_file, list[str]()

    def full(path: Path, content: bytes) -> None:
        names.append(path.name)
        if len(names) == 2:
            raise ArtifactFault("no space left")
        put(path, content)

    def second(wanted: Wanted, content: bytes) -> Wanted | None:
        return replace(wanted, file="a_page2.csv") if wanted.file == "a.csv" else None

    with server(whole(b"x")) as address:
        one = Wanted("a file", "a.csv", f"{address}/a.csv", settled_on=dt.date(2020, 1, 1))
        monkeypatch.setattr(fetching, "replace_file", full)
        with pytest.raises(ArtifactFault):
            fetch([one], tmp_path, NOW, lambda file: None, second)
        assert fetch([one], tmp_path, NOW, lambda file: None, second) == {}
    assert {"a.csv", "a_page2.csv"} <= {file.name for file in tmp_path.iterdir()}
