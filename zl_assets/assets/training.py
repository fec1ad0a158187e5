"""The training view, its CSV, and the model."""

import datetime as dt
from typing import Any

import dagster as dg
import pandas as pd
from pydantic import Field

from zl_assets.assets.common import CSV_IO, MODELS_IO, OWNERS, RETRY, TABLES_IO, TRAINING, described
from zl_assets.assets.pictures import shown
from zl_assets.contracts.tables import MATRIX, TRAINING_VIEW
from zl_assets.domain.families.registry import Selection
from zl_assets.domain.families.tables import matrix_columns, training_view_contract
from zl_assets.io_managers.artifacts import GatedModel, TrainingCsv
from zl_assets.io_managers.bigquery import Warehouse, job_metadata, table_schema
from zl_assets.io_managers.exports import Exports, training_rows
from zl_assets.io_managers.failures import as_failures
from zl_assets.model.errors import TrainingFault
from zl_assets.model.fit.config import ModelConfig
from zl_assets.model.fit.skill import REFRESH_SHIFTS
from zl_assets.settings import Settings
from zl_assets.warehouse.contract import ViewContract

_VIEW = (
    "Flat training rows: close, the eight features,{kept} the regime, and the target, which is the return over the next 21 "
    "sessions.\n\nA BigQuery view: one SELECT over daily_ml_matrix, no joins. The newest 21 sessions have no target yet. Rows "
    "before 2023-01-01 are `train`, the others `test`."
)


