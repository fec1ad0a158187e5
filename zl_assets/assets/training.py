"""The training view, its CSV, and the model."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import dagster as dg
import pandas as pd

from zl_assets.assets.choices import choices_of, chosen
from zl_assets.assets.common import OWNERS, TRAINING, group_of
from zl_assets.catalog import Catalog
from zl_assets.contracts import features
from zl_assets.contracts.forecasts import REPLAY
from zl_assets.contracts.training import MODEL, TRAINING_CSV
from zl_assets.domain.families.tables import matrix_columns
from zl_assets.domain.forecast_record import of_horizon
from zl_assets.domain.training_view import training_view_select
from zl_assets.instruments.base import Horizon, Instrument
from zl_assets.io_managers.artifacts import ADVICE, ModelIOManager, TrainingCsv
from zl_assets.io_managers.bigquery import Warehouse
from zl_assets.io_managers.exports import Exports, training_rows
from zl_assets.io_managers.failures import as_failures
from zl_assets.io_managers.keys import TABLES_IO, csv_io, models_io
from zl_assets.io_managers.metadata import Told, described, job_metadata, shown, table_schema
from zl_assets.model.fit.config import EvidenceConfig, ModelConfig, launchpad
from zl_assets.model.reuse.find import Made
from zl_assets.model.reuse.made_of import MadeOf, code_sha256, made_of
from zl_assets.provenance import Provenance
from zl_assets.resources import AsOf
from zl_assets.settings import Settings

if TYPE_CHECKING:
    from zl_assets.model.fit.design import Input
    from zl_assets.warehouse.publish import Publisher


def build_view(catalog: Catalog, instrument: Instrument, horizon: Horizon) -> dg.AssetsDefinition:
    """The view, with the columns of the kept families."""
    contract, matrix, kept = catalog.view(instrument, horizon), catalog.matrix(instrument), catalog.selection(instrument).kept
    ahead, split = horizon.sessions, instrument.split_date
    families = "".join(f" the family {family.name}," for family in kept)

    @dg.asset(
        name=contract.table,
        description=(
            f"Flat training rows: close, the eight features,{families} the regime, and the target, which is the return over "
            f"the next {ahead} sessions.\n\nA BigQuery view: one SELECT over {matrix.table}, no joins. The newest {ahead} "
            f"sessions have no target yet. Rows before {split} are `train`, the others `test`."
        ),
        group_name=group_of(instrument, TRAINING),
        kinds={"bigquery", "view"},
        owners=OWNERS,
        metadata=described(contract),
        io_manager_key=TABLES_IO,
        deps=[instrument.asset(matrix.table)],
    )
    def view_asset(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult[Any]:
        from zl_assets.warehouse.publish import ViewDefinition

        with as_failures(), warehouse.publisher(run=context.run.run_id, asset=contract.table) as publisher:
            select = training_view_select(publisher.namespace.of(matrix).quoted, instrument, horizon, matrix_columns(kept))
        # As a text, whose lines a page breaks; those of a block of code make every row of the page as wide as they are.
        return dg.MaterializeResult(value=Told(ViewDefinition(select, (matrix,)), {"sql": select}))

    return view_asset


_CSV_DESCRIPTION = (
    "The training view as a file, for training here or elsewhere.\n\nReplaced in one step, so a reader never sees half of it. "
    "Floats carry all their digits. The sha256 is recorded; the model refuses a file with another one."
)


def build_csv(catalog: Catalog, settings: Settings, instrument: Instrument, horizon: Horizon) -> dg.AssetsDefinition:
    """The training view's file, read from the view or, with ZL_EXPORT_URI, exported by BigQuery: the bytes are the same."""
    provenance = Provenance.of(settings)
    if settings.export_uri is None:
        return _read_csv(catalog, provenance, instrument, horizon)
    return _exported_csv(settings.export_uri, catalog, provenance, instrument, horizon)


def _refuse_other_prices(publisher: "Publisher", catalog: Catalog, instrument: Instrument, provenance: Provenance) -> None:
    """Whoever makes the file alone makes it of what the tables hold, and it must not be recorded as made of other prices.

    Raises:
        SourceConflict: the bars table holds another source's rows than the settings name.
    """
    if provenance.label is not None:
        publisher.inspect(catalog.bars(instrument), provenance.label).require()


