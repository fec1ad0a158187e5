"""The pictures of the report, as PNG bytes: one function each.

Belongs here: drawing of numbers that were computed elsewhere. Must not be here: measures, words of the report, files.

Drawn by matplotlib's own canvas, without pyplot: no window system, and nothing shared between threads. White and opaque, so that
axes and labels are legible on a dark page as well. 100 dpi and 64 colours keep a picture at 8 to 40 KB (a grid of panels with 256
at 27 to 59): it goes into Dagster's event log, as base64.
"""

import hashlib
import importlib.metadata
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from zl_assets.contracts.forecasts import LEVELS
from zl_assets.contracts.predictions import end_column
from zl_assets.instruments.base import Instrument
from zl_assets.model.report import watermark

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's colours, which people who are colour-blind can tell apart.
BLUE, ORANGE, GREEN, RED, GREY, SKY, PINK = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#7F7F7F", "#56B4E9", "#CC79A7"
YELLOW = "#F0E442"
# One for each kind of mark, in order.
SIGNS = (("^", GREEN), ("v", RED), ("s", ORANGE), ("*", BLUE), ("D", PINK))
_REGIME_COLOURS = (SKY, ORANGE, RED, GREEN, YELLOW, PINK, BLUE)


def fold_errors(names: Sequence[str], rmse: Sequence[float], zero: Sequence[float], mean: Sequence[float]) -> bytes:
    """Error of the model and of the two baselines, for each fold and the holdout; fractions, shown in percent."""

    def draw(axes: "list[Axes]") -> None:
        at = np.arange(len(names))
        series = [("model", rmse, BLUE), ("forecast of zero", zero, GREY), ("training mean", mean, ORANGE)]
        for k, (label, values, colour) in enumerate(series):
            axes[0].bar(at + (k - 1) * 0.27, 100 * np.asarray(values), 0.25, label=label, color=colour)
        axes[0].set_xticks(at, names)
        axes[0].set_ylabel("RMSE, % of the price")
        axes[0].legend(ncols=3, loc="upper left")
        axes[0].margins(y=0.2)

    return picture(draw, title="Error by fold, against both baselines")


def forecasts_and_outcomes(table: pd.DataFrame) -> bytes:
    """Out-of-fold forecasts beside the outcomes: over time, and one against the other.

    Args:
        table: data_date, target, predicted (fractions).
    """

    def draw(axes: "list[Axes]") -> None:
        over, against = axes
        over.plot(table["data_date"], 100 * table["target"], color=GREY, linewidth=0.8, label="outcome")
        over.plot(table["data_date"], 100 * table["predicted"], color=BLUE, linewidth=0.9, label="forecast")
        over.set_ylabel("return, %")
        over.legend(loc="upper left")
        against.scatter(100 * table["predicted"], 100 * table["target"], s=3, alpha=0.3, color=BLUE, linewidths=0)
        against.axhline(0, color=GREY, linewidth=0.6)
        against.axvline(0, color=GREY, linewidth=0.6)
        against.set_xlabel("forecast, %")
        against.set_ylabel("outcome, %")

    return picture(draw, title="Out-of-fold forecasts, and the outcomes", columns=2, widths=(2, 1))


def error_ratios(groups: dict[str, pd.Series]) -> bytes:
    """RMSE divided by that of forecasting zero, a panel for each way to slice; below 1 the model beats zero."""

    def draw(axes: "list[Axes]") -> None:
        for axis, (name, ratios) in zip(axes, groups.items(), strict=True):
            at = np.arange(len(ratios))
            axis.barh(at, ratios.to_numpy(), color=[BLUE if ratio <= 1 else RED for ratio in ratios], height=0.7)
            axis.axvline(1, color="black", linewidth=0.8)
            axis.set_yticks(at, [str(label) for label in ratios.index])
            axis.invert_yaxis()
            axis.set_xlim(left=min(0.8, ratios.min() - 0.05), right=max(1.2, ratios.max() + 0.05))
            axis.set_title(f"by {name}", fontsize=9)
            axis.set_xlabel("error / error of zero")

    return picture(draw, title="Where the error comes from (red: worse than forecasting zero)", columns=len(groups), height=3.6)


