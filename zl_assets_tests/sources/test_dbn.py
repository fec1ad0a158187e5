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
from zl_assets.sources.bars import read_bars, remarks, told
from zl_assets.sources.bars_1h import read_bars_1h
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
    # 17,995 and 21,639 records, of which 740 are of ZL; none is of no symbol.
    assert bars.rows == sum(bars.ignored_symbols.values()) + 740 == 39_634
    assert "(no symbol)" not in bars.ignored_symbols
    assert remarks(bars).empty
    assert told(bars) == "46 daily bars, from 2 files of 39,634 rows; ignored 38,894 rows of 60 other symbols"


@pytest.mark.parametrize("month", [0, 1])
def test_each_of_the_vendors_files_is_whole_alone(month: int) -> None:
    file = sorted(shared_data("dbn").glob("*.zst"))[month]
    for read in (read_bars, read_bars_1h):
        assert remarks(read(file, [ZL])).empty


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
    bars = read_bars(path, [ZL])
    assert bars.frame["close"].tolist() == [40.0, 51.0]
    assert bars.frame["instrument_id"].tolist() == [7, 8]
    assert (bars.rows, bars.ignored_symbols) == (4, {"(no symbol)": 2})


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


# --- what was asked for and is not there

# Tuesday to Friday; the session of each day closes at 13:20 in Chicago, 19:20 UTC.
WEEK = ("2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05")


def hours(*days: str, last: int = 19) -> list[bytes]:
    """An hour with trades at 14:00 UTC, and one at `last`, of each day."""
    return [record(f"{day} {hour:02d}:00", 40.0 + hour) for day in days for hour in (14, last)]


def asked(end: str, start: str = "2024-01-02", **more: Any) -> dict[str, Any]:
    return {"start": at(start), "end": at(end), **more}


def test_a_request_that_was_answered_in_full_is_read_without_a_remark(tmp_path: Path) -> None:
    bars = read_bars(write(tmp_path / "a.dbn", *hours(*WEEK), **asked("2024-01-08")), [ZL])
    assert len(bars.frame) == 4
    assert remarks(bars).empty


@pytest.mark.parametrize("read", [read_bars, read_bars_1h])
@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        ("2024-01-02", "2024-01-05 15:00", "ends at 2024-01-05 15:00 UTC"),
        ("2024-01-02 14:00", "2024-01-06", "begins at 2024-01-02 14:00 UTC"),
        ("2024-01-02", "2024-01-05 23:59:59.999999999", "ends at 2024-01-05 23:59 UTC"),
    ],
)
def test_a_request_that_ended_or_began_within_a_day_is_refused(
    tmp_path: Path, read: Any, start: str, end: str, said: str
) -> None:
    """The bar of that day would have the close of 15:00 and the volume until then."""
    path = write(tmp_path / "a.dbn.zst", *hours(*WEEK), **asked(end, start))
    with pytest.raises(DataFault) as caught:
        read(path, [ZL])
    assert f"a.dbn.zst: what was requested {said}, within a UTC day" in str(caught.value)
    assert "Request ZL.v.0 from midnight to midnight UTC, or add the file that has the rest" in str(caught.value)


def test_a_part_of_a_day_of_the_front_month_by_calendar_is_refused_by_its_name(tmp_path: Path) -> None:
    write(tmp_path / "a.dbn", *hours(*WEEK), mappings=[BY_CALENDAR], **asked("2024-01-05 15:00"))
    assert "Request ZL.c.0 from midnight to midnight UTC" in fault_of(tmp_path)


def test_the_rest_of_a_day_may_be_in_another_file_that_asked_for_the_symbol(tmp_path: Path) -> None:
    every = hours(*WEEK)
    write(tmp_path / "a.dbn", *every[:5], **asked("2024-01-04 15:00"))
    write(tmp_path / "b.dbn", *every[5:], **asked("2024-01-06", "2024-01-04 15:00"))
    bars = read_bars(tmp_path, [ZL])
    assert bars.frame["volume"].tolist() == [20] * 4
    assert remarks(bars).empty
    # An hour between them, and a file of the same hours of another symbol, are not the rest.
    write(tmp_path / "b.dbn", *every[5:], **asked("2024-01-06", "2024-01-04 16:00"))
    assert "a.dbn: what was requested ends at 2024-01-04 15:00 UTC" in fault_of(tmp_path)
    other = mapping("MES.v.0", ("2024-01-01", "2024-02-01", "9"))
    write(tmp_path / "b.dbn", record("2024-01-05 14:00", 40.0, instrument=9), mappings=[other], **asked("2024-01-06"))
    assert "a.dbn: what was requested ends at 2024-01-04 15:00 UTC" in fault_of(tmp_path)


