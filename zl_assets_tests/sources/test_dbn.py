"""DBN files as bars: the vendor's own files against the bars made of them elsewhere, and what a damaged file says."""

import builtins
import datetime as dt
import struct
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from pandas.testing import assert_frame_equal

from zl_assets.errors import SettingError
from zl_assets.sources.bars import read_bars
from zl_assets.warehouse.errors import DataFault
from zl_assets_tests.conftest import shared_data
from zl_assets_tests.support.contracts import ZL

dbn = pytest.importorskip("databento_dbn", reason="the optional extra 'dbn' is not installed")

UNDEFINED = 2**63 - 1
DAY = dt.date(2024, 1, 2)


def at(text: str) -> int:
    """Nanoseconds since 1970 of a UTC time."""
    return pd.Timestamp(text, tz="UTC").value


def record(moment: str, close: float, volume: int = 10, instrument: int = 7, rtype: int = 34, **prices: float) -> bytes:
    """One OHLCV record, packed by hand from the format's description."""
    fixed = [round(prices.get(name, close) * 1e9) for name in ("open", "high", "low")] + [round(close * 1e9)]
    return struct.pack("<BBHIQqqqqQ", 14, rtype, 1, instrument, at(moment), *fixed, volume)


def mapping(symbol: str, *intervals: tuple[str, str, str]) -> Any:
    class Mapping:
        raw_symbol = symbol

    class Interval:
        def __init__(self, first: str, after: str, instrument: str) -> None:
            self.start_date, self.end_date = dt.date.fromisoformat(first), dt.date.fromisoformat(after)
            self.symbol = instrument

    Mapping.intervals = [Interval(*interval) for interval in intervals]  # type: ignore[attr-defined]
    return Mapping()


FRONT = mapping("ZL.v.0", ("2024-01-01", "2024-02-01", "7"))


def write(path: Path, *records: bytes, schema: str = "ohlcv-1h", mappings: list[Any] | None = None, **metadata: Any) -> Path:
    """A DBN file; compressed if its name says so."""
    mappings = mappings or [FRONT]
    head = dbn.Metadata(
        **{
            "dataset": "GLBX.MDP3",
            "start": at("2024-01-01"),
            "stype_in": dbn.SType.CONTINUOUS,
            "stype_out": dbn.SType.INSTRUMENT_ID,
            "schema": dbn.Schema.from_str(schema),
            "symbols": [m.raw_symbol for m in mappings],
            "mappings": mappings,
            "version": 3,
            **metadata,
        }
    )
    content = bytes(head) + b"".join(records)
    if path.suffix == ".zst":
        content = pa.compress(content, codec="zstd", asbytes=True)
    path.write_bytes(content)
    return path


def fault_of(path: Path) -> str:
    with pytest.raises(DataFault) as caught:
        read_bars(path, [ZL])
    return str(caught.value)


def test_the_vendors_files_give_the_parquet_bars_of_the_same_days() -> None:
    """Hourly bars in DBN, summed here, against the daily file that somebody else summed: 46 days, bit for bit."""
    bars = read_bars(shared_data("dbn"), [ZL])
    daily = read_bars(shared_data("databento_futures_ohlcv_1d.parquet"), [ZL]).frame
    expected = daily[daily["date"] <= "2010-07-31"].reset_index(drop=True)
    assert len(expected) == 46
    assert_frame_equal(bars.frame, expected, check_exact=True)
    assert bars.duplicates_dropped == 0
    assert bars.ignored_symbols["ES"] > 500


def test_the_vendors_hours_are_those_of_the_hourly_parquet_file() -> None:
    from zl_assets.sources.dbn import _decode

    files = sorted(shared_data("dbn").glob("*.zst"))
    decoded = pd.concat([_decode(file, ("ZL",)).rows for file in files], ignore_index=True)
    hours = pd.read_parquet(shared_data("databento_futures_ohlcv_1h.parquet"))
    moments = pd.to_datetime(hours["ts_event"], utc=True).dt.tz_localize(None).astype("datetime64[ns]")
    expected = hours.assign(ts_event=moments)[(hours["symbol"] == "ZL") & (moments < "2010-08-01")].sort_values("ts_event")
    columns = ["ts_event", "open", "high", "low", "close", "volume", "instrument_id"]
    assert len(decoded) == len(expected) > 500
    assert_frame_equal(decoded[columns], expected[columns].reset_index(drop=True), check_exact=True, check_dtype=False)


def test_hours_become_utc_days(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.dbn.zst",
        record("2024-01-02 23:00", 41.0, 3, open=40.0, high=42.0, low=39.5),
        record("2024-01-02 01:00", 40.25, 5, open=40.5, high=40.75, low=40.0),
        record("2024-01-03 00:00", 43.0, 1),
    )
    frame = read_bars(path, [ZL]).frame
    assert frame["date"].dt.date.tolist() == [DAY, dt.date(2024, 1, 3)]
    assert frame.iloc[0][["open", "high", "low", "close", "volume"]].tolist() == [40.5, 42.0, 39.5, 41.0, 8]


def test_daily_records_are_taken_as_they_are(tmp_path: Path) -> None:
    path = write(tmp_path / "a.dbn", record("2024-01-02", 41.05, 3, rtype=35), schema="ohlcv-1d")
    frame = read_bars(path, [ZL]).frame
    assert (frame["close"][0], frame["volume"][0], frame["instrument_id"][0]) == (41.05, 3, 7)


