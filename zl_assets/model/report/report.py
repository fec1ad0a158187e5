"""What the model can do, for a person: words, tables and pictures.

Belongs here: the choice of what is shown and said. Must not be here: measures (skill, gates, forecast), drawing (plots), files.

What may be said hangs on the placebo: without a p below 0.05 nothing here calls a feature a driver or the model accurate.
"""

import base64
import html
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from zl_assets.model.fit.comparison import Comparison
from zl_assets.model.fit.forecast import coverage_by_level, holdout_coverage, published_interval
from zl_assets.model.fit.gates import GateResult, gain_shares, permutation_importance
from zl_assets.model.fit.skill import Placebo, effective_rows, skill_interval
from zl_assets.model.fit.training import TrainedModel
from zl_assets.model.report import plots

SIGNIFICANT = 0.05
CONTRACT_POUNDS = 60_000
_HISTORY = 126  # sessions of closes before the forecasts: half a year


@dataclass(frozen=True, eq=False)
class Evidence:
    """Everything that the report is made of.

    Attributes:
        gates: of the trained model.
        placebo: its skill beside that on targets without information.
        comparison: the same model on the roll index; None without instrument_id.
        view: the training view's rows.
        forecasts: the open forecasts (`open_forecasts`), oldest first.
    """

    trained: TrainedModel
    gates: tuple[GateResult, ...]
    placebo: Placebo
    comparison: Comparison | None
    view: pd.DataFrame
    forecasts: pd.DataFrame

    @cached_property
    def out_of_fold(self) -> pd.DataFrame:
        """`TrainedModel.out_of_fold`."""
        return self.trained.out_of_fold


@dataclass(frozen=True)
class Picture:
    """A PNG with a name for machines, a title and a sentence on how to read it."""

    name: str
    title: str
    png: bytes
    caption: str

    @property
    def data_uri(self) -> str:
        """The picture as text, for Markdown and HTML."""
        return f"data:image/png;base64,{base64.b64encode(self.png).decode()}"


@dataclass(frozen=True, eq=False)
class Table:
    """Rows with a name for machines and a title; numbers are rounded for reading."""

    name: str
    title: str
    rows: pd.DataFrame


@dataclass(frozen=True, eq=False)
class Report:
    """Words first, then tables and pictures."""

    title: str
    words: tuple[str, ...]
    tables: tuple[Table, ...]
    pictures: tuple[Picture, ...]


def build_report(evidence: Evidence) -> Report:
    """The report; 1.5 s, most of it the drawing."""
    return Report(
        title=f"Soybean oil, {evidence.trained.config.horizon} sessions ahead: what this model can do",
        words=(skill_words(evidence), buyer_words(evidence), interval_words(evidence), comparison_words(evidence)),
        tables=(
            _fold_table(evidence),
            _gate_table(evidence),
            _importance_table(evidence),
            *(_error_table(name, errors) for name, errors in _errors(evidence).items()),
            _calibration_table(evidence),
        ),
        pictures=_pictures(evidence),
    )


def skill_words(evidence: Evidence) -> str:
    """Skill against forecasting zero, its interval, the placebo's p, and what may be concluded."""
    trained, placebo = evidence.trained, evidence.placebo
    low, high = skill_interval(trained.folds, trained.data.target)
    rows = len(evidence.out_of_fold)
    worth = effective_rows(evidence.out_of_fold["target"].to_numpy(), trained.config.horizon - 1)
    error = "smaller" if placebo.skill > 0 else "larger"
    measured = (
        f"Against the forecast that the price stays where it is, the model's squared error on sessions it had not seen is "
        f"{abs(placebo.skill):.1%} {error} (skill {placebo.skill:+.3f}, 90 % interval {low:+.3f} to {high:+.3f}; {rows:,} "
        f"sessions, which overlap and are worth about {worth:.0f} independent ones). On {len(placebo.shifted)} targets without "
        f"any information the same model does at least as well {placebo.p:.0%} of the time (p = {placebo.p:.3f})."
    )
    if placebo.p < SIGNIFICANT and placebo.skill > 0:
        shares = gain_shares(trained).mean().sort_values(ascending=False)
        return (
            f"{measured} That is hard to explain by chance. The strongest driver is {shares.index[0]}, with {shares.iloc[0]:.0%} "
            "of the trees' gain. A score as good as this has most often been a leak: look at the prefix check before believing "
            "it."
        )
    return (
        f"{measured} So these features have not been shown to know anything about the next month. The model proves that the "
        "pipeline works; it is no reason to buy, sell or wait."
    )


