"""The resources of one Settings: which BigQuery, which folders, which date.

Belongs here: the choice between the embedded BigQuery and Google's, made once. Must not be here: what is done with either.
"""

import datetime as dt
from collections.abc import Mapping

import dagster as dg
from pydantic import PrivateAttr

from zl_assets.catalog import Catalog
from zl_assets.contracts.marks import MARKS
from zl_assets.contracts.training import TRAINING_CSV
from zl_assets.io_managers.artifacts import ModelIOManager, PublishedModelIOManager, TrainingCsvIOManager
from zl_assets.io_managers.bigquery import BigQueryIOManager, Warehouse
from zl_assets.io_managers.exports import CloudExports, EmbeddedExports
from zl_assets.io_managers.homes import EmbeddedBigQuery, GoogleBigQuery
from zl_assets.io_managers.keys import TABLES_IO, csv_io, models_io, published_io
from zl_assets.pages.places import Pages
from zl_assets.provenance import Provenance
from zl_assets.settings import Settings


class AsOf(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The UTC date that data decisions are made on, the same in every step of a run."""

    fixed: str | None
    _date: dt.date | None = PrivateAttr(default=None)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Read the date once: ZL_AS_OF, or the UTC date on which the run was made."""
        if self.fixed is not None:
            self._date = dt.date.fromisoformat(self.fixed)
            return
        run = context.run
        record = context.instance.get_run_record_by_id(run.run_id) if context.instance is not None and run is not None else None
        made = record.create_timestamp.astimezone(dt.UTC) if record is not None else dt.datetime.now(dt.UTC)
        self._date = made.date()

    @property
    def date(self) -> dt.date:
        """The date.

        Raises:
            RuntimeError: asked for outside of a run.
        """
        if self._date is None:
            raise RuntimeError("the as-of date belongs to a run")
        return self._date


def build(catalog: Catalog, settings: Settings) -> dict[str, object]:
    """Resources by the keys that assets and checks ask for."""
    state_dir, provenance, pages = settings.state_dir, Provenance.of(settings), Pages.of(settings)
    bigquery_resource = (
        EmbeddedBigQuery(project=None, location=settings.location, state_dir=str(state_dir))
        if settings.embedded
        else GoogleBigQuery(project=settings.gcp_project, location=settings.location)
    )
    warehouse = Warehouse(
        bigquery=bigquery_resource,
        mark=MARKS.prefix,
        part_label=MARKS.part_label,
        location=settings.location,
        dataset_prefix=settings.dataset_prefix,
        may_create=settings.may_create,
        max_partitions=settings.max_partitions,
        max_bytes=settings.max_bytes,
        deadline=settings.deadline,
    )
    exports = CloudExports(project=settings.gcp_project) if settings.gcp_project else EmbeddedExports(state_dir=str(state_dir))
    fixed = settings.fixed_as_of
    resources: dict[str, object] = {
        "warehouse": warehouse,
        TABLES_IO: _tables_io(catalog, provenance),
        "exports": exports,
        "as_of": AsOf(fixed=fixed.isoformat() if fixed else None),
    }
    for instrument in catalog.instruments:
        kept = catalog.selection(instrument).kept
        for horizon in instrument.horizons:
            view = catalog.view(instrument, horizon)
            resources |= {
                csv_io(instrument, horizon): TrainingCsvIOManager(state_dir, view, horizon.target, provenance),
                models_io(instrument, horizon): ModelIOManager(pages, instrument, horizon, kept, provenance),
                published_io(instrument, horizon): PublishedModelIOManager(pages, instrument, horizon, kept, provenance),
            }
    return resources


def settled(resources: Mapping[str, object]) -> dict[str, object]:
    """The resources with nothing left to configure: what the settings say is not asked again in every launchpad."""
    return {
        key: _settled(resource.get_resource_definition()) if isinstance(resource, dg.ConfigurableResource) else resource
        for key, resource in resources.items()
    }


def _settled(resource: dg.ResourceDefinition) -> dg.ResourceDefinition:
    return resource.configured(resource.config_schema.default_value)


def _tables_io(catalog: Catalog, provenance: Provenance) -> dg.IOManagerDefinition:
    """The IO manager of every table and view, over whichever BigQuery there is."""
    files = {
        instrument.asset_at(horizon, TRAINING_CSV): instrument.view_at(horizon)
        for instrument in catalog.instruments
        for horizon in instrument.horizons
    }

    @dg.io_manager(required_resource_keys={"warehouse"})
    def tables_io(context: dg.InitResourceContext) -> BigQueryIOManager:
        return BigQueryIOManager(context.resources.warehouse, catalog.tables, files, provenance.metadata)

    return tables_io