def test_files_that_overlap_or_part_within_a_day_do_not_count_an_hour_twice(tmp_path: Path) -> None:
    hours = [record(f"2024-01-02 {hour:02d}:00", 40.0 + hour, 1) for hour in range(6)]
    whole = read_bars(write(tmp_path / "whole.dbn", *hours), [ZL]).frame
    parts = tmp_path / "parts"
    parts.mkdir()
    write(parts / "a.dbn", *hours[:4])
    write(parts / "b.dbn.zst", *hours[2:])
    bars = read_bars(parts, [ZL])
    assert_frame_equal(bars.frame, whole)
    assert (bars.frame["volume"][0], bars.duplicates_dropped) == (6, 2)


def test_two_different_records_of_one_hour_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "a.dbn", record("2024-01-02 01:00", 40.0))
    write(tmp_path / "b.dbn", record("2024-01-02 01:00", 41.0))
    message = fault_of(tmp_path)
    assert "a.dbn record 1: ZL 2024-01-02 01:00 instrument 7 close 40" in message
    assert "b.dbn record 1" in message


def test_the_symbol_follows_its_contract_from_date_to_date(tmp_path: Path) -> None:
    """On the day of the roll the old contract still trades; its record is not ZL any more."""
    rolling = mapping("ZL.v.0", ("2024-01-01", "2024-01-03", "7"), ("2024-01-03", "2024-02-01", "8"))
    path = write(
        tmp_path / "a.dbn",
        record("2024-01-02 05:00", 40.0, instrument=7),
        record("2024-01-02 05:00", 50.0, instrument=8),
        record("2024-01-03 05:00", 41.0, instrument=7),
        record("2024-01-03 05:00", 51.0, instrument=8),
        mappings=[rolling],
    )
    frame = read_bars(path, [ZL]).frame
    assert frame["close"].tolist() == [40.0, 51.0]
    assert frame["instrument_id"].tolist() == [7, 8]


BY_CALENDAR = mapping("ZL.c.0", ("2024-01-01", "2024-02-01", "7"))


def test_the_front_month_by_calendar_is_loaded_and_told(tmp_path: Path) -> None:
    bars = read_bars(write(tmp_path / "a.dbn", record("2024-01-02 05:00", 40.0), mappings=[BY_CALENDAR]), [ZL])
    assert bars.frame[["symbol", "close"]].to_numpy().tolist() == [["ZL", 40.0]]
    assert bars.notes == ("a.dbn: ZL.c.0 was loaded as ZL; it is the front month by calendar, not by volume",)


@pytest.mark.parametrize("together", [True, False])
def test_two_roll_rules_of_one_root_are_not_mixed(tmp_path: Path, together: bool) -> None:
    if together:
        write(tmp_path / "a.dbn", record("2024-01-02 05:00", 40.0), mappings=[FRONT, BY_CALENDAR])
    else:
        write(tmp_path / "a.dbn", record("2024-01-02 05:00", 40.0))
        write(tmp_path / "b.dbn", record("2024-01-03 05:00", 40.0), mappings=[BY_CALENDAR])
    assert "They are two series of ZL, and only one can be loaded" in fault_of(tmp_path)


def test_any_other_contract_is_another_symbol(tmp_path: Path) -> None:
    second = mapping("ZL.v.1", ("2024-01-01", "2024-02-01", "7"))
    message = fault_of(write(tmp_path / "a.dbn", record("2024-01-02 05:00", 40.0), mappings=[second]))
    assert "no rows of symbol ZL. Symbols found: ZL.v.1 (1 rows)" in message


def test_an_hour_without_a_price_is_not_passed_over(tmp_path: Path) -> None:
    hollow = struct.pack("<BBHIQqqqqQ", 14, 34, 1, 7, at("2024-01-02 02:00"), *[UNDEFINED] * 4, 0)
    message = fault_of(write(tmp_path / "a.dbn", record("2024-01-02 01:00", 40.0), hollow))
    assert "no_null_prices" in message


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    good = write(tmp_path / "a.dbn.zst", *(record(f"2024-01-02 {h:02d}:00", 40.0 + h) for h in range(20)))
    content = good.read_bytes()
    for name, damaged, said in (
        ("cut.dbn.zst", content[: len(content) // 2], "Zstandard"),
        ("plain.dbn", write(tmp_path / "b.dbn", record("2024-01-02 01:00", 40.0)).read_bytes()[:-5], "cut off"),
        ("other.dbn", b"PAR1" + b"\0" * 100, "not a DBN file"),
        ("head.dbn", (tmp_path / "b.dbn").read_bytes()[:40], "metadata"),
        ("none.dbn", write(tmp_path / "n.dbn").read_bytes(), "no records"),
    ):
        path = tmp_path / name
        path.write_bytes(damaged)
        message = fault_of(path)
        assert name in message
        assert said in message


def test_other_schemas_and_symbologies_are_refused(tmp_path: Path) -> None:
    assert "schema trades, expected ohlcv-1h or ohlcv-1d" in fault_of(
        write(tmp_path / "a.dbn", record("2024-01-02 01:00", 40.0), schema="trades")
    )
    message = fault_of(write(tmp_path / "b.dbn", record("2024-01-02 01:00", 40.0), stype_in=dbn.SType.RAW_SYMBOL))
    assert "expected continuous to instrument_id. Request the continuous symbol ZL.v.0" in message
    message = fault_of(write(tmp_path / "c.dbn", record("2024-01-02 01:00", 40.0, rtype=35)))
    assert "record 1 is of type 35, expected 34" in message


def test_without_the_package_one_message_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.dbn", record("2024-01-02 01:00", 40.0))
    original = builtins.__import__

    def missing(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "databento_dbn":
            raise ModuleNotFoundError(name)
        return original(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(SettingError, match=r"pip install 'zl-assets\[dbn\]'"):
        read_bars(path, [ZL])
