"""Bars, and the sessions that they make. Must not be here: anything that is computed from sessions."""

from dataclasses import replace
from functools import cache

from zl_assets.contracts.columns import (
    DATA_DATE,
    INGESTION_TS,
    INSTRUMENT_ID,
    PRICE,
    SYMBOL_COLUMN,
    VOLUME,
    counted,
    real,
)
from zl_assets.instruments.base import Instrument
from zl_assets.warehouse.contract import Column, ColumnType, TableContract

BARS_TABLE = "databento_futures_ohlcv_1d"

# What a bar says of its time, a day's or an hour's.
BAR_VALUES = (
    real("open", "first price", PRICE),
    real("high", "highest price", PRICE),
    real("low", "lowest price", PRICE),
    real("close", "last price", PRICE),
    Column("volume", ColumnType.INT64, "traded volume", VOLUME),
    INSTRUMENT_ID,
)


@cache
def bars(*instruments: Instrument) -> TableContract:
    """The daily bars of these instruments; the table may hold those of hundreds of symbols."""
    return TableContract(
        dataset="market_data",
        table=BARS_TABLE,
        description="Daily bars of continuous futures (front month by volume, prices unadjusted), one row per UTC date and "
        "symbol.",
        columns=counted(
            (
                Column(
                    "date",
                    ColumnType.DATE,
                    "UTC date of the bar; Sundays hold the first hour of Monday's session",
                    nullable=False,
                ),
                SYMBOL_COLUMN,
                *BAR_VALUES,
            ),
            instruments,
        ),
        key=("date", "symbol"),
        partition_by="date",
        cluster_by=("symbol",),
        symbols=tuple(instrument.symbol for instrument in instruments),
    )


def of_bars(instrument: Instrument, *names: str) -> tuple[str, ...]:
    """Columns of the bars, as lineage names them."""
    return tuple(f"{instrument.asset(BARS_TABLE)}.{name}" for name in names)


OHLC = (
    real("open", "first price of the session, of its weekend stub if it has one", PRICE),
    real("high", "highest price of the session and its stub", PRICE),
    real("low", "lowest price of the session and its stub", PRICE),
    real("close", "last price of the weekday bar, unadjusted for rolls", PRICE),
    Column("volume", ColumnType.INT64, "volume of the session and its stub", VOLUME),
)


@cache
def sessions(instrument: Instrument) -> TableContract:
    """The sessions of one instrument."""
    return TableContract(
        dataset="features",
        table=instrument.table("ohlcv"),
        description="Trading sessions of one symbol: weekday bars with their weekend stubs merged in.",
        columns=counted(
            (
                DATA_DATE,
                SYMBOL_COLUMN,
                *(replace(column, nullable=False) for column in OHLC),
                INSTRUMENT_ID,
                Column("stub_merged", ColumnType.BOOL, "a Saturday or Sunday bar was merged into this session", nullable=False),
                INGESTION_TS,
            ),
            [instrument],
        ),
        key=("data_date", "symbol"),
        partition_by="data_date",
        cluster_by=("symbol",),
        # A stub of another instrument gives no price, and a price too far from the stub's close none either: with a bad high left
        # out, the stub's open or close may be the session's highest price.
        made_from={
            "data_date": of_bars(instrument, "date"),
            "open": of_bars(instrument, "open", "close", "instrument_id"),
            "high": of_bars(instrument, "open", "high", "close", "instrument_id"),
            "low": of_bars(instrument, "open", "low", "close", "instrument_id"),
            "stub_merged": of_bars(instrument, "date"),
        },
    )


def of_sessions(instrument: Instrument, *names: str) -> tuple[str, ...]:
    """Columns of the sessions, as lineage names them."""
    return tuple(f"{sessions(instrument).table}.{name}" for name in names)
