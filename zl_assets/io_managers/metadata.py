"""Contracts, rows, pictures and costs as metadata that the UI shows. Must not be here: drawing, words."""

import base64
import math
from typing import TYPE_CHECKING, Any

import dagster as dg
import pandas as pd

from zl_assets.warehouse.contract import ColumnType, TableContract, ViewContract
from zl_assets.warehouse.digits import rounded_row

if TYPE_CHECKING:
    from zl_assets.model.report.page import Report
    from zl_assets.warehouse.jobs import JobLog


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
    metadata |= {item.name: rows_table(item.rows) for item in report.tables}
    return metadata | {item.name: picture(item.title, item.png, item.caption) for item in report.pictures}


def rows_table(rows: pd.DataFrame) -> dg.TableMetadataValue:
    """Rows as a table; a missing value is empty, a date has no time, a number the digits that a person reads."""
    records = [rounded_row({str(name): value for name, value in row.items()}) for row in rows.to_dict("records")]
    return dg.MetadataValue.table(
        [dg.TableRecord({name: _cell(value) for name, value in record.items()}) for record in records],
        schema=dg.TableSchema([dg.TableColumn(str(name)) for name in rows.columns]),
    )


def _cell(value: Any) -> str | int | float | bool | None:
    if pd.isna(value):
        return None
    if isinstance(value, pd.Timestamp):
        return str(value.date())
    # JSON has no infinity.
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if isinstance(value, (bool, int, float)) else str(value)
