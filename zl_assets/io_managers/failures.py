"""From the product's errors to Dagster's: one message in the UI, and no retry where it cannot help."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from zl_assets.errors import ZlError
from zl_assets.hints import told
from zl_assets.warehouse.errors import ChangedMeanwhile, WarehouseUnavailable


@contextmanager
def as_failures() -> Iterator[None]:
    """Turn a `ZlError` into a `dagster.Failure` with the same words.

    A fault of the data, of a setting or of a live table is final; an unreachable warehouse, or a lost
    race, may be tried again. Anything else is a bug, and keeps its trace.
    """
    try:
        yield
    except (WarehouseUnavailable, ChangedMeanwhile) as error:
        raise dg.Failure(description=told(error), allow_retries=True) from error
    except ZlError as error:
        raise dg.Failure(description=told(error), allow_retries=False) from error
