"""What a report is: words, tables and pictures, and one HTML file of them. Must not be here: what is shown or said."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from jinja2 import Template


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


@dataclass(frozen=True)
class Part:
    """Paragraphs, and pictures after them."""

    words: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = ()


@dataclass(frozen=True, eq=False)
class Report:
    """What is said of the future first, for whoever reads no further; then the evidence, and its tables."""

    title: str
    forecast: Part
    evidence: Part
    tables: tuple[Table, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """Every paragraph, in order."""
        return (*self.forecast.words, *self.evidence.words)

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """Every picture, in order."""
        return (*self.forecast.pictures, *self.evidence.pictures)

    def begun_with(self, words: tuple[str, ...]) -> "Report":
        """The same report with words before its own."""
        return replace(self, forecast=replace(self.forecast, words=(*words, *self.forecast.words)))


def report_html(report: Report, head: Mapping[str, str]) -> str:
    """The report as one file that needs no other and runs nothing; every text is escaped. The same report gives the same bytes.

    Args:
        head: what it is of, by what that is called.
    """
    from markupsafe import Markup

    tables = [
        (table.title, Markup(table.rows.to_html(index=False, border=0, na_rep="-", escape=True)))  # noqa: S704  escaped there
        for table in report.tables
    ]
    return page_template("zl_assets.model.report").render(
        title=report.title, head=head, parts=(report.forecast, report.evidence), tables=tables
    )


@cache
def page_template(package: str) -> "Template":
    """The package's page.html.j2: every text that is put into it is escaped, and one that is missing is an error."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(loader=PackageLoader(package, "."), autoescape=True, undefined=StrictUndefined)
    return made.get_template("page.html.j2")
