"""The BigQuery IO manager, for any product: frames and views out by the write path, frames in by the Storage API.

Belongs here: what Dagster knows (asset key, run, step, metadata) turned into what the write path needs, and its report turned
into metadata. Must not be here: any step of the write path itself, which is warehouse/publish.py, or a table of any one product.
"""

import datetime as dt
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import dagster as dg
import pandas as pd
from dagster_gcp import BigQueryResource

from zl_assets.io_managers.failures import as_failures
from zl_assets.io_managers.lineage import as_metadata, upstream_tables
from zl_assets.io_managers.metadata import Told, described, in_order, job_metadata
from zl_assets.warehouse.contract import TableContract, ViewContract
from zl_assets.warehouse.lineage import table_lineage

if TYPE_CHECKING:
    from zl_assets.warehouse.publish import Publication, Publisher, ViewDefinition, ViewReport, Withheld, WriteReport
    from zl_assets.warehouse.tables import Table

CONTRACT = "contract"
"""The metadata of an asset that holds its contract, where no mapping has it."""

WITHHELD = "withheld"
"""The metadata of a materialization that wrote nothing: why."""


def with_contract(contract: TableContract) -> dict[str, Any]:
    """Metadata of an asset whose table this is: the contract itself, and what the UI shows of it."""
    from zl_assets.warehouse.tables import as_data

    return {CONTRACT: dg.MetadataValue.json(as_data(contract)), **described(contract)}


class Warehouse(dg.ConfigurableResource):  # type: ignore[type-arg]
    """One BigQuery, and the limits within which a product uses it.

    Attributes:
        mark: begins the labels, job ids and temporary tables of this product; lower-case letters and digits.
        part_label: begins the label of each part of a table that can be switched off.
        location: where every dataset is, and is created.
        dataset_prefix: put before every dataset's name.
        may_create: may datasets, tables and columns be created.
        max_partitions: partitions that one MERGE may change; BigQuery allows 4,000.
        max_bytes: bytes that one query may bill.
        deadline: seconds that one step may take, retries included.
    """

    bigquery: dg.ResourceDependency[BigQueryResource]
    mark: str
    part_label: str = "part_"
    location: str
    dataset_prefix: str = ""
    may_create: bool = True
    max_partitions: int = 3000
    max_bytes: int = 1 << 30
    deadline: float = 300.0

    @contextmanager
    def publisher(self, *, run: str, asset: str) -> Iterator["Publisher"]:
        """The write path for one asset in one run; every job it sends carries both as labels."""
        from zl_assets.warehouse.inspection import Terms
        from zl_assets.warehouse.jobs import JobRunner
        from zl_assets.warehouse.memory import memory_of
        from zl_assets.warehouse.names import Marks, Namespace
        from zl_assets.warehouse.publish import Publisher

        marks = Marks(self.mark, self.part_label)
        with self.bigquery.get_client() as client:
            yield Publisher(
                runner=JobRunner(client, marks, run, asset, max_bytes=self.max_bytes, deadline=self.deadline),
                namespace=Namespace(client.project, self.dataset_prefix),
                terms=Terms(self.location, self.may_create, marks),
                max_partitions=self.max_partitions,
                memory=memory_of(run),
            )


