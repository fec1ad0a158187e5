"""Vendors' files as they come: each layout with values worked out by hand, and what is refused by the vendor's name."""

import datetime as dt
import gzip
import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zl_assets.sources.bars import Bars, facts, read_bars
from zl_assets.sources.bars_1h import read_bars_1h
from zl_assets.warehouse.errors import DataFault
from zl_assets_tests.support.contracts import MES, ZL

# How a number is written is not whether it is one of soybean oil's.
ANY_SIZE = replace(ZL, plausibility=replace(ZL.plausibility, price=(0.0, 1e12), volume=10**12))

# What the two bars of the texts below are.
DATES = [pd.Timestamp("2024-01-02"), pd.Timestamp("2024-01-16")]
VALUES = [[47.51, 48.2, 47.3, 48.05, 51234], [48.05, 48.4, 47.9, 48.11, 49000]]


def write(folder: Path, name: str, *lines: str) -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def fault_of(path: Path) -> str:
    with pytest.raises(DataFault) as caught:
        read_bars(path, [ZL])
    return str(caught.value)


def assert_the_two_bars(bars: Bars) -> None:
    assert bars.frame["date"].tolist() == DATES
    assert bars.frame["symbol"].tolist() == ["ZL", "ZL"]
    assert bars.frame[["open", "high", "low", "close", "volume"]].to_numpy().tolist() == VALUES


# --- Databento

DATABENTO = "ts_event,rtype,publisher_id,instrument_id,open,high,low,close,volume,symbol"
# Midnight of 2024-01-02 and 2024-01-16 UTC, by `date -u -d 2024-01-02 +%s`.
NANOSECONDS = ["1704153600000000000", "1705363200000000000"]


def databento(times: list[str], prices: list[str], symbol: str = "ZL.v.0", rtype: str = "35") -> list[str]:
    volumes = dict(zip(times, (51234, 49000), strict=False))
    return [DATABENTO, *(f"{t},{rtype},1,4711,{p},{volumes[t]},{symbol}" for t, p in zip(times, prices, strict=True))]


DECIMALS = ["47.510000000,48.200000000,47.300000000,48.050000000", "48.050000000,48.400000000,47.900000000,48.110000000"]
FIXED = ["47510000000,48200000000,47300000000,48050000000", "48050000000,48400000000,47900000000,48110000000"]


@pytest.mark.parametrize(
    "times",
    [
        NANOSECONDS,
        ["2024-01-02T00:00:00.000000000Z", "2024-01-16T00:00:00.000000000Z"],
        ["2024-01-02 00:00:00+00:00", "2024-01-16 00:00:00+00:00"],
        ["2024-01-02", "2024-01-16"],
    ],
)
@pytest.mark.parametrize("prices", [DECIMALS, FIXED])
def test_databentos_own_csv_is_read(tmp_path: Path, times: list[str], prices: list[str]) -> None:
    bars = read_bars(write(tmp_path, "glbx.csv", *databento(times, prices)), [ZL])
    assert_the_two_bars(bars)
    assert bars.frame["instrument_id"].tolist() == [4711, 4711]
    assert bars.notes[0] == "glbx.csv: read as Databento's layout: ts_event is date"
    assert any("1e-9 fixed point" in note for note in bars.notes) == (prices is FIXED)


@pytest.mark.parametrize("index", [True, False])
@pytest.mark.parametrize("fixed", [True, False])
@pytest.mark.parametrize("moments", [True, False])
def test_databentos_own_parquet_is_read(tmp_path: Path, index: bool, fixed: bool, moments: bool) -> None:
    nanoseconds = [int(n) for n in NANOSECONDS]
    prices = {
        name: [round(row[i] * 100) * 10**7 if fixed else row[i] for row in VALUES]
        for i, name in enumerate(("open", "high", "low", "close"))
    }
    frame = pd.DataFrame(
        {
            "ts_event": pd.to_datetime(nanoseconds, utc=True) if moments else nanoseconds,
            "rtype": pd.Series([35, 35], dtype="uint8"),
            "publisher_id": pd.Series([1, 1], dtype="uint16"),
            "instrument_id": pd.Series([4711, 4711], dtype="uint32"),
            **prices,
            "volume": pd.Series([51234, 49000], dtype="uint64"),
            "symbol": ["ZL.v.0", "ZL.v.0"],
        }
    )
    (frame.set_index("ts_event") if index else frame).to_parquet(tmp_path / "glbx.parquet")
    assert_the_two_bars(read_bars(tmp_path / "glbx.parquet", [ZL]))


