"""The BigQuery IO manager: frames and views out by the write path, frames in by the Storage API.

Belongs here: what Dagster knows (asset key, run, step) turned into what the write path needs, and its report turned into
metadata. Must not be here: any step of the write path itself, which is warehouse/publish.py.
"""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import dagster as dg
import pandas as pd
from dagster_gcp import BigQueryResource
from pydantic import PrivateAttr

from zl_assets.domain.families.registry import select
from zl_assets.domain.families.tables import Tables, tables_of
from zl_assets.io_managers.failures import as_failures
from zl_assets.io_managers.lineage import as_metadata, upstream_tables
from zl_assets.warehouse.contract import ColumnType, TableContract, ViewContract
from zl_assets.warehouse.lineage import table_lineage
from zl_assets.warehouse.shape import empty_frame

if TYPE_CHECKING:
    from zl_assets.warehouse.jobs import JobLog
    from zl_assets.warehouse.publish import Publication, Publisher, Report, ViewDefinition, ViewReport, Withheld


class Warehouse(dg.ConfigurableResource):  # type: ignore[type-arg]
    """One BigQuery, and the limits within which this product uses it."""

    bigquery: dg.ResourceDependency[BigQueryResource]
    location: str
    dataset_prefix: str
    may_create: bool
    max_partitions: int
    max_bytes: int
    deadline: float

    @contextmanager
    def publisher(self, *, run: str, asset: str) -> Iterator["Publisher"]:
        """The write path for one asset in one run; every job it sends carries both as labels."""
        from zl_assets.warehouse.jobs import JobRunner
        from zl_assets.warehouse.names import Namespace
        from zl_assets.warehouse.publish import Publisher

        with self.bigquery.get_client() as client:
            yield Publisher(
                runner=JobRunner(
                    client=client,
                    labels={"zl_run": run, "zl_asset": asset},
                    max_bytes=self.max_bytes,
                    deadline=self.deadline,
                ),
                namespace=Namespace(client.project, self.dataset_prefix),
                may_create=self.may_create,
                location=self.location,
                max_partitions=self.max_partitions,
            )


