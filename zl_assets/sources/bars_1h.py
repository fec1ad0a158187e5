"""Hourly bars from Parquet, CSV and DBN files, read as daily ones are.

Belongs here: what an hourly bar has that a daily one has not. Must not be here: which session an hour belongs to.
"""

from pathlib import Path

from zl_assets.contracts.tables import BARS_1H, SYMBOL
from zl_assets.sources import cells, dbn
from zl_assets.sources.bars import Bars, Layout, read

HOURLY = Layout(BARS_1H, "hourly bars", "ts_event", cells.hour, "the start of a whole hour in UTC", dbn.read_dbn_hours)


def read_bars_1h(path: Path, symbols: tuple[str, ...] = (SYMBOL,)) -> Bars:
    """Read hourly bars of `symbols` from a Parquet, CSV or DBN (ohlcv-1h) file, or from a folder of them.

    Every Parquet or CSV file has the columns ts_event (start of the hour, UTC), symbol, open, high, low, close and volume;
    instrument_id is optional, further columns are ignored. Folders, other symbols and copies as in `read_bars`.

    Raises:
        DataFault, SettingError: as `read_bars`.
    """
    return read(path, symbols, HOURLY)