def test_a_record_without_a_price_is_not_a_price_of_nine_billion(tmp_path: Path) -> None:
    undefined = FIXED[1].replace("47900000000", "9223372036854775807")
    message = fault_of(write(tmp_path, "glbx.csv", *databento(NANOSECONDS, [FIXED[0], undefined])))
    assert "no_null_prices failed: 1 of 2 rows" in message
    assert "row=3" in message


def test_other_continuous_symbols_are_counted_by_their_names(tmp_path: Path) -> None:
    lines = (
        databento(NANOSECONDS, DECIMALS)
        + databento(NANOSECONDS, DECIMALS, "MES.v.0")[1:]
        + databento(NANOSECONDS, DECIMALS, "ZL.v.1")[1:]
    )
    assert read_bars(write(tmp_path, "glbx.csv", *lines), [ZL]).ignored_symbols == {"MES": 2, "ZL.v.1": 2}


def test_the_front_month_by_calendar_is_loaded_and_told(tmp_path: Path) -> None:
    bars = read_bars(write(tmp_path, "glbx.csv", *databento(NANOSECONDS, DECIMALS, "ZL.c.0")), [ZL])
    assert_the_two_bars(bars)
    assert "glbx.csv: ZL.c.0 was loaded as ZL; it is the front month by calendar, not by volume" in bars.notes


@pytest.mark.parametrize("other", ["ZL.v.0", "ZL"])
@pytest.mark.parametrize("together", [True, False])
def test_two_roll_rules_are_not_mixed(tmp_path: Path, other: str, together: bool) -> None:
    calendar, volume = databento(NANOSECONDS[:1], DECIMALS[:1], "ZL.c.0"), databento(NANOSECONDS[1:], DECIMALS[1:], other)
    if together:
        write(tmp_path, "a.csv", *calendar, volume[1])
    else:
        write(tmp_path, "a.csv", *calendar)
        write(tmp_path, "b.csv", *volume)
    message = fault_of(tmp_path)
    assert "holds ZL.c.0, the front month by calendar" in message
    assert ("a.csv holds ZL or" if together else "b.csv holds ZL or") in message


def test_two_names_of_one_series_do_not_hide_two_bars_of_a_day(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", *databento(NANOSECONDS, DECIMALS))
    write(tmp_path, "b.csv", *databento(NANOSECONDS, DECIMALS[::-1], "ZL"))
    assert "no_conflicting_bars failed: 4 of 4 rows" in fault_of(tmp_path)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (databento(NANOSECONDS, DECIMALS, rtype="34"), "holds Databento's ohlcv-1h (rtype 34), expected ohlcv-1d (rtype 35)"),
        (databento(["1704157200000000000", NANOSECONDS[1]], DECIMALS), "1 of 2 values of ts_event are not at midnight UTC"),
        (databento(["2024-01-02T01:00:00Z", "2024-01-16T00:00:00Z"], DECIMALS), "row 2: '2024-01-02T01:00:00Z'"),
    ],
)
def test_hours_among_daily_bars_are_refused_with_where_they_go(tmp_path: Path, lines: list[str], said: str) -> None:
    message = fault_of(write(tmp_path, "glbx.csv", *lines))
    assert said in message
    assert "hourly bars go into ZL_BARS_1H" in message


@pytest.mark.parametrize("time", ["1704153600", "1704153600000", "yesterday"])
def test_a_time_in_another_unit_is_not_taken_for_nanoseconds(tmp_path: Path, time: str) -> None:
    message = fault_of(write(tmp_path, "glbx.csv", *databento([time, NANOSECONDS[1]], DECIMALS)))
    assert f"row 2: '{time}'" in message


