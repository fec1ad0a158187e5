"""The SQL of the write path and of the jobs beside it, as pure functions of names, contracts and live schemas.

Belongs here: rendering. Values always travel as query parameters; names are validated identifiers. No statement joins two
tables: Python computes, SQL selects, and the write path compares a staging table with its target by set operations. Must not be
here: a client, a frame, the SELECT of one view, or SQL that only a test needs.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from zl_assets.warehouse.contract import Column, ColumnType, Leaf, Stamp, TableContract, ViewContract, WriteMode
from zl_assets.warehouse.names import TableName

LOW, HIGH, WRITTEN_AT = "low", "high", "written_at"

# Ends the name of a column that says whether a STRUCT is there with nothing in it.
HOLLOW = "__hollow"


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

    def has(self, leaf: Leaf) -> bool:
        """Does the live table have this leaf?"""
        return leaf.path.casefold() in leaf_paths(self.columns)

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


def _staged_of(path: str) -> str:
    return path.replace(".", "__")


def select_frame(
    table: TableName,
    leaves: Sequence[Leaf],
    order_by: Sequence[str] = (),
    by_symbol: bool = False,
    absent: Sequence[Leaf] = (),
) -> str:
    """Rows of a table or view, one column per leaf under its staged name.

    Args:
        by_symbol: only the rows of the symbols in the array parameter @symbols.
        absent: leaves that the live table does not have, and that are read as NULL.
    """

    def value(leaf: Leaf) -> str:
        if leaf in absent:
            return f"CAST(NULL AS {leaf.column.type}) AS {leaf.staged}"
        return f"{leaf.path} AS {leaf.staged}"

    columns = _list(value(leaf) for leaf in leaves)
    where = "\nWHERE symbol IN UNNEST(@symbols)" if by_symbol else ""
    order = f"\nORDER BY {', '.join(order_by)}" if order_by else ""
    return f"SELECT\n{columns}\nFROM {table.quoted}{where}{order}"


def truncate(table: TableName) -> str:
    """Every row of a table gone; its schema, labels and expiration stay."""
    return f"TRUNCATE TABLE {table.quoted}"


def count_rows(table: TableName) -> str:
    """Rows of a table. The table's own row counter lags behind DML."""
    return f"SELECT COUNT(*) AS row_count FROM {table.quoted}"


def audit_staging(contract: TableContract, staging: TableName) -> str:
    """Row count, distinct keys and key range of what was loaded, to be held against the frame that was sent."""
    keys = ", ".join(contract.key)
    bounds = f",\n  MIN({contract.partition_by}) AS low,\n  MAX({contract.partition_by}) AS high" if contract.partition_by else ""
    return (
        "SELECT\n  COUNT(*) AS row_count,\n"
        f"  (SELECT COUNT(*) FROM (SELECT DISTINCT {keys} FROM {staging.quoted})) AS distinct_keys{bounds}\n"
        f"FROM {staging.quoted}"
    )


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


def _live_value(target: Target, leaf: Leaf) -> str:
    return f"live.{leaf.path}" if target.has(leaf) else f"CAST(NULL AS {leaf.column.type})"


def existing_rows(target: Target) -> str:
    """What the write path compares of the live rows between @low and @high: keys, value leaves under staged names (NULL where
    the live table lacks the leaf), for each STRUCT whether it is there with every field NULL (`<struct>__hollow`), and the
    columns that repeat a leaf."""
    columns = _list(
        [
            *(f"live.{key} AS {key}" for key in target.contract.key),
            *(f"{_live_value(target, leaf)} AS {leaf.staged}" for leaf in target.contract.value_leaves),
            *(f"{_hollow('live', live)} AS {hollow_name(column)}" for column, live in written_structs(target)),
            *(f"live.{c.name} AS {c.name}" for c in target.repeats),
        ]
    )
    return f"SELECT\n{columns}\n{_from_live(target)}"


def _from_live(target: Target) -> str:
    bound = f"\nWHERE {_between(f'live.{target.range_column}')}" if target.range_column else ""
    return f"FROM {target.name.quoted} AS live{bound}"


def hollow_name(struct: Column) -> str:
    """The column of `existing_rows` that says whether a STRUCT is there with nothing in it."""
    return f"{struct.name}{HOLLOW}"