def test_a_part_of_a_larger_file_ends_with_its_last_record(tmp_path: Path) -> None:
    """The vendor says so of files that it has split: the end is the start of the last record, and the next file goes on."""
    every = hours(*WEEK)
    write(tmp_path / "a.dbn", *every[:5], **asked("2024-01-04 14:00"))
    write(tmp_path / "b.dbn", *every[5:], **asked("2024-01-06", "2024-01-04 15:00"))
    assert len(read_bars(tmp_path, [ZL]).frame) == 4


@pytest.mark.parametrize("kept", range(1, 8))
@pytest.mark.parametrize("schema", ["ohlcv-1h", "ohlcv-1d"])
def test_a_file_that_was_cut_at_a_records_end_is_refused_by_session_and_told_by_hour(
    tmp_path: Path, kept: int, schema: str
) -> None:
    """Its length is right, and nothing in it says how many records there should be: the calendar does."""
    daily = [record(day, 41.0, rtype=35) for day in WEEK for _ in range(2)]
    every = hours(*WEEK) if schema == "ohlcv-1h" else daily[::2]
    if kept >= len(every):
        return
    path = write(tmp_path / "a.dbn", *every[:kept], schema=schema, **asked("2024-01-08"))
    days = (kept + 1) // 2 if schema == "ohlcv-1h" else kept
    if days < 4:
        message = fault_of(path)
        assert "a.dbn: cut off: its last record of ZL is of 2024-01-0" in message
        assert f"has {4 - days} later sessions by the calendar CBOT_Agriculture, from {WEEK[days]} to 2024-01-05" in message
    else:
        [remark] = remarks(read_bars(path, [ZL])).to_dict("records")
        assert remark["why"] == (
            "its last record of ZL is of 2024-01-05 14:00 UTC, before the session of 2024-01-05 closed at 19:20 UTC"
        )


