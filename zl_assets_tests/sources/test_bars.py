"""Reading daily bars: what is accepted, and what stops with the file, row and column named."""

import datetime as dt
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pandas.testing import assert_frame_equal

from zl_assets.sources.bars import read_bars
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
    assert (len(result.frame), result.duplicates_dropped) == (2, 1)
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
    assert message.index("close=35.0") < message.index("close=35.1")


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
