"""Columns that several contracts share, and how a column is written down. Must not be here: a contract."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from zl_assets.instruments.base import Instrument
from zl_assets.warehouse.contract import Column, ColumnType, Stamp

# What a price or a volume is counted in differs from instrument to instrument: these stand for it until `counted` says it.
PRICE, VOLUME = "the instrument's price unit", "the instrument's contracts"
# The same of its name, in a description.
NAME = "{instrument}"
FRACTION = "fraction (0.01 = 1 %)"
POINTS = "index points, 0 to 100"


def counted(columns: Iterable[Column], instruments: Sequence[Instrument]) -> tuple[Column, ...]:
    """The columns with PRICE, VOLUME and NAME replaced by the words of these instruments; by symbol where units differ."""
    words = {
        PRICE: _words({i.symbol: i.price.name for i in instruments}),
        VOLUME: _words({i.symbol: i.volume_unit for i in instruments}),
    }

    def said(column: Column) -> Column:
        unit = words.get(column.unit, column.unit) if column.unit is not None else None
        description = named(column.description, instruments)
        return replace(column, description=description, unit=unit, fields=tuple(said(field) for field in column.fields))

    return tuple(said(column) for column in columns)


def named(text: str, instruments: Sequence[Instrument]) -> str:
    """The text with NAME as the instrument is called."""
    return text.replace(NAME, instruments[0].name if len(instruments) == 1 else "each instrument")


def _words(units: dict[str, str]) -> str:
    if len(set(units.values())) == 1:
        return next(iter(units.values()))
    return "; ".join(f"{symbol}: {unit}" for symbol, unit in sorted(units.items()))


def real(name: str, description: str, unit: str | None = None, *, nullable: bool = True, reserved: bool = False) -> Column:
    """A FLOAT64 column."""
    return Column(name, ColumnType.FLOAT64, description, unit, nullable, reserved=reserved)


def struct(name: str, description: str, *fields: Column) -> Column:
    """A STRUCT."""
    return Column(name, ColumnType.STRUCT, description, fields=fields)


def reserved(name: str, description: str, *fields: Column) -> Column:
    """A STRUCT that this version does not write."""
    return struct(name, description, *(replace(f, reserved=True) for f in fields))


INGESTION_TS = Column(
    "ingestion_ts", ColumnType.TIMESTAMP, "when this row was last inserted or changed", unit="UTC", stamp=Stamp.ON_WRITE
)
DATA_DATE = Column("data_date", ColumnType.DATE, "session date: the UTC date of the weekday bar", nullable=False)
SYMBOL_COLUMN = Column("symbol", ColumnType.STRING, "continuous contract, e.g. ZL", nullable=False)
INSTRUMENT_ID = Column(
    "instrument_id", ColumnType.INT64, "vendor id of the contract behind the bar; it changes when the series rolls"
)