def importances(shares: pd.DataFrame, placebo: pd.DataFrame) -> bytes:
    """Share of the trees' gain: mean and spread over the folds, on the band it has on targets without information.

    Args:
        shares: folds x features.
        placebo: shifts x features, each the mean over the folds.
    """

    def draw(axes: "list[Axes]") -> None:
        order = shares.mean().sort_values(ascending=False).index
        at = np.arange(len(order))
        low, high = placebo[order].quantile(0.05), placebo[order].quantile(0.95)
        axes[0].barh(at, high - low, left=low, height=0.75, color="#DDDDDD", label="5 to 95 % of shifted targets (placebo)")
        for feature, row in zip(order, at, strict=True):
            axes[0].plot([shares[feature].min(), shares[feature].max()], [row, row], color=BLUE, linewidth=1.2)
        axes[0].scatter(shares[order].mean(), at, color=BLUE, zorder=3, label="mean over folds; line: least to greatest fold")
        axes[0].set_yticks(at, order)
        axes[0].invert_yaxis()
        axes[0].set_xlabel("share of the gain")
        axes[0].legend(loc="lower right")

    return picture(draw, title="What the trees split on, beside what they split on when there is nothing to find")


def forecast_fan(history: pd.DataFrame, forecasts: pd.DataFrame, instrument: Instrument) -> bytes:
    """The last closes, and the newest forecast as one band that opens from the newest close, at three levels.

    Args:
        history: data_date, close; the last is the newest close.
        forecasts: `with_ranges` of the newest sessions, whose target sessions are those to come.
    """
    newest, steps = forecasts.iloc[-1], len(forecasts)
    share = np.arange(steps + 1) / steps
    dates = pd.DatetimeIndex([newest["data_date"], *forecasts["target_session"]])
    middle = newest["close"] + (newest["predicted_close"] - newest["close"]) * share
    halves = {level: (newest[end_column("high", level)] - newest["predicted_close"]) for level in LEVELS}

    def draw(axes: "list[Axes]") -> None:
        [axis] = axes
        # As matplotlib counts them.
        days = dates.to_numpy("datetime64[D]").astype("float64")
        axis.plot(history["data_date"], history["close"], color="black", linewidth=1.0)
        for level, alpha in zip(reversed(LEVELS), (0.25, 0.45, 0.75), strict=True):
            half = halves[level] * np.sqrt(share)
            axis.fill_between(days, middle - half, middle + half, color=SKY, alpha=alpha, linewidth=0)
        axis.plot(days, middle, color=BLUE, linewidth=1.2)
        axis.margins(x=0, y=0.06)
        low, high = axis.get_ylim()
        # Room under everything for the words about today.
        low -= 0.12 * (high - low)
        axis.set_ylim(low, high)
        axis.axvline(days[0], color=GREY, linewidth=0.8, linestyle="--")
        axis.plot([days[0]], [newest["close"]], color="black", marker="o", markersize=4)
        today = f"close of {dates[0]:%Y-%m-%d}: {newest['close']:.2f} "
        axis.text(days[0], low + 0.03 * (high - low), today, ha="right", fontweight="bold")
        _label_ends(axis, newest, halves, least=0.055 * (high - low))
        axis.set_ylabel(instrument.price.name)

    until = f"{newest['target_session']:%Y-%m-%d}"
    return picture(draw, title=f"{instrument.title}: how far the price may move until {until}", height=4.2)


def _label_ends(axis: "Axes", newest: "pd.Series[Any]", halves: dict[int, float], least: float) -> None:
    """The ends of each range beside the right edge, `least` apart even where the ranges are narrower."""

    def label(price: float, at: float, words: str, colour: str) -> None:
        axis.annotate(f" {price:.2f}  {words}", (1, at), xycoords=("axes fraction", "data"), va="center", color=colour)

    middle = newest["predicted_close"]
    label(middle, middle, "forecast", BLUE)
    away = 0.0
    for level in sorted(halves):
        away = max(away + least, halves[level])
        for sign, end in ((-1, "low"), (1, "high")):
            label(newest[end_column(end, level)], middle + sign * away, f"{level} %", "black")


def coverage_over_time(lines: "dict[str, pd.Series[float]]", level: float) -> bytes:
    """What ranges held of the last outcomes, for each rule; fractions by date, shown in percent."""

    def draw(axes: "list[Axes]") -> None:
        for (rule, shares), colour in zip(lines.items(), (BLUE, ORANGE), strict=True):
            axes[0].plot(shares.index, 100 * shares.to_numpy(), color=colour, linewidth=1.2, label=rule)
        axes[0].axhline(100 * level, color="black", linewidth=0.8, label=f"meant to hold: {100 * level:.0f} %")
        axes[0].set_ylim(top=104)
        axes[0].set_ylabel("inside, % of the last 252")
        axes[0].legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=3)

    return picture(draw, title=f"Did ranges meant to hold {100 * level:.0f} % do so?")


