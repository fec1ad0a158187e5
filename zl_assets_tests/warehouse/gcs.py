"""A Cloud Storage server of a few lines, so that the real storage client is tested without Google: list, download, delete."""

import datetime as dt
import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

PAGE = 2  # objects in one answer of a list, so that paging happens


@dataclass
class Bucket:
    """The objects of every bucket, by bucket/name, and when each was written."""

    objects: dict[str, bytes] = field(default_factory=dict)
    updated: dict[str, dt.datetime] = field(default_factory=dict)
    faults: list[int] = field(default_factory=list)
    """Status codes that the next requests are answered with."""

    def put(self, name: str, content: bytes, age: dt.timedelta = dt.timedelta()) -> None:
        self.objects[name] = content
        self.updated[name] = dt.datetime.now(dt.UTC) - age


@contextmanager
def serving(bucket: Bucket) -> Iterator[storage.Client]:
    """A client of a server that holds these objects."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            pass

        def _answer(self, status: int, body: bytes, kind: str = "application/json") -> None:
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _faulted(self) -> bool:
            if not bucket.faults:
                return False
            status = bucket.faults.pop(0)
            self._answer(status, json.dumps({"error": {"code": status, "message": "injected"}}).encode())
            return True

        def _object(self) -> str | None:
            parts = urlsplit(self.path).path.split("/b/", 1)[1].split("/o/", 1)
            return f"{parts[0]}/{unquote(parts[1])}" if len(parts) == 2 else None

        def do_GET(self) -> None:
            if "/o" not in urlsplit(self.path).path:  # the client looks up a bucket's location, in a thread of its own
                self._answer(200, b'{"location": "US", "projectNumber": "1"}')
                return
            if self._faulted():
                return
            query = parse_qs(urlsplit(self.path).query)
            name = self._object()
            if name is None:
                self._list(urlsplit(self.path).path.split("/b/")[1].split("/")[0], query)
            elif name not in bucket.objects:
                self._answer(404, b'{"error": {"code": 404, "message": "no such object"}}')
            elif query.get("alt") == ["media"]:
                self._answer(200, bucket.objects[name], "application/octet-stream")
            else:
                self._answer(200, json.dumps({"name": name.split("/", 1)[1]}).encode())

        def _list(self, name: str, query: dict[str, list[str]]) -> None:
            prefix = f"{name}/{query.get('prefix', [''])[0]}"
            found = sorted(key for key in bucket.objects if key.startswith(prefix))
            start = int(query.get("pageToken", ["0"])[0])
            items = [
                {
                    "name": key.split("/", 1)[1],
                    "bucket": name,
                    "updated": bucket.updated[key].strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
                    "generation": "1",
                }
                for key in found[start : start + PAGE]
            ]
            more = {"nextPageToken": str(start + PAGE)} if start + PAGE < len(found) else {}
            self._answer(200, json.dumps({"items": items, **more}).encode())

        def do_DELETE(self) -> None:
            if self._faulted():
                return
            there = bucket.objects.pop(str(self._object()), None) is not None
            self._answer(204 if there else 404, b"" if there else b'{"error": {"code": 404, "message": "no such object"}}')

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    client = storage.Client(
        project="my-project",
        credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
        client_options={"api_endpoint": f"http://127.0.0.1:{server.server_port}"},
    )
    try:
        yield client
    finally:
        client.close()
        server.shutdown()
        server.server_close()
