"""Contracts, rows, pictures and costs as metadata that the UI shows, and the order in which a person reads it.

Must not be here: drawing, words.
"""

import base64
import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, auto
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import dagster as dg
import pandas as pd

from zl_assets.warehouse.contract import ColumnType, TableContract, ViewContract
from zl_assets.warehouse.digits import rounded_row

if TYPE_CHECKING:
    from zl_assets.model.report.page import Report
    from zl_assets.warehouse.jobs import JobLog

ROOM = 286
"""Pixels that a table has on an asset's page in a window of 1,400, beside a name of 32 letters, the longest of the model's.

Measured in Dagster 1.13.27: 756 between the page's two side bars, less 294 of the name, 152 of the time and 24 around the table.
One table that is wider cuts every row of its page at the edge."""

ROOM_OF_CHECK = 660
"""Pixels that a table has on the page of a check."""

# Of a table's cell: a letter, one of its head, both edges; and what a column of words needs, whose lines are broken.
_LETTER, _HEAD, _EDGES, _WORDS = 8.4, 7.2, 17, 150
_AND = "and"

INTERNALS = "internals"
"""The metadata that holds, in one row, what only a person who looks for a fault reads."""

# What happened, in words: the row that a page begins with, where the materialization has it.
_HAPPENED = ("withheld", "today", "advice", "said", "newest_forecast", "read", "written")

# Whose the materialization is, by the name that `provenance` gives it.
_WHOSE = "state_folder"

# What goes into INTERNALS, and what each of them is. All of it is said each time, whichever are there: Dagster's pages unfold a
# JSON of less than 1,000 characters, and a job id or a path is one word, so long that every other row is cut at the edge.
_WHAT_THEY_ARE = {
    "job_ids": "the BigQuery jobs of this step in order; each has the run, the asset and the step as labels (bq show -j ID)",
    "bytes_processed": "bytes that its queries read, as BigQuery reports them; what the on-demand price is made of",
    "slot_ms": "slot milliseconds that its queries took, as BigQuery reports them; what a reservation is used up by",
    "merge_statements": "how many MERGE statements it took, or the one load into an empty table; 0 where nothing differed",
    "partitions_changed": "partitions that hold a row that was inserted or updated",
    "created": "whether this write made the table",
    "columns_added": "columns that this write added to the live table",
    "replaced": "whether the live view was another one and was made anew",
    "path": "where the file, or the folder of the model, is",
    "bytes": "size of the file",
    "sha256": "hash of the file; whoever reads the file holds it against this one",
    "training_csv_sha256": "hash of the file that the model was trained on",
    "..._made_of": "hash of all that a picture shows; with the same hash the picture is not drawn again",
    "..._drawn": "whether the picture was drawn now, or is the one of an earlier run",
}
_OF_PICTURES = ("_made_of", "_drawn")
_LEGEND = "what_these_are"


@dataclass(frozen=True, eq=False)
class Told:
    """The value of an asset, and what the asset says of it.

    Dagster shows what an asset returns as metadata first and what its IO manager adds after it, whatever either is: pictures
    before the count of rows. An IO manager that is given both puts all of it in one order.

    Attributes:
        facts: metadata by name.
    """

    value: Any
    facts: Mapping[str, Any]

    @classmethod
    def of(cls, given: Any) -> "Told":
        """What an IO manager was given; a bare value says nothing of itself."""
        return given if isinstance(given, cls) else cls(given, {})


