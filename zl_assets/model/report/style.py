"""How every picture looks: its colours and letters, the card that it is on, what explains its colours, and the date of its data.

Belongs here: whatever holds for all pictures. Must not be here: any one of them.

Drawn by matplotlib's own canvas, without pyplot: no window system, and nothing shared between threads. On a white, opaque card
with a margin, so that a picture is as legible on a dark page as on a light one. It goes into Dagster's event log, as base64: 100
dpi and 64 colours keep it small.
"""

import datetime as dt
import hashlib
import importlib.metadata
import io
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from zl_assets.model.report import watermark

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.legend import Legend

PAPER, INK, QUIET = "#FFFFFF", "#000000", "#595959"
"""The card; words and the line that a picture is about; small print. Words are in these or in BLUE: WCAG 2.1 asks for a contrast
of 4.5 with what is under them (1.4.3)."""

BLUE, GREEN, RED, PINK, GREY = "#0072B2", "#009E73", "#D55E00", "#CC79A7", "#7F7F7F"
"""For lines and small marks too: WCAG 2.1 asks them for a contrast of 3 (1.4.11). Okabe and Ito's colours, which people who are
colour-blind can tell apart, and a grey."""

ORANGE, SKY, YELLOW = "#E69F00", "#56B4E9", "#F0E442"
"""Theirs that are too light for a line on white: for areas, and for marks with a dark edge."""

SHADES = {95: "#CFE3F3", 80: "#A3CCE9", 50: "#74B5E0"}
"""Of a range by its level in percent, from the widest to the narrowest, which is drawn over the others."""

SIGNS = (("^", GREEN), ("v", RED), ("s", ORANGE), ("*", BLUE), ("D", PINK))
"""A sign and a colour for each kind of mark, in order; drawn with a dark edge."""

SMALL = 8
"""Points of the smallest words: 11 pixels where a picture is as wide as it is, which the UI's window has room for."""

_LETTERS, _TITLE = 9, 10.5

# The library's own style, whatever a matplotlibrc of the user says. A dollar sign is one, and begins no formula.
_OWN = {
    "font.size": _LETTERS,
    "legend.fontsize": _LETTERS,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "axes.titlesize": _LETTERS,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "text.parse_math": False,
}

# Inches: a line of small words; around everything, a line of the title, what is between parts, and a wide letter of the title.
LINE = 0.15
_MARGIN, _TITLE_LINE, _APART, _TITLE_LETTER = 0.12, 0.2, 0.08, 0.096


def picture(
    draw: "Callable[[list[Axes]], None]",
    *,
    title: str,
    data_to: dt.date | None,
    rows: int = 1,
    columns: int = 1,
    width: float = 8.0,
    height: float = 2.8,
    widths: tuple[float, ...] | None = None,
    heights: tuple[float, ...] | None = None,
    sharex: bool = False,
    order: Sequence[str] = (),
    beneath: Sequence[str] = (),
    colours: int = 64,
) -> bytes:
    """What `draw` puts into a grid of axes, as a PNG of at most so many colours: small marks need more to keep their own.

    Whatever `draw` labels is explained above the axes, where it covers nothing. The axis of bars has zero on it.

    Args:
        data_to: the newest session of what is drawn; None where there is no value of what it is about.
        width: of all of it, in inches.
        height: of the axes alone, in inches: title, explanations and small print come on top of it.
        widths, heights: of the columns and rows, to each other.
        order: of the labels; those that are not in it come last, as they were drawn.
        beneath: lines of small print.
    """
    from matplotlib import style
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with style.context(["default", _OWN]):
        figure = Figure(figsize=(width, height), dpi=100, facecolor=PAPER)
        canvas = FigureCanvasAgg(figure)
        axes = list(
            figure.subplots(rows, columns, squeeze=False, sharex=sharex, width_ratios=widths, height_ratios=heights).ravel()
        )
        draw(axes)
        for axis in axes:
            _bars_from_zero(axis)
        _framed(figure, canvas, axes, textwrap.wrap(title, int((width - 2 * _MARGIN) / _TITLE_LETTER)), data_to, order, beneath)
        canvas.draw()  # type: ignore[no-untyped-call]
        return _png(canvas, colours)


