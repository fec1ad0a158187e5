"""Bars from Databento's DBN files, as the vendor delivers them: days of ohlcv-1d, or of ohlcv-1h summed to UTC days, and hours.

Belongs here: the format, its fixed-point prices, which record is of which continuous symbol, and whether a file holds what was
asked for. Must not be here: what makes a bar sound, and other file formats. `databento-dbn` (the optional extra `dbn`) is
imported by the function that decodes.

`ZL.v.0`, the front month by volume, is the symbol ZL. Any other symbol, `ZL.c.0` among them, keeps its full name here; which of
them is loaded is said in continuous.py.
"""

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from zl_assets.domain.trading_calendar import expected_sessions, session_closes
from zl_assets.errors import SettingError
from zl_assets.instruments.base import Instrument
from zl_assets.sources.listing import Remark
from zl_assets.warehouse.errors import DataFault

SUFFIXES = (".dbn", ".dbn.zst")
FRONT_MONTH, BY_CALENDAR = ".v.0", ".c.0"
NO_SYMBOL = "(no symbol)"

# Prices are whole billionths; this one means that there is none. https://databento.com/docs/standards-and-conventions
PRICE_SCALE = 1e9
UNDEFINED_PRICE = np.iinfo(np.int64).max

# rtype of a record, by schema.
RECORD_TYPES = {"ohlcv-1h": 34, "ohlcv-1d": 35}

_SECOND = 10**9
_DAY = 86_400 * _SECOND
# Nanoseconds of a bar, by schema.
_LENGTHS = {"ohlcv-1h": 3_600 * _SECOND, "ohlcv-1d": _DAY}

# Sessions that the end of a file may lack where the folder goes on after them. Of the 3,889 sessions that the calendar has
# between 2010-06-07 and 2025-11-14 the vendor has no hour of 3, one of which (2020-02-28) is the last of its month, and so of
# the vendor's own file.
_VENDORS_HOLE = 1

_PRICES = ["open", "high", "low", "close"]

# An OHLCV record, the same in every version of the format. https://databento.com/docs/schemas-and-data-formats/ohlcv
RECORD = np.dtype(
    [
        ("length", "u1"),  # in units of four bytes
        ("rtype", "u1"),
        ("publisher_id", "<u2"),
        ("instrument_id", "<u4"),
        ("ts_event", "<u8"),  # nanoseconds since 1970, start of the bar
        *((name, "<i8") for name in _PRICES),
        ("volume", "<u8"),
    ]
)

_ZSTANDARD = 0xFD2FB528
# Frames that hold no data, and may stand anywhere: 16 magic numbers. RFC 8878, section 3.1.2.
_SKIPPABLE = 0x184D2A50
_PRELUDE = 8  # "DBN", version, length of the metadata that follows (uint32, little-endian)
_NEXT_FILE = re.compile(rb"DBN[\x01-\x03]")


@dataclass(frozen=True, eq=False)
class DbnBars:
    """Bars of several DBN files.

    Attributes:
        frames: one for each file, in order: date (daily bars) or ts_event (hourly ones), symbol, open, high, low, close, volume,
            instrument_id. The index is the number (from 1) of the bar's first record in the file. A day whose hours are spread
            over files is in the first.
        other_symbols: symbols that were not asked for, with their record counts.
        duplicates: records that were exact copies of another one.
        records: how many each file holds, of any symbol.
        remarks: files that may have lost their end.
    """

    frames: tuple[pd.DataFrame, ...]
    other_symbols: dict[str, int]
    duplicates: int
    records: tuple[int, ...]
    remarks: tuple[Remark, ...]


@dataclass(frozen=True, eq=False)
class _Request:
    """What was asked for, by a file's metadata.

    Attributes:
        start, end: from and up to when, in nanoseconds since 1970; None where the file does not say up to when.
        length: of a bar, in nanoseconds.
        days: on which a symbol was a contract: of each symbol that is wanted and was asked for, from and up to when.
    """

    start: int
    end: int | None
    length: int
    days: dict[str, list[tuple[Any, Any]]]