def build_training_view(selection: Selection) -> dg.AssetsDefinition:
    """The view, with the columns of the kept families."""
    contract = training_view_contract(selection.kept)
    kept = "".join(f" the family {family.name}," for family in selection.kept)

    @dg.asset(
        name=TRAINING_VIEW.table,
        description=_VIEW.format(kept=kept),
        group_name=TRAINING,
        kinds={"bigquery", "view"},
        owners=OWNERS,
        metadata=described(contract),
        io_manager_key=TABLES_IO,
        retry_policy=RETRY,
        deps=[MATRIX.table],
    )
    def vw_zl_1m_flat(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult[Any]:
        from zl_assets.warehouse.publish import ViewDefinition
        from zl_assets.warehouse.sql import training_view

        with as_failures(), warehouse.publisher(run=context.run.run_id, asset=TRAINING_VIEW.table) as publisher:
            select = training_view(publisher.namespace.of(MATRIX), matrix_columns(selection.kept))
        return dg.MaterializeResult(value=ViewDefinition(select), metadata={"sql": dg.MetadataValue.md(f"```sql\n{select}\n```")})

    return vw_zl_1m_flat


_CSV_DESCRIPTION = (
    "The training view as a file, for training here or elsewhere.\n\nReplaced in one step, so a reader never sees half of it. "
    "Floats carry all their digits. The sha256 is recorded; the model refuses a file with another one."
)


def build_training_csv(settings: Settings, selection: Selection) -> dg.AssetsDefinition:
    """The training view's file: read from the view, or with ZL_EXPORT_URI exported by BigQuery. Either way the same bytes."""
    view = training_view_contract(selection.kept)
    return _read_csv(view) if settings.export_uri is None else _exported_csv(settings.export_uri, view)


def _read_csv(view: ViewContract) -> dg.AssetsDefinition:
    @dg.asset(
        description=_CSV_DESCRIPTION,
        group_name=TRAINING,
        kinds={"csv"},
        owners=OWNERS,
        metadata={"dagster/column_schema": table_schema(view)},
        io_manager_key=CSV_IO,
        retry_policy=RETRY,
    )
    def training_csv(vw_zl_1m_flat: pd.DataFrame) -> dg.MaterializeResult[pd.DataFrame]:
        return dg.MaterializeResult(value=vw_zl_1m_flat)

    return training_csv


def _exported_csv(uri: str, view: ViewContract) -> dg.AssetsDefinition:
    @dg.asset(
        name="training_csv",
        description=f"{_CSV_DESCRIPTION}\n\nExported by BigQuery through {uri}.",
        group_name=TRAINING,
        kinds={"csv", "googlecloud"},
        owners=OWNERS,
        metadata={"dagster/column_schema": table_schema(view)},
        io_manager_key=CSV_IO,
        retry_policy=RETRY,
        deps=[TRAINING_VIEW.table],
    )
    def exported_csv(
        context: dg.AssetExecutionContext, warehouse: Warehouse, exports: Exports
    ) -> dg.MaterializeResult[pd.DataFrame]:
        from zl_assets.warehouse.export import export_view

        run = context.run.run_id
        with as_failures(), warehouse.publisher(run=run, asset="training_csv") as publisher:
            exported = export_view(publisher, exports.storage(publisher), uri, view, run)
            frame = training_rows(exported, view)
            asked = job_metadata(publisher.runner.log)
        return dg.MaterializeResult(
            value=frame, metadata={"exported_to": exported.uri, "exported_files": exported.files, **asked}
        )

    return exported_csv


class ModelChoices(dg.Config):
    """What one run may choose; left alone, it is the model of record.

    Dagster checks the types when the run is launched; what cannot be trained, or could not be believed, is refused by the step
    before anything is fitted, and the last model stays `latest`.
    """

    horizon: int = Field(
        ModelConfig.horizon,
        description="Sessions between a row and the close that is forecast, 1 or more. Other than 21: labels are recomputed from "
        "the closes, and the model is stored but never becomes `latest`, because the published tables are 21 sessions ahead.",
    )
    split_date: str = Field(
        ModelConfig.split_date.isoformat(),
        description="YYYY-MM-DD. The holdout fit is tested on the rows from this date on. The view's own column `split` stays at "
        "2023-01-01 and is not used.",
    )
    folds: int = Field(ModelConfig.folds, description="Folds of the walk-forward cross-validation, 2 or more.")
    gap: int = Field(
        ModelConfig.gap,
        description="Rows left out between a fold's training and test rows; at least the horizon, or the score is flattered.",
    )
    num_leaves: int = Field(ModelConfig.num_leaves, description="Leaves of a tree, 2 or more. More of them only overdisperse.")
    rounds: int = Field(ModelConfig.rounds, description="Trees, 1 or more. Fixed: stopping early on a test fold flatters it.")
    learning_rate: float = Field(ModelConfig.learning_rate, description="Shrinkage of each tree, above 0, at most 1.")
    min_rows_per_leaf: int = Field(ModelConfig.min_rows_per_leaf, description="Fewest training rows in a leaf, 1 or more.")
    l2: float = Field(ModelConfig.l2, description="L2 penalty on a leaf's value, 0 or more; the weights have a mean of 1.")
    seed: int = Field(ModelConfig.seed, description="LightGBM's seed, 0 to 2147483647.")
    threads: int = Field(ModelConfig.threads, description="LightGBM's threads; one is the fastest at this size.")
    placebo_shifts: int = Field(
        REFRESH_SHIFTS,
        description="Targets without information that the skill is held against, 1 or more, 0.06 s each; the least p is 1 / "
        "(shifts + 1). It is part of the report, not of the model.",
    )

    def model_config_of_run(self) -> ModelConfig:
        """The choices as training takes them.

        Raises:
            TrainingFault: a choice that cannot be trained, or could not be believed.
        """
        values = self.model_dump(exclude={"placebo_shifts"})
        try:
            split_date = dt.date.fromisoformat(self.split_date)
        except ValueError:
            raise TrainingFault(f"split_date={self.split_date!r} is not allowed: a date as YYYY-MM-DD.") from None
        if self.placebo_shifts < 1:
            raise TrainingFault(f"placebo_shifts={self.placebo_shifts} is not allowed: at least 1.")
        return ModelConfig(**values | {"split_date": split_date})


_MODEL = (
    "A small LightGBM model of the 21-session return, with the evidence of how much it can be believed.\n\n"
    "Three fits: walk-forward cross-validation on all labelled rows, a holdout fit scored on 2023 and later, and the saved model "
    "on all labelled rows. A model that fails a gate is stored, but `latest` stays on the last one that passed them all. "
    "{inputs}\n\n"
    "The features table is read for the roll index alone: a comparison on it is reported, and the model does not depend on it."
)


def build_model(selection: Selection) -> dg.AssetsDefinition:
    """The model, with the inputs of the kept families."""
    names = ", ".join(family.name for family in selection.kept)
    baseline = "These eight features are a baseline: the model proves the pipeline, not an edge."
    inputs = f"Beside the eight features it sees the families {names}." if names else baseline

    @dg.asset(
        description=_MODEL.format(inputs=inputs),
        group_name=TRAINING,
        kinds={"lightgbm"},
        owners=OWNERS,
        io_manager_key=MODELS_IO,
        retry_policy=RETRY,
    )
    def lgbm_model(
        config: ModelChoices, training_csv: TrainingCsv, zl_ta_features: pd.DataFrame
    ) -> dg.MaterializeResult[GatedModel]:
        from zl_assets.model.fit.design import features_with
        from zl_assets.model.fit.gates import evaluate_gates
        from zl_assets.model.fit.training import train
        from zl_assets.model.report.evidence import gather_evidence
        from zl_assets.model.report.report import build_report, report_html

        with as_failures():
            choices = config.model_config_of_run()
            trained = train(training_csv.frame, choices, training_csv.sha256, features_with(selection.kept))
            gates = evaluate_gates(trained)
            report = build_report(
                gather_evidence(trained, gates, training_csv.frame, zl_ta_features, placebo_shifts=config.placebo_shifts)
            )
        return dg.MaterializeResult(
            value=GatedModel(trained, gates, report_html(report)),
            metadata={
                "labelled_rows": len(trained.data.dates),
                "trained_through": f"{trained.data.dates[-1]:%Y-%m-%d}",
                "holdout_train_rows": len(trained.holdout.train),
                "holdout_test_rows": len(trained.holdout.test),
                "training_csv_sha256": training_csv.sha256,
                **shown(report),
            },
        )

    return lgbm_model
