"""Reading daily bars: what is accepted, and what stops with the file, row and column named."""

import datetime as dt
import os
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from zl_assets.sources import bars as bars_module
from zl_assets.sources.bars import facts, read_bars, remarks, told
from zl_assets.sources.sample import synthetic_bars
from zl_assets.warehouse.errors import DataFault
from zl_assets_tests.conftest import shared_data
from zl_assets_tests.support.contracts import BARS, MES, ZL

HEADER = "date,symbol,open,high,low,close,volume,instrument_id"
FIRST = "2020-01-02,ZL,34.1,34.9,33.8,34.5,41000,7"
SECOND = "2020-01-03,ZL,34.5,35.2,34.25,35.0,39000,7"


def csv(folder: Path, *lines: str, name: str = "bars.csv") -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def parquet(folder: Path, name: str = "bars.parquet", **columns: Any) -> Path:
    """Two sound bars, with the given columns in place of their own; None leaves a column out."""
    sound: dict[str, Any] = {
        "date": [dt.date(2020, 1, 2), dt.date(2020, 1, 3)],
        "symbol": ["ZL", "ZL"],
        "open": [34.1, 34.5],
        "high": [34.9, 35.2],
        "low": [33.8, 34.25],
        "close": [34.5, 35.0],
        "volume": [41_000, 39_000],
        "instrument_id": [7, 7],
    }
    table = pa.table({name: values for name, values in (sound | columns).items() if values is not None})
    path = folder / name
    pq.write_table(table, path)
    return path


def fault_of(path: Path) -> str:
    with pytest.raises(DataFault) as caught:
        read_bars(path, [ZL])
    return str(caught.value)


# --- what is accepted


def test_a_csv_file_and_a_parquet_file_give_the_same_frame(tmp_path: Path) -> None:
    of_csv = read_bars(csv(tmp_path, HEADER, FIRST, SECOND), [ZL])
    of_parquet = read_bars(parquet(tmp_path), [ZL])
    assert_frame_equal(of_csv.frame, of_parquet.frame, check_exact=True)
    assert tuple(of_csv.frame.columns) == BARS.frame_columns
    assert [str(t) for t in of_csv.frame.dtypes] == ["datetime64[ns]", "string", *["float64"] * 4, "Int64", "Int64"]
    assert of_csv.frame["close"].tolist() == [34.5, 35.0]


@pytest.mark.parametrize(
    "dates",
    [
        ["2020-01-02", "2020-01-03"],
        ["2020-01-02 00:00:00", "2020-01-03T00:00:00Z"],
        ["2020-01-02 00:00:00+00:00", "2020-01-03 00:00:00 UTC"],
        [dt.datetime(2020, 1, 2), dt.datetime(2020, 1, 3)],
        pa.array([dt.datetime(2020, 1, 2), dt.datetime(2020, 1, 3)], pa.timestamp("ns", "UTC")),
        # Midnight UTC as Chicago writes it.
        pa.array([dt.datetime(2020, 1, 2), dt.datetime(2020, 1, 3)], pa.timestamp("us", "America/Chicago")),
    ],
)
def test_every_way_to_write_a_utc_date_is_read(tmp_path: Path, dates: Any) -> None:
    frame = read_bars(parquet(tmp_path, date=dates), [ZL]).frame
    assert list(frame["date"]) == [pd.Timestamp("2020-01-02"), pd.Timestamp("2020-01-03")]


@pytest.mark.parametrize(
    "columns",
    [
        {"open": [34, 34], "low": [34, 34], "high": [35, 36], "close": [35, 35]},
        {"close": [Decimal("34.50"), Decimal("35.00")]},
        {"volume": [41_000.0, 39_000.0]},
        {"symbol": pa.array(["ZL", "ZL"]).dictionary_encode()},
        {"instrument_id": None},
        {"instrument_id": [7, None]},
        {"settle": [1.0, None], "root": ["ZL", "ZL"], "ts_event": [1, 2]},
    ],
)
def test_harmless_differences_in_type_and_extra_columns_are_read(tmp_path: Path, columns: dict[str, Any]) -> None:
    assert len(read_bars(parquet(tmp_path, **columns), [ZL]).frame) == 2


