"""The morning page's picture: the last year's closes, and the range that is expected. Must not be here: any other picture."""

import io
from typing import Any

import numpy as np
import pandas as pd

from zl_assets.briefing.facts import Facts
from zl_assets.model.report.style import BLUE, ORANGE, QUIET, corner, drawing_sha256

# No black: it is what SVG has where nothing is said, so it would not be written, and not be another one on a dark page.
_INK = "#16181D"

# Each colour is the page's own, light or dark; by itself it is what it is drawn in.
_OF_THE_PAGE = {BLUE: "--line", ORANGE: "--range", QUIET: "--quiet", _INK: "--ink"}


def made_of(facts: Facts) -> str:
    """A hash of all that `year_svg` draws, of the modules and of the library that draw."""
    said = facts.outlook.now if facts.outlook is not None else None
    rows = pd.util.hash_pandas_object(facts.closes).to_numpy().tobytes()
    return drawing_sha256(rows, f"{facts.session} {facts.close} {said} {facts.instrument.price.name}", __file__)


def year_svg(facts: Facts) -> str:
    """An SVG of the last year's closes with the recorded range; texts are paths, and it names nothing outside itself."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
    from matplotlib.figure import Figure

    # The same facts give the same bytes. Letters of 11 points: on a phone it is 360 pixels wide, and they are 10.
    with rc_context({"svg.hashsalt": "zl", "svg.fonttype": "path", "font.size": 11, "text.parse_math": False}):
        figure = Figure(figsize=(5.4, 2.5), layout="constrained")
        canvas = FigureCanvasSVG(figure)
        axis = figure.subplots()
        axis.patch.set_alpha(0)
        figure.patch.set_alpha(0)
        dates = facts.closes.index.to_numpy()
        axis.plot(dates, facts.closes.to_numpy(), color=BLUE, linewidth=1.4)
        if facts.outlook is not None:
            now = facts.outlook.now
            ends = np.array([facts.session.to_datetime64(), now.target_session.to_datetime64()])
            axis.fill_between(ends, [facts.close, now.low], [facts.close, now.high], color=ORANGE, alpha=0.45, linewidth=0)
            for price in (now.low, now.high):
                axis.annotate(f" {price:,.2f}", (ends[1], price), va="center", color=_INK)
        # Above the axes, where no line runs.
        above: dict[str, Any] = {"xycoords": "axes fraction", "va": "bottom"}
        axis.annotate(f"{facts.session:%Y-%m-%d}: {facts.close:,.2f}", (0, 1.02), color=BLUE, **above)
        axis.annotate(corner(facts.session), (1, 1.02), color=QUIET, ha="right", fontsize=9, **above)
        locator = AutoDateLocator(maxticks=7)  # type: ignore[no-untyped-call]
        axis.xaxis.set_major_locator(locator)
        axis.xaxis.set_major_formatter(ConciseDateFormatter(locator, show_offset=False))  # type: ignore[no-untyped-call]
        axis.set_ylabel(facts.instrument.price.name, color=QUIET)
        axis.tick_params(colors=QUIET)
        axis.grid(color=QUIET, alpha=0.25, linewidth=0.6)
        axis.margins(x=0.02)
        for side, spine in axis.spines.items():
            spine.set_visible(side in ("left", "bottom"))
            spine.set_color(QUIET)
        content = io.StringIO()
        canvas.print_svg(content, metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))  # type: ignore[no-untyped-call]
    svg = content.getvalue()
    svg = svg[svg.index("<svg") :]
    for colour, name in _OF_THE_PAGE.items():
        svg = svg.replace(colour.lower(), f"var({name}, {colour.lower()})")
    return svg
