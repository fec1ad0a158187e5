"""What differs, by one pure function, is what the MERGE takes for different: its own counts are the judge."""

import datetime as dt
import secrets
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from google.cloud import bigquery
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zl_assets.warehouse import sql
from zl_assets.warehouse.contract import PANDAS_DTYPES
from zl_assets.warehouse.diff import diff, same
from zl_assets.warehouse.errors import SchemaConflict
from zl_assets.warehouse.frames import to_arrow
from zl_assets.warehouse.names import TableName
from zl_assets.warehouse.publish import Publication, given_rows
from zl_assets.warehouse.schema import live_columns
from zl_assets_tests.warehouse.tables import SMALL, day, publish, publisher, small_frame

DAY = pd.Timestamp("2020-01-02")
DAYS = 8

# As SQL writes them; None where a frame can hold no such value.
CLOSES: dict[str, float | None] = {
    "NULL": None,
    "CAST('NaN' AS FLOAT64)": None,
    "CAST('inf' AS FLOAT64)": None,
    "0.0": 0.0,
    "-0.0": -0.0,
    "5e-324": 5e-324,
    "2.2250738585072009e-308": 2.2250738585072009e-308,
    "1.5": 1.5,
    "1.5000000000000002": 1.5000000000000002,
}
BARS = {
    "there": "STRUCT({close} AS close, {volume} AS volume, CAST(NULL AS FLOAT64) AS vwap)",
    "with somebody else's field": "STRUCT({close} AS close, {volume} AS volume, 7.5 AS vwap)",
    "hollow": "STRUCT(CAST(NULL AS FLOAT64) AS close, CAST(NULL AS INT64) AS volume, CAST(NULL AS FLOAT64) AS vwap)",
    "null": "NULL",
}
VOLUMES = ["NULL", "0", str(2**53), str(2**53 + 1)]
NOTES = ["NULL", "''", "'a'", "'A'"]
FLAGS = ["NULL", "TRUE", "FALSE"]

live_row = st.tuples(
    st.sampled_from(list(CLOSES)),
    st.sampled_from(list(BARS)),
    st.sampled_from(VOLUMES),
    st.sampled_from(NOTES),
    st.sampled_from(FLAGS),
)
our_row = st.tuples(
    st.sampled_from([value for text, value in CLOSES.items() if value is not None or text == "NULL"]),
    st.sampled_from([None, 0, 2**53, 2**53 + 1]),
    st.sampled_from([None, "", "a", "A"]),
    st.sampled_from([None, True, False]),
)


def insert(bq: bigquery.Client, table: str, rows: dict[dt.date, tuple[str, str, str, str, str]]) -> None:
    values = ", ".join(
        f"(DATE '{at}', 'ZL', {BARS[bar].format(close=close, volume=volume)}, {note}, {flag}, {note})"
        for at, (close, bar, volume, note, flag) in rows.items()
    )
    bq.query(f"INSERT INTO `{table}` (day, symbol, bar, note, flag, regime_name) VALUES {values}").result()


def merged(bq: bigquery.Client, prefix: str, frame: pd.DataFrame) -> tuple[int, int]:
    """Every row of the frame given to the product's own MERGE, changed or not: how many it says that it inserted and updated."""
    name = TableName(bq.project, f"{prefix}d", "small")
    target = sql.Target(SMALL, name, live_columns(list(bq.get_table(str(name)).schema)))
    given_all = given_rows(SMALL, to_arrow(frame, SMALL.frame_leaves))
    assert given_all is not None
    parameters = [
        given_all,
        bigquery.ScalarQueryParameter(sql.WRITTEN_AT, "TIMESTAMP", dt.datetime(2024, 6, 1, tzinfo=dt.UTC)),
        bigquery.ScalarQueryParameter(sql.LOW, "DATE", frame["day"].min().date()),
        bigquery.ScalarQueryParameter(sql.HIGH, "DATE", frame["day"].max().date()),
    ]
    text = sql.merge_given(target, updates=True)
    job = bq.query(text, job_config=bigquery.QueryJobConfig(query_parameters=parameters))
    job.result()
    assert job.dml_stats is not None
    return job.dml_stats.inserted_row_count, job.dml_stats.updated_row_count


def prepared(bq: bigquery.Client, name: str) -> str:
    bq.create_dataset(f"{name}d")
    bq.query(
        f"CREATE TABLE `{name}d.small` (day DATE, symbol STRING, bar STRUCT<close FLOAT64, volume INT64, vwap FLOAT64>, "
        "pivots STRUCT<P FLOAT64>, flag BOOL, note STRING, ingestion_ts TIMESTAMP, regime_name STRING) "
        "PARTITION BY DATE_TRUNC(day, MONTH)"
    ).result()
    return f"{name}d.small"


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_it_differs_here_exactly_where_it_differs_for_the_merge(bq: bigquery.Client, prefix: str, data: st.DataObject) -> None:
    """NULL, NaN, -0.0, denormals, hollow and NULL STRUCTs, other people's fields, dates that pandas cannot hold."""
    name = f"{prefix}{secrets.token_hex(4)}_"
    table = prepared(bq, name)
    dates = [day("2024-01-30") + dt.timedelta(i) for i in range(DAYS)]
    live = {at: data.draw(live_row) for at in dates if data.draw(st.booleans())}
    live |= {day("1600-01-01"): data.draw(live_row), day("9999-12-31"): data.draw(live_row)}
    insert(bq, table, live)
    ours = [data.draw(our_row) for _ in dates]
    frame = small_frame(DAYS).astype({"bar.close": "object", "bar.volume": "object", "note": "object", "flag": "object"})
    for i, (close, volume, note, flag) in enumerate(ours):
        frame.loc[i, ["bar.close", "bar.volume", "note", "flag"]] = [close, volume, note, flag]
    frame = frame.astype({leaf.path: PANDAS_DTYPES[leaf.column.type] for leaf in SMALL.frame_leaves})

    one = publisher(bq, name)
    seen = one.inspect(SMALL)
    found = one.compare(seen, SMALL, frame, also=SMALL).found
    assert (int(found.added.sum()), int(found.changed.sum())) == merged(bq, name, frame)
    assert int(found.lost.sum()) == 2
    after = one.compare(seen, SMALL, frame, also=SMALL).found
    assert not after.differing.any()
    assert merged(bq, name, frame) == (0, 0)


