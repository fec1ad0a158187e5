"""The folder `<state>/warehouse/` of an embedded BigQuery, as its server and its clients both know it.

Belongs here: names, formats and records that both sides must agree on. Must not be here: a process, a lock that is held, a
request, and imports that cost time.

    warehouse/format.json            format of this folder, written once
    warehouse/locks/server.lock      exclusive, held by the server for life; holds its process id
    warehouse/locks/start.lock       exclusive, held by the one process that starts or resets
    warehouse/locks/clients.lock     shared, held by every client process for life; exclusive: no client is left
    warehouse/server.json            where the running server listens; removed by a clean exit
    embedded-bigquery.log  what the server says
    warehouse/data/                  tables, jobs, results, and gs:// files under data/gcs
    warehouse/.duckdb/               links to DuckDB's extension wheels (the warehouse folder is the server's HOME)

All locks are flock(2): the kernel frees them when their holder dies, whatever it dies of. The lock files themselves are never
deleted, not even by `reset`: a lock file that is replaced locks nothing.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from zl_assets.files import put_file
from zl_assets.warehouse.errors import WarehouseUnavailable

PROJECT = "zl-local"
"""The project id of everything in the embedded BigQuery."""

FORMAT = 1
"""Format of `<state>/warehouse`. Raise it when an older product could not read the folder, or this one could not read an
older."""

EMULATOR_VERSION = "0.3.2"
"""The only local-bigquery that the server runs on: the server patches some of its internals."""

VERSION = f"format {FORMAT}, local-bigquery {EMULATOR_VERSION}"

SERVER_HEADER = "x-zl-server"
"""On a request: the nonce of the server it is meant for. A port that another state folder's server took over refuses it."""

ELSEWHERE_HEADER = "x-zl-elsewhere"
"""On an answer: this server did nothing with the request, because it is stopping or was never meant. Find the right one and
resend."""


@dataclass(frozen=True)
class ServerInfo:
    """Where a running server listens, always on 127.0.0.1.

    Attributes:
        port: HTTP port of the BigQuery API.
        grpc_port: port of the Storage API.
        pid: its process.
        nonce: a random name of this one run; it proves that an answer comes from the server this record speaks of.
        version: `VERSION` of the code it runs.
    """

    port: int
    grpc_port: int
    pid: int
    nonce: str
    version: str


@dataclass(frozen=True)
class Folder:
    """The paths of one warehouse folder."""

    root: Path

    @classmethod
    def of(cls, state_dir: Path) -> "Folder":
        """The folder of a state directory; symbolic links resolved, so that one folder has one name in a process."""
        return cls(state_dir.expanduser().resolve() / "warehouse")

    @property
    def marker(self) -> Path:
        return self.root / "format.json"

    @property
    def server_json(self) -> Path:
        return self.root / "server.json"

    @property
    def log(self) -> Path:
        return self.root / "embedded-bigquery.log"

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def locks(self) -> Path:
        return self.root / "locks"

    @property
    def server_lock(self) -> Path:
        return self.locks / "server.lock"

    @property
    def start_lock(self) -> Path:
        return self.locks / "start.lock"

    @property
    def clients_lock(self) -> Path:
        return self.locks / "clients.lock"

    def create(self) -> None:
        """Make what is missing. 0700 where we make it: there are no secrets in it, but it is nobody else's business."""
        if not self.root.parent.exists():
            self.root.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.root.mkdir(mode=0o700, exist_ok=True)
        self.locks.mkdir(mode=0o700, exist_ok=True)

    def check_format(self) -> None:
        """Hold the folder's format against ours.

        Raises:
            WarehouseUnavailable: another or unknown format. Nothing was changed.
        """
        try:
            found = json.loads(self.marker.read_text())["format"]
        except FileNotFoundError:
            if not self.data.exists():
                return
            found = "unknown (it has data but no format.json)"
        except (ValueError, KeyError, TypeError):
            found = "unknown (its format.json cannot be read)"
        if found != FORMAT:
            raise WarehouseUnavailable(
                f"{self.root} has format {found}; this version of zl_assets reads and writes format {FORMAT}. "
                "Nothing was changed. Use the version that wrote it, or set ZL_STATE_DIR to another folder, "
                "or erase the tables in it with `python -m zl_assets.warehouse reset`."
            )

    def mark_format(self) -> None:
        """Write the format of a new folder."""
        if not self.marker.exists():
            _put(self.marker, {"format": FORMAT, "written_by": VERSION})

    def read_server(self) -> ServerInfo | None:
        """The server of `server.json`, running or not; None where there is none, or none that can be read."""
        try:
            record = json.loads(self.server_json.read_text())
            return ServerInfo(**{name: record[name] for name in ServerInfo.__dataclass_fields__})
        except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError):
            return None

    def write_server(self, server: ServerInfo) -> None:
        """Say where the running server listens."""
        _put(self.server_json, asdict(server))


def _put(path: Path, record: dict[str, Any]) -> None:
    """Readable by its owner only: whoever knows the nonce of a server may send it SQL."""
    put_file(path, json.dumps(record).encode(), mode=0o600)
