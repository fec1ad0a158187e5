"""The job `zl_slice_check`. Must not be here: what is tried, which is warehouse/slice_check.py and domain/slices.py."""

import dagster as dg

from zl_assets.catalog import Catalog
from zl_assets.domain.regimes import regime_weights
from zl_assets.domain.slices import first_sessions_of_2015
from zl_assets.io_managers.bigquery import Warehouse
from zl_assets.io_managers.failures import as_failures
from zl_assets.operations.families import read_sources
from zl_assets.operations.source import BarsSource
from zl_assets.resources import AsOf

NAME = "zl_slice_check"

_DESCRIPTION = (
    "The first 100 sessions of 2015 through the whole write path, into scratch tables beside the live ones: every column is read "
    "back and compared, a row with every field set is inserted, partitioning and clustering are read back. The scratch tables "
    "expire and are dropped; no live table is touched."
)


def slice_check_job(catalog: Catalog, source: BarsSource) -> dg.JobDefinition:
    """The job of one catalog and its bars."""

    @dg.op(name="slice_check", description=_DESCRIPTION)
    def slice_check(context: dg.OpExecutionContext, warehouse: Warehouse, as_of: AsOf) -> None:
        from zl_assets.warehouse.slice_check import Tried, markdown, try_slice

        with as_failures(), warehouse.publisher(run=context.run_id, asset=NAME) as publisher:
            tried: list[Tried] = []
            for instrument in catalog.instruments:
                bars = source.bars(publisher, instrument).frame
                sources = read_sources(publisher, catalog, instrument)
                selection = catalog.selection(instrument)
                slices = first_sessions_of_2015(bars, instrument, as_of.date, regime_weights(), selection, sources)
                rules = {table.contract.table: table.rules for table in catalog.tables_of(instrument).values()}
                tried += try_slice(publisher, slices, rules)
        text = markdown(tried)
        context.log.info(text)
        context.add_output_metadata({"slice": dg.MetadataValue.md(text)})

    @dg.job(name=NAME, description=_DESCRIPTION)
    def job() -> None:
        slice_check()

    return job
