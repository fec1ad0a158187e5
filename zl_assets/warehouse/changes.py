"""Which partitions of a table a set of differing rows touches, and how many statements that takes.

Belongs here: pure functions of dates and a limit. Must not be here: how rows were found to differ, SQL.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from zl_assets.warehouse.diff import Mask

_PERIODS = {"DAY": "D", "MONTH": "M", "YEAR": "Y"}


@dataclass(frozen=True)
class Change:
    """Rows to write in one partition.

    Attributes:
        differing: rows to insert or update.
        added: rows to insert.
        low, high: range of their dates, or None in a table without a range column.
        updated_low, updated_high: range of those to update, or None where there is none.
    """

    differing: int
    added: int
    low: dt.date | None
    high: dt.date | None
    updated_low: dt.date | None = None
    updated_high: dt.date | None = None


def changes_of(dates: "pd.Series[pd.Timestamp] | None", added: Mask, unit: str | None) -> list[Change]:
    """One change for each partition, in order.

    Args:
        dates: of the rows to write, or None in a table without a range column.
        added: for each of them, is it to be inserted?
        unit: DAY, MONTH or YEAR: which dates share a partition; None where all do.
    """
    if not len(added):
        return []
    if dates is None:
        return [Change(len(added), int(added.sum()), None, None)]
    rows = pd.DataFrame({"date": dates.to_numpy(), "added": added})
    groups = rows.groupby(rows["date"].dt.to_period(_PERIODS[unit])) if unit else [(None, rows)]
    found = []
    for _, part in groups:
        updated = part.loc[~part["added"], "date"]
        first, last = (updated.min().date(), updated.max().date()) if len(updated) else (None, None)
        low, high = part["date"].min().date(), part["date"].max().date()
        found.append(Change(len(part), int(part["added"].sum()), low, high, first, last))
    return found


def merge_ranges(changes: Sequence[Change], max_partitions: int) -> list[tuple[dt.date | None, dt.date | None]]:
    """Date ranges of the MERGEs, each touching at most `max_partitions` of the partitions that change.

    Args:
        changes: one a partition, in order of the partitions.
    """
    chunks = [changes[i : i + max_partitions] for i in range(0, len(changes), max_partitions)]
    return [(chunk[0].low, chunk[-1].high) for chunk in chunks]
