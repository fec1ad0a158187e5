"""The pictures of the report on a model, with a sentence on how to read each. Must not be here: drawing (plots), measures."""

import pandas as pd

from zl_assets.contracts.predictions import FIRST_LEVEL
from zl_assets.model.fit.gates import gain_shares
from zl_assets.model.report import plots
from zl_assets.model.report.evidence import Evidence
from zl_assets.model.report.page import Picture
from zl_assets.model.report.tables import errors_by
from zl_assets.model.report.track import OF_RECORD, ONE_WIDTH, Track
from zl_assets.model.report.words import held_words

_HISTORY = 126  # sessions of closes before the forecasts: half a year


def report_pictures(evidence: Evidence) -> tuple[Picture, ...]:
    """The pictures of the past, in the order of the report."""
    trained, table, data_to = evidence.trained, evidence.out_of_fold, evidence.view["data_date"].iloc[-1]
    scores = trained.scores
    folds = [score.name for score in scores]
    ratios = {"fold": pd.Series([s.ratio for s in scores], index=folds)}
    ratios |= {name: errors["ratio_to_zero"] for name, errors in errors_by(evidence).items()}
    made = [
        Picture(
            "fold_errors",
            "Error by fold",
            plots.fold_errors(
                folds, [s.rmse for s in scores], [s.rmse_zero for s in scores], [s.rmse_mean for s in scores], data_to
            ),
            "The holdout is everything from the split date on, forecast by a fit that had seen no label from after it. If the "
            "bars of a group are alike, the model is worth no more than its baselines.",
        ),
        Picture(
            "oof_against_outcome",
            "Forecast and outcome",
            plots.forecasts_and_outcomes(table, data_to),
            "Every forecast was made by a fit that had not seen the outcome. A cloud without a slope means no information.",
        ),
        Picture(
            "error_ratios",
            "Error by fold, regime and year",
            plots.error_ratios(ratios, data_to),
            "The error beside that of forecasting no change; to the left of zero the model was the better of the two.",
        ),
        Picture(
            "importances_picture",
            "Importances and their placebo",
            plots.importances(gain_shares(trained), evidence.placebo.gain_shares, data_to),
            "A feature inside the grey band is used no more than when there is nothing to find.",
        ),
        Picture(
            "placebo",
            "Skill and its placebo",
            plots.placebo_skills(evidence.placebo.skill, evidence.placebo.shifted, data_to),
            f"{len(evidence.placebo.shifted)} circular shifts of the target, seed {evidence.placebo.seed}: "
            f"p = {evidence.placebo.p:.3f}.",
        ),
    ]
    made += [] if evidence.track is None else _coverage_pictures(evidence.track, data_to)
    if evidence.comparison is not None:
        pairs = list(zip(trained.folds, evidence.comparison.folds, strict=True))
        made.append(
            Picture(
                "roll_comparison",
                "The same model on the roll index",
                plots.comparison(
                    [f.score.name for f, _ in pairs],
                    [f.score.ratio for f, _ in pairs],
                    [g.score.ratio for _, g in pairs],
                    data_to,
                ),
                "A raw return includes the gap between two contracts, a return on the index does not. No gate depends on this.",
            )
        )
    return tuple(made)


def _coverage_pictures(track: Track, data_to: pd.Timestamp) -> list[Picture]:
    """What 80 % ranges held over time; none before there is a year of them."""
    lines = {rule: track.trailing(rule, FIRST_LEVEL) for rule in (OF_RECORD, ONE_WIDTH)}
    if lines[OF_RECORD].empty:
        return []
    return [
        Picture(
            "coverage_over_time",
            "What 80 % ranges held over time",
            plots.coverage_over_time(lines, FIRST_LEVEL / 100, data_to),
            "Each point is the share of the last 252 sessions whose outcome was inside; they overlap and are worth about "
            "twelve months, so swings of ten points are usual. One width for all times is the rule that was given up.",
        )
    ]


def forecast_picture(evidence: Evidence) -> Picture:
    """The newest forecast with its ranges, after half a year of closes."""
    return Picture(
        "forecast_fan",
        "How far the price may move",
        plots.forecast_fan(evidence.view[["data_date", "close"]].tail(_HISTORY), evidence.forecasts, evidence.instrument),
        "The ranges are of the last day; on the way there they grow with the root of the sessions that have passed. "
        f"{held_words(evidence.track)}",
    )
