"""Small frames that tests are built from."""

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pandas as pd

from zl_assets.domain.features import feature_rows
from zl_assets.domain.releases import decision_times
from zl_assets.warehouse.shape import conform
from zl_assets_tests.support.contracts import BARS, SESSIONS, ZL

AS_OF = dt.date(2025, 11, 15)


def bar(
    date: str,
    open: float,
    high: float,
    low: float,
    close: float,
    volume: int = 40_000,
    instrument_id: int | None = 1,
    symbol: str = "ZL",
) -> dict[str, object]:
    return {
        "date": pd.Timestamp(date),
        "symbol": symbol,
        "open": open,
        "high": high,
        "low": low,
        "close": close,
        "volume": volume,
        "instrument_id": instrument_id,
    }


def bars(*rows: dict[str, object]) -> pd.DataFrame:
    return conform(pd.DataFrame(rows, columns=list(BARS.frame_columns)), BARS)


def sessions_of(closes: Sequence[float] | np.ndarray, start: str = "2015-01-05", symbol: str = "ZL") -> pd.DataFrame:
    """One session a weekday with these closes."""
    close = np.asarray(closes, dtype="float64")
    frame = pd.DataFrame(
        {
            "data_date": pd.bdate_range(start, periods=len(close)),
            "symbol": symbol,
            "open": close,
            "high": close * 1.01,
            "low": close * 0.99,
            "close": close,
            "volume": 40_000,
            "instrument_id": 1,
            "stub_merged": False,
        }
    )
    return conform(frame, SESSIONS)


def random_closes(n: int, seed: int = 7) -> np.ndarray:
    return 40.0 * np.cumprod(1.0 + 0.015 * np.random.default_rng(seed).standard_normal(n))


def bars_of(sessions: pd.DataFrame) -> pd.DataFrame:
    """The weekday bars of sessions that no stub was merged into."""
    return conform(sessions.rename(columns={"data_date": "date"}), BARS)


def features_of(sessions: pd.DataFrame) -> pd.DataFrame:
    """The rows of zl_ta_features for sessions without stubs."""
    return feature_rows(sessions, bars_of(sessions), ZL)


def decided(sessions: pd.DataFrame) -> pd.DataFrame:
    """The sessions as a family's function gets them: with the time at which each decides."""
    return sessions.assign(decided_at=decision_times(sessions["data_date"], ZL.decision))
