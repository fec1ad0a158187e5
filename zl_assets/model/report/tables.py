"""The tables of the report on a model. Must not be here: measures (skill, gates, forecast), words."""

import numpy as np
import pandas as pd

from zl_assets.model.fit.forecast import coverage_by_level
from zl_assets.model.fit.gates import gain_shares, permutation_importance
from zl_assets.model.report.evidence import Evidence
from zl_assets.model.report.page import Table


def report_tables(evidence: Evidence) -> tuple[Table, ...]:
    """Every table, in the order of the report."""
    return (
        _fold_table(evidence),
        _gate_table(evidence),
        _importance_table(evidence),
        *(_error_table(name, errors) for name, errors in errors_by(evidence).items()),
        _calibration_table(evidence),
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
    return Table(f"errors_by_{name}", f"Out-of-fold error by {name}", errors.round(5).reset_index())


def _calibration_table(evidence: Evidence) -> Table:
    rows = pd.DataFrame(
        [
            {"meant_to_hold": c.interval.level, "held": round(c.covered, 3), "half_width": round(c.interval.half_width, 4)}
            for c in coverage_by_level(evidence.trained)
        ]
    )
    return Table("calibration", "Coverage of the interval on the test split", rows)
