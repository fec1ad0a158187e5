"""The exchange's calendar against dates that are known."""

import datetime as dt

import pandas as pd
import pytest

from zl_assets.domain.sessions import build_sessions
from zl_assets.domain.trading_calendar import expected_sessions
from zl_assets.sources.bars import read_bars
from zl_assets_tests.conftest import shared_data
from zl_assets_tests.support.builders import AS_OF
from zl_assets_tests.support.contracts import ZL

# pandas 2.3 under numpy 2.5: the calendar library calls pd.Timedelta("1h") when it is imported.
pytestmark = pytest.mark.filterwarnings("ignore:The 'generic' unit for NumPy timedelta:DeprecationWarning")


def test_thanksgiving_and_the_weekend_are_no_sessions() -> None:
    found = expected_sessions(ZL.calendar, dt.date(2024, 11, 25), dt.date(2024, 12, 1))
    assert list(found) == list(pd.to_datetime(["2024-11-25", "2024-11-26", "2024-11-27", "2024-11-29"]))
    assert found.dtype == "datetime64[ns]"


def test_an_empty_span_has_no_sessions() -> None:
    assert len(expected_sessions(ZL.calendar, dt.date(2024, 11, 25), dt.date(2024, 11, 24))) == 0


def test_the_calendar_agrees_with_the_real_sessions_as_its_comment_says() -> None:
    bars = read_bars(shared_data("databento_futures_ohlcv_1d.parquet"), [ZL]).frame
    real = pd.DatetimeIndex(build_sessions(bars, ZL, AS_OF).frame["data_date"])
    expected = expected_sessions(ZL.calendar, real[0].date(), real[-1].date())
    assert (len(expected.difference(real)), len(real.difference(expected))) == (3, 7)