def test_a_large_instrument_id_beside_a_null_keeps_every_digit(tmp_path: Path) -> None:
    frame = read_bars(parquet(tmp_path, instrument_id=[2**62 + 1, None]), [ZL]).frame
    assert frame["instrument_id"].tolist() == [2**62 + 1, pd.NA]


def test_prices_in_a_csv_keep_every_digit(tmp_path: Path) -> None:
    line = FIRST.replace("34.5,", "34.300000000000004,")
    assert read_bars(csv(tmp_path, HEADER, line), [ZL]).frame["close"].tolist() == [34.300000000000004]


def test_blank_lines_a_byte_order_mark_and_nulls_in_optional_columns_are_read(tmp_path: Path) -> None:
    path = csv(tmp_path, "\ufeff" + HEADER, FIRST, "", SECOND.replace(",7", ",NULL"), "", "")
    assert read_bars(path, [ZL]).frame["instrument_id"].tolist() == [7, pd.NA]


def test_other_symbols_are_counted_and_not_looked_at(tmp_path: Path) -> None:
    mes = "2031-01-01,MES,0,-1,5,what,ever,"
    result = read_bars(csv(tmp_path, HEADER, mes, FIRST, mes), [ZL])
    assert result.ignored_symbols == {"MES": 2}
    assert len(result.frame) == 1


def test_a_folder_is_read_one_level_deep(tmp_path: Path) -> None:
    csv(tmp_path, HEADER, FIRST, name="a.csv")
    parquet(tmp_path, "b.PARQUET")
    csv(tmp_path, "notes", name="README.txt")
    csv(tmp_path, "broken", name=".hidden.csv")
    (tmp_path / "deeper").mkdir()
    csv(tmp_path / "deeper", "broken")
    result = read_bars(tmp_path, [ZL])
    assert [file.name for file in result.files] == ["a.csv", "b.PARQUET"]
    assert (len(result.frame), result.rows, result.duplicates_dropped) == (2, 3, 1)
    assert remarks(result)["file"].tolist() == ["README.txt", "deeper/"]
    assert "2 daily bars of ZL from 2020-01-02 to 2020-01-03" in result.description


def test_a_file_of_other_symbols_in_a_folder_is_no_fault(tmp_path: Path) -> None:
    csv(tmp_path, HEADER, FIRST, name="a.csv")
    csv(tmp_path, HEADER, FIRST.replace("ZL", "MES"), name="b.csv")
    assert read_bars(tmp_path, [ZL]).ignored_symbols == {"MES": 1}


def test_several_symbols_can_be_asked_for(tmp_path: Path) -> None:
    path = csv(tmp_path, HEADER, FIRST, FIRST.replace("ZL", "MES"))
    assert read_bars(path, [MES, ZL]).frame["symbol"].tolist() == ["MES", "ZL"]


def test_the_real_bars_are_read_and_survive_a_csv_bit_for_bit(tmp_path: Path) -> None:
    real = read_bars(shared_data("databento_futures_ohlcv_1d.parquet"), [ZL])
    assert (len(real.frame), real.ignored_symbols) == (3_998, {"MES": 2_036})
    path = tmp_path / "bars.csv"
    real.frame.to_csv(path, index=False)
    assert_frame_equal(read_bars(path, [ZL]).frame, real.frame, check_exact=True)


# --- what stops: files


def test_a_missing_file_is_named_with_the_folder_it_was_looked_for_in(tmp_path: Path) -> None:
    message = fault_of(tmp_path / "nope.csv")
    assert "nope.csv: there is no such file or folder" in message
    assert str(Path.cwd()) in message


def test_a_folder_without_bars_says_what_it_looked_for(tmp_path: Path) -> None:
    assert "holds no .parquet, .csv, .dbn or .dbn.zst file" in fault_of(tmp_path)


def test_another_kind_of_file_says_what_is_read(tmp_path: Path) -> None:
    said = fault_of(csv(tmp_path, HEADER, name="bars.xlsx"))
    assert "not a bars file. Give a file that ends in .parquet, .csv, .dbn or .dbn.zst" in said


