"""From the product's errors to Dagster's: one message in the UI, and another try where it can help."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from zl_assets.errors import ZlError
from zl_assets.hints import told
from zl_assets.warehouse.errors import ChangedMeanwhile, WarehouseUnavailable

# The write path has spent its own deadline on retries by then; one more try covers a warehouse that was being restarted.
_MORE_TRIES = 1
_PAUSE_SECONDS = 5


@contextmanager
def as_failures() -> Iterator[None]:
    """Turn a `ZlError` into a `dagster.Failure` with the same words.

    A fault of the data, of a setting or of a live table is final. After an unreachable warehouse, or a lost race, Dagster is
    asked to run the step once more; the failure is that request's cause, and what the step says if the other try fails too.
    Anything else is a bug, and keeps its trace.

    It is asked here, and not by a retry policy of the asset: under a policy Dagster takes an interruption for one more reason to
    try again, and a run that somebody stops goes on and ends as a success.
    """
    try:
        yield
    except (WarehouseUnavailable, ChangedMeanwhile) as error:
        failure = dg.Failure(description=told(error))
        failure.__cause__ = error
        again = dg.RetryRequested(_MORE_TRIES, _PAUSE_SECONDS)
        # Dagster gives it no words, and a notebook, where nobody tries again, would show none.
        again.args = (failure.description,)
        raise again from failure
    except ZlError as error:
        raise dg.Failure(description=told(error), allow_retries=False) from error
