"""The SQL of the write path and of the jobs beside it, as pure functions of names, contracts and live schemas.

Belongs here: rendering. Values always travel as query parameters; names are validated identifiers. No statement joins two
tables: Python computes, SQL selects, and rows are compared in diff.py. Must not be here: a client, a frame, the SELECT of one
view, or SQL that only a test needs.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from zl_assets.warehouse.contract import Column, ColumnType, Leaf, Stamp, TableContract, ViewContract, staged_of
from zl_assets.warehouse.names import TableName

LOW, HIGH, WRITTEN_AT, ROWS, STAGED, SYMBOLS = "low", "high", "written_at", "rows", "staged_rows", "symbols"

# What the script of a staged write says when it stops.
NOT_AS_SENT = "what was staged is not what was sent, and nothing was written: run it again, and report it if it stays"


@dataclass(frozen=True)
class LiveColumn:
    """What a renderer must know of a column of the live table: its name, type (of an ARRAY its elements' type) and, in a STRUCT,
    its fields in live order."""

    name: str
    type: str
    fields: tuple["LiveColumn", ...] = ()
    repeated: bool = False

    @property
    def quoted(self) -> str:
        """Its name as SQL takes it. A live table's may be a reserved word, or hold spaces; none can hold a backtick."""
        return f"`{self.name}`"

    @property
    def ddl(self) -> str:
        """Its type as SQL writes it."""
        one = f"STRUCT<{', '.join(f'{field.quoted} {field.ddl}' for field in self.fields)}>" if self.fields else self.type
        return f"ARRAY<{one}>" if self.repeated else one


@dataclass(frozen=True)
class Target:
    """The live table of a contract, as a renderer sees it.

    Attributes:
        columns: live columns by name; empty where the table does not exist yet.
    """

    contract: TableContract
    name: TableName
    columns: tuple[LiveColumn, ...]

    def column(self, name: str) -> LiveColumn | None:
        """The live column, or None."""
        return next((c for c in self.columns if c.name.casefold() == name.casefold()), None)

    def live_name(self, name: str) -> str:
        """A column's name as the live table spells it."""
        live = self.column(name)
        return name if live is None else live.name

    @property
    def repeats(self) -> tuple[Column, ...]:
        """`copy_of` columns of the contract that the live table has."""
        return tuple(c for c in self.contract.columns if c.copy_of is not None and self.column(c.name) is not None)

    @property
    def stamps(self) -> tuple[Column, ...]:
        """Stamp columns of the contract that the live table has."""
        return tuple(c for c in self.contract.stamps if self.column(c.name) is not None)

    @property
    def range_column(self) -> str | None:
        """The DATE column whose range bounds every statement, so that BigQuery reads and locks only those partitions."""
        return self.contract.partition_by


def leaf_paths(columns: Sequence[LiveColumn]) -> frozenset[str]:
    """Dotted paths of the live leaves, in lower case: BigQuery's column names do not tell upper from lower."""
    return frozenset(f"{c.name}.{f.name}".casefold() if f else c.name.casefold() for c in columns for f in (c.fields or (None,)))


def _indent(text: str, by: int = 2) -> str:
    return "\n".join(" " * by + line for line in text.splitlines())


def _list(items: Iterable[str]) -> str:
    return _indent(",\n".join(items))


def _between(column: str, suffix: str = "") -> str:
    return f"{column} BETWEEN @{LOW}{suffix} AND @{HIGH}{suffix}"


def select_frame(table: TableName, leaves: Sequence[Leaf], order_by: Sequence[str] = ()) -> str:
    """Rows of a table or view, one column per leaf under its staged name."""
    columns = _list(f"{leaf.path} AS {leaf.staged}" for leaf in leaves)
    order = f"\nORDER BY {', '.join(order_by)}" if order_by else ""
    return f"SELECT\n{columns}\nFROM {table.quoted}{order}"


def count_rows(table: TableName) -> str:
    """Rows of a table. The table's own row counter lags behind DML."""
    return f"SELECT COUNT(*) AS row_count FROM {table.quoted}"


def count_dates(table: TableName, column: str) -> str:
    """Rows of a table, with the first and the last date of a column."""
    return f"SELECT COUNT(*) AS row_count, MIN(`{column}`) AS first_date, MAX(`{column}`) AS last_date FROM {table.quoted}"


def _hollow(alias: str, column: LiveColumn) -> str:
    fields = " AND ".join(f"{alias}.{column.quoted}.{field.quoted} IS NULL" for field in column.fields)
    return f"({alias}.{column.quoted} IS NOT NULL AND {fields})"


def written_structs(target: Target) -> list[tuple[Column, LiveColumn]]:
    """STRUCTs of the live table with at least one field that this product writes."""
    written = {leaf.struct for leaf in target.contract.value_leaves if leaf.struct}
    return [
        (column, live)
        for column in target.contract.columns
        if column.name in written and (live := target.column(column.name)) is not None
    ]


def select_columns(table: TableName, columns: Sequence[str], *, by_symbol: bool = False, range_column: str | None = None) -> str:
    """Whole columns of a table.

    Args:
        by_symbol: only the rows of the symbols in the array parameter @symbols.
        range_column: only the rows whose value in it is between @low and @high.
    """
    conditions = [*(["symbol IN UNNEST(@symbols)"] if by_symbol else []), *([_between(range_column)] if range_column else [])]
    where = f"\nWHERE {' AND '.join(conditions)}" if conditions else ""
    return f"SELECT\n{_list(f'`{column}`' for column in columns)}\nFROM {table.quoted}{where}"


def _struct_value(target: Target, column: Column, live: LiveColumn, *, keep_live: bool) -> str:
    """The STRUCT to write: our fields from staging; the others as they are in the live row, or NULL in a new one."""
    ours = {leaf.column.name.casefold(): leaf for leaf in target.contract.value_leaves if leaf.struct == column.name}
    parts, tests = [], []
    for field in live.fields:
        leaf = ours.get(field.name.casefold())
        if leaf is not None:
            value = f"staged.{leaf.staged}"
        elif keep_live:
            value = f"live.{column.name}.{field.quoted}"
        else:
            value = f"CAST(NULL AS {field.ddl})"
        if leaf is not None or keep_live:
            tests.append(f"{value} IS NULL")
        parts.append(f"{value} AS {field.quoted}")
    return f"IF({' AND '.join(tests)}, NULL, STRUCT({', '.join(parts)}))"


def _top_level_values(target: Target) -> list[Leaf]:
    return [leaf for leaf in target.contract.value_leaves if leaf.struct is None]


def _staged_rows(target: Target, staging: TableName, bounds: str) -> str:
    """The rows of a staging table, those between @low<bounds> and @high<bounds> where the table has a range column."""
    where = f"\nWHERE {_between(target.range_column, bounds)}" if target.range_column else ""
    return f"SELECT * FROM {staging.quoted}{where}"


def _given_rows(target: Target) -> str:
    """The rows of the array parameter @rows, those between @low and @high where the table has a range column."""
    # Field by field: the embedded BigQuery takes `SELECT *` here for one column, the STRUCT.
    names = [leaf.staged for leaf in target.contract.frame_leaves]
    where = f"\nWHERE {_between(f'given.{target.range_column}')}" if target.range_column else ""
    return f"SELECT\n{_list(f'given.{name} AS {name}' for name in names)}\nFROM UNNEST(@{ROWS}) AS given{where}"


def merge_given(target: Target, *, updates: bool) -> str:
    """One MERGE of the rows of the array parameter @rows, within @low and @high where the table has a range column.

    Args:
        updates: may rows be updated. Where all are new, a statement that only inserts is shorter, and takes the embedded BigQuery
            half the time.
    """
    return _merge(target, _given_rows(target), updates=updates)


def _merge(target: Target, rows: str, bounds: str = "", *, updates: bool) -> str:
    """One MERGE of rows into the live table, within @low<bounds> and @high<bounds> where it has a range column.

    The bounds are parameters on the target, which is what lets BigQuery prune partitions, and the same bounds filter the rows: a
    row outside them takes no part, so a bound can never turn a match into a second insert.

    Args:
        rows: a SELECT of the rows under staged names.
    """
    contract = target.contract
    on = [f"live.{key} = staged.{key}" for key in contract.key]
    if target.range_column:
        on.append(_between(f"live.{target.range_column}", bounds))
    structs = written_structs(target)
    top_level = _top_level_values(target)
    differs = [
        *(f"live.{leaf.path} IS DISTINCT FROM staged.{leaf.staged}" for leaf in contract.value_leaves),
        *(_hollow("live", live) for _, live in structs),
        *(f"live.{c.name} IS DISTINCT FROM staged.{staged_of(str(c.copy_of))}" for c in target.repeats),
    ]
    assignments = [
        *(f"{column.name} = {_struct_value(target, column, live, keep_live=True)}" for column, live in structs),
        *(f"{leaf.path} = staged.{leaf.staged}" for leaf in top_level),
        *(f"{c.name} = staged.{staged_of(str(c.copy_of))}" for c in target.repeats),
        *(f"{c.name} = @{WRITTEN_AT}" for c in target.stamps if c.stamp is Stamp.ON_WRITE),
    ]
    inserts: dict[str, str] = {
        **{key: f"staged.{key}" for key in contract.key},
        **{column.name: _struct_value(target, column, live, keep_live=False) for column, live in structs},
        **{leaf.path: f"staged.{leaf.staged}" for leaf in top_level},
        **{c.name: f"staged.{staged_of(str(c.copy_of))}" for c in target.repeats},
        **{c.name: f"@{WRITTEN_AT}" for c in target.stamps},
    }
    update = f"""WHEN MATCHED AND (
{_indent(" OR\n".join(differs))}
) THEN UPDATE SET
{_list(assignments)}
"""
    return f"""MERGE {target.name.quoted} AS live
USING (
{_indent(rows)}
) AS staged
ON {" AND ".join(on)}
{update if updates else ""}WHEN NOT MATCHED BY TARGET THEN INSERT (
  {", ".join(inserts)}
) VALUES (
{_list(inserts.values())}
)"""


def merge_staged(target: Target, staging: TableName, ranges: int, *, updates: bool) -> str:
    """A script: what was staged is what was sent (@staged_rows rows, each key once), or it ends; then one MERGE, or several, each
    within its own bounds (@low_0, @high_0, ...), as one atomic transaction."""
    keys = ", ".join(target.contract.key)
    proof = (
        f"ASSERT (SELECT COUNT(*) FROM {staging.quoted}) = @{STAGED}\n"
        f"  AND (SELECT COUNT(*) FROM (SELECT DISTINCT {keys} FROM {staging.quoted})) = @{STAGED}\n"
        f"  AS {literal(NOT_AS_SENT)}"
    )
    merges = [_merge(target, _staged_rows(target, staging, f"_{i}"), f"_{i}", updates=updates) for i in range(ranges)]
    steps = [proof, *merges] if ranges == 1 else [proof, "BEGIN TRANSACTION", *merges, "COMMIT TRANSACTION"]
    return ";\n".join(steps) + ";"


def literal(text: str) -> str:
    """A double-quoted SQL string, for where BigQuery takes no parameter."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def column_type(column: Column) -> str:
    """A contract column's type as SQL writes it."""
    if column.type is ColumnType.STRUCT:
        return f"STRUCT<{', '.join(f'{field.name} {column_type(field)}' for field in column.fields)}>"
    return column.type.value


def add_columns(table: TableName, columns: Sequence[Column]) -> str:
    """Nullable top-level columns added to a live table; a column that is there by now is left alone."""
    clauses = [f"ADD COLUMN IF NOT EXISTS {c.name} {column_type(c)} OPTIONS(description={literal(c.text)})" for c in columns]
    return f"ALTER TABLE {table.quoted}\n{_list(clauses)}"


def create_view(name: TableName, contract: ViewContract, select: str) -> str:
    """The view with the contract's column descriptions; replaces an older definition in one step."""
    columns = _list(f"{c.name} OPTIONS(description={literal(c.text)})" for c in contract.columns)
    return (
        f"CREATE OR REPLACE VIEW {name.quoted} (\n{columns}\n)\n"
        f"OPTIONS(description={literal(contract.description)})\nAS\n{select}"
    )


def select_dates(table: TableName, column: str) -> str:
    """The dates of one symbol's rows (@symbol), in order."""
    return f"SELECT {column}\nFROM {table.quoted}\nWHERE symbol = @symbol\nORDER BY {column}"


def delete_in_transaction(tables: Sequence[tuple[TableName, str]]) -> str:
    """One symbol's rows (@symbol) of the dates in @dates_<i> deleted from table i, all of them or none.

    Args:
        tables: names, and the DATE column of each. @low_<i> and @high_<i> bound its dates, so that BigQuery can prune partitions.
    """
    steps = [
        f"DELETE FROM {table.quoted} AS live\n"
        f"WHERE live.symbol = @symbol AND {_between(f'live.{column}', f'_{i}')} AND live.{column} IN UNNEST(@dates_{i})"
        for i, (table, column) in enumerate(tables)
    ]
    return "BEGIN TRANSACTION;\n" + ";\n".join(steps) + ";\nCOMMIT TRANSACTION;"


def insert_row(table: TableName, columns: Sequence[Column]) -> str:
    """One row with a value in every field, each a parameter under its leaf's staged name."""

    def value(column: Column) -> str:
        if not column.fields:
            return f"@{column.name}"
        return f"STRUCT({', '.join(f'@{column.name}__{field.name} AS {field.name}' for field in column.fields)})"

    names = ", ".join(column.name for column in columns)
    return f"INSERT INTO {table.quoted} (\n  {names}\n) VALUES (\n{_list(value(column) for column in columns)}\n)"


def export_csv(uri: str, select: str) -> str:
    """A SELECT exported to Cloud Storage as CSV files with headers; a view cannot be extracted, but a query can.

    Args:
        uri: gs:// with one * for the number of the file.
    """
    return f"EXPORT DATA OPTIONS(\n  uri={literal(uri)},\n  format='CSV',\n  header=true,\n  overwrite=true\n) AS\n{select}"