@pytest.mark.parametrize("name", ["bars.csv", "bars.parquet"])
def test_an_empty_file_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    assert f"{name}: the file is empty (0 bytes)" in fault_of(tmp_path / name)


def test_a_file_with_a_header_alone_is_named(tmp_path: Path) -> None:
    assert "columns but no rows" in fault_of(csv(tmp_path, HEADER))
    assert "columns but no rows" in fault_of(csv(tmp_path, HEADER, "", ",,,,,,,"))
    empty: dict[str, Any] = {name: pa.array([], pa.float64()) for name in ("open", "high", "low", "close")}
    path = parquet(
        tmp_path, date=pa.array([], pa.date32()), symbol=pa.array([], pa.string()), volume=[], instrument_id=None, **empty
    )
    assert "columns but no rows" in fault_of(path)


def test_a_truncated_parquet_file_is_named(tmp_path: Path) -> None:
    path = parquet(tmp_path)
    path.write_bytes(path.read_bytes()[:-20])
    assert "bars.parquet: not a readable Parquet file" in fault_of(path)


def test_a_damaged_parquet_page_is_named(tmp_path: Path) -> None:
    path = parquet(tmp_path)
    content = bytearray(path.read_bytes())
    content[4:40] = b"\xff" * 36
    path.write_bytes(content)
    assert "bars.parquet" in fault_of(path)


def test_text_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    path = tmp_path / "bars.csv"
    path.write_bytes(HEADER.encode() + b"\n\xff\xfe\x00")
    assert "bars.csv: not UTF-8 text" in fault_of(path)


def test_a_row_with_too_many_fields_is_named_by_its_line(tmp_path: Path) -> None:
    assert "line 3" in fault_of(csv(tmp_path, HEADER, FIRST, SECOND + ",9"))


def test_a_file_that_may_not_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = csv(tmp_path, HEADER, FIRST)
    # Root may read everything, so permissions alone do not show it in every test environment.
    if os.geteuid() == 0:

        def refuse(*_: object, **__: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "read_bytes", refuse)
    else:
        path.chmod(0)
    assert "bars.csv: cannot be read: Permission denied" in fault_of(path)


@pytest.mark.parametrize("column", ["date", "symbol", "open", "high", "low", "close", "volume"])
def test_a_missing_column_is_named_with_what_was_found(tmp_path: Path, column: str) -> None:
    message = fault_of(parquet(tmp_path, **{column: None}))
    assert f"bars.parquet: no column {column}. Expected date, symbol" in message
    message = fault_of(csv(tmp_path, HEADER.replace(column, "x_" + column), FIRST))
    assert f"bars.csv: no column {column}." in message
    assert f"x_{column}" in message


def test_a_column_that_appears_twice_is_named(tmp_path: Path) -> None:
    assert "column close appears more than once" in fault_of(csv(tmp_path, HEADER + ",close", FIRST + ",1"))


def test_no_rows_of_the_symbol_lists_the_symbols_that_are_there(tmp_path: Path) -> None:
    message = fault_of(csv(tmp_path, HEADER, FIRST.replace("ZL", "ZL.v.1"), SECOND.replace("ZL", "MES")))
    assert "no rows of symbol ZL. Symbols found: ZL.v.1 (1 rows), MES (1 rows)" in message


