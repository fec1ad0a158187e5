"""The morning page as one HTML file and as Markdown. Must not be here: what it says."""

from collections.abc import Sequence
from html import escape

from zl_assets.briefing.words import Line
from zl_assets.model.report.page import page_template

# What Markdown would read as its own: names and descriptions come from modules and files that anybody may write.
_MARKDOWN = str.maketrans({sign: f"\\{sign}" for sign in r"\`*_{}[]#|!~"})


def page_html(title: str, lines: Sequence[Line], picture: str, source: str, foot: Sequence[str]) -> str:
    """One file that needs no other and runs nothing; every text is escaped.

    Args:
        picture: an SVG of ours, in the page's colours.
        source: what it is made of, in small print beneath the picture.
        foot: small print.
    """
    from markupsafe import Markup

    drawn = Markup(picture)  # noqa: S704  by us
    return page_template("zl_assets.briefing").render(title=title, lines=lines, picture=drawn, source=source, foot=foot)


def markdown(title: str, lines: Sequence[Line]) -> str:
    """The same for a row of metadata: a title and a list."""
    shown = [f"**{_plain(title)}**", ""]
    for line in lines:
        label = f"**{_plain(line.label)}**: " if line.label else ""
        shown.append(f"- {label}{_plain(line.text)}")
    return "\n".join(shown)


def plain(title: str, lines: Sequence[Line]) -> str:
    """The same for a terminal and a mail."""
    return "\n".join((title, *(f"  {line.labelled}" for line in lines), ""))


def _plain(text: str) -> str:
    return escape(" ".join(text.split()), quote=False).translate(_MARKDOWN)
