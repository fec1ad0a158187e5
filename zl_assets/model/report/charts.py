"""The picture of a family's newest session, from what the family's module says of it. Must not be here: a family, measures."""

from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from zl_assets.domain.families.chart import Chart
from zl_assets.instruments.base import Instrument
from zl_assets.model.report import watermark
from zl_assets.model.report.plots import BLUE, GREEN, GREY, ORANGE, PINK, RED, SKY, drawing_sha256, picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# One for each kind of mark, in order.
_SIGNS = (("^", GREEN), ("v", RED), ("s", ORANGE), ("*", BLUE), ("D", PINK))


def chart_made_of(chart: Chart, instrument: Instrument, *, synthetic: bool) -> str:
    """A hash of all that `chart_picture` draws, of the modules and of the libraries that draw."""
    series = [chart.line, *chart.marks.values()]
    rows = b"".join(pd.util.hash_pandas_object(one, index=True).to_numpy().tobytes() for one in series)
    words = [title_of(chart, instrument), instrument.price.name, chart.label, chart.levels, chart.zone, chart.since]
    return drawing_sha256(rows, f"{words} {chart.moments} {list(chart.marks)} {synthetic}", __file__)


def title_of(chart: Chart, instrument: Instrument) -> str:
    """The title of its picture."""
    return f"{instrument.title}: {chart.title}"


def chart_picture(chart: Chart, instrument: Instrument, *, synthetic: bool) -> bytes:
    """The line of a chart with its levels, zone, moments and marks.

    The hours stand side by side whatever lies between them, so that nights and weekends take no room.

    Args:
        synthetic: the prices are invented, and the picture says so.
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
        axis.plot(np.arange(len(times)), chart.line.to_numpy(), color="black", linewidth=1.0, label=chart.label)
        for (words, points), (sign, colour) in zip(chart.marks.items(), cycle(_SIGNS), strict=False):
            if len(points):
                at = times.get_indexer(pd.DatetimeIndex(points.index))
                size = 130 if sign == "*" else 50
                axis.scatter(
                    at, points, s=size, marker=sign, color=colour, edgecolor="black", linewidths=0.5, label=words, zorder=3
                )
        axis.margins(x=0.02, y=0.1)
        for words, moment in chart.moments.items():
            axis.axvline(times.searchsorted(moment) + 0.5, color=GREY, linewidth=0.8, linestyle="--", label=words)
        _label_levels(axis, chart)
        axis.xaxis.set_major_locator(MaxNLocator(8, integer=True))
        axis.xaxis.set_major_formatter(FuncFormatter(lambda at, _: f"{times[int(at)]:%m-%d\n%H:%M}" if 0 <= at <= end else ""))
        axis.set_xlabel(f"begin of the hour, UTC, {times[-1]:%Y}")
        axis.set_ylabel(instrument.price.name)
        axis.legend(loc="upper center", bbox_to_anchor=(0.55, -0.2), ncols=3)

    png = picture(draw, title=title_of(chart, instrument), height=4.4, colours=256)
    return watermark.marked(png) if synthetic else png


def _label_levels(axis: "Axes", chart: Chart) -> None:
    """The levels beside the right edge, apart even where they are close to each other."""
    bottom, top = axis.get_ylim()
    least, below = 0.05 * (top - bottom), -np.inf
    for name, price in sorted(chart.levels.items(), key=lambda level: level[1]):
        below = max(price, below + least)
        axis.annotate(f" {price:,.2f}  {name}", (1, below), xycoords=("axes fraction", "data"), va="center", color="black")