# --- what stops: values


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("close", "abc"),
        ("close", "34,5"),
        ("close", "1_000"),
        ("close", "inf"),
        ("volume", "1000.5"),
        ("volume", "many"),
        ("volume", "99999999999999999999"),
        ("instrument_id", "7.5"),
        ("date", "02/01/2020"),
        ("date", "2020-02-30"),
        ("date", "2020-01"),
        ("date", "2020-01-03 05:00:00"),
        ("date", "2020-01-03 00:00:00-06:00"),
        ("date", "20200103"),
        ("date", "1020-01-03"),
    ],
)
def test_a_text_of_the_wrong_kind_is_named_by_line_and_column(tmp_path: Path, column: str, value: str) -> None:
    values = dict(zip(HEADER.split(","), SECOND.split(","), strict=True)) | {column: value}
    quoted = ",".join(f'"{v}"' for v in values.values())
    message = fault_of(csv(tmp_path, HEADER, FIRST, "", quoted))
    assert f"bars.csv: every value of column {column} must be a" in message
    assert f"row 4: {value!r}" in message


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("date", pa.array([dt.datetime(2020, 1, 2), dt.datetime(2020, 1, 3, 6)], pa.timestamp("ns", "UTC"))),
        ("date", pa.array([dt.datetime(2020, 1, 2), dt.datetime(2020, 1, 3, 6)], pa.timestamp("ns"))),
        ("date", [1577923200, 1578009600]),
        ("open", [True, False]),
        ("close", [b"x", b"y"]),
        ("high", [[1.0], [2.0, 3.0]]),
        ("volume", [41_000.0, 0.5]),
        ("symbol", [1, 2]),
    ],
)
def test_a_parquet_column_of_the_wrong_type_is_named_by_row_and_column(tmp_path: Path, column: str, values: Any) -> None:
    message = fault_of(parquet(tmp_path, **{column: values}))
    assert f"bars.parquet: every value of column {column} must be" in message
    assert "row 2: " in message


def test_a_row_without_a_date_is_named(tmp_path: Path) -> None:
    message = fault_of(csv(tmp_path, HEADER, FIRST, SECOND.replace("2020-01-03", "")))
    assert "column date has no value in 1 of 2 rows, the first is row 3" in message


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("open", "", "no_null_prices"),
        ("close", "NaN", "no_null_prices"),
        ("low", "0", "prices_positive"),
        ("low", "-34", "prices_positive"),
        ("high", "30", "high_not_below_low"),
        ("close", "36", "open_and_close_in_range"),
        ("volume", "", "volume_sound"),
        ("volume", "NaN", "volume_sound"),
        ("volume", "-1", "volume_sound"),
    ],
)
def test_an_unsound_bar_is_named_by_file_row_and_column(tmp_path: Path, column: str, value: str, rule: str) -> None:
    csv(tmp_path, HEADER, FIRST, name="a.csv")
    values = dict(zip(HEADER.split(","), SECOND.split(","), strict=True)) | {column: value}
    csv(tmp_path, HEADER, ",".join(values.values()), name="b.csv")
    message = fault_of(tmp_path)
    assert f"{rule} failed: 1 of 2 rows" in message
    assert "file=b.csv, row=2, date=2020-01-03, symbol=ZL" in message
    assert f"{column}=" in message


def test_an_infinite_or_missing_number_in_parquet_is_named(tmp_path: Path) -> None:
    assert "prices_positive failed" in fault_of(parquet(tmp_path, high=[34.9, float("inf")]))
    assert "volume_sound failed" in fault_of(parquet(tmp_path, volume=[41_000.0, float("nan")]))


def test_two_different_bars_for_one_day_are_both_named_with_their_files(tmp_path: Path) -> None:
    csv(tmp_path, HEADER, FIRST, SECOND, name="a.csv")
    csv(tmp_path, HEADER, SECOND.replace("35.0,", "35.1,"), name="b.csv")
    message = fault_of(tmp_path)
    assert "no_conflicting_bars failed: 2 of 3 rows" in message
    assert "file=a.csv, row=3" in message
    assert "file=b.csv, row=2" in message
    assert message.index("close=35,") < message.index("close=35.1")


def test_a_long_list_of_faults_is_cut_after_ten(tmp_path: Path) -> None:
    message = fault_of(csv(tmp_path, HEADER, *[FIRST.replace("41000", "x")] * 14))
    assert message.count("row ") == 10
    assert "and 4 more" in message


@pytest.mark.parametrize("index", [["date"], ["date", "symbol"]])
def test_a_parquet_that_pandas_wrote_with_an_index_is_read(tmp_path: Path, index: list[str]) -> None:
    bars = synthetic_bars().iloc[100:200]
    bars.set_index(index).to_parquet(tmp_path / "bars.parquet")
    read = read_bars(tmp_path / "bars.parquet", [ZL]).frame
    pd.testing.assert_frame_equal(read, bars.reset_index(drop=True)[list(read.columns)])


