"""The picture of a family's newest session, from what the family's module says of it. Must not be here: a family, measures."""

import hashlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from zl_assets.domain.families.chart import Chart, Shown
from zl_assets.instruments.base import Instrument
from zl_assets.model.report import panels, watermark
from zl_assets.model.report.style import GREY, INK, SIGNS, SKY, drawing_sha256, picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def chart_made_of(chart: Shown, instrument: Instrument, *, synthetic: bool) -> str:
    """A hash of all that `chart_picture` draws, of the modules and of the libraries that draw."""
    words = f"{title_of(chart, instrument)} {instrument.price.name} {synthetic}"
    return drawing_sha256(_content(chart).encode(), words, __file__, panels.__file__)


def _content(part: object) -> str:
    """Everything that a chart is made of: of rows a hash, of all else what it says."""
    if isinstance(part, pd.Series | pd.DataFrame):
        rows = pd.util.hash_pandas_object(part, index=True).to_numpy().tobytes()
        return hashlib.sha256(rows).hexdigest()
    if is_dataclass(part):
        return _content({field.name: getattr(part, field.name) for field in fields(part)})
    if isinstance(part, Mapping):
        return f"{{{', '.join(f'{name!r}: {_content(one)}' for name, one in part.items())}}}"
    if isinstance(part, tuple):
        return f"({', '.join(map(_content, part))})"
    return repr(part)


def title_of(chart: Shown, instrument: Instrument) -> str:
    """The title of its picture."""
    return f"{instrument.title}: {chart.title}"


def chart_picture(chart: Shown, instrument: Instrument, *, synthetic: bool) -> bytes:
    """What a family shows, drawn.

    Args:
        synthetic: the prices are invented, and the picture says so.
    """
    title = title_of(chart, instrument)
    png = _hours(chart, title, instrument) if isinstance(chart, Chart) else panels.drawn(chart, title, instrument)
    return watermark.marked(png) if synthetic else png


def _hours(chart: Chart, title: str, instrument: Instrument) -> bytes:
    """The line of a chart with its levels, zone, moments and marks.

    The hours stand side by side whatever lies between them, so that nights and weekends take no room.
    """
    times = pd.DatetimeIndex(chart.line.index)
    begin, end = int(times.searchsorted(chart.since)), len(times) - 1

    def draw(axes: "list[Axes]") -> None:
        from matplotlib.ticker import FuncFormatter, MaxNLocator

        [axis] = axes
        low, high = (chart.levels[name] for name in chart.zone)
        axis.fill_between([begin, end], low, high, color=SKY, alpha=0.35, linewidth=0, label=f"{' to '.join(chart.zone)}")
        for price in chart.levels.values():
            axis.plot([begin, end], [price, price], color=GREY, linewidth=0.8)
        axis.plot(np.arange(len(times)), chart.line.to_numpy(), color=INK, linewidth=1.0, label=chart.label)
        for (words, points), (sign, colour) in zip(chart.marks.items(), cycle(SIGNS), strict=False):
            if len(points):
                at = times.get_indexer(pd.DatetimeIndex(points.index))
                size = 130 if sign == "*" else 50
                axis.scatter(at, points, s=size, marker=sign, color=colour, edgecolor=INK, linewidths=0.5, label=words, zorder=3)
        axis.margins(x=0.02, y=0.1)
        for words, moment in chart.moments.items():
            axis.axvline(times.searchsorted(moment) + 0.5, color=GREY, linewidth=0.8, linestyle="--", label=words)
        _label_levels(axis, chart)
        axis.xaxis.set_major_locator(MaxNLocator(8, integer=True))
        axis.xaxis.set_major_formatter(FuncFormatter(lambda at, _: f"{times[int(at)]:%m-%d\n%H:%M}" if 0 <= at <= end else ""))
        axis.set_xlabel(f"begin of the hour, UTC, {times[-1]:%Y}")
        axis.set_ylabel(instrument.price.name)

    return picture(draw, title=title, data_to=times[-1], height=3.8, colours=256)


def _label_levels(axis: "Axes", chart: Chart) -> None:
    """The levels beside the right edge, apart even where they are close to each other."""
    bottom, top = axis.get_ylim()
    least, below = 0.05 * (top - bottom), -np.inf
    for name, price in sorted(chart.levels.items(), key=lambda level: level[1]):
        below = max(price, below + least)
        axis.annotate(f" {price:,.2f}  {name}", (1, below), xycoords=("axes fraction", "data"), va="center", color=INK)
