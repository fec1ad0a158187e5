"""The columns of vendors' files, and which of them are ours: date (or ts_event), symbol, prices, volume, instrument_id.

Belongs here: how each vendor lays out its bars, what tells it from another, whose bars a file without a symbol column holds, and
how to convert what cannot be read. Must not be here: how numbers and dates are written (local_texts.py), and what makes a bar
sound.

A file with our own columns is plain, whatever else it has. Otherwise the first vendor whose columns are all there is the one.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from zl_assets.domain.rules.offenders import PRICES
from zl_assets.instruments.base import Instrument
from zl_assets.sources import cells, continuous, local_texts, prices
from zl_assets.sources.notes import Notes, first_of
from zl_assets.warehouse.errors import DataFault

_DAILY, _HOURLY = "date", "ts_event"

# rtype of a record of ohlcv-1h and of ohlcv-1d. https://databento.com/docs/standards-and-conventions
_RTYPES = {_HOURLY: 34, _DAILY: 35}
_SCHEMAS = {32: "ohlcv-1s", 33: "ohlcv-1m", 34: "ohlcv-1h", 35: "ohlcv-1d", 36: "ohlcv-eod"}

# Whole numbers that are nanoseconds or seconds since 1970, from 1973 to 2200.
_NANOSECONDS = range(10**17, 7_258_118_400 * 10**9)
_SECONDS = range(10**8, 7_258_118_400)

# Columns that are looked at, and are not ours.
_UNREAD = ("rtype", "period", "adjusted")

# The hours, in the exchange's zone, in which a session opens that belongs to the next day.
_EVENING = range(16, 24)


@dataclass(frozen=True)
class Vendor:
    """How one vendor lays out its daily bars.

    Attributes:
        name: for a person.
        columns: of the ones that every file has, their names in lower case, by ours.
        optional: of further ones that are looked at.
        known_by: columns, in lower case, that say together whose the file is, though others may be missing; one set suffices.
        way: what to do where its file cannot be read.
        short_volumes: volumes may be 12.34K, and - where there is none.
        adjusted: a column of adjusted prices, which is not read.
    """

    name: str
    columns: Mapping[str, tuple[str, ...]]
    optional: Mapping[str, tuple[str, ...]]
    known_by: tuple[frozenset[str], ...]
    way: str
    short_volumes: bool = False
    adjusted: str = ""


def _same(*names: str) -> dict[str, tuple[str, ...]]:
    return {name: (name,) for name in names}


_TICKER = {"symbol": ("symbol", "ticker")}
_OHL, _OHLC = _same("open", "high", "low"), _same(*PRICES)

DATABENTO = Vendor(
    "Databento",
    {_DAILY: (_HOURLY,), **_same("symbol", *PRICES, "volume")},
    _same("instrument_id", "rtype"),
    (frozenset({"publisher_id"}), frozenset({"rtype"}), frozenset({"ts_event", "open"})),
    "Ask for symbol ZL.v.0 of schema ohlcv-1d with map_symbols=True, so that there is a column symbol.",
)
BARCHART = Vendor(
    "Barchart",
    {_DAILY: ("time", "date", "date time"), **_OHL, "close": ("last", "latest"), "volume": ("volume",)},
    _TICKER,
    (frozenset({"last"}), frozenset({"latest"}), frozenset({"%chg"}), frozenset({"%change"})),
    "Download the daily history with the columns Time, Open, High, Low, Last and Volume, and prices as decimals.",
)
INVESTING = Vendor(
    "Investing.com",
    {_DAILY: ("date",), **_OHL, "close": ("price",), "volume": ("vol.",)},
    {},
    (frozenset({"vol."}), frozenset({"change %"})),
    "Download the daily history in English, with the columns Date, Price, Open, High, Low and Vol.",
    short_volumes=True,
)
YAHOO = Vendor(
    "Yahoo",
    {_DAILY: ("date",), **_OHLC, "volume": ("volume",), "adjusted": ("adj close",)},
    _TICKER,
    (frozenset({"adj close"}), frozenset({"stock splits"}), frozenset({"price", "close", "volume"})),
    "Of yfinance, save Ticker('ZL=F').history(period='max', auto_adjust=False), or download with multi_level_index=False, so "
    "that the columns are Date, Open, High, Low, Close and Volume.",
    adjusted="Adj Close",
)
STOOQ_ASCII = Vendor(
    "Stooq",
    {_DAILY: ("<date>",), "symbol": ("<ticker>",), **{name: (f"<{name}>",) for name in PRICES}, "volume": ("<vol>",)},
    {"period": ("<per>",)},
    (frozenset({"<ticker>"}), frozenset({"<per>"})),
    "Download daily bars (<PER> is D) with the columns <TICKER>, <DATE>, <OPEN>, <HIGH>, <LOW>, <CLOSE> and <VOL>.",
)
TRADINGVIEW = Vendor(
    "TradingView",
    {_DAILY: ("time",), **_OHLC, "volume": ("volume",)},
    {},
    (frozenset({"time", "open", "close"}),),
    "Show the indicator Volume on a daily chart of ZL1!, and export its data with the time as ISO.",
)
DATED = Vendor(
    "Stooq or yfinance",
    {_DAILY: ("date",), **_OHLC, "volume": ("volume",)},
    {**_TICKER, "instrument_id": ("instrument_id",)},
    (),
    "",
)

# Read by nobody: which of its prices is the close is not for us to say.
TWO_CLOSES = Vendor(
    "Nasdaq Data Link",
    {},
    {},
    (frozenset({"settle"}), frozenset({"settlement"})),
    "It has a last price and a settlement: name the one close that is to be the close, and take the other out.",
)

VENDORS = (DATABENTO, STOOQ_ASCII, BARCHART, INVESTING, YAHOO, TRADINGVIEW, DATED)


@dataclass(frozen=True)
class Columns:
    """Which columns of a file are ours.

    Attributes:
        names: as the file has them, by ours.
        vendor: whose layout it is; None for our own.
    """

    names: Mapping[str, str]
    vendor: Vendor | None = None


def columns_of(found: Sequence[str], required: Sequence[str], optional: Sequence[str]) -> Columns | None:
    """Which of a file's columns are ours, or None where some are missing in every layout.

    Args:
        found: the file's columns, as they are written.
        required, optional: our own. Vendors' layouts are of daily bars, and are looked for where `date` is required.
    """
    if all(name in found for name in required):
        extra = ("rtype",) if required[0] == _HOURLY else ()
        return Columns({name: name for name in (*required, *optional, *extra) if name in found})
    if required[0] != _DAILY:
        return None
    lower = [name.casefold() for name in found]
    if _signs(TWO_CLOSES, lower):
        return None
    for vendor in VENDORS:
        known = {ours: [name for name in names if name in lower] for ours, names in {**vendor.columns, **vendor.optional}.items()}
        if all(len(known[ours]) == 1 for ours in vendor.columns):
            return Columns({ours: found[lower.index(names[0])] for ours, names in known.items() if len(names) == 1}, vendor)
    return None


def _signs(vendor: Vendor, lower: Sequence[str]) -> int:
    return sum(signs <= set(lower) for signs in vendor.known_by)


def advice(found: Sequence[str], time: str) -> str:
    """Whose file this may be, though it cannot be read, and what to do; empty where nothing tells.

    Args:
        found: the file's columns.
        time: our column that says when a bar is.
    """
    lower = [name.casefold() for name in found]
    vendor = max((TWO_CLOSES, *VENDORS), key=lambda vendor: _signs(vendor, lower))
    if not _signs(vendor, lower):
        return ""
    if time != _DAILY and vendor is not DATABENTO:
        return f" It looks like a file of {vendor.name}, whose layout is read for daily bars only."
    return f" It looks like a file of {vendor.name}. {vendor.way}"


def whose(columns: Columns, file: Path, instruments: Sequence[Instrument]) -> str:
    """Why it is open whose bars a file without a column symbol holds, and what to do; empty where it is known.

    It is known where the file's name says the symbol of one instrument that is on, alone or as a vendor writes its front month
    (ZL.csv, zl.f.csv, ZL=F.csv, "CBOT_DL_ZL1!, 1D.csv"), or its name (US Soybean Oil Futures Historical Data.csv).
    """
    if "symbol" in columns.names:
        return ""
    whose_file = f" It looks like a file of {columns.vendor.name}." if columns.vendor else ""
    named = [instrument for instrument in instruments if _names(file.stem, instrument)]
    if len(named) > 1:
        several = ", ".join(instrument.symbol for instrument in named)
        return f"{whose_file} The file's name says {several}: add the column symbol, or name the file after one of them."
    if not named:
        first = instruments[0]
        others = f", or after another of {', '.join(i.symbol for i in instruments)}" if len(instruments) > 1 else ""
        return (
            f"{whose_file} The file's name does not say whose bars these are either: add the column symbol, or name the file "
            f"{first.symbol}{file.suffix}{others} if it holds the front month of {first.name}, and no single contract."
        )
    return ""


def in_our_columns(
    frame: pd.DataFrame,
    columns: Columns,
    time: str,
    instruments: Sequence[Instrument],
    everyone: Sequence[Instrument],
    file: Path,
    notes: Notes,
) -> pd.DataFrame:
    """The file's rows with our columns' names, and values that cells.py converts. The index is the row's place in the file.

    Args:
        frame: the columns that `columns` names, under the file's names; no value is None.
        columns: of this file.
        time: our column that says when a bar is.
        instruments: whose rows are read.
        everyone: the instruments that are on, `instruments` among them.
        file: for messages and notes.
        notes: what was done is added.

    Raises:
        DataFault: it holds bars of another length, or its dates or prices can be read in two ways.
    """
    vendor = columns.vendor
    own = frame[list(columns.names.values())].set_axis(list(columns.names), axis=1)
    if own.empty:
        return own.assign(symbol=pd.Series(dtype=object))
    _refuse_other_schema(own, time, file)
    if vendor is STOOQ_ASCII and "period" in own.columns:
        _refuse_other_period(own, file)
    if vendor is not None:
        notes.add(file, f"read as {vendor.name}'s layout{_renamed(columns)}")
    if vendor is not None and vendor.adjusted:
        notes.add(file, f"{vendor.adjusted} is not read: prices are unadjusted here")
        own = _without_empty_days(own, file, notes)
    if vendor not in (None, DATABENTO):
        own = own.assign(symbol=_symbols(own, everyone, file, notes))
    fixed_point = vendor is DATABENTO or "rtype" in own.columns
    own = own.drop(columns=[name for name in _UNREAD if name in own.columns])
    # What rows of other symbols hold decides nothing.
    wanted = own["symbol"].isin([name for instrument in instruments for name in continuous.names(instrument.symbol)])
    if not wanted.any():
        return own
    read = _read(own[wanted], time, vendor, instruments[0], file, notes)
    if fixed_point:
        read = _scaled(read, file, notes)
    return read if wanted.all() else own.assign(**{name: _with(own[name], read[name]) for name in (time, *PRICES, "volume")})


def _read(own: pd.DataFrame, time: str, vendor: Vendor | None, instrument: Instrument, file: Path, notes: Notes) -> pd.DataFrame:
    """The rows with their prices, volumes and times as cells.py reads them."""
    own, commas = local_texts.plain_numbers(own, PRICES, "volume", file)
    if commas:
        notes.add(file, commas)
    if vendor is not None and vendor.short_volumes:
        own = own.assign(volume=local_texts.whole_volumes(own["volume"]))
    return own.assign(**{time: _times(own[time], vendor, instrument, file, notes)})


def _with(column: "pd.Series[Any]", read: "pd.Series[Any]") -> "pd.Series[Any]":
    """The column with what was read of some of its rows. Where that is what it was, its type, which says how it was stored,
    stays."""
    if read.equals(column.loc[read.index]):
        return column
    return column.astype(object).where(~column.index.isin(read.index), read.astype(object).reindex(column.index))


def _times(times: "pd.Series[Any]", vendor: Vendor | None, instrument: Instrument, file: Path, notes: Notes) -> "pd.Series[Any]":
    """What cells.py reads as the dates of daily bars, or as the hours of hourly ones."""
    if times.name == _HOURLY:
        return times if times.dtype.kind == "M" else times.map(_moment, na_action="ignore").astype(object)
    if vendor is DATABENTO:
        return _midnights(times, file)
    if vendor is TRADINGVIEW:
        return _trading_days(times, instrument, file, notes)
    dates, order = local_texts.iso_dates(_local(times, vendor), file, midnights=vendor is not None)
    if order:
        notes.add(file, order)
    return dates


def _renamed(columns: Columns) -> str:
    renamed = ", ".join(
        f"{theirs} is {ours}" for ours, theirs in columns.names.items() if theirs.casefold() != ours and ours not in _UNREAD
    )
    return f": {renamed}" if renamed else ""


# --- Databento


def _refuse_other_schema(own: pd.DataFrame, time: str, file: Path) -> None:
    if "rtype" not in own.columns:
        return
    found = sorted({str(value) for value in own["rtype"].dropna()} - {str(_RTYPES[time])})
    if found:
        schema = _SCHEMAS.get(int(found[0]) if found[0].isdecimal() else -1, f"of rtype {found[0]}")
        raise DataFault(
            f"{file}: holds Databento's {schema} (rtype {', '.join(found)}), expected {_SCHEMAS[_RTYPES[time]]} "
            f"(rtype {_RTYPES[time]}). {_OTHER_LENGTH[time]}"
        )


_OTHER_LENGTH = {
    _DAILY: "Request ohlcv-1d for ZL_BARS; hourly bars go into ZL_BARS_1H.",
    _HOURLY: "Request ohlcv-1h for ZL_BARS_1H; daily bars go into ZL_BARS.",
}


def _moment(value: Any) -> Any:
    """A whole number of nanoseconds since 1970, or its text, as the moment; anything else as it is."""
    return _since_1970(value, _NANOSECONDS, "ns")


def _since_1970(value: Any, known: range, unit: Any) -> Any:
    number = int(value) if isinstance(value, str) and value.isdecimal() and value.isascii() else value
    if isinstance(number, int) and not isinstance(number, bool) and number in known:
        return pd.Timestamp(number, unit=unit, tz="UTC")
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float))


def _scaled(own: pd.DataFrame, file: Path, notes: Notes) -> pd.DataFrame:
    numbers = {name: cells.converted(own[name], cells.number, "a number", file).astype("float64") for name in PRICES}
    scaled, said = prices.from_fixed_point(pd.DataFrame(numbers), file)
    if not said:
        return own
    notes.add(file, said)
    return own.assign(**scaled)


def _midnights(times: "pd.Series[Any]", file: Path) -> "pd.Series[Any]":
    moments = times.map(_moment, na_action="ignore").astype(object)
    known = pd.to_datetime(moments.where(~moments.map(_is_number)), utc=True, errors="coerce", format="ISO8601")
    late = known.notna() & (known != known.dt.normalize())
    if late.any():
        raise DataFault(
            f"{file}: {late.sum():,} of {len(times):,} values of ts_event are not at midnight UTC, where a daily bar of "
            f"Databento begins: {_places(times[late])}. {_OTHER_LENGTH[_DAILY]}"
        )
    return moments


# --- Yahoo, Stooq, Barchart, Investing.com


def _local(dates: "pd.Series[Any]", vendor: Vendor | None) -> "pd.Series[Any]":
    """A vendor's midnights of the exchange's zone as dates; they are not midnights in UTC."""
    if vendor is None or not isinstance(dates.dtype, pd.DatetimeTZDtype):
        return dates
    clock = dates.dt.tz_localize(None)
    return clock if (clock == clock.dt.normalize()).all() else dates


def _refuse_other_period(own: pd.DataFrame, file: Path) -> None:
    other = own["period"][own["period"] != "D"]
    if len(other):
        raise DataFault(f"{file}: <PER> must be D, for daily bars, but found {_places(other)}. {STOOQ_ASCII.way}")


def _without_empty_days(own: pd.DataFrame, file: Path, notes: Notes) -> pd.DataFrame:
    """Without the rows that say null in every column but the date: days on which Yahoo has no bar."""
    empty = own[[*PRICES, "volume", "adjusted"]].isna().all(axis=1)
    if empty.any():
        rows = first_of([str(row) for row in own.index[empty]])
        notes.add(file, f"rows without any value were left out, days on which the vendor has no bar: row {rows}")
    return own[~empty]


# --- TradingView


def _trading_days(times: "pd.Series[Any]", instrument: Instrument, file: Path, notes: Notes) -> "pd.Series[Any]":
    """The session's date of each bar: the UTC date, if all begin at midnight UTC or are dates alone; otherwise the next day, if
    all begin in the evening before, by the exchange's clock."""
    moments = times.map(lambda value: _since_1970(value, _SECONDS, "s"), na_action="ignore").astype(object)
    if moments.map(_is_number).any() or all(isinstance(value, str) and len(value) == 10 for value in moments):
        return moments
    try:
        known = pd.to_datetime(moments, utc=True, format="ISO8601")
    except (ValueError, TypeError):
        return moments
    if (known.isna() | (known == known.dt.normalize())).all():
        return _or_none(known)
    local = known.dt.tz_convert(instrument.decision.zone)
    other = times[known.notna() & ~local.dt.hour.isin(_EVENING)]
    if len(other):
        raise DataFault(
            f"{file}: column time must be dates, midnights in UTC, or the evening before in {instrument.decision.zone}, at which "
            f"the session opens; found {_places(other)}. {TRADINGVIEW.way}"
        )
    notes.add(file, f"bars that begin in the evening ({instrument.decision.zone}) are of the next day's session")
    return _or_none(local.dt.tz_localize(None).dt.normalize() + pd.Timedelta(days=1))


