"""The pictures of the report, as PNG bytes: one function each.

Belongs here: drawing of numbers that were computed elsewhere. Must not be here: measures, words of the report, files, what all
pictures have in common (style).
"""

import datetime as dt
from collections.abc import Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from zl_assets.contracts.forecasts import LEVELS
from zl_assets.contracts.predictions import end_column
from zl_assets.instruments.base import Instrument
from zl_assets.model.report import watermark
from zl_assets.model.report.style import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PINK,
    RED,
    SHADES,
    SKY,
    YELLOW,
    counts,
    dates,
    drawing_sha256,
    picture,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_REGIME_COLOURS = (SKY, ORANGE, RED, GREEN, YELLOW, PINK, BLUE)
_PLACEBO = "#BBBBBB"


def fold_errors(
    names: Sequence[str], rmse: Sequence[float], zero: Sequence[float], mean: Sequence[float], data_to: dt.date
) -> bytes:
    """Error of the model and of the two baselines, for each fold and the holdout; fractions, shown in percent."""

    def draw(axes: "list[Axes]") -> None:
        at = np.arange(len(names))
        series = [("model", rmse, BLUE), ("forecast of zero", zero, GREY), ("training mean", mean, ORANGE)]
        for k, (label, values, colour) in enumerate(series):
            axes[0].bar(at + (k - 1) * 0.27, 100 * np.asarray(values), 0.25, label=label, color=colour)
        axes[0].set_xticks(at, names)
        axes[0].set_ylabel("RMSE, % of the price")

    return picture(draw, title="Error by fold, against both baselines", data_to=data_to)


def forecasts_and_outcomes(table: pd.DataFrame, data_to: dt.date) -> bytes:
    """Out-of-fold forecasts beside the outcomes: over time, and one against the other.

    Args:
        table: data_date, target, predicted (fractions).
    """

    def draw(axes: "list[Axes]") -> None:
        over, against = axes
        over.plot(table["data_date"], 100 * table["target"], color=GREY, linewidth=0.8, label="outcome")
        over.plot(table["data_date"], 100 * table["predicted"], color=BLUE, linewidth=0.9, label="forecast")
        over.set_ylabel("return, %")
        dates(over, most=7)
        against.scatter(100 * table["predicted"], 100 * table["target"], s=3, alpha=0.3, color=BLUE, linewidths=0)
        against.axhline(0, color=GREY, linewidth=0.6)
        against.axvline(0, color=GREY, linewidth=0.6)
        against.set_xlabel("forecast, %")
        against.set_ylabel("outcome, %")

    return picture(draw, title="Out-of-fold forecasts, and the outcomes", data_to=data_to, columns=2, widths=(2, 1))


def error_ratios(groups: dict[str, pd.Series], data_to: dt.date) -> bytes:
    """RMSE divided by that of forecasting zero, a panel for each way to slice, shown as what it is more or less in percent."""

    def draw(axes: "list[Axes]") -> None:
        for axis, (name, ratios) in zip(axes, groups.items(), strict=True):
            _either_way(axis, 100 * (ratios - 1), below="less error than forecasting no change", above="more error")
            axis.set_title(f"by {name}")
            axis.set_xlabel("error more or less, %")

    return picture(draw, title="Where the error comes from", data_to=data_to, columns=len(groups), height=3.2)


def _either_way(axis: "Axes", values: "pd.Series[float]", below: str, above: str, colours: tuple[str, str] = (BLUE, RED)) -> None:
    """Bars to the left and right of zero, the first at the top.

    Args:
        below, above: what the two sides are.
        colours: of the two sides.
    """
    at = np.arange(len(values))
    for side, label, colour in zip((values <= 0, values > 0), (below, above), colours, strict=True):
        axis.barh(at[side], values[side], color=colour, height=0.7, label=label)
    axis.axvline(0, color=INK, linewidth=0.8)
    axis.set_yticks(at, [str(label) for label in values.index])
    axis.set_ylim(len(values) - 0.5, -0.5)


def importances(shares: pd.DataFrame, placebo: pd.DataFrame, data_to: dt.date) -> bytes:
    """Share of the trees' gain: mean and spread over the folds, on the band it has on targets without information.

    Args:
        shares: folds x features.
        placebo: shifts x features, each the mean over the folds.
    """

    def draw(axes: "list[Axes]") -> None:
        order = shares.mean().sort_values(ascending=False).index
        at = np.arange(len(order))
        low, high = placebo[order].quantile(0.05), placebo[order].quantile(0.95)
        # Bands, not bars: they have a lower end.
        axes[0].hlines(at, 100 * low, 100 * high, color=_PLACEBO, linewidth=12, label="5 to 95 % of shifted targets (placebo)")
        axes[0].hlines(at, 100 * shares[order].min(), 100 * shares[order].max(), color=BLUE, linewidth=1.2)
        words = "mean over folds; line: least to greatest fold"
        axes[0].scatter(100 * shares[order].mean(), at, s=24, color=BLUE, zorder=3, label=words)
        axes[0].set_yticks(at, order)
        axes[0].set_ylim(len(order) - 0.5, -0.5)
        axes[0].set_xlabel("share of the trees' gain, %")

    title = "What the trees split on, beside what they split on when there is nothing to find"
    return picture(draw, title=title, data_to=data_to, height=0.5 + 0.28 * shares.shape[1])


