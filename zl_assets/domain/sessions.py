"""From UTC daily bars to trading sessions.

Belongs here: the stub and as-of rules. Must not be here: reading bars, or repairing them: a bar that is unsound is a DataFault.

Known and accepted: 433 weekday bars from 2010-06-07 to 2013-04-04 end with the first evening hour of the next session, because a
session is a UTC day.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from zl_assets.contracts import market
from zl_assets.domain.rules.market import no_bar_after
from zl_assets.domain.rules.offenders import PRICES
from zl_assets.domain.rules.rows import bar_rules
from zl_assets.domain.stubs import on_stub_date
from zl_assets.instruments.base import Instrument
from zl_assets.warehouse.errors import DataFault
from zl_assets.warehouse.shape import conform
from zl_assets.warehouse.verdict import require


@dataclass(frozen=True)
class StubPrint:
    """A price of a stub that was left out of its session."""

    date: dt.date
    column: str
    price: float
    close: float

    def __str__(self) -> str:
        return f"{self.date} {self.column} {self.price:g} (close {self.close:g})"


@dataclass(frozen=True, eq=False)
class Sessions:
    """Sessions of one symbol, and what became of the bars.

    bars = len(frame) + stubs_merged + stubs_held_back + forming_bars + duplicate_bars.

    Attributes:
        frame: the columns of contracts.market.sessions, sorted by key.
        bars: bars of the symbol that came in.
        duplicate_bars: exact copies of another bar, dropped.
        forming_bars: bars dated on the as-of date, left out because they may not be final.
        stubs_merged: bars of weekends and full closures that became part of a session.
        stubs_held_back: stubs whose session is not final yet.
        stubs_of_another_instrument: those of the merged that gave only their volume.
        stub_prints_left_out: prices of merged stubs that were too far from the stub's close.
        thin: dates of the sessions that traded fewer lots than the instrument allows.
    """

    frame: pd.DataFrame
    bars: int
    duplicate_bars: int
    forming_bars: int
    stubs_merged: int
    stubs_held_back: int
    stubs_of_another_instrument: int
    stub_prints_left_out: tuple[StubPrint, ...]
    thin: tuple[dt.date, ...]


def build_sessions(bars: pd.DataFrame, instrument: Instrument, as_of: dt.date) -> Sessions:
    """Trading sessions of an instrument that are final on `as_of`.

    A bar stamped on a Saturday or Sunday, or on a full closure of the instrument's exchange, belongs to the next weekday bar
    that is none (a holiday Monday may have none at all): open from the stub, high and low the extremes, volume the sum, close and
    instrument_id from the weekday bar. A stub of another instrument gives only its volume. A stub's price too far from the stub's
    own close is left out.

    Args:
        bars: the columns of contracts.market.bars with their types, any row order, other symbols ignored; instrument_id may be
            missing or NULL, and is then taken to be the same.
        as_of: the UTC date that decides which bars are final: those before it.

    Raises:
        DataFault: no bar of the symbol, an unsound bar, or a bar dated after `as_of`.
    """
    symbol, contract = instrument.symbol, market.bars(instrument)
    own = bars[bars["symbol"] == symbol]
    if own.empty:
        found = ", ".join(sorted(bars["symbol"].dropna().unique())) or "no symbol at all"
        raise DataFault(f"There are no {symbol} bars in {contract.name}; it holds {found}. Load bars of {symbol}.")
    own = own.reindex(columns=list(contract.frame_columns)) if "instrument_id" not in own.columns else own
    own = conform(own, contract)
    require([*(assertion(own) for assertion in bar_rules(instrument)), no_bar_after(own, as_of)], contract.name)

    distinct = own.drop_duplicates()
    final = distinct[distinct["date"] < pd.Timestamp(as_of)]
    is_stub = on_stub_date(final["date"], instrument)
    weekdays = final[~is_stub].set_index("date")
    stubs = final[is_stub]

    # The next weekday bar after each stub; past the end: not final yet.
    position = weekdays.index.searchsorted(stubs["date"])
    merged = stubs[position < len(weekdays)]
    session_dates = weekdays.index[position[position < len(weekdays)]]

    of_sessions = weekdays["instrument_id"].loc[session_dates].set_axis(merged.index)
    foreign = merged["instrument_id"].ne(of_sessions).fillna(False).astype(bool)
    prints = merged.loc[~foreign, list(PRICES)]
    too_far = prints.sub(prints["close"], axis=0).abs().gt(instrument.plausibility.stub_print * prints["close"], axis=0)
    good = prints.mask(too_far).reindex(merged.index)
    with_left_out: Any = merged.loc[too_far.index[too_far.any(axis=1)]]

    # The remaining prints bound the session: with a bad high left out, the stub's open may still be the session's highest price.
    given = (
        pd.DataFrame({"open": good["open"], "high": good.max(axis=1), "low": good.min(axis=1), "volume": merged["volume"]})
        .groupby(session_dates)
        .agg({"open": "first", "high": "max", "low": "min", "volume": "sum"})
        .reindex(weekdays.index)
    )
    sessions = weekdays.assign(
        open=given["open"].fillna(weekdays["open"]),
        high=np.fmax(weekdays["high"], given["high"]),
        low=np.fmin(weekdays["low"], given["low"]),
        volume=weekdays["volume"] + given["volume"].fillna(0),
        stub_merged=weekdays.index.isin(session_dates),
    )
    return Sessions(
        frame=conform(sessions.rename_axis("data_date").reset_index(), market.sessions(instrument)),
        bars=len(own),
        duplicate_bars=len(own) - len(distinct),
        forming_bars=len(distinct) - len(final),
        stubs_merged=len(merged),
        stubs_held_back=len(stubs) - len(merged),
        stubs_of_another_instrument=int(foreign.sum()),
        stub_prints_left_out=tuple(
            StubPrint(stub.date.date(), column, getattr(stub, column), stub.close)
            for stub in with_left_out.itertuples()
            for column in PRICES
            if too_far.at[stub.Index, column]
        ),
        thin=tuple(date.date() for date in sessions.index[sessions["volume"] < instrument.plausibility.thin_lots]),
    )
