"""Bars from Parquet, CSV and DBN files: daily ones here, hourly ones by the same way in bars_1h.py.

Belongs here: reading (DBN: dbn.py), explicit conversion to the contract's types, and refusing what is not sound, with the file,
the row and the column named. Nothing is guessed or repaired. Must not be here: which bars are final, and what they mean.

A row of a CSV file is named by its line in the file, a row of a Parquet file by its number, a bar of a DBN file by the number of
its first record, all counted from 1.
"""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from zl_assets.contracts import market
from zl_assets.domain.checks import Check, Level
from zl_assets.domain.rules import market as rules
from zl_assets.domain.rules.offenders import PRICES
from zl_assets.domain.rules.rows import bar_rules
from zl_assets.instruments.base import Instrument
from zl_assets.sources import cells, continuous, csv_form, dbn, layouts, prices
from zl_assets.sources.listing import Listing, Remark, listed
from zl_assets.sources.notes import Notes, first_of
from zl_assets.warehouse.contract import PANDAS_DTYPES, TableContract
from zl_assets.warehouse.errors import DataFault
from zl_assets.warehouse.shape import conform
from zl_assets.warehouse.verdict import require

OPTIONAL = ("instrument_id",)
SUFFIXES = (".parquet", ".csv", *dbn.SUFFIXES)


@dataclass(frozen=True)
class Layout:
    """What tells one kind of bars from another.

    Attributes:
        contract: of the table that they are for, by instruments.
        noun: what they are called.
        time: the column that says when a bar is.
        convert: one value of it.
        expected: what a value of it must be, in words.
        decode: bars of DBN files.
    """

    contract: Callable[..., TableContract]
    noun: str
    time: str
    convert: Callable[[Any], Any]
    expected: str
    decode: Callable[[Sequence[Path], Sequence[Instrument]], dbn.DbnBars]

    @property
    def required(self) -> tuple[str, ...]:
        """Columns that every Parquet or CSV file has."""
        return (self.time, "symbol", *PRICES, "volume")

    @property
    def names(self) -> tuple[str, ...]:
        """Columns that are read."""
        return (*self.required, *OPTIONAL)


DAILY = Layout(
    market.bars, "daily bars", "date", cells.date, "a date as YYYY-MM-DD, or a timestamp at midnight UTC", dbn.read_dbn
)


@dataclass(frozen=True, eq=False)
class Bars:
    """Sound bars, and where they are from.

    Attributes:
        frame: the contract's frame_columns with their types, sorted by key.
        files: the files that were read, in order.
        rows: those (in DBN files, records) of all files, of any symbol.
        ignored_symbols: symbols in the files that were not asked for, with their row counts (in DBN files, of records).
        duplicates_dropped: rows (in DBN files, records) that were exact copies of another one.
        empty: the files that have no row.
        not_read: what else is in the folder.
        unsure: files that were read and may have lost their end.
        noun: what the bars are called.
        description: one line for logs and labels.
        notes: what was done to the files on the way, a line each: a vendor's layout, prices rounded or scaled.
    """

    frame: pd.DataFrame
    files: tuple[Path, ...]
    rows: int
    ignored_symbols: Mapping[str, int]
    duplicates_dropped: int
    empty: tuple[Path, ...]
    not_read: tuple[Remark, ...]
    unsure: tuple[Remark, ...]
    noun: str
    description: str
    notes: tuple[str, ...] = ()


def bars_to_load(path: Path | None, instruments: Sequence[Instrument], others: Sequence[Instrument] = ()) -> Bars:
    """What the embedded bars table is filled from: the files of ZL_BARS, or the synthetic sample where it is unset.

    Args:
        others: as `read_bars` takes them.

    Raises:
        DataFault: the files cannot be used, or the sample has no bars of an instrument.
    """
    if path is not None:
        return read_bars(path, instruments, others)
    from zl_assets.sources.sample import synthetic_bars

    sample = synthetic_bars()
    if absent := [instrument.symbol for instrument in instruments if instrument.symbol not in set(sample["symbol"])]:
        raise DataFault(
            f"The synthetic sample has bars of {', '.join(sample['symbol'].unique())} only, and none of {', '.join(absent)}. Set "
            f"ZL_BARS to a file or folder that holds {', '.join(absent)}, or take it out of ZL_INSTRUMENTS."
        )
    return Bars(sample, (), len(sample), {}, 0, (), (), (), DAILY.noun, "SYNTHETIC sample, invented bars")


