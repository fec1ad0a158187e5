"""The two homes of BigQuery as Dagster resources: the one on this machine, and Google's.

Must not be here: which of the two is used, and what for.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dagster_gcp import BigQueryResource
from google.cloud import bigquery

from zl_assets.io_managers.failures import as_failures


class EmbeddedBigQuery(BigQueryResource):
    """The BigQuery on this machine, started on demand; its tables are in a folder."""

    state_dir: str

    @contextmanager
    def get_client(self) -> Iterator[bigquery.Client]:
        """A client of the embedded server of the state folder."""
        from zl_assets.embedded.client import embedded_client

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
