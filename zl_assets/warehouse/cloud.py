"""The client of Google Cloud's BigQuery, with application-default credentials.

Belongs here: how we sign in. Must not be here: anything that depends on being in the cloud; SQL and the write path do not know.
Imported lazily: it costs google-cloud-bigquery.
"""

from google.auth.exceptions import DefaultCredentialsError
from google.cloud import bigquery

from zl_assets.warehouse.errors import Hint, WarehouseUnavailable
from zl_assets.warehouse.noise import quiet_dataframes


def cloud_client(project: str, location: str) -> bigquery.Client:
    """A client of a Google Cloud project.

    Raises:
        WarehouseUnavailable: there are no credentials on this machine.
    """
    quiet_dataframes()
    try:
        return bigquery.Client(project=project, location=location)
    except DefaultCredentialsError as error:
        raise WarehouseUnavailable(
            f"no Google Cloud credentials on this machine for the project {project}. Google says: {error}", Hint.CREDENTIALS
        ) from None
