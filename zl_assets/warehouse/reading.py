"""What is read of a live table, and how it is laid out to be compared.

Belongs here: which columns and rows, and pure functions of what came back. Must not be here: BigQuery, what differs (diff.py).
"""

import datetime as dt
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from zl_assets.warehouse.contract import Column, Leaf
from zl_assets.warehouse.frames import arrow_type
from zl_assets.warehouse.sql import Target, literal, written_structs

# Ends the name of a column that says whether a STRUCT is there with nothing in it.
HOLLOW = "__hollow"


def hollow_name(struct: Column) -> str:
    """The column of rows that were read that says whether a STRUCT is there with nothing in it."""
    return f"{struct.name}{HOLLOW}"


def row_restriction(symbols: Sequence[str], range_column: str | None, between: tuple[dt.date, dt.date] | None) -> str:
    """The same conditions for a read by the Storage API, which takes no parameters; empty where there is none."""
    conditions = [f"symbol IN ({', '.join(map(literal, symbols))})"] if symbols else []
    if range_column and between:
        low, high = between
        conditions.append(f"{range_column} BETWEEN DATE '{low.isoformat()}' AND DATE '{high.isoformat()}'")
    return " AND ".join(conditions)


def live_columns_of(target: Target, leaves: Sequence[Leaf]) -> list[str]:
    """The names of the live columns that must be read for these leaves, and for a comparison with them."""
    wanted = dict.fromkeys([*(leaf.struct or leaf.path for leaf in leaves), *(column.name for column in target.repeats)])
    return [live.name for name in wanted if (live := target.column(name)) is not None]


def as_compared(rows: pa.Table, target: Target, leaves: Sequence[Leaf]) -> pa.Table:
    """Live columns as the write path compares them: leaves under their staged names, NULL where the live table lacks one; for
    each STRUCT that is written whether it is there with every field NULL (`<struct>__hollow`); and the columns that repeat a
    leaf."""
    columns: dict[str, pa.ChunkedArray | pa.Array] = {}
    for leaf in leaves:
        live = target.column(leaf.struct or leaf.path)
        field = None if live is None else next((f for f in live.fields if f.name.casefold() == leaf.column.name.casefold()), None)
        if live is None or (leaf.struct and field is None):
            columns[leaf.staged] = pa.nulls(rows.num_rows, arrow_type(leaf.column.type))
        elif field is None:
            columns[leaf.staged] = rows.column(live.name)
        else:
            columns[leaf.staged] = pc.struct_field(rows.column(live.name), field.name)
    for column, live in written_structs(target):
        struct = rows.column(live.name)
        hollow = pc.is_valid(struct)
        for field in live.fields:
            hollow = pc.and_(hollow, pc.is_null(pc.struct_field(struct, field.name)))
        columns[hollow_name(column)] = hollow
    for column in target.repeats:
        columns[column.name] = rows.column(target.live_name(column.name))
    return pa.table(columns)