@dataclass(frozen=True, eq=False)
class _Decoded:
    """One file.

    Attributes:
        rows: records of the wanted symbols: ts_event, symbol, prices, volume, instrument_id, priced and record.
        others: records of each other symbol.
        records: how many there are of any symbol.
    """

    rows: pd.DataFrame
    others: dict[str, int]
    records: int
    request: _Request


def is_dbn(path: Path) -> bool:
    """Is a file DBN, by its name?"""
    return path.name.lower().endswith(SUFFIXES)


def read_dbn(files: Sequence[Path], instruments: Sequence[Instrument]) -> DbnBars:
    """Decode DBN files of schema ohlcv-1d or ohlcv-1h whose symbols are continuous ones.

    Hours are put together over all files before they are summed, so that files which overlap, or which part in the middle of a
    day, give the same bars as one file. Of a day: open of the first hour, high and low the extremes, close of the last, volume
    the sum.

    Raises:
        DataFault: a file is damaged, is of another schema or symbology, or two records of an instrument and time differ; records
            are missing: a limit was reached, a request began or ended within a day, or a file was cut off.
        SettingError: the package databento-dbn is not installed.
    """
    distinct, bars = _records(files, instruments, tuple(RECORD_TYPES))
    distinct = distinct.sort_values(["symbol", "ts_event"], kind="stable")
    days = (
        distinct.assign(date=distinct["ts_event"].dt.normalize())
        .groupby(["symbol", "date"], sort=True)
        .agg(
            open=("open", "first"),
            high=("high", "max"),
            low=("low", "min"),
            close=("close", "last"),
            volume=("volume", "sum"),
            instrument_id=("instrument_id", "last"),
            unpriced=("priced", lambda priced: not priced.all()),
            file=("file", "min"),
            record=("record", "first"),
        )
        .reset_index()
    )
    # groupby skips what is missing; a day with an hour that has no price has no price either.
    days[_PRICES] = days[_PRICES].mask(days["unpriced"].astype(bool))
    return replace(bars, frames=_by_file(days, "date", len(files)))


def read_dbn_hours(files: Sequence[Path], instruments: Sequence[Instrument]) -> DbnBars:
    """Decode DBN files of schema ohlcv-1h whose symbols are continuous ones, hour by hour. `ts_event` is in UTC.

    Raises:
        DataFault, SettingError: as `read_dbn`.
    """
    distinct, bars = _records(files, instruments, ("ohlcv-1h",))
    hours = distinct.assign(ts_event=distinct["ts_event"].dt.tz_localize("UTC"))
    hours[_PRICES] = hours[_PRICES].mask(~hours["priced"].astype(bool))
    return replace(bars, frames=_by_file(hours, "ts_event", len(files)))


def _by_file(bars: pd.DataFrame, time: str, n: int) -> tuple[pd.DataFrame, ...]:
    wanted = [time, "symbol", *_PRICES, "volume", "instrument_id"]
    of_file = dict(iter(bars.groupby("file")))
    none = bars.iloc[:0]
    return tuple(of_file.get(i, none).set_index("record")[wanted].rename_axis(None) for i in range(n))


def _records(files: Sequence[Path], instruments: Sequence[Instrument], schemas: Sequence[str]) -> tuple[pd.DataFrame, DbnBars]:
    """The distinct records of all files, with the number of their file; and what else there is to say of the files."""
    symbols = [instrument.symbol for instrument in instruments]
    decoded = [_decode(file, symbols, schemas) for file in files]
    other: dict[str, int] = {}
    for one in decoded:
        for symbol, count in one.others.items():
            other[symbol] = other.get(symbol, 0) + count
    records = pd.concat([one.rows.assign(file=i) for i, one in enumerate(decoded)], ignore_index=True)
    values = [name for name in records.columns if name not in ("file", "record")]
    copies = records.duplicated(values)
    distinct = records[~copies]
    _refuse_conflicts(distinct, files)
    requests = [one.request for one in decoded]
    for symbol in symbols:
        _refuse_parts_of_days(symbol, requests, files)
    remarks = tuple(remark for instrument in instruments for remark in _unsure_ends(instrument, requests, files, records))
    return distinct, DbnBars((), other, int(copies.sum()), tuple(one.records for one in decoded), remarks)