def compare(target: Target, staging: TableName, partition: str | None) -> str:
    """How the staged rows differ from the live ones, one row per partition that would change.

    Set operations instead of a join: EXCEPT DISTINCT treats two NULLs as the same value, which is what IS DISTINCT FROM does in
    the MERGE. A STRUCT that is there with every field NULL counts as different, since this product writes such a STRUCT as NULL.

    Args:
        partition: SQL expression of the live table's partition over the staged columns, or None where it has no partitions.

    Result columns: partition_start, differing (rows to insert or update), added (rows to insert), low, high (range of the
    differing keys), updated_low, updated_high (range of those to update; NULL where there is none). Without a range column all
    four are NULL. And twice: in a row of its own, and in no other, how many staged keys the live table has more than once; no
    such row where there is none.
    """
    contract = target.contract
    keys, values = list(contract.key), list(contract.value_leaves)
    structs = written_structs(target)
    repeats = target.repeats
    staged_columns = _list(
        [
            *keys,
            *(leaf.staged for leaf in values),
            *(f"FALSE AS {hollow_name(column)}" for column, _ in structs),
            *(f"{_staged_of(str(c.copy_of))} AS {c.name}" for c in repeats),
        ]
    )
    ranged = target.range_column
    ends = {
        name: f"{end}({rows})" if ranged else "CAST(NULL AS DATE)"
        for name, end, rows in (
            ("low", "MIN", ranged),
            ("high", "MAX", ranged),
            ("updated_low", "MIN", f"IF(is_new = 0, {ranged}, NULL)"),
            ("updated_high", "MAX", f"IF(is_new = 0, {ranged}, NULL)"),
        )
    }
    range_of = ",\n".join(f"{text} AS {name}" for name, text in ends.items())
    key_list = ", ".join(keys)
    return f"""WITH
staged AS (
  SELECT
{_indent(staged_columns)}
  FROM {staging.quoted}
),
existing AS (
{_indent(existing_rows(target))}
),
differing AS (
  SELECT * FROM staged EXCEPT DISTINCT SELECT * FROM existing
),
added AS (
  SELECT {key_list} FROM staged EXCEPT DISTINCT SELECT {key_list} FROM existing
),
counted AS (
  SELECT {key_list}, 1 AS is_new FROM added
  UNION ALL
  SELECT {key_list}, 0 AS is_new FROM (SELECT {key_list} FROM differing EXCEPT DISTINCT SELECT {key_list} FROM added)
),
changes AS (
  SELECT
    {partition or "CAST(NULL AS DATE)"} AS partition_start,
    COUNT(*) AS differing,
    SUM(is_new) AS added,
{_indent(range_of, 4)}
  FROM counted
  GROUP BY partition_start
),
doubled AS (
  SELECT {key_list} FROM existing GROUP BY {key_list} HAVING COUNT(*) > 1
  INTERSECT DISTINCT
  SELECT {key_list} FROM staged
)
SELECT *, 0 AS twice FROM changes
UNION ALL
SELECT CAST(NULL AS DATE), 0, 0, CAST(NULL AS DATE), CAST(NULL AS DATE), CAST(NULL AS DATE), CAST(NULL AS DATE), COUNT(*)
FROM doubled
HAVING COUNT(*) > 0
ORDER BY partition_start"""


def doubled_keys(target: Target, staging: TableName, limit: int) -> str:
    """The first staged keys that the live table has more than once between @low and @high, for an error message."""
    keys = ", ".join(target.contract.key)
    live = ", ".join(f"live.{key} AS {key}" for key in target.contract.key)
    return (
        f"SELECT {live}\n{_from_live(target)}\nGROUP BY {keys} HAVING COUNT(*) > 1\nINTERSECT DISTINCT\n"
        f"SELECT {keys} FROM {staging.quoted}\nORDER BY {keys}\nLIMIT {int(limit)}"
    )


def differing_rows(target: Target, staging: TableName, limit: int) -> str:
    """The first staged rows that differ from the live ones between @low and @high, for an error message."""
    names = [*target.contract.key, *(leaf.staged for leaf in target.contract.value_leaves)]
    live = ", ".join(
        [*(f"live.{k}" for k in target.contract.key), *(_live_value(target, v) for v in target.contract.value_leaves)]
    )
    return (
        f"SELECT {', '.join(names)} FROM {staging.quoted}\nEXCEPT DISTINCT\n"
        f"SELECT {live}\n{_from_live(target)}\nORDER BY {', '.join(target.contract.key)}\nLIMIT {int(limit)}"
    )


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


