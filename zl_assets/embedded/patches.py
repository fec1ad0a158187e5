"""What our server process patches in local-bigquery, on the one version whose code was read for it.

Belongs here: changes to the emulator's internals, each with its reason and a test that fails without it. Must not be here:
anything that the client side or the SQL could do instead.
"""

import importlib.metadata
import re
import sys
import threading
import time
import weakref
from collections.abc import Iterable, Iterator
from typing import Any

from zl_assets.embedded.entrance import Entrance
from zl_assets.embedded.folder import EMULATOR_VERSION
from zl_assets.warehouse.errors import WarehouseUnavailable

INTERRUPTED = "jobBackendError"
"""Reason given to jobs that a dead server left behind. BigQuery's own for a job that its backend lost: clients run such a query
again."""


def check_versions() -> None:
    """Refuse an emulator, or a DuckDB extension, that these patches and the data folder were not tried with.

    Raises:
        WarehouseUnavailable: with what is installed and what is needed.
    """
    found = importlib.metadata.version("local-bigquery")
    if found != EMULATOR_VERSION:
        raise WarehouseUnavailable(
            f"local-bigquery {found} is installed, and the embedded BigQuery runs on {EMULATOR_VERSION} only, "
            f"because it patches its internals. Run: pip install 'local-bigquery=={EMULATOR_VERSION}'"
        )
    duckdb = importlib.metadata.version("duckdb")
    for name in ("icu", "ducklake", "spatial"):
        extension = importlib.metadata.version(f"duckdb-extension-{name}")
        if extension != duckdb:
            raise WarehouseUnavailable(
                f"duckdb-extension-{name} {extension} does not fit duckdb {duckdb}: both must be of one version. "
                f"Run: pip install 'duckdb-extension-{name}=={duckdb}'"
            )


# A client opens the streams of a read session at once; one that has not within this time is gone.
_SESSION_SECONDS = 5.0


class OpenReads:
    """The Storage API's read sessions whose client has not come back for the rows yet. The emulator keeps them in memory: to stop
    now would break them."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._waiting: dict[str, float] = {}

    def opened(self, streams: Iterable[str]) -> None:
        """A session was created; its streams will be asked for."""
        with self._mutex:
            self._waiting |= dict.fromkeys(streams, time.monotonic())

    def asked_for(self, stream: str) -> None:
        """A stream is no longer waited for."""
        with self._mutex:
            self._waiting.pop(stream, None)

    def __bool__(self) -> bool:
        with self._mutex:
            oldest = time.monotonic() - _SESSION_SECONDS
            self._waiting = {name: since for name, since in self._waiting.items() if since > oldest}
            return bool(self._waiting)


class OpenTransactions:
    """The cursors that have a transaction open by BEGIN TRANSACTION, and when each was last given a statement."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._last_used: weakref.WeakKeyDictionary[Any, float] = weakref.WeakKeyDictionary()

    def began(self, cursor: Any) -> None:
        """A transaction is open now."""
        with self._mutex:
            self._last_used[cursor] = time.monotonic()

    def used(self, cursor: Any) -> None:
        """A statement runs; nothing is changed if it runs outside of a transaction."""
        with self._mutex:
            if cursor in self._last_used:
                self._last_used[cursor] = time.monotonic()

    def ended(self, cursor: Any) -> None:
        """It is not open any more."""
        with self._mutex:
            self._last_used.pop(cursor, None)

    def last_used(self, cursor: Any) -> float | None:
        """When it was last given a statement, on the monotonic clock, seconds; None if no transaction is open."""
        with self._mutex:
            return self._last_used.get(cursor)


def apply(entrance: Entrance) -> tuple[OpenReads, OpenTransactions]:
    """Patch the emulator, once, before it serves and before `local_bigquery.grpc.server` is imported.

    Args:
        entrance: what calls of the Storage API go through.

    Returns:
        What is open between two requests.

    Raises:
        WarehouseUnavailable: another version is installed.
    """
    check_versions()
    from local_bigquery import errors

    transactions = OpenTransactions()
    _merge_inside_transactions(transactions)
    _word_lost_races_as_bigquery_does()
    _keep_required_columns_at_a_first_load()
    _show_no_table_half_made()
    reads = OpenReads()
    _tell_of_storage_calls(entrance, reads)
    # The reason is not in the emulator's table, and it would answer with a bare 500. 400 is what BigQuery answers with.
    errors.STATUSES[INTERRUPTED] = (400, "ABORTED")
    return reads, transactions


def _tell_of_storage_calls(entrance: Entrance, reads: OpenReads) -> None:
    """Let the server know of reads and writes by the Storage API, and let a read of a table be of one moment, as BigQuery's are.

    The emulator counts a table's rows when the session is made, and runs its query again for each stream and at each resumption,
    within that count: rows that come or go in between are doubled or lost. So a table is one stream without an end, read once.
    """
    import grpc
    from local_bigquery.catalog import tables
    from local_bigquery.grpc import read, write

    create_session, read_rows, insert = read.create_session, read.read_rows, write._insert
    of_tables: set[str] = set()  # as long as the emulator's own list of streams

    def session(request: Any) -> Any:
        with entrance.visit():
            of_a_table = read.table(request.read_session.table)[1] != tables.RESULTS
            if of_a_table:
                request.max_stream_count = 1
            created = create_session(request)
            if of_a_table:
                for stream in created.streams:
                    read._streams[stream.name].end = sys.maxsize
                    of_tables.add(stream.name)
            reads.opened(stream.name for stream in created.streams)
            return created

    def rows(request: Any) -> Iterator[Any]:
        with entrance.visit():
            reads.asked_for(request.read_stream)
            if request.offset and request.read_stream in of_tables:
                raise read.StorageError(grpc.StatusCode.INTERNAL, "a read of a table begins anew: its rows may have changed")
            yield from read_rows(request)

    def inserted(*arguments: Any) -> Any:
        # Not the whole call, which lasts as long as its client likes: only what every kind of append comes to.
        with entrance.visit():
            return insert(*arguments)

    read.create_session = session
    read.read_rows = rows
    write._insert = inserted


