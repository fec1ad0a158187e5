"""How a file that ends in .csv is written: its delimiter, and the lines that are neither its header nor a row.

Belongs here: telling CSV from what is no CSV in spite of the name, and one way to write CSV from another. Must not be here: which
columns a file has, and what a cell means.
"""

import csv
import re
from dataclasses import dataclass
from pathlib import Path

from zl_assets.warehouse.errors import DataFault

_BOM = b"\xef\xbb\xbf"
_DELIMITERS = (",", ";", "\t", "|")

# How a file begins that is something else, what it is, and what to do.
_UNZIP = "Unpack it (gunzip -c FILE > NEW.csv), then give the unpacked file."
_SAVE = "Open it in a spreadsheet program and save it as CSV in UTF-8."
_MAGIC = (
    (b"\x1f\x8b", "gzip-compressed", _UNZIP),
    (b"\x28\xb5\x2f\xfd", "Zstandard-compressed", "Unpack it (zstd -d), or name it .dbn.zst if it holds DBN."),
    (
        b"PK\x03\x04",
        "an Excel workbook (.xlsx) or another zip archive",
        f"A workbook: {_SAVE[0].lower()}{_SAVE[1:]} An archive: unpack it.",
    ),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls)", _SAVE),
    (b"PAR1", "Parquet", "Name it .parquet."),
    (b"DBN", "Databento's DBN", "Name it .dbn."),
)
_WEB_PAGE = re.compile(rb"<(!doctype|html|head|body|script|meta|table|div|title|\?xml|!--)", re.IGNORECASE)
_JSON = re.compile(rb"\{\s*[\"}]|\[\s*[\[{\"\d\]]")

# The line that tells Excel the delimiter.
_SEP = re.compile(r'"?sep=(.)"?[,;\t]*', re.IGNORECASE)

# What a vendor puts under the last row.
_FOOTER = re.compile(rb'"?downloaded from barchart\.com', re.IGNORECASE)


@dataclass(frozen=True)
class Form:
    """How a CSV file is written.

    Attributes:
        delimiter: between two fields.
        passed_by: lines, counted from 1, that are neither the header nor a row.
    """

    delimiter: str = ","
    passed_by: frozenset[int] = frozenset()


def form_of(file: Path) -> Form:
    """How this file is written: the delimiter that its `sep=` line names, else the one that parts its header into the most
    fields, which is a comma in case of doubt.

    Raises:
        DataFault: it is no CSV: a web page, JSON, a workbook, or compressed.
        OSError: the file cannot be read.
    """
    content = file.read_bytes()
    _refuse_others(content, file)
    lines = content.removeprefix(_BOM).splitlines()
    passed_by = {n for n in _last(lines) if _FOOTER.match(lines[n - 1].strip())}
    if lines and (named := _SEP.fullmatch(lines[0].decode("utf-8", errors="replace").strip(" "))):
        return Form(named[1], frozenset(passed_by | {1}))
    header = next((line.decode("utf-8", errors="replace") for line in lines if line.strip()), "")
    return Form(max(_DELIMITERS, key=lambda delimiter: _fields(header, delimiter)), frozenset(passed_by))


def _refuse_others(content: bytes, file: Path) -> None:
    for magic, what, way in _MAGIC:
        if content.startswith(magic):
            raise DataFault(f"{file}: this is {what}, not CSV, in spite of its name. {way}")
    start = content.removeprefix(_BOM).lstrip()
    if _WEB_PAGE.match(start):
        raise DataFault(
            f"{file}: this is a web page (HTML or XML), not CSV, in spite of its name. The vendor most likely answered with a "
            "page that asks to log in or to accept cookies: open the download in a browser, then give the file that it saves."
        )
    if _JSON.match(start):
        raise DataFault(
            f"{file}: this is JSON, not CSV, in spite of its name. Ask the vendor for CSV, or convert it "
            "(python -c \"import pandas; pandas.read_json('FILE').to_csv('NEW.csv', index=False)\")."
        )


def _last(lines: list[bytes]) -> list[int]:
    """The number of the last line that is not blank, if there is one."""
    return next(([n] for n in range(len(lines), 0, -1) if lines[n - 1].strip(b' \t,;"')), [])


def _fields(line: str, delimiter: str) -> int:
    return len(next(csv.reader([line], delimiter=delimiter), []))
