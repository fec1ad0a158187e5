"""`market_data.databento_futures_ohlcv_1h`: hourly bars, from Parquet, CSV and DBN files, read as daily ones are.

Belongs here: what only an hourly bar has. Must not be here: which session an hour belongs to.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import pandas as pd

from zl_assets.contracts import market
from zl_assets.contracts.columns import SYMBOL_COLUMN, counted
from zl_assets.domain.checks import Check, Level, unique_key
from zl_assets.domain.rules import observations
from zl_assets.domain.rules.rows import bar_rules
from zl_assets.instruments.base import Instrument
from zl_assets.settings import Settings
from zl_assets.sources import cells, dbn
from zl_assets.sources.bars import REMARKS, Bars, Layout, NoneOfSymbol, facts, read, remarks, whole_files_check
from zl_assets.sources.base import Checks, Loaded, Source, SourceAsset
from zl_assets.warehouse.contract import Column, ColumnType, TableContract
from zl_assets.warehouse.shape import empty_frame

TABLE = "databento_futures_ohlcv_1h"
UNSET = (
    "ZL_BARS_1H is not set, so nothing is loaded, and columns that need hourly bars stay NULL. Set it to a file or folder of "
    "hourly bars."
)


@cache
def bars_1h(*instruments: Instrument) -> TableContract:
    """The hourly bars of these instruments."""
    return TableContract(
        dataset="market_data",
        table=TABLE,
        description="Hourly bars of continuous futures (front month by volume, prices unadjusted), one row per hour and symbol.",
        columns=counted(
            (
                Column("ts_event", ColumnType.TIMESTAMP, "start of the hour", "UTC", nullable=False),
                SYMBOL_COLUMN,
                *market.BAR_VALUES,
            ),
            instruments,
        ),
        key=("ts_event", "symbol"),
        cluster_by=("symbol",),
        symbols=tuple(instrument.symbol for instrument in instruments),
    )


HOURLY = Layout(bars_1h, "hourly bars", "ts_event", cells.hour, "the start of a whole hour in UTC", dbn.read_dbn_hours)


def read_bars_1h(path: Path, instruments: Sequence[Instrument], others: Sequence[Instrument] = ()) -> Bars:
    """Read hourly bars of these instruments from a Parquet, CSV or DBN (ohlcv-1h) file, or from a folder of them.

    Every Parquet or CSV file has the columns ts_event (start of the hour, UTC), symbol, open, high, low, close and volume;
    instrument_id is optional, further columns are ignored. Folders, other symbols and copies as in `read_bars`.

    Raises:
        DataFault, SettingError: as `read_bars`.
    """
    return read(path, instruments, HOURLY, others)


def _read(settings: Settings, of: SourceAsset, as_of: dt.date) -> Loaded:
    if settings.bars_1h is None:
        return Loaded(empty_frame(of.contract), nothing=UNSET)
    try:
        hours = read_bars_1h(settings.bars_1h, of.instruments, of.others)
    except NoneOfSymbol as none:
        # Hours are not needed as daily bars are: without them the rest of the instrument is refreshed.
        return Loaded(empty_frame(of.contract), nothing=str(none))
    # As for daily bars: those of the as-of date may still be forming.
    final = hours.frame[hours.frame["ts_event"] < pd.Timestamp(as_of, tz="UTC")]
    if final.empty:
        return Loaded(final, facts(hours), nothing=f"no hour of {hours.description} is before {as_of}")
    return Loaded(
        final,
        {
            **facts(hours),
            "as_of": str(as_of),
            "hours_not_final_left_out": len(hours.frame) - len(final),
        },
    )


def _checks(settings: Settings, of: SourceAsset) -> Checks:
    [instrument] = of.instruments
    asset, own = of.key, market.sessions(instrument).table

    def files(as_of: dt.date) -> Mapping[str, object]:
        path = settings.bars_1h
        try:
            return {REMARKS: remarks(None if path is None else read_bars_1h(path, of.instruments, of.others))}
        except NoneOfSymbol:
            return {REMARKS: remarks(None)}

    return Checks(
        (
            unique_key(asset, of.contract.key, "One bar per hour and symbol.", Level.ERROR),
            Check(
                asset,
                "hours_make_sessions",
                "From the first hour on, the hours of each session have its volume, its high and its low. A warning, with the "
                "dates.",
                "Ask the vendor for the hours of these sessions: some are missing, or they are of another contract or in another "
                "unit, than the daily bars.",
                lambda seen: observations.hours_make_sessions(seen.values[asset], seen.values[own], instrument),
                Level.WARNING,
                reads=(own,),
            ),
            whole_files_check(asset, "ZL_BARS_1H"),
        ),
        files,
        "The hours against the sessions and the files.",
    )


SOURCE = Source(
    table=TABLE,
    contract=lambda instruments: bars_1h(*instruments),
    setting="bars_1h",
    unset=UNSET,
    releases={"an hour": "with the session's own daily bar, which is summed from the same hours"},
    read=_read,
    rules=lambda instruments: bar_rules(*instruments),
    checks=_checks,
    detail="Loaded from ZL_BARS_1H, for the families that read hours.",
    kinds=frozenset({"bigquery", "parquet"}),
    loaded_in_cloud=False,
)
