"""The job `zl_slice_check`. Must not be here: what is tried, which is warehouse/slice_check.py and domain/slices.py."""

import dagster as dg
import pandas as pd

from zl_assets.catalog import Catalog
from zl_assets.contracts import market
from zl_assets.domain.regimes import regime_weights
from zl_assets.domain.slices import first_sessions_from_2015
from zl_assets.io_managers.bigquery import Warehouse
from zl_assets.io_managers.failures import as_failures
from zl_assets.operations.by_instrument import ByInstrument
from zl_assets.operations.families import read_sources
from zl_assets.operations.source import BarsSource
from zl_assets.resources import AsOf

NAME = "zl_slice_check"

_DESCRIPTION = (
    "The first 100 sessions from 2015 on that are in the matrix, of each instrument, through the whole write path, into scratch "
    "tables beside the live ones: every column is read back and compared, a row with every field set is inserted, partitioning "
    "and clustering are read back. The scratch tables expire and are dropped; no live table is touched."
)


def slice_check_job(catalog: Catalog, source: BarsSource) -> dg.JobDefinition:
    """The job of one catalog and its bars."""

    @dg.op(name="slice_check", description=_DESCRIPTION)
    def slice_check(context: dg.OpExecutionContext, warehouse: Warehouse, as_of: AsOf) -> None:
        from zl_assets.warehouse.slice_check import markdown, try_slice

        seen = ByInstrument(catalog.instruments)
        with as_failures(), warehouse.publisher(run=context.run_id, asset=NAME) as publisher:
            for instrument in catalog.instruments:
                with seen.of(instrument):
                    bars = source.bars(publisher, instrument).frame
                    sources = read_sources(publisher, catalog, instrument)
                    selection = catalog.selection(instrument)
                    slices = first_sessions_from_2015(bars, instrument, as_of.date, regime_weights(), selection, sources)
                    rules = {table.contract.table: table.rules for table in catalog.tables_of(instrument).values()}
                    tried = markdown(try_slice(publisher, slices, rules))
                    seen.found[instrument.symbol] = f"{_span(slices[market.sessions(instrument)])}\n\n{tried}"
        report = {"slice": dg.MetadataValue.md(seen.text)}
        context.log.info(seen.text)
        seen.require_sound(report)
        context.add_output_metadata(report)

    @dg.job(name=NAME, description=_DESCRIPTION)
    def job() -> None:
        slice_check()

    return job


def _span(sessions: pd.DataFrame) -> str:
    dates = sessions["data_date"]
    return f"{len(dates)} sessions of {sessions['symbol'].iloc[0]}, {dates.iloc[0]:%Y-%m-%d} to {dates.iloc[-1]:%Y-%m-%d}."
