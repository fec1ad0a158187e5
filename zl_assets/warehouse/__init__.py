"""BigQuery: contracts, SQL, the write path.

Belongs here: everything that speaks BigQuery. Must not be here: dagster, or anything that one
product alone needs; `connect` and the command line are two doors that know the settings. Importing this package costs
nothing: google-cloud-bigquery and the rest are imported by the functions that use them.

    from zl_assets.warehouse import connect
    connect().query("SELECT * FROM training.vw_zl_1m_flat").to_dataframe()
"""

from typing import TYPE_CHECKING

from zl_assets.settings import Settings

if TYPE_CHECKING:
    from google.cloud import bigquery


def connect(settings: Settings | None = None) -> "bigquery.Client":
    """A plain BigQuery client for whichever home is configured: the embedded server, started on demand, or Google Cloud.

    `client.query(sql).to_dataframe()` works in both, fast and without a warning.

    Args:
        settings: read from the environment if not given.

    Raises:
        SettingError: a ZL_* variable has a value that is not allowed.
        WarehouseUnavailable: the embedded server cannot be had, or there are no credentials for Google Cloud.
    """
    settings = settings or Settings.load()
    if settings.gcp_project is None:
        from zl_assets.embedded.client import embedded_client

        return embedded_client(settings.state_dir, settings.location)

    from zl_assets.warehouse.cloud import cloud_client

    return cloud_client(settings.gcp_project, settings.location)
