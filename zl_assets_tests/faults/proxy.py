"""A proxy that stands between BigQuery's client and the embedded server and does to their talk what networks and clouds do.

Belongs here: faults of HTTP (and of the connection below it), and a relay for the Storage API's port that can be shut. Must not
be here: anything that knows tables or the product's steps.

`Intercept` puts the two ports into the server's own record (`server.json`), so every process that looks for the server finds the
proxy: nothing in the product knows of it.
"""

import collections
import contextlib
import dataclasses
import hashlib
import http.client
import http.server
import json
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from zl_assets.embedded.folder import Folder, ServerInfo
from zl_assets.embedded.lifecycle import ensure_server

type When = Literal["before", "after"]

_JOB_ID = re.compile(rb'"jobId": ?"([^"]+)"')
_REQUEST_ID = re.compile(rb'"requestId": ?"([^"]+)"')
_STEP = re.compile(rb'"zl_step": ?"([^"]+)"')


@dataclass(frozen=True)
class Request:
    """One request as the client sent it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def identity(self) -> str:
        """Equal for a request and its repetition: uploads have a random boundary, jobs carry the id that a retry repeats. A dry
        run is no job, and gets another id each time, and so does a read that answers with its rows."""
        if b'"dryRun": true' in self.body:
            return f"dry run {hashlib.sha256(_JOB_ID.sub(b'', self.body)).hexdigest()[:12]}"
        if self.reads_rows:
            return f"read {hashlib.sha256(_REQUEST_ID.sub(b'', self.body)).hexdigest()[:12]}"
        job = _JOB_ID.search(self.body)
        return f"{self.method} {self.path} {job[1].decode() if job else hashlib.sha256(self.body).hexdigest()[:12]}"

    @property
    def submits_job(self) -> bool:
        """Does it start a query or a load?"""
        return self.method == "POST" and self.path.split("?")[0].endswith("/jobs")

    @property
    def reads_rows(self) -> bool:
        """Is it a query that is answered with its rows?"""
        return self.method == "POST" and self.path.split("?")[0].endswith("/queries")

    @property
    def kind(self) -> str:
        """What it is for, in one word."""
        step = _STEP.search(self.body)
        return step[1].decode() if step else f"{self.method} {self.path.split('?')[0].rsplit('/', 2)[-2]}"

    @property
    def is_housekeeping(self) -> bool:
        """The server's own life (health, stop, the first SELECT 1), which has no cloud counterpart."""
        return self.path.startswith("/_zl/") or self.body == b'{"query": "SELECT 1", "useLegacySql": false}'