def test_hours_of_databentos_csv_are_read_where_they_belong(tmp_path: Path) -> None:
    hours = ["1704157200000000000", "2024-01-02T02:00:00.000000000Z"]
    bars = read_bars_1h(write(tmp_path, "glbx.csv", *databento(hours, FIXED, rtype="34")), [ZL])
    assert [str(time) for time in bars.frame["ts_event"]] == ["2024-01-02 01:00:00+00:00", "2024-01-02 02:00:00+00:00"]
    assert bars.frame[["open", "high", "low", "close", "volume"]].to_numpy().tolist() == VALUES


def test_days_among_hours_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataFault, match=r"expected ohlcv-1h .* daily bars go into ZL_BARS"):
        read_bars_1h(write(tmp_path, "glbx.csv", *databento(NANOSECONDS, DECIMALS)), [ZL])


def test_databentos_csv_without_symbols_says_how_to_get_them(tmp_path: Path) -> None:
    lines = [line.rpartition(",")[0] for line in databento(NANOSECONDS, DECIMALS)]
    message = fault_of(write(tmp_path, "glbx.csv", *lines))
    assert "no column date, symbol" in message
    assert "It looks like a file of Databento" in message
    assert "map_symbols=True" in message


# --- the other vendors

BARCHART = [
    'Time,Open,High,Low,Last,Change,%Chg,Volume,"Open Int"',
    '01/16/2024,48.05,48.40,47.90,48.11,0.06,"+0.12%",49000,210000',
    '01/02/2024,47.51,48.20,47.30,48.05,0.54,"+1.14%",51234,200000',
    '"Downloaded from Barchart.com as of 01-17-2024 09:16am CST"',
]
YAHOO = [
    "Date,Open,High,Low,Close,Adj Close,Volume",
    "2024-01-02,47.509998,48.200001,47.299999,48.049999,40.000000,51234",
    "2024-01-15,null,null,null,null,null,null",
    "2024-01-16,48.049999,48.400002,47.900002,48.110001,40.000000,49000",
]
STOOQ = ["Date,Open,High,Low,Close,Volume", "2024-01-02,47.51,48.2,47.3,48.05,51234", "2024-01-16,48.05,48.4,47.9,48.11,49000"]
STOOQ_ASCII = [
    "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>",
    "ZL.F,D,20240102,000000,47.51,48.2,47.3,48.05,51234,0",
    "ZL.F,D,20240116,000000,48.05,48.4,47.9,48.11,49000,0",
]
TRADINGVIEW = [
    "time,open,high,low,close,Volume,Volume MA",
    "1704153600,47.51,48.2,47.3,48.05,51234,50000",
    "1705363200,48.05,48.4,47.9,48.11,49000,50000",
]
INVESTING = [
    '"Date","Price","Open","High","Low","Vol.","Change %"',
    '"01/16/2024","48.11","48.05","48.40","47.90","49.00K","0.12%"',
    '"01/02/2024","48.05","47.51","48.20","47.30","51.234K","1.14%"',
]
YFINANCE = [
    "Date,Open,High,Low,Close,Volume,Dividends,Stock Splits",
    "2024-01-02 00:00:00-05:00,47.5099983215332,48.20000076293945,47.29999923706055,48.04999923706055,51234,0.0,0.0",
    "2024-01-16 00:00:00-05:00,48.04999923706055,48.400001525878906,47.900001525878906,48.11000061035156,49000,0.0,0.0",
]


@pytest.mark.parametrize(
    ("name", "lines", "note"),
    [
        ("ZL.csv", BARCHART, "read as Barchart's layout: Time is date, Last is close"),
        ("ZL.csv", [BARCHART[0].replace("Last", "Latest"), *BARCHART[1:]], "Latest is close"),
        ("ZL=F.csv", YAHOO, "Adj Close is not read"),
        ("ZL=F.csv", YAHOO, "days on which the vendor has no bar: row 3"),
        ("ZL=F.csv", YAHOO, "prices were float32 and were rounded to the tick 0.01"),
        ("zl_f_d.csv", STOOQ, "read as Stooq or yfinance's layout"),
        ("zl.f.csv", STOOQ, "there is no column symbol; the file's name says ZL"),
        ("futures.csv", STOOQ_ASCII, "read as Stooq's layout: <DATE> is date, <TICKER> is symbol"),
        ("CBOT_DL_ZL1!, 1D.csv", TRADINGVIEW, "read as TradingView's layout: time is date"),
        (
            "US Soybean Oil Futures Historical Data.csv",
            INVESTING,
            "read as Investing.com's layout: Price is close, Vol. is volume",
        ),
        ("US Soybean Oil Futures Historical Data (1).csv", INVESTING, "dates have the month first"),
        ("ZL.csv", YFINANCE, "prices were float32 and were rounded to the tick 0.01"),
    ],
)
def test_a_vendors_file_is_read_as_it_comes(tmp_path: Path, name: str, lines: list[str], note: str) -> None:
    bars = read_bars(write(tmp_path, name, *lines), [ZL])
    assert_the_two_bars(bars)
    assert note in "; ".join(bars.notes)


