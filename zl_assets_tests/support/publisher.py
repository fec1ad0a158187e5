"""A publisher's server on this machine, for fetching: there is no network in a test run."""

import contextlib
import http.server
import threading
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

# Names to values, as a query has them.
type Query = dict[str, list[str]]


@contextlib.contextmanager
def publisher(reply: Callable[[str, Query], tuple[int, str | bytes]]) -> Iterator[str]:
    """Answers GET with the status and content that `reply` gives for a path and its query; yields the server's address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            status, answer = reply(parts.path, parse_qs(parts.query))
            content = answer.encode() if isinstance(answer, str) else answer
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            with contextlib.suppress(BrokenPipeError):
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()
