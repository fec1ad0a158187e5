"""Files of a file or of a folder and all below it, and the day of their download that their names tell.

Belongs here: what sources share that are read recursively. Must not be here: what is in a file.
"""

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path

from zl_assets.warehouse.errors import DataFault

_DAY = re.compile(r"_(\d{8})(?!\d)")


def has_files(folder: Path) -> bool:
    """Is there a file in the folder or below it, hidden ones apart?"""
    return any(_shown(folder)) if folder.is_dir() else False


def files_below(path: Path, setting: str) -> tuple[Path, ...]:
    """The file, or every file of the folder and of those below it, in order of their paths; hidden ones apart.

    Raises:
        DataFault: there is nothing of that name, it cannot be opened, or it holds no file.
    """
    wanted = f"Set {setting} to a file or folder; a relative path starts at {Path.cwd()}."
    try:
        if path.is_file():
            return (path,)
        if not path.is_dir():
            raise DataFault(f"{path}: there is no such file or folder. {wanted}")
        files = tuple(sorted(_shown(path)))
    except OSError as error:
        raise DataFault(f"{path}: cannot be opened: {error.strerror or error}. {wanted}") from error
    if not files:
        raise DataFault(f"{path}: this folder and those below it hold no file. {wanted}")
    return files


def downloaded_on(file: Path, place: Path) -> dt.date | None:
    """The day of the download that the file's name tells (`_20250131`), else the nearest folder's below the place that was set,
    that one included; None where none does.

    Raises:
        DataFault: eight digits after an underscore that are no date, or one that has not come anywhere.
    """
    inside = file.relative_to(place).parts if file != place else (file.name,)
    for name in (*reversed(inside), place.name):
        if match := _DAY.findall(name):
            try:
                day = dt.datetime.strptime(match[-1], "%Y%m%d").date()
            except ValueError as error:
                raise DataFault(
                    f"{file}: {name} has _{match[-1]} where the day of the download would be, as _YYYYMMDD, and that is no date. "
                    "Rename it."
                ) from error
            # What it revises would be hidden until then.
            if day > dt.datetime.now(dt.UTC).date() + dt.timedelta(days=1):
                raise DataFault(f"{file}: {name} says that it was downloaded on {day}, which has not come. Rename it.")
            return day
    return None


def state_of(path: Path, setting: str) -> tuple[tuple[Path, int, int], ...]:
    """The files below with their sizes and times: while it is the same, so is what they hold.

    Raises:
        DataFault: as `files_below`.
    """
    return tuple((file, (found := file.stat()).st_size, found.st_mtime_ns) for file in files_below(path, setting))


def _shown(folder: Path) -> Iterator[Path]:
    return (
        entry
        for entry in folder.rglob("*")
        if entry.is_file() and not any(part.startswith(".") for part in entry.relative_to(folder).parts)
    )
