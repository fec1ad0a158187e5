"""The training view, its CSV, and the model."""

from typing import Any

import dagster as dg
import pandas as pd

from zl_assets.assets.common import CSV_IO, MODELS_IO, OWNERS, RETRY, TABLES_IO, TRAINING, of_contract
from zl_assets.assets.features import daily_ml_matrix
from zl_assets.contracts import MATRIX, TRAINING_VIEW
from zl_assets.io_managers.artifacts import GatedModel, TrainingCsv
from zl_assets.io_managers.bigquery import Warehouse, table_schema
from zl_assets.io_managers.failures import as_failures


@dg.asset(
    group_name=TRAINING,
    kinds={"bigquery", "view"},
    owners=OWNERS,
    metadata=of_contract(TRAINING_VIEW.table),
    io_manager_key=TABLES_IO,
    retry_policy=RETRY,
    deps=[daily_ml_matrix],
)
def vw_zl_1m_flat(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult[Any]:
    """Flat training rows: close, the eight features, the regime, and the target, which is the return over the next 21 sessions.

    A BigQuery view: one SELECT over daily_ml_matrix, no joins. The newest 21 sessions have no target yet. Rows before 2023-01-01
    are `train`, the others `test`.
    """
    from zl_assets.warehouse.publish import ViewDefinition
    from zl_assets.warehouse.sql import training_view

    with as_failures(), warehouse.publisher(run=context.run.run_id, asset=TRAINING_VIEW.table) as publisher:
        select = training_view(publisher.namespace.of(MATRIX))
    return dg.MaterializeResult(value=ViewDefinition(select), metadata={"sql": dg.MetadataValue.md(f"```sql\n{select}\n```")})


@dg.asset(
    group_name=TRAINING,
    kinds={"csv"},
    owners=OWNERS,
    metadata={"dagster/column_schema": table_schema(TRAINING_VIEW)},
    io_manager_key=CSV_IO,
    retry_policy=RETRY,
)
def training_csv(vw_zl_1m_flat: pd.DataFrame) -> dg.MaterializeResult[pd.DataFrame]:
    """The training view as a file, for training here or elsewhere.

    Replaced in one step, so a reader never sees half of it. Floats carry all their digits. The sha256 is recorded; the model
    refuses a file with another one.
    """
    return dg.MaterializeResult(value=vw_zl_1m_flat)


@dg.asset(
    group_name=TRAINING,
    kinds={"lightgbm"},
    owners=OWNERS,
    io_manager_key=MODELS_IO,
    retry_policy=RETRY,
)
def lgbm_model(training_csv: TrainingCsv) -> dg.MaterializeResult[GatedModel]:
    """A small LightGBM model of the 21-session return, with the evidence of how much it can be believed.

    Three fits: walk-forward cross-validation on all labelled rows, a holdout fit scored on 2023 and later, and the saved model on
    all labelled rows. A model that fails a gate is stored, but `latest` stays on the last one that passed them all. These eight
    features are a baseline: the model proves the pipeline, not an edge.
    """
    from zl_assets.model.config import ModelConfig
    from zl_assets.model.gates import evaluate_gates
    from zl_assets.model.training import train

    with as_failures():
        trained = train(training_csv.frame, ModelConfig(), training_csv.sha256)
        gates = evaluate_gates(trained)
    scores = [*(fold.score for fold in trained.folds), trained.holdout.score]
    return dg.MaterializeResult(
        value=GatedModel(trained, gates),
        metadata={
            "labelled_rows": len(trained.data.dates),
            "holdout_train_rows": len(trained.holdout.train),
            "holdout_test_rows": len(trained.holdout.test),
            "training_csv_sha256": training_csv.sha256,
            "folds": dg.MetadataValue.table(
                [
                    dg.TableRecord(
                        {
                            "fold": score.name,
                            "test_first": score.test_first,
                            "test_last": score.test_last,
                            "rmse": round(score.rmse, 5),
                            "rmse_zero": round(score.rmse_zero, 5),
                            "rmse_mean": round(score.rmse_mean, 5),
                            "ratio_to_zero": round(score.ratio, 3),
                        }
                    )
                    for score in scores
                ]
            ),
            "gates": dg.MetadataValue.table(
                [
                    dg.TableRecord(
                        {"gate": gate.title, "passed": gate.passed, "measured": round(gate.measured, 4), "bound": gate.bound}
                    )
                    for gate in gates
                ]
            ),
        },
    )