def forecast_fan(history: pd.DataFrame, forecasts: pd.DataFrame, instrument: Instrument) -> bytes:
    """The last closes, and the newest forecast as one band that opens from the newest close, at three levels.

    Args:
        history: data_date, close; the last is the newest close.
        forecasts: `with_ranges` of the newest sessions, whose target sessions are those to come.
    """
    newest, steps = forecasts.iloc[-1], len(forecasts)
    share = np.arange(steps + 1) / steps
    sessions = pd.DatetimeIndex([newest["data_date"], *forecasts["target_session"]])
    middle = newest["close"] + (newest["predicted_close"] - newest["close"]) * share
    halves = {level: (newest[end_column("high", level)] - newest["predicted_close"]) for level in LEVELS}

    def draw(axes: "list[Axes]") -> None:
        [axis] = axes
        # As matplotlib counts them.
        days = sessions.to_numpy("datetime64[D]").astype("float64")
        axis.plot(history["data_date"], history["close"], color=INK, linewidth=1.0)
        for level, shade in SHADES.items():
            half = halves[level] * np.sqrt(share)
            axis.fill_between(days, middle - half, middle + half, color=shade, linewidth=0)
        axis.plot(days, middle, color=BLUE, linewidth=1.2)
        axis.margins(x=0, y=0.06)
        low, high = axis.get_ylim()
        # Room under everything for the words about today.
        low -= 0.12 * (high - low)
        axis.set_ylim(low, high)
        axis.axvline(days[0], color=GREY, linewidth=0.8, linestyle="--")
        axis.plot([days[0]], [newest["close"]], color=INK, marker="o", markersize=4)
        today = f"close of {sessions[0]:%Y-%m-%d}: {newest['close']:.2f} "
        axis.text(days[0], low + 0.03 * (high - low), today, ha="right", fontweight="bold")
        _label_ends(axis, newest, halves, least=0.055 * (high - low))
        axis.set_ylabel(instrument.price.name)
        dates(axis)

    until = f"{newest['target_session']:%Y-%m-%d}"
    title = f"{instrument.title}: how far the price may move until {until}"
    return picture(draw, title=title, data_to=newest["data_date"], height=3.8)


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


def coverage_over_time(lines: "dict[str, pd.Series[float]]", level: float, data_to: dt.date) -> bytes:
    """What ranges held of the last outcomes, for each rule; fractions by date, shown in percent."""

    def draw(axes: "list[Axes]") -> None:
        for (rule, shares), colour in zip(lines.items(), (BLUE, RED), strict=True):
            axes[0].plot(shares.index, 100 * shares.to_numpy(), color=colour, linewidth=1.2, label=rule)
        axes[0].axhline(100 * level, color=INK, linewidth=0.8, label=f"meant to hold: {100 * level:.0f} %")
        axes[0].set_ylim(top=104)
        axes[0].set_ylabel("inside, % of the last 252")
        dates(axes[0])

    return picture(draw, title=f"Did ranges meant to hold {100 * level:.0f} % do so?", data_to=data_to)


def placebo_skills(real: float, null: Sequence[float], data_to: dt.date) -> bytes:
    """The skill on the real target beside the skills on targets without information."""

    def draw(axes: "list[Axes]") -> None:
        axes[0].hist(100 * np.asarray(null), bins=15, color=_PLACEBO, label=f"{len(null)} shifted targets (no information)")
        axes[0].axvline(100 * real, color=BLUE, linewidth=2, label="the real target")
        axes[0].axvline(0, color=INK, linewidth=0.8)
        axes[0].set_xlabel("skill against forecasting zero, %")
        axes[0].set_ylabel("shifts")
        counts(axes[0])

    return picture(draw, title="Would a model without information do as well?", data_to=data_to, height=2.4)


def comparison(names: Sequence[str], record: Sequence[float], index: Sequence[float], data_to: dt.date) -> bytes:
    """Error ratios of the model of record and of the same model on the roll index, by fold, as what they are more or less than
    one."""

    def draw(axes: "list[Axes]") -> None:
        at = np.arange(len(names))
        for away, ratios, colour, label in (
            (-0.2, record, BLUE, "raw close (model of record)"),
            (0.2, index, GREEN, "roll index"),
        ):
            axes[0].bar(at + away, 100 * (np.asarray(ratios) - 1), 0.36, color=colour, label=label)
        axes[0].axhline(0, color=INK, linewidth=0.8)
        axes[0].set_xticks(at, names)
        axes[0].set_ylabel("error beyond that of\nforecasting zero, %")

    return picture(draw, title="The same model without the gaps between contracts", data_to=data_to, height=2.4)