def test_the_row_named_is_the_row_of_the_file_and_not_of_an_old_index(tmp_path: Path) -> None:
    bars = synthetic_bars().iloc[100:200]
    bars.loc[bars.index[5], "low"] = -1.0
    bars.to_parquet(tmp_path / "bars.parquet")
    with pytest.raises(DataFault, match=r"row=6\b"):
        read_bars(tmp_path / "bars.parquet", [ZL])


def test_a_link_to_a_file_that_is_gone_is_not_passed_over(tmp_path: Path) -> None:
    """The history that it stood for would be missing without a word."""
    (tmp_path / "b.parquet").symlink_to(tmp_path / "nowhere.parquet")
    with pytest.raises(DataFault, match=r"b\.parquet is a link to a file that does not exist"):
        read_bars(tmp_path, [ZL])


# --- what stops: rows that would be lost


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (SECOND.rpartition(",")[0], "line 4: 7 fields ('2020-01-03,ZL,34.5"),
        ("2020-01-03", "line 4: 1 field ('2020-01-03')"),
        (SECOND + ",", "line 4: 9 fields"),
        (SECOND.replace("35.0", "35,0"), "line 4: 9 fields"),
        ("\x1a", "line 4: 1 field"),
    ],
)
def test_a_line_of_another_number_of_fields_is_named_and_not_padded(tmp_path: Path, line: str, said: str) -> None:
    """pandas fills a short line up with nothing: without an instrument_id it would be a sound bar of a close that is a volume."""
    message = fault_of(csv(tmp_path, HEADER, FIRST, "", line, SECOND.replace("01-03", "01-06")))
    assert "bars.csv: not a readable CSV file: every line must have as many fields as line 1, which has 8, but found" in message
    assert said in message
    assert "cut off" not in message


def test_a_file_that_ends_within_its_last_line_was_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "bars.csv"
    path.write_text(f"{HEADER}\n{FIRST}\n{SECOND[:20]}")
    assert "The file ends within its last line, so it was cut off: get it again." in fault_of(path)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    ("lines", "begin", "last"),
    [
        # A field with a line end in it, in a column that is not even read.
        ([FIRST + ',"roll', 'day"', SECOND + ","], 3, 4),
        # A quote that nobody closes takes all that follows.
        ([FIRST + ",", SECOND.replace("ZL", '"ZL') + ",", FIRST.replace("02", "06") + ","], 4, 5),
        # The next quote closes it in the middle of another line.
        ([FIRST.replace("ZL", '"ZL') + ",", SECOND.replace("ZL", '"ZL"') + ","], 3, 4),
    ],
)
def test_lines_that_a_quote_swallows_are_not_lost(tmp_path: Path, end: str, lines: list[str], begin: int, last: int) -> None:
    path = tmp_path / "bars.csv"
    path.write_bytes(end.join([HEADER + ",note", "", *lines, ""]).encode())
    message = fault_of(path)
    assert f"a field that begins with a quote on line {begin} goes on over the line's end, to line {last}" in message


def test_text_after_a_closed_quote_is_named_by_its_line(tmp_path: Path) -> None:
    assert "bars.csv: not a readable CSV file: line 3: ',' expected after" in fault_of(
        csv(tmp_path, HEADER, FIRST, SECOND.replace("ZL", '"Z"L'))
    )


def test_a_nul_byte_is_named_by_its_line(tmp_path: Path) -> None:
    assert "bars.csv: line 3 holds a NUL byte" in fault_of(csv(tmp_path, HEADER, FIRST, SECOND.replace("ZL", "ZL\0")))
    path = tmp_path / "wide.csv"
    path.write_bytes(HEADER.encode("utf-16-le"))
    assert "wide.csv: line 1 holds a NUL byte, so the file is damaged or is not UTF-8 text" in fault_of(path)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_row_is_its_line_whatever_ends_the_lines(tmp_path: Path, end: str) -> None:
    path = tmp_path / "bars.csv"
    path.write_bytes(end.join(["", HEADER, "", FIRST, "", SECOND.replace("35.0", "x"), ""]).encode())
    assert "row 6: 'x'" in fault_of(path)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_last_line_with_any_line_end_is_whole(tmp_path: Path, end: str) -> None:
    path = tmp_path / "bars.csv"
    path.write_bytes(end.join([HEADER, FIRST, ""]).encode())
    assert remarks(read_bars(path, [ZL])).empty


