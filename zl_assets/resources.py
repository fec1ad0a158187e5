"""The resources of one Settings: which BigQuery, which folders, which date.

Belongs here: the choice between the embedded BigQuery and Google's, made once. Must not be here: what is done with either.
"""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
from dagster_gcp import BigQueryResource
from google.cloud import bigquery
from pydantic import PrivateAttr

from zl_assets.io_managers.artifacts import ModelIOManager, PublishedModelIOManager, TrainingCsvIOManager
from zl_assets.io_managers.bigquery import BigQueryIOManager, Warehouse
from zl_assets.io_managers.exports import CloudExports, EmbeddedExports
from zl_assets.io_managers.failures import as_failures
from zl_assets.settings import Settings


class EmbeddedBigQuery(BigQueryResource):
    """The BigQuery on this machine, started on demand."""

    state_dir: str

    @contextmanager
    def get_client(self) -> Iterator[bigquery.Client]:
        """A client of the embedded server of the state folder."""
        from zl_assets.warehouse.embedded.lifecycle import embedded_client

        with as_failures():
            client = embedded_client(Path(self.state_dir), str(self.location))
        yield client


class GoogleBigQuery(BigQueryResource):
    """Google Cloud's BigQuery, with application-default credentials."""

    @contextmanager
    def get_client(self) -> Iterator[bigquery.Client]:
        """A client of the project, or one message that says how to sign in."""
        from zl_assets.warehouse.cloud import cloud_client

        with as_failures():
            client = cloud_client(str(self.project), str(self.location))
        yield client


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


class Bounds(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The plan's counts, which a shorter history may lower."""

    min_matrix_rows: int
    min_labelled_rows: int


def build_resources(settings: Settings) -> dict[str, object]:
    """Resources by the keys that assets and checks ask for."""
    state_dir = str(settings.state_dir)
    bigquery_resource = (
        EmbeddedBigQuery(project=None, location=settings.location, state_dir=state_dir)
        if settings.embedded
        else GoogleBigQuery(project=settings.gcp_project, location=settings.location)
    )
    warehouse = Warehouse(
        bigquery=bigquery_resource,
        location=settings.location,
        dataset_prefix=settings.dataset_prefix,
        may_create=settings.may_create,
        max_partitions=settings.max_partitions,
        max_bytes=settings.max_bytes,
        deadline=settings.deadline,
    )
    exports = CloudExports(project=settings.gcp_project) if settings.gcp_project else EmbeddedExports(state_dir=state_dir)
    fixed = settings.fixed_as_of
    kept = list(settings.kept_families)
    return {
        "warehouse": warehouse,
        "tables_io": BigQueryIOManager(warehouse=warehouse, families=list(settings.families), kept_families=kept),
        "csv_io": TrainingCsvIOManager(state_dir=state_dir, kept_families=kept),
        "models_io": ModelIOManager(state_dir=state_dir, kept_families=kept),
        "published_model_io": PublishedModelIOManager(state_dir=state_dir, kept_families=kept),
        "exports": exports,
        "bounds": Bounds(min_matrix_rows=settings.min_matrix_rows, min_labelled_rows=settings.min_labelled_rows),
        "as_of": AsOf(fixed=fixed.isoformat() if fixed else None),
    }
