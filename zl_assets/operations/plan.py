"""The job `zl_plan`. Must not be here: how a plan is made, which is warehouse/plan.py."""

from typing import Any

import dagster as dg

from zl_assets.contracts.regimes import REGIME_WEIGHTS
from zl_assets.contracts.tables import BARS, BARS_1H, FEATURES, LATEST, MATRIX, OOF, SESSIONS, SYMBOL
from zl_assets.domain.derivation import derive
from zl_assets.domain.families.registry import Selection
from zl_assets.domain.families.tables import matrix_columns, matrix_contract, tables_of, training_view_contract, without_rows
from zl_assets.domain.matrix import stamp_families
from zl_assets.domain.regimes import regime_weights
from zl_assets.io_managers.bigquery import Warehouse
from zl_assets.io_managers.failures import as_failures
from zl_assets.operations.families import plan_families
from zl_assets.operations.source import Source
from zl_assets.resources import AsOf

NAME = "zl_plan"

_DESCRIPTION = (
    "What the next refresh would do: permissions, what would be created or altered, rows to insert and update by table and date, "
    "bytes. Writes nothing, not even a staging table. Red if the refresh would stop. Run it before the first refresh on live "
    "tables."
)


def plan_job(source: Source, selection: Selection) -> dg.JobDefinition:
    """The job for one source of bars and the families that are on."""
    tables = tables_of(selection)
    view = training_view_contract(selection.kept)

    @dg.op(name="plan", description=_DESCRIPTION)
    def plan(context: dg.OpExecutionContext, warehouse: Warehouse, as_of: AsOf) -> None:
        from zl_assets.warehouse.plan import make_plan, markdown, probe_permissions
        from zl_assets.warehouse.publish import Publication
        from zl_assets.warehouse.sql import training_view

        with as_failures(), warehouse.publisher(run=context.run_id, asset=NAME) as publisher:
            bars = source.bars(publisher)
            weights = regime_weights()
            derived = derive(bars.frame, SYMBOL, as_of.date, weights)
            families = plan_families(publisher, selection, derived.sessions.frame)
            contract = matrix_contract(selection).leaving(without_rows(families.tables))
            publications = {
                **({BARS: bars} if source.loaded else {}),
                REGIME_WEIGHTS: Publication(weights),
                SESSIONS: Publication(derived.sessions.frame),
                FEATURES: Publication(derived.features),
                **{table: Publication(rows) for table, rows in families.written.items()},
                contract: Publication(stamp_families(derived.matrix, selection.on, families.tables, contract)),
            }
            theirs = [table for table in tables.contracts.values() if table in (BARS, BARS_1H)]
            ours = [table for table in tables.contracts.values() if table not in theirs]
            # The embedded BigQuery has no access control, and grants whatever it is asked for.
            permissions = [] if source.loaded else probe_permissions(publisher, theirs, ours)
            select = training_view(publisher.namespace.of(MATRIX), matrix_columns(selection.kept))
            made = make_plan(publisher, publications, [OOF, LATEST], view, select, as_of.date, permissions)
        text = "\n".join([markdown(made), *families.notes])
        report: dict[str, Any] = {
            "plan": dg.MetadataValue.md(text),
            "rows_to_insert": sum(table.inserted for table in made.tables),
            "rows_to_update": sum(table.updated for table in made.tables),
        }
        context.log.info(text)
        if made.stops:
            raise dg.Failure("A refresh would stop:\n- " + "\n- ".join(made.stops), metadata=report, allow_retries=False)
        context.add_output_metadata(report)

    @dg.job(name=NAME, description=_DESCRIPTION)
    def job() -> None:
        plan()

    return job
