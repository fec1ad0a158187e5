"""Courses over months and years in a grid of panels, with what is usual, what happened, and when it was known.

Belongs here: drawing of `Panels`, whatever a family puts into them. Must not be here: a family, measures.
"""

import math
import textwrap
from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from zl_assets.contracts.columns import PRICE
from zl_assets.domain.families.chart import Note, Panel, Panels
from zl_assets.domain.windows import Floats
from zl_assets.instruments.base import Instrument
from zl_assets.model.report.style import BLUE, GREEN, GREY, INK, LINE, ORANGE, PINK, RED, SKY, SMALL, picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# In inches: a panel with lines, one with bars alone, one with words alone; what a row has beside its panels (titles and days).
_WITH_LINES, _BARS_ALONE, _WORDS_ALONE, _BESIDE = 1.9, 0.9, 0.2, 0.65
_WIDTH = {1: 8.0, 2: 10.0}

# The line that a panel is about first.
_LINES = ((INK, 1.3, "-"), (GREY, 1.0, "--"), (BLUE, 1.0, "-"), (PINK, 1.0, "-"), (GREEN, 1.0, "-"))
_SIGNS = (("o", RED), ("^", BLUE), ("s", ORANGE), ("v", GREEN), ("D", PINK))

# Characters of a note, of a line of it, and of words above a panel for each inch of its width beside its labels.
_LONGEST, _IN_A_LINE, _IN_AN_INCH, _LABELS = 220, 115, 15.5, 0.9


def drawn(panels: Panels, title: str, instrument: Instrument) -> bytes:
    """The panels, what their colours mean, the words of their notes, and the time at which all of it was known."""
    rows = [panels.panels[at : at + panels.columns] for at in range(0, len(panels.panels), panels.columns)]
    heights = tuple(max(map(_height, row)) for row in rows)
    told = _told([note for panel in panels.panels for note in panel.notes], panels.known_at)
    kinds = dict.fromkeys(name for panel in panels.panels for name in (*panel.marks, *panel.bars))
    signs = dict(zip(kinds, cycle(_SIGNS), strict=False))
    width = _WIDTH[panels.columns]
    letters = int((width / panels.columns - _LABELS) * _IN_AN_INCH)
    words = [textwrap.wrap(panel.words, letters) or [""] for panel in panels.panels]
    more = sum(max(map(len, words[at : at + panels.columns])) - 1 for at in range(0, len(words), panels.columns))
    # The line that a panel is about looks alike in all of them: of several no legend could say which is which, and the titles do.
    named = len({name for panel in panels.panels if not panel.empty for name in list(panel.lines)[:1]}) == 1

    def draw(axes: "list[Axes]") -> None:
        number = 1
        for axis, panel, lines in zip(axes, panels.panels, words, strict=True):
            axis.set_title(panel.title, loc="left", fontweight="bold", pad=4 + 72 * LINE * len(lines))
            axis.text(0, 1.02, "\n".join(lines), transform=axis.transAxes, fontsize=SMALL, va="bottom")
            _draw(axis, panel, instrument, signs, number, named=named)
            number += len(panel.notes)

    return picture(
        draw,
        title=title,
        data_to=_newest(panels),
        rows=len(rows),
        columns=panels.columns,
        width=width,
        height=sum(heights) + _BESIDE * len(rows) + LINE * more,
        heights=heights,
        order=_labels(panels),
        beneath=told,
        colours=256,
    )


def _labels(panels: Panels) -> tuple[str, ...]:
    """What is explained above the panels: each kind once, in the order in which they come."""
    found = [
        label
        for panel in panels.panels
        for label in (*panel.lines, *panel.marks, *panel.bars, *panel.bands, *([panel.hole] if panel.bars else []))
    ]
    return tuple(dict.fromkeys(found))


def _newest(panels: Panels) -> pd.Timestamp | None:
    """The newest day with a value of what the panels are about."""
    return max((day for panel in panels.panels if (day := panel.newest) is not None), default=None)


def _height(panel: Panel) -> float:
    if panel.empty:
        return _WORDS_ALONE
    return _WITH_LINES if panel.lines else _BARS_ALONE


