"""The write path tried end to end beside the live tables, in scratch tables that are gone afterwards.

Belongs here: what is tried, and what must come back. Must not be here: which rows, what must hold of them, and any live table.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from google.cloud import bigquery

from zl_assets.warehouse import frames, sql
from zl_assets.warehouse.contract import Column, ColumnType, Leaf, TableContract, leaves_of
from zl_assets.warehouse.diff import same
from zl_assets.warehouse.errors import DataFault
from zl_assets.warehouse.publish import Publication, Publisher
from zl_assets.warehouse.verdict import RowRule


@dataclass(frozen=True)
class Tried:
    """What one scratch table showed.

    Attributes:
        table: the table that it stood for.
        inserted: rows of the first write.
        changed_again: rows that a second, identical write changed.
        columns: columns whose every value came back as it was written.
        fields: fields of the one full row, every one of which came back.
        layout: partitioning and clustering as BigQuery reports them.
        faults: what did not come back as it should.
    """

    table: str
    inserted: int
    changed_again: int
    columns: int
    fields: int
    layout: str
    faults: tuple[str, ...]


def try_slice(
    publisher: Publisher,
    slices: Mapping[TableContract, pd.DataFrame],
    rules: Mapping[str, Sequence[RowRule]],
) -> tuple[Tried, ...]:
    """Publish each frame into a scratch table of its contract, twice; read it back; insert one row with every field set; read the
    layout. The scratch tables are dropped.

    Args:
        rules: what must hold of a table's rows before they are sent, by table.

    Raises:
        DataFault: something came back otherwise than it was written; the message lists it.
        SchemaConflict, WarehouseUnavailable, WarehouseRefused: as in publishing.
    """
    tried = tuple(_try_table(publisher, contract, frame, rules.get(contract.table, ())) for contract, frame in slices.items())
    if faults := [f"- {t.table}: {fault}" for t in tried for fault in t.faults]:
        raise DataFault("The slice did not come back as it was written:\n" + "\n".join(faults))
    return tried


def _try_table(publisher: Publisher, contract: TableContract, frame: pd.DataFrame, rules: Sequence[RowRule]) -> Tried:
    with publisher.scratch(contract) as scratch:
        first = publisher.publish(Publication(frame), scratch, rules)
        second = publisher.publish(Publication(frame), scratch, rules)
        faults = _differing(frame[list(contract.frame_columns)], publisher.read(scratch))
        if (first.inserted, first.updated) != (len(frame), 0):
            faults.append(f"the first write inserted {first.inserted} and updated {first.updated} of {len(frame)} rows")
        if second.inserted + second.updated:
            faults.append(f"a second, identical write inserted {second.inserted} rows and updated {second.updated}")
        full, found = _insert_full_row(publisher, scratch, frame)
        faults += [f"the one full row: {fault}" for fault in _differing(full, found)]
        layout, wrong = _layout(publisher, scratch)
    return Tried(
        contract.name,
        first.inserted,
        second.inserted + second.updated,
        len(contract.frame_columns),
        full.shape[1],
        layout,
        (*faults, *wrong),
    )


def _differing(written: pd.DataFrame, found: pd.DataFrame) -> list[str]:
    if len(written) != len(found):
        return [f"{len(written)} rows were written, {len(found)} came back"]
    faults = []
    for name in written.columns:
        one, other = written[name].reset_index(drop=True), found[name]
        differs = ~same(one, other)
        if one.dtype != other.dtype or differs.any():
            at = int(differs.argmax())
            faults.append(
                f"{name}: {int(differs.sum())} values differ, the first in row {at + 1}: wrote {one.iloc[at]} ({one.dtype}), "
                f"found {other.iloc[at]} ({other.dtype})"
            )
    return faults


def _insert_full_row(publisher: Publisher, scratch: TableContract, frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A row with a value in every field, those of later versions and other people included, as written and as read back. Its key
    is the day before the slice, so that it comes first."""
    name = publisher.namespace.of(scratch)
    columns = scratch.created_columns
    leaves = tuple(leaves_of(columns))
    day, *rest = scratch.key
    values: dict[str, Any] = {leaf.path: _value(leaf, number) for number, leaf in enumerate(leaves)}
    values |= {day: (frame[day].min() - pd.Timedelta(days=1)).date(), **{key: frame[key].iloc[0] for key in rest}}
    parameters = [bigquery.ScalarQueryParameter(leaf.staged, leaf.column.type.value, values[leaf.path]) for leaf in leaves]
    publisher.runner.query(sql.insert_row(name, columns), "insert_row", parameters)
    found = publisher.runner.arrow(sql.select_frame(name, leaves, scratch.key), "read_row")
    row = frames.from_arrow(found, leaves).head(1)
    written = pd.DataFrame({path: [value] for path, value in values.items()})
    return written.astype(dict(row.dtypes)), row


def _value(leaf: Leaf, number: int) -> Any:
    """A value that no other field has, and that a detour by way of another type would change."""
    kinds: dict[ColumnType, Any] = {
        ColumnType.STRING: f"value {number}",
        ColumnType.INT64: 2**53 + 1 + number,
        ColumnType.FLOAT64: 0.1 + number,
        ColumnType.BOOL: True,
        ColumnType.DATE: dt.date(2014, 1, 1) + dt.timedelta(number),
        ColumnType.TIMESTAMP: dt.datetime(2014, 12, 31, 23, 59, 59, 123456, tzinfo=dt.UTC),
    }
    return kinds[leaf.column.type]


def _layout(publisher: Publisher, scratch: TableContract) -> tuple[str, list[str]]:
    table = publisher.runner.call("get_table", publisher.runner.client.get_table, str(publisher.namespace.of(scratch)))
    partitioning = table.time_partitioning
    by = f"{partitioning.type_} of {partitioning.field}" if partitioning else "nothing"
    clusters = ", ".join(table.clustering_fields or ()) or "nothing"
    wanted_by = f"MONTH of {scratch.partition_by}" if scratch.partition_by else "nothing"
    wanted_clusters = ", ".join(scratch.cluster_by) or "nothing"
    faults = []
    if (by, clusters) != (wanted_by, wanted_clusters):
        faults.append(f"partitioned by {by}, clustered by {clusters}; expected {wanted_by} and {wanted_clusters}")
    names = [field.name for field in table.schema]
    if names != [column.name for column in scratch.created_columns]:
        faults.append(f"its columns are {', '.join(names)}")
    required = {field.name for field in table.schema if field.mode == "REQUIRED"}
    if required != _required(scratch.created_columns):
        faults.append(f"its NOT NULL columns are {', '.join(sorted(required))}")
    return f"partitioned by {by}, clustered by {clusters}", faults


def _required(columns: Sequence[Column]) -> set[str]:
    return {column.name for column in columns if not column.nullable}


def markdown(tried: Sequence[Tried]) -> str:
    """What was tried, for a person."""
    return "\n".join(
        [
            "| table | rows written | changed by a second write | columns equal | fields of the full row equal | layout |",
            "|---|--:|--:|--:|--:|---|",
            *(f"| {t.table} | {t.inserted} | {t.changed_again} | {t.columns} | {t.fields} | {t.layout} |" for t in tried),
            "",
            "Every value came back as it was written. The scratch tables are gone.",
        ]
    )