def read_bars(path: Path, instruments: Sequence[Instrument], others: Sequence[Instrument] = ()) -> Bars:
    """Read daily bars of these instruments from a Parquet, CSV or DBN file, or from a folder of them.

    Of a folder, the files that end in .parquet, .csv, .dbn or .dbn.zst are read; its subfolders, hidden files and other files are
    not, and are named. Every Parquet or CSV file has the columns date, symbol, open, high, low, close and volume, or those of a
    vendor's layout (layouts.py); instrument_id is optional, further columns are ignored. DBN files hold ohlcv-1d, or ohlcv-1h,
    which is summed to UTC days (see dbn.py).
    Rows of other symbols are counted and otherwise not looked at. Exact copies of a row, within a file or across files, are
    dropped and counted. A file of a folder may have no row. Files that have not changed since they were last read are not read
    again.

    Args:
        others: instruments that are on as well, and are read by themselves: what is wrong with their rows is not told here, and
            they are not counted as ignored.

    Raises:
        DataFault: nothing to read, a file that cannot be read, a missing column, a value of the wrong type, no row of an
            instrument, rows that would be lost (a line of too few fields, a symbol that is missing or misspelt, a request that
            ended within a day), or an unsound bar. The message names the file, the row and the column.
        SettingError: the files are DBN, and the package that decodes them is not installed.
    """
    return read(path, instruments, DAILY, others)


def read(path: Path, instruments: Sequence[Instrument], layout: Layout, others: Sequence[Instrument] = ()) -> Bars:
    """Read bars of one layout, as `read_bars` does."""
    own, listing = tuple(instruments), listed(path, SUFFIXES)
    everyone = tuple(sorted({*own, *others}, key=lambda instrument: instrument.symbol))
    kept = _kept.get(layout.noun)
    if kept is None or (kept.path, kept.everyone, kept.listing) != (path, everyone, listing):
        kept = _kept[layout.noun] = _Kept(path, everyone, listing)
    if own not in kept.bars:
        bars = _parsed(path, kept, own, layout)
        if listed(path, SUFFIXES) != listing:
            del _kept[layout.noun]
            raise DataFault(f"{path}: the files changed while they were read. Wait until they are all there, then run again.")
        kept.bars[own] = bars
    # A frame can be changed by whoever has it, so nobody has the one that is kept.
    return replace(kept.bars[own], frame=kept.bars[own].frame.copy())


@dataclass
class _Kept:
    """What was last read, and from what: the assets of several instruments, and their checks, read the same files in one process.

    Attributes:
        everyone: the instruments that are on.
        raw: of each Parquet or CSV file, what it holds before anything is converted; only where there are several instruments.
        bars: those of some instruments.
    """

    path: Path
    everyone: tuple[Instrument, ...]
    listing: Listing
    raw: dict[Path, tuple[pd.DataFrame, layouts.Columns]] = field(default_factory=dict)
    bars: dict[tuple[Instrument, ...], Bars] = field(default_factory=dict)


_kept: dict[str, _Kept] = {}


