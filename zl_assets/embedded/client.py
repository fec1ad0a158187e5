"""The BigQuery client of the embedded server.

Belongs here: what makes google-cloud-bigquery talk to 127.0.0.1 only, fast, and to the right server. Must not be here: starting
and stopping (lifecycle.py). Imported where it is used: it costs google-cloud-bigquery.
"""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import grpc
import requests
from google.api_core.exceptions import ServiceUnavailable
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from google.cloud.bigquery import _pandas_helpers
from google.cloud.bigquery_storage_v1 import BigQueryReadClient
from google.cloud.bigquery_storage_v1.services.big_query_read.transports import BigQueryReadGrpcTransport
from urllib3.exceptions import NewConnectionError

from zl_assets.embedded.folder import ELSEWHERE_HEADER, PROJECT, SERVER_HEADER, ServerInfo
from zl_assets.embedded.lifecycle import ensure_server
from zl_assets.warehouse.noise import quiet_dataframes

# Each try waits in `ensure_server` until a server answers, so a second failure in a row already means one that dies at once.
_TRIES = 4


def embedded_client(state_dir: Path, location: str) -> "EmbeddedClient":
    """A BigQuery client of the embedded server, which is started if need be.

    `client.query(sql).to_dataframe()` and `.to_arrow()` work as they are, read over the Storage API, and warn of nothing. It
    never dials Google, and ignores proxies.

    A client survives its server: when the server was stopped, killed or left, the next request starts another and goes there.
    What cannot survive is a request that was under way when the server was killed: it raises a connection error or a
    `jobBackendError`, which the client's own retries handle for queries.

    Args:
        location: the location that jobs and new datasets are given. (The server reports US for every job, whatever is asked.)

    Raises:
        WarehouseUnavailable: as `ensure_server`.
    """
    return EmbeddedClient(ensure_server(state_dir), location, lambda: ensure_server(state_dir))


class LoopbackSession(requests.Session):
    """HTTP to the server of one state folder, wherever it listens by now.

    A request that no server has seen (connection refused, or refused by a server that is stopping or belongs to another folder)
    is sent again to the server that `find_server` gives. A request that may have been acted on is never sent again from here.
    """

    def __init__(self, server: ServerInfo, find_server: Callable[[], ServerInfo]) -> None:
        super().__init__()
        self.trust_env = False  # no proxy, no .netrc: it is this machine
        self._find_server = find_server
        self._mutex = threading.Lock()
        self.server = server

    def request(self, method: Any, url: Any, **kwargs: Any) -> requests.Response:  # type: ignore[override]
        """As `requests.Session.request`; the port in `url` is replaced by the current one."""
        headers = dict(kwargs.pop("headers", None) or {})
        for attempt in range(1, _TRIES + 1):
            server = self.server
            headers[SERVER_HEADER] = server.nonce
            address = urlunsplit(urlsplit(url)._replace(netloc=f"127.0.0.1:{server.port}"))
            try:
                response = super().request(method, address, headers=headers, **kwargs)
            except requests.ConnectionError as error:
                if attempt == _TRIES or not _never_sent(error):
                    raise
            else:
                if attempt == _TRIES or ELSEWHERE_HEADER not in response.headers:
                    return response
                response.close()
            with self._mutex:
                if self.server == server:
                    self.server = self._find_server()
        raise AssertionError("the last try returns or raises")

    def find_server(self) -> ServerInfo:
        """The server of the moment, healthy."""
        with self._mutex:
            self.server = self._find_server()
            return self.server


def _never_sent(error: requests.ConnectionError) -> bool:
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    return isinstance(reason, NewConnectionError)


class EmbeddedClient(bigquery.Client):
    """A `bigquery.Client` of an embedded server; `embedded_client` makes one."""

    def __init__(self, server: ServerInfo, location: str, find_server: Callable[[], ServerInfo]) -> None:
        quiet_dataframes()
        read_without_pauses()
        self._session = LoopbackSession(server, find_server)
        super().__init__(
            project=PROJECT,
            credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
            _http=self._session,
            location=location,
            client_options={"api_endpoint": f"http://127.0.0.1:{server.port}"},
        )

    @property
    def server(self) -> ServerInfo:
        """The server that the last request went to."""
        return self._session.server

    def close(self) -> None:
        """Close the connections; a later request opens new ones."""
        self._session.close()

    def _ensure_bqstorage_client(self, bqstorage_client: Any = None, *_: Any, **__: Any) -> Any:
        # Called once for each to_arrow and to_dataframe, and closed by them: so it may name the port of the moment.
        return bqstorage_client or LoopbackReadClient(self._session.find_server)

    def _get_shared_bqstorage_client(self) -> Any:
        return None  # results are then read by REST; nothing of this product asks for them


class LoopbackReadClient(BigQueryReadClient):
    """A Storage API read client of the server that `find_server` gives. Whoever made it closes its transport.

    A read begins at whichever server is there, since results outlive a server. A server that is stopping finishes the reads that
    have begun. A read that was under way when its server was killed raises ServiceUnavailable; run its query again.
    """

    def __init__(self, find_server: Callable[[], ServerInfo]) -> None:
        self._find_server = find_server
        self._server = find_server()
        super().__init__(transport=_transport(self._server))  # type: ignore[no-untyped-call]

    @property
    def _key(self) -> dict[str, Any]:
        return {"metadata": [(SERVER_HEADER, self._server.nonce)]}

    def create_read_session(self, *args: Any, **kwargs: Any) -> Any:
        """As in the base class; begun again at the next server when the one it knew is gone."""
        for _ in range(_TRIES):
            try:
                return super().create_read_session(*args, **(kwargs | {"retry": None} | self._key))
            except ServiceUnavailable:
                self._transport.close()  # type: ignore[no-untyped-call]
                self._server = self._find_server()
                self._transport = _transport(self._server)
        return super().create_read_session(*args, **(kwargs | self._key))

    def read_rows(self, *args: Any, **kwargs: Any) -> Any:
        """As in the base class, whose own retry would ask the port of a server that was killed again for a day."""
        return super().read_rows(*args, **({"retry": None} | kwargs | self._key))  # type: ignore[no-untyped-call]


def _transport(server: ServerInfo) -> BigQueryReadGrpcTransport:
    channel = grpc.insecure_channel(
        f"127.0.0.1:{server.grpc_port}",
        options=[
            ("grpc.max_receive_message_length", -1),  # one message is one batch of rows, of any size
            ("grpc.enable_http_proxy", 0),
            ("grpc.use_local_subchannel_pool", 1),
        ],
    )
    return BigQueryReadGrpcTransport(channel=channel)


def read_without_pauses() -> None:
    """Let a read through the Storage API end when its rows are there.

    The client library looks for the end of a download every 0.2 s, which is all of the time that a few thousand rows from this
    machine take: 0.24 s before, 0.05 s after.
    """
    _pandas_helpers._PROGRESS_INTERVAL = 0.005
