"""Files as their vendors write them. Prices are those of the sample, so that every value has a right one."""

import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from zl_assets_tests.studies.wrong_data import feeds
from zl_assets_tests.studies.wrong_data.case import LOADED, LOADED_OR_REFUSED, REFUSED, Case, Kind, Make, Outcome, State
from zl_assets_tests.studies.wrong_data.cases.making import csv_text
from zl_assets_tests.studies.wrong_data.feeds import PRICES, right_bars, weekday_bars


def _lines(rows: pd.DataFrame, **options: Any) -> str:
    return str(rows.to_csv(index=False, **options))


# Databento's own.


def databento(bars: pd.DataFrame, *, stamp: str, pretty: bool, symbol: str = "ZL.v.0") -> pd.DataFrame:
    """A frame as Databento's CSV has it.

    Args:
        stamp: `ns`, whole nanoseconds; `iso`; or `pretty`, as the vendor's own prettified times.
        pretty: prices in decimals; otherwise whole 1e-9.
    """
    moments = {
        "ns": bars["date"].astype("int64").astype(str),
        "iso": bars["date"].dt.strftime("%Y-%m-%dT00:00:00+00:00"),
        "pretty": bars["date"].dt.strftime("%Y-%m-%dT00:00:00.000000000Z"),
    }
    prices = {name: bars[name].map("{:.9f}".format) if pretty else np.rint(bars[name] * 1e9).astype("int64") for name in PRICES}
    head = {"ts_event": moments[stamp], "rtype": 35, "publisher_id": 1, "instrument_id": bars["instrument_id"]}
    return pd.DataFrame(head | prices | {"volume": bars["volume"], "symbol": symbol})


def _databento(**options: Any) -> Make:
    return csv_text(lambda: _lines(databento(right_bars(), **options)))


def _databento_mixture(which: Callable[[pd.DataFrame], pd.DataFrame]) -> Make:
    return csv_text(lambda: _lines(which(databento(right_bars(), stamp="ns", pretty=False))))


