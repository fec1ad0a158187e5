"""The job `zl_delete_vanished`. Must not be here: what vanished means and the guard, which are warehouse/vanished.py."""

import datetime as dt

import dagster as dg
import pandas as pd

from zl_assets.catalog import Catalog
from zl_assets.contracts import forecasts, market, predictions
from zl_assets.contracts.features import ta_features
from zl_assets.domain.derivation import derive
from zl_assets.domain.regimes import regime_weights
from zl_assets.instruments.base import Instrument
from zl_assets.io_managers.bigquery import Warehouse
from zl_assets.io_managers.failures import as_failures
from zl_assets.operations.apply import Apply
from zl_assets.operations.by_instrument import ByInstrument
from zl_assets.operations.source import BarsSource
from zl_assets.resources import AsOf
from zl_assets.warehouse.contract import TableContract

NAME = "zl_delete_vanished"

_DESCRIPTION = (
    "Rows of sessions that are no longer in the source, which a refresh never deletes. Lists them, by table, with their dates. "
    "With `apply: true` deletes them in one transaction, at most 1 % of the history's dates."
)


def delete_vanished_job(catalog: Catalog, source: BarsSource) -> dg.JobDefinition:
    """The job of one catalog and its bars."""

    @dg.op(name="delete_vanished", description=_DESCRIPTION)
    def delete_vanished(context: dg.OpExecutionContext, config: Apply, warehouse: Warehouse, as_of: AsOf) -> None:
        from zl_assets.warehouse import vanished

        seen = ByInstrument(catalog.instruments)
        rows, deleted = 0, 0
        with as_failures(), warehouse.publisher(run=context.run_id, asset=NAME) as publisher:
            for instrument in catalog.instruments:
                with seen.of(instrument):
                    bars = source.bars(publisher, instrument).frame
                    made = _made(catalog, instrument, bars, as_of.date, loaded=source.loaded)
                    looked = [
                        vanished.find_vanished(publisher, contract, instrument.symbol, kept) for contract, kept in made.items()
                    ]
                    found = [table for table in looked if table is not None]
                    rows += sum(len(table.dates) for table in found)
                    # How much of a history may go is judged by that history.
                    gone = vanished.delete_vanished(publisher, found) if config.apply else None
                    deleted += gone or 0
                    seen.found[instrument.symbol] = vanished.markdown(found, gone)
        report = {"vanished": dg.MetadataValue.md(seen.text), "rows_vanished": rows, "rows_deleted": deleted}
        context.log.info(seen.text)
        seen.require_sound(report)
        context.add_output_metadata(report)

    @dg.job(name=NAME, description=_DESCRIPTION)
    def job() -> None:
        delete_vanished()

    return job


def _made(
    catalog: Catalog, instrument: Instrument, bars: pd.DataFrame, as_of: dt.date, *, loaded: bool
) -> dict[TableContract, pd.DataFrame]:
    """The rows that today's source gives each of an instrument's tables."""
    from zl_assets.model.replay.walk import FIRST_ROW

    derived = derive(bars, instrument, as_of, regime_weights())
    families = [catalog.family(family, instrument) for family in catalog.selection(instrument).on]
    # A forecast belongs to a row of the matrix; but what was said in the record was said, whatever became of its session.
    of_matrix = [catalog.matrix(instrument), forecasts.score(*catalog.instruments)]
    for horizon in instrument.horizons:
        of_matrix += [predictions.oof(instrument, horizon), predictions.latest(instrument, horizon)]
    return {
        **({catalog.bars(instrument): bars} if loaded else {}),
        market.sessions(instrument): derived.sessions.frame,
        ta_features(instrument): derived.features,
        **dict.fromkeys(families, derived.sessions.frame),
        **dict.fromkeys(of_matrix, derived.matrix),
        # With a session before it gone, what was the first row of the replay has too few before it.
        forecasts.replay(*catalog.instruments): derived.matrix.iloc[FIRST_ROW:],
    }
