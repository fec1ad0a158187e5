"""Values held against a second computation of them. Must not be here: what is computed."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from zl_assets.warehouse.verdict import MAX_OFFENDERS, Verdict

# Inside the longest warm-up, where a value filled in from later rows would show, and this many seeded ones after it.
WARM_UP_CUTS = (10, 40, 62)
LATER_CUTS = 5
SEED = 1

KEY = ["data_date", "symbol"]


def prefix_invariant(
    whole: pd.DataFrame,
    alone: Callable[[pd.Timestamp], pd.DataFrame],
    columns: Sequence[str],
    what: str,
) -> Verdict:
    """Recomputed on the first k sessions alone, every value is the same, to the last bit.

    A value that looks ahead, or that is filled in from later rows, cannot pass. Cuts at k = 10, 40 and 62 lie inside the warm-up
    of the longest feature; the later ones are drawn with a fixed seed.

    Args:
        whole: data_date, symbol and `columns` of every session, as stored or as computed on all of them.
        alone: the same of the sessions up to a date, computed on them alone.
        columns: what is compared.
        what: the explanation after the number of differences, with {cuts} where the numbers of sessions stand.
    """
    # pandas leaves the index of rows that are in order already as it is, whatever ignore_index says.
    dates = whole["data_date"].drop_duplicates().sort_values().reset_index(drop=True)
    beyond = range(max(WARM_UP_CUTS) + 1, len(dates) + 1)
    drawn = random.Random(SEED).sample(beyond, min(LATER_CUTS, len(beyond)))  # noqa: S311 - not for secrets
    cuts = sorted({*(cut for cut in WARM_UP_CUTS if cut <= len(dates)), *drawn})
    pairs = {f"first {cut} sessions": (whole[whole["data_date"] <= dates[cut - 1]], alone(dates[cut - 1])) for cut in cuts}
    named = ", ".join(map(str, cuts)) or "no"
    found = differences("prefix_invariant", columns, pairs, what.format(cuts=named))
    # Where there is no session nothing was proved.
    return replace(found, passed=found.passed and bool(cuts), bound="0 values that differ, at one cut or more")


def differences(name: str, columns: Sequence[str], pairs: Mapping[str, tuple[pd.DataFrame, pd.DataFrame]], what: str) -> Verdict:
    """No value differs from its second computation; NULL equals NULL.

    Args:
        pairs: the rows and their second computation, one for one, by where they are from.
        what: the explanation after the number of differences.
    """
    from zl_assets.warehouse.diff import same

    faults: list[dict[str, Any]] = []
    for where, (full, other) in pairs.items():
        left, right = _aligned(full, other)
        for column in columns:
            faults += [
                {
                    "data_date": right["data_date"].iloc[i],
                    "column": column,
                    "where": where,
                    "value": left[column].iloc[i],
                    "recomputed": right[column].iloc[i],
                }
                for i in np.flatnonzero(~same(left[column], right[column]))
            ]
    return Verdict(
        name=name,
        passed=not faults,
        measured=len(faults),
        bound="0 values that differ",
        offenders=pd.DataFrame(faults, columns=["data_date", "column", "where", "value", "recomputed"]).head(MAX_OFFENDERS),
        explanation=f"{len(faults):,} {what}",
    )


def _aligned(full: pd.DataFrame, other: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both frames with one row for each key that either has, in the same order; of a repeated key, its first row."""
    left, right = (frame.drop_duplicates(KEY).set_index(KEY) for frame in (full, other))
    keys = left.index.union(right.index)
    return left.reindex(keys).reset_index(), right.reindex(keys).reset_index()