def in_order(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata in the order in which a person reads it: what happened, other words, numbers, tables and pictures, what did not
    happen, whose it is; and in one last row, INTERNALS, what is looked at when something is wrong.

    Within each the order stays.
    """
    internals = {name: _plain(fact) for name, fact in facts.items() if _is_internal(name, fact)}
    ordered = dict(sorted([(n, f) for n, f in facts.items() if n not in internals], key=lambda item: _place(*item)))
    if not internals:
        return ordered
    return ordered | {INTERNALS: dg.MetadataValue.json(internals | {_LEGEND: _WHAT_THEY_ARE})}


def unfolded(metadata: Mapping[str, dg.MetadataValue]) -> dict[str, dg.MetadataValue]:
    """The metadata of a materialization by name, with those in INTERNALS; an earlier version recorded them beside the others."""
    folded = metadata.get(INTERNALS)
    if not isinstance(folded, dg.JsonMetadataValue) or not isinstance(folded.data, Mapping):
        return dict(metadata)
    plain = {name: _value(fact) for name, fact in folded.data.items() if name != _LEGEND}
    return plain | {name: value for name, value in metadata.items() if name != INTERNALS}


def _is_internal(name: str, fact: Any) -> bool:
    return name in _WHAT_THEY_ARE or (isinstance(_plain(fact), str) and name.endswith(_OF_PICTURES))


def _plain(fact: Any) -> Any:
    return fact.value if isinstance(fact, dg.MetadataValue) else fact


def _value(fact: Any) -> dg.MetadataValue:
    match fact:
        case bool():
            return dg.MetadataValue.bool(fact)
        case int():
            return dg.MetadataValue.int(fact)
        case str():
            return dg.MetadataValue.text(fact)
    return dg.MetadataValue.json(fact)


class _Place(IntEnum):
    HAPPENED = auto()
    WORDS = auto()
    NUMBERS = auto()
    SEEN = auto()
    NOTHING = auto()
    WHOSE = auto()


def _place(name: str, fact: Any) -> tuple[_Place, int]:
    """Where an entry stands, and its turn among those that stand there."""
    if name in _HAPPENED:
        return _Place.HAPPENED, _HAPPENED.index(name)
    return _place_of(name, fact), 0


def _place_of(name: str, fact: Any) -> _Place:
    match _plain(fact):
        case _ if name == _WHOSE:
            return _Place.WHOSE
        case "none":
            return _Place.NOTHING
        # Markdown as words are, but looked at.
        case str(text) if isinstance(fact, dg.MarkdownMetadataValue) and text.startswith("!["):
            return _Place.SEEN
        case str() | bool():
            return _Place.WORDS
        case int() | float():
            return _Place.NUMBERS
    return _Place.SEEN


def described(contract: TableContract | ViewContract) -> dict[str, Any]:
    """Metadata of a table or view that is known before it is ever materialized."""
    return {"dagster/column_schema": table_schema(contract), "dagster/table_name": contract.name, "key": ", ".join(contract.key)}


def table_schema(contract: TableContract | ViewContract) -> dg.TableSchema:
    """The contract as Dagster's column schema, one column per leaf, with units."""
    nested = contract.columns if isinstance(contract, ViewContract) else contract.created_columns
    columns = []
    for column in nested:
        columns.append(_table_column(column.name, column.type, column.text, nullable=column.nullable))
        columns.extend(
            _table_column(f"{column.name}.{field.name}", field.type, field.text, nullable=field.nullable)
            for field in column.fields
        )
    return dg.TableSchema(columns=columns)


def _table_column(name: str, kind: ColumnType, text: str, *, nullable: bool) -> dg.TableColumn:
    return dg.TableColumn(name, kind.value, description=text, constraints=dg.TableColumnConstraints(nullable=nullable))


def job_metadata(log: "JobLog") -> dict[str, Any]:
    """The BigQuery jobs of an asset, and what BigQuery reports that they cost."""
    return {
        "bytes_processed": log.bytes_processed,
        "slot_ms": log.slot_ms,
        "job_ids": dg.MetadataValue.json(list(log.job_ids)),
    }


def picture(title: str, png: bytes, caption: str = "") -> dg.MarkdownMetadataValue:
    """A PNG as Markdown: the UI lets `data:` images through, and nothing has to be served beside it."""
    return dg.MetadataValue.md(f"![{title}](data:image/png;base64,{base64.b64encode(png).decode()})\n\n{caption}".strip())


def shown(report: "Report", words: str) -> dict[str, Any]:
    """A report as metadata: its words first, then each table and picture under its name.

    Args:
        words: what the words are called.
    """
    metadata: dict[str, Any] = {words: dg.MetadataValue.md("\n\n".join(report.words))}
    metadata |= {item.name: rows_table(item.rows[list(item.brief)] if item.brief else item.rows) for item in report.tables}
    return metadata | {item.name: picture(item.title, item.png, item.caption) for item in report.pictures}


def rows_table(rows: pd.DataFrame, room: int = ROOM) -> dg.TableMetadataValue:
    """Rows as a table; a missing value is empty, a date has no time, a number the digits that a person reads.

    What there is no room for stands as words in a last column, `and`.

    Args:
        room: pixels that the table has.
    """
    rounded = [rounded_row({str(name): value for name, value in row.items()}) for row in rows.to_dict("records")]
    cells = [{name: _cell(value) for name, value in record.items()} for record in rounded]
    # In a function of its own: Dagster reads the variables of the frame that makes its first record, and Python 3.13 dies of one
    # that a comprehension shares with a generator within it.
    columns, cells = _narrowed([str(name) for name in rows.columns], cells, room)
    return dg.MetadataValue.table(
        [dg.TableRecord(cell) for cell in cells], schema=dg.TableSchema([dg.TableColumn(name) for name in columns])
    )


def _narrowed(columns: list[str], cells: list[dict[str, Any]], room: int) -> tuple[list[str], list[dict[str, Any]]]:
    """The columns that there is room for and the rows of them. Those that there is no room for are words in one more column."""
    kept = _that_fit(columns, cells, room)
    left = columns[len(kept) :]
    if not left:
        return columns, cells
    told = ["; ".join([f"{name}: {cell[name]}" for name in left if cell[name] is not None]) for cell in cells]
    rows = [{name: cell[name] for name in kept} | {_AND: words} for cell, words in zip(cells, told, strict=True)]
    return [*kept, _AND], rows


def _that_fit(columns: list[str], cells: list[dict[str, Any]], room: int) -> list[str]:
    """As many of the first columns as there is room for: all of them, or those that leave room for one more with the rest."""
    widths = [_width(name, [str(cell[name]) for cell in cells]) for name in columns]
    if sum(widths) <= room:
        return columns
    ends = accumulate(widths)
    # A table of one wide column has nothing that could be left out.
    return [name for name, end in zip(columns, ends, strict=True) if end <= room - _WORDS] or columns[:1]


def _width(name: str, cells: list[str]) -> float:
    """Pixels of a column at its narrowest: lines are broken between words."""
    longest = max((len(word) for text in cells for word in text.split()), default=0)
    return _EDGES + max(_HEAD * len(name), _LETTER * longest)


def _cell(value: Any) -> str | int | float | bool | None:
    if pd.isna(value):
        return None
    if isinstance(value, pd.Timestamp):
        return str(value.date())
    # JSON has no infinity.
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if isinstance(value, (bool, int, float)) else str(value)
