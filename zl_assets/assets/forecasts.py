"""What was said when, how it came out, and what would have been said: the record, its score and the replay.

Belongs here: reading what each needs, and metadata for the person looking at the graph. Must not be here: how a forecast, a band
or a score is made.
"""

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import dagster as dg
import pandas as pd

from zl_assets.assets.choices import choices_of, chosen
from zl_assets.assets.common import OWNERS, PREDICTIONS, group_of
from zl_assets.catalog import Catalog
from zl_assets.contracts import features, market, predictions
from zl_assets.contracts import forecasts as contracts
from zl_assets.contracts.training import TRAINING_CSV
from zl_assets.domain.forecast_record import forecast_of, of_horizon, taken
from zl_assets.domain.forecast_score import first_said, scores, unlike_replay, with_rolls
from zl_assets.instruments.base import Horizon, Instrument
from zl_assets.io_managers.artifacts import TrainingCsv
from zl_assets.io_managers.bigquery import Warehouse
from zl_assets.io_managers.failures import as_failures
from zl_assets.io_managers.forecasts import remembered, statement
from zl_assets.io_managers.keys import TABLES_IO
from zl_assets.io_managers.metadata import Told, described, rows_table
from zl_assets.io_managers.pictures import pictures_of
from zl_assets.model.errors import TrainingFault
from zl_assets.model.fit.config import ModelConfig, launchpad
from zl_assets.provenance import Provenance
from zl_assets.resources import AsOf

if TYPE_CHECKING:
    from zl_assets.model.report.page import Picture

# Rows of a table in metadata.
_SHOWN = 30

_REPLAY = (
    "What would have been said of each session, by a model and errors known on it: walk-forward, computed afterwards.\n\n"
    "Nobody said it then; what was said is the record. One fit a session: half a minute the first time, then one a day. A row "
    "whose\nfit depends on nothing that has changed is not computed again. Published ranges are made of its errors."
)
_RECORD = (
    "What the published model said of the newest session, on the day it said it, with its ranges and the size of the move.\n\n"
    "Rows are added and never changed, and none is made again: a rerun adds nothing, nor does an as-of date before the newest "
    "one\nin the record, or one that has not come. A row that is recorded more than three days after its as-of date, or that is "
    "said\nof bars so old that its target is over, is marked back-dated, and left out of the live figures. This is what is "
    "scored;\nthe open forecasts are not, because they are made anew every day until the outcome is known."
)
_SCORE = (
    "Each recorded forecast whose target session has come, beside what came. Of several about one session the first counts.\n\n"
    "A year of daily forecasts is worth about twelve independent ones: below ten horizons of them no interval is given, and "
    "nothing\nis judged."
)


@dataclass(frozen=True)
class RecordChoice:
    """What a person may say of the record."""

    accept_lost_rows: bool = field(
        default=False,
        metadata=launchpad(
            "Rows that were lost are gone for good, and record_complete is to say so no longer. They are not made again."
        ),
    )


RecordChoices = choices_of("RecordChoices", "What a person may say of the record.", RecordChoice())


def build_replay(catalog: Catalog, instrument: Instrument, horizon: Horizon, provenance: Provenance) -> dg.AssetsDefinition:
    """What would have been said of each session."""
    name = instrument.asset_at(horizon, contracts.REPLAY)
    contract, kept = catalog.replay(instrument, horizon), catalog.selection(instrument).kept

    @dg.asset(
        name=name,
        description=_REPLAY,
        group_name=group_of(instrument, PREDICTIONS),
        kinds={"bigquery", "lightgbm"},
        owners=OWNERS,
        metadata=described(contract),
        ins={
            "csv": dg.AssetIn(instrument.asset_at(horizon, TRAINING_CSV)),
            "ta_features": dg.AssetIn(features.ta_features(instrument).table),
            "sessions": dg.AssetIn(market.sessions(instrument).table),
        },
        io_manager_key=TABLES_IO,
    )
    def replay_asset(
        context: dg.AssetExecutionContext,
        csv: TrainingCsv,
        ta_features: pd.DataFrame,
        sessions: pd.DataFrame,
        warehouse: Warehouse,
    ) -> dg.MaterializeResult[Any]:
        from zl_assets.model.fit.design import inputs_with
        from zl_assets.model.replay.rows import replay_rows
        from zl_assets.model.reuse.made_of import fit_made_with
        from zl_assets.warehouse.publish import Publication, Withheld

        config, inputs = ModelConfig.of(instrument, horizon), inputs_with(kept)
        with as_failures():
            with warehouse.publisher(run=context.run.run_id, asset=name) as publisher:
                stored = of_horizon(publisher.latest(contract, absent_ok=True), instrument, horizon)
            made_with = fit_made_with(config, inputs)
            try:
                found = replay_rows(
                    csv.frame, with_rolls(sessions, ta_features), stored, config, made_with, instrument, horizon, inputs
                )
            except TrainingFault as fault:
                return dg.MaterializeResult(value=Withheld(str(fault)))
        facts = {
            "forecasts_computed": found.fitted,
            "forecasts_kept": len(found.rows) - found.fitted,
            **pictures_of(
                context.instance,
                name,
                provenance,
                ("would_have_said", "would_have_held"),
                _drawn_by(),
                (found.rows, csv.frame[["data_date", horizon.target]]),
                lambda: _marked(_replay_pictures(found.rows, csv.frame, instrument, horizon), provenance),
            ),
        }
        return dg.MaterializeResult(value=Told(Publication(found.rows, source=provenance.label, adopts=True), facts))

    return replay_asset


