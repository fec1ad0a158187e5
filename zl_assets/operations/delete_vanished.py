"""The job `zl_delete_vanished`. Must not be here: what vanished means and the guard, which are warehouse/vanished.py."""

import dagster as dg

from zl_assets.contracts.tables import BARS, FEATURES, LATEST, MATRIX, OOF, SESSIONS, SYMBOL
from zl_assets.domain.derivation import derive
from zl_assets.domain.families.registry import Selection
from zl_assets.domain.families.tables import family_contract
from zl_assets.domain.regimes import regime_weights
from zl_assets.io_managers.bigquery import Warehouse
from zl_assets.io_managers.failures import as_failures
from zl_assets.operations.apply import Apply
from zl_assets.operations.source import Source
from zl_assets.resources import AsOf

NAME = "zl_delete_vanished"

_DESCRIPTION = (
    "Rows of sessions that are no longer in the source, which a refresh never deletes. Lists them, by table, with their dates. "
    "With `apply: true` deletes them in one transaction, at most 1 % of the history's dates."
)


def delete_vanished_job(source: Source, selection: Selection) -> dg.JobDefinition:
    """The job for one source of bars and the families that are on."""

    @dg.op(name="delete_vanished", description=_DESCRIPTION)
    def delete_vanished(context: dg.OpExecutionContext, config: Apply, warehouse: Warehouse, as_of: AsOf) -> None:
        from zl_assets.warehouse import vanished

        with as_failures(), warehouse.publisher(run=context.run_id, asset=NAME) as publisher:
            bars = source.bars(publisher).frame
            derived = derive(bars, SYMBOL, as_of.date, regime_weights())
            made = {
                **({BARS: bars} if source.loaded else {}),
                SESSIONS: derived.sessions.frame,
                FEATURES: derived.features,
                **dict.fromkeys((family_contract(family) for family in selection.on), derived.sessions.frame),
                # A forecast belongs to a row of the matrix.
                **dict.fromkeys((MATRIX, OOF, LATEST), derived.matrix),
            }
            looked = [vanished.find_vanished(publisher, contract, SYMBOL, frame) for contract, frame in made.items()]
            found = [table for table in looked if table is not None]
            deleted = vanished.delete_vanished(publisher, found) if config.apply else None
        text = vanished.markdown(found, deleted)
        context.log.info(text)
        context.add_output_metadata(
            {
                "vanished": dg.MetadataValue.md(text),
                "rows_vanished": sum(len(table.dates) for table in found),
                "rows_deleted": deleted or 0,
            }
        )

    @dg.job(name=NAME, description=_DESCRIPTION)
    def job() -> None:
        delete_vanished()

    return job