_LOST_RACE = re.compile(r"Transaction conflict|write-write conflict|Conflict on (?:tuple|update)")


def _word_lost_races_as_bigquery_does() -> None:
    """Tell a lost race between two writers from a bad statement, as BigQuery does, so that clients send it again.

    The emulator passes on the first line of DuckLake's complaint only, "Failed to commit DuckLake transaction", as an invalid
    query. Four refreshes into new datasets at once meet it when two create one dataset, and any two transactions may.
    """
    from local_bigquery import errors
    from local_bigquery.jobs import query

    from_duckdb = errors.from_duckdb

    def worded(error: Exception, *arguments: Any) -> Any:
        if _LOST_RACE.search(str(error)):
            return errors.BigQueryError("invalidQuery", "Could not serialize access to table due to concurrent update")
        return from_duckdb(error, *arguments)

    errors.from_duckdb = worded
    query.from_duckdb = worded


def _keep_required_columns_at_a_first_load() -> None:
    """Let WRITE_EMPTY put rows into a table that is there, as BigQuery does.

    The emulator makes the table anew from what is written, which takes away its NOT NULL and, in a STRUCT, the fields that the
    rows do not have. Whether the table is empty it has looked at by then, under the table's lock.
    """
    from local_bigquery.catalog import tables
    from local_bigquery.engine import results

    write, materialise = tables.write, results.materialise
    into = threading.local()

    def written(
        cursor: Any, query: str, params: Any, reference: Any, config: Any, default: str = "WRITE_EMPTY", *rest: Any, **more: Any
    ) -> Any:
        into.there = (config.writeDisposition or default) == "WRITE_EMPTY" and tables.exists(*reference)
        try:
            return write(cursor, query, params, reference, config, default, *rest, **more)
        finally:
            into.there = False

    def materialised(cursor: Any, query: str, name: str, params: Any = None, append: bool = False, writer: Any = None) -> None:
        materialise(cursor, query, name, params, append or getattr(into, "there", False), writer)

    tables.write = written
    results.materialise = materialised


def _show_no_table_half_made() -> None:
    """Let a table be looked at before it is created or after, and not in between.

    The emulator looks for the table and for its record one after the other. Of one that is created at that moment it then tells
    that it is there and has no columns: of four first writes at once, one was told so in three tries of ten.
    """
    from local_bigquery.catalog import tables

    create, load = tables.create, tables.load
    mutex = threading.Lock()
    locks: dict[tuple[str, ...], threading.RLock] = {}

    def one_at_a_time(*table: str) -> threading.RLock:
        with mutex:
            return locks.setdefault(tuple(part.casefold() for part in table), threading.RLock())

    def created(project: str, dataset: str, body: Any, translate: Any) -> Any:
        table = body.tableReference.tableId if body.tableReference else ""
        with one_at_a_time(project, dataset, table or ""):
            return create(project, dataset, body, translate)

    def loaded(project: str, dataset: str, table: str) -> Any:
        with one_at_a_time(project, dataset, table):
            return load(project, dataset, table)

    tables.create = created
    tables.load = loaded


class _InTransaction:
    """A cursor that says "already in a transaction" to BEGIN without asking DuckDB, where the question alone spoils the
    transaction."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)

    def execute(self, sql: str, *arguments: Any) -> Any:
        if sql == "BEGIN":
            import duckdb

            raise duckdb.TransactionException("a transaction is open")
        return self._cursor.execute(sql, *arguments)


def _merge_inside_transactions(transactions: OpenTransactions) -> None:
    """Let MERGE run between BEGIN TRANSACTION and COMMIT.

    The emulator's MERGE opens a transaction of its own and takes DuckDB's complaint as "there is one already"; but after the
    complaint DuckDB refuses everything but ROLLBACK. So cursors with an open transaction are remembered, and MERGE is
    told.
    """
    from local_bigquery.jobs import merge, query
    from sqlglot import exp

    run_statement, run_merge = query._run, merge.run

    def statement(cursor: Any, tree: Any, *arguments: Any) -> Any:
        if isinstance(tree, exp.Commit | exp.Rollback):
            # Before it runs: a COMMIT that fails has ended the transaction too.
            transactions.ended(cursor)
        transactions.used(cursor)
        result = run_statement(cursor, tree, *arguments)
        if isinstance(tree, exp.Transaction):
            transactions.began(cursor)
        return result

    def merge_statement(cursor: Any, tree: Any, context: Any) -> Any:
        nested = transactions.last_used(cursor) is not None
        return run_merge(_InTransaction(cursor) if nested else cursor, tree, context)

    query._run = statement
    merge.run = merge_statement