def _read_csv(catalog: Catalog, provenance: Provenance, instrument: Instrument, horizon: Horizon) -> dg.AssetsDefinition:
    view, name = catalog.view(instrument, horizon), instrument.asset_at(horizon, TRAINING_CSV)

    @dg.asset(
        name=name,
        description=_CSV_DESCRIPTION,
        group_name=group_of(instrument, TRAINING),
        kinds={"csv"},
        owners=OWNERS,
        metadata={"dagster/column_schema": table_schema(view)},
        ins={"rows": dg.AssetIn(view.table)},
        io_manager_key=csv_io(instrument, horizon),
    )
    def csv_asset(
        context: dg.AssetExecutionContext, warehouse: Warehouse, rows: pd.DataFrame
    ) -> dg.MaterializeResult[pd.DataFrame]:
        with as_failures(), warehouse.publisher(run=context.run.run_id, asset=name) as publisher:
            _refuse_other_prices(publisher, catalog, instrument, provenance)
        return dg.MaterializeResult(value=rows)

    return csv_asset


def _exported_csv(
    uri: str, catalog: Catalog, provenance: Provenance, instrument: Instrument, horizon: Horizon
) -> dg.AssetsDefinition:
    view, name = catalog.view(instrument, horizon), instrument.asset_at(horizon, TRAINING_CSV)

    @dg.asset(
        name=name,
        description=f"{_CSV_DESCRIPTION}\n\nExported by BigQuery through {uri}.",
        group_name=group_of(instrument, TRAINING),
        kinds={"csv", "googlecloud"},
        owners=OWNERS,
        metadata={"dagster/column_schema": table_schema(view)},
        io_manager_key=csv_io(instrument, horizon),
        deps=[view.table],
    )
    def exported_csv(context: dg.AssetExecutionContext, warehouse: Warehouse, exports: Exports) -> dg.MaterializeResult[Any]:
        from zl_assets.warehouse.export import export_view

        run = context.run.run_id
        with as_failures(), warehouse.publisher(run=run, asset=name) as publisher:
            _refuse_other_prices(publisher, catalog, instrument, provenance)
            exported = export_view(publisher, exports.storage(publisher), uri, view, run)
            frame = training_rows(exported, view)
            asked = job_metadata(publisher.runner.log)
        facts = {"exported_to": exported.uri, "exported_files": exported.files, **asked}
        return dg.MaterializeResult(value=Told(frame, facts))

    return exported_csv


_MODEL = (
    "A small LightGBM model of the {ahead}-session return, with the evidence of how much it can be believed.\n\n"
    "Three fits: walk-forward cross-validation on all labelled rows, a holdout fit scored on {split} and later, and the saved "
    "model on all labelled rows. A model that fails a gate is stored, but `latest` stays on the last one that passed them all. "
    "{inputs}\n\n"
    "A stored model that was made of the same CSV, roll index, replay, choices, libraries and code is used again: its files are "
    "verified, its gates evaluated anew and its stored report shown, and `reused` says so. `retrain` in the launchpad, or "
    "ZL_RETRAIN, trains all the same.\n\n"
    "`what_it_can_do` begins with what is to be known today: that the model is not published, or that the bars are old.\n\n"
    "The features table is read for the roll index, and the replay for the ranges: both are reported on, and the model depends "
    "on neither."
)


@dataclass(frozen=True)
class ReuseChoice:
    """Whether an unchanged model may be used again."""

    retrain: bool = field(
        default=False,
        metadata=launchpad("Train even where a stored model was made of the same; what ZL_RETRAIN says if not given here."),
    )


