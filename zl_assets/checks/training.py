"""Checks on the training view, the CSV and the model."""

from collections.abc import Iterator

import dagster as dg
import pandas as pd

from zl_assets.checks.advice import WHAT_TO_DO
from zl_assets.checks.common import result, spec
from zl_assets.contracts.tables import MATRIX, TRAINING_VIEW
from zl_assets.domain.families.registry import Selection
from zl_assets.domain.families.tables import training_view_contract
from zl_assets.domain.rules.tables import unique_key
from zl_assets.domain.rules.training import (
    csv_equals_view,
    labelled_rows_at_least,
    split_right,
    target_right,
    targets_spanning_a_roll,
)
from zl_assets.io_managers.artifacts import TrainingCsv
from zl_assets.io_managers.bigquery import Warehouse
from zl_assets.io_managers.failures import as_failures
from zl_assets.model.fit.artifact import LoadedModel
from zl_assets.resources import Bounds

VIEW = TRAINING_VIEW.table
CSV = "training_csv"
MODEL = "lgbm_model"


@dg.multi_asset_check(
    name="vw_zl_1m_flat_checks",
    specs=[
        spec(VIEW, "no_joins", "The live view is one SELECT over one table; its SQL is parsed.", blocking=True),
        spec(VIEW, "unique_key", "One row per session date.", blocking=True),
        spec(VIEW, "target_right", "target_1m is the return over the next 21 rows, NULL on the newest 21 only.", blocking=True),
        spec(VIEW, "split_right", "Rows before 2023-01-01 are train, the others test.", blocking=True),
        spec(VIEW, "labelled_rows_at_least", "The view has the plan's rows with a target (ZL_MIN_LABELLED_ROWS).", blocking=True),
        spec(
            VIEW,
            "targets_spanning_a_roll",
            "How many targets hold the gap between two contracts: about 46 % on the real bars. A warning far from that.",
            against=(MATRIX.table,),
        ),
    ],
    ins={VIEW: dg.AssetIn(VIEW), MATRIX.table: dg.AssetIn(MATRIX.table)},
)
def vw_zl_1m_flat_checks(
    context: dg.AssetCheckExecutionContext,
    vw_zl_1m_flat: pd.DataFrame,
    daily_ml_matrix: pd.DataFrame,
    warehouse: Warehouse,
    bounds: Bounds,
) -> Iterator[dg.AssetCheckResult]:
    """The live view: its SQL, its target and its split."""
    from zl_assets.warehouse.view_rules import no_joins

    with as_failures(), warehouse.publisher(run=context.run.run_id, asset=VIEW) as publisher:
        select = publisher.view_query(TRAINING_VIEW)
    for verdict in (
        no_joins(select),
        unique_key(vw_zl_1m_flat, TRAINING_VIEW.key),
        target_right(vw_zl_1m_flat),
        split_right(vw_zl_1m_flat),
        labelled_rows_at_least(vw_zl_1m_flat, bounds.min_labelled_rows),
    ):
        yield result(VIEW, verdict)
    yield result(VIEW, targets_spanning_a_roll(vw_zl_1m_flat, daily_ml_matrix), warn=True)


def _csv_checks(selection: Selection) -> dg.AssetChecksDefinition:
    view = training_view_contract(selection.kept)

    @dg.multi_asset_check(
        name="training_csv_checks",
        specs=[
            spec(
                CSV,
                "csv_equals_view",
                "The file, read by another reader, holds exactly the view's rows.",
                blocking=True,
                against=(VIEW,),
            )
        ],
        ins={CSV: dg.AssetIn(CSV), VIEW: dg.AssetIn(VIEW)},
    )
    def training_csv_checks(training_csv: TrainingCsv, vw_zl_1m_flat: pd.DataFrame) -> Iterator[dg.AssetCheckResult]:
        """The file against the view, value for value."""
        from zl_assets.io_managers.artifacts import read_csv_with_arrow

        yield result(CSV, csv_equals_view(read_csv_with_arrow(training_csv.path, view), vw_zl_1m_flat))

    return training_csv_checks


# By gate name. The model's contract holds what was measured; these words say what a gate is for, before any model exists.
_GATES = {
    "worst_fold_ratio": "CV folds stable: the worst fold's error is at most 1.30 times that of forecasting no change.",
    "fold_ratio_spread": "No fold is far worse than the others.",
    "best_fold_r2": "Not too good: a fold's R2 above the bound is a suspected leak.",
    "largest_ic": "Not too good: a correlation above the bound is a suspected leak.",
    "target_sd_ratio": "The target swings as widely in the test rows as in the training rows, within bounds.",
    "out_of_range_share": "A fold's test rows lie within what the fold was trained on.",
    "prediction_dispersion": "Forecasts are neither constant nor wild.",
    "largest_gain_share": "Importances sensible: no feature takes more than 65 % of the gain.",
    "importance_rank_correlation": "Importances agree between folds.",
    "permutation_importance": "No feature knows the answer: more than the bound is a suspected leak.",
}


@dg.multi_asset_check(
    name="lgbm_model_checks",
    specs=[
        spec(MODEL, "trained", "The saved model loads by its id and reproduces its golden predictions."),
        *(spec(MODEL, name, description) for name, description in _GATES.items()),
    ],
    ins={MODEL: dg.AssetIn(MODEL)},
)
def lgbm_model_checks(lgbm_model: LoadedModel) -> Iterator[dg.AssetCheckResult]:
    """The stored model's gates, as its contract recorded them before it could become `latest`."""
    yield dg.AssetCheckResult(
        passed=True,
        asset_key=MODEL,
        check_name="trained",
        description="The model was read back, its files match its id, and its golden predictions came out again.",
        metadata={"model_id": lgbm_model.model_id, "path": dg.MetadataValue.path(lgbm_model.path)},
    )
    for gate in lgbm_model.contract["gates"]:
        measured = gate["measured"]
        yield dg.AssetCheckResult(
            passed=gate["passed"],
            asset_key=MODEL,
            check_name=gate["name"],
            description=_GATES[gate["name"]],
            metadata={
                "measured": "not a number" if measured is None else measured,
                "bound": gate["bound"],
                "detail": gate["detail"],
                **({} if gate["passed"] else {"what_to_do": WHAT_TO_DO[gate["name"]]}),
            },
        )


def build_training_checks(selection: Selection) -> list[dg.AssetChecksDefinition]:
    """The checks, with the columns of the kept families."""
    return [vw_zl_1m_flat_checks, _csv_checks(selection), lgbm_model_checks]