def _decode(file: Path, symbols: Sequence[str], schemas: Sequence[str] = tuple(RECORD_TYPES)) -> _Decoded:
    dbn = _library()
    content = _content(file)
    if content[:3] != b"DBN" or len(content) < _PRELUDE:
        raise DataFault(f"{file}: not a DBN file: it begins with {content[:8]!r}. Download it again.")
    start = _PRELUDE + int.from_bytes(content[4:_PRELUDE], "little")
    try:
        metadata = dbn.Metadata.decode(content[:start])
    except dbn.DBNError as error:
        raise DataFault(f"{file}: its DBN metadata cannot be decoded: {error}. Download it again.") from error
    if metadata.schema not in schemas:
        kinds = "hourly bars" if "ohlcv-1d" not in schemas else "daily or hourly bars"
        raise DataFault(f"{file}: schema {metadata.schema}, expected {' or '.join(schemas)}. Request {kinds}.")
    if (str(metadata.stype_in), str(metadata.stype_out)) != ("continuous", "instrument_id") or metadata.ts_out:
        raise DataFault(
            f"{file}: symbols of type {metadata.stype_in} to {metadata.stype_out}{' with ts_out' if metadata.ts_out else ''}, "
            f"expected continuous to instrument_id. Request the continuous symbol {symbols[0]}{FRONT_MONTH}."
        )
    if (len(content) - start) % RECORD.itemsize:
        second = _NEXT_FILE.search(content, start)
        if second:
            raise DataFault(
                f"{file}: another DBN file begins at its byte {second.start():,}: files were put one after the other. Give "
                "each as a file of its own, in a folder."
            )
        raise DataFault(
            f"{file}: cut off: {len(content) - start:,} bytes of records, not a multiple of {RECORD.itemsize}. Download it again."
        )
    records = np.frombuffer(content, RECORD, offset=start)
    if metadata.limit and len(records) >= metadata.limit:
        raise DataFault(
            f"{file}: the request was limited to {metadata.limit:,} records, and the file holds as many: what came after them is "
            "missing. Request the bars again without a limit."
        )
    _check_records(records, metadata.schema, file)

    days = records["ts_event"].astype("datetime64[ns]").astype("datetime64[D]")
    own: list[pd.DataFrame] = []
    others: dict[str, int] = {}
    contracts: dict[str, list[tuple[Any, Any]]] = {}
    named = np.zeros(len(records), dtype=bool)
    for continuous, intervals in metadata.mappings.items():
        symbol = continuous.removesuffix(FRONT_MONTH)
        mine = np.zeros(len(records), dtype=bool)
        spans = []
        for interval in intervals:
            if interval["symbol"]:
                first, after = np.datetime64(interval["start_date"], "D"), np.datetime64(interval["end_date"], "D")
                mine |= (records["instrument_id"] == int(interval["symbol"])) & (days >= first) & (days < after)
                spans.append((first, after))
        named |= mine
        if symbol in symbols:
            own.append(_frame(records, np.flatnonzero(mine), symbol))
            contracts[symbol] = spans
        elif mine.any():
            others[symbol] = int(mine.sum())
    if not named.all():
        others[NO_SYMBOL] = int((~named).sum())
    rows = pd.concat(own or [_frame(records, np.array([], dtype=int), "")], ignore_index=True)
    length, end = _LENGTHS[metadata.schema], metadata.end
    # The vendor gives a part of a larger file its last record for an end, and that record is in it.
    if len(records) and end == records["ts_event"].max():
        end += length
    request = _Request(metadata.start, end, length, contracts)
    return _Decoded(rows, others, len(records), request)


