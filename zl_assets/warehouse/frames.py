"""Frames to and from BigQuery: validation against a contract, and explicit Arrow types.

Belongs here: what a frame must look like before anything is sent, and the conversion in both directions. No type is ever
inferred: not from values, not from a file. Must not be here: rules about the data itself.
"""

import datetime as dt
import functools
import io
from collections.abc import Sequence, Set
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from zl_assets.warehouse.contract import PANDAS_DTYPES, Column, ColumnType, Leaf, TableContract, staged_of
from zl_assets.warehouse.errors import ContractViolation, SchemaConflict
from zl_assets.warehouse.sql import LiveColumn, Target

if TYPE_CHECKING:
    import pyarrow as pa

_FIRST = 5
_MASKED: dict[ColumnType, Any] = {ColumnType.INT64: pd.Int64Dtype(), ColumnType.BOOL: pd.BooleanDtype()}

_PYTHON_TYPES: dict[ColumnType, tuple[type, ...]] = {
    ColumnType.STRING: (str,),
    ColumnType.INT64: (int, np.integer),
    ColumnType.FLOAT64: (int, float, np.integer, np.floating),
    ColumnType.BOOL: (bool, np.bool_),
    ColumnType.DATE: (dt.date, np.datetime64),
    ColumnType.TIMESTAMP: (dt.datetime, np.datetime64),
}


def validate(frame: pd.DataFrame, contract: TableContract) -> None:
    """Hold a frame against its contract.

    Accepted: columns in any order, rows in any order, any index. Refused: everything else.

    Raises:
        ContractViolation: names the table, the column, the first rows and values, and what was expected.
    """
    expected = list(contract.frame_columns)
    found = list(frame.columns)
    problems = []
    if missing := [name for name in expected if name not in found]:
        problems.append(f"missing: {', '.join(missing)}")
    if extra := [str(name) for name in found if name not in expected]:
        problems.append(f"not in the contract: {', '.join(extra)}")
    if len(set(found)) != len(found):
        problems.append(f"twice: {', '.join(sorted({str(n) for n in found if found.count(n) > 1}))}")
    if problems:
        raise ContractViolation(f"{contract.name}: wrong columns ({'; '.join(problems)}). Expected: {', '.join(expected)}.")
    if frame.empty:
        raise ContractViolation(f"{contract.name}: the frame is empty, and an empty frame is never written.")
    for leaf in contract.frame_leaves:
        _validate_column(frame, contract, leaf)
    _validate_key(frame, contract)


def _validate_column(frame: pd.DataFrame, contract: TableContract, leaf: Leaf) -> None:
    values = frame[leaf.path]
    expected = PANDAS_DTYPES[leaf.column.type]
    if str(values.dtype) != expected:
        raise ContractViolation(
            f"{contract.name}: column {leaf.path} has pandas type {values.dtype}, expected {expected} for {leaf.column.type}"
            f"{_culprit(values, leaf.column.type)}."
        )
    if not leaf.column.nullable:
        _refuse(frame, contract, leaf, values.isna(), "is NULL, and the column is NOT NULL")
    if leaf.column.type is ColumnType.FLOAT64:
        _refuse(frame, contract, leaf, pd.Series(np.isinf(values.to_numpy()), index=frame.index), "is infinite")
    if leaf.column.type is ColumnType.DATE:
        _refuse(frame, contract, leaf, values.notna() & (values != values.dt.normalize()), "is not a whole day")
    if leaf.column.type is ColumnType.TIMESTAMP:
        _refuse(frame, contract, leaf, values.notna() & (values != values.dt.floor("us")), "is finer than a microsecond")
    if leaf.column.type is ColumnType.STRING and not _is_all_utf8(values):
        bad = pd.Series([isinstance(value, str) and _is_not_utf8(value) for value in values], index=frame.index)
        _refuse(frame, contract, leaf, bad, "is not text that UTF-8 can hold")


def _culprit(values: pd.Series, column_type: ColumnType) -> str:
    """The first value of a column of the wrong type that cannot be one of the right type, or else its first value."""
    there = [(row, values.iloc[row]) for row in np.flatnonzero(values.notna())]
    odd = [(row, value) for row, value in there if not isinstance(value, _PYTHON_TYPES[column_type])]
    return "".join(f"; value {value!r} in the row at position {row}" for row, value in (odd or there)[:1])


def _is_all_utf8(values: pd.Series) -> bool:
    """At once for the whole column: one by one, 400,000 texts take 0.2 s."""
    import pyarrow as pa

    try:
        pa.array(values, type=pa.string(), from_pandas=True)
    except (UnicodeEncodeError, pa.ArrowInvalid):
        return False
    return True


def _is_not_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate, which half of a broken emoji is
        return True
    return False


def _validate_key(frame: pd.DataFrame, contract: TableContract) -> None:
    twice = frame.duplicated(list(contract.key), keep=False)
    if twice.any():
        rows = frame.loc[twice, list(contract.key)].drop_duplicates().head(_FIRST)
        raise ContractViolation(
            f"{contract.name}: {int(twice.sum())} rows share a key ({', '.join(contract.key)}), which must be unique. "
            f"First: {_rows(rows)}."
        )


def _refuse(frame: pd.DataFrame, contract: TableContract, leaf: Leaf, bad: pd.Series, what: str) -> None:
    bad = bad.fillna(False).astype(bool)
    if not bad.any():
        return
    positions = np.flatnonzero(bad.to_numpy())[:_FIRST]
    columns = list(dict.fromkeys([*contract.key, leaf.path]))
    raise ContractViolation(
        f"{contract.name}: {leaf.path} {what} in {int(bad.sum())} of {len(frame)} rows. "
        f"First (by row position {', '.join(map(str, positions))}): {_rows(frame.iloc[positions][columns])}."
    )


