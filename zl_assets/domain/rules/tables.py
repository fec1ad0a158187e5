"""Rules about any table."""

from collections.abc import Sequence

import pandas as pd

from zl_assets.domain.rules.offenders import offending
from zl_assets.warehouse.verdict import MAX_OFFENDERS, Verdict


def row_count_at_least(frame: pd.DataFrame, minimum: int) -> Verdict:
    """The table has at least `minimum` rows."""
    return Verdict(
        name="row_count_at_least",
        passed=len(frame) >= minimum,
        measured=len(frame),
        bound=f">= {minimum:,}",
        offenders=frame.iloc[:0],
        explanation=f"The table has {len(frame):,} rows.",
    )


def unique_key(frame: pd.DataFrame, key: Sequence[str]) -> Verdict:
    """No two rows have the same key, and no key is NULL."""
    columns = list(key)
    bad = frame.duplicated(columns, keep=False) | frame[columns].isna().any(axis=1)
    explanation = (
        f"{bad.sum():,} of {len(frame):,} rows have a key ({', '.join(columns)}) that is NULL or that another row has too."
    )
    return offending("unique_key", frame, frame.loc[bad, columns].sort_values(columns, kind="stable"), explanation)


def column_coverage(frame: pd.DataFrame, complete: Sequence[str] = (), optional: Sequence[str] = ()) -> Verdict:
    """No column is entirely NULL, and those in `complete` have no NULL at all.

    Args:
        complete: columns that must have a value on every row.
        optional: columns that the source may lack altogether.

    Returns:
        A verdict whose `offenders` are columns with their share of non-NULL values.
    """
    shares = frame.notna().mean().drop(list(optional))
    bad = shares[shares.lt(1.0) & shares.index.isin(list(complete)) | ~shares.gt(0.0)]
    lowest = float(shares.min()) if len(frame) else 0.0
    return Verdict(
        name="column_coverage",
        passed=bad.empty,
        measured=lowest,
        bound="above 0 in every column" + (f", 1 in {', '.join(complete)}" if complete else ""),
        offenders=pd.DataFrame({"column": bad.index, "share_not_null": bad.to_numpy()}).head(MAX_OFFENDERS),
        explanation=f"The emptiest of {len(shares)} columns has a value on {lowest:.1%} of {len(frame):,} rows.",
    )
