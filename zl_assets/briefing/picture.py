"""The morning page's picture: the last year's closes, and the range that is expected. Must not be here: any other picture."""

import hashlib
import io
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

from zl_assets.briefing.facts import Facts

# Legible on white and on black alike.
_LINE, _RANGE, _QUIET = "#3B82C4", "#E69F00", "#8A8A8A"


def made_of(facts: Facts) -> str:
    """A hash of all that `year_svg` draws, of this module and of the library that draws."""
    said = facts.outlook.now if facts.outlook is not None else None
    hashed = hashlib.sha256(pd.util.hash_pandas_object(facts.closes).to_numpy().tobytes())
    hashed.update(f"{facts.session} {facts.close} {said} {facts.instrument.price.short} {version('matplotlib')}".encode())
    hashed.update(Path(__file__).read_bytes())
    return hashed.hexdigest()


def year_svg(facts: Facts) -> str:
    """An SVG of the last year's closes with the recorded range; texts are paths, and it names nothing outside itself."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
    from matplotlib.figure import Figure

    # The same facts give the same bytes.
    with rc_context({"svg.hashsalt": "zl", "svg.fonttype": "path", "font.size": 9}):
        figure = Figure(figsize=(7.2, 2.6), layout="constrained")
        canvas = FigureCanvasSVG(figure)
        axis = figure.subplots()
        axis.patch.set_alpha(0)
        figure.patch.set_alpha(0)
        dates = facts.closes.index.to_numpy()
        axis.plot(dates, facts.closes.to_numpy(), color=_LINE, linewidth=1.4)
        if facts.outlook is not None:
            now = facts.outlook.now
            ends = np.array([facts.session.to_datetime64(), now.target_session.to_datetime64()])
            axis.fill_between(ends, [facts.close, now.low], [facts.close, now.high], color=_RANGE, alpha=0.45, linewidth=0)
            for price in (now.low, now.high):
                axis.annotate(f" {price:,.2f}", (ends[1], price), va="center", color=_RANGE)
        axis.annotate(f"{facts.session:%Y-%m-%d}: {facts.close:,.2f}", (0, 1), xycoords="axes fraction", va="top", color=_LINE)
        locator = AutoDateLocator(maxticks=8)  # type: ignore[no-untyped-call]
        axis.xaxis.set_major_locator(locator)
        axis.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
        axis.set_ylabel(facts.instrument.price.short, color=_QUIET)
        axis.tick_params(colors=_QUIET)
        axis.grid(color=_QUIET, alpha=0.25, linewidth=0.6)
        axis.margins(x=0.02)
        for side, spine in axis.spines.items():
            spine.set_visible(side in ("left", "bottom"))
            spine.set_color(_QUIET)
        content = io.StringIO()
        canvas.print_svg(content, metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))  # type: ignore[no-untyped-call]
    svg = content.getvalue()
    return svg[svg.index("<svg") :]