def _refuse_parts_of_days(symbol: str, requests: Sequence[_Request], files: Sequence[Path]) -> None:
    """The requests of a symbol, put together, begin and end at midnight UTC: a day of which some hours were never asked for would
    be given as a whole one."""
    never = np.inf
    spans = sorted((r.start, never if r.end is None else r.end, i) for i, r in enumerate(requests) if symbol in r.days)
    edges: list[tuple[str, float, int]] = []
    until: tuple[float, int] | None = None
    for start, end, i in spans:
        if until is None or start > until[0]:
            edges += [("ends", *until)] if until else []
            edges.append(("begins", start, i))
            until = (end, i)
        until = max(until, (end, i))
    edges += [("ends", *until)] if until else []
    for word, moment, i in edges:
        if moment != never and moment % _DAY:
            raise DataFault(
                f"{files[i]}: what was requested {word} at {_moment(int(moment))}, within a UTC day, so that the bar of that day "
                f"would be made of a part of its hours, and no other file has the rest. Request {_vendors(symbol)} from "
                "midnight to midnight UTC, or add the file that has the rest of the day."
            )


def _vendors(symbol: str) -> str:
    """The vendor's name of a series, from which only `.v.0` is left off here."""
    return symbol if symbol.endswith(BY_CALENDAR) else symbol + FRONT_MONTH


def _unsure_ends(
    instrument: Instrument, requests: Sequence[_Request], files: Sequence[Path], records: pd.DataFrame
) -> Iterator[Remark]:
    """Files whose records of the instrument stop before what was requested does, by the exchange's calendar.

    Raises:
        DataFault: one lacks so many sessions at its end that it was cut off.
    """
    symbol = instrument.symbol
    asked = [i for i, request in enumerate(requests) if symbol in request.days]
    for i in asked:
        if requests[i].end is None:
            yield Remark(files[i].name, "it does not say where its request ended, so nobody can tell whether it was cut off")
    known = [i for i in asked if requests[i].end is not None]
    if not known:
        return
    own = records[records["symbol"] == symbol]
    moments = np.sort(own["ts_event"].to_numpy())
    there = np.unique(moments.astype("datetime64[D]"))
    last_of = own.groupby("file")["ts_event"].max().to_dict()
    calendar = instrument.calendar
    first = _date(min(requests[i].start for i in known))
    last = _date(max(requests[i].end or 0 for i in known)) - dt.timedelta(days=1)
    sessions = expected_sessions(calendar, first, last).to_numpy().astype("datetime64[D]")
    closes = session_closes(calendar, first, last)
    for i in known:
        request, stop = requests[i], last_of.get(i)
        after = np.datetime64(_date(request.end or 0), "D")
        due = sessions[(sessions >= np.datetime64(_date(request.start), "D")) & (sessions < after)]
        due = due[np.any([(due >= a) & (due < b) for a, b in request.days[symbol]], axis=0)] if request.days[symbol] else due[:0]
        lacking = np.setdiff1d(due if stop is None else due[due > np.datetime64(stop, "D")], there)
        said = f"it has no record of {symbol}" if stop is None else f"its last record of {symbol} is of {_moment(stop.value)}"
        goes_on = len(moments) > 0 and moments[-1] >= after
        if len(lacking) > (_VENDORS_HOLE if goes_on else 0):
            raise DataFault(
                f"{files[i]}: cut off: {said}, and what was requested has {len(lacking):,} later sessions by the calendar "
                f"{calendar}, from {lacking[0]} to {lacking[-1]}. Download it again; if that has no more records, the vendor has "
                f"none: request it up to {lacking[0]}."
            )
        if len(lacking):
            yield Remark(files[i].name, f"{said}, and the session of {lacking[0]} was requested too")
        elif len(due) and request.length < _DAY:
            close = closes[pd.Timestamp(due[-1])]
            # The bar that a session closes in begins less than its length before, or, where it closes on the hour, just so much.
            begun = np.searchsorted(moments, np.datetime64(close - pd.Timedelta(request.length), "ns"))
            if begun == len(moments) or moments[begun] >= due[-1] + np.timedelta64(1, "D"):
                yield Remark(files[i].name, f"{said}, before the session of {due[-1]} closed at {close:%H:%M} UTC")


