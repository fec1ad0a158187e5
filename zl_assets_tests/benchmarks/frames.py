"""Invented sessions of many symbols, as large as a benchmark wants them. Must not be here: a calculation of the product's."""

import numpy as np
import pandas as pd

SESSIONS_OF_A_SYMBOL = 4_000
_KINDS = {"volume": "Int64", "instrument_id": "Int64"}


def sessions(rows: int) -> pd.DataFrame:
    """Sessions of as many symbols as the rows need, at most 4,000 of each: SESSIONS.frame_columns, types included."""
    dates = pd.bdate_range("2010-06-07", periods=min(rows, SESSIONS_OF_A_SYMBOL))
    symbols = -(-rows // len(dates))
    noise = np.random.default_rng(7).normal(0.0, 0.014, (symbols, len(dates)))
    close = 40.0 * np.exp(noise.cumsum(axis=1) * 0.2).ravel()
    names = np.array([f"S{i:04d}" for i in range(symbols)], dtype=object)
    frame = pd.DataFrame(
        {
            "data_date": np.tile(dates.to_numpy(), symbols),
            "symbol": pd.Series(np.repeat(names, len(dates)), dtype="string"),
            "open": close * 0.999,
            "high": close * 1.01,
            "low": close * 0.99,
            "close": close,
            "volume": 40_000,
            "instrument_id": np.tile(np.arange(len(dates)) // 60, symbols),
            "stub_merged": pd.Series(np.zeros(len(close), dtype=bool), dtype="boolean"),
        }
    )
    return frame.astype(_KINDS).head(rows)


def bars_of(frame: pd.DataFrame) -> pd.DataFrame:
    """The bars that the sessions would have been made of."""
    return frame.drop(columns="stub_merged").rename(columns={"data_date": "date"})