@given(st.integers(1, len(f"{HEADER}\n{FIRST}\n{SECOND}\n") - 1))
def test_a_file_that_was_cut_anywhere_is_refused_or_told_unless_whole_lines_are_gone(at: int) -> None:
    whole = f"{HEADER}\n{FIRST}\n{SECOND}\n"
    with TemporaryDirectory() as folder:
        path = Path(folder) / "bars.csv"
        path.write_text(whole[:at])
        try:
            read = read_bars(path, [ZL])
        except DataFault:
            return
    assert (whole[at - 1] == "\n") == remarks(read).empty
    assert len(read.frame) == whole[:at].strip().count("\n")


BAD_SYMBOLS = [
    "",
    " ",
    "zl",
    "Zl",
    "ZL ",
    "\tZL",
    "ZL\u00a0",
    "\u200bZL",
    "\uff3a\uff2c",
    "'ZL'",
    "nan",
    "None",
    "<NA>",
    "zl.v.0",
]


@pytest.mark.parametrize("symbol", [None, *BAD_SYMBOLS])
def test_a_row_whose_symbol_is_missing_or_misspelt_is_not_lost(tmp_path: Path, symbol: str | None) -> None:
    csv(tmp_path, HEADER, FIRST, name="a.csv")
    parquet(tmp_path, "b.parquet", symbol=["ZL", symbol])
    message = fault_of(tmp_path)
    assert "b.parquet: 1 of 2 rows would be lost, because their symbol is missing or is not written exactly as ZL" in message
    assert f"row 2: {'none' if symbol is None else repr(symbol)}. Write the symbol" in message


def test_a_csv_row_without_a_symbol_is_named_by_its_line_and_blanks_around_one_are_no_part_of_it(tmp_path: Path) -> None:
    message = fault_of(csv(tmp_path, HEADER, FIRST, "", SECOND.replace("ZL", ""), SECOND.replace("ZL", "zl")))
    assert "bars.csv: 2 of 3 rows would be lost" in message
    assert "row 4: none; row 5: 'zl'." in message
    spaced = csv(tmp_path, HEADER, FIRST.replace(",", ", "), SECOND.replace(",", " ,"))
    assert len(read_bars(spaced, [ZL]).frame) == 2


def test_only_the_first_lost_rows_are_named(tmp_path: Path) -> None:
    message = fault_of(csv(tmp_path, HEADER, FIRST, *[SECOND.replace("ZL", "zl")] * 14))
    assert "14 of 15 rows would be lost" in message
    assert message.count("row ") == 10
    assert "and 4 more" in message


@pytest.mark.parametrize("symbol", ["MES", "ZLH4", "ZL=F", "ZL1!", "ZLZ", "L", "BZL"])
def test_a_symbol_that_is_another_one_stays_ignored_and_counted(tmp_path: Path, symbol: str) -> None:
    assert read_bars(parquet(tmp_path, symbol=["ZL", symbol]), [ZL]).ignored_symbols == {symbol: 1}


@pytest.mark.parametrize(
    ("mark", "kind"),
    [
        ("_delta_log/00000000000000000000.json", "Delta Lake"),
        ("metadata/00000-1f2e.metadata.json", "Apache Iceberg"),
        (".hoodie/hoodie.properties", "Apache Hudi"),
    ],
)
@pytest.mark.parametrize("below", ["", "data/date=2020"])
@pytest.mark.parametrize("alone", [False, True])
def test_the_parquet_files_of_a_table_hold_deleted_rows_and_are_not_taken_for_it(
    tmp_path: Path, mark: str, kind: str, below: str, alone: bool
) -> None:
    (tmp_path / mark).parent.mkdir()
    (tmp_path / mark).touch()
    folder = tmp_path / below
    folder.mkdir(parents=True, exist_ok=True)
    path = parquet(folder)
    message = fault_of(path if alone else folder)
    assert f"{tmp_path} is a {kind} table. Its Parquet files also hold rows that the table has deleted" in message
    assert "to_parquet(file), and give the file that it writes" in message