def _or_none(times: "pd.Series[Any]") -> "pd.Series[Any]":
    return pd.Series([None if pd.isna(time) else time for time in times], times.index, dtype=object, name=times.name)


# --- whose bars


def _symbols(own: pd.DataFrame, instruments: Sequence[Instrument], file: Path, notes: Notes) -> "pd.Series[Any]":
    """The symbol of each row: the file's own, with what vendors add to a root left off, or the one that the file's name says."""
    if "symbol" in own.columns:
        return own["symbol"].map(lambda value: _root(value, instruments), na_action="ignore").astype(object)
    # `whose` has made sure that it is one.
    symbol = next(instrument.symbol for instrument in instruments if _names(file.stem, instrument))
    notes.add(file, f"there is no column symbol; the file's name says {symbol}")
    return pd.Series(symbol, own.index, dtype=object)


def _root(value: Any, instruments: Sequence[Instrument]) -> Any:
    for instrument in instruments:
        if isinstance(value, str) and re.fullmatch(rf"(?:[A-Z_]+:)?{re.escape(instrument.symbol)}{_FRONT}", value, re.IGNORECASE):
            return instrument.symbol
    return value


# What vendors add to a root for its front month: Yahoo ZL=F, Stooq ZL.F, TradingView ZL1!, Barchart ZL*0 and ZL*1.
_FRONT = r"(?:=F|\.F|1!|\*[01])"


def _names(stem: str, instrument: Instrument) -> bool:
    """Does a file's name say this instrument: its symbol, alone or as a vendor writes its front month, or its name?"""
    symbol = re.escape(instrument.symbol)
    contract = rf"(?<![A-Za-z0-9]){symbol}[ _-]?[FGHJKMNQUVXZ]\d{{1,4}}(?![A-Za-z0-9])"
    if re.search(contract, stem, re.IGNORECASE):
        return False
    front = rf"(?<![A-Za-z0-9]){symbol}(?:{_FRONT}|1)?(?![A-Za-z0-9=!*.])"
    words = f" {' '.join(re.findall('[a-z0-9]+', stem.casefold()))} "
    return bool(re.search(front, stem, re.IGNORECASE)) or f" {instrument.name.casefold()} " in words


def _places(values: "pd.Series[Any]") -> str:
    return first_of([f"row {row}: {value!r}" for row, value in values.items()], between="; ")