@pytest.mark.parametrize("zone", [None, "UTC", "America/New_York"])
def test_a_frame_of_yfinance_saved_as_parquet_is_read(tmp_path: Path, zone: str | None) -> None:
    columns = {name: [row[i] for row in VALUES] for i, name in enumerate(("Open", "High", "Low", "Close", "Volume"))}
    dates = pd.DatetimeIndex(DATES, tz=zone, name="Date")
    pd.DataFrame(columns, index=dates).to_parquet(tmp_path / "ZL=F.parquet")
    assert_the_two_bars(read_bars(tmp_path / "ZL=F.parquet", [ZL]))


def test_a_vendors_midnights_are_dates_beside_other_symbols(tmp_path: Path) -> None:
    columns = {name: [*(row[i] for row in VALUES), 1] for i, name in enumerate(("Open", "High", "Low", "Close", "Volume"))}
    dates = pd.DatetimeIndex([*DATES, DATES[0]], tz="America/New_York", name="Date")
    pd.DataFrame({"Symbol": ["ZL=F", "ZL=F", "ES=F"], **columns}, index=dates).to_parquet(tmp_path / "all.parquet")
    bars = read_bars(tmp_path / "all.parquet", [ZL])
    assert_the_two_bars(bars)
    assert bars.ignored_symbols == {"ES=F": 1}


def test_a_column_of_symbols_says_whose_bars_these_are(tmp_path: Path) -> None:
    lines = [f"{symbol},{line}" for symbol, line in zip(("Symbol", "ZL*0", "ZL*0"), BARCHART[:3], strict=True)]
    assert_the_two_bars(read_bars(write(tmp_path, "nearby.csv", *lines, BARCHART[3]), [ZL]))
    contract = [line.replace("ZL*0", "ZLH24") for line in lines]
    assert "Symbols found: ZLH24 (2 rows)" in fault_of(write(tmp_path, "nearby.csv", *contract))


@pytest.mark.parametrize(
    "name", ["data.csv", "ZLH24.csv", "zlh24_price-history.csv", "ZL2!.csv", "MZL.csv", "ZM=F.csv", "zl_h24.csv"]
)
def test_a_file_that_nothing_names_is_refused_with_the_way(tmp_path: Path, name: str) -> None:
    message = fault_of(write(tmp_path, name, *STOOQ))
    assert "no column symbol" in message
    assert "It looks like a file of Stooq or yfinance. The file's name does not say whose bars these are" in message
    assert "name the file ZL.csv if it holds the front month of soybean oil, and no single contract" in message


def test_of_several_instruments_the_files_name_says_whose_a_file_without_symbols_is(tmp_path: Path) -> None:
    write(tmp_path, "ZL.csv", *STOOQ)
    write(tmp_path, "mes.csv", *STOOQ)
    for one, other in ((ZL, MES), (MES, ZL)):
        bars = read_bars(tmp_path, [one], [other])
        assert list(bars.frame["symbol"]) == [one.symbol] * (len(STOOQ) - 1)
        assert bars.ignored_symbols == {}
        assert [f"{one.symbol}.csv".casefold() in note.casefold() for note in bars.notes] == [True] * len(bars.notes)
    for name, words in (("MES_ZL.csv", "The file's name says MES, ZL"), ("data.csv", "or after another of MES, ZL if it holds")):
        with pytest.raises(DataFault, match=words):
            read_bars(write(tmp_path, name, *STOOQ), [ZL], [MES])
        (tmp_path / name).unlink()