def family_effects(names: Sequence[str], effects: pd.DataFrame, data_to: dt.date) -> bytes:
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
        axes[0].axvline(0, color=INK, linewidth=0.8)
        axes[0].set_yticks(at, names)
        axes[0].set_ylim(len(names) - 0.5, -0.5)
        axes[0].set_xlabel("squared error saved, % of that of forecasting zero")

    return picture(draw, title="What each family is worth, out of fold", data_to=data_to, height=0.8 + 0.3 * len(names))


def placebo_effects(family: str, effect: float, placebo: Sequence[float], smallest: float, data_to: dt.date) -> bytes:
    """A family's effect beside those of its own columns shifted in a circle."""

    def draw(axes: "list[Axes]") -> None:
        axes[0].hist(100 * np.asarray(placebo), bins=30, color=_PLACEBO, label=f"{len(placebo)} shifts (no information)")
        axes[0].axvline(100 * effect, color=BLUE, linewidth=2, label="as it is")
        axes[0].axvline(100 * smallest, color=RED, linewidth=1, linestyle="--", label="had to be exceeded for p of 0.05")
        axes[0].axvline(0, color=INK, linewidth=0.8)
        axes[0].set_xlabel("squared error saved, % of that of forecasting zero")
        axes[0].set_ylabel("shifts")
        counts(axes[0])

    title = f"{family}: would its columns do as well without their link to the target?"
    return picture(draw, title=title, data_to=data_to, height=2.4)


def effects_by(family: str, groups: dict[str, pd.Series], data_to: dt.date) -> bytes:
    """A family's effect in each group, a panel for each way to slice; above 0 it helped there."""

    def draw(axes: "list[Axes]") -> None:
        for axis, (name, effects) in zip(axes, groups.items(), strict=True):
            _either_way(axis, 100 * effects, below="it harms", above="it helps", colours=(RED, BLUE))
            axis.set_title(f"by {name}")
            axis.set_xlabel("error saved, % of zero's")

    title = f"{family}: where it helps and where it harms"
    return picture(draw, title=title, data_to=data_to, columns=len(groups), height=2.4)


_OVER_TIME = ("data_date", "market_data.close", "ma_63", "return_21d", "volatility_21d", "rsi_14", "regime.name")


def over_time_made_of(matrix: pd.DataFrame, instrument: Instrument, *, synthetic: bool) -> str:
    """A hash of all that `matrix_over_time` draws, of the modules and of the libraries that draw."""
    rows = pd.util.hash_pandas_object(matrix[list(_OVER_TIME)], index=False).to_numpy().tobytes()
    return drawing_sha256(rows, f"{instrument.title} {instrument.price.name} {synthetic}", __file__)


def matrix_over_time(matrix: pd.DataFrame, instrument: Instrument, *, synthetic: bool) -> bytes:
    """Price, features and regimes over time.

    Args:
        matrix: rows of the matrix in order of date, fields of STRUCTs with dotted names.
        synthetic: the prices are invented, and the picture says so.
    """

    def draw(axes: "list[Axes]") -> None:
        days = matrix["data_date"]
        price, momentum, volatility, rsi = axes
        price.plot(days, matrix["market_data.close"], color=INK, linewidth=0.9, label="close")
        price.plot(days, matrix["ma_63"], color=RED, linewidth=0.9, label="ma_63: mean of 63 sessions")
        price.set_ylabel(instrument.price.name)
        for axis, values, colour, words in (
            (momentum, 100 * matrix["return_21d"], BLUE, "return_21d, %"),
            (volatility, 100 * matrix["volatility_21d"], RED, "volatility_21d,\n% a session"),
            (rsi, matrix["rsi_14"], GREEN, "rsi_14, 0 to 100"),
        ):
            axis.plot(days, values, color=colour, linewidth=0.7)
            axis.set_ylabel(words)
        spans = matrix.groupby("regime.name", sort=False)["data_date"].agg(["min", "max"]).sort_values("min")
        for (name, span), colour in zip(spans.iterrows(), cycle(_REGIME_COLOURS), strict=False):
            for axis in axes:
                axis.axvspan(span["min"], span["max"], color=colour, alpha=0.25, linewidth=0, label=str(name))

    title = f"{instrument.title}: price, features and regimes"
    png = picture(draw, title=title, data_to=matrix["data_date"].iloc[-1], rows=4, height=5.8, sharex=True)
    return watermark.marked(png) if synthetic else png
