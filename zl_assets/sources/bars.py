"""Bars from Parquet, CSV and DBN files: daily ones here, hourly ones by the same way in bars_1h.py.

Belongs here: reading (DBN: dbn.py), explicit conversion to the contract's types, and refusing what is not sound, with the file,
the row and the column named. Nothing is guessed or repaired. Must not be here: which bars are final, and what they mean.

A row of a CSV file is named by its line in the file, a row of a Parquet file by its number, a bar of a DBN file by the number of
its first record, all counted from 1.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from zl_assets.contracts import market
from zl_assets.domain.rules.offenders import PRICES
from zl_assets.domain.rules.rows import BAR_RULES
from zl_assets.instruments.base import Instrument
from zl_assets.sources import cells, continuous, csv_form, dbn, layouts, prices
from zl_assets.sources.notes import Notes
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
    decode: Callable[[Sequence[Path], Sequence[str]], dbn.DbnBars]

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
        ignored_symbols: symbols in the files that were not asked for, with their row counts (in DBN files, of records).
        duplicates_dropped: rows (in DBN files, records) that were exact copies of another one.
        description: one line for logs and labels.
        notes: what was done to the files on the way, a line each: a vendor's layout, prices rounded or scaled.
    """

    frame: pd.DataFrame
    files: tuple[Path, ...]
    ignored_symbols: dict[str, int]
    duplicates_dropped: int
    description: str
    notes: tuple[str, ...] = ()


def bars_to_load(path: Path | None, instruments: Sequence[Instrument]) -> Bars:
    """What the embedded bars table is filled from: the files of ZL_BARS, or the synthetic sample where it is unset.

    Raises:
        DataFault: the files cannot be used.
    """
    if path is not None:
        return read_bars(path, instruments)
    from zl_assets.sources.sample import synthetic_bars

    return Bars(synthetic_bars(), (), {}, 0, "SYNTHETIC sample, invented bars")


def read_bars(path: Path, instruments: Sequence[Instrument]) -> Bars:
    """Read daily bars of these instruments from a Parquet, CSV or DBN file, or from a folder of them.

    Of a folder, the files that end in .parquet, .csv, .dbn or .dbn.zst are read; its subfolders, hidden files and other files are
    not. Every Parquet or CSV file has the columns date, symbol, open, high, low, close and volume, or those of a vendor's layout
    (layouts.py); instrument_id is optional, further columns are ignored. DBN files hold ohlcv-1d, or ohlcv-1h, which is summed to
    UTC days (see dbn.py).
    Rows of other symbols are counted and otherwise not looked at. Exact copies of a row, within a file or across files, are
    dropped and counted.

    Raises:
        DataFault: nothing to read, a file that cannot be read, a missing column, a value of the wrong type, no row of an
            instrument, or an unsound bar. The message names the file, the row and the column.
        SettingError: the files are DBN, and the package that decodes them is not installed.
    """
    return read(path, instruments, DAILY)


def read(path: Path, instruments: Sequence[Instrument], layout: Layout) -> Bars:
    """Read bars of one layout, as `read_bars` does."""
    symbols, contract = [instrument.symbol for instrument in instruments], layout.contract(*instruments)
    files, notes = _files(path), Notes()
    of_files, others, copies = _read_all(files, instruments, layout, notes)
    of_files = continuous.by_root(of_files, files, symbols, notes)
    own = [frame[frame["symbol"].isin(symbols)] for frame in of_files]
    counts = pd.concat([frame["symbol"] for frame in of_files]).fillna("(none)").value_counts()
    ignored = {str(symbol): int(n) for symbol, n in counts.items() if symbol not in symbols}
    for symbol, n in others.items():
        ignored[symbol] = ignored.get(symbol, 0) + n
    absent = [symbol for symbol in symbols if symbol not in counts.index]
    if absent:
        found = ", ".join(f"{symbol} ({n:,} rows)" for symbol, n in ignored.items()) or "none"
        raise DataFault(
            f"{path}: no rows of symbol {', '.join(absent)}. Symbols found: {found}. Give bars whose symbol column says "
            f"{', '.join(absent)}, or correct that column."
        )

    # The index of `rows` leads from an offender back to its place.
    located = pd.concat(
        [
            _typed(frame, layout, file, instruments, notes).assign(file=file.name, row=frame.index)
            for frame, file in zip(own, files, strict=True)
            if len(frame)
        ],
        ignore_index=True,
    )
    rows = located[list(layout.names)]
    places = located[["file", "row"]]
    verdicts = [rule(rows) for rule in BAR_RULES]
    require([replace(verdict, offenders=places.join(verdict.offenders, how="inner")) for verdict in verdicts], str(path))

    distinct = rows.drop_duplicates()
    frame = conform(distinct, contract)
    return Bars(
        frame=frame,
        files=files,
        ignored_symbols=ignored,
        duplicates_dropped=len(rows) - len(distinct) + copies,
        notes=notes.lines(),
        description=(
            f"{len(frame):,} {layout.noun} of {', '.join(symbols)} from {frame[layout.time].iloc[0]:%Y-%m-%d} to "
            f"{frame[layout.time].iloc[-1]:%Y-%m-%d}, read from {path}" + (f" ({len(files)} files)" if len(files) > 1 else "")
        ),
    )


def ignored(bars: Bars) -> str:
    """The symbols that were not asked for, for a person."""
    return ", ".join(f"{symbol} ({n} rows)" for symbol, n in bars.ignored_symbols.items()) or "none"