def _parsed(path: Path, kept: _Kept, instruments: Sequence[Instrument], layout: Layout) -> Bars:
    listing, known = kept.listing, {name for instrument in kept.everyone for name in continuous.names(instrument.symbol)}
    symbols, contract, files = [instrument.symbol for instrument in instruments], layout.contract(*instruments), listing.files
    notes = Notes()
    found = _read_all(kept, instruments, layout, notes)
    if not any(found.rows):
        lacking = "no records" if all(dbn.is_dbn(file) for file in files) else "columns but no rows"
        whose = "the file has" if len(files) == 1 else f"its {len(files):,} files have"
        raise DataFault(f"{path}: {whose} {lacking}. Give files that hold {layout.noun}.")
    of_files = continuous.by_root(found.frames, files, symbols, notes)
    own = [frame[frame["symbol"].isin(symbols)] for frame in of_files]
    counts = pd.concat([frame["symbol"] for frame in of_files]).value_counts()
    foreign = {str(symbol): int(n) for symbol, n in counts.items() if symbol not in symbols}
    for symbol, n in found.other_records.items():
        foreign[symbol] = foreign.get(symbol, 0) + n
    ignored = {symbol: n for symbol, n in foreign.items() if symbol not in known}
    absent = [symbol for symbol in symbols if symbol not in counts.index]
    if absent:
        named = ", ".join(f"{symbol} ({n:,} rows)" for symbol, n in foreign.items()) or "none"
        raise DataFault(
            f"{path}: no rows of symbol {', '.join(absent)}. Symbols found: {named}. Give bars whose symbol column says "
            f"{', '.join(absent)}, or correct that column."
        )

    given = [(file, frame) for file, frame in zip(files, own, strict=True) if len(frame)]
    # The index of `rows` leads from an offender back to its place.
    rows = pd.concat(
        [_typed(frame, layout, file, instruments, notes)[list(layout.names)] for file, frame in given], ignore_index=True
    )
    places = pd.DataFrame(
        {
            "file": np.repeat([file.name for file, _ in given], [len(frame) for _, frame in given]),
            "row": np.concatenate([frame.index for _, frame in given]),
        }
    )
    verdicts = [rule(rows) for rule in bar_rules(*instruments)]
    require([replace(verdict, offenders=places.join(verdict.offenders, how="inner")) for verdict in verdicts], str(path))

    distinct = rows.drop_duplicates()
    frame = conform(distinct, contract)
    return Bars(
        frame=frame,
        files=files,
        rows=sum(found.rows),
        ignored_symbols=MappingProxyType(ignored),
        duplicates_dropped=len(rows) - len(distinct) + found.copies,
        empty=tuple(file for file, n in zip(files, found.rows, strict=True) if not n),
        not_read=listing.not_read,
        unsure=found.unsure,
        noun=layout.noun,
        # What was done to a file that holds none of these bars is said of the instrument whose it is.
        notes=notes.lines([file for file, _ in given]),
        description=(
            f"{len(frame):,} {layout.noun} of {', '.join(symbols)} from {frame[layout.time].iloc[0]:%Y-%m-%d} to "
            f"{frame[layout.time].iloc[-1]:%Y-%m-%d}, read from {path}" + (f" ({len(files)} files)" if len(files) > 1 else "")
        ),
    )


def facts(bars: Bars) -> dict[str, str | int]:
    """What a person is told of the bars, by name: what was read, and what was not."""
    return {
        "source": bars.description,
        "read": told(bars),
        "notes": "; ".join(bars.notes) or "none",
        "files_read": len(bars.files),
        "rows_read": bars.rows,
        "ignored_symbols": ", ".join(f"{symbol} ({n} rows)" for symbol, n in bars.ignored_symbols.items()) or "none",
        "duplicates_dropped": bars.duplicates_dropped,
        "files_without_rows": first_of([file.name for file in bars.empty]) or "none",
        "not_read": first_of([str(remark) for remark in bars.not_read]) or "none",
        "perhaps_cut_short": first_of([str(remark) for remark in bars.unsure]) or "none",
    }


def told(bars: Bars) -> str:
    """What was read and how, and what was not, in one line."""
    ignored = bars.ignored_symbols
    others = f"{len(ignored):,} other symbols" if len(ignored) > 3 else ", ".join(ignored)
    files = f"{len(bars.files):,} files" if len(bars.files) > 1 else "1 file"
    parts = [
        f"{len(bars.frame):,} {bars.noun}, from {files} of {bars.rows:,} rows"
        if bars.files
        else f"{len(bars.frame):,} {bars.noun}",
        f"ignored {sum(ignored.values()):,} rows of {others}" if ignored else "",
        f"dropped {bars.duplicates_dropped:,} copies" if bars.duplicates_dropped else "",
        f"without rows: {first_of([file.name for file in bars.empty], 3)}" if bars.empty else "",
        f"not read: {first_of([remark.name for remark in bars.not_read], 3)}" if bars.not_read else "",
        f"perhaps cut short: {first_of([remark.name for remark in bars.unsure], 3)}" if bars.unsure else "",
        *bars.notes,
    ]
    return "; ".join(filter(None, parts))


def remarks(bars: Bars | None) -> pd.DataFrame:
    """What was not read or may have lost its end: file, why. None: nothing was there to be read."""
    found = () if bars is None else bars.not_read + bars.unsure
    return pd.DataFrame({"file": [remark.name for remark in found], "why": [remark.why for remark in found]})


REMARKS = "remarks"
"""Where a step of checks keeps what `remarks` gives, for `whole_files_check`."""


def whole_files_check(asset: str, setting: str) -> Check:
    """The check that the files of a setting were read, all of them and to their ends."""
    return Check(
        asset,
        "files_read_whole",
        f"Every file of {setting} was read, to its end. A warning, by name.",
        "Unpack or convert the files that were not read, or move them: into the folder itself if they hold bars, out of it if "
        "not. Get those again that may have been cut short; a text file that is whole gets a line end after its last line.",
        lambda seen: rules.files_read_whole(seen.found[REMARKS]),
        Level.WARNING,
    )