@pytest.mark.parametrize("rows", [1, 100_000])
def test_it_differs_here_where_it_differs_for_the_merge_at_any_size(bq: bigquery.Client, prefix: str, rows: int) -> None:
    """Staged: the MERGE is given every row, and its count is compared."""
    frame = pd.concat([small_frame(1)] * rows, ignore_index=True)
    frame["day"] = (pd.Timestamp("1990-01-01") + pd.to_timedelta(np.arange(rows) % 9_000, "D")).as_unit("ns")
    frame["symbol"] = pd.Series([f"S{i // 9_000}" for i in range(rows)], dtype="string")
    publish(bq, prefix, frame)
    random = np.random.default_rng(7)
    changed = frame.sample(frac=1, random_state=7).reset_index(drop=True)
    which = random.random(rows) < (1.0 if rows == 1 else 0.01)
    changed.loc[which, "bar.close"] += 1e-9
    one = publisher(bq, prefix)
    found = one.compare(one.inspect(SMALL), SMALL, changed, also=SMALL).found
    assert found.changed.tolist() == which.tolist()
    assert not found.added.any()
    report = one.publish(Publication(changed), SMALL)
    assert (report.inserted, report.updated) == (0, int(which.sum()))


def test_a_key_that_is_there_twice_is_named_and_a_null_in_a_key_is_no_key() -> None:
    ours = pa.table({"k": [1, 2, 3], "s": ["a", "a", "b"], "v": [1.0, 2.0, 3.0]})
    live = pa.table({"k": [3, 1, 3, None, 2], "s": ["b", "a", "b", "a", None], "v": [3.0, 1.0, 9.0, 2.0, 2.0]})
    found = diff(ours, live, ["k", "s"], {"v": "v"})
    assert found.doubled.to_pylist() == [{"k": 3, "s": "b"}]
    assert found.added.tolist() == [False, True, False]
    assert found.changed.tolist() == [False, False, False]
    assert found.lost.tolist() == [False, False, False, True, True]


def test_two_tables_without_a_common_row_differ_in_every_row() -> None:
    ours = pa.table({"k": pa.array([1, 2]), "v": [1.0, None]})
    found = diff(ours, ours.slice(0, 0), ["k"], {"v": "v"})
    assert (found.added.tolist(), found.changed.tolist(), found.lost.tolist()) == ([True, True], [False, False], [])
    found = diff(ours.slice(0, 0), ours, ["k"], {"v": "v"})
    assert (found.added.tolist(), found.lost.tolist()) == ([], [True, True])


def test_a_live_date_that_pandas_cannot_hold_is_compared_and_only_its_reading_is_refused(
    bq: bigquery.Client, prefix: str
) -> None:
    publish(bq, prefix, small_frame())
    bq.query(f"INSERT INTO `{prefix}d.small` (day, symbol) VALUES (DATE '1600-01-01', 'ZL')").result()
    assert publish(bq, prefix, small_frame()).unchanged == 5
    with pytest.raises(SchemaConflict, match="only dates from"):
        publisher(bq, prefix).read(SMALL)


@pytest.mark.parametrize(
    ("dtype", "left", "right", "expected"),
    [
        ("float64", [1.5, float("nan"), float("nan"), 0.1 + 0.2, -0.0], [1.5, float("nan"), 1.5, 0.3, 0.0], "YYnnY"),
        ("Int64", [2**53 + 1, None, None, 0], [2**53, None, 0, 0], "nYnY"),
        ("string", ["a", "", None, None, "A"], ["a", None, None, "", "a"], "YnYnn"),
        ("boolean", [True, False, None, None, False], [True, None, None, False, True], "YnYnn"),
        ("datetime64[ns]", [DAY, DAY, pd.NaT, pd.NaT], [DAY, DAY + pd.Timedelta(1), pd.NaT, DAY], "YnYn"),
        ("datetime64[ns, UTC]", [DAY, pd.NaT, pd.NaT], [DAY, pd.NaT, DAY], "YYn"),
    ],
)
def test_columns_of_frames_are_the_same_when_equal_or_both_missing(
    dtype: str, left: list[Any], right: list[Any], expected: str
) -> None:
    one, other = pd.Series(left, dtype=dtype), pd.Series(right, dtype=dtype)
    for found in (same(one, other), same(other, one)):
        assert "".join("Y" if value else "n" for value in found) == expected


def test_every_type_of_a_column_is_tried_above() -> None:
    [cases] = [m.args[1] for m in test_columns_of_frames_are_the_same_when_equal_or_both_missing.pytestmark]  # type: ignore[attr-defined]
    assert {dtype for dtype, *_ in cases} == set(PANDAS_DTYPES.values())


def test_types_may_differ() -> None:
    """A whole number read as FLOAT64, say: whoever minds looks at the type itself."""
    assert same(pd.Series([1, None], dtype="Int64"), pd.Series([1.0, float("nan")])).tolist() == [True, True]
    assert same(pd.Series(["a", None], dtype="string"), pd.Series([1.0, float("nan")])).tolist() == [False, True]