def placebo_skills(real: float, null: Sequence[float]) -> bytes:
    """The skill on the real target beside the skills on targets without information."""

    def draw(axes: "list[Axes]") -> None:
        axes[0].hist(100 * np.asarray(null), bins=15, color="#BBBBBB", label=f"{len(null)} shifted targets (no information)")
        axes[0].axvline(100 * real, color=BLUE, linewidth=2, label="the real target")
        axes[0].axvline(0, color="black", linewidth=0.8)
        axes[0].set_xlabel("skill against forecasting zero, %")
        axes[0].legend(loc="upper left")

    return picture(draw, title="Would a model without information do as well?", height=2.8, width=6)


def comparison(names: Sequence[str], record: Sequence[float], index: Sequence[float]) -> bytes:
    """Error ratios of the model of record and of the same model on the roll index, by fold."""

    def draw(axes: "list[Axes]") -> None:
        at = np.arange(len(names))
        axes[0].bar(at - 0.2, record, 0.36, color=BLUE, label="raw close (model of record)")
        axes[0].bar(at + 0.2, index, 0.36, color=GREEN, label="roll index")
        axes[0].axhline(1, color="black", linewidth=0.8)
        axes[0].set_xticks(at, names)
        axes[0].set_ylim(0.8, max(1.2, *record, *index) + 0.1)
        axes[0].set_ylabel("error / error of zero")
        axes[0].legend(loc="upper right", ncols=2)

    return picture(draw, title="The same model without the gaps between contracts", height=2.8)


def family_effects(names: Sequence[str], effects: pd.DataFrame) -> bytes:
    """Effect and interval of each family, and the effect that it had to exceed.

    Args:
        effects: one row a name: effect, effect_low, effect_high, smallest_effect; fractions of the error of forecasting zero.
    """

    def draw(axes: "list[Axes]") -> None:
        at = np.arange(len(names))
        percent = 100 * effects[["effect", "effect_low", "effect_high", "smallest_effect"]].to_numpy()
        axes[0].hlines(at, percent[:, 1], percent[:, 2], color=BLUE, linewidth=1.5, label="90 % interval")
        axes[0].scatter(percent[:, 0], at, color=BLUE, zorder=3, label="effect")
        axes[0].scatter(percent[:, 3], at, color=RED, marker="|", s=160, zorder=3, label="had to be exceeded for p of 0.05")
        axes[0].axvline(0, color="black", linewidth=0.8)
        axes[0].set_yticks(at, names)
        axes[0].set_ylim(len(names) - 0.5, -0.5)
        axes[0].set_xlabel("squared error saved, % of that of forecasting zero")
        axes[0].legend(loc="upper center", bbox_to_anchor=(0.5, -0.3), ncols=3)

    return picture(draw, title="What each family is worth, out of fold", height=1.8 + 0.3 * len(names))


def placebo_effects(family: str, effect: float, placebo: Sequence[float], smallest: float) -> bytes:
    """A family's effect beside those of its own columns shifted in a circle."""

    def draw(axes: "list[Axes]") -> None:
        axes[0].hist(100 * np.asarray(placebo), bins=30, color="#BBBBBB", label=f"{len(placebo)} shifts (no information)")
        axes[0].axvline(100 * effect, color=BLUE, linewidth=2, label="as it is")
        axes[0].axvline(100 * smallest, color=RED, linewidth=1, linestyle="--", label="had to be exceeded for p of 0.05")
        axes[0].axvline(0, color="black", linewidth=0.8)
        axes[0].set_xlabel("squared error saved, % of that of forecasting zero")
        axes[0].legend(loc="upper center", bbox_to_anchor=(0.5, -0.25), ncols=3)

    return picture(draw, title=f"{family}: would its columns do as well without their link to the target?", height=2.8, width=6)


def effects_by(family: str, groups: dict[str, pd.Series]) -> bytes:
    """A family's effect in each group, a panel for each way to slice; above 0 it helped there."""

    def draw(axes: "list[Axes]") -> None:
        for axis, (name, effects) in zip(axes, groups.items(), strict=True):
            at = np.arange(len(effects))
            axis.barh(at, 100 * effects.to_numpy(), color=[BLUE if value > 0 else RED for value in effects], height=0.7)
            axis.axvline(0, color="black", linewidth=0.8)
            axis.set_yticks(at, [str(label) for label in effects.index])
            axis.invert_yaxis()
            axis.set_title(f"by {name}", fontsize=9)
            axis.set_xlabel("error saved, % of zero's")

    return picture(draw, title=f"{family}: where it helps (blue) and where it harms (red)", columns=len(groups), height=2.6)


_OVER_TIME = ("data_date", "market_data.close", "ma_63", "return_21d", "volatility_21d", "rsi_14", "regime.name")


