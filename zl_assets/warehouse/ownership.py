"""Which parts of a table are this product's, by its labels: what must be set NULL when one is switched off.

Belongs here: pure functions of a contract, its parts and a fetched `Table`. Must not be here: anything that talks to BigQuery.

A part that was never on here has no label, and its fields are left alone: they may be somebody else's. While it is on, the label
`<part_label><name>` is there from before the first write, with `-<owner>` at its end where several write rows of their own. After
it was switched off, one write sets its fields NULL, on the rows that the frame has, and then the label goes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd
from google.cloud import bigquery

from zl_assets.warehouse import schema, sql
from zl_assets.warehouse.contract import PANDAS_DTYPES, Part, TableContract, leaves_of
from zl_assets.warehouse.errors import SchemaConflict
from zl_assets.warehouse.labels import MAX_LABELS, MAX_LENGTH, is_key
from zl_assets.warehouse.names import Marks

OWNED = "owned"


def labels_of(contract: TableContract, marks: Marks, source: str | None) -> dict[str, str]:
    """The labels of the parts that are on, and of the source that the rows are of.

    Raises:
        SchemaConflict: a part has a name that no label may have.
    """
    parts = {_key(part, contract, marks): OWNED for part in contract.parts if part.on}
    return parts | ({marks.source_label: source} if source is not None else {})


def labels_before(contract: TableContract, live: bigquery.Table, marks: Marks, source: str | None) -> dict[str, str]:
    """The labels that the live table lacks before it is written."""
    return {key: value for key, value in labels_of(contract, marks, source).items() if key not in live.labels}


def labels_after(contract: TableContract, off: Sequence[Part], marks: Marks) -> dict[str, None]:
    """The labels to take away once the fields of these parts are NULL."""
    return {_key(part, contract, marks): None for part in off}


def refuse_too_many(name: object, live: Mapping[str, str], changes: Mapping[str, str | None]) -> None:
    """Call it before anything is written to the table, with every label that the write will set.

    Args:
        name: the table, for the message.
        live: the labels that the live table has; none for a new one.
        changes: labels to be set, and those to be taken away as None.

    Raises:
        SchemaConflict: the table would have more labels than BigQuery allows.
    """
    after = {key for key, value in {**live, **changes}.items() if value is not None}
    if len(after) <= MAX_LABELS:
        return
    ours = sorted(after - live.keys())
    raise SchemaConflict(
        f"{name} would have {len(after)} labels, and BigQuery allows {MAX_LABELS}: it has {len(live)}, and this product adds "
        f"{', '.join(ours)}. Nothing was written. Take labels away from it that nobody needs, or switch one of these off."
    )


def switched_off(contract: TableContract, live: bigquery.Table, marks: Marks) -> tuple[Part, ...]:
    """The parts that are off, and were on when this product last wrote the table."""
    return tuple(part for part in contract.parts if not part.on and _key(part, contract, marks) in live.labels)


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


def _key(part: Part, contract: TableContract, marks: Marks) -> str:
    key = f"{marks.part_label}{part.name}" + (f"-{contract.owner}" if contract.owner else "")
    if not is_key(key):
        raise SchemaConflict(
            f"the part {part.name!r} needs the label {key}, and BigQuery allows lower-case letters, digits, - and _ in a label's "
            f"key, at most {MAX_LENGTH} of them. Give it another name."
        )
    return key


def _only(part: Part, have: frozenset[str]) -> Part:
    """The part without the fields that are not among these leaves."""
    structs = []
    for struct in part.structs:
        fields = tuple(field for field in struct.fields if f"{struct.name}.{field.name}".casefold() in have)
        structs += [replace(struct, fields=fields)] if fields else []
    return replace(part, structs=tuple(structs))