def _is_csv(file: Path) -> bool:
    return file.suffix.lower() == ".csv"


@dataclass(frozen=True, eq=False)
class _Found:
    """What is in the files.

    Attributes:
        frames: one for each file, unconverted, as `_read` gives them.
        rows: of each file, of any symbol.
        other_records: of DBN files, records of other symbols by symbol.
        copies: of DBN files, records that were copies.
        unsure: files that may have lost their end.
    """

    frames: list[pd.DataFrame]
    rows: list[int]
    other_records: dict[str, int]
    copies: int
    unsure: tuple[Remark, ...]


def _read_all(kept: _Kept, instruments: Sequence[Instrument], layout: Layout, notes: Notes) -> _Found:
    files = kept.listing.files
    encoded = [file for file in files if dbn.is_dbn(file)]
    read = {file: _read(file, kept, instruments, layout, notes) for file in files if not dbn.is_dbn(file)}
    rows = {file: len(frame) for file, frame in read.items()}
    try:
        unsure = tuple(
            Remark(file.name, "its last line has no line end")
            for file in read
            if _is_csv(file) and cells.lacks_last_line_end(file)
        )
        if not encoded:
            return _Found(list(read.values()), list(rows.values()), {}, 0, unsure)
        decoded = layout.decode(encoded, continuous.wanted(instruments))
    except OSError as error:
        raise DataFault(f"{error.filename}: cannot be read: {error.strerror}. Check the file and its permissions.") from error
    read |= dict(zip(encoded, decoded.frames, strict=True))
    rows |= dict(zip(encoded, decoded.records, strict=True))
    return _Found(
        [read[file] for file in files],
        [rows[file] for file in files],
        decoded.other_symbols,
        decoded.duplicates,
        unsure + decoded.remarks,
    )


def _raw(file: Path, kept: _Kept, layout: Layout) -> tuple[pd.DataFrame, layouts.Columns]:
    """The file's wanted columns, as they stand in it; the index is the row's place in the file."""
    if file in kept.raw:
        return kept.raw[file]
    try:
        if file.stat().st_size == 0:
            raise DataFault(f"{file}: the file is empty (0 bytes). Give a file that holds {layout.noun}.")
        found = (_read_csv if _is_csv(file) else _read_parquet)(file, kept.everyone, layout)
    except OSError as error:
        raise DataFault(f"{file}: cannot be read: {error.strerror or error}. Check the file and its permissions.") from error
    if len(kept.everyone) > 1:
        kept.raw[file] = found
    return found


def _read(file: Path, kept: _Kept, instruments: Sequence[Instrument], layout: Layout, notes: Notes) -> pd.DataFrame:
    """The file's wanted columns, unconverted but for symbol (string); the index is the row's place in the file."""
    given, columns = _raw(file, kept, layout)
    frame = layouts.in_our_columns(given, columns, layout.time, instruments, kept.everyone, file, notes)
    if "instrument_id" not in frame.columns:
        frame = frame.assign(instrument_id=None)
    named = cells.converted(frame["symbol"], cells.text, "a text such as ZL", file).astype("string")
    _refuse_lost(named, [i.symbol for i in instruments], [i.symbol for i in kept.everyone], file)
    return frame.assign(symbol=named)


def _refuse_lost(named: "pd.Series[str]", symbols: Sequence[str], known: Sequence[str], file: Path) -> None:
    """No row is without a symbol, and none has one that is meant for one of `symbols` and is not written as it is: nobody would
    miss these rows, as nobody misses those of other symbols.

    Args:
        known: the symbols of all instruments that are on, `symbols` among them.
    """
    meant = {symbol.upper() for symbol in symbols}
    # A symbol as DBN files name it is another one here, and is told.
    exact = {*known, *(symbol + dbn.FRONT_MONTH for symbol in known)}
    spelt = {text: _plain(text) for text in named.dropna().unique() if text not in exact}
    lost = {text for text, plain in spelt.items() if plain.lower() in cells.NULL_TEXTS or plain in meant}
    rows = named[named.isna() | named.isin(lost)]
    if len(rows):
        first = first_of([f"row {row}: {'none' if pd.isna(text) else repr(text)}" for row, text in rows.items()], between="; ")
        raise DataFault(
            f"{file}: {len(rows):,} of {len(named):,} rows would be lost, because their symbol is missing or is not written "
            f"exactly as {', '.join(symbols)}: {first}. Write the symbol of each of these rows, then run again."
        )