def over_time_made_of(matrix: pd.DataFrame, instrument: Instrument, *, synthetic: bool) -> str:
    """A hash of all that `matrix_over_time` draws, of the modules and of the libraries that draw."""
    rows = pd.util.hash_pandas_object(matrix[list(_OVER_TIME)], index=False).to_numpy().tobytes()
    return drawing_sha256(rows, f"{instrument.price.short} {synthetic}")


def drawing_sha256(rows: bytes, words: str, *modules: str) -> str:
    """A hash of what a picture draws, of the libraries that draw, and of the files of this module and of others that do."""
    hashed = hashlib.sha256(rows)
    libraries = {name: importlib.metadata.version(name) for name in ("matplotlib", "pillow", "pandas")}
    hashed.update(f"{words} {libraries}".encode())
    for module in (__file__, watermark.__file__, *modules):
        hashed.update(Path(module).read_bytes())
    return hashed.hexdigest()


def matrix_over_time(matrix: pd.DataFrame, instrument: Instrument, *, synthetic: bool) -> bytes:
    """Price, features and regimes over time.

    Args:
        matrix: rows of the matrix in order of date, fields of STRUCTs with dotted names.
        synthetic: the prices are invented, and the picture says so.
    """

    def draw(axes: "list[Axes]") -> None:
        dates = matrix["data_date"]
        price, momentum, volatility, rsi = axes
        price.plot(dates, matrix["market_data.close"], color="black", linewidth=0.9, label="close")
        price.plot(dates, matrix["ma_63"], color=ORANGE, linewidth=0.9, label="ma_63")
        price.set_ylabel(instrument.price.short)
        momentum.plot(dates, 100 * matrix["return_21d"], color=BLUE, linewidth=0.7)
        momentum.set_ylabel("return_21d, %")
        volatility.plot(dates, 100 * matrix["volatility_21d"], color=RED, linewidth=0.7)
        volatility.set_ylabel("volatility, %")
        rsi.plot(dates, matrix["rsi_14"], color=GREEN, linewidth=0.5)
        rsi.set_ylabel("rsi_14")
        spans = matrix.groupby("regime.name", sort=False)["data_date"].agg(["min", "max"]).sort_values("min")
        for k, (name, span) in enumerate(spans.iterrows()):
            colour = _REGIME_COLOURS[k % len(_REGIME_COLOURS)]
            for axis in axes:
                label = str(name) if axis is rsi else None
                axis.axvspan(span["min"], span["max"], color=colour, alpha=0.15, linewidth=0, label=label)
        price.legend(loc="upper left", ncols=2)
        rsi.legend(loc="upper center", bbox_to_anchor=(0.5, -0.25), ncols=4)

    png = picture(draw, title="Price, features and regimes", rows=4, height=6.4, sharex=True)
    return watermark.marked(png) if synthetic else png


def picture(
    draw: "Callable[[list[Axes]], None]",
    *,
    title: str,
    rows: int = 1,
    columns: int = 1,
    width: float = 8.0,
    height: float = 3.2,
    widths: tuple[float, ...] | None = None,
    heights: tuple[float, ...] | None = None,
    sharex: bool = False,
    beneath: float = 0.0,
    colours: int = 64,
) -> bytes:
    """What `draw` puts into a grid of axes, as a PNG of at most so many colours: small marks need more to keep their own.

    Args:
        width, height: of all of it, in inches.
        widths, heights: of the columns and rows, to each other.
        beneath: inches that are left free beneath the axes.
    """
    from matplotlib import style
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine
    from PIL import Image

    # The library's own style, whatever a matplotlibrc of the user says. A dollar sign is one, and begins no formula.
    own = {"font.size": 8, "axes.spines.top": False, "axes.spines.right": False, "text.parse_math": False}
    with style.context(["default", own]):
        free = beneath / height
        layout = ConstrainedLayoutEngine(rect=(0.0, free, 1.0, 1.0 - free))
        figure = Figure(figsize=(width, height), dpi=100, layout=layout, facecolor="white")
        canvas = FigureCanvasAgg(figure)
        axes = figure.subplots(rows, columns, squeeze=False, sharex=sharex, width_ratios=widths, height_ratios=heights)
        figure.suptitle(title, fontsize=10)
        draw(list(axes.ravel()))
        canvas.draw()  # type: ignore[no-untyped-call]
        pixels = np.asarray(canvas.buffer_rgba())[:, :, :3]  # type: ignore[no-untyped-call]
    content = io.BytesIO()
    Image.fromarray(pixels.copy()).quantize(colours).save(content, "PNG", optimize=True)
    return content.getvalue()
