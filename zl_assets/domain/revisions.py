"""What a source says now of an observation that is stored: a value that differs is a row of its own, and never an overwrite.

Belongs here: which rows a table of versions gets from files, and from files that were replaced. Must not be here: any one source.
"""

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd

from zl_assets.domain.releases import Bools
from zl_assets.warehouse.errors import DataFault
from zl_assets.warehouse.verdict import MAX_OFFENDERS

AVAILABLE, VINTAGE = "available_at", "vintage"

_STORED = "_stored"


@dataclass(frozen=True)
class Versions:
    """What makes a row another version of what is stored.

    Attributes:
        of: the columns that name an observation, in the table's key beside available_at.
        values: the columns of which a change makes a version.
        blanks: a blank is something that was said, and filling it a change; otherwise it says nothing, and a row that only fills
            or leaves out is the same version.
    """

    of: tuple[str, ...]
    values: tuple[str, ...]
    blanks: bool = True


def versions_in_files(rows: pd.DataFrame, versions: Versions) -> pd.DataFrame:
    """The versions that files say of each observation: copies once, the earliest as known by the source's rule, a later one that
    differs from the one before from the end of its own day on, which its file's name says.

    What does not say its day and is in a file that does is of that day.

    Args:
        rows: versions.of, available_at by the rule (UTC), vintage (NaT where the file does not say), values, and `place`, the
            file and row of each, for a person.

    Returns:
        Rows of `rows`, sorted by key.

    Raises:
        DataFault: rows of one observation differ, and do not say on which days they were downloaded; it names their places.
    """
    of = list(versions.of)
    unclear = contradictions(rows, versions)
    if len(unclear):
        places = "; ".join(unclear["place"].head(MAX_OFFENDERS))
        raise DataFault(
            f"{places}: these rows are of one observation and differ, and nobody can say which is right. Leave one of the files, "
            "or end the name of each with the day of its download, as _YYYYMMDD."
        )
    once = _each_once(rows, versions)
    first = ~once.duplicated(of)
    kept = once[first | ~_alike(once, once.shift(), versions)]
    first = ~kept.duplicated(of)
    ends = (kept[VINTAGE] + pd.Timedelta(days=1)).dt.tz_localize("UTC").astype(kept[AVAILABLE].dtype)
    told = kept.assign(**{AVAILABLE: kept[AVAILABLE].where(first | ~ends.gt(kept[AVAILABLE]), ends)})
    told = told.drop_duplicates([*of, AVAILABLE], keep="last")
    return told.sort_values([*of, AVAILABLE], kind="stable", ignore_index=True)


def contradictions(rows: pd.DataFrame, versions: Versions) -> pd.DataFrame:
    """The rows of which others are of the same observation and differ, without saying on which days they were downloaded.

    Args:
        rows: versions.of, vintage (NaT where the file does not say) and values.
    """
    of = list(versions.of)
    once = _each_once(rows, versions)
    several = once[once.duplicated(of, keep=False)]
    undated = several[VINTAGE].isna().groupby([several[name] for name in of]).transform("any")
    return several[several.duplicated([*of, VINTAGE], keep=False) | undated]


def _each_once(rows: pd.DataFrame, versions: Versions) -> pd.DataFrame:
    """Without copies, by observation and vintage; what does not say its day and is in a file that does is of that day."""
    of, values = list(versions.of), list(versions.values)
    ordered = rows.sort_values([*of, VINTAGE], kind="stable", na_position="last")
    undated = ordered[VINTAGE].isna() & ordered.duplicated([*of, *values])
    return ordered[~(undated | ordered.duplicated([*of, VINTAGE, *values]))]


