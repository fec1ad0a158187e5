"""Which parts of a table are this product's, by its labels: what must be set NULL when one is switched off.

Belongs here: pure functions of a contract, its parts and a fetched `Table`. Must not be here: anything that talks to BigQuery.

A part that was never on here has no label, and its fields are left alone: they may be somebody else's. While it is on, the label
`<part_label><name>` is there from before the first write. After it was switched off, one write sets its fields NULL, on the rows
that the frame has, and then the label goes.
"""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd
from google.cloud import bigquery

from zl_assets.warehouse import schema, sql
from zl_assets.warehouse.contract import PANDAS_DTYPES, Part, TableContract, leaves_of
from zl_assets.warehouse.names import Marks

OWNED = "owned"


def labels_of(contract: TableContract, marks: Marks) -> dict[str, str]:
    """The labels of the parts that are on."""
    return {f"{marks.part_label}{part.name}": OWNED for part in contract.parts if part.on}


def labels_before(contract: TableContract, live: bigquery.Table, marks: Marks) -> dict[str, str]:
    """The labels that the live table lacks before parts that are on are written."""
    return {key: value for key, value in labels_of(contract, marks).items() if key not in live.labels}


def labels_after(off: Sequence[Part], marks: Marks) -> dict[str, None]:
    """The labels to take away once the fields of these parts are NULL."""
    return {f"{marks.part_label}{part.name}": None for part in off}


def switched_off(contract: TableContract, live: bigquery.Table, marks: Marks) -> tuple[Part, ...]:
    """The parts that are off, and were on when this product last wrote the table."""
    return tuple(part for part in contract.parts if not part.on and f"{marks.part_label}{part.name}" in live.labels)


def with_nulls(
    contract: TableContract, off: Sequence[Part], frame: pd.DataFrame, live: bigquery.Table
) -> tuple[TableContract, pd.DataFrame]:
    """The contract and the frame with the fields of these parts that the live table has, NULL on every row."""
    have = sql.leaf_paths(schema.live_columns(list(live.schema)))
    there = [part for part in (_only(part, have) for part in off) if part.structs]
    leaves = [leaf for part in there for leaf in leaves_of(part.structs)]
    nulls = {
        leaf.path: pd.Series([None] * len(frame), index=frame.index, dtype=PANDAS_DTYPES[leaf.column.type]) for leaf in leaves
    }
    return contract.with_parts(there), frame.assign(**nulls)


def _only(part: Part, have: frozenset[str]) -> Part:
    """The part without the fields that are not among these leaves."""
    structs = []
    for struct in part.structs:
        fields = tuple(field for field in struct.fields if f"{struct.name}.{field.name}".casefold() in have)
        structs += [replace(struct, fields=fields)] if fields else []
    return replace(part, structs=tuple(structs))
