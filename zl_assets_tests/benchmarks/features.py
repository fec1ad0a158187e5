"""The eight features by the product, TA-Lib, polars and pandas-ta-classic, and the time it takes to copy as many bytes.

Belongs here: each library's own way to the same eight columns, frame in and frame out, many symbols at once. Must not be here:
sizes and bounds.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pandas_ta_classic as ta
import polars as pl
import talib
from pytest_benchmark.fixture import BenchmarkFixture

from zl_assets.contracts.features import TECHNICAL_FEATURE_NAMES
from zl_assets.domain.indicators import technical_features
from zl_assets_tests.benchmarks.frames import sessions
from zl_assets_tests.benchmarks.race import Rival, race


def with_talib(frame: pd.DataFrame) -> pd.DataFrame:
    """By TA-Lib's C functions, symbol by symbol."""

    def of_symbol(rows: pd.DataFrame) -> pd.DataFrame:
        close = rows["close"].to_numpy()
        returns = talib.ROCP(close, 1)
        deviation = np.full(len(close), np.nan)
        deviation[1:] = talib.STDDEV(returns[1:], 21) * math.sqrt(21 / 20)
        return rows[["data_date", "symbol"]].assign(
            return_1d=returns,
            return_5d=talib.ROCP(close, 5),
            return_21d=talib.ROCP(close, 21),
            ma_5=talib.SMA(close, 5),
            ma_21=talib.SMA(close, 21),
            ma_63=talib.SMA(close, 63),
            volatility_21d=deviation,
            rsi_14=talib.RSI(close, 14),
        )

    return _by_symbol(frame, of_symbol)


def with_pandas_ta(frame: pd.DataFrame) -> pd.DataFrame:
    """By pandas-ta-classic's own functions, symbol by symbol; without TA-Lib behind them, which it would use for some."""

    def of_symbol(rows: pd.DataFrame) -> pd.DataFrame:
        close = rows["close"]
        returns = ta.percent_return(close, length=1)
        return rows[["data_date", "symbol"]].assign(
            return_1d=returns,
            return_5d=ta.percent_return(close, length=5),
            return_21d=ta.percent_return(close, length=21),
            ma_5=ta.sma(close, length=5, talib=False),
            ma_21=ta.sma(close, length=21, talib=False),
            ma_63=ta.sma(close, length=63, talib=False),
            volatility_21d=ta.stdev(returns, length=21, ddof=1, talib=False),
            rsi_14=ta.rsi(close, length=14, talib=False),
        )

    return _by_symbol(frame, of_symbol)


def _by_symbol(frame: pd.DataFrame, of_symbol: Callable[[pd.DataFrame], pd.DataFrame]) -> pd.DataFrame:
    ordered = frame.sort_values(["symbol", "data_date"], kind="stable")
    parts = [of_symbol(rows) for _, rows in ordered.groupby("symbol", sort=True)]
    return pd.concat(parts).sort_values(["data_date", "symbol"], kind="stable", ignore_index=True)


def with_polars(frame: pl.DataFrame) -> pl.DataFrame:
    """By polars' expressions over the symbols, polars frame to polars frame, all its threads."""
    close = pl.col("close")
    change = close.diff()
    row = pl.int_range(pl.len())

    def wilder(values: pl.Expr) -> pl.Expr:
        # Its smoothing starts at the first value that is there: that becomes the mean of the first 14 changes.
        seed = values.slice(1, 14).mean()
        seeded = pl.when(row < 14).then(None).when(row == 14).then(seed).otherwise(values)
        return seeded.ewm_mean(alpha=1 / 14, adjust=False, ignore_nulls=True)

    gain, loss = wilder(change.clip(lower_bound=0.0)), wilder((-change).clip(lower_bound=0.0))
    moved = gain + loss
    returns = close.pct_change()
    expressions = {
        "return_1d": returns,
        "return_5d": close.pct_change(5),
        "return_21d": close.pct_change(21),
        "ma_5": close.rolling_mean(5),
        "ma_21": close.rolling_mean(21),
        "ma_63": close.rolling_mean(63),
        "volatility_21d": returns.rolling_std(21),
        "rsi_14": pl.when(moved == 0.0).then(50.0).otherwise(100.0 * gain / moved),
    }
    ordered = frame.sort("symbol", "data_date")
    computed = [expression.over("symbol").alias(name) for name, expression in expressions.items()]
    return ordered.select("data_date", "symbol", *computed).sort("data_date", "symbol")


def copies(rows: int) -> Callable[[], None]:
    """Copying as many bytes as the closes and the eight features have: no library can be faster than the memory."""
    source = np.random.default_rng(0).random((9, rows))
    target = np.empty_like(source)
    return lambda: np.copyto(target, source)


def compare(benchmark: BenchmarkFixture, rows: int, rounds: int) -> None:
    """All of them on the same rows, and that they found the same numbers."""
    frame = sessions(rows)
    in_polars = pl.from_pandas(frame[["data_date", "symbol", "close"]])
    found: dict[str, Any] = {}

    def keep(name: str, function: Callable[[], Any]) -> Rival:
        return Rival(lambda: found.update({name: function()}))

    rivals = {
        "TA-Lib": keep("TA-Lib", lambda: with_talib(frame)),
        "polars": keep("polars", lambda: with_polars(in_polars)),
        "pandas-ta-classic": keep("pandas-ta-classic", lambda: with_pandas_ta(frame)),
        "memory: a copy of the same bytes": Rival(copies(rows)),
    }
    ours = race(
        benchmark,
        Rival(lambda: technical_features(frame)),
        rivals,
        rounds,
        what="eight features",
        rows=rows,
        symbols=frame["symbol"].nunique(),
    )
    assert_same(ours, found)


def assert_same(ours: pd.DataFrame, others: dict[str, Any]) -> None:
    """Every library's columns are ours, to within rounding, once Wilder's smoothing has forgotten how it was started."""
    settled = ours["data_date"] >= np.sort(ours["data_date"].unique())[min(400, ours["data_date"].nunique() - 1)]
    for name, other in others.items():
        for column in TECHNICAL_FEATURE_NAMES:
            values = np.asarray(other[column], dtype="float64")[settled]
            np.testing.assert_allclose(ours.loc[settled, column], values, atol=1e-6, err_msg=f"{name}: {column}")