class BigQueryIOManager(dg.IOManager):
    """Reads and writes the tables and views behind assets.

    What an asset's table is comes from `tables`, by asset key, or else from the asset's own metadata (`with_contract`).

    A frame is merged: rows that are new are inserted, rows that differ are updated, the rest is not touched and none is deleted.
    A `ViewDefinition` becomes a view. A `Publication` is a frame with a source that the table keeps as a label. `Withheld` writes
    nothing. `Told` is any of these with what the asset says of it.

    Args:
        warehouse: BigQuery, and the limits within which it is used.
        tables: the table or view behind each asset, by the last part of its key.
        copies: assets without a table of their own that hold a table's rows, such as a file, with the asset that they repeat; for
            lineage.
        says: metadata of every materialization, whatever its asset.
    """

    def __init__(
        self,
        warehouse: Warehouse,
        tables: "Mapping[str, Table] | None" = None,
        copies: Mapping[str, str] | None = None,
        says: Mapping[str, Any] | None = None,
    ) -> None:
        self.warehouse = warehouse
        self.tables = tables or {}
        self.copies = copies or {}
        self.says = says or {}

    def handle_output(
        self, context: dg.OutputContext, obj: "pd.DataFrame | Publication | ViewDefinition | Withheld | Told"
    ) -> None:
        """Publish the value and add the report to the materialization.

        Raises:
            dg.Failure: the value, the live table or BigQuery is at fault; the table is whole, as before or as after.
        """
        from zl_assets.warehouse.publish import Publication, ViewDefinition, Withheld

        asset = context.asset_key.path[-1]
        table = self._table(asset, context.definition_metadata)
        contract = table.contract
        told = Told.of(obj)
        value = told.value
        if isinstance(value, Withheld):
            log = context.log.info if value.usual else context.log.warning
            log(f"{contract.name} stays as it is: {value.reason}")
            context.add_output_metadata(in_order({WITHHELD: value.reason, **told.facts, **self.says}))
            return
        with as_failures(), self.warehouse.publisher(run=context.run_id, asset=asset) as publisher:
            if isinstance(contract, ViewContract):
                if not isinstance(value, ViewDefinition):
                    raise TypeError(f"{asset} is a view and takes a ViewDefinition, not {type(value).__name__}")
                from zl_assets.warehouse.view_rules import view_lineage

                done, lineage = _view_metadata(publisher.publish_view(value, contract)), view_lineage(value.select)
            else:
                if isinstance(value, ViewDefinition):
                    raise TypeError(f"{asset} is a table and takes a frame, not a ViewDefinition")
                publication = value if isinstance(value, Publication) else Publication(value)
                report = publisher.publish(publication, contract, table.rules)
                done = _table_metadata(report)
                lineage = table_lineage(contract, upstream_tables(context.asset_spec, self._contracts()))
                context.log.info(f"{report.table}: {done['written']}")
            costs = job_metadata(publisher.runner.log)
        context.add_output_metadata(in_order({**told.facts, **done, **costs, **as_metadata(lineage), **self.says}))

    def load_input(self, context: dg.InputContext) -> pd.DataFrame:
        """The asset's rows, ordered by key, one column per leaf, types as in `warehouse.contract.PANDAS_DTYPES`.

        A table that this run has written or read already is not read again. What a read cost is not metadata: Dagster would
        keep it as an observation of the asset that is read, and draw it in that asset's charts among what its writes cost.
        """
        asset = context.asset_key.path[-1]
        upstream = context.upstream_output
        table = self._table(asset, {} if upstream is None else upstream.definition_metadata)
        with as_failures(), self.warehouse.publisher(run=_run_id(context), asset=asset) as publisher:
            return publisher.latest(table.contract, absent_ok=table.absent_ok)

    def _table(self, asset: str, metadata: Mapping[str, Any] | None) -> "Table":
        from zl_assets.warehouse.tables import Table, from_data

        if asset in self.tables:
            return self.tables[asset]
        contract = (metadata or {}).get(CONTRACT)
        if contract is None:
            raise dg.DagsterInvalidDefinitionError(
                f"The asset {asset} has no table: neither the IO manager's `tables` nor the asset's metadata names its contract. "
                "Give the asset metadata=with_contract(...)."
            )
        return Table(from_data(contract.value if isinstance(contract, dg.MetadataValue) else contract))

    def _contracts(self) -> dict[str, TableContract | ViewContract]:
        """What lineage may lead to: tables, views, and the files that repeat them."""
        contracts = {asset: table.contract for asset, table in self.tables.items()}
        return contracts | {copy: contracts[of] for copy, of in self.copies.items()}


def _run_id(context: dg.InputContext) -> str:
    try:
        return context.step_context.run_id
    except dg.DagsterInvariantViolationError:
        return f"outside-a-run-{uuid.uuid4().hex}"  # a notebook: Definitions.load_asset_value, which wants what is there now


def _table_metadata(report: "WriteReport") -> dict[str, Any]:
    return {
        "written": _written(report),
        "dagster/row_count": report.row_count,
        "dagster/table_name": report.table,
        "inserted": report.inserted,
        "updated": report.updated,
        "unchanged": report.unchanged,
        "changed_dates": _dates(report.changed_from, report.changed_to),
        "updated_dates": _dates(report.updated_from, report.updated_to),
        "created": report.created,
        "columns_added": ", ".join(report.columns_added) or "none",
        "partitions_changed": report.partitions_changed,
        "merge_statements": report.statements,
        **({"families_switched_off": ", ".join(report.switched_off)} if report.switched_off else {}),
        **({"first_date": str(report.first_date), "last_date": str(report.last_date)} if report.first_date else {}),
    }


def _written(report: "WriteReport") -> str:
    """What a write did, in words."""
    revised = f" ({_dates(report.updated_from, report.updated_to)})" if report.updated_from else ""
    rows = f"{report.inserted:,} inserted, {report.updated:,} updated{revised}, {report.unchanged:,} unchanged"
    created = " The table is new." if report.created else ""
    added = f" Columns added: {', '.join(report.columns_added)}." if report.columns_added else ""
    dates = f", {_dates(report.first_date, report.last_date)}" if report.first_date else ""
    return f"{rows}, {report.row_count:,} rows in all{dates}.{created}{added}"


def _dates(first: dt.date | None, last: dt.date | None) -> str:
    return "none" if first is None else f"{first}" if first == last else f"{first} to {last}"


def _view_metadata(report: "ViewReport") -> dict[str, Any]:
    done = "The view was made anew" if report.replaced else "The view is as it was"
    return {
        "written": f"{done}, {report.row_count:,} rows in all.",
        "dagster/row_count": report.row_count,
        "dagster/table_name": report.view,
        "replaced": report.replaced,
    }
