"""The prediction tables: what the published model says, and what it would have said."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import pandas as pd

from zl_assets.assets.common import OWNERS, PREDICTIONS, group_of
from zl_assets.contracts import predictions as contracts
from zl_assets.contracts.forecasts import LEVELS, RECORD, REPLAY
from zl_assets.contracts.training import MODEL, TRAINING_CSV
from zl_assets.domain.forecast_record import of_horizon
from zl_assets.domain.rules.market import newest_session
from zl_assets.domain.rules.predictions import sessions_behind
from zl_assets.instruments.base import Horizon, Instrument
from zl_assets.io_managers.artifacts import ADVICE, MODEL_ID, TrainingCsv
from zl_assets.io_managers.failures import as_failures
from zl_assets.io_managers.keys import TABLES_IO, published_io
from zl_assets.io_managers.metadata import Told, described
from zl_assets.io_managers.records import record_in
from zl_assets.model.errors import NoRange
from zl_assets.model.fit.artifact import LoadedModel
from zl_assets.provenance import Provenance
from zl_assets.resources import AsOf

if TYPE_CHECKING:
    from zl_assets.model.ranges.judged import Held

_OOF = (
    "What cross-validation forecast for each labelled session, by a fit that had not seen it, beside what came.\n\n"
    "Sessions before the first test fold are here too, without a forecast: the folds move as the history grows, and a row that "
    "no\nfold tests any more must not keep an old model's forecast. Left as it is when the run's model did not become `latest`."
)

_NOT_SCORED = (
    "This table must not be scored: until its target was known a row was forecast anew every day, by models that had learnt "
    "from\nlabels which overlap its own, and so it looks better than what was said on the day. {record} has that, and is scored."
)


def build_oof(instrument: Instrument, horizon: Horizon, provenance: Provenance) -> dg.AssetsDefinition:
    """The out-of-fold forecasts."""
    contract = contracts.oof(instrument, horizon)

    @dg.asset(
        name=contract.table,
        description=_OOF,
        group_name=group_of(instrument, PREDICTIONS),
        kinds={"bigquery", "lightgbm"},
        owners=OWNERS,
        metadata=described(contract),
        ins={
            "model": dg.AssetIn(instrument.asset_at(horizon, MODEL)),
            "csv": dg.AssetIn(instrument.asset_at(horizon, TRAINING_CSV)),
        },
        io_manager_key=TABLES_IO,
        output_required=False,
    )
    def oof_asset(context: dg.AssetExecutionContext, model: LoadedModel, csv: TrainingCsv) -> Iterator[dg.MaterializeResult[Any]]:
        from zl_assets.model.fit.predictions import oof_rows
        from zl_assets.model.reuse.record import folds_of
        from zl_assets.warehouse.publish import Publication

        if not model.is_latest:
            context.log.warning(f"model {model.model_id} is not latest: {contract.name} keeps the forecasts of the latest model")
            return
        with as_failures():
            rows = oof_rows(model, csv.frame, csv.sha256, folds_of(model.path))
        facts = {"model_id": model.model_id, "forecasts": int(rows["predicted_return"].notna().sum())}
        yield dg.MaterializeResult(value=Told(Publication(rows, source=provenance.label, adopts=True), facts))

    return oof_asset


def build_latest(instrument: Instrument, horizon: Horizon, provenance: Provenance) -> dg.AssetsDefinition:
    """The open forecasts."""
    contract, model_key = contracts.latest(instrument, horizon), instrument.asset_at(horizon, MODEL)
    record = instrument.asset_at(horizon, RECORD)

    @dg.asset(
        name=contract.table,
        description=(
            f"The forecast of every session whose target is not known yet, in {instrument.price.name.removeprefix('US ')}, "
            "with ranges meant to hold\n50, 80 and 95 % of outcomes, and the size of the move that is to be expected.\n\n"
            "Made by `latest`, the newest model that passed its gates, which may be older than this run's. A newer model updates "
            "these\nrows; once a target is known its row stays as it was last forecast. Target sessions are the exchange "
            "calendar's. The widths\nare the replay's of the same session: where it has none, nothing is written.\n\n"
            f"{_NOT_SCORED.format(record=record)}"
        ),
        group_name=group_of(instrument, PREDICTIONS),
        kinds={"bigquery", "lightgbm"},
        owners=OWNERS,
        metadata=described(contract) | {"must_not_be_scored": _NOT_SCORED.format(record=record).replace("\n", " ")},
        ins={
            "model": dg.AssetIn(model_key, input_manager_key=published_io(instrument, horizon)),
            "csv": dg.AssetIn(instrument.asset_at(horizon, TRAINING_CSV)),
            "replay": dg.AssetIn(instrument.asset_at(horizon, REPLAY)),
        },
        io_manager_key=TABLES_IO,
    )
    def latest_asset(
        context: dg.AssetExecutionContext, model: LoadedModel, csv: TrainingCsv, replay: pd.DataFrame, as_of: AsOf
    ) -> dg.MaterializeResult[Any]:
        from zl_assets.model.replay.latest import latest_rows
        from zl_assets.model.replay.verdicts import bands_held
        from zl_assets.warehouse.publish import Publication, Withheld

        replayed = of_horizon(replay, instrument, horizon)
        with as_failures():
            try:
                rows = latest_rows(model, csv.frame, replayed)
            except NoRange as fault:
                return dg.MaterializeResult(value=Withheld(str(fault)))
        newest, calendar = rows.iloc[-1], newest_session(rows, instrument.calendar, as_of.date)
        stale = "" if calendar.passed else f"stale by {calendar.measured} sessions: "
        facts = {
            "newest_forecast": f"{provenance.mark}{stale}{_said(newest, instrument)}",
            "ranges_held": _held(bands_held(replayed, csv.frame, horizon)),
            # As a number, under a name that stays, so that it can be plotted.
            "predicted_close": float(newest["predicted_close"]),
            "model_id": model.model_id,
            "trained_through": str(model.trained_through),
            "sessions_behind": len(sessions_behind(csv.frame, horizon.target, model.trained_through)),
            "newest_model": _newest_model(context.instance, model_key, provenance, model.path.parent),
        }
        return dg.MaterializeResult(value=Told(Publication(rows, source=provenance.label, adopts=True), facts))

    return latest_asset


def _said(newest: "pd.Series[Any]", instrument: Instrument) -> str:
    """A forecast with its ranges and the size of the move, in a line."""
    ranges = ", ".join(
        f"{level} % {newest[contracts.end_column('low', level)]:.2f} to {newest[contracts.end_column('high', level)]:.2f}"
        for level in LEVELS
    )
    return (
        f"{newest.data_date:%Y-%m-%d} for {newest.target_session:%Y-%m-%d}: {newest.predicted_close:.2f} "
        f"{instrument.price.name}, ranges {ranges}; expected move {newest.expected_move:.1%} or {newest.expected_move_price:.2f} "
        f"{instrument.price.word}, larger than on {newest.move_percentile:.0%} of past sessions"
    )


def _held(found: "Mapping[int, Held]") -> str:
    """What the ranges held, which is said wherever they are."""
    from zl_assets.model.replay.verdicts import HELD_FROM

    if not found:
        return "no such range has an outcome yet, so it is not known"
    rows = next(iter(found.values())).rows
    shares = "; ".join(
        f"{100 * one.covered:.1f} % (error {100 * one.error:.1f}) where {level} % is said" for level, one in found.items()
    )
    return f"walk-forward from {HELD_FROM:%Y} on, {rows:,} sessions: {shares}"


def _newest_model(instance: dg.DagsterInstance, model: str, provenance: Provenance, models: Path) -> str:
    """The newest run's model in this state folder and, if the forecasts are by another model, why."""
    recorded = record_in(instance, dg.AssetKey(model), provenance, MODEL_ID, lambda found: (models / found).is_dir()) or {}
    if ADVICE not in recorded:
        return "not recorded"
    return f"{recorded[MODEL_ID].value} ({recorded[ADVICE].value})"
