"""What a table or view of BigQuery must look like: columns, types, keys, layout and meaning, as objects.

DDL, staging schemas, frame validation and Dagster's column schema are derived from these. Must not be here: a contract of any one
table, SQL text, anything from dagster or google.

A frame of a table holds one column per leaf: a field of a STRUCT is named with a dot (`market_data.open`). pandas types, by
BigQuery type, are those of `PANDAS_DTYPES`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

# BigQuery allows letters, digits and underscores in column, table and dataset names (hyphens in some, which we never use).
IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,299}")

# Words that no column of ours may have for a name, since names are not quoted.
# https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical#reserved_keywords
_WORDS = """
ALL AND ANY ARRAY AS ASC ASSERT_ROWS_MODIFIED AT BETWEEN BY CASE CAST COLLATE CONTAINS CREATE CROSS CUBE CURRENT DEFAULT
DEFINE DESC DISTINCT ELSE END ENUM ESCAPE EXCEPT EXCLUDE EXISTS EXTRACT FALSE FETCH FOLLOWING FOR FROM FULL GROUP
GROUPING GROUPS HASH HAVING IF IGNORE IN INNER INTERSECT INTERVAL INTO IS JOIN LATERAL LEFT LIKE LIMIT LOOKUP MERGE
NATURAL NEW NO NOT NULL NULLS OF ON OR ORDER OUTER OVER PARTITION PRECEDING PROTO QUALIFY RANGE RECURSIVE RESPECT RIGHT
ROLLUP ROWS SELECT SET SOME STRUCT TABLESAMPLE THEN TO TREAT TRUE UNBOUNDED UNION UNNEST USING WHEN WHERE WINDOW WITH
WITHIN
"""
RESERVED = frozenset(_WORDS.split())


class ColumnType(StrEnum):
    """The BigQuery types this product uses."""

    STRING = "STRING"
    INT64 = "INT64"
    FLOAT64 = "FLOAT64"
    BOOL = "BOOL"
    DATE = "DATE"
    TIMESTAMP = "TIMESTAMP"
    STRUCT = "STRUCT"


# One pandas type for each BigQuery type, nullable or not, so that a frame read back equals the frame written.
PANDAS_DTYPES: dict[ColumnType, str] = {
    ColumnType.STRING: "string",
    ColumnType.INT64: "Int64",
    ColumnType.FLOAT64: "float64",
    ColumnType.BOOL: "boolean",
    ColumnType.DATE: "datetime64[ns]",
    ColumnType.TIMESTAMP: "datetime64[ns, UTC]",
}


class Stamp(StrEnum):
    """When the write path sets a timestamp of its own."""

    ON_WRITE = "on write"
    """at every insert and update of the row"""
    ON_INSERT = "on insert"
    """at the insert of the row, and never again"""


class WriteMode(StrEnum):
    """What a MERGE may do to rows that exist."""

    UPSERT = "upsert"
    """insert new keys, update changed rows"""
    RECORD = "record"
    """insert new keys; a live row that differs stops the run: the code is the record, and somebody else changed the table"""
    APPEND = "append"
    """insert new keys; no row is ever changed, and a key that another run has taken meanwhile stops the run"""


@dataclass(frozen=True)
class Column:
    """A column or a STRUCT field.

    Attributes:
        unit: what a number is counted in, shown wherever the column is.
        fields: the fields of a STRUCT.
        reserved: exists in the schema but is not written by this version: it is left to a later version or to other
            people's jobs, and what they wrote there stays.
        stamp: set by the write path itself; never in a frame.
        copy_of: a leaf whose value this column repeats, only in a live table that already has the column. Never created.
        once_required: earlier versions created it NOT NULL; a write takes that from a live table that has it.
    """

    name: str
    type: ColumnType
    description: str
    unit: str | None = None
    nullable: bool = True
    fields: tuple["Column", ...] = ()
    reserved: bool = False
    stamp: Stamp | None = None
    copy_of: str | None = None
    once_required: bool = False

    def __post_init__(self) -> None:
        if not IDENTIFIER.fullmatch(self.name):
            raise ValueError(f"{self.name!r} is not a BigQuery column name")
        if self.name.upper() in RESERVED:
            raise ValueError(f"{self.name!r} is a word of SQL's own, and cannot be a column's name here")
        if bool(self.fields) != (self.type is ColumnType.STRUCT):
            raise ValueError(f"{self.name}: a STRUCT must have fields, and nothing else may")

    @property
    def text(self) -> str:
        """Description with the unit."""
        return f"{self.description} [{self.unit}]" if self.unit else self.description


@dataclass(frozen=True)
class Leaf:
    """A value column: a top-level column, or one field of a STRUCT.

    Attributes:
        path: dotted name, as in frames and in SQL (`market_data.open`).
        column: the Column it comes from.
        struct: name of the STRUCT it is in, or None.
    """

    path: str
    column: Column
    struct: str | None = None

    @property
    def staged(self) -> str:
        """Its flat name in a staging table."""
        return staged_of(self.path)


def staged_of(path: str) -> str:
    """The flat name of a leaf in a staging table, by its dotted path."""
    return path.replace(".", "__")


def leaves_of(columns: tuple[Column, ...]) -> Iterator[Leaf]:
    """Every leaf of the columns, in order."""
    for column in columns:
        if column.fields:
            for inner in column.fields:
                yield Leaf(f"{column.name}.{inner.name}", inner, column.name)
        else:
            yield Leaf(column.name, column)


@dataclass(frozen=True)
class Part:
    """STRUCT fields of a table that are switched on and off as one.

    Attributes:
        name: lower-case letters, digits and underscores; a label of the live table records it while its fields
            are this product's.
        structs: the STRUCTs it has fields in, each with the part's own fields only.
        on: its fields are in the contract and are written. One that is off is here for a live table on which it was on before.
    """

    name: str
    structs: tuple[Column, ...]
    on: bool


@dataclass(frozen=True)
class TableContract:
    """A BigQuery table that this product reads or writes.

    Attributes:
        key: columns that identify a row; not null, unique.
        partition_by: DATE column the table is partitioned by, by month, or None.
        cluster_by: clustering columns.
        mode: what a write may do to existing rows.
        symbols: only rows with these values in the column `symbol` are read, of which somebody else's table may have hundreds;
            empty where all are.
        owner: who writes by this contract, where several write rows of their own into one table: part of the labels of its parts,
            so that each switches its own off. Empty for the first.
        parts: what can be switched on and off.
        made_from: what a computed column is made from, `table.column` of tables upstream. A column that is not here is copied
            from the columns of its name upstream, or constant. Column lineage is made of this; perturbation tests hold it.
    """

    dataset: str
    table: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    partition_by: str | None = None
    cluster_by: tuple[str, ...] = ()
    mode: WriteMode = WriteMode.UPSERT
    symbols: tuple[str, ...] = ()
    owner: str = ""
    parts: tuple[Part, ...] = ()
    made_from: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        by_name = {column.name: column for column in self.columns}
        unknown = self.made_from.keys() - {leaf.path for leaf in leaves_of(self.columns)}
        if unknown:
            raise ValueError(f"{self.name}: made_from names {', '.join(sorted(unknown))}, which it does not have")
        staged = [leaf.staged for leaf in leaves_of(self.columns)]
        if len(by_name) != len(self.columns) or len({name.casefold() for name in staged}) != len(staged):
            raise ValueError(f"{self.name}: two columns or fields have the same name")
        for name in (*self.key, *self.cluster_by, *([self.partition_by] if self.partition_by else [])):
            if name not in by_name or by_name[name].nullable:
                raise ValueError(f"{self.name}: {name} is a key, partition or cluster column and must exist and be NOT NULL")
        for name in self.key:
            if by_name[name].type in (ColumnType.FLOAT64, ColumnType.STRUCT):
                raise ValueError(f"{self.name}: {name} is {by_name[name].type}, by which no row can be told from another")

    @property
    def name(self) -> str:
        """dataset.table, without the configured prefix."""
        return f"{self.dataset}.{self.table}"

    def with_parts(self, parts: Iterable[Part]) -> "TableContract":
        """The contract with the fields of these parts as columns that are written: fields of STRUCTs that it has stop being
        reserved, a STRUCT that it does not have is added at the end."""
        columns = {column.name.casefold(): column for column in self.columns}
        for struct in (struct for part in parts for struct in part.structs):
            found = columns.get(struct.name.casefold())
            if found is None:
                columns[struct.name.casefold()] = struct
                continue
            own = {field.name.casefold(): field for field in struct.fields}
            fields = tuple(own.pop(field.name.casefold(), field) for field in found.fields)
            columns[struct.name.casefold()] = replace(found, fields=(*fields, *own.values()))
        return replace(self, columns=tuple(columns.values()))

    def leaving(self, names: Iterable[str]) -> "TableContract":
        """The contract without these parts: their fields and their labels stay as they are in the live table."""
        left = [part for part in self.parts if part.name in set(names)]
        own = {(struct.name, field.name) for part in left for struct in part.structs for field in struct.fields}
        columns = tuple(
            replace(column, fields=tuple(replace(f, reserved=f.reserved or (column.name, f.name) in own) for f in column.fields))
            for column in self.columns
        )
        return replace(self, columns=columns, parts=tuple(part for part in self.parts if part not in left))

    @property
    def created_columns(self) -> tuple[Column, ...]:
        """The columns of a table that this product creates."""
        return tuple(column for column in self.columns if column.copy_of is None)

    @property
    def frame_leaves(self) -> tuple[Leaf, ...]:
        """The leaves a frame holds: everything written from data, in contract order."""
        return tuple(
            leaf
            for leaf in leaves_of(self.columns)
            if not leaf.column.reserved and leaf.column.stamp is None and leaf.column.copy_of is None
        )

    @property
    def frame_columns(self) -> tuple[str, ...]:
        """Dotted names of `frame_leaves`."""
        return tuple(leaf.path for leaf in self.frame_leaves)

    @property
    def value_leaves(self) -> tuple[Leaf, ...]:
        """`frame_leaves` without the key."""
        return tuple(leaf for leaf in self.frame_leaves if leaf.path not in self.key)

    @property
    def stamps(self) -> tuple[Column, ...]:
        """The columns that the write path sets itself."""
        return tuple(column for column in self.columns if column.stamp is not None)


@dataclass(frozen=True)
class ViewContract:
    """A BigQuery view that this product publishes and reads."""

    dataset: str
    table: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    @property
    def name(self) -> str:
        """dataset.view, without the configured prefix."""
        return f"{self.dataset}.{self.table}"

    @property
    def symbols(self) -> tuple[str, ...]:
        """None: a view is read as it is."""
        return ()

    @property
    def frame_leaves(self) -> tuple[Leaf, ...]:
        """The leaves a frame of the view holds."""
        return tuple(leaves_of(self.columns))