def test_the_vendors_own_file_cut_at_a_records_end_is_refused(tmp_path: Path) -> None:
    from zl_assets.sources.dbn import RECORD, _content

    file = min(shared_data("dbn").glob("*.zst"))
    content = _content(file)
    records = (len(content) - 8 - int.from_bytes(content[4:8], "little")) // RECORD.itemsize
    (tmp_path / "june.dbn").write_bytes(content[: -RECORD.itemsize * (records // 2)])
    message = fault_of(tmp_path / "june.dbn")
    assert "june.dbn: cut off: its last record of ZL is of 2010-06-" in message
    assert message.count("to 2010-06-30") == 1
    # Two records fewer are those of other symbols: nothing of ZL is missing.
    (tmp_path / "june.dbn").write_bytes(content[: -2 * RECORD.itemsize])
    assert remarks(read_bars(tmp_path / "june.dbn", [ZL])).empty


def test_a_hole_of_one_session_before_more_is_the_vendors_and_is_told(tmp_path: Path) -> None:
    """Of 2020-02-28, the last session of its month, the vendor has no record: its own file of that month must load."""
    write(tmp_path / "a.dbn", *hours("2024-01-02"), **asked("2024-01-04"))
    assert "a.dbn: cut off" in fault_of(tmp_path)
    write(tmp_path / "b.dbn", *hours("2024-01-04", "2024-01-05"), **asked("2024-01-06", "2024-01-04"))
    [remark] = remarks(read_bars(tmp_path, [ZL])).to_dict("records")
    assert remark == {
        "file": "a.dbn",
        "why": "its last record of ZL is of 2024-01-02 19:00 UTC, and the session of 2024-01-03 was requested too",
    }
    write(tmp_path / "a.dbn", *hours("2024-01-02"), **asked("2024-01-05"))
    write(tmp_path / "b.dbn", *hours("2024-01-05"), **asked("2024-01-06", "2024-01-05"))
    assert "has 2 later sessions by the calendar CBOT_Agriculture, from 2024-01-03 to 2024-01-04" in fault_of(tmp_path)


def test_what_another_file_has_is_not_missing(tmp_path: Path) -> None:
    write(tmp_path / "a.dbn", *hours("2024-01-02"), **asked("2024-01-06"))
    write(tmp_path / "b.dbn", *hours("2024-01-03", "2024-01-04", "2024-01-05"), **asked("2024-01-06"))
    assert remarks(read_bars(tmp_path, [ZL])).empty


def test_a_request_within_another_does_not_end_where_the_other_goes_on(tmp_path: Path) -> None:
    write(tmp_path / "a.dbn", *hours(*WEEK), **asked("2024-01-06"))
    write(tmp_path / "b.dbn", *hours(*WEEK)[:5], **asked("2024-01-04 15:00", "2024-01-03 01:00"))
    assert remarks(read_bars(tmp_path, [ZL])).empty


def test_two_files_put_one_after_the_other_are_told_as_that(tmp_path: Path) -> None:
    first = write(tmp_path / "a.dbn.zst", *hours(*WEEK[:2]), **asked("2024-01-04")).read_bytes()
    second = write(tmp_path / "a.dbn.zst", *hours(*WEEK[2:]), symbols=["ZL.v.0"] * 2, **asked("2024-01-06", "2024-01-04"))
    second.write_bytes(first + second.read_bytes())
    assert "a.dbn.zst: another DBN file begins at its byte" in fault_of(second)


def test_days_on_which_the_symbol_was_no_contract_are_not_missing(tmp_path: Path) -> None:
    front = mapping("ZL.v.0", ("2024-01-02", "2024-01-04", "7"), ("2024-01-04", "2024-01-08", ""))
    bars = read_bars(write(tmp_path / "a.dbn", *hours(*WEEK[:2]), mappings=[front], **asked("2024-01-08")), [ZL])
    assert remarks(bars).empty


def test_an_early_close_is_no_missing_hour(tmp_path: Path) -> None:
    """On 2024-12-24 the session closed at 18:00 UTC, so that its last hour began at 17:00."""
    front = mapping("ZL.v.0", ("2024-12-01", "2025-01-01", "7"))
    for last, whole in ((17, True), (16, False)):
        path = write(tmp_path / "a.dbn", *hours("2024-12-24", last=last), mappings=[front], **asked("2024-12-26", "2024-12-24"))
        assert remarks(read_bars(path, [ZL])).empty == whole


def test_a_file_that_does_not_say_where_its_request_ended_is_told(tmp_path: Path) -> None:
    [remark] = remarks(read_bars(write(tmp_path / "a.dbn", *hours(*WEEK)), [ZL])).to_dict("records")
    assert "it does not say where its request ended" in remark["why"]


def test_a_limit_that_was_reached_is_refused_and_one_that_was_not_is_no_matter(tmp_path: Path) -> None:
    message = fault_of(write(tmp_path / "a.dbn", *hours(*WEEK), **asked("2024-01-08", limit=8)))
    assert "a.dbn: the request was limited to 8 records, and the file holds as many" in message
    assert len(read_bars(write(tmp_path / "a.dbn", *hours(*WEEK), **asked("2024-01-08", limit=9)), [ZL]).frame) == 4


def test_a_file_without_records_is_empty_among_others_unless_sessions_were_asked_for(tmp_path: Path) -> None:
    write(tmp_path / "a.dbn", *hours(*WEEK), **asked("2024-01-06"))
    write(tmp_path / "weekend.dbn.zst", **asked("2024-01-08", "2024-01-06"))
    bars = read_bars(tmp_path, [ZL])
    assert [file.name for file in bars.empty] == ["weekend.dbn.zst"]
    assert remarks(bars).empty
    write(tmp_path / "week.dbn.zst", **asked("2024-01-13", "2024-01-08"))
    assert "week.dbn.zst: cut off: it has no record of ZL, and what was requested has 5 later sessions" in fault_of(tmp_path)


def _frame(content: bytes) -> bytes:
    return bytes(pa.compress(content, codec="zstd", asbytes=True))


@pytest.mark.parametrize("magic", [0x184D2A50, 0x184D2A5F])
@pytest.mark.parametrize("where", ["first", "between", "last", "everywhere"])
def test_frames_that_hold_no_data_are_skipped_and_all_others_read(tmp_path: Path, magic: int, where: str) -> None:
    content = write(tmp_path / "plain.dbn", *hours(*WEEK), **asked("2024-01-08")).read_bytes()
    (tmp_path / "plain.dbn").unlink()
    skipped = struct.pack("<II", magic, 5) + b"hello"
    marks = [skipped if where in (name, "everywhere") else b"" for name in ("first", "between", "last")]
    whole = marks[0] + _frame(content[:200]) + marks[1] + _frame(content[200:]) + marks[2]
    path = tmp_path / "a.dbn.zst"
    path.write_bytes(whole)
    bars = read_bars(path, [ZL])
    assert (len(bars.frame), bars.rows) == (4, 8)
    # A frame that was cut, wherever it is.
    path.write_bytes(whole[:-1])
    assert "a.dbn.zst: its Zstandard compression is damaged" in fault_of(path)


def test_a_second_frame_that_is_gone_leaves_a_file_that_is_too_short(tmp_path: Path) -> None:
    """Cut between two frames, which no decompressor can tell, and between two records."""
    content = write(tmp_path / "plain.dbn", *hours(*WEEK), **asked("2024-01-08")).read_bytes()
    (tmp_path / "a.dbn.zst").write_bytes(_frame(content[:-56]))
    assert len(remarks(read_bars(tmp_path / "a.dbn.zst", [ZL]))) == 1
    (tmp_path / "a.dbn.zst").write_bytes(_frame(content[: -56 * 3]))
    assert "a.dbn.zst: cut off" in fault_of(tmp_path / "a.dbn.zst")