def _files(path: Path) -> tuple[Path, ...]:
    suffixes = f"{', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}"
    wanted = f"a file that ends in {suffixes}, or a folder of such files"
    try:
        if path.is_dir():
            named = sorted(f for f in path.iterdir() if _is_bars(f) and f.name[0] != ".")
            if lost := [f.name for f in named if not f.exists()]:
                raise DataFault(f"{path}: {', '.join(lost)} is a link to a file that does not exist. Correct or remove it.")
            files = tuple(f for f in named if f.is_file())
            if not files:
                raise DataFault(f"{path}: this folder holds no {suffixes} file (subfolders are not searched). Give {wanted}.")
            return files
        if not path.exists():
            raise DataFault(f"{path}: there is no such file or folder. Give {wanted}; a relative path starts at {Path.cwd()}.")
    except OSError as error:
        raise DataFault(f"{path}: cannot be opened: {error.strerror or error}. Give {wanted}.") from error
    if not path.is_file() or not _is_bars(path):
        raise DataFault(f"{path}: not a bars file. Give {wanted}.")
    return (path,)


def _is_bars(file: Path) -> bool:
    return file.name.lower().endswith(SUFFIXES)


def _read_all(
    files: tuple[Path, ...], instruments: Sequence[Instrument], layout: Layout, notes: Notes
) -> tuple[list[pd.DataFrame], dict[str, int], int]:
    """One frame per file, unconverted, as `_read` gives them; and, of DBN files, the records of other symbols by symbol, and how
    many records were copies."""
    encoded = [file for file in files if dbn.is_dbn(file)]
    if not encoded:
        return [_read(file, instruments, layout, notes) for file in files], {}, 0
    try:
        decoded = layout.decode(encoded, continuous.wanted([instrument.symbol for instrument in instruments]))
    except OSError as error:
        raise DataFault(f"{error.filename}: cannot be read: {error.strerror}. Check the file and its permissions.") from error
    frames = dict(zip(encoded, decoded.frames, strict=True))
    of_files = [frames[file] if file in frames else _read(file, instruments, layout, notes) for file in files]
    return of_files, decoded.other_symbols, decoded.duplicates


def _read(file: Path, instruments: Sequence[Instrument], layout: Layout, notes: Notes) -> pd.DataFrame:
    """The file's wanted columns, unconverted but for symbol (string); the index is the row's place in the file."""
    try:
        if file.stat().st_size == 0:
            raise DataFault(f"{file}: the file is empty (0 bytes). Give a file that holds {layout.noun}.")
        given, columns = (
            _read_csv(file, instruments, layout) if file.suffix.lower() == ".csv" else _read_parquet(file, instruments, layout)
        )
    except OSError as error:
        raise DataFault(f"{file}: cannot be read: {error.strerror or error}. Check the file and its permissions.") from error
    if given.empty:
        raise DataFault(f"{file}: the file has columns but no rows. Give a file that holds {layout.noun}.")
    frame = layouts.in_our_columns(given, columns, layout.time, instruments, file, notes)
    if "instrument_id" not in frame.columns:
        frame = frame.assign(instrument_id=None)
    return frame.assign(symbol=cells.converted(frame["symbol"], cells.text, "a text such as ZL", file).astype("string"))


def _read_csv(file: Path, instruments: Sequence[Instrument], layout: Layout) -> tuple[pd.DataFrame, layouts.Columns]:
    form = csv_form.form_of(file)
    lines = cells.csv_lines(file, form.delimiter, form.passed_by)
    header = [str(name).strip() for name in lines.iloc[0]]
    columns = _columns(header, instruments, layout, file)
    rows = lines.iloc[1:].set_axis(header, axis=1)
    rows = rows[(rows.fillna("") != "").any(axis=1)]
    wanted = rows[list(columns.names.values())]
    return wanted.map(lambda text: None if str(text).strip().lower() in cells.NULL_TEXTS else text.strip()).astype(
        object
    ), columns


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
    way = layouts.advice(names) if columns is None else layouts.whose(columns, file, instruments)
    if columns is None or way:
        missing = [name for name in layout.required if name not in (names if columns is None else columns.names)]
        raise DataFault(
            f"{file}: no column {', '.join(missing)}. Expected {', '.join(layout.required)}, and {', '.join(OPTIONAL)} if there "
            f"is one; found {', '.join(names)}. Rename or add the columns.{way}"
        )
    twice = sorted({name for name in columns.names.values() if names.count(name) > 1})
    if twice:
        raise DataFault(f"{file}: column {', '.join(twice)} appears more than once. Leave one of each.")
    return columns


def _typed(frame: pd.DataFrame, layout: Layout, file: Path, instruments: Sequence[Instrument], notes: Notes) -> pd.DataFrame:
    """The columns with their contract types; a value that is not of its type is a DataFault. symbol is converted already."""
    numbers = {name: cells.converted(frame[name], cells.number, "a number", file).astype("float64") for name in PRICES}
    scaled, fixed = prices.from_fixed_point(pd.DataFrame(numbers), file)
    ticks = frame["symbol"].map({instrument.symbol: instrument.tick for instrument in instruments})
    rounded, narrow = prices.to_ticks(scaled, ticks, {name: frame[name].dtype for name in PRICES}, file)
    for sentence in filter(None, (fixed, narrow)):
        notes.add(file, sentence)
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