def _date(moment: int) -> dt.date:
    return pd.Timestamp(moment).date()


def _moment(moment: int) -> str:
    return f"{pd.Timestamp(moment):%Y-%m-%d %H:%M} UTC"


def _check_records(records: Any, schema: str, file: Path) -> None:
    wrong = np.flatnonzero((records["rtype"] != RECORD_TYPES[schema]) | (records["length"] * 4 != records.dtype.itemsize))
    if len(wrong):
        raise DataFault(
            f"{file}: record {wrong[0] + 1} is of type {records['rtype'][wrong[0]]}, expected {RECORD_TYPES[schema]} ({schema}). "
            "Download it again."
        )
    unit = "hour" if schema == "ohlcv-1h" else "UTC day"
    off = np.flatnonzero(records["ts_event"] % _LENGTHS[schema])
    if len(off):
        moment = records["ts_event"][off[0]].astype("datetime64[ns]")
        raise DataFault(f"{file}: record {off[0] + 1} begins at {moment}, not on a whole {unit}. Download it again.")


def _frame(records: Any, rows: Any, symbol: str) -> pd.DataFrame:
    mine = records[rows]
    prices = {name: np.where(mine[name] == UNDEFINED_PRICE, np.nan, mine[name] / PRICE_SCALE) for name in _PRICES}
    return pd.DataFrame(
        {
            "ts_event": mine["ts_event"].astype("datetime64[ns]"),
            "symbol": pd.Series([symbol] * len(mine), dtype="object"),
            **prices,
            "volume": mine["volume"].astype("int64"),
            "instrument_id": mine["instrument_id"].astype("int64"),
            "priced": np.all([mine[name] != UNDEFINED_PRICE for name in _PRICES], axis=0),
            "record": rows + 1,
        }
    )


def _refuse_conflicts(records: pd.DataFrame, files: Sequence[Path]) -> None:
    twice = records.assign(place=[f"{files[i].name} record {n}" for i, n in zip(records["file"], records["record"], strict=True)])
    twice = twice[records.duplicated(["symbol", "ts_event"], keep=False)].sort_values(["symbol", "ts_event"])
    if len(twice):
        named = "; ".join(
            f"{row.place}: {row.symbol} {row.ts_event:%Y-%m-%d %H:%M} instrument "
            f"{row.instrument_id} close {row.close:g} volume {row.volume}"
            for row in twice.head(4).itertuples()
        )
        raise DataFault(f"{len(twice)} records share their symbol and time with a different record: {named}. Leave one of each.")


def _content(file: Path) -> bytes:
    import pyarrow as pa

    raw = file.read_bytes()
    magic = int.from_bytes(raw[:4], "little")
    if magic != _ZSTANDARD and not _SKIPPABLE <= magic <= _SKIPPABLE + 15:
        return raw
    try:
        with pa.CompressedInputStream(pa.BufferReader(raw), "zstd") as stream:
            return bytes(stream.read())
    except OSError as error:
        raise DataFault(f"{file}: its Zstandard compression is damaged: {error}. Download it again.") from error


def _library() -> Any:
    try:
        import databento_dbn
    except ModuleNotFoundError as error:
        raise SettingError(
            "The bars are DBN files, and the package that decodes them is not installed. Run: pip install 'zl-assets[dbn]' "
            "(in a checkout: pip install -e '.[dbn]'; or only: pip install databento-dbn)."
        ) from error
    return databento_dbn