def test_a_missing_volume_of_a_vendor_is_refused_by_its_row(tmp_path: Path) -> None:
    for missing in ("-", ""):
        message = fault_of(write(tmp_path, "ZL.csv", *[line.replace("49.00K", missing) for line in INVESTING]))
        assert "volume_sound failed: 1 of 2 rows" in message
        assert "row=2" in message


@pytest.mark.parametrize(
    ("text", "volume"), [("1.2M", 1_200_000), ("0.05B", 50_000_000), ("12.34K", 12_340), ("1,234.5K", 1_234_500)]
)
def test_volumes_in_thousands_and_millions_are_whole_numbers(tmp_path: Path, text: str, volume: int) -> None:
    bars = read_bars(write(tmp_path, "ZL.csv", *[line.replace("49.00K", text) for line in INVESTING]), [ANY_SIZE])
    assert bars.frame["volume"].tolist() == [51234, volume]


def test_a_row_of_yahoos_that_lacks_only_some_values_is_refused(tmp_path: Path) -> None:
    half = [line.replace("null,null,null,null,null,null", "48.0,48.0,48.0,null,null,100") for line in YAHOO]
    assert "no_null_prices failed: 1 of 3 rows" in fault_of(write(tmp_path, "ZL.csv", *half))


def test_stooqs_hourly_file_is_refused(tmp_path: Path) -> None:
    assert "<PER> must be D" in fault_of(write(tmp_path, "ZL.csv", *[line.replace(",D,", ",60,") for line in STOOQ_ASCII]))


@pytest.mark.parametrize(
    "times",
    [
        # 19:00 in Chicago of the evening before: 01:00 UTC in winter, 00:00 UTC in summer time.
        ("1704157200", "1719878400"),
        ("2024-01-02T01:00:00Z", "2024-07-02T00:00:00Z"),
        ("2024-01-01T19:00:00-06:00", "2024-07-01T19:00:00-05:00"),
        ("2024-01-02", "2024-07-02"),
    ],
)
def test_tradingviews_bar_is_of_the_day_that_its_evening_belongs_to(tmp_path: Path, times: tuple[str, str]) -> None:
    lines = [TRADINGVIEW[0], *(f"{t},{line.partition(',')[2]}" for t, line in zip(times, TRADINGVIEW[1:], strict=True))]
    frame = read_bars(write(tmp_path, "ZL.csv", *lines), [ZL]).frame
    assert [f"{date:%Y-%m-%d}" for date in frame["date"]] == ["2024-01-02", "2024-07-02"]


@pytest.mark.parametrize("time", ["1704214800", "2024-01-02T17:00:00Z", "1704153600000", "Jan 2"])
def test_hours_of_tradingview_and_other_times_are_refused_by_row(tmp_path: Path, time: str) -> None:
    message = fault_of(write(tmp_path, "ZL.csv", *[line.replace("1704153600", time) for line in TRADINGVIEW]))
    assert f"row 2: '{time}'" in message


@pytest.mark.parametrize(
    ("lines", "vendor", "way"),
    [
        ([line.replace('"Vol."', '"Umsatz"') for line in INVESTING], "Investing.com", "Download the daily history in English"),
        (
            [line.rpartition(",Volume MA")[0] or line for line in [TRADINGVIEW[0].replace("Volume,", "")]],
            "TradingView",
            "Show the indicator Volume",
        ),
        (
            [BARCHART[0].replace("Open,", "Opening,"), *BARCHART[1:]],
            "Barchart",
            "Download the daily history with the columns Time",
        ),
        (
            ["Price,Close,High,Low,Open,Volume", "Ticker,ZL=F,ZL=F,ZL=F,ZL=F,ZL=F", "Date,,,,,"],
            "Yahoo",
            "multi_level_index=False",
        ),
        ([STOOQ_ASCII[0].replace("<VOL>", "<X>"), *STOOQ_ASCII[1:]], "Stooq", "Download daily bars"),
    ],
)
def test_a_vendors_file_that_lacks_a_column_is_refused_by_its_name(
    tmp_path: Path, lines: list[str], vendor: str, way: str
) -> None:
    message = fault_of(write(tmp_path, "ZL.csv", *lines))
    assert "no column" in message
    assert f"It looks like a file of {vendor}." in message
    assert way in message