@dataclass(frozen=True)
class Answer:
    """A status, headers and a body; `cut` bytes of the body are promised and never sent."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = (("content-type", "application/json"),)
    cut: int = 0


def error(status: int, reason: str, message: str) -> Answer:
    """An error as Google words it."""
    content = {"error": {"code": status, "message": message, "errors": [{"reason": reason, "message": message}]}}
    return Answer(status, json.dumps(content).encode())


class Reset(Exception):
    """End the connection with a TCP reset."""


@dataclass(frozen=True)
class Fault:
    """What happens to a faulted request.

    Attributes:
        act: gets the request and a function that forwards it; returns the answer or raises Reset.
        applies: to which requests.
        spends_id: the retry comes under another job id, so that the statement is what is told apart.
    """

    name: str
    act: Callable[[Request, Callable[[], Answer]], Answer]
    applies: Callable[[Request], bool] = lambda _: True
    spends_id: bool = False


def refused(name: str, answer: Answer) -> Fault:
    """The server never sees the request."""
    return Fault(name, lambda _, __: answer)


def _reset_before(_: Request, __: Callable[[], Answer]) -> Answer:
    raise Reset


def _reset_after(_: Request, forward: Callable[[], Answer]) -> Answer:
    forward()
    raise Reset


def _lost_answer(_: Request, forward: Callable[[], Answer]) -> Answer:
    forward()
    return error(503, "backendError", "The service is currently unavailable.")


def _truncated(_: Request, forward: Callable[[], Answer]) -> Answer:
    answer = forward()
    half = len(answer.body) // 2
    return dataclasses.replace(answer, body=answer.body[:half], cut=len(answer.body) - half)


def _half_json(_: Request, forward: Callable[[], Answer]) -> Answer:
    answer = forward()
    return dataclasses.replace(answer, body=answer.body[: len(answer.body) // 2])


def slow(seconds: float) -> Fault:
    """The server acts at once, and the answer comes too late."""

    def act(_: Request, forward: Callable[[], Answer]) -> Answer:
        answer = forward()
        time.sleep(seconds)
        return answer

    return Fault("slow answers", act)


def failed_job(name: str, reason: str, message: str, *, of: Callable[[Request], bool] = lambda _: True) -> Fault:
    """The job is taken, and fails: its id is spent. A read has its job's reason in its own answer."""

    def act(request: Request, _: Callable[[], Answer]) -> Answer:
        if request.reads_rows:
            return error(400, reason, message)
        found = _JOB_ID.search(request.body)
        assert found is not None
        job_id = found[1].decode()
        problem = {"reason": reason, "message": message}
        resource = {
            "kind": "bigquery#job",
            "id": f"zl-local:US.{job_id}",
            "jobReference": {"projectId": "zl-local", "jobId": job_id, "location": "US"},
            "configuration": _configuration(request.body),
            "status": {"state": "DONE", "errorResult": problem, "errors": [problem]},
            "statistics": {"creationTime": "1", "startTime": "1", "endTime": "2"},
        }
        return Answer(200, json.dumps(resource).encode())

    return Fault(name, act, lambda request: (request.submits_job or request.reads_rows) and of(request), spends_id=True)


def _configuration(body: bytes) -> Any:
    start = body.index(b"{")
    content, _ = json.JSONDecoder().raw_decode(body[start:].decode(errors="replace"))
    return content["configuration"]


SERIALIZE = "Could not serialize access to table zl-local:features.zl_ohlcv due to concurrent update"


def _is_dml(request: Request) -> bool:
    return b"MERGE " in request.body


FAULTS: tuple[Fault, ...] = (
    refused("500 backendError", error(500, "backendError", "An internal error occurred.")),
    refused("502 from a load balancer (HTML)", Answer(502, b"<html>Bad Gateway</html>", (("content-type", "text/html"),))),
    refused("503 backendError", error(503, "backendError", "Service unavailable.")),
    refused("429 rateLimitExceeded", error(429, "rateLimitExceeded", "Too many requests.")),
    refused("403 rateLimitExceeded", error(403, "rateLimitExceeded", "Exceeded rate limits: too many api requests.")),
    failed_job("job fails: jobRateLimitExceeded", "jobRateLimitExceeded", "Exceeded rate limits: too many concurrent queries."),
    failed_job("job fails: could not serialize access", "invalidQuery", SERIALIZE, of=_is_dml),
    Fault("connection reset before the server acts", _reset_before),
    Fault("connection reset after the server acted", _reset_after),
    Fault("503 after the server acted (409 on the retried job id)", _lost_answer),
    Fault("body cut short, length promised", _truncated),
    Fault("body cut short, length right (half a JSON)", _half_json),
)


