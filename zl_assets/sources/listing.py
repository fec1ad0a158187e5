"""Which files of a file or folder are read and which are not, and whether they are still the same.

Belongs here: names, kinds and stamps of files. Must not be here: what is in them.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from zl_assets.sources.notes import first_of
from zl_assets.warehouse.errors import DataFault

_PACKED = (".gz", ".zip", ".bz2", ".xz", ".zst", ".7z", ".rar", ".tar", ".tgz", ".lz4", ".br", ".z")

# What Databento puts beside its data, and Spark and Dask beside theirs; none of them holds a row.
_NO_DATA = frozenset(
    {"condition.json", "manifest.json", "metadata.json", "symbology.json", "_SUCCESS", "_metadata", "_common_metadata"}
)

_EXPORT = (
    "Its Parquet files also hold rows that the table has deleted or replaced, and only its log says which. Export the table with "
    "its own reader, e.g. {reader}, and give the file that it writes."
)


@dataclass(frozen=True)
class Remark:
    """Something in a folder that was not read, or of which it is not sure that it is whole.

    Attributes:
        name: of the file, or of the sub-folder with a slash after it.
        why: the reason, for a person.
    """

    name: str
    why: str

    def __str__(self) -> str:
        return f"{self.name} ({self.why})"


@dataclass(frozen=True)
class Listing:
    """The files that a file or folder gives, at one moment. Two that are equal are of the same content.

    Attributes:
        place: the file or folder, without links.
        files: those that are read, sorted by name.
        stamps: size, times of the last change of content and of anything in nanoseconds, and inode, of each of them.
        not_read: what else is in the folder, hidden files and such as never hold a row apart.
    """

    place: Path
    files: tuple[Path, ...]
    stamps: tuple[tuple[int, int, int, int], ...]
    not_read: tuple[Remark, ...]


def listed(path: Path, suffixes: Sequence[str]) -> Listing:
    """A file with one of these suffixes, or the files of a folder that have one.

    Raises:
        DataFault: nothing to read, a link to nowhere, or the files are parts of a table (Delta Lake, Iceberg, Hudi).
    """
    ends = f"{', '.join(suffixes[:-1])} or {suffixes[-1]}"
    wanted = f"a file that ends in {ends}, or a folder of such files"
    try:
        if path.is_dir():
            listing = _of_folder(path, suffixes)
            _refuse_tables(path, listing.files)
            if not listing.files:
                held = f" It holds {first_of([str(remark) for remark in listing.not_read])}." if listing.not_read else ""
                raise DataFault(f"{path}: this folder holds no {ends} file (subfolders are not searched).{held} Give {wanted}.")
            return listing
        if not path.exists():
            raise DataFault(f"{path}: there is no such file or folder. Give {wanted}; a relative path starts at {Path.cwd()}.")
        if not path.is_file() or not _ends(path.name, suffixes):
            raise DataFault(f"{path}: not a bars file. Give {wanted}.")
        _refuse_tables(path.parent, (path,))
        return Listing(path.resolve(), (path,), (_stamp(path),), ())
    except OSError as error:
        raise DataFault(f"{path}: cannot be opened: {error.strerror or error}. Give {wanted}.") from error


def _of_folder(path: Path, suffixes: Sequence[str]) -> Listing:
    with os.scandir(path) as entries:
        seen = sorted((entry for entry in entries if entry.name[0] != "."), key=lambda entry: entry.name)
    files = [entry for entry in seen if _ends(entry.name, suffixes) and not entry.is_dir()]
    if lost := [entry.name for entry in files if not os.path.exists(entry.path)]:
        raise DataFault(f"{path}: {', '.join(lost)} is a link to a file that does not exist. Correct or remove it.")
    read = tuple(path / entry.name for entry in files if entry.is_file())
    names = {file.name for file in read} | _NO_DATA
    others = tuple(_remark(entry) for entry in seen if entry.name not in names)
    return Listing(path.resolve(), read, tuple(_stamp(file) for file in read), others)


def _remark(entry: "os.DirEntry[str]") -> Remark:
    if entry.is_dir():
        return Remark(f"{entry.name}/", "a sub-folder")
    if _ends(entry.name, _PACKED):
        return Remark(entry.name, "compressed")
    return Remark(entry.name, "not a kind of file that is read")


def _refuse_tables(folder: Path, files: Sequence[Path]) -> None:
    """A Parquet file belongs to a table wherever in the table's folder it lies."""
    parquet = any(_ends(file.name, (".parquet",)) for file in files)
    place = folder.resolve()
    for holder in (place, *place.parents) if parquet else (place,):
        for kind, reader, marks in _tables(holder):
            if next(marks, None) is not None:
                raise DataFault(f"{folder}: {holder} is a {kind} table. {_EXPORT.format(reader=reader)}")


def _tables(folder: Path) -> Iterator[tuple[str, str, Iterator[Path]]]:
    """Each kind of table, what exports it, and what its folder holds."""
    yield "Delta Lake", "deltalake's DeltaTable(folder).to_pandas().to_parquet(file)", folder.glob("_delta_log")
    yield (
        "Apache Iceberg",
        "pyiceberg's StaticTable.from_metadata(metadata_file).scan().to_pandas().to_parquet(file)",
        folder.glob("metadata/*.metadata.json"),
    )
    yield "Apache Hudi", "Spark's read.format('hudi').load(folder).toPandas().to_parquet(file)", folder.glob(".hoodie")


def _stamp(file: Path) -> tuple[int, int, int, int]:
    found = file.stat()
    # The last one of the times also tells of a file that was put in place with its old time.
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


def _ends(name: str, suffixes: Sequence[str]) -> bool:
    return name.lower().endswith(tuple(suffixes))
