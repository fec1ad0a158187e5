"""Training views for the model's tests, made by a short second computation that shares no code with the product."""

from pathlib import Path

import numpy as np
import pandas as pd
import talib

HORIZON = 21
REGIMES = (
    ("pre_trade_war", "2010-01-01", 100),
    ("trade_war", "2018-03-01", 300),
    ("covid_crash", "2020-01-01", 200),
    ("covid_recovery", "2020-06-01", 200),
    ("inflation", "2021-01-01", 300),
    ("trump_anticipation", "2023-01-01", 400),
    ("trump_term", "2025-01-20", 600),
)


def view_of(dates: pd.Series, close: pd.Series) -> pd.DataFrame:
    """What training.vw_zl_1m_flat holds for these sessions."""
    change = close.pct_change()
    position = np.searchsorted(pd.to_datetime([start for _, start, _ in REGIMES]), dates, side="right") - 1
    view = pd.DataFrame(
        {
            "data_date": dates,
            "close": close,
            "return_1d": change,
            "return_5d": close.pct_change(5),
            "return_21d": close.pct_change(21),
            "ma_5": close.rolling(5).mean(),
            "ma_21": close.rolling(21).mean(),
            "ma_63": close.rolling(63).mean(),
            "volatility_21d": change.rolling(21).std(),
            "rsi_14": talib.RSI(close.to_numpy(), 14),
            "regime_name": [REGIMES[k][0] for k in position],
            "sample_weight": [REGIMES[k][2] for k in position],
            "target_1m": close.shift(-HORIZON) / close - 1,
            "split": np.where(dates < "2023-01-01", "train", "test"),
        }
    )
    return view[view["ma_63"].notna()].reset_index(drop=True)


def random_walk_view(sessions: int = 3893, seed: int = 7) -> pd.DataFrame:
    """A view over a random walk that ends at the end of 2025: nothing in it can be forecast."""
    dates = pd.Series(pd.bdate_range(end="2025-12-31", periods=sessions))
    steps = np.random.default_rng(seed).normal(0, 0.015, sessions)
    return view_of(dates, pd.Series(40 * np.exp(np.cumsum(steps))))


def real_closes(path: Path) -> pd.DataFrame:
    """date and close of the weekday ZL bars: a Sunday stub never gives a session its close."""
    bars = pd.read_parquet(path, columns=["date", "symbol", "close"])
    bars = bars[bars["symbol"] == "ZL"].assign(date=lambda rows: pd.to_datetime(rows["date"]))
    return bars[bars["date"].dt.dayofweek < 5].sort_values("date").reset_index(drop=True)
