"""What is read of a live table: its rows of one moment, its own spelling, and nothing of what was not asked for."""

import datetime as dt
import os
import signal
import threading
import time
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from google.api_core import exceptions as api
from google.cloud import bigquery
from google.cloud.bigquery_storage_v1.types import ReadSession

from zl_assets.embedded import client as embedded
from zl_assets.warehouse.errors import WarehouseRefused
from zl_assets.warehouse.jobs import JobRunner
from zl_assets.warehouse.reading import row_restriction
from zl_assets_tests.googlesql.analyzer import GoogleSql
from zl_assets_tests.googlesql.conftest import googlesql, googlesql_cache
from zl_assets_tests.googlesql.sent import schema_of
from zl_assets_tests.warehouse.tables import SMALL, publish, publisher, small_frame

__all__ = ["googlesql", "googlesql_cache"]

DAYS = (dt.date(2024, 1, 30), dt.date(2024, 2, 3))


@pytest.mark.parametrize("symbols", [(), ("ZL",), ("ZL", 'quo"te', "back\\slash")])
@pytest.mark.parametrize("between", [None, DAYS])
def test_google_takes_the_condition_of_every_read(
    googlesql: GoogleSql, symbols: tuple[str, ...], between: tuple[dt.date, dt.date] | None
) -> None:
    """The Storage API takes it as a text: its analyzer has to, as it would of a query."""
    condition = row_restriction(symbols, "day", between)
    tables = {"p.d.t": schema_of([bigquery.SchemaField("day", "DATE"), bigquery.SchemaField("symbol", "STRING")])}
    googlesql.analyze(f"SELECT * FROM `p.d.t` WHERE {condition or 'TRUE'}", tables, {})


def test_a_symbol_cannot_end_its_own_quotes(bq: bigquery.Client, prefix: str) -> None:
    odd = ["ZL", 'a"b', "a'b", "a\\", '") OR TRUE --']
    frame = small_frame(5).assign(symbol=odd).astype({"symbol": "string"})
    publish(bq, prefix, frame)
    runner, table = publisher(bq, prefix).runner, bq.get_table(f"{prefix}d.small")
    for symbol in odd:
        found = runner.read(table, ["symbol"], row_restriction([symbol], None, None), "read")
        assert found.column("symbol").to_pylist() == [symbol]


def test_somebody_elses_view_is_read_where_a_table_is_expected(bq: bigquery.Client, prefix: str) -> None:
    publish(bq, prefix, small_frame(5))
    bq.query(f"CREATE VIEW `{prefix}d.seen` AS SELECT * FROM `{prefix}d.small`").result()
    one = publisher(bq, prefix)
    assert one.read(replace(SMALL, table="seen")).equals(one.read(SMALL))
    assert one.read(replace(SMALL, table="seen", symbols=("MES",))).empty


def test_a_read_is_of_one_moment(bq: bigquery.Client, prefix: str) -> None:
    """Rows that come and go between the opening of a session and its reading: all of them as they were, or as they are."""
    publish(bq, prefix, small_frame(40))
    reader: Any = bq._ensure_bqstorage_client()
    path = bq.get_table(f"{prefix}d.small").reference.to_bqstorage()
    session = reader.create_read_session(parent=f"projects/{bq.project}", read_session={"table": path, "data_format": 2})
    bq.query(f"DELETE FROM `{prefix}d.small` WHERE day < '2024-02-10'").result()
    publish(bq, prefix, small_frame(90))
    [stream] = session.streams
    found = reader.read_rows(stream.name).to_arrow(session)
    reader._transport.close()
    assert found.num_rows == 90


def test_a_read_that_is_cut_in_the_middle_begins_anew(bq: bigquery.Client, prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library would go on where it was; on a table that changes meanwhile that doubles or loses rows."""
    publish(bq, prefix, small_frame(5))
    one = publisher(bq, prefix)
    read, begun = embedded.LoopbackReadClient.read_rows, []

    def cut(self: Any, *args: Any, **kwargs: Any) -> Any:
        stream = read(self, *args, **kwargs)
        begun.append(1)
        if len(begun) == 1:
            stream._wrapped, stream._offset = None, 2  # as after two rows, when the connection broke
        return stream

    monkeypatch.setattr(embedded.LoopbackReadClient, "read_rows", cut)
    assert len(one.read(SMALL)) == 5
    assert len(begun) == 2


def test_a_read_without_the_right_to_open_sessions_says_so(
    bq: bigquery.Client, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(bq, prefix, small_frame(2))

    def denied(*_: Any, **__: Any) -> None:
        raise api.PermissionDenied("bigquery.readsessions.create")

    monkeypatch.setattr(embedded.LoopbackReadClient, "create_read_session", denied)
    with pytest.raises(WarehouseRefused, match=r"denied the step 'read'.*readsessions"):
        publisher(bq, prefix).read(SMALL)


def test_a_read_asks_for_no_more_than_its_columns(bq: bigquery.Client, prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(bq, prefix, small_frame(2))
    bq.query(f"ALTER TABLE `{prefix}d.small` ADD COLUMN theirs STRING").result()
    asked, read = [], JobRunner.read

    def reading(self: JobRunner, table: Any, columns: Any, *rest: Any) -> Any:
        asked.append(list(columns))
        return read(self, table, columns, *rest)

    monkeypatch.setattr(JobRunner, "read", reading)
    publisher(bq, prefix).read(SMALL)
    assert asked == [["day", "symbol", "bar", "flag", "note"]]


def test_an_interrupted_download_waits_for_rows_that_never_come(bq: bigquery.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = threading.Event()
    reader = SimpleNamespace(
        create_read_session=lambda **_: SimpleNamespace(streams=[SimpleNamespace(name="s")]),
        read_rows=lambda *_, **__: closed.wait(60),
        _transport=SimpleNamespace(close=closed.set),
    )
    monkeypatch.setattr(bq, "_ensure_bqstorage_client", lambda: reader)
    # A process that was started in the background ignores the signal.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Timer(0.2, os.kill, [os.getpid(), signal.SIGINT]).start()
    began = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            publisher(bq, "").runner._download(ReadSession(), 0, began + 60)
    finally:
        signal.signal(signal.SIGINT, before)
    assert time.monotonic() - began < 30
