"""Who knew how much: each row comes once, in order of time, before the first session that decides after it."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from zl_assets.domain.arrivals import arrivals


def times(hours: list[int]) -> "pd.Series[pd.Timestamp]":
    return pd.Series(pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(hours, unit="h"), dtype="datetime64[ns, UTC]")


@given(st.lists(st.integers(0, 30), max_size=12), st.lists(st.integers(0, 30), max_size=12, unique=True))
def test_each_session_knows_what_was_available_before_its_decision(rows: list[int], sessions: list[int]) -> None:
    decided = sorted(sessions)
    known: list[int] = []
    seen: list[int] = []
    for came, own in arrivals(times(rows), times(decided)):
        known += came.tolist()
        seen += own.tolist()
        for session in own:
            assert sorted(known) == np.flatnonzero(np.array(rows) < decided[session]).tolist()
    assert seen == list(range(len(decided)))
    assert [rows[place] for place in known] == sorted(rows[place] for place in known)