def _plain(symbol: str) -> str:
    """A symbol as a person reads it: without blanks, quotes, invisible signs, case, width, and the mark of a front month."""
    seen = [c for c in unicodedata.normalize("NFKC", symbol) if unicodedata.category(c)[0] not in "CZ" and c not in "'\"`"]
    return "".join(seen).upper().removesuffix(dbn.FRONT_MONTH.upper())


def _read_csv(file: Path, instruments: Sequence[Instrument], layout: Layout) -> tuple[pd.DataFrame, layouts.Columns]:
    form = csv_form.form_of(file)
    lines = cells.csv_lines(file, form.delimiter, form.passed_by)
    header = [str(name).strip() for name in lines.iloc[0]]
    columns = _columns(header, instruments, layout, file)
    rows = lines.iloc[1:].set_axis(header, axis=1)
    rows = rows[(rows != "").any(axis=1)][list(columns.names.values())]
    return rows.map(lambda text: None if text.strip().lower() in cells.NULL_TEXTS else text.strip()).astype(object), columns


def _read_parquet(file: Path, instruments: Sequence[Instrument], layout: Layout) -> tuple[pd.DataFrame, layouts.Columns]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(file) as parquet:
            columns = _columns(list(parquet.schema_arrow.names), instruments, layout, file)
            table = parquet.read(columns=list(columns.names.values()), use_threads=False)
            # Nullable integers stay integers: through float64 a large instrument_id would change.
            # The index that pandas once wrote is not ours: rows are numbered as they stand in the file.
            frame: pd.DataFrame = table.to_pandas(integer_object_nulls=True, ignore_metadata=True)
    except pa.ArrowException as error:
        raise DataFault(f"{file}: not a readable Parquet file: {str(error).strip()}. Replace the file.") from error
    frame.index += 1
    return frame, columns


def _columns(names: list[str], instruments: Sequence[Instrument], layout: Layout, file: Path) -> layouts.Columns:
    columns = layouts.columns_of(names, layout.required, OPTIONAL)
    way = layouts.advice(names, layout.time) if columns is None else layouts.whose(columns, file, instruments)
    if columns is None or way:
        missing = [name for name in layout.required if name not in (names if columns is None else columns.names)]
        raise DataFault(
            f"{file}: no column {', '.join(missing)}. Expected {', '.join(layout.required)}, and {', '.join(OPTIONAL)} if there "
            f"is one; found {', '.join(names)}. Rename or add the columns.{way}"
        )
    # Vendors' names are known in any case, our own only as they are written.
    told_by = [name if columns.vendor is None else name.casefold() for name in names]
    twice = sorted({name for name in columns.names.values() if told_by.count(told_by[names.index(name)]) > 1})
    if twice:
        raise DataFault(f"{file}: column {', '.join(twice)} appears more than once. Leave one of each.")
    return columns


def _typed(frame: pd.DataFrame, layout: Layout, file: Path, instruments: Sequence[Instrument], notes: Notes) -> pd.DataFrame:
    """The columns with their contract types; a value that is not of its type is a DataFault. symbol is converted already."""
    numbers = {name: cells.converted(frame[name], cells.number, "a number", file).astype("float64") for name in PRICES}
    ticks = frame["symbol"].map({instrument.symbol: instrument.tick for instrument in instruments})
    rounded, said = prices.to_ticks(pd.DataFrame(numbers), ticks, {name: frame[name].dtype for name in PRICES}, file)
    if said:
        notes.add(file, said)
    for name in ("volume", "instrument_id"):
        prices.refuse_narrow_wholes(frame[name], file)
    wholes = {
        name: cells.converted(frame[name], cells.whole, "a whole number", file).astype("Int64")
        for name in ("volume", "instrument_id")
    }
    times = frame[layout.time]
    absent = frame.index[times.isna()]
    if len(absent):
        raise DataFault(
            f"{file}: column {layout.time} has no value in {len(absent):,} of {len(frame):,} rows, the first is row {absent[0]}. "
            f"Give every row its {layout.time}, then run again."
        )
    dtype = next(PANDAS_DTYPES[leaf.column.type] for leaf in layout.contract().frame_leaves if leaf.path == layout.time)
    known = cells.converted(times, layout.convert, layout.expected, file)
    return frame.assign(**{layout.time: known}, **rounded, **wholes).astype({layout.time: dtype})
