"""Bars from Databento's DBN files, as the vendor delivers them: days of ohlcv-1d, or of ohlcv-1h summed to UTC days, and hours.

Belongs here: the format, its fixed-point prices, and which record is of which continuous symbol. Must not be here: what makes a
bar sound, and other file formats. `databento-dbn` (the optional extra `dbn`) is imported by the function that decodes.

`ZL.v.0`, the front month by volume, is the symbol ZL. Any other symbol, `ZL.c.0` among them, keeps its full name here; which of
them is loaded is said in continuous.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from zl_assets.errors import SettingError
from zl_assets.warehouse.errors import DataFault

SUFFIXES = (".dbn", ".dbn.zst")
FRONT_MONTH = ".v.0"

# Prices are whole billionths; this one means that there is none. https://databento.com/docs/standards-and-conventions
PRICE_SCALE = 1e9
UNDEFINED_PRICE = np.iinfo(np.int64).max

# rtype of a record, by schema.
RECORD_TYPES = {"ohlcv-1h": 34, "ohlcv-1d": 35}

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

_ZSTANDARD = b"\x28\xb5\x2f\xfd"
_PRELUDE = 8  # "DBN", version, length of the metadata that follows (uint32, little-endian)


@dataclass(frozen=True, eq=False)
class DbnBars:
    """Bars of several DBN files.

    Attributes:
        frames: one for each file, in order: date (daily bars) or ts_event (hourly ones), symbol, open, high, low, close, volume,
            instrument_id. The index is the number (from 1) of the bar's first record in the file. A day whose hours are spread
            over files is in the first.
        other_symbols: symbols that were not asked for, with their record counts.
        duplicates: records that were exact copies of another one.
    """

    frames: tuple[pd.DataFrame, ...]
    other_symbols: dict[str, int]
    duplicates: int


def is_dbn(path: Path) -> bool:
    """Is a file DBN, by its name?"""
    return path.name.lower().endswith(SUFFIXES)


def read_dbn(files: Sequence[Path], symbols: Sequence[str]) -> DbnBars:
    """Decode DBN files of schema ohlcv-1d or ohlcv-1h whose symbols are continuous ones.

    Hours are put together over all files before they are summed, so that files which overlap, or which part in the middle of a
    day, give the same bars as one file. Of a day: open of the first hour, high and low the extremes, close of the last, volume
    the sum.

    Raises:
        DataFault: a file is damaged, is of another schema or symbology, or two records of an instrument and time differ.
        SettingError: the package databento-dbn is not installed.
    """
    distinct, other, copies = _records(files, symbols, tuple(RECORD_TYPES))
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
    wanted = ["date", "symbol", *_PRICES, "volume", "instrument_id"]
    frames = tuple(days[days["file"] == i].set_index("record")[wanted].rename_axis(None) for i in range(len(files)))
    return DbnBars(frames, other, copies)


def read_dbn_hours(files: Sequence[Path], symbols: Sequence[str]) -> DbnBars:
    """Decode DBN files of schema ohlcv-1h whose symbols are continuous ones, hour by hour. `ts_event` is in UTC.

    Raises:
        DataFault, SettingError: as `read_dbn`.
    """
    distinct, other, copies = _records(files, symbols, ("ohlcv-1h",))
    hours = distinct.assign(ts_event=distinct["ts_event"].dt.tz_localize("UTC"))
    hours[_PRICES] = hours[_PRICES].mask(~hours["priced"].astype(bool))
    wanted = ["ts_event", "symbol", *_PRICES, "volume", "instrument_id"]
    frames = tuple(hours[hours["file"] == i].set_index("record")[wanted].rename_axis(None) for i in range(len(files)))
    return DbnBars(frames, other, copies)


def _records(files: Sequence[Path], symbols: Sequence[str], schemas: Sequence[str]) -> tuple[pd.DataFrame, dict[str, int], int]:
    """The distinct records of all files, with the number of their file; of other symbols the count; and how many were copies."""
    decoded = [_decode(file, symbols, schemas) for file in files]
    other: dict[str, int] = {}
    for _, counts in decoded:
        for symbol, count in counts.items():
            other[symbol] = other.get(symbol, 0) + count
    records = pd.concat([rows.assign(file=i) for i, (rows, _) in enumerate(decoded)], ignore_index=True)
    values = [name for name in records.columns if name not in ("file", "record")]
    copies = records.duplicated(values)
    distinct = records[~copies]
    _refuse_conflicts(distinct, files)
    return distinct, other, int(copies.sum())


def _decode(
    file: Path, symbols: Sequence[str], schemas: Sequence[str] = tuple(RECORD_TYPES)
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Records of the wanted symbols with the columns ts_event, symbol, prices, volume, instrument_id, priced and record; and the
    number of records of each other symbol."""
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
        raise DataFault(
            f"{file}: cut off: {len(content) - start:,} bytes of records, not a multiple of {RECORD.itemsize}. Download it again."
        )
    records = np.frombuffer(content, RECORD, offset=start)
    _check_records(records, metadata.schema, file)

    days = records["ts_event"].astype("datetime64[ns]").astype("datetime64[D]")
    own: list[pd.DataFrame] = []
    counts: dict[str, int] = {}
    for continuous, intervals in metadata.mappings.items():
        symbol = continuous.removesuffix(FRONT_MONTH)
        mine = np.zeros(len(records), dtype=bool)
        for interval in intervals:
            if interval["symbol"]:
                first, after = np.datetime64(interval["start_date"], "D"), np.datetime64(interval["end_date"], "D")
                mine |= (records["instrument_id"] == int(interval["symbol"])) & (days >= first) & (days < after)
        if symbol in symbols:
            own.append(_frame(records, np.flatnonzero(mine), symbol))
        elif mine.any():
            counts[symbol] = int(mine.sum())
    return pd.concat(own or [_frame(records, np.array([], dtype=int), "")], ignore_index=True), counts


def _check_records(records: Any, schema: str, file: Path) -> None:
    if not len(records):
        raise DataFault(f"{file}: the file has no records. Give a file that holds bars.")
    wrong = np.flatnonzero((records["rtype"] != RECORD_TYPES[schema]) | (records["length"] * 4 != records.dtype.itemsize))
    if len(wrong):
        raise DataFault(
            f"{file}: record {wrong[0] + 1} is of type {records['rtype'][wrong[0]]}, expected {RECORD_TYPES[schema]} ({schema}). "
            "Download it again."
        )
    seconds, unit = (3600, "hour") if schema == "ohlcv-1h" else (86400, "UTC day")
    off = np.flatnonzero(records["ts_event"] % (seconds * 10**9))
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
    if raw[:4] != _ZSTANDARD:
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