def _close_in_decimals(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(close=right_bars()["close"])


def _half_in_decimals(rows: pd.DataFrame) -> pd.DataFrame:
    decimals = databento(right_bars(), stamp="ns", pretty=True)
    return pd.concat([rows.head(2000), decimals.tail(-2000)])


def _undefined_price(rows: pd.DataFrame) -> pd.DataFrame:
    rows.loc[1234, "close"] = np.iinfo(np.int64).max
    return rows


def _databento_parquet(fixed: bool, index: bool) -> Make:
    def make(folder: Path) -> dict[str, Any]:
        rows = databento(right_bars(), stamp="iso", pretty=False)
        rows = rows.assign(ts_event=right_bars()["date"].dt.tz_localize("UTC"))
        rows = rows if fixed else rows.assign(**right_bars()[PRICES])
        rows = rows.set_index("ts_event") if index else rows
        rows.to_parquet(folder / "bars.parquet", index=index)
        return {"bars": folder / "bars.parquet"}

    return make


def _whole_cents() -> pd.DataFrame:
    return right_bars().assign(**right_bars()[PRICES].round(0).astype("int64"))


# Spreadsheets.


def _european(prefix: str = "", separator: str = ";", decimal: str = ",") -> Make:
    return csv_text(lambda: prefix + feeds.csv_text(right_bars(), sep=separator, decimal=decimal))


def _with_thousands() -> pd.DataFrame:
    return right_bars().assign(volume=right_bars()["volume"].map("{:,}".format))


def _html_table() -> str:
    return f"<html><body>{right_bars().to_html(index=False)}</body></html>"


def _zip() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("xl/worksheets/sheet1.xml", "<worksheet/>")
    return packed.getvalue()


# Vendors of charts.


def barchart() -> str:
    """Newest first, dates as 11/14/2025, a last line that says where it is from."""
    bars = weekday_bars().iloc[::-1]
    change = bars["close"] - bars["close"].shift(-1).fillna(bars["close"])
    rows = pd.DataFrame(
        {
            "Time": bars["date"].dt.strftime("%m/%d/%Y"),
            "Open": bars["open"],
            "High": bars["high"],
            "Low": bars["low"],
            "Last": bars["close"],
            "Change": change.round(2),
            "%Chg": (100 * change / bars["close"]).map("{:+.2f}%".format),
            "Volume": bars["volume"],
        }
    )
    return _lines(rows) + '"Downloaded from Barchart.com as of 11-15-2025 08:31am CST"\n'


def yahoo() -> str:
    """`Adj Close` after `Close`."""
    bars = weekday_bars()
    rows = bars[["date", *PRICES]].assign(adjusted=bars["close"], volume=bars["volume"])
    return _lines(rows.set_axis(["Date", "Open", "High", "Low", "Close", "Adj Close", "Volume"], axis=1), date_format="%Y-%m-%d")


def yfinance() -> str:
    """Three lines of header."""
    bars = weekday_bars()
    rows = bars[["date", "close", "high", "low", "open", "volume"]]
    head = "Price,Close,High,Low,Open,Volume\nTicker,ZL=F,ZL=F,ZL=F,ZL=F,ZL=F\nDate,,,,,\n"
    return head + _lines(rows, header=False, date_format="%Y-%m-%d")


def stooq() -> str:
    """Yahoo's without the adjusted close."""
    bars = weekday_bars()[["date", *PRICES, "volume"]]
    return _lines(bars.set_axis(["Date", "Open", "High", "Low", "Close", "Volume"], axis=1), date_format="%Y-%m-%d")


def stooq_ascii() -> str:
    """Names in angle brackets, dates as 20251114."""
    bars = weekday_bars()
    rows = pd.DataFrame(
        {"<TICKER>": "ZL.F", "<PER>": "D", "<DATE>": bars["date"].dt.strftime("%Y%m%d"), "<TIME>": "000000"}
        | {f"<{name.upper()}>": bars[name] for name in PRICES}
        | {"<VOL>": bars["volume"], "<OPENINT>": 0}
    )
    return _lines(rows)


def trading_view(iso: bool) -> str:
    """Times in seconds since 1970, or in ISO."""
    bars = weekday_bars()
    times = bars["date"].dt.strftime("%Y-%m-%d") if iso else bars["date"].astype("int64") // 10**9
    rows = bars[PRICES].assign(volume=bars["volume"])
    rows.insert(0, "time", times)
    return _lines(rows.rename(columns={"volume": "Volume"}))


def _volume_in_k(volume: float) -> str:
    return f"{volume / 1000:.2f}K"


def investing(day_first: bool) -> str:
    """Newest first, every field in quotes, volume as 41.23K."""
    bars = weekday_bars().iloc[::-1]
    rows = pd.DataFrame(
        {
            "Date": bars["date"].dt.strftime("%d.%m.%Y" if day_first else "%m/%d/%Y"),
            "Price": bars["close"],
            "Open": bars["open"],
            "High": bars["high"],
            "Low": bars["low"],
            "Vol.": bars["volume"].map(_volume_in_k),
            "Change %": (100 * bars["close"].pct_change(-1)).fillna(0).map("{:.2f}%".format),
        }
    )
    return str(rows.to_csv(index=False, quoting=1))


def investing_bars() -> pd.DataFrame:
    """What Investing's file can say: volume to ten contracts."""
    bars = weekday_bars()
    return bars.assign(volume=(1000 * bars["volume"].map(_volume_in_k).str[:-1].astype(float)).round().astype("Int64"))


def _case(
    name: str,
    wrong: str,
    make: Make,
    *says: str,
    must: tuple[Outcome, ...] = LOADED_OR_REFUSED,
    right: Callable[[], pd.DataFrame] | None = right_bars,
    state: State = State.FILLED,
    own: bool = False,
) -> Case:
    return Case(name, Kind.VENDORS, wrong, state, make, must, says, right, own)


def _chart(
    name: str, wrong: str, text: Callable[[], str], file: str, says: str, right: Callable[[], pd.DataFrame] = weekday_bars
) -> Case:
    return _case(name, wrong, csv_text(text, file), says, right=right, state=State.EMPTY, own=True)


CASES = (
    _case(
        "databento-ns-fixed",
        "Databento's CSV: ts_event in nanoseconds, prices in 1e-9",
        _databento(stamp="ns", pretty=False),
        must=LOADED,
        state=State.EMPTY,
        own=True,
    ),
    _case(
        "databento-pretty",
        "Databento's CSV: pretty times and prices",
        _databento(stamp="pretty", pretty=True),
        must=LOADED,
        own=True,
    ),
    _case("databento-iso", "Databento's CSV: times in ISO", _databento(stamp="iso", pretty=True), must=LOADED, own=True),
    _case(
        "databento-iso-fixed", "Databento's CSV: times in ISO, prices in 1e-9", _databento(stamp="iso", pretty=False), must=LOADED
    ),
    _case(
        "databento-ns-pretty",
        "Databento's CSV: nanoseconds, prices in decimals",
        _databento(stamp="ns", pretty=True),
        must=LOADED,
    ),
    _case(
        "databento-calendar",
        "Databento's CSV of ZL.c.0",
        _databento(stamp="ns", pretty=False, symbol="ZL.c.0"),
        must=LOADED,
        state=State.EMPTY,
        own=True,
    ),
    _case(
        "databento-parent",
        "Databento's CSV of ZL.FUT, no continuous symbol",
        _databento(stamp="ns", pretty=False, symbol="ZL.FUT"),
        must=REFUSED,
    ),
    _case(
        "databento-second-month",
        "Databento's CSV of ZL.v.1, the second month",
        _databento(stamp="ns", pretty=False, symbol="ZL.v.1"),
        must=REFUSED,
    ),
    _case(
        "databento-mixture",
        "Databento's CSV: close in decimals, the others in 1e-9",
        _databento_mixture(_close_in_decimals),
        must=REFUSED,
        own=True,
    ),
    _case(
        "databento-mixture-rows",
        "Databento's CSV: half of the rows in decimals",
        _databento_mixture(_half_in_decimals),
        must=REFUSED,
    ),
    _case(
        "databento-no-price",
        "Databento's CSV: one close is the number for no price",
        _databento_mixture(_undefined_price),
        must=REFUSED,
    ),
    _case(
        "databento-parquet",
        "Databento's Parquet: ts_event as the index",
        _databento_parquet(fixed=False, index=True),
        must=LOADED,
        state=State.EMPTY,
        own=True,
    ),
    _case(
        "databento-parquet-fixed", "Databento's Parquet: prices in 1e-9", _databento_parquet(fixed=True, index=False), must=LOADED
    ),
    _case(
        "whole-cents-integers",
        "own bars whose prices are whole cents, as integers: not fixed point",
        csv_text(lambda: feeds.csv_text(_whole_cents())),
        right=_whole_cents,
        state=State.EMPTY,
    ),
    _case("semicolons", "semicolons, decimal commas", _european(), must=LOADED_OR_REFUSED, own=True),
    _case("semicolons-points", "semicolons, decimal points", _european(decimal=".")),
    _case("sep-line", "a first line sep=;", _european("sep=;\n"), own=True),
    _case("sep-line-comma", "a first line sep=,", _european("sep=,\n", ",", ".")),
    _case("tabs", "tabs", _european(separator="\t", decimal=".")),
    _case("tabs-commas", "tabs, decimal commas", _european(separator="\t")),
    _case(
        "decimal-commas-unquoted",
        "commas between fields and in numbers",
        csv_text(lambda: feeds.csv_text(right_bars(), sep=";", decimal=",").replace(";", ",")),
        must=REFUSED,
    ),
    _case("thousands", 'volume as "41,234", in quotes', csv_text(lambda: feeds.csv_text(_with_thousands()))),
    _case(
        "html-login",
        "a login page saved as CSV",
        csv_text(lambda: "<!DOCTYPE html>\n<html><head><title>Sign in</title></head></html>\n"),
        "html",
        must=REFUSED,
        own=True,
    ),
    _case("html-table", "a table of HTML saved as CSV", csv_text(_html_table), "html", own=True),
    _case("json", "JSON saved as CSV", csv_text(lambda: right_bars().head(500).to_json(orient="records")), must=REFUSED),
    _case("xlsx-as-csv", "an Excel file named .csv", csv_text(_zip), must=REFUSED),
    _case("gzip-as-csv", "a gzip file named .csv", csv_text(lambda: gzip.compress(feeds.csv_text(right_bars()).encode()))),
    _case("parquet-as-csv", "a Parquet file named .csv", csv_text(lambda: bytes(right_bars().to_parquet()))),
    _chart("barchart", "Barchart's historical download", barchart, "zlz25_daily_historical-data.csv", "barchart"),
    _chart("yahoo", "Yahoo's historical download", yahoo, "ZL=F.csv", "yahoo"),
    _chart("yfinance", "yfinance's CSV: three lines of header", yfinance, "ZL=F.csv", "yahoo"),
    _chart("stooq", "Stooq's download", stooq, "zl_f_d.csv", "stooq"),
    _chart("stooq-ascii", "Stooq's ASCII database", stooq_ascii, "zl.f.csv", "stooq"),
    _chart(
        "trading-view",
        "TradingView's export: seconds since 1970",
        lambda: trading_view(False),
        "CBOT_DL_ZL1!, 1D.csv",
        "tradingview",
    ),
    _chart(
        "trading-view-iso", "TradingView's export: ISO dates", lambda: trading_view(True), "CBOT_DL_ZL1!, 1D.csv", "tradingview"
    ),
    _chart(
        "investing",
        "Investing's historical data: 11/14/2025, 41.23K",
        lambda: investing(False),
        "US Soybean Oil Futures Historical Data.csv",
        "investing",
        investing_bars,
    ),
    _chart(
        "investing-europe",
        "Investing's historical data: 14.11.2025",
        lambda: investing(True),
        "US Soybean Oil Futures Historical Data.csv",
        "investing",
        investing_bars,
    ),
)
