"""Several writers of one table, each of its own symbol's rows: none sees, changes or waits for ever for another's."""

import datetime as dt
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pandas as pd
import pytest
from google.cloud import bigquery

from zl_assets.embedded.client import embedded_client
from zl_assets.warehouse.contract import TableContract
from zl_assets.warehouse.publish import Publication, WriteReport
from zl_assets_tests.warehouse import test_ownership
from zl_assets_tests.warehouse.tables import SMALL, publisher, rows, small_frame

SYMBOLS = ("ZL", "MES")


def own(symbol: str, on: Sequence[str] = ()) -> TableContract:
    return replace(test_ownership.contract(on), symbols=(symbol,), owner="" if symbol == "ZL" else symbol.lower())


def frame(symbol: str, days: int = 5, on: Sequence[str] = (), **columns: list[object]) -> pd.DataFrame:
    made = test_ownership.frame(on, days).assign(**columns)
    made["symbol"] = pd.Series([symbol] * days, dtype="string")
    return made.astype(dict(small_frame(1).dtypes))


def write(bq: bigquery.Client, prefix: str, symbol: str, days: int = 5, on: Sequence[str] = ()) -> WriteReport:
    return publisher(bq, prefix).publish(Publication(frame(symbol, days, on)), own(symbol, on))


def test_a_write_returns_compares_and_changes_no_other_symbols_rows(bq: bigquery.Client, prefix: str) -> None:
    write(bq, prefix, "ZL")
    first = rows(bq, prefix)
    report = write(bq, prefix, "MES", 7)
    assert (report.inserted, report.updated, report.row_count) == (7, 0, 7)
    assert [row for row in rows(bq, prefix) if row["symbol"] == "ZL"] == first
    one = publisher(bq, prefix)
    report = one.publish(Publication(frame("MES", 7, note=["other"] * 7)), own("MES"))
    assert (report.inserted, report.updated, report.row_count) == (0, 7, 7)
    assert [row for row in rows(bq, prefix) if row["symbol"] == "ZL"] == first
    assert one.memory.find(one.namespace.of(own("ZL")), own("ZL")) is None
    assert set(one.latest(own("MES"))["symbol"]) == set(one.read(own("MES"))["symbol"]) == {"MES"}
    # A row of theirs that is there twice, or that no frame could hold, is theirs to mend.
    bq.query(
        f"INSERT INTO `{prefix}d.small` (day, symbol) SELECT day, symbol FROM `{prefix}d.small` WHERE symbol = 'ZL'"
    ).result()
    assert write(bq, prefix, "MES", 7).updated == 7


def test_a_part_that_one_switches_off_stays_anothers(bq: bigquery.Client, prefix: str) -> None:
    for symbol in SYMBOLS:
        write(bq, prefix, symbol, on=["rain"])
    table = f"{bq.project}.{prefix}d.small"
    assert set(bq.get_table(table).labels) == {"zl_family_rain", "zl_family_rain-mes"}
    assert write(bq, prefix, "ZL").switched_off == ("rain",)
    kept = {str(row["symbol"]) for row in rows(bq, prefix) if row["rain"] is not None}
    assert kept == {"MES"}
    assert set(bq.get_table(table).labels) == {"zl_family_rain-mes"}
    assert write(bq, prefix, "ZL").switched_off == ()
    off = write(bq, prefix, "MES")
    assert (off.switched_off, off.updated) == (("rain",), 4)
    assert {row["rain"] for row in rows(bq, prefix)} == {None}  # type: ignore[comparison-overlap]
    assert bq.get_table(table).labels == {}


@pytest.mark.parametrize("days", [3, 400])
@pytest.mark.parametrize("there", [False, True])
def test_two_symbols_that_are_written_at_once_end_as_one_after_the_other(
    bq: bigquery.Client, warehouse: object, prefix: str, days: int, there: bool
) -> None:
    """Into a new table, where only one load can be first, and into one that is there, where a MERGE may lose the race."""
    if there:
        for symbol in SYMBOLS:
            write(bq, prefix, symbol, 2)

    def one(symbol: str) -> WriteReport:
        client = embedded_client(warehouse, "us-central1")  # type: ignore[arg-type]
        try:
            return write(client, prefix, symbol, days)
        finally:
            client.close()

    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(one, SYMBOLS))
    assert [report.row_count for report in reports] == [days, days]
    assert [report.inserted for report in reports] == [days - 2 * there] * 2
    found = [(row["day"], row["symbol"], row["note"]) for row in rows(bq, prefix)]
    expected = [(day.date(), symbol, f"n{i}") for i, day in enumerate(small_frame(days)["day"]) for symbol in sorted(SYMBOLS)]
    assert found == expected
    assert [t.table_id for t in bq.list_tables(f"{prefix}d")] == [SMALL.table]


def test_how_many_rows_others_have_decides_nothing_of_ones_own(bq: bigquery.Client, prefix: str) -> None:
    """A count of the whole table would be told as one's own; and what one has read, another's read must not push out."""
    write(bq, prefix, "ZL", 400)
    one = publisher(bq, prefix)
    report = one.publish(Publication(frame("MES", 5)), own("MES"))
    assert (report.row_count, report.first_date, report.last_date) == (5, dt.date(2024, 1, 30), dt.date(2024, 2, 3))
    assert len(one.latest(own("ZL"))) == 400
    again = one.publish(Publication(frame("MES", 1)), own("MES"))
    assert (again.row_count, again.unchanged) == (5, 1)
    known = {symbol: one.memory.find(one.namespace.of(own(symbol)), own(symbol)) for symbol in SYMBOLS}
    assert {symbol: rows.rows.num_rows for symbol, rows in known.items() if rows is not None} == {"ZL": 400, "MES": 5}