def test_a_table_without_a_parquet_file_of_its_own_is_still_told_as_one(tmp_path: Path) -> None:
    (tmp_path / "_delta_log").mkdir()
    (tmp_path / "date=2020").mkdir()
    assert "is a Delta Lake table" in fault_of(tmp_path)


def test_vendors_own_descriptions_beside_the_bars_are_no_table_and_no_warning(tmp_path: Path) -> None:
    parquet(tmp_path)
    for name in ("metadata.json", "manifest.json", "condition.json", "_SUCCESS", "_metadata"):
        (tmp_path / name).touch()
    assert remarks(read_bars(tmp_path, [ZL])).empty


# --- what is read, and told


def test_a_file_without_rows_among_others_is_read_as_empty_and_told(tmp_path: Path) -> None:
    csv(tmp_path, HEADER, FIRST, name="b.csv")
    csv(tmp_path, HEADER, name="a.csv")
    pq.write_table(pq.read_table(parquet(tmp_path, "c.parquet")).slice(0, 0), tmp_path / "c.parquet")
    result = read_bars(tmp_path, [ZL])
    assert ([file.name for file in result.empty], len(result.files)) == (["a.csv", "c.parquet"], 3)
    assert facts(result)["files_without_rows"] == "a.csv, c.parquet"
    assert remarks(result).empty
    (tmp_path / "b.csv").unlink()
    assert "its 2 files have columns but no rows" in fault_of(tmp_path)


def test_a_file_without_rows_still_needs_the_columns(tmp_path: Path) -> None:
    csv(tmp_path, HEADER, FIRST, name="b.csv")
    csv(tmp_path, HEADER.replace("close", "settled"), name="a.csv")
    assert "a.csv: no column close" in fault_of(tmp_path)


@pytest.mark.parametrize("name", ["b.csv.gz", "b.parquet.zip", "b.csv.bz2", "b.csv.xz", "b.csv.zst", "b.TAR.GZ", "b.parquet.lz4"])
def test_a_compressed_file_beside_others_is_told_by_name(tmp_path: Path, name: str) -> None:
    csv(tmp_path, HEADER, FIRST)
    (tmp_path / name).touch()
    assert remarks(read_bars(tmp_path, [ZL])).to_dict("records") == [{"file": name, "why": "compressed"}]


def test_what_a_folder_holds_instead_of_bars_is_named(tmp_path: Path) -> None:
    (tmp_path / "bars.csv.gz").touch()
    (tmp_path / "old").mkdir()
    message = fault_of(tmp_path)
    assert "It holds bars.csv.gz (compressed), old/ (a sub-folder). Give a file" in message


def test_every_kind_of_what_was_not_read_is_in_the_facts_and_in_one_line(tmp_path: Path) -> None:
    csv(tmp_path, HEADER, FIRST, FIRST, FIRST.replace("ZL", "MES"), name="a.csv")
    (tmp_path / "b.csv").write_text(f"{HEADER}\n{SECOND}")
    csv(tmp_path, HEADER, name="c.csv")
    csv(tmp_path, "notes", name="notes.txt")
    csv(tmp_path, "notes", name=".notes.txt")
    (tmp_path / "old").mkdir()
    result = read_bars(tmp_path, [ZL])
    assert told(result) == (
        "2 daily bars, from 3 files of 4 rows; ignored 1 rows of MES; dropped 1 copies; without rows: c.csv; "
        "not read: notes.txt, old/; perhaps cut short: b.csv"
    )
    assert facts(result) | {"source": "", "read": ""} == {
        "source": "",
        "read": "",
        "notes": "none",
        "files_read": 3,
        "rows_read": 4,
        "ignored_symbols": "MES (1 rows)",
        "duplicates_dropped": 1,
        "files_without_rows": "c.csv",
        "not_read": "notes.txt (not a kind of file that is read), old/ (a sub-folder)",
        "perhaps_cut_short": "b.csv (its last line has no line end)",
    }


def test_the_real_bars_were_read_whole() -> None:
    result = read_bars(shared_data("databento_futures_ohlcv_1d.parquet"), [ZL])
    assert remarks(result).empty
    assert told(result) == "3,998 daily bars, from 1 file of 6,034 rows; ignored 2,036 rows of MES"