def build_model(catalog: Catalog, settings: Settings, instrument: Instrument, horizon: Horizon) -> dg.AssetsDefinition:
    """The model, with the inputs of the kept families."""
    code_at_start, models_key, provenance = code_sha256(), models_io(instrument, horizon), Provenance.of(settings)
    synthetic, prices = provenance.synthetic, provenance.prices
    kept = catalog.selection(instrument).kept
    names = ", ".join(family.name for family in kept)
    baseline = "These eight features are a baseline: the model proves the pipeline, not an edge."
    inputs = f"Beside the eight features it sees the families {names}." if names else baseline
    model_choices = choices_of(
        "ModelChoices",
        "The choices of one run; the defaults are the model of record.\n\n"
        "Dagster checks the types when the run is launched. The step refuses, before anything is fitted, choices that cannot be\n"
        "trained or whose result could not be believed; the last model then stays `latest`.",
        ModelConfig.of(instrument, horizon),
        EvidenceConfig(),
        ReuseChoice(settings.retrain),
    )

    @dg.asset(
        name=instrument.asset_at(horizon, MODEL),
        description=_MODEL.format(ahead=horizon.sessions, split=instrument.split_date.year, inputs=inputs),
        group_name=group_of(instrument, TRAINING),
        kinds={"lightgbm"},
        owners=OWNERS,
        ins={
            "csv": dg.AssetIn(instrument.asset_at(horizon, TRAINING_CSV)),
            "ta_features": dg.AssetIn(features.ta_features(instrument).table),
            "replay": dg.AssetIn(instrument.asset_at(horizon, REPLAY)),
        },
        io_manager_key=models_key,
        required_resource_keys={models_key, "as_of"},
    )
    def model_asset(
        context: dg.AssetExecutionContext,
        config: model_choices,  # type: ignore[valid-type]
        csv: TrainingCsv,
        ta_features: pd.DataFrame,
        replay: pd.DataFrame,
    ) -> dg.MaterializeResult[Any]:
        from zl_assets.model.fit.design import inputs_with
        from zl_assets.model.fit.skill import pooled_skill
        from zl_assets.model.report.standing import standing_words

        models: ModelIOManager = getattr(context.resources, models_key)
        as_of: AsOf = context.resources.as_of
        with as_failures():
            choices, evidence = chosen(config, ModelConfig), chosen(config, EvidenceConfig)
            inputs, replayed = inputs_with(kept), of_horizon(replay, instrument, horizon)
            parts = made_of(
                csv.sha256,
                ta_features,
                replayed,
                choices,
                evidence,
                instrument,
                horizon,
                inputs,
                code_at_start,
                synthetic=synthetic,
            )
            asked = chosen(config, ReuseChoice).retrain
            made = "ZL_RETRAIN or the launchpad asked for it" if asked else models.find(parts, csv.frame, choices)
            if not isinstance(made, Made):
                context.log.info(f"the model is trained: {made}")
                made = _train(
                    made,
                    parts,
                    csv,
                    ta_features,
                    replayed,
                    choices,
                    evidence,
                    instrument,
                    horizon,
                    inputs,
                    synthetic=synthetic,
                )
            else:
                context.log.info(f"model {made.found} of {made.trained_at} is used again: nothing that it is made of has changed")
        trained = made.trained
        made = replace(made, standing=standing_words(trained, made.gates, csv.frame, as_of.date), prices=prices)
        facts = {
            ADVICE: made.advice,
            **shown(made.shown, "what_it_can_do"),
            "reused": made.found is not None,
            "trained": f"{made.trained_at}, and nothing that it is made of has changed" if made.found else f"now: {made.why}",
            "labelled_rows": len(trained.data.dates),
            "trained_through": f"{trained.data.dates[-1]:%Y-%m-%d}",
            "holdout_train_rows": len(trained.holdout.train),
            "holdout_test_rows": len(trained.holdout.test),
            # As the gates' values: a number under a name that stays, so that it can be plotted.
            "skill": pooled_skill(trained.folds, trained.data.target),
            "training_csv_sha256": csv.sha256,
        }
        return dg.MaterializeResult(value=Told(made, facts))

    return model_asset


def _train(
    why: str,
    parts: MadeOf | None,
    csv: TrainingCsv,
    ta_features: pd.DataFrame,
    replay: pd.DataFrame,
    choices: ModelConfig,
    evidence: EvidenceConfig,
    instrument: Instrument,
    horizon: Horizon,
    inputs: "tuple[Input, ...]",
    *,
    synthetic: bool,
) -> Made:
    """Train, hold it against its gates, and report on both."""
    from zl_assets.model.fit.gates import evaluate_gates, with_permutation
    from zl_assets.model.fit.training import train
    from zl_assets.model.report.evidence import gather_evidence
    from zl_assets.model.report.report import build_report

    trained = with_permutation(train(csv.frame, choices, csv.sha256, instrument, horizon, inputs, synthetic=synthetic))
    gates = evaluate_gates(trained)
    report = build_report(gather_evidence(trained, gates, csv.frame, ta_features, replay, evidence))
    return Made(trained, gates, report, parts, why=why)