def merge(target: Target, staging: TableName, bounds: str = "") -> str:
    """One MERGE of the staged rows within the bounds @low<bounds> to @high<bounds> into the live table.

    The bounds are parameters on the target, which is what lets BigQuery prune partitions, and the same bounds filter the
    source: a staged row outside them takes no part, so a bound can never turn a match into a second insert. In a table that is
    only appended to there is no UPDATE.
    """
    contract = target.contract
    ranged = target.range_column
    source_bound = f"\n  WHERE {_between(ranged, bounds)}" if ranged else ""
    on = [f"live.{key} = staged.{key}" for key in contract.key]
    if ranged:
        on.append(_between(f"live.{ranged}", bounds))
    structs = written_structs(target)
    top_level = _top_level_values(target)
    differs = [
        *(f"live.{leaf.path} IS DISTINCT FROM staged.{leaf.staged}" for leaf in contract.value_leaves),
        *(_hollow("live", live) for _, live in structs),
        *(f"live.{c.name} IS DISTINCT FROM staged.{_staged_of(str(c.copy_of))}" for c in target.repeats),
    ]
    updates = [
        *(f"{column.name} = {_struct_value(target, column, live, keep_live=True)}" for column, live in structs),
        *(f"{leaf.path} = staged.{leaf.staged}" for leaf in top_level),
        *(f"{c.name} = staged.{_staged_of(str(c.copy_of))}" for c in target.repeats),
        *(f"{c.name} = @{WRITTEN_AT}" for c in target.stamps if c.stamp is Stamp.ON_WRITE),
    ]
    inserts: dict[str, str] = {
        **{key: f"staged.{key}" for key in contract.key},
        **{column.name: _struct_value(target, column, live, keep_live=False) for column, live in structs},
        **{leaf.path: f"staged.{leaf.staged}" for leaf in top_level},
        **{c.name: f"staged.{_staged_of(str(c.copy_of))}" for c in target.repeats},
        **{c.name: f"@{WRITTEN_AT}" for c in target.stamps},
    }
    update = f"""WHEN MATCHED AND (
{_indent(" OR\n".join(differs))}
) THEN UPDATE SET
{_list(updates)}
"""
    return f"""MERGE {target.name.quoted} AS live
USING (
  SELECT * FROM {staging.quoted}{source_bound}
) AS staged
ON {" AND ".join(on)}
{"" if contract.mode is WriteMode.APPEND else update}WHEN NOT MATCHED BY TARGET THEN INSERT (
  {", ".join(inserts)}
) VALUES (
{_list(inserts.values())}
)"""


def merge_in_transaction(target: Target, staging: TableName, ranges: int) -> str:
    """Several MERGEs, each within its own bounds (@low_0, @high_0, ...), as one atomic multi-statement transaction."""
    steps = [merge(target, staging, f"_{i}") for i in range(ranges)]
    return "BEGIN TRANSACTION;\n" + ";\n".join(steps) + ";\nCOMMIT TRANSACTION;"


def _literal(text: str) -> str:
    """A double-quoted SQL string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def column_type(column: Column) -> str:
    """A contract column's type as SQL writes it."""
    if column.type is ColumnType.STRUCT:
        return f"STRUCT<{', '.join(f'{field.name} {column_type(field)}' for field in column.fields)}>"
    return column.type.value


def add_columns(table: TableName, columns: Sequence[Column]) -> str:
    """Nullable top-level columns added to a live table; a column that is there by now is left alone."""
    clauses = [f"ADD COLUMN IF NOT EXISTS {c.name} {column_type(c)} OPTIONS(description={_literal(c.text)})" for c in columns]
    return f"ALTER TABLE {table.quoted}\n{_list(clauses)}"


def create_view(name: TableName, contract: ViewContract, select: str) -> str:
    """The view with the contract's column descriptions; replaces an older definition in one step."""
    columns = _list(f"{c.name} OPTIONS(description={_literal(c.text)})" for c in contract.columns)
    return (
        f"CREATE OR REPLACE VIEW {name.quoted} (\n{columns}\n)\n"
        f"OPTIONS(description={_literal(contract.description)})\nAS\n{select}"
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
    return f"EXPORT DATA OPTIONS(\n  uri={_literal(uri)},\n  format='CSV',\n  header=true,\n  overwrite=true\n) AS\n{select}"
