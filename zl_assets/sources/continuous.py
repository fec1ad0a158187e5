"""Databento's names of continuous series: which contract is in front by which rule, and whose root it is.

Belongs here: `ZL.v.0` and `ZL.c.0` as symbols. Must not be here: what other vendors call a series (layouts.py), and the mapping
inside DBN files (dbn.py). https://databento.com/docs/standards-and-conventions/symbology
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from zl_assets.instruments.base import Instrument
from zl_assets.sources.dbn import BY_CALENDAR, FRONT_MONTH
from zl_assets.sources.notes import Notes
from zl_assets.warehouse.errors import DataFault


def wanted(instruments: Sequence[Instrument]) -> tuple[Instrument, ...]:
    """The instruments, and each once more under the symbol of its front month by calendar, which DBN files keep."""
    return (*instruments, *(replace(instrument, symbol=instrument.symbol + BY_CALENDAR) for instrument in instruments))


def names(symbol: str) -> tuple[str, str, str]:
    """How files may name the front month of this symbol."""
    return symbol, symbol + FRONT_MONTH, symbol + BY_CALENDAR


def by_root(frames: Sequence[pd.DataFrame], files: Sequence[Path], symbols: Sequence[str], notes: Notes) -> list[pd.DataFrame]:
    """The frames with the symbol ZL where they say ZL.v.0, the front month by volume, or ZL.c.0, the one by calendar, which is
    noted. Of symbols that are not asked for, only `.v.0` is left off.

    Raises:
        DataFault: both are there, for one root: they are two series.
    """
    named = [frame.assign(symbol=frame["symbol"].str.removesuffix(FRONT_MONTH)) for frame in frames]
    for symbol in symbols:
        calendar = symbol + BY_CALENDAR
        by_calendar = [file for file, frame in zip(files, named, strict=True) if (frame["symbol"] == calendar).any()]
        by_volume = [file for file, frame in zip(files, named, strict=True) if (frame["symbol"] == symbol).any()]
        if by_calendar and by_volume:
            raise DataFault(
                f"{by_calendar[0]} holds {calendar}, the front month by calendar, and {by_volume[0]} holds {symbol} or "
                f"{symbol}{FRONT_MONTH}, the front month by volume. They are two series of {symbol}, and only one can be loaded. "
                f"Leave the rows of {symbol}{FRONT_MONTH}, which is what {symbol} means here."
            )
        for file in by_calendar:
            notes.add(file, f"{calendar} was loaded as {symbol}; it is the front month by calendar, not by volume")
    roots = {symbol + BY_CALENDAR: symbol for symbol in symbols}
    return [frame.assign(symbol=frame["symbol"].replace(roots)) for frame in named]
