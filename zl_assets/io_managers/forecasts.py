"""What the last materialization said of the record of forecasts: how many rows there were, and when the newest was said.

Belongs here: that statement as metadata, and back. Must not be here: what the record takes (domain/forecast_record.py).
"""

import datetime as dt
from typing import Any

import dagster as dg
import pandas as pd

from zl_assets.domain.forecast_record import Remembered
from zl_assets.io_managers.records import record_in, said
from zl_assets.provenance import INVENTED, PRICES, Provenance

_ROWS, _NEWEST, _LOST = "rows_recorded", "newest_issued_on", "rows_lost"


def remembered(instance: dg.DagsterInstance, asset: str, provenance: Provenance, record: pd.DataFrame) -> Remembered:
    """What the last materialization in this state folder said of the record; nothing where its prices were invented and these
    are not, or the other way round, since the warehouse was emptied in between.

    Args:
        record: the rows that there are now.
    """
    found = record_in(instance, dg.AssetKey(asset), provenance, _ROWS, lambda rows: rows == str(len(record)))
    if found is None or (said(found, PRICES) == INVENTED) != provenance.synthetic:
        return Remembered()
    newest = said(found, _NEWEST)
    return Remembered(int(said(found, _ROWS)), dt.date.fromisoformat(newest) if newest else None, int(said(found, _LOST) or 0))


def statement(record: pd.DataFrame, added: dt.date | None, before: Remembered) -> dict[str, Any]:
    """What the next run is to remember.

    Args:
        record: the rows that there were.
        added: the as-of date of the row that is added; None where there is none.
    """
    # The newest date that there ever was, or a row that was lost would be made again.
    days = filter(None, (added, before.issued_on, *record["issued_on"].dt.date))
    return {_ROWS: len(record) + (added is not None), _NEWEST: str(max(days, default="")), _LOST: before.lost_now(record)}
