"""The job `zl_plan`. Must not be here: how a plan is made, which is warehouse/plan.py."""

from typing import TYPE_CHECKING, Any

import dagster as dg

from zl_assets.assets.market import stored_rows
from zl_assets.catalog import Catalog
from zl_assets.contracts import market, predictions
from zl_assets.contracts.features import ta_features
from zl_assets.contracts.regimes import REGIME_WEIGHTS
from zl_assets.domain.derivation import prove
from zl_assets.domain.families.tables import matrix_columns, without_rows
from zl_assets.domain.matrix import stamp_families
from zl_assets.domain.regimes import regime_weights
from zl_assets.domain.training_view import training_view_select
from zl_assets.hints import told
from zl_assets.instruments.base import Instrument
from zl_assets.io_managers.bigquery import Warehouse
from zl_assets.io_managers.failures import as_failures
from zl_assets.operations.by_instrument import ByInstrument
from zl_assets.operations.families import plan_families
from zl_assets.operations.source import BarsSource
from zl_assets.resources import AsOf
from zl_assets.warehouse.contract import TableContract

if TYPE_CHECKING:
    from zl_assets.warehouse.plan import Permission, Plan
    from zl_assets.warehouse.publish import Publication, Publisher

NAME = "zl_plan"

_DESCRIPTION = (
    "What the next refresh would do: permissions, what would be created or altered, rows to insert and update by table and date, "
    "bytes. Writes nothing, not even a staging table. Red if the refresh would stop. Run it before the first refresh on live "
    "tables."
)


def plan_job(catalog: Catalog, source: BarsSource) -> dg.JobDefinition:
    """The job of one catalog and its bars."""

    @dg.op(name="plan", description=_DESCRIPTION)
    def plan(context: dg.OpExecutionContext, warehouse: Warehouse, as_of: AsOf) -> None:
        from zl_assets.warehouse.plan import Plan, markdown

        seen, plans = ByInstrument(catalog.instruments), list[Plan]()
        with as_failures(), warehouse.publisher(run=context.run_id, asset=NAME) as publisher:
            for instrument in catalog.instruments:
                with seen.of(instrument):
                    made, notes = _plans(publisher, catalog, source, instrument, {} if plans else _regimes(), as_of)
                    plans += made
                    seen.found[instrument.symbol] = "\n".join([*(markdown(plan, told) for plan in made), *notes])
        report: dict[str, Any] = {
            "plan": dg.MetadataValue.md(seen.text),
            "rows_to_insert": sum(table.inserted for plan in plans for table in plan.tables),
            "rows_to_update": sum(table.updated for plan in plans for table in plan.tables),
        }
        context.log.info(seen.text)
        if stops := [told(stop) for plan in plans for stop in plan.stops] + seen.wrong:
            raise dg.Failure("A refresh would stop:\n- " + "\n- ".join(stops), metadata=report, allow_retries=False)
        context.add_output_metadata(report)

    @dg.job(name=NAME, description=_DESCRIPTION)
    def job() -> None:
        plan()

    return job


def _regimes() -> "dict[TableContract, Publication]":
    from zl_assets.warehouse.publish import Publication

    return {REGIME_WEIGHTS: Publication(regime_weights())}


def _plans(
    publisher: "Publisher",
    catalog: Catalog,
    source: BarsSource,
    instrument: Instrument,
    common: "dict[TableContract, Publication]",
    as_of: AsOf,
) -> "tuple[list[Plan], list[str]]":
    """The plans of one instrument, one a horizon, and a note for each family whose table would stay.

    Args:
        common: tables that all instruments share, in the plan of the first.
    """
    from zl_assets.warehouse.plan import PlannedView, make_plan
    from zl_assets.warehouse.publish import Publication, ViewDefinition

    on, bars = catalog.selection(instrument).on, source.bars(publisher, instrument)
    stored = stored_rows(publisher, catalog, instrument, loaded=source.loaded)
    derived = prove(bars.frame, instrument, as_of.date, regime_weights(), stored)
    families = plan_families(publisher, catalog, instrument, derived.sessions.frame)
    matrix = catalog.matrix(instrument).leaving(without_rows(families.tables))
    publications = {
        **({catalog.bars(instrument): bars} if source.loaded else {}),
        **common,
        market.sessions(instrument): Publication(derived.sessions.frame),
        ta_features(instrument): Publication(derived.features),
        **{table: Publication(rows) for table, rows in families.written.items()},
        matrix: Publication(stamp_families(derived.matrix, on, families.tables, matrix)),
    }
    permissions = _permissions(publisher, catalog, source) if common else []
    made: list[Plan] = []
    for horizon in instrument.horizons:
        kept = matrix_columns(catalog.selection(instrument).kept)
        select = training_view_select(publisher.namespace.of(matrix).quoted, instrument, horizon, kept)
        shared = (make(instrument, horizon) for make in (catalog.replay, catalog.record, catalog.score))
        later = [predictions.oof(instrument, horizon), predictions.latest(instrument, horizon), *shared]
        view = PlannedView(catalog.view(instrument, horizon), ViewDefinition(select, (matrix,)))
        # The tables and permissions are in the plan of the first horizon.
        first, planned = not made, [table for plan in made for table in plan.tables]
        made.append(
            make_plan(
                publisher,
                publications if first else {},
                later,
                view,
                as_of.date,
                permissions if first else [],
                planned,
            )
        )
    return made, list(families.notes)


def _permissions(publisher: "Publisher", catalog: Catalog, source: BarsSource) -> "list[Permission]":
    """What may be done with the tables; the embedded BigQuery has no access control, and grants whatever it is asked for."""
    from zl_assets.warehouse.plan import probe_permissions

    if source.loaded:
        return []
    external = {market.BARS_TABLE, *(one.table for one in catalog.sources if not one.loaded_in_cloud)}
    # A table that several instruments share is asked about once.
    tables = {contract.table: contract for contract in catalog.contracts.values()}
    theirs = [contract for table, contract in tables.items() if table in external]
    ours = [contract for table, contract in tables.items() if table not in external]
    return probe_permissions(publisher, theirs, ours)
