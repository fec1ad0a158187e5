"""Sessions that the calendar has, or that the table has, and the file lacks."""

import numpy as np
import pandas as pd

from zl_assets_tests.studies.wrong_data.case import REFUSED, TOLD, Case, Kind, Make, Outcome, State
from zl_assets_tests.studies.wrong_data.cases.making import Change, changed, in_both_states


def without(first: str, sessions: int) -> Change:
    """Without some sessions in a row, and the stubs between them."""

    def change(bars: pd.DataFrame) -> pd.DataFrame:
        days = bars["date"][bars["date"].dt.dayofweek < 5]
        gone = days[days >= first].head(sessions)
        return bars[~bars["date"].between(gone.iloc[0], gone.iloc[-1])]

    return change


def without_singles(count: int, seed: int) -> Change:
    """Without some sessions here and there."""

    def change(bars: pd.DataFrame) -> pd.DataFrame:
        days = bars.index[bars["date"].dt.dayofweek < 5][100:-100]
        return bars.drop(index=np.random.default_rng(seed).choice(days, count, replace=False))

    return change


def _case(name: str, wrong: str, make: Make, *says: str, must: tuple[Outcome, ...] = TOLD, own: bool = False) -> Case:
    return Case(name, Kind.HOLES, wrong, State.FILLED, make, must, says, own=own)


def _mondays_of_2018(bars: pd.DataFrame) -> pd.DataFrame:
    return bars[~((bars["date"].dt.year == 2018) & (bars["date"].dt.dayofweek == 0))]


CASES = (
    *in_both_states(_case("hole-29", "29 sessions missing from 2017-06-05 on", changed(without("2017-06-05", 29)), own=True)),
    _case("hole-29-elsewhere", "29 sessions missing from 2012-03-01 on", changed(without("2012-03-01", 29))),
    _case("hole-29-late", "29 sessions missing from 2025-08-01 on", changed(without("2025-08-01", 29))),
    *in_both_states(_case("hole-5", "5 sessions missing from 2022-02-07 on", changed(without("2022-02-07", 5)))),
    *in_both_states(_case("hole-10-singles", "10 single sessions missing", changed(without_singles(10, 1)))),
    # Into an empty state it is within the bound, with room for one more than the real bars lack; the check shows its date.
    *in_both_states(_case("hole-1", "one session missing, 2020-04-21", changed(without("2020-04-21", 1)))),
    _case("hole-120", "120 sessions missing from 2014-05-01 on", changed(without("2014-05-01", 120))),
    *in_both_states(_case("hole-mondays", "every Monday of 2018 missing", changed(_mondays_of_2018))),
    *in_both_states(
        _case("every-second-row", "every second row missing", changed(lambda bars: bars.iloc[::2]), must=(*REFUSED, Outcome.RED))
    ),
    _case(
        "newest-200-missing",
        "the newest 200 bars missing, which the table has",
        changed(lambda bars: bars.iloc[:-200]),
        must=REFUSED,
        own=True,
    ),
    _case(
        "newest-60-missing",
        "the newest 60 bars missing, which the table has",
        changed(lambda bars: bars.iloc[:-60]),
        must=REFUSED,
    ),
    _case("newest-3-missing", "the newest 3 bars missing, which the table has", changed(lambda bars: bars.iloc[:-3])),
    _case(
        "oldest-half-missing",
        "the oldest 2,000 bars missing, which the table has",
        changed(lambda bars: bars.iloc[2000:]),
        must=REFUSED,
    ),
    _case(
        "oldest-150-missing",
        "the oldest 150 bars missing, which the table has",
        changed(lambda bars: bars.iloc[150:]),
        must=REFUSED,
    ),
    _case(
        "only-newest-250",
        "only the newest 250 bars, as a daily download has them",
        changed(lambda bars: bars.tail(250)),
        must=REFUSED,
    ),
    _case("only-newest-5", "only the newest 5 bars", changed(lambda bars: bars.tail(5)), must=REFUSED),
    _case(
        "stubs-missing",
        "the 105 Sunday bars missing, which the table has",
        changed(lambda bars: bars[bars["date"].dt.dayofweek < 5]),
    ),
)
