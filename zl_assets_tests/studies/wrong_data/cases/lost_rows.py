"""Rows that get lost between the file and the table."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from zl_assets_tests.studies.wrong_data import feeds
from zl_assets_tests.studies.wrong_data.case import (
    LOADED,
    LOADED_OR_REFUSED,
    NOT_QUIET,
    REFUSED,
    TOLD,
    Case,
    Kind,
    Make,
    Outcome,
    State,
)
from zl_assets_tests.studies.wrong_data.cases.making import changed, csv_lines, csv_text, folder_of, in_both_states
from zl_assets_tests.studies.wrong_data.feeds import right_bars

SPLIT = "2018-01-01"


def old() -> pd.DataFrame:
    """The right bars before 2018."""
    bars = right_bars()
    return bars[bars["date"] < SPLIT]


def new() -> pd.DataFrame:
    """The right bars from 2018 on."""
    bars = right_bars()
    return bars[bars["date"] >= SPLIT]


def in_folder(name: str, rows: Callable[[], pd.DataFrame]) -> Callable[[Path], object]:
    """Writes rows to a Parquet file, in a sub-folder if the name has one."""

    def write(folder: Path) -> Path:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        return feeds.parquet((folder / name).parent, rows(), Path(name).name)

    return write


def file(name: str, content: Callable[[], bytes]) -> Callable[[Path], object]:
    """Writes bytes."""

    def write(folder: Path) -> int:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        return (folder / name).write_bytes(content())

    return write


def csv_bytes(rows: pd.DataFrame) -> bytes:
    """Rows as CSV."""
    return feeds.csv_text(rows).encode()


def symbol(value: str | None, rows: slice) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Another symbol on some rows."""

    def change(bars: pd.DataFrame) -> pd.DataFrame:
        bars = bars.astype({"symbol": "object"})
        bars.loc[bars.index[rows], "symbol"] = value
        return bars

    return change


def _without_volume(lines: list[str]) -> list[str]:
    """In one row the volume is gone, and with it its comma."""
    fields = lines[2000].split(",")
    return [*lines[:2000], ",".join([*fields[:6], *fields[7:]]), *lines[2001:]]


def _without_last_field(lines: list[str]) -> list[str]:
    return [*lines[:2000], lines[2000].rsplit(",", 1)[0] + "\n", *lines[2001:]]


def _one_field_more(lines: list[str]) -> list[str]:
    return [*lines[:2000], lines[2000].rstrip("\n") + ",1\n", *lines[2001:]]


def _note(lines: list[str], at: int, until: int) -> list[str]:
    """A column of notes in which a quote is opened in one line and closed in a later one."""
    noted = [line.rstrip("\n") + ",\n" for line in lines]
    noted[0] = lines[0].rstrip("\n") + ",note\n"
    noted[at] = lines[at].rstrip("\n") + ',"roll\n'
    noted[until] = lines[until].rstrip("\n") + ',"\n'
    return noted


def _note_never_closed(lines: list[str]) -> list[str]:
    noted = _note(lines, 3000, 3001)
    noted[3001] = lines[3001].rstrip("\n") + ",\n"
    return noted


def _line_break_in_a_note(lines: list[str]) -> list[str]:
    noted = _note(lines, 3000, 3001)
    noted[3000] = lines[3000].rstrip("\n") + ',"roll,\nby volume"\n'
    noted[3001] = lines[3001].rstrip("\n") + ",\n"
    return noted


def _volume_last(text: Callable[[str], str]) -> Make:
    """Volume as the last column, and the text cut."""
    names = ["date", "symbol", "instrument_id", "open", "high", "low", "close", "volume"]
    return csv_text(lambda: text(feeds.csv_text(right_bars()[names])))


def _last_volume_cut(text: str) -> str:
    """The last line ends inside its volume."""
    return text.rstrip("\n")[:-3]


def _twice_with_header(lines: list[str]) -> list[str]:
    return [*lines[:2000], lines[0], *lines[2000:]]


def _delta() -> Make:
    """A Delta table's folder: a file that its log has removed is still there, with bars that were taken back."""
    taken_back = right_bars().iloc[[3000]].assign(date=pd.Timestamp("2022-02-06"), volume=5)
    return folder_of(
        data=in_folder("part-00000.snappy.parquet", right_bars),
        removed=in_folder("part-00001.snappy.parquet", lambda: taken_back),
        log=file(
            "_delta_log/00000000000000000000.json", lambda: b'{"remove":{"path":"part-00001.snappy.parquet","dataChange":true}}\n'
        ),
    )


def _parquet_bytes() -> bytes:
    return bytes(right_bars().to_parquet(index=False))


def _dbn(content: Callable[[], bytes], name: str = "bars.dbn") -> Make:
    def make(folder: Path) -> dict[str, Any]:
        (folder / name).write_bytes(content())
        return {"bars": folder / name}

    return make


