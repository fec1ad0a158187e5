"""The proof before the first write: of the source by itself, beside what is stored, and of both together."""

import datetime as dt
import functools

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from zl_assets.contracts import market
from zl_assets.domain.derivation import Derivation, Stored, derive, prove
from zl_assets.domain.regimes import regime_weights
from zl_assets.sources.sample import synthetic_bars
from zl_assets.warehouse.errors import DataFault, Hint
from zl_assets.warehouse.shape import empty_frame
from zl_assets_tests.support.contracts import ZL

# pandas 2.3 under numpy 2.5: the calendar library calls pd.Timedelta("1h") when it is imported.
pytestmark = pytest.mark.filterwarnings("ignore:The 'generic' unit for NumPy timedelta:DeprecationWarning")

AS_OF = dt.date(2025, 11, 15)
BARS = synthetic_bars()
PRICES = ["open", "high", "low", "close"]
NO_BARS, NO_SESSIONS = empty_frame(market.bars(ZL)), empty_frame(market.sessions(ZL))
WEIGHTS = regime_weights()


@functools.cache
def derived() -> Derivation:
    """What all the bars give."""
    return derive(BARS, ZL, AS_OF, WEIGHTS)


def proved(bars: pd.DataFrame, stored: Stored) -> str:
    """What the proof says; empty where it finds nothing."""
    try:
        prove(bars, ZL, AS_OF, WEIGHTS, stored)
    except DataFault as fault:
        return str(fault)
    return ""


def with_factor(factor: float, rows: slice) -> pd.DataFrame:
    changed = BARS.copy()
    changed.loc[changed.index[rows], PRICES] = (changed.loc[changed.index[rows], PRICES] * factor).round(2)
    return changed


def test_a_first_load_is_what_the_bars_give() -> None:
    found = prove(BARS, ZL, AS_OF, WEIGHTS, Stored(NO_BARS, NO_SESSIONS))
    assert_frame_equal(found.matrix, derived().matrix)
    assert_frame_equal(found.features, derived().features)


def test_new_bars_are_proved_with_the_stored_ones_before_them() -> None:
    """A file of the newest month by itself has too few sessions for the longest feature."""
    stored = Stored(BARS.iloc[:-1], derived().sessions.frame.iloc[:-1])
    assert "there are 1 sessions" in proved(BARS.tail(1), Stored(NO_BARS, NO_SESSIONS))
    found = prove(BARS.iloc[30:], ZL, AS_OF, WEIGHTS, stored)
    assert_frame_equal(found.matrix, derived().matrix)


@pytest.mark.parametrize("own", [True, False], ids=["our bars table", "somebody else's"])
@pytest.mark.parametrize(
    ("bars", "word"),
    [
        (with_factor(1.1, slice(None)), "no_common_factor"),
        (with_factor(0.9, slice(-5, None)), "no_common_factor"),
        (BARS.iloc[:-200], "few_lost"),
        (BARS.drop(index=range(1000, 1100)), "few_lost"),
        (BARS.assign(volume=BARS["volume"] * 3), "same_volume_unit"),
    ],
    ids=["all by a tenth", "the newest by a tenth", "cut short", "a hundred in the middle", "volume threefold"],
)
def test_a_source_that_does_not_go_with_the_history_is_refused(own: bool, bars: pd.DataFrame, word: str) -> None:
    stored = Stored(BARS, derived().sessions.frame) if own else Stored(None, derived().sessions.frame)
    said = proved(bars, stored)
    assert word in said
    assert said.startswith("market_data.databento" if own else "features.zl_ohlcv")
    assert "Nothing was written" in said
    assert proved(bars, Stored(NO_BARS, NO_SESSIONS)) == "", "by itself it is sound"


def test_the_way_out_is_named_with_the_refusal() -> None:
    with pytest.raises(DataFault) as caught:
        prove(BARS.iloc[:100], ZL, AS_OF, WEIGHTS, Stored(BARS, derived().sessions.frame))
    assert caught.value.hints == (Hint.SOURCE, Hint.BESIDE)


@pytest.mark.parametrize("own", [True, False], ids=["our bars table", "somebody else's"])
def test_what_the_table_holds_can_refuse_sound_bars_and_that_is_said(own: bool) -> None:
    """As an older version left it: two weekdays with another market's prices, which no refresh deletes."""
    days = pd.to_datetime(["2025-01-09", "2018-12-05"])
    sound = BARS[~BARS["date"].isin(days)]
    wrong = BARS[BARS["date"].isin(days)].assign(open=5000.0, high=5010.0, low=4990.0, close=5000.0)
    sessions = derive(sound, ZL, AS_OF, WEIGHTS).sessions.frame
    left = sessions.iloc[:2].assign(data_date=days, open=5000.0, high=5010.0, low=4990.0, close=5000.0)
    stored = (
        Stored(pd.concat([sound, wrong]), NO_SESSIONS) if own else Stored(None, pd.concat([sessions, left], ignore_index=True))
    )
    said = proved(sound, stored)
    assert "are sound, but not together with rows that the tables hold" in said
    assert "zl_delete_vanished" in said
    assert "2018-12-05" in said


def test_bars_that_are_at_fault_themselves_say_so() -> None:
    said = proved(with_factor(5.0, slice(3000, None)), Stored(NO_BARS, derived().sessions.frame))
    assert "steps_plausible" in said
    assert "are sound, but" not in said


@settings(max_examples=6, deadline=None)
@given(cut=st.integers(90, len(BARS) - 1), lost=st.integers(0, 1))
def test_any_day_of_a_growing_history_passes(cut: int, lost: int) -> None:
    """Each refresh of a sound source: what is stored is its beginning, and a bar may have vanished."""
    until = BARS["date"].iloc[cut].date() + dt.timedelta(days=1)
    earlier = BARS.iloc[:cut]
    stored = Stored(earlier, derive(earlier, ZL, until, WEIGHTS).sessions.frame)
    source = BARS.iloc[: cut + 1].drop(index=[cut // 2] if lost and cut > 110 else [])
    prove(source, ZL, until, WEIGHTS, stored)
