"""Drawing of ranges beside what came, and of what share of outcomes they held: one function each, PNG bytes.

Belongs here: drawing of numbers that were computed elsewhere. Must not be here: measures, words (record_pictures).
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from zl_assets.contracts.forecasts import LEVELS
from zl_assets.model.report.style import BLUE, GREEN, INK, RED, SHADES, dates, picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LINES = {50: GREEN, 80: BLUE, 95: RED}
_SINGLE = 130  # as many outcomes, half a year, can be told apart as dots
_LEAST_DAYS = 8  # beside the first and the last forecast, or an axis of one day would be one of years


def bands_and_outcomes(rows: pd.DataFrame, title: str, unit: str) -> bytes:
    """The bands of each forecast at the session that it was about, and what came.

    Args:
        rows: came_on, came_close, predicted_close, low and high ends at each level, and back_dated: it was no live forecast.
        unit: what prices are counted in.
    """
    days = rows["came_on"].to_numpy()
    back_dated = rows["back_dated"].to_numpy(dtype=bool)

    def draw(axes: "list[Axes]") -> None:
        [axis] = axes
        # One stroke a forecast, so that weeks without one stay empty; where single days cannot be told apart, over a weekend too.
        single = len(rows) <= _SINGLE
        stroke = float(np.clip((430 if single else 1290) / _weekdays(rows["came_on"]), 0.5, 8))
        for level, shade in SHADES.items():
            low, high = (rows[f"{end}_{level}_close"].to_numpy("float64") for end in ("low", "high"))
            axis.vlines(days, low, high, color=shade, linewidth=stroke)
            axis.fill_between([], [], color=shade, label=f"{level} %")
        if single:
            axis.scatter(days, rows["predicted_close"], color=BLUE, marker="_", s=14, linewidths=1, label="forecast", zorder=3)
            for mask, label, face in ((~back_dated, "what came", INK), (back_dated, "what came, recorded later", "white")):
                if mask.any():
                    at, came = days[mask], rows["came_close"].to_numpy("float64")[mask]
                    axis.scatter(at, came, s=9, facecolor=face, edgecolor=INK, linewidths=0.7, label=label, zorder=4)
        else:
            axis.plot(days, rows["predicted_close"], color=BLUE, linewidth=0.6, label="forecast")
            axis.plot(days, rows["came_close"], color=INK, linewidth=0.7, label="what came")
            if back_dated.any():
                at, came = days[back_dated], rows["came_close"].to_numpy("float64")[back_dated]
                axis.scatter(at, came, s=4, color=RED, linewidths=0, label="what came, recorded later", zorder=4)
        axis.set_ylabel(unit)
        _around(axis, rows["came_on"])

    return picture(draw, title=title, data_to=rows["came_on"].max(), height=3.4)


def coverage(shares: Mapping[int, "pd.Series[float]"], later: Mapping[int, "pd.Series[float]"], title: str) -> bytes:
    """What share of outcomes the bands of each level held over time, beside what they are meant to hold.

    Args:
        shares: by level, fractions by the date of the newest outcome among them.
        later: the same of forecasts that were recorded later, drawn with dashes; may be empty.
    """

    days = [day for series in (*shares.values(), *later.values()) for day in series.index]

    def draw(axes: "list[Axes]") -> None:
        [axis] = axes
        for level in LEVELS:
            axis.axhline(level, color=_LINES[level], linewidth=0.8, linestyle=":")
            for series, style in ((shares.get(level), "-"), (later.get(level), "--")):
                if series is not None and len(series):
                    words = f"{level} % range" + (", recorded later" if style == "--" else "")
                    marker = "o" if len(series) == 1 else ""
                    values = 100 * series.to_numpy()
                    axis.plot(series.index, values, style, color=_LINES[level], linewidth=1.2, marker=marker, label=words)
        axis.set_ylim(0, 104)
        axis.set_ylabel("inside, % of outcomes")
        _around(axis, pd.Series(pd.DatetimeIndex(sorted({*days}))))

    return picture(draw, title=title, data_to=max(days))


def _around(axis: "Axes", days: pd.Series) -> None:
    first, last = days.min(), days.max()
    beside = max(pd.Timedelta(_LEAST_DAYS, "D"), (last - first) / 100)
    axis.set_xlim(first - beside, last + beside)
    dates(axis)


def _weekdays(days: pd.Series) -> int:
    return int(np.busday_count(days.min().date(), days.max().date())) + 1
