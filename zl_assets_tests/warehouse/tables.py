"""A small contract with a STRUCT, a reserved field and every kind of column, and frames of it."""

import datetime as dt
from typing import Any

import pandas as pd
from google.cloud import bigquery

from zl_assets.contracts.marks import MARKS
from zl_assets.warehouse.contract import PANDAS_DTYPES, Column, ColumnType, Stamp, TableContract
from zl_assets.warehouse.inspection import Terms
from zl_assets.warehouse.jobs import JobRunner
from zl_assets.warehouse.names import Namespace
from zl_assets.warehouse.publish import Publication, Publisher, WriteReport

T = ColumnType

SMALL = TableContract(
    dataset="d",
    table="small",
    description="a table for tests",
    columns=(
        Column("day", T.DATE, "the day", nullable=False),
        Column("symbol", T.STRING, 'the "symbol"', nullable=False),
        Column(
            "bar",
            T.STRUCT,
            "the bar",
            fields=(
                Column("close", T.FLOAT64, "last price", "cents"),
                Column("volume", T.INT64, "volume"),
                Column("vwap", T.FLOAT64, "somebody else's", reserved=True),
            ),
        ),
        Column("pivots", T.STRUCT, "later", fields=(Column("P", T.FLOAT64, "level", reserved=True),)),
        Column("flag", T.BOOL, "a flag"),
        Column("note", T.STRING, "a note"),
        Column("ingestion_ts", T.TIMESTAMP, "when written", stamp=Stamp.ON_WRITE),
        Column("regime_name", T.STRING, "the note again", copy_of="note"),
    ),
    key=("day", "symbol"),
    partition_by="day",
    cluster_by=("symbol",),
)


def small_frame(days: int = 5, start: str = "2024-01-30", **columns: list[object]) -> pd.DataFrame:
    """`days` rows from `start` on, one a day; `columns` replace values."""
    values: dict[str, object] = {
        "day": pd.date_range(start, periods=days),
        "symbol": ["ZL"] * days,
        "bar.close": [float(i) + 0.5 for i in range(days)],
        "bar.volume": list(range(days)),
        "flag": [i % 2 == 0 for i in range(days)],
        "note": [f"n{i}" for i in range(days)],
    }
    frame = pd.DataFrame(values | columns)
    types = {leaf.path: PANDAS_DTYPES[leaf.column.type] for leaf in SMALL.frame_leaves}
    return frame.astype({name: types[name] for name in frame.columns if name in types})


def publisher(
    client: bigquery.Client,
    prefix: str,
    *,
    may_create: bool = True,
    location: str = "us-central1",
    max_partitions: int = 3000,
    deadline: float = 60.0,
) -> Publisher:
    """The write path against a client, with a job runner and a memory of its own."""
    runner = JobRunner(client, MARKS, "test", "small", max_bytes=1 << 30, deadline=deadline)
    return Publisher(runner, Namespace(client.project, prefix), Terms(location, may_create, MARKS), max_partitions)


def publish(client: bigquery.Client, prefix: str, frame: pd.DataFrame, **limits: Any) -> WriteReport:
    """Publish a frame of SMALL."""
    return publisher(client, prefix, **limits).publish(Publication(frame), SMALL)


def rows(client: bigquery.Client, prefix: str) -> list[dict[str, object]]:
    """Every row of SMALL's live table, in order of its key."""
    sql = f"SELECT * FROM `{client.project}.{prefix}d.small` ORDER BY day, symbol"
    return [dict(row.items()) for row in client.query(sql).result()]


def day(text: str) -> dt.date:
    """A date from YYYY-MM-DD."""
    return dt.date.fromisoformat(text)