def dates(axis: "Axes", most: int = 8) -> None:
    """At most so many days on the axis of days, which do not run into each other."""
    from matplotlib.dates import AutoDateFormatter, AutoDateLocator

    locator = AutoDateLocator(minticks=3, maxticks=most)  # type: ignore[no-untyped-call]
    axis.xaxis.set_major_locator(locator)
    axis.xaxis.set_major_formatter(AutoDateFormatter(locator))  # type: ignore[no-untyped-call]


def counts(axis: "Axes") -> None:
    """Whole numbers alone on the upright axis."""
    from matplotlib.ticker import MaxNLocator

    axis.yaxis.set_major_locator(MaxNLocator(5, integer=True))


def corner(data_to: dt.date | None) -> str:
    """What stands in a picture's corner."""
    return "no data of late" if data_to is None else f"data to {data_to:%Y-%m-%d}"


def drawing_sha256(rows: bytes, words: str, *modules: str) -> str:
    """A hash of what a picture draws, of the libraries that draw, and of the files of this module and of others that do."""
    hashed = hashlib.sha256(rows)
    libraries = {name: importlib.metadata.version(name) for name in ("matplotlib", "pillow", "pandas")}
    hashed.update(f"{words} {libraries}".encode())
    for module in (__file__, watermark.__file__, *modules):
        hashed.update(Path(module).read_bytes())
    return hashed.hexdigest()


def _framed(
    figure: "Figure",
    canvas: "FigureCanvasAgg",
    axes: "list[Axes]",
    title: list[str],
    data_to: dt.date | None,
    order: Sequence[str],
    beneath: Sequence[str],
) -> None:
    """The margin, the title, what explains the colours, and the small print: the figure grows by what they need."""
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    width, height = figure.get_size_inches()
    legend, explained = _explained(figure, canvas, axes, order, width - 2 * _MARGIN)
    above = _MARGIN + _TITLE_LINE * len(title) + _APART + (explained + _APART if legend else 0)
    below = _MARGIN + LINE * (len(beneath) + 1) + _APART
    whole = above + height + below
    figure.set_size_inches(width, whole)
    left, right = _MARGIN / width, 1 - _MARGIN / width
    figure.text(left, 1 - _MARGIN / whole, "\n".join(title), fontsize=_TITLE, fontweight="bold", va="top")
    if legend:
        legend.set_bbox_to_anchor((left, 1 - (above - _APART - explained) / whole))
    figure.text(right, _MARGIN / whole, corner(data_to), fontsize=SMALL, color=QUIET, ha="right", va="bottom")
    if beneath:
        figure.text(left, (_MARGIN + LINE) / whole, "\n".join(beneath), fontsize=SMALL, va="bottom", linespacing=1.35)
    figure.set_layout_engine(ConstrainedLayoutEngine(rect=(left, below / whole, right - left, height / whole)))


def _explained(
    figure: "Figure", canvas: "FigureCanvasAgg", axes: "list[Axes]", order: Sequence[str], width: float
) -> "tuple[Legend | None, float]":
    """The legend, each label once and in as few lines as its width has room for, and its height in inches."""
    found: dict[str, Artist] = {}
    for axis in axes:
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    shown = sorted(found, key=lambda label: order.index(label) if label in order else len(order))
    handles = [found[label] for label in shown]
    for columns in range(len(shown), 0, -1):
        legend = figure.legend(handles, shown, loc="upper left", ncols=columns, borderaxespad=0, borderpad=0, frameon=False)
        legend.set_in_layout(False)
        box = legend.get_window_extent(canvas.get_renderer())  # type: ignore[no-untyped-call]
        if box.width <= width * figure.dpi or columns == 1:
            return legend, float(box.height / figure.dpi)
        legend.remove()
    return None, 0.0


def _bars_from_zero(axis: "Axes") -> None:
    """Zero on the axis along which bars are drawn: the length of a bar is read as its value."""
    from matplotlib.container import BarContainer

    for bars in axis.containers:
        if isinstance(bars, BarContainer):
            upright = bars.orientation == "vertical"
            low, high = axis.get_ylim() if upright else axis.get_xlim()
            (axis.set_ylim if upright else axis.set_xlim)(min(low, 0), max(high, 0))


def _png(canvas: "FigureCanvasAgg", colours: int) -> bytes:
    from PIL import Image

    pixels = np.asarray(canvas.buffer_rgba())[:, :, :3]  # type: ignore[no-untyped-call]
    content = io.BytesIO()
    Image.fromarray(pixels.copy()).quantize(colours).save(content, "PNG", optimize=True)
    return content.getvalue()
