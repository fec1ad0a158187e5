"""The tables of the report on a model. Must not be here: measures (skill, gates, track), words."""

import numpy as np
import pandas as pd

from zl_assets.contracts.forecasts import LEVELS
from zl_assets.contracts.predictions import FIRST_LEVEL
from zl_assets.model.fit.gates import gain_shares, permutation_importance
from zl_assets.model.ranges.judged import Held
from zl_assets.model.replay.verdicts import HELD_FROM
from zl_assets.model.report.evidence import Evidence
from zl_assets.model.report.page import Table
from zl_assets.model.report.track import OF_RECORD, ONE_WIDTH, PAST_OUTCOMES, RULES, Track


def report_tables(evidence: Evidence) -> tuple[Table, ...]:
    """Every table, in the order of the report."""
    return (
        _fold_table(evidence),
        _gate_table(evidence),
        _importance_table(evidence),
        *(_error_table(name, errors) for name, errors in errors_by(evidence).items()),
        *(() if evidence.track is None else _range_tables(evidence.track)),
    )


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
    brief = ("fold", "ratio_to_zero", "ic")
    return Table("folds", "Error by fold, against forecasting zero and the training mean", rows, brief)


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
    return Table("gates", "Gates: is the model broken or leaking?", rows, ("gate", "measured", "bound"))


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
        "importances",
        "Importances, their spread over the folds, and their placebo",
        rows.rename_axis("feature").reset_index(),
        ("feature", "gain_share"),
    )


def errors_by(evidence: Evidence) -> dict[str, pd.DataFrame]:
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
    brief = (name, "ratio_to_zero")
    return Table(f"errors_by_{name}", f"Out-of-fold error by {name}", errors.round(5).reset_index(), brief)


def _range_tables(track: Track) -> tuple[Table, ...]:
    names = {OF_RECORD: "", ONE_WIDTH: "one_width_", PAST_OUTCOMES: "no_model_"}
    of_levels = {f"{level}_": track.years[OF_RECORD, level] for level in LEVELS}
    of_rules = {prefix: track.years[rule, FIRST_LEVEL] for rule, prefix in names.items()}
    total = pd.DataFrame(
        [
            {
                "meant_to_hold": f"{level} %",
                "rule": rule,
                "sessions": found.rows,
                "held_%": round(100 * found.covered, 1),
                "error": round(100 * found.error, 1),
                "mean_width_%": round(100 * found.width, 1),
                "interval_score": round(100 * found.score, 2),
            }
            for level in LEVELS
            for rule in RULES
            for found in (track.totals[rule, level],)
        ]
    )
    since = f"walk-forward from {HELD_FROM:%Y} on"
    return (
        Table(
            "ranges",
            f"What ranges held, {since}: the rule of record, one width for all times, no model",
            total,
            ("meant_to_hold", "rule", "held_%"),
        ),
        Table(
            "ranges_by_year",
            f"What the ranges held by year, in percent with its standard error, {since}",
            _by_year(of_levels),
            ("year", *(f"{prefix}held" for prefix in of_levels)),
        ),
        Table(
            "rules_by_year",
            f"What 80 % ranges held by year under each rule, {since}",
            _by_year(of_rules),
            ("year", *(f"{prefix}held" for prefix in of_rules if prefix)),
        ),
    )


def _by_year(found: dict[str, dict[int, Held]]) -> pd.DataFrame:
    """A row a year: sessions, and what each held with its standard error, in percent."""
    first = next(iter(found.values()))
    return pd.DataFrame(
        [
            {"year": year, "sessions": first[year].rows}
            | {
                f"{prefix}{what}": round(100 * value, 1)
                for prefix, by_year in found.items()
                for what, value in (("held", by_year[year].covered), ("error", by_year[year].error))
            }
            for year in first
        ]
    )