# --- once


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that were parsed."""
    names: list[str] = []
    read = bars_module._read

    def counted(file: Path, *others: Any) -> pd.DataFrame:
        names.append(file.name)
        return read(file, *others)

    monkeypatch.setattr(bars_module, "_read", counted)
    return names


def test_what_has_not_changed_is_parsed_once_and_nobody_can_change_what_others_get(tmp_path: Path, parsed: list[str]) -> None:
    csv(tmp_path, HEADER, FIRST, name="a.csv")
    parquet(tmp_path, "b.parquet")
    first = read_bars(tmp_path, [ZL])
    first.frame.loc[:, "close"] = 1.0
    second = read_bars(tmp_path, [ZL])
    assert parsed == ["a.csv", "b.parquet"]
    assert second.frame["close"].tolist() == [34.5, 35.0]
    with pytest.raises(TypeError):
        second.ignored_symbols["MES"] = 1  # type: ignore[index]


def test_a_file_that_changed_appeared_or_went_is_seen(tmp_path: Path, parsed: list[str]) -> None:
    csv(tmp_path, HEADER, FIRST, name="a.csv")
    read_bars(tmp_path, [ZL])
    # The same size, and the old time put back.
    stamp = (tmp_path / "a.csv").stat()
    csv(tmp_path, HEADER, FIRST.replace("34.5,", "34.6,"), name="a.csv")
    os.utime(tmp_path / "a.csv", ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert read_bars(tmp_path, [ZL]).frame["close"].tolist() == [34.6]
    csv(tmp_path, HEADER, SECOND, name="b.csv")
    assert len(read_bars(tmp_path, [ZL]).frame) == 2
    (tmp_path / "a.csv").unlink()
    assert len(read_bars(tmp_path, [ZL]).frame) == 1
    csv(tmp_path, "notes", name="notes.txt")
    assert remarks(read_bars(tmp_path, [ZL]))["file"].tolist() == ["notes.txt"]
    assert parsed == ["a.csv", "a.csv", "a.csv", "b.csv", "b.csv", "b.csv"]


def test_other_instruments_and_another_folder_of_the_same_files_are_read_anew(tmp_path: Path) -> None:
    path = csv(tmp_path, HEADER, FIRST, FIRST.replace("ZL", "MES"))
    assert read_bars(path, [ZL]).frame["symbol"].tolist() == ["ZL"]
    assert read_bars(path, [MES]).frame["symbol"].tolist() == ["MES"]
    link = tmp_path / "now"
    for name, line in (("one", FIRST), ("two", SECOND)):
        (tmp_path / name).mkdir()
        csv(tmp_path / name, HEADER, line)
        link.unlink(missing_ok=True)
        link.symlink_to(tmp_path / name)
        assert f"{read_bars(link, [ZL]).frame['date'][0]:%Y-%m-%d}" == line[:10]


def test_a_file_that_is_being_written_is_not_taken_for_a_whole_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = csv(tmp_path, HEADER, FIRST)
    read = bars_module._read

    def slow(file: Path, *others: Any) -> pd.DataFrame:
        frame = read(file, *others)
        with open(file, "a") as more:
            more.write(SECOND + "\n")
        return frame

    with monkeypatch.context() as patch:
        patch.setattr(bars_module, "_read", slow)
        assert "the files changed while they were read" in fault_of(path)
    assert len(read_bars(path, [ZL]).frame) == 2


def test_a_folder_of_many_files_is_listed_and_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parsed: list[str]
) -> None:
    bars = synthetic_bars().head(200)
    for number in range(0, 200, 2):
        bars.iloc[number : number + 2].to_csv(tmp_path / f"{number:03}.csv", index=False)
    listings: list[Path] = []
    listed = bars_module.listed

    def counted(path: Path, *others: Any) -> Any:
        listings.append(path)
        return listed(path, *others)

    monkeypatch.setattr(bars_module, "listed", counted)
    assert_frame_equal(read_bars(tmp_path, [ZL]).frame, bars.reset_index(drop=True), check_exact=True)
    read_bars(tmp_path, [ZL])
    # Before and after they are parsed, and to see that nothing has changed since.
    assert (len(parsed), len(listings)) == (100, 3)