def _skippable(content: bytes) -> bytes:
    """A Zstandard stream that begins with a skippable frame, as some of the vendor's files do."""
    return b"\x50\x2a\x4d\x18" + (8).to_bytes(4, "little") + bytes(8) + feeds.compressed(content)


def _case(
    name: str, wrong: str, make: Make, *says: str, must: tuple[Outcome, ...] = REFUSED, own: bool = False, right: bool = False
) -> Case:
    return Case(name, Kind.LOST_ROWS, wrong, State.FILLED, make, must, says, right_bars if right else None, own)


LOADED_TOLD = (Outcome.LOADED_TOLD,)

CASES = (
    *in_both_states(
        _case(
            "csv-cut-in-a-line",
            "CSV cut in the middle of a line, at 60 %",
            csv_lines(lambda t: "".join([*t[:2400], t[2400][: len(t[2400]) // 2]])),
            own=True,
        )
    ),
    _case("csv-cut-in-last-line", "CSV cut in the middle of its last line", csv_lines(lambda t: "".join(t)[:-30])),
    *in_both_states(
        _case("csv-cut-in-last-number", "CSV cut in the last line's volume", _volume_last(_last_volume_cut), must=TOLD)
    ),
    *in_both_states(
        _case("csv-cut-at-a-line-end", "CSV cut at a line's end, at 60 %", csv_lines(lambda lines: lines[:2400]), must=TOLD)
    ),
    _case("csv-cut-99", "CSV cut at a line's end, 40 bars lost", csv_lines(lambda lines: lines[:-40]), must=TOLD),
    _case(
        "csv-no-last-line-end",
        "CSV whose last line has no end",
        csv_lines(lambda t: "".join(t).rstrip("\n")),
        must=LOADED_TOLD,
        right=True,
        own=True,
    ),
    _case("csv-row-without-volume", "a row with a field too few: no volume", csv_lines(_without_volume), own=True),
    _case("csv-row-without-last-field", "a row with a field too few: no instrument_id", csv_lines(_without_last_field), "field"),
    _case("csv-row-with-more", "a row with a field too many", csv_lines(_one_field_more)),
    *in_both_states(
        _case("csv-quote-100", "a quote swallows 100 lines", csv_lines(lambda lines: _note(lines, 3000, 3100)), own=True)
    ),
    _case("csv-quote-3", "a quote swallows 3 lines", csv_lines(lambda lines: _note(lines, 1500, 1503))),
    _case("csv-quote-open", "a quote that is never closed", csv_lines(_note_never_closed)),
    _case("csv-line-break", "a field with a line break", csv_lines(_line_break_in_a_note)),
    *in_both_states(_case("symbol-null", "no symbol in 100 rows", changed(symbol(None, slice(1500, 1600))), own=True)),
    _case("symbol-null-1", "no symbol in one row", changed(symbol(None, slice(3000, 3001)))),
    _case("symbol-blank", "a blank symbol in 20 rows", changed(symbol("", slice(2000, 2020)))),
    _case("symbol-padded", "' ZL' in 100 rows of a Parquet file", changed(symbol(" ZL", slice(500, 600))), own=True),
    _case("symbol-padded-end", "'ZL ' in one row", changed(symbol("ZL ", slice(3990, 3991)))),
    *in_both_states(_case("symbol-lower", "'zl' in 100 rows", changed(symbol("zl", slice(2500, 2600))), own=True)),
    _case("symbol-lower-newest", "'zl' in the newest 5 rows", changed(symbol("zl", slice(-5, None)))),
    _case(
        "symbol-contract",
        "the contract's own name, ZLZ5, in the newest 20 rows",
        changed(symbol("ZLZ5", slice(-20, None))),
        must=TOLD,
    ),
    _case(
        "symbol-contract-100",
        "the contract's own name, ZLH8, in 100 rows",
        changed(symbol("ZLH8", slice(1900, 2000))),
        must=TOLD,
    ),
    *in_both_states(_case("delta-log", "a Delta table's folder with a file that was taken back", _delta(), "delta", own=True)),
    _case(
        "iceberg",
        "an Iceberg table's folder",
        folder_of(
            data=in_folder("data/part-0.parquet", right_bars),
            log=file("metadata/v1.metadata.json", lambda: b'{"format-version": 2}'),
        ),
    ),
    _case("dbn-cut-in-a-record", "DBN cut inside a record", _dbn(lambda: feeds.dbn_bytes(right_bars())[:-20])),
    *in_both_states(
        _case(
            "dbn-cut-at-a-record",
            "DBN cut at a record's end, 300 bars lost",
            _dbn(lambda: feeds.dbn_bytes(right_bars(), drop=300)),
            own=True,
        )
    ),
    _case(
        "dbn-cut-by-2", "DBN cut at a record's end, 2 bars lost", _dbn(lambda: feeds.dbn_bytes(right_bars(), drop=2)), must=TOLD
    ),
    *in_both_states(
        _case(
            "dbn-ends-inside-a-day",
            "hourly DBN whose request ended at 14:00 of its last day",
            _dbn(lambda: feeds.dbn_bytes(right_bars(), hours=True, end="2025-11-14T14:00", drop=1)),
            own=True,
        )
    ),
    _case(
        "dbn-zst-cut",
        "compressed DBN, cut",
        _dbn(lambda: feeds.compressed(feeds.dbn_bytes(right_bars()))[:-2000], "bars.dbn.zst"),
    ),
    _case(
        "dbn-skippable-frame",
        "compressed DBN with a leading skippable frame",
        _dbn(lambda: _skippable(feeds.dbn_bytes(right_bars())), "bars.dbn.zst"),
        must=LOADED,
        right=True,
        own=True,
    ),
    _case(
        "dbn-two-frames",
        "compressed DBN in two Zstandard frames",
        _dbn(
            lambda: (
                feeds.compressed(feeds.dbn_bytes(right_bars())[:100_000])
                + feeds.compressed(feeds.dbn_bytes(right_bars())[100_000:])
            ),
            "bars.dbn.zst",
        ),
        must=LOADED_OR_REFUSED,
        right=True,
    ),
    *in_both_states(
        _case(
            "half-in-a-sub-folder",
            "half of the files in a sub-folder",
            folder_of(old=in_folder("old.parquet", old), new=in_folder("2018/new.parquet", new)),
            must=TOLD,
            own=True,
        )
    ),
    _case(
        "older-half-in-a-sub-folder",
        "the older half in a sub-folder",
        folder_of(old=in_folder("archive/old.parquet", old), new=in_folder("new.parquet", new)),
        must=TOLD,
    ),
    _case(
        "half-compressed",
        "half of the bars in a .csv.gz",
        folder_of(old=in_folder("old.parquet", old), new=file("new.csv.gz", lambda: gzip.compress(csv_bytes(new())))),
        must=NOT_QUIET,
        right=True,
        own=True,
    ),
    _case(
        "newest-year-compressed",
        "the newest 20 bars in a .csv.zip",
        folder_of(
            old=in_folder("old.parquet", lambda: right_bars().iloc[:-20]),
            new=file("new.csv.zip", lambda: gzip.compress(csv_bytes(right_bars().tail(20)))),
        ),
        must=TOLD,
    ),
    _case(
        "other-files-beside",
        "a sub-folder, a .csv.gz and an .xlsx beside all bars",
        folder_of(
            all=in_folder("bars.parquet", right_bars),
            sub=in_folder("older/bars.parquet", old),
            packed=file("bars.csv.gz", lambda: gzip.compress(csv_bytes(old()))),
            sheet=file("bars.xlsx", lambda: b"PK\x03\x04"),
        ),
        must=LOADED_TOLD,
        right=True,
    ),
    _case(
        "unfinished-download",
        "half of the bars in an unfinished download",
        folder_of(old=in_folder("old.parquet", old), new=file("new.csv.crdownload", lambda: csv_bytes(new()))),
        must=TOLD,
    ),
    _case(
        "header-only-file",
        "a file with a header only, beside all bars",
        folder_of(all=in_folder("bars.parquet", right_bars), none=file("today.csv", lambda: csv_bytes(right_bars().head(0)))),
        must=LOADED,
        right=True,
        own=True,
    ),
    _case(
        "empty-file-beside",
        "a file of 0 bytes, beside all bars",
        folder_of(all=in_folder("bars.parquet", right_bars), none=file("today.csv", lambda: b"")),
        must=(*LOADED_OR_REFUSED,),
        right=True,
    ),
    _case(
        "csv-header-twice", "the header again in the middle", csv_lines(_twice_with_header), must=LOADED_OR_REFUSED, right=True
    ),
    _case(
        "csv-nul-bytes",
        "a stretch of NUL bytes in place of 30 lines",
        csv_lines(lambda lines: [*lines[:2000], "\0" * 1800 + "\n", *lines[2030:]]),
    ),
    _case(
        "csv-utf-16",
        "CSV in UTF-16",
        csv_text(lambda: feeds.csv_text(right_bars()).encode("utf-16")),
        must=LOADED_OR_REFUSED,
        right=True,
    ),
    _case(
        "csv-windows",
        "CSV with a byte order mark and Windows line ends",
        csv_text(lambda: ("\ufeff" + feeds.csv_text(right_bars()).replace("\n", "\r\n")).encode()),
        must=LOADED,
        right=True,
    ),
    _case(
        "csv-comment",
        "a comment line before the header",
        csv_lines(lambda lines: ["# downloaded 2025-11-15\n", *lines]),
        must=LOADED_OR_REFUSED,
        right=True,
    ),
    _case("csv-no-header", "CSV without a header", csv_lines(lambda lines: lines[1:])),
    _case(
        "parquet-cut",
        "Parquet cut at 60 %",
        csv_text(lambda: _parquet_bytes()[:100_000], "bars.parquet"),
    ),
)
