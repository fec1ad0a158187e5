"""The trial run: what it tries comes back, what does not is named, and no table stays."""

from typing import Any

import pytest
from google.cloud import bigquery

from zl_assets.contracts.marks import MARKS
from zl_assets.warehouse import slice_check
from zl_assets.warehouse.contract import leaves_of
from zl_assets.warehouse.errors import DataFault
from zl_assets.warehouse.publish import Publisher
from zl_assets.warehouse.slice_check import markdown, try_slice
from zl_assets_tests.support.contracts import MATRIX
from zl_assets_tests.warehouse.tables import SMALL, publish, publisher, rows, small_frame


def tables(bq: bigquery.Client, prefix: str) -> list[str]:
    return [t.table_id for t in bq.list_tables(f"{prefix}d")]


def test_every_column_and_every_field_comes_back(bq: bigquery.Client, prefix: str) -> None:
    [tried] = try_slice(publisher(bq, prefix), {SMALL: small_frame(40)}, {})
    assert (tried.inserted, tried.changed_again, tried.faults) == (40, 0, ())
    assert tried.columns == len(SMALL.frame_columns) == 6
    assert tried.fields == len(list(leaves_of(SMALL.created_columns))) == 9
    assert tried.layout == "partitioned by MONTH of day, clustered by symbol"
    assert tables(bq, prefix) == []
    assert "Every value came back" in markdown([tried])


def test_a_live_table_is_not_touched_even_where_nothing_may_be_created(bq: bigquery.Client, prefix: str) -> None:
    publish(bq, prefix, small_frame(3))
    before = rows(bq, prefix)
    try_slice(publisher(bq, prefix, may_create=False), {SMALL: small_frame(40)}, {})
    assert rows(bq, prefix) == before
    assert tables(bq, prefix) == ["small"]


def test_what_comes_back_otherwise_is_named_and_the_scratch_table_goes(
    bq: bigquery.Client, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Publisher.read

    def damaged(self: Publisher, contract: Any) -> Any:
        frame = read(self, contract)
        frame.loc[2, "bar.close"] += 1e-12
        return frame.astype({"bar.volume": "float64"})

    monkeypatch.setattr(Publisher, "read", damaged)
    with pytest.raises(DataFault) as caught:
        try_slice(publisher(bq, prefix), {SMALL: small_frame(40)}, {})
    assert "d.small: bar.close: 1 values differ, the first in row 3: wrote 2.5 (float64), found 2.500000000001" in str(
        caught.value
    )
    assert "bar.volume: 0 values differ" in str(caught.value)
    assert tables(bq, prefix) == []


def test_a_full_row_sets_every_field_of_the_matrix() -> None:
    values = [slice_check._value(leaf, number) for number, leaf in enumerate(leaves_of(MATRIX.created_columns))]
    assert all(value is not None for value in values)
    assert len(values) > 50


def test_a_scratch_table_of_a_killed_run_expires_and_is_swept(
    bq: bigquery.Client, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = publisher(bq, prefix)
    with one.scratch(SMALL) as scratch:
        table = bq.get_table(f"{bq.project}.{prefix}d.{scratch.table}")
        assert table.expires is not None
        assert scratch.table.startswith(MARKS.staging_prefix)
        table.labels = {"zl_owner": table.labels["zl_owner"] + "1"}  # a process that is gone
        monkeypatch.setattr("zl_assets.warehouse.publish._in_use", set())
        bq.update_table(table, ["labels"])
        publish(bq, prefix, small_frame(3))
        assert tables(bq, prefix) == ["small"]
