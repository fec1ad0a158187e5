"""Where the continuous series changes contract, and the price path without those changes.

Belongs here: functions of sessions and instrument ids whose value at row t depends on rows up to t alone. The index chains
forward, so new sessions only append to it; back-adjusted levels would rewrite history with every roll, and leak it. Must not be
here: the price of record, which stays the raw close.
"""

import pandas as pd

# The first session of a symbol that has an instrument_id.
BASE = 100.0


def weekday_opens(sessions: pd.DataFrame, bars: pd.DataFrame) -> "pd.Series[float]":
    """The open of each session's own weekday bar, on the index of `sessions`; where a weekend stub was merged, the session's
    open is the stub's.

    The bar is asked, because the sessions keep only the merged open. A session that the bars no longer give has the session's
    open; the check no_vanished_session names it.

    Args:
        sessions: the columns of contracts.market.sessions.
        bars: the columns of contracts.market.bars, any row order; copies of a bar are alike.
    """
    own = bars.drop_duplicates(["date", "symbol"]).set_index(["date", "symbol"])["open"]
    found = own.reindex(pd.MultiIndex.from_frame(sessions[["data_date", "symbol"]])).set_axis(sessions.index)
    return found.fillna(sessions["open"]).astype("float64")


def rolls(sessions: pd.DataFrame, opens: "pd.Series[float]") -> pd.DataFrame:
    """The roll columns of one symbol's sessions.

    index[t] = index[t-1] * close[t] / close[t-1], and close[t] / open[t] where the contract changed, so that the gap between two
    contracts is no return. 100 on the first session with an instrument_id. A session without one is taken to be of the contract
    before it, and is NULL itself.

    Args:
        sessions: close and instrument_id, n rows in order of date.
        opens: n opens of the weekday bars themselves, on the same index.

    Returns:
        roll_index (float64) and is_roll (boolean), shape (n, 2), on the index of `sessions`; NULL without instrument_id.
    """
    contract = sessions["instrument_id"].ffill()
    changed = (contract.notna() & contract.shift().notna() & contract.ne(contract.shift())).fillna(False).astype(bool)
    close = sessions["close"].astype("float64")
    step = close / close.shift().where(~changed, opens)
    # Before the first instrument_id nothing is chained, and the first row itself takes no step.
    chained = step.where(contract.shift().notna(), 1.0)
    known = sessions["instrument_id"].notna()
    return pd.DataFrame(
        {"roll_index": (BASE * chained.cumprod()).where(known), "is_roll": changed.astype("boolean").where(known)}
    )


def spans_a_roll(is_roll: pd.Series, horizon: int) -> pd.Series:
    """Whether the series rolled on one of the `horizon` sessions after each row; boolean, NULL for the last `horizon` rows and
    where it is not known. Looks ahead: a description of the target, never a feature. `is_roll` is in order of date."""
    ahead = is_roll.astype("Float64")[::-1].rolling(horizon, min_periods=horizon).sum()[::-1].shift(-1)
    return ahead.gt(0).astype("boolean").where(ahead.notna())
