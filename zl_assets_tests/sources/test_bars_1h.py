"""Reading hourly bars: from every format, and what stops with the file, row and column named."""

import datetime as dt
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pandas.testing import assert_frame_equal

from zl_assets.sources.bars_1h import read_bars_1h
from zl_assets.warehouse.errors import DataFault
from zl_assets_tests.conftest import shared_data
from zl_assets_tests.support.contracts import BARS_1H, ZL

HEADER = "ts_event,symbol,open,high,low,close,volume,instrument_id"
FIRST = "2020-01-02 14:00:00+00:00,ZL,34.1,34.9,33.8,34.5,410,7"
SECOND = "2020-01-02 15:00:00+00:00,ZL,34.5,35.2,34.25,35.0,390,7"


def csv(folder: Path, *lines: str) -> Path:
    path = folder / "hours.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize(
    "time", ["2020-01-02 14:00:00+00:00", "2020-01-02T14:00:00Z", "2020-01-02 14:00", "2020-01-02 14:00:00 UTC"]
)
def test_times_are_utc_however_they_are_written(tmp_path: Path, time: str) -> None:
    frame = read_bars_1h(csv(tmp_path, HEADER, FIRST.replace("2020-01-02 14:00:00+00:00", time), SECOND), [ZL]).frame
    assert list(frame.columns) == list(BARS_1H.frame_columns)
    assert frame["ts_event"].astype(str).tolist() == ["2020-01-02 14:00:00+00:00", "2020-01-02 15:00:00+00:00"]


def test_a_parquet_file_in_another_zone_is_the_same_hour(tmp_path: Path) -> None:
    moments = pa.array([dt.datetime(2020, 1, 2, 14), dt.datetime(2020, 1, 2, 15)], pa.timestamp("ns"))
    values = {"symbol": ["ZL"] * 2, "open": [34.1, 34.5], "high": [34.9, 35.2], "low": [33.8, 34.25], "close": [34.5, 35.0]}
    table = pa.table({"ts_event": moments.cast(pa.timestamp("ns", "America/Chicago")), **values, "volume": [410, 390]})
    pq.write_table(table, tmp_path / "hours.parquet")
    expected = (
        read_bars_1h(csv(tmp_path, HEADER, FIRST, SECOND), [ZL])
        .frame.assign(instrument_id=pd.NA)
        .astype({"instrument_id": "Int64"})
    )
    assert_frame_equal(read_bars_1h(tmp_path / "hours.parquet", [ZL]).frame, expected)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([HEADER.replace("ts_event", "date"), FIRST], "no column ts_event"),
        ([HEADER, FIRST.replace("14:00:00", "14:30:00")], "ts_event must be the start of a whole hour in UTC"),
        ([HEADER, FIRST.replace("+00:00", "+02:00")], "ts_event must be the start of a whole hour in UTC"),
        ([HEADER, FIRST.replace("2020-01-02 14:00:00+00:00", "")], "ts_event has no value"),
        ([HEADER, FIRST, FIRST.replace("34.5,410", "34.6,410")], "no_conflicting_bars failed"),
        ([HEADER, FIRST.replace("34.5,410", "35.5,410")], "open_and_close_in_range failed"),
        ([HEADER, FIRST.replace("34.5,410", "0,410")], "prices_positive failed"),
        ([HEADER, FIRST.replace("34.5,410", "-34.5,410")], "prices_positive failed"),
        ([HEADER, FIRST.replace("410", "-1")], "volume_sound failed"),
        ([HEADER, FIRST.replace("ZL", "MES")], "no rows of symbol ZL"),
    ],
)
def test_an_unsound_hour_stops_with_its_place(tmp_path: Path, lines: list[str], said: str) -> None:
    with pytest.raises(DataFault) as caught:
        read_bars_1h(csv(tmp_path, *lines), [ZL])
    assert said in str(caught.value)


def test_two_bars_of_different_hours_are_no_conflict_and_copies_are_dropped(tmp_path: Path) -> None:
    hours = read_bars_1h(csv(tmp_path, HEADER, FIRST, SECOND, FIRST), [ZL])
    assert (len(hours.frame), hours.duplicates_dropped) == (2, 1)
    assert hours.description.startswith("2 hourly bars of ZL from 2020-01-02")


def test_the_vendors_dbn_hours_are_those_of_the_parquet_file() -> None:
    pytest.importorskip("databento_dbn", reason="the optional extra 'dbn' is not installed")
    of_dbn = read_bars_1h(shared_data("dbn"), [ZL]).frame
    parquet = pd.read_parquet(shared_data("databento_futures_ohlcv_1h.parquet"), filters=[("symbol", "==", "ZL")])
    first, last = of_dbn["ts_event"].iloc[[0, -1]]
    same = parquet[parquet["ts_event"].between(first, last)].reset_index(drop=True)
    assert len(of_dbn) > 700
    assert_frame_equal(of_dbn, same[list(of_dbn.columns)].astype(of_dbn.dtypes.to_dict()))
