"""Rows of a source in the order in which they became known, beside the sessions that knew them.

Belongs here: who knew how much. Must not be here: what a row means.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

type Places = NDArray[np.int64]


def arrivals(available_at: "pd.Series[pd.Timestamp]", decided_at: "pd.Series[pd.Timestamp]") -> Iterator[tuple[Places, Places]]:
    """Sessions that knew the same rows, in order of time, with what they knew beyond those before them.

    Args:
        available_at: of each row, UTC, any order.
        decided_at: of each session, UTC, in order. A row counts if it was available before that.

    Yields:
        The places of the rows that came since, in order of their time, and the places of the sessions.
    """
    order = np.argsort(available_at.to_numpy(), kind="stable")
    known = available_at.iloc[order].searchsorted(decided_at, side="left")
    done = 0
    for count in np.unique(known):
        yield order[done:count], np.flatnonzero(known == count)
        done = int(count)
