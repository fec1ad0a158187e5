"""What a report is: words, tables and pictures, and one HTML file of them. Must not be here: what is shown or said."""

import base64
import html
from dataclasses import dataclass, replace

import pandas as pd


@dataclass(frozen=True)
class Picture:
    """A PNG with a name for machines, a title and a sentence on how to read it."""

    name: str
    title: str
    png: bytes
    caption: str

    @property
    def data_uri(self) -> str:
        """The picture as text, for Markdown and HTML."""
        return f"data:image/png;base64,{base64.b64encode(self.png).decode()}"


@dataclass(frozen=True, eq=False)
class Table:
    """Rows with a name for machines and a title; numbers are rounded for reading.

    Attributes:
        brief: the columns to be shown where there is no room for all of them; empty where there always is.
    """

    name: str
    title: str
    rows: pd.DataFrame
    brief: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Report:
    """Words first, then tables and pictures."""

    title: str
    words: tuple[str, ...]
    tables: tuple[Table, ...]
    pictures: tuple[Picture, ...]

    def begun_with(self, words: tuple[str, ...]) -> "Report":
        """The same report with words before its own."""
        return replace(self, words=(*words, *self.words))


def report_html(report: Report) -> str:
    """The report as one file that needs no other; the same report gives the same bytes."""
    parts = [f"<p>{html.escape(words)}</p>" for words in report.words]
    for table in report.tables:
        rows = table.rows.to_html(index=False, border=0, na_rep="-", escape=True)
        parts.append(f"<h2>{html.escape(table.title)}</h2>\n{rows}")
    for picture in report.pictures:
        caption = html.escape(picture.caption)
        parts.append(
            f"<h2>{html.escape(picture.title)}</h2>\n<figure><img alt='{html.escape(picture.title)}' src='{picture.data_uri}'>"
            f"<figcaption>{caption}</figcaption></figure>"
        )
    body = "\n".join(parts)
    return f"{_HEAD}<body>\n<h1>{html.escape(report.title)}</h1>\n{body}\n</body></html>\n"


_HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Model report</title><style>
body{font:15px/1.5 system-ui,sans-serif;max-width:62em;margin:2em auto;padding:0 1em;color:#111;background:#fff}
table{border-collapse:collapse;font-size:13px}td,th{padding:2px 10px;text-align:right;border-bottom:1px solid #ddd}
td:first-child,th:first-child{text-align:left}figure{margin:0}img{max-width:100%}figcaption{color:#444;font-size:13px}
</style></head>
"""