def test_two_columns_that_may_be_the_close_are_refused(tmp_path: Path) -> None:
    lines = ["Date,Open,High,Low,Last,Latest,Volume", "2024-01-02,47.51,48.2,47.3,48.05,48.1,51234"]
    assert "no column date, symbol, open, high, low, close" in fault_of(write(tmp_path, "ZL.csv", *lines))


def test_a_file_with_two_closing_prices_is_refused(tmp_path: Path) -> None:
    lines = [
        "Date,Open,High,Low,Last,Change,Settle,Volume,Previous Day Open Interest",
        "2024-01-02,47.51,48.2,47.3,48.05,0,48.1,51234,1",
    ]
    message = fault_of(write(tmp_path, "ZL.csv", *lines))
    assert "a file of Nasdaq Data Link. It has a last price and a settlement: name the one close" in message


@pytest.mark.parametrize("header", ["date,symbol,open,high,low,volume", "day,value"])
def test_a_file_that_nothing_tells_is_not_given_to_a_vendor(tmp_path: Path, header: str) -> None:
    message = fault_of(write(tmp_path, "ZL.csv", header, "1" + ",1" * header.count(",")))
    assert message.endswith("Rename or add the columns.")


def test_vendors_days_are_no_hours(tmp_path: Path) -> None:
    with pytest.raises(
        DataFault, match=r"no column ts_event, symbol.*a file of TradingView, whose layout is read for daily bars"
    ):
        read_bars_1h(write(tmp_path, "ZL.csv", *TRADINGVIEW), [ZL])


def test_a_column_that_a_vendor_writes_twice_is_refused(tmp_path: Path) -> None:
    lines = [STOOQ[0] + ",close", *(line + ",1" for line in STOOQ[1:])]
    assert "column Close appears more than once" in fault_of(write(tmp_path, "ZL.csv", *lines))


# --- dates


def investing(*dates: str) -> list[str]:
    return [INVESTING[0], *(f'"{date}","48.11","48.05","48.40","47.90","{n + 1}K","0"' for n, date in enumerate(dates))]


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        (("01/02/2024", "01/16/2024"), ["2024-01-02", "2024-01-16"]),
        (("02/01/2024", "16/01/2024"), ["2024-01-02", "2024-01-16"]),
        (("2-1-2024", "16-1-2024"), ["2024-01-02", "2024-01-16"]),
        (("01.02.2024", "02.02.2024"), ["2024-02-01", "2024-02-02"]),
        (("05/05/2023", "06/06/2023"), ["2023-05-05", "2023-06-06"]),
        (("Jan 02, 2024", "Feb 01, 2024"), ["2024-01-02", "2024-02-01"]),
        (("20240102", "20240201"), ["2024-01-02", "2024-02-01"]),
        (("2024/01/02", "2024/02/01"), ["2024-01-02", "2024-02-01"]),
    ],
)
def test_one_date_decides_the_order_of_day_and_month_for_its_file(
    tmp_path: Path, dates: tuple[str, ...], expected: list[str]
) -> None:
    frame = read_bars(write(tmp_path, "ZL.csv", *investing(*dates)), [ZL]).frame
    assert [f"{date:%Y-%m-%d}" for date in frame["date"]] == expected


def test_dates_that_can_be_read_in_two_ways_are_refused(tmp_path: Path) -> None:
    message = fault_of(write(tmp_path, "ZL.csv", *investing("01/02/2024", "02/03/2024")))
    assert "dates that may begin with the day or with the month: row 2: '01/02/2024'" in message
    assert "YYYY-MM-DD" in message


@pytest.mark.parametrize("odd", ["Jan 16, 2024", "01/02/24", "01/16-2024"])
def test_dates_in_two_forms_are_refused_by_row(tmp_path: Path, odd: str) -> None:
    assert f"row 2: '01/17/2024'; row 3: '{odd}'" in fault_of(write(tmp_path, "ZL.csv", *investing("01/17/2024", odd)))


def test_dates_in_two_orders_are_refused_with_one_of_each(tmp_path: Path) -> None:
    message = fault_of(write(tmp_path, "ZL.csv", *investing("01/05/2024", "01/17/2024", "16/01/2024")))
    assert "begin with the day (row 4: '16/01/2024') beside dates that begin with the month (row 3: '01/17/2024')" in message


