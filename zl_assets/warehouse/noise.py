"""Warnings of Google's libraries that are of no use to this product's users. Must not be here: a warning about our own code."""

import warnings


def quiet_dataframes() -> None:
    """Silence two warnings in this process: that `to_dataframe` and `to_arrow` will one day move to
    pandas-gbq."""
    for message in ("Retrieving DataFrames via google-cloud-bigquery is", "Retrieving Arrow record batches directly via"):
        warnings.filterwarnings("ignore", message=message, category=PendingDeprecationWarning)