def build_record(catalog: Catalog, instrument: Instrument, horizon: Horizon, provenance: Provenance) -> dg.AssetsDefinition:
    """What the published model said, when it said it."""
    name = instrument.asset_at(horizon, contracts.RECORD)
    contract = catalog.record(instrument, horizon)

    @dg.asset(
        name=name,
        description=_RECORD,
        group_name=group_of(instrument, PREDICTIONS),
        kinds={"bigquery"},
        owners=OWNERS,
        metadata=described(contract),
        ins={"latest": dg.AssetIn(predictions.latest(instrument, horizon).table)},
        io_manager_key=TABLES_IO,
    )
    def record_asset(
        context: dg.AssetExecutionContext,
        config: RecordChoices,  # type: ignore[valid-type]
        latest: pd.DataFrame,
        warehouse: Warehouse,
        as_of: AsOf,
    ) -> dg.MaterializeResult[Any]:
        from zl_assets.warehouse.publish import Publication, Withheld
        from zl_assets.warehouse.shape import conform

        with as_failures():
            with warehouse.publisher(run=context.run.run_id, asset=name) as publisher:
                record = of_horizon(publisher.read_or_empty(contract), instrument, horizon)
            before, now = remembered(context.instance, name, provenance, record), dt.datetime.now(dt.UTC)
            if chosen(config, RecordChoice).accept_lost_rows:
                before = before.accepted(record, now.date())
            if latest.empty:
                nothing = Withheld(f"there is no forecast to record: see {predictions.latest(instrument, horizon).table}.")
                return dg.MaterializeResult(value=Told(nothing, statement(record, None, before)))
            new = taken(forecast_of(latest, horizon, as_of.date, provenance.source, now), record, before, now.date())
        facts = {"said": new.said, **statement(record, as_of.date if len(new.rows) else None, before)}
        if new.rows.empty:
            return dg.MaterializeResult(value=Told(Withheld(new.said, usual=new.usual), facts))
        rows = Publication(conform(new.rows, contract), source=provenance.label, adopts=True)
        return dg.MaterializeResult(value=Told(rows, facts))

    return record_asset


def build_score(catalog: Catalog, instrument: Instrument, horizon: Horizon, provenance: Provenance) -> dg.AssetsDefinition:
    """How what was said came out."""
    name = instrument.asset_at(horizon, contracts.SCORE)
    contract = catalog.score(instrument, horizon)

    @dg.asset(
        name=name,
        description=_SCORE,
        group_name=group_of(instrument, PREDICTIONS),
        kinds={"bigquery"},
        owners=OWNERS,
        metadata=described(contract),
        ins={
            "record": dg.AssetIn(instrument.asset_at(horizon, contracts.RECORD)),
            "replay": dg.AssetIn(instrument.asset_at(horizon, contracts.REPLAY)),
            "sessions": dg.AssetIn(market.sessions(instrument).table),
            "ta_features": dg.AssetIn(features.ta_features(instrument).table),
        },
        io_manager_key=TABLES_IO,
    )
    def score_asset(
        context: dg.AssetExecutionContext,
        record: pd.DataFrame,
        replay: pd.DataFrame,
        sessions: pd.DataFrame,
        ta_features: pd.DataFrame,
    ) -> dg.MaterializeResult[Any]:
        from zl_assets.warehouse.publish import Publication, Withheld
        from zl_assets.warehouse.shape import conform

        ours = of_horizon(record, instrument, horizon)
        found = scores(ours, with_rolls(sessions, ta_features), horizon.sessions)
        other = unlike_replay(ours, of_horizon(replay, instrument, horizon))
        due = Publication(conform(found, contract), source=provenance.label, adopts=True)
        shown = due.frame[due.frame["source"].eq(provenance.source)]
        pictures = pictures_of(
            context.instance,
            name,
            provenance,
            ("said_and_came", "coverage_over_time"),
            _drawn_by(),
            (shown, ours),
            lambda: _marked(_score_pictures(ours, shown, instrument, horizon), provenance),
        )
        facts = {
            "came_due": len(found),
            "of_them_back_dated": int(found["back_dated"].sum()),
            "still_open": len(first_said(ours)) - len(found),
            "said_by_another_model_than_the_replays": len(other),
            **pictures,
            **({"newest_of_those": rows_table(other.tail(_SHOWN))} if len(other) else {}),
        }
        return dg.MaterializeResult(value=Told(due if len(found) else Withheld("nothing has come due yet", usual=True), facts))

    return score_asset


def _drawn_by() -> str:
    from zl_assets.model.report.record_pictures import drawn_by

    return drawn_by()


def _replay_pictures(replay: pd.DataFrame, view: pd.DataFrame, instrument: Instrument, horizon: Horizon) -> "tuple[Picture, ...]":
    from zl_assets.model.report.record_pictures import replay_pictures

    return replay_pictures(replay, view, instrument, horizon)


def _score_pictures(record: pd.DataFrame, score: pd.DataFrame, instrument: Instrument, horizon: Horizon) -> "tuple[Picture, ...]":
    from zl_assets.model.report.record_pictures import score_pictures

    return score_pictures(record, score, instrument, horizon)


def _marked(pictures: "tuple[Picture, ...]", provenance: Provenance) -> "tuple[Picture, ...]":
    """The pictures; where prices are invented, each says so."""
    from zl_assets.model.report.watermark import marked_pictures

    return marked_pictures(pictures) if provenance.synthetic else pictures
