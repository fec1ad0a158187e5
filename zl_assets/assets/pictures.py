"""Tables and pictures of a report as metadata that the UI shows. Must not be here: drawing, words."""

import base64
import math
from typing import TYPE_CHECKING, Any

import dagster as dg
import pandas as pd

if TYPE_CHECKING:
    from zl_assets.model.report.report import Report


def shown(report: "Report") -> dict[str, dg.MetadataValue]:
    """A report as metadata: its words first, then each table and picture under its name."""
    metadata: dict[str, Any] = {"what_it_can_do": dg.MetadataValue.md("\n\n".join(report.words))}
    metadata |= {t.name: table(t.rows) for t in report.tables}
    return metadata | {p.name: picture(p.title, p.png, p.caption) for p in report.pictures}


def picture(title: str, png: bytes, caption: str = "") -> dg.MarkdownMetadataValue:
    """A PNG as Markdown: the UI lets `data:` images through, and nothing has to be served beside it."""
    return dg.MetadataValue.md(f"![{title}](data:image/png;base64,{base64.b64encode(png).decode()})\n\n{caption}".strip())


def table(rows: pd.DataFrame) -> dg.TableMetadataValue:
    """Rows as a table; a missing number is empty."""
    return dg.MetadataValue.table(
        [dg.TableRecord({str(k): _cell(v) for k, v in row.items()}) for row in rows.to_dict("records")],
        schema=dg.TableSchema([dg.TableColumn(str(name)) for name in rows.columns]),
    )


def _cell(value: Any) -> str | int | float | bool | None:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, (bool, int, float)) else str(value)
