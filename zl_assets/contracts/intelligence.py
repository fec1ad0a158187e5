"""What only feature families read."""

from dataclasses import replace
from functools import cache

from zl_assets.contracts.columns import INGESTION_TS, INSTRUMENT_ID, PRICE, SYMBOL_COLUMN, VOLUME, counted, real
from zl_assets.instruments.base import Instrument
from zl_assets.warehouse.contract import Column, ColumnType, TableContract

HOURS_TABLE = "databento_futures_ohlcv_1h"

_OBSERVATIONS = (
    Column("series", ColumnType.STRING, "name of the series at FRED", nullable=False),
    Column("observed_on", ColumnType.DATE, "day, or first day of the month, that the value is of", nullable=False),
    Column(
        "available_at",
        ColumnType.TIMESTAMP,
        "when the value became known: by the series' release rule, or for a dated vintage when its day had passed",
        "UTC",
        nullable=False,
    ),
    real("value", "the value, in the series' own unit; an observation without one has no row", nullable=False),
    Column("vintage", ColumnType.DATE, "day whose state of knowledge the value is; NULL: the newest when it was fetched"),
    INGESTION_TS,
)


# What only feature families read: no asset of it is there unless a family that needs it is switched on.
FRED_OBSERVATIONS = TableContract(
    dataset="raw_intelligence",
    table="fred_observations",
    description="Observations of economic series as FRED gives them, with the time at which each became known.",
    columns=_OBSERVATIONS,
    key=("series", "observed_on", "available_at"),
    partition_by="observed_on",
    cluster_by=("series",),
)


VOLATILITY_DAILY = replace(
    FRED_OBSERVATIONS,
    table="volatility_daily",
    description="Daily closes of volatility indices (VIXCLS) as FRED gives them, with the time at which each became known.",
)


@cache
def bars_1h(*instruments: Instrument) -> TableContract:
    """The hourly bars of these instruments."""
    return TableContract(
        dataset="market_data",
        table=HOURS_TABLE,
        description="Hourly bars of continuous futures (front month by volume, prices unadjusted), one row per hour and symbol.",
        columns=counted(
            (
                Column("ts_event", ColumnType.TIMESTAMP, "start of the hour", "UTC", nullable=False),
                SYMBOL_COLUMN,
                real("open", "first price", PRICE),
                real("high", "highest price", PRICE),
                real("low", "lowest price", PRICE),
                real("close", "last price", PRICE),
                Column("volume", ColumnType.INT64, "traded volume", VOLUME),
                INSTRUMENT_ID,
            ),
            instruments,
        ),
        key=("ts_event", "symbol"),
        cluster_by=("symbol",),
        symbols=tuple(instrument.symbol for instrument in instruments),
    )