def _draw(
    axis: "Axes", panel: Panel, instrument: Instrument, signs: Mapping[str, tuple[str, str]], number: int, *, named: bool
) -> None:
    """What is in one panel; its notes are numbered from `number` on, and its first line is explained if it is `named`."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
    from matplotlib.ticker import MaxNLocator

    if panel.empty:
        axis.set_axis_off()
        return
    days = _numbers(panel.days)
    for k, (label, band) in enumerate(panel.bands.items()):
        axis.fill_between(days, band["low"], band["high"], color=SKY, alpha=0.25 + 0.2 * k, linewidth=0, label=label)
    for k, ((label, values), (colour, width, style)) in enumerate(zip(panel.lines.items(), cycle(_LINES), strict=False)):
        if values.notna().any():
            axis.plot(days, values, color=colour, linewidth=width, linestyle=style, label=label if k or named else None)
    for label, amounts in panel.bars.items():
        there = amounts[amounts > 0]
        axis.vlines(_numbers(there.index), 0, there, color=signs[label][1], linewidth=1.6, label=label)
        for begin, end in _holes(amounts):
            axis.axvspan(begin - 0.5, end + 0.5, color=GREY, alpha=0.25, linewidth=0, label=panel.hole)
    for label, points in panel.marks.items():
        sign, colour = signs[label]
        if len(points):
            at = _numbers(points.index)
            axis.scatter(at, points, s=26, marker=sign, color=colour, edgecolor=INK, linewidths=0.4, label=label, zorder=3)
    axis.set_ylabel(instrument.price.name if panel.unit == PRICE else panel.unit)
    if math.isfinite(panel.lowest):
        # Of a panel that has nothing but zeros too.
        axis.set_ylim(panel.lowest, max(panel.lowest + 1.0, axis.get_ylim()[1]))
    axis.yaxis.set_major_locator(MaxNLocator(5 if panel.lines else 3, integer=True))
    # Room for a mark on the newest day.
    room = max(1.0, 0.01 * (days[-1] - days[0]))
    axis.set_xlim(days[0] - room, days[-1] + room)
    locator = AutoDateLocator(minticks=4, maxticks=9)  # type: ignore[no-untyped-call]
    axis.xaxis.set_major_locator(locator)
    axis.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    if panel.notes:
        _number(axis, panel.notes, number)


def _number(axis: "Axes", notes: Sequence[Note], first: int) -> None:
    """The numbers of notes above all lines, in order and apart, each with a line to its point."""
    bottom, top = axis.get_ylim()
    above = top + 0.08 * (top - bottom)
    axis.set_ylim(bottom, top + 0.14 * (top - bottom))
    left, right = axis.get_xlim()
    at = _numbers(pd.DatetimeIndex([note.day for note in notes]))
    for k, (day, place, note) in enumerate(zip(at, _apart(at, 0.026 * (right - left), right), notes, strict=True)):
        axis.annotate(
            str(first + k),
            (day, note.value),
            (place, above),
            ha="center",
            va="center",
            fontsize=SMALL,
            fontweight="bold",
            arrowprops={"arrowstyle": "-", "color": GREY, "linewidth": 0.6, "shrinkA": 1, "shrinkB": 2},
        )


def _apart(places: Floats, least: float, right: float) -> Floats:
    """The places, in order, moved so that they are `least` apart and none is beyond `right`."""
    steps: Floats = least * np.arange(len(places), dtype="float64")
    after: Floats = np.maximum.accumulate(places - steps) + steps
    limits: Floats = right - least * np.arange(len(places), 0, -1.0)
    return np.minimum(after, limits)


def _holes(amounts: "pd.Series[float]") -> list[tuple[float, float]]:
    """The first and the last day of each run without a value."""
    days, missing = _numbers(amounts.index), amounts.isna().to_numpy()
    edges = np.flatnonzero(np.diff(np.concatenate([[False], missing, [False]])))
    return [(float(days[begin]), float(days[end - 1])) for begin, end in zip(edges[::2], edges[1::2], strict=True)]


def _numbers(days: pd.Index) -> Floats:
    """Days as matplotlib counts them."""
    return days.to_numpy().astype("datetime64[D]").astype("float64")


def _told(notes: Sequence[Note], known_at: pd.Timestamp) -> list[str]:
    """The lines that stand beneath the panels."""
    known = f"As known at the session's decision, {known_at:%Y-%m-%d %H:%M} UTC: what became available then or later is not here."
    numbered = (f"{number}  {_legible(note.words)}" for number, note in enumerate(notes, 1))
    fitted: dict[str, Any] = {"subsequent_indent": "    ", "max_lines": 2, "placeholder": "..."}
    return [*(line for words in numbered for line in textwrap.wrap(words, _IN_A_LINE, **fitted)), known]


def _legible(words: str) -> str:
    """Words from outside without line ends, not too many, and without what the letters of pictures lack."""
    from matplotlib.font_manager import findfont, get_font

    known = get_font(findfont("DejaVu Sans")).get_charmap()
    line = " ".join(words.split())
    line = "".join(letter if ord(letter) in known and letter.isprintable() else "?" for letter in line)
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 3].rstrip()}..."