@dataclass
class Proxy:
    """Relays HTTP to one server. Thread-safe.

    Attributes:
        fault: what to do, or None.
        always: to every attempt; otherwise to the first of each request.
    """

    target: int
    fault: Fault | None = None
    always: bool = False
    faulted: collections.Counter[str] = field(default_factory=collections.Counter)
    seen: collections.Counter[str] = field(default_factory=collections.Counter)
    sent: collections.Counter[str] = field(default_factory=collections.Counter)
    _mutex: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        proxy = self

        class Handler(_Handler):
            owner = proxy

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    @contextlib.contextmanager
    def applying(self, fault: Fault, *, always: bool) -> Iterator[None]:
        """A fault for a while; the counters start at zero."""
        with self._mutex:
            self.faulted.clear()
            self.seen.clear()
            self.sent.clear()
            self.always, self.fault = always, fault
        try:
            yield
        finally:
            self.fault = None

    def answer(self, request: Request) -> Answer:
        """The server's answer, or what the fault makes of it."""

        def forward() -> Answer:
            return _forward(self.target, request)

        with self._mutex:
            fault = self.fault
            self.seen[request.identity] += 1
            self.sent[request.kind] += 1
            if fault is not None and not request.is_housekeeping and fault.applies(request):
                marker = self._marker(fault, request)
                if self.faulted[marker] and not self.always:
                    fault = None
                else:
                    self.faulted[marker] += 1
            else:
                fault = None
        return forward() if fault is None else fault.act(request, forward)

    @staticmethod
    def _marker(fault: Fault, request: Request) -> str:
        return re.sub(r"_[0-9a-f]{32}", "", request.identity) + request.kind if fault.spends_id else request.identity


def _forward(port: int, request: Request) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        connection.request(request.method, request.path, body=request.body or None, headers=request.headers)
        response = connection.getresponse()
        body = response.read()
        dropped = ("content-length", "transfer-encoding", "connection", "keep-alive", "date", "server")
        headers = tuple((k, v) for k, v in response.getheaders() if k.lower() not in dropped)
        return Answer(response.status, body, headers)
    except (OSError, http.client.HTTPException) as gone:
        raise Reset from gone
    finally:
        connection.close()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that leave are what this is about."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    owner: Proxy

    def _relay(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        headers = {k: v for k, v in self.headers.items() if k.lower() not in ("connection", "accept-encoding", "host")}
        request = Request(self.command, self.path, headers, self.rfile.read(length))
        try:
            answer = self.owner.answer(request)
        except Reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
            return
        lines = [f"HTTP/1.1 {answer.status} {http.client.responses.get(answer.status, '')}"]
        lines += [f"{k}: {v}" for k, v in answer.headers]
        lines += [f"content-length: {len(answer.body) + answer.cut}"]
        self.wfile.write("\r\n".join(lines).encode() + b"\r\n\r\n" + answer.body)
        if answer.cut:
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _relay

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@dataclass
class Relay:
    """Relays TCP to a port; connections are reset while it is `shut`, or for the next `refusals` ones."""

    target: int
    shut: bool = False
    refusals: int = 0
    refused: int = 0

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._listener.getsockname()[1])

    def close(self) -> None:
        """Stop listening."""
        self._listener.close()

    def cut(self) -> None:
        """Reset every open connection."""
        for end in tuple(self._open):
            _reset(end)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self.shut or self.refusals > 0:
                    self.refusals -= 1
                    self.refused += 1
                    _reset(client)
                    continue
                try:
                    server = socket.create_connection(("127.0.0.1", self.target))
                except OSError:
                    _reset(client)
                    continue
                self._open |= {client, server}
                for source, sink in ((client, server), (server, client)):
                    threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while block := source.recv(1 << 16):
                sink.sendall(block)
        for end in (source, sink):
            self._open.discard(end)
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


def _reset(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        end.shutdown(socket.SHUT_RDWR)
        end.close()


class Intercept:
    """Both proxies in front of the server of a state folder, for every process that looks for it."""

    def __init__(self, state_dir: Path) -> None:
        self._folder = Folder.of(state_dir)
        self._server: ServerInfo = ensure_server(state_dir)
        self.http = Proxy(self._server.port)
        self.storage = Relay(self._server.grpc_port)

    def __enter__(self) -> "Intercept":
        ours = dataclasses.replace(self._server, port=self.http.port, grpc_port=self.storage.port)
        self._folder.write_server(ours)
        return self

    def __exit__(self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None) -> None:
        found = self._folder.read_server()
        if found is not None and found.nonce == self._server.nonce:
            self._folder.write_server(self._server)
        self.http.close()
        self.storage.close()