def _rows(frame: pd.DataFrame) -> str:
    def text(value: object) -> str:
        if isinstance(value, pd.Timestamp):
            return str(value.date() if value == value.normalize() else value)
        return str(value).encode(errors="backslashreplace").decode()

    return "; ".join(", ".join(f"{k}={text(v)}" for k, v in row.items()) for row in frame.to_dict("records"))


def arrow_type(column_type: ColumnType) -> "pa.DataType":
    """The Arrow type of a BigQuery scalar type."""
    import pyarrow as pa

    return {
        ColumnType.STRING: pa.string(),
        ColumnType.INT64: pa.int64(),
        ColumnType.FLOAT64: pa.float64(),
        ColumnType.BOOL: pa.bool_(),
        ColumnType.DATE: pa.date32(),
        ColumnType.TIMESTAMP: pa.timestamp("us", tz="UTC"),
    }[column_type]


def to_arrow(frame: pd.DataFrame, leaves: Sequence[Leaf]) -> "pa.Table":
    """The frame's leaves as Arrow under staged names, with BigQuery's types; NaN becomes NULL."""
    import pyarrow as pa

    arrays, fields = [], []
    for leaf in leaves:
        kind = arrow_type(leaf.column.type)
        arrays.append(pa.Array.from_pandas(frame[leaf.path], type=kind))
        fields.append(pa.field(leaf.staged, kind, nullable=leaf.column.nullable))
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def as_stored(rows: "pa.Table", target: Target, written_at: dt.datetime) -> "pa.Table | None":
    """Rows under staged names as the live table stores them: STRUCTs of their fields, stamps, columns that repeat a leaf.

    A STRUCT whose every field is NULL is NULL. None where a STRUCT of the live table has a field that its contract does not know.
    """
    import pyarrow as pa

    contract = target.contract
    written = {leaf.path for leaf in contract.frame_leaves}
    columns: dict[str, tuple[pa.Array | pa.ChunkedArray, bool]] = {}
    for column in contract.columns:
        live = target.column(column.name)
        if live is None:
            continue
        if column.fields:
            if not any(f"{column.name}.{field.name}" in written for field in column.fields):
                continue
            struct = _struct(rows, column, live, written)
            if struct is None:
                return None
            columns[live.name] = struct, True
        elif column.stamp is not None:
            columns[live.name] = pa.repeat(pa.scalar(written_at, arrow_type(column.type)), rows.num_rows), True
        elif column.copy_of is not None or column.name in written:
            columns[live.name] = rows.column(staged_of(column.copy_of or column.name)), column.nullable
    fields = [pa.field(name, values.type, nullable=nullable) for name, (values, nullable) in columns.items()]
    return pa.Table.from_arrays([values for values, _ in columns.values()], schema=pa.schema(fields))


def _struct(rows: "pa.Table", column: Column, live: LiveColumn, written: Set[str]) -> "pa.StructArray | None":
    """A live STRUCT of the fields that are written, the others NULL; None where it has a field that the contract has not."""
    import pyarrow as pa
    import pyarrow.compute as pc

    known = {field.name.casefold(): field for field in column.fields}
    if any(field.name.casefold() not in known for field in live.fields):
        return None
    fields, arrays = [], []
    for there in live.fields:
        path = f"{column.name}.{known[there.name.casefold()].name}"
        kind = arrow_type(known[there.name.casefold()].type)
        fields.append(pa.field(there.name, kind))
        arrays.append(rows.column(staged_of(path)).combine_chunks() if path in written else pa.nulls(rows.num_rows, kind))
    empty = functools.reduce(pc.and_, map(pc.is_null, arrays))
    return pa.StructArray.from_arrays(arrays, fields=fields, mask=empty)


def to_parquet(rows: "pa.Table") -> bytes:
    """Rows as Parquet bytes."""
    import pyarrow.parquet as pq

    sink = io.BytesIO()
    pq.write_table(rows, sink)
    return sink.getvalue()


def from_arrow(table: "pa.Table", leaves: Sequence[Leaf]) -> pd.DataFrame:
    """A query result under staged names as a frame of the leaves, with `PANDAS_DTYPES`.

    Raises:
        SchemaConflict: a column of another type holds a value that the contract's type cannot hold as it is, or a date is beyond
            what pandas can hold.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    columns = {}
    for leaf in leaves:
        found = table.column(leaf.staged)
        try:
            values = found.cast(arrow_type(leaf.column.type))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise SchemaConflict(
                f"The live column {leaf.path} holds {found.type}, expected {leaf.column.type}, and not every value can be "
                f"converted: {str(error).strip()}. Give the table the type of its contract."
            ) from error
        dtype = PANDAS_DTYPES[leaf.column.type]
        if leaf.column.type in (ColumnType.INT64, ColumnType.BOOL):
            # Straight to the masked array: by way of float64, integers above 2**53 would change.
            columns[leaf.path] = pd.Series(_MASKED[leaf.column.type].__from_arrow__(values))
        else:
            try:
                columns[leaf.path] = values.to_pandas(date_as_object=False).astype(dtype)
            except (pa.ArrowInvalid, pd.errors.OutOfBoundsDatetime) as error:
                ends = pc.min_max(values).as_py()
                raise SchemaConflict(
                    f"The live column {leaf.path} goes from {ends['min']} to {ends['max']}, but only dates from "
                    f"{pd.Timestamp.min.date()} to {pd.Timestamp.max.date()} can be read. Correct the rows outside of that."
                ) from error
    return pd.DataFrame(columns)