def test_a_day_that_no_month_has_is_refused(tmp_path: Path) -> None:
    assert "row 2: '2024-02-30'" in fault_of(write(tmp_path, "ZL.csv", *investing("02/30/2024")))


# --- how a CSV file is written

PLAIN = [
    "date;symbol;open;high;low;close;volume",
    "2024-01-02;ZL;47,51;48,2;47,3;48,05;51.234",
    "2024-01-16;ZL;48,05;48,4;47,9;48,11;49.000",
]


@pytest.mark.parametrize(
    "lines",
    [
        PLAIN,
        ["sep=;", *PLAIN],
        ['"sep=;"', *PLAIN],
        ["\ufeffsep=;", *PLAIN],
        ["\ufeff" + PLAIN[0], *PLAIN[1:]],
        ["sep=;", *PLAIN, "Downloaded from Barchart.com as of 01-17-2024 09:16am CST"],
        [line.replace(";", "\t") for line in PLAIN],
        [line.replace(",", ".").replace("51.234", "51234").replace("49.000", "49000") for line in PLAIN],
        [
            line.replace(";", ",")
            for line in (line.replace(",", ".").replace("51.234", '"51,234"').replace("49.000", '"49,000"') for line in PLAIN)
        ],
        [line.replace(";", "|") for line in PLAIN],
        [line.replace("51.234", "51 234").replace("49.000", "49\u202f000") for line in PLAIN],
        [line.replace("2024-01-02", "02.01.2024").replace("2024-01-16", "16.01.2024") for line in PLAIN],
    ],
)
def test_other_separators_and_decimal_commas_are_read(tmp_path: Path, lines: list[str]) -> None:
    assert_the_two_bars(read_bars(write(tmp_path, "bars.csv", *lines), [ZL]))


def test_decimal_commas_are_told(tmp_path: Path) -> None:
    bars = read_bars(write(tmp_path, "bars.csv", *PLAIN), [ZL])
    assert bars.notes == ("bars.csv: prices have decimal commas",)
    assert facts(bars)["notes"] == bars.notes[0]
    assert str(facts(bars)["read"]).endswith(bars.notes[0])


def test_a_row_below_a_sep_line_is_named_by_its_line_in_the_file(tmp_path: Path) -> None:
    message = fault_of(write(tmp_path, "bars.csv", "sep=;", *PLAIN[:2], PLAIN[2].replace("47,9", "x")))
    assert "row 4: 'x'" in message


@pytest.mark.parametrize(
    ("price", "volume", "said"),
    [
        ("1,234", "1", "the comma in prices may part thousands or decimals: row 2: open '1,234'"),
        ("1,234.5", "1", None),
        ("1.234,5", "1.234", None),
        ("1,234,567.25", "1,234,567", None),
        ("1234'4", "1", 'prices in fractions, such as row 2: open "1234\'4"'),
        ("1234-4", "1", "prices in fractions"),
    ],
)
def test_a_mark_is_read_in_one_way_or_refused(tmp_path: Path, price: str, volume: str, said: str | None) -> None:
    path = write(tmp_path, "bars.csv", PLAIN[0], f"2024-01-02;ZL;{price};{price};{price};{price};{volume}")
    if said is not None:
        assert said in fault_of(path)
    else:
        expected = {"1,234.5": (1234.5, 1), "1.234,5": (1234.5, 1234), "1,234,567.25": (1234567.25, 1234567)}[price]
        bars = read_bars(path, [ANY_SIZE]).frame
        assert (bars["open"][0], bars["volume"][0]) == expected


@pytest.mark.parametrize(("volume", "found"), [("1,051,234", 1_051_234), ("51,234", None)])
def test_a_comma_in_a_volume_needs_a_second_one_where_no_price_has_a_mark(tmp_path: Path, volume: str, found: int | None) -> None:
    path = write(tmp_path, "bars.csv", PLAIN[0], f"2024-01-02;ZL;47;48;47;48;{volume}")
    if found is None:
        assert f"row 2: '{volume}'" in fault_of(path)
    else:
        assert read_bars(path, [ZL]).frame["volume"].tolist() == [found]


