"""Contracts against live tables: what to create, what to add, and when to stop.

Belongs here: contract to BigQuery schema, and the differences between a contract and a live table. Must not be here: anything
that talks to BigQuery; these are pure functions of a contract and a fetched `Table`.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace

from google.cloud import bigquery

from zl_assets.warehouse.contract import Column, ColumnType, Leaf, TableContract
from zl_assets.warehouse.errors import Hint, SchemaConflict
from zl_assets.warehouse.names import TableName
from zl_assets.warehouse.sql import LiveColumn

# The API names types in the legacy dialect, whatever dialect created them.
_STANDARD = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL", "RECORD": "STRUCT"}


def standard_type(api_type: str) -> str:
    """A field type of the API under its standard SQL name."""
    return _STANDARD.get(api_type, api_type)


def field_of(column: Column) -> bigquery.SchemaField:
    """A contract column as a BigQuery schema field, with its description and unit."""
    return bigquery.SchemaField(
        column.name,
        column.type.value,
        mode="NULLABLE" if column.nullable else "REQUIRED",
        description=column.text,
        fields=[field_of(inner) for inner in column.fields],
    )


def staging_field(leaf: Leaf) -> bigquery.SchemaField:
    """A leaf as a column of a staging table."""
    return bigquery.SchemaField(leaf.staged, leaf.column.type.value, mode="NULLABLE" if leaf.column.nullable else "REQUIRED")


def live_columns(fields: list[bigquery.SchemaField]) -> tuple[LiveColumn, ...]:
    """The live schema as the SQL renderers want it."""
    return tuple(
        LiveColumn(f.name, standard_type(f.field_type), live_columns(list(f.fields)), repeated=f.mode == "REPEATED")
        for f in fields
    )


def new_table(contract: TableContract, name: TableName, labels: dict[str, str]) -> bigquery.Table:
    """The table a contract asks for, partitioned by month: a day-partitioned one would meet BigQuery's limit of 4,000
    partitions a job within sixteen years of weekdays."""
    table = bigquery.Table(str(name), schema=[field_of(column) for column in contract.created_columns])
    table.description = contract.description
    table.labels = labels
    if contract.partition_by:
        table.time_partitioning = bigquery.TimePartitioning(bigquery.TimePartitioningType.MONTH, field=contract.partition_by)
    if contract.cluster_by:
        table.clustering_fields = list(contract.cluster_by)
    return table


@dataclass(frozen=True)
class Adoption:
    """What a live table still needs.

    Attributes:
        missing: nullable top-level columns to add.
        required: top-level columns whose NOT NULL an earlier version of this product made, and which may be NULL now.
    """

    missing: tuple[Column, ...]
    required: tuple[Column, ...] = ()


def adopt(contract: TableContract, table: bigquery.Table, staging_prefix: str) -> Adoption:
    """Compare a live table with its contract.

    Extra nullable columns, descriptions, labels, and other partitioning or clustering are accepted as they are.

    Args:
        staging_prefix: begins the names of tables that are meant to expire.

    Raises:
        SchemaConflict: the table cannot be used; the message lists every difference that stands in the way.
    """
    name = f"{table.project}.{table.dataset_id}.{table.table_id}"
    if table.table_type != "TABLE":
        raise SchemaConflict(f"{name} is a {table.table_type}, expected a table. Rename or drop it.", Hint.BESIDE)
    live = {f.name.casefold(): f for f in table.schema}
    problems: list[str] = []
    missing: list[Column] = []
    required: list[Column] = []
    for column in contract.columns:
        found = live.get(column.name.casefold())
        if found is not None and column.once_required and found.mode == "REQUIRED":
            required.append(column)
            problems.extend(_differences(replace(column, nullable=False), found, column.name))
        elif found is not None:
            problems.extend(_differences(column, found, column.name))
        elif column.name in contract.key:
            problems.append(f"- {column.name}: missing, and it is part of the key")
        elif column.copy_of is None:
            missing.append(column)
    known = {column.name.casefold() for column in contract.columns}
    problems.extend(
        f"- {f.name}: REQUIRED without a default, and this product does not know it"
        for f in table.schema
        if f.name.casefold() not in known and f.mode == "REQUIRED" and f.default_value_expression is None
    )
    problems.extend(_options(table, staging_prefix))
    if problems:
        raise SchemaConflict(
            f"{name} cannot be used as it is, and nothing was written. Differences (contract against live):\n"
            + "\n".join(problems)
            + "\nCorrect the live table.",
            Hint.BESIDE,
        )
    return Adoption(tuple(missing), tuple(required))


def without_required(fields: list[bigquery.SchemaField], names: Collection[str]) -> list[bigquery.SchemaField]:
    """A live schema in which the top-level columns of these names may be NULL."""
    wanted = {name.casefold() for name in names}
    return [
        bigquery.SchemaField.from_api_repr(f.to_api_repr() | {"mode": "NULLABLE"}) if f.name.casefold() in wanted else f
        for f in fields
    ]


def _differences(column: Column, found: bigquery.SchemaField, path: str) -> list[str]:
    kind = standard_type(found.field_type)
    if found.mode == "REPEATED" or kind != column.type.value:
        live = f"ARRAY<{kind}>" if found.mode == "REPEATED" else kind
        return [f"- {path}: expected {column.type}, found {live}"]
    if found.mode == "REQUIRED" and column.nullable and (column.reserved or column.type is not ColumnType.STRUCT):
        return [f"- {path}: expected NULLABLE, found REQUIRED"]
    inner = {f.name.casefold(): f for f in found.fields}
    problems = []
    for wanted in column.fields:
        there = inner.get(wanted.name.casefold())
        if there is not None:
            problems.extend(_differences(wanted, there, f"{path}.{wanted.name}"))
        elif not wanted.reserved:
            problems.append(f"- {path}.{wanted.name}: missing, and a field cannot be added to a STRUCT by ALTER TABLE")
    if any(not wanted.reserved for wanted in column.fields):
        known = {wanted.name.casefold() for wanted in column.fields}
        problems.extend(
            f"- {path}.{f.name}: REQUIRED, and this product does not know it"
            for f in found.fields
            if f.name.casefold() not in known and f.mode == "REQUIRED"
        )
    return problems


def _options(table: bigquery.Table, staging_prefix: str) -> list[str]:
    problems = []
    if table.require_partition_filter:
        problems.append("- require_partition_filter is set, and the reads have no date bound")
    if table.expires is not None and not table.table_id.startswith(staging_prefix):
        problems.append(f"- the table expires at {table.expires}")
    partitioning = table.time_partitioning
    if partitioning is not None and partitioning.expiration_ms is not None:
        problems.append(
            f"- partitions expire after {partitioning.expiration_ms} ms: old rows would vanish and be inserted again every day"
        )
    return problems


def partition_unit(contract: TableContract, table: bigquery.Table) -> str | None:
    """DAY, MONTH or YEAR: which rows of the contract share a partition of the live table; None where it has no partitions.

    A table partitioned by something else than the contract's column could touch a partition per row, and counts as DAY.
    """
    partitioning = table.time_partitioning
    if partitioning is None and table.range_partitioning is None:
        return None
    field = partitioning.field if partitioning is not None else None
    if partitioning is None or field is None or field.casefold() != (contract.partition_by or "").casefold():
        return "DAY"
    return partitioning.type_ if partitioning.type_ in ("MONTH", "YEAR") else "DAY"


def takes_loads(contract: TableContract, table: bigquery.Table) -> bool:
    """Would a load of the contract's columns leave all others as an INSERT does? Not where one has a default value, which only an
    INSERT is sure to give it."""
    known = {column.name.casefold() for column in contract.columns}
    return not any(f.name.casefold() not in known and f.default_value_expression is not None for f in table.schema)