def buyer_words(evidence: Evidence) -> str:
    """The newest forecast in cents per pound, for a reader who buys soybean oil."""
    newest = evidence.forecasts.iloc[-1]
    half = (newest.high_close - newest.low_close) / 2
    return (
        f"For a buyer of soybean oil: on {newest.data_date:%Y-%m-%d} it closed at {newest.close:.2f} US cents per pound. For "
        f"{newest.target_session:%Y-%m-%d} the model says {newest.predicted_close:.2f} cents ({newest.predicted_return:+.1%}), "
        f"with an interval from {newest.low_close:.2f} to {newest.high_close:.2f} that is meant to hold the price four times in "
        f"five: {half:.2f} cents either way, or ${half / 100 * CONTRACT_POUNDS:,.0f} on a contract of "
        f"{CONTRACT_POUNDS:,} lb; the forecast is {abs(newest.predicted_close - newest.close):.2f} cents from that close. "
        "Plan for the width of the interval, not for its middle."
    )


def interval_words(evidence: Evidence) -> str:
    """What the interval is worth, from its coverage on the test split."""
    coverage, published = holdout_coverage(evidence.trained), published_interval(evidence.trained)
    score = evidence.trained.holdout.score
    return (
        f"The interval is the forecast plus and minus {published.half_width:.1%} of the price: a conformal interval of the "
        f"{published.residuals:,} out-of-fold errors. Made of those known before {evidence.trained.config.split_date} "
        f"({coverage.interval.half_width:.1%}), it held {coverage.covered:.1%} of the {coverage.test_rows:,} outcomes since; "
        f"{coverage.interval.level:.0%} was promised. Since then the price has swung "
        f"{score.sd_target_test / score.sd_target_train:.1f} times as widely as before."
    )


def comparison_words(evidence: Evidence) -> str:
    """The model on the roll index beside the model of record."""
    other = evidence.comparison
    if other is None:
        return "The bars have no instrument_id, so there is no price path without roll gaps to compare with."
    return (
        f"Without the gaps between contracts, all inputs and the target on the roll index, the same model has a skill of "
        f"{other.skill:+.3f} instead of {evidence.placebo.skill:+.3f}. The model of record stays on the raw close, which is what "
        "is paid."
    )


def report_html(report: Report) -> str:
    """The report as one file that needs no other; the same report gives the same bytes."""
    parts = [f"<p>{html.escape(words)}</p>" for words in report.words]
    for table in report.tables:
        rows = table.rows.to_html(index=False, border=0, na_rep="-", escape=True)
        parts.append(f"<h2>{html.escape(table.title)}</h2>\n{rows}")
    for picture in report.pictures:
        caption = html.escape(picture.caption)
        parts.append(
            f"<h2>{html.escape(picture.title)}</h2>\n<figure><img alt='{html.escape(picture.title)}' src='{picture.data_uri}'>"
            f"<figcaption>{caption}</figcaption></figure>"
        )
    body = "\n".join(parts)
    return f"{_HEAD}<body>\n<h1>{html.escape(report.title)}</h1>\n{body}\n</body></html>\n"


_HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Model report</title><style>
body{font:15px/1.5 system-ui,sans-serif;max-width:62em;margin:2em auto;padding:0 1em;color:#111;background:#fff}
table{border-collapse:collapse;font-size:13px}td,th{padding:2px 10px;text-align:right;border-bottom:1px solid #ddd}
td:first-child,th:first-child{text-align:left}figure{margin:0}img{max-width:100%}figcaption{color:#444;font-size:13px}
</style></head>
"""


def _fold_table(evidence: Evidence) -> Table:
    other = {fold.score.name: fold.score.ratio for fold in evidence.comparison.folds} if evidence.comparison else {}
    rows = pd.DataFrame(
        [
            {
                "fold": score.name,
                "test_first": score.test_first,
                "test_last": score.test_last,
                "n_train": score.n_train,
                "n_test": score.n_test,
                "rmse": round(score.rmse, 5),
                "rmse_zero": round(score.rmse_zero, 5),
                "rmse_mean": round(score.rmse_mean, 5),
                "ratio_to_zero": round(score.ratio, 3),
                "ratio_to_mean": round(score.rmse / score.rmse_mean, 3),
                "mae": round(score.mae, 5),
                "mae_zero": round(score.mae_zero, 5),
                "mae_mean": round(score.mae_mean, 5),
                "ic": round(score.ic, 3),
                "ratio_on_roll_index": round(other.get(score.name, np.nan), 3),
            }
            for score in evidence.trained.scores
        ]
    )
    return Table("folds", "Error by fold, against forecasting zero and the training mean", rows)


def _gate_table(evidence: Evidence) -> Table:
    rows = pd.DataFrame(
        [
            {
                "gate": gate.title,
                "passed": gate.passed,
                "measured": round(gate.measured, 4),
                "bound": gate.bound,
                "where": gate.detail,
            }
            for gate in evidence.gates
        ]
    )
    return Table("gates", "Gates: is the model broken or leaking?", rows)


def _importance_table(evidence: Evidence) -> Table:
    shares, null = gain_shares(evidence.trained), evidence.placebo.gain_shares
    rows = pd.DataFrame(
        {
            "gain_share": shares.mean(),
            "least_fold": shares.min(),
            "greatest_fold": shares.max(),
            "placebo_5_percent": null.quantile(0.05),
            "placebo_95_percent": null.quantile(0.95),
            "permutation": permutation_importance(evidence.trained).mean(),
        }
    )
    rows = rows.sort_values("gain_share", ascending=False).round(4)
    return Table(
        "importances", "Importances, their spread over the folds, and their placebo", rows.rename_axis("feature").reset_index()
    )


def _errors(evidence: Evidence) -> dict[str, pd.DataFrame]:
    """Out-of-fold errors by regime and by year: rows, rmse of the model and of both baselines, ratio; in order of date."""
    table = evidence.out_of_fold
    squares = pd.DataFrame(
        {
            "model": (table["target"] - table["predicted"]) ** 2,
            "zero": table["target"] ** 2,
            "mean": (table["target"] - table["training_mean"]) ** 2,
        }
    )
    by = {"regime": table["regime_name"], "year": table["data_date"].dt.year}
    found = {}
    for name, key in by.items():
        groups = squares.groupby(key.rename(name), sort=False)
        rmse = np.sqrt(groups.mean())
        found[name] = pd.DataFrame(
            {
                "sessions": groups.size(),
                "rmse": rmse["model"],
                "rmse_zero": rmse["zero"],
                "rmse_mean": rmse["mean"],
                "ratio_to_zero": rmse["model"] / rmse["zero"],
            }
        )
    return found


def _error_table(name: str, errors: pd.DataFrame) -> Table:
    return Table(f"errors_by_{name}", f"Out-of-fold error by {name}", errors.round(5).reset_index())


def _calibration_table(evidence: Evidence) -> Table:
    rows = pd.DataFrame(
        [
            {"meant_to_hold": c.interval.level, "held": round(c.covered, 3), "half_width": round(c.interval.half_width, 4)}
            for c in coverage_by_level(evidence.trained)
        ]
    )
    return Table("calibration", "Coverage of the interval on the test split", rows)


def _pictures(evidence: Evidence) -> tuple[Picture, ...]:
    trained, table = evidence.trained, evidence.out_of_fold
    scores = trained.scores
    folds = [score.name for score in scores]
    levels = coverage_by_level(trained)
    ratios = {"fold": pd.Series([s.ratio for s in scores], index=folds)}
    ratios |= {name: errors["ratio_to_zero"] for name, errors in _errors(evidence).items()}
    history = evidence.view[["data_date", "close"]].tail(_HISTORY)
    made = [
        Picture(
            "fold_errors",
            "Error by fold",
            plots.fold_errors(folds, [s.rmse for s in scores], [s.rmse_zero for s in scores], [s.rmse_mean for s in scores]),
            "The holdout is everything from the split date on, forecast by a fit that had seen no label from after it. Bars of a "
            "group that are alike mean that the model is worth no more than its baselines.",
        ),
        Picture(
            "oof_against_outcome",
            "Forecast and outcome",
            plots.forecasts_and_outcomes(table),
            "Every forecast was made by a fit that had not seen the outcome. A cloud without a slope: no information.",
        ),
        Picture(
            "error_ratios",
            "Error by fold, regime and year",
            plots.error_ratios(ratios),
            "Error divided by the error of forecasting no change; below 1 the model was the better of the two.",
        ),
        Picture(
            "importances_picture",
            "Importances and their placebo",
            plots.importances(gain_shares(trained), evidence.placebo.gain_shares),
            "A feature inside the grey band is used as much as it is when there is nothing to find.",
        ),
        Picture(
            "placebo",
            "Skill and its placebo",
            plots.placebo_skills(evidence.placebo.skill, evidence.placebo.shifted),
            f"{len(evidence.placebo.shifted)} circular shifts of the target, seed {evidence.placebo.seed}: "
            f"p = {evidence.placebo.p:.3f}.",
        ),
        Picture(
            "forecast_fan",
            "Open forecasts",
            plots.forecast_fan(history, evidence.forecasts),
            "Each point is the forecast of one of the newest sessions for the session that its target looks at.",
        ),
        Picture(
            "calibration_picture",
            "Calibration of the interval",
            plots.calibration([c.interval.level for c in levels], [c.covered for c in levels]),
            "Below the diagonal the interval held less than it was meant to. Made of errors known before the split date.",
        ),
    ]
    if evidence.comparison is not None:
        pairs = list(zip(trained.folds, evidence.comparison.folds, strict=True))
        made.append(
            Picture(
                "roll_comparison",
                "The same model on the roll index",
                plots.comparison(
                    [f.score.name for f, _ in pairs], [f.score.ratio for f, _ in pairs], [g.score.ratio for _, g in pairs]
                ),
                "The gap between two contracts is part of a raw return and no part of one on the index. No gate hangs on this.",
            )
        )
    return tuple(made)