def test_rows_of_other_symbols_decide_nothing(tmp_path: Path) -> None:
    other = ["what;MES;4.700,1;what;1,234;4.800;ever", "01/02/2024;MES;1'4;1'4;1'4;1'4;-"]
    for row, lines in ((4, (*PLAIN[:1], *other, *PLAIN[1:])), (2, (*PLAIN, *other))):
        bars = read_bars(write(tmp_path, "bars.csv", *lines), [ZL])
        assert_the_two_bars(bars)
        assert bars.ignored_symbols == {"MES": 2}
        broken = [line.replace("47,3", "x") for line in lines]
        assert f"row {row}: 'x'" in fault_of(write(tmp_path, "bars.csv", *broken))


def test_two_decimal_marks_in_one_file_are_refused_by_row(tmp_path: Path) -> None:
    message = fault_of(write(tmp_path, "bars.csv", *PLAIN[:2], PLAIN[2].replace("48,4", "48.4")))
    assert "every value of column open must be a number, but found row 2: '47,51'" in message


def xlsx() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "said", "way"),
    [
        (
            b"<!DOCTYPE html><html><body>Log in</body></html>",
            "this is a web page (HTML or XML)",
            "open the download in a browser",
        ),
        (b"\xef\xbb\xbf\n  <html>", "this is a web page (HTML or XML)", "open the download in a browser"),
        (json.dumps([{"date": "2024-01-02"}]).encode(), "this is JSON", "Ask the vendor for CSV"),
        (json.dumps({"chart": {"result": []}}).encode(), "this is JSON", "Ask the vendor for CSV"),
        (gzip.compress("\n".join(STOOQ).encode()), "this is gzip-compressed", "gunzip"),
        (xlsx(), "this is an Excel workbook (.xlsx) or another zip archive", "save it as CSV in UTF-8"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "this is an old Excel workbook (.xls)", "save it as CSV in UTF-8"),
        (b"PAR1", "this is Parquet", "Name it .parquet"),
        (b"DBN\x03", "this is Databento's DBN", "Name it .dbn"),
    ],
)
def test_what_is_no_csv_is_refused_as_what_it_is(tmp_path: Path, content: bytes, said: str, way: str) -> None:
    path = tmp_path / "ZL.csv"
    path.write_bytes(content)
    message = fault_of(path)
    assert f"{said}, not CSV, in spite of its name" in message
    assert way in message


def test_plain_files_are_read_as_before_and_nothing_is_said_of_them(tmp_path: Path) -> None:
    lines = [",".join(line.split(";")) for line in ("date;symbol;open;high;low;close;volume", "2024-01-02;ZL;33;34;32;33;41000")]
    bars = read_bars(write(tmp_path, "bars.csv", *lines), [ZL])
    assert (bars.frame["close"].tolist(), bars.notes) == ([33.0], ())


def test_a_vendors_file_with_a_header_alone_is_no_fault_in_a_folder(tmp_path: Path) -> None:
    write(tmp_path, "ZL 2023.csv", STOOQ[0])
    write(tmp_path, "ZL 2024.csv", *STOOQ)
    assert_the_two_bars(read_bars(tmp_path, [ZL]))


def test_a_sentence_about_many_files_stands_once(tmp_path: Path) -> None:
    for year in range(2020, 2026):
        write(tmp_path, f"ZL {year}.csv", STOOQ[0], STOOQ[1].replace("2024", str(year)))
    notes = read_bars(tmp_path, [ZL]).notes
    assert notes[0] == "ZL 2020.csv, ZL 2021.csv, ZL 2022.csv and 3 more: read as Stooq or yfinance's layout"
    assert len(notes) == 2


def test_a_day_of_a_typed_date_column_is_read_in_a_vendors_layout(tmp_path: Path) -> None:
    columns: dict[str, Any] = {"Open": [47.0], "High": [47.0], "Low": [47.0], "Close": [47.0], "Volume": [5]}
    pq.write_table(pa.table({"Date": [dt.date(2024, 1, 2)], **columns}), tmp_path / "ZL.parquet")
    assert read_bars(tmp_path / "ZL.parquet", [ZL]).frame["date"].tolist() == DATES[:1]