class BigQueryIOManager(dg.ConfigurableIOManager):
    """Reads and writes the tables and views of `contracts.CONTRACTS` and of the feature families that are on, by asset key.

    A frame is merged: rows that are new are inserted, rows that differ are updated, the rest is not touched and none is deleted.
    A `ViewDefinition` becomes a view. A `Publication` is a frame with a source that the table keeps as a label. `Withheld` writes
    nothing.

    Attributes:
        families, kept_families: ZL_FAMILIES and ZL_KEPT_FAMILIES.
    """

    warehouse: dg.ResourceDependency[Warehouse]
    families: list[str] = []  # noqa: RUF012 - a field of a pydantic model
    kept_families: list[str] = []  # noqa: RUF012
    _tables: Tables | None = PrivateAttr(default=None)

    @property
    def tables(self) -> Tables:
        """The contracts and row rules of the selection."""
        if self._tables is None:
            self._tables = tables_of(select(self.families, self.kept_families))
        return self._tables

    def handle_output(self, context: dg.OutputContext, obj: "pd.DataFrame | Publication | ViewDefinition | Withheld") -> None:
        """Publish the value and add the report to the materialization.

        Raises:
            dg.Failure: the value, the live table or BigQuery is at fault; the table is whole, as before or as after.
        """
        from zl_assets.warehouse.publish import Publication, ViewDefinition, Withheld
        from zl_assets.warehouse.view_rules import view_lineage

        asset = context.asset_key.path[-1]
        contract = self.tables.contracts[asset]
        if isinstance(obj, Withheld):
            context.log.warning(f"{contract.name} stays as it is: {obj.reason}")
            context.add_output_metadata({"withheld": obj.reason})
            return
        with as_failures(), self.warehouse.publisher(run=context.run_id, asset=asset) as publisher:
            if isinstance(contract, ViewContract):
                if not isinstance(obj, ViewDefinition):
                    raise TypeError(f"{asset} is a view and takes a ViewDefinition, not {type(obj).__name__}")
                view = publisher.publish_view(obj, contract)
                context.add_output_metadata(
                    _view_metadata(view) | job_metadata(publisher.runner.log) | as_metadata(view_lineage(obj.select))
                )
                return
            if isinstance(obj, ViewDefinition):
                raise TypeError(f"{asset} is a table and takes a frame, not a ViewDefinition")
            publication = obj if isinstance(obj, Publication) else Publication(obj)
            report = publisher.publish(publication, contract, self.tables.rules.get(contract.table, ()))
            lineage = table_lineage(contract, upstream_tables(context.asset_spec, self.tables.contracts))
            context.add_output_metadata(
                _table_metadata(report)
                | job_metadata(publisher.runner.log)
                | _date_range(publication.frame, contract)
                | as_metadata(lineage)
            )
            revised = f" ({_dates(report.updated_from, report.updated_to)})" if report.updated_from else ""
            context.log.info(
                f"{report.table}: {report.inserted} inserted, {report.updated} updated{revised}, {report.unchanged} unchanged, "
                f"{report.row_count} rows"
            )

    def load_input(self, context: dg.InputContext) -> pd.DataFrame:
        """The asset's rows, ordered by key, one column per leaf, types as in `contracts.PANDAS_DTYPES`.

        What a read cost is not metadata: Dagster would keep it as an observation of the asset that is read, two dozen a refresh,
        and draw it in that asset's charts among what its writes cost. BigQuery's list of jobs has it, by label.
        """
        asset = context.asset_key.path[-1]
        contract = self.tables.contracts[asset]
        with as_failures(), self.warehouse.publisher(run=_run_id(context), asset=asset) as publisher:
            if asset in self.tables.absent_ok and not publisher.exists(contract):
                return empty_frame(contract)
            return publisher.read(contract)


def _run_id(context: dg.InputContext) -> str:
    try:
        return context.step_context.run_id
    except dg.DagsterInvariantViolationError:
        return "outside-a-run"  # a notebook: Definitions.load_asset_value


def table_schema(contract: TableContract | ViewContract) -> dg.TableSchema:
    """The contract as Dagster's column schema, one column per leaf, with units."""
    nested = contract.columns if isinstance(contract, ViewContract) else contract.created_columns
    columns = []
    for column in nested:
        columns.append(_table_column(column.name, column.type, column.text, nullable=column.nullable))
        columns.extend(
            _table_column(f"{column.name}.{field.name}", field.type, field.text, nullable=field.nullable)
            for field in column.fields
        )
    return dg.TableSchema(columns=columns)


def _table_column(name: str, kind: ColumnType, text: str, *, nullable: bool) -> dg.TableColumn:
    return dg.TableColumn(name, kind.value, description=text, constraints=dg.TableColumnConstraints(nullable=nullable))


def _table_metadata(report: "Report") -> dict[str, Any]:
    return {
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
    }


def _dates(first: dt.date | None, last: dt.date | None) -> str:
    return "none" if first is None else f"{first}" if first == last else f"{first} to {last}"


def _view_metadata(report: "ViewReport") -> dict[str, Any]:
    return {
        "dagster/row_count": report.row_count,
        "dagster/table_name": report.view,
        "replaced": report.replaced,
    }


def job_metadata(log: "JobLog") -> dict[str, Any]:
    """What BigQuery was asked for an asset, and what it reports that to have cost."""
    return {
        "bytes_processed": log.bytes_processed,
        "slot_ms": log.slot_ms,
        "job_ids": dg.MetadataValue.json(list(log.job_ids)),
    }


def _date_range(frame: pd.DataFrame, contract: TableContract) -> dict[str, str]:
    if contract.partition_by is None:
        return {}
    dates = frame[contract.partition_by]
    return {"first_date": str(dates.min().date()), "last_date": str(dates.max().date())}