def with_stored(read: pd.DataFrame, stored: pd.DataFrame, versions: Versions, today: dt.date) -> pd.DataFrame:
    """The rows that a table of versions is to get.

    Files say when they were downloaded, or they do not. Of one that does not, and is given in place of an earlier one, only the
    table knows what was known before: a value that differs from the newest that is stored was known from the end of today on,
    and of one that does not differ the stored row is given. A file that says its day, and would change a stored row that is not
    of a later download, gives a version of that day; where the table has another one of that day as well, of today.

    Where the stored version itself is not known yet by its rule, the new one takes its place: no session has seen it.

    Args:
        read: what the files say: versions.of, available_at (UTC), vintage (NaT where the file does not say), values, and others.
        stored: the table's rows, with the same columns.
        today: the day on which the files were read, UTC.

    Returns:
        Of each row of `read` itself, the stored row that says the same, or the version that it is; sorted by key, with the types
        of `read`. One that is unclear beside the table, and not of its observation's newest download, gives none.
    """
    if read.empty or stored.empty:
        return read
    of, stored, tomorrow = list(versions.of), stored[list(read.columns)], _end(pd.Series([pd.Timestamp(today)]))[0]
    rows = read.reset_index(drop=True)

    def beside(rows: pd.DataFrame) -> tuple[pd.DataFrame, Bools]:
        """The stored row of each one's key, and whether the new one would change what was known."""
        there = rows[[*of, AVAILABLE]].merge(stored.assign(**{_STORED: True}), on=[*of, AVAILABLE], how="left")
        standing = there[_STORED].notna() & ~(there[VINTAGE] > rows[VINTAGE]) & (there[AVAILABLE] < tomorrow)
        return there, standing.to_numpy() & ~_alike(rows, there, versions)

    ends = _end(rows[VINTAGE])
    moved = beside(rows)[1] & (ends > rows[AVAILABLE]).to_numpy()
    rows = rows.assign(**{AVAILABLE: rows[AVAILABLE].mask(moved, ends)})
    there, unclear = beside(rows)
    newest = stored.sort_values(AVAILABLE, kind="stable").drop_duplicates(of, keep="last")
    before = rows[of].merge(newest, on=of, how="left")
    # Of these only the table knows what came before.
    judged = unclear | (before[AVAILABLE].notna() & rows[VINTAGE].isna()).to_numpy()
    alike = _alike(rows, before, versions)
    # What files say now of an earlier download than their newest changes nothing of today.
    last = ~rows.duplicated(of, keep="last").to_numpy()
    known = before[AVAILABLE].where(before[AVAILABLE] > tomorrow, tomorrow)
    changed = rows.assign(**{VINTAGE: pd.Series(pd.Timestamp(today), rows.index), AVAILABLE: known})
    # The day on which it was first seen.
    first = rows[VINTAGE].mask(_alike(rows, there, versions) & (there[VINTAGE] < rows[VINTAGE]), there[VINTAGE])
    as_said = _filled(rows.assign(**{VINTAGE: first}), there, versions)
    as_stored = _filled(before[rows.columns], rows, versions)
    parts = [as_said[~judged], changed[judged & ~alike & last], as_stored[judged & alike]]
    kept: pd.DataFrame = pd.concat([part.astype(read.dtypes.to_dict()) for part in parts], ignore_index=True)
    kept = kept.drop_duplicates([*of, AVAILABLE], keep="last")
    return kept.sort_values([*of, AVAILABLE], kind="stable", ignore_index=True)


def _end(days: "pd.Series[pd.Timestamp]") -> "pd.Series[pd.Timestamp]":
    """When days have passed, UTC."""
    return (days + pd.Timedelta(days=1)).dt.tz_localize("UTC")


def _alike(rows: pd.DataFrame, others: pd.DataFrame, versions: Versions) -> Bools:
    """Has each row the values of the other?"""
    same: Bools = np.ones(len(rows), dtype=bool)
    for name in versions.values:
        one, other = rows[name], others[name]
        blank = one.isna() & other.isna() if versions.blanks else one.isna() | other.isna()
        same &= (one.eq(other).fillna(False).astype(bool) | blank).to_numpy()
    return same


def _filled(rows: pd.DataFrame, others: pd.DataFrame, versions: Versions) -> pd.DataFrame:
    """The rows, with what each leaves out of the values of one that is alike."""
    alike = _alike(rows, others, versions)
    return rows.assign(**{name: rows[name].where(rows[name].notna() | ~alike, others[name]) for name in versions.values})
