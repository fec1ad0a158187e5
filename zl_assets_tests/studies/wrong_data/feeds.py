"""Right bars and series, and the files that they are written to. Must not be here: a mistake."""

import datetime as dt
import functools
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pandas.tseries.holiday import GoodFriday, USFederalHolidayCalendar

from zl_assets.domain.rules.offenders import PRICES as PRICE_NAMES
from zl_assets.sources.dbn import PRICE_SCALE, RECORD, RECORD_TYPES
from zl_assets.sources.sample import synthetic_bars
from zl_assets_tests.conftest import shared_data

PRICES = list(PRICE_NAMES)
VALUES = [*PRICES, "volume", "instrument_id"]

type SeriesFrames = dict[str, "pd.Series[float]"]


@functools.cache
def _sample() -> pd.DataFrame:
    return synthetic_bars()


def right_bars() -> pd.DataFrame:
    """The synthetic sample's bars."""
    return _sample().copy()


def weekday_bars() -> pd.DataFrame:
    """The same without weekend stubs and instrument ids, as vendors of charts have them."""
    bars = right_bars()
    bars = bars[bars["date"].dt.dayofweek < 5].reset_index(drop=True)
    return bars.assign(instrument_id=pd.array([None] * len(bars), dtype="Int64"))


def real(name: str) -> Path | None:
    """A file of the licensed data, where it is."""
    try:
        return shared_data(name)
    except pytest.skip.Exception:
        return None


def market_bars(symbol: str, level: float, tick: float) -> pd.DataFrame:
    """Another market's bars, from the licensed data; without it invented ones of its level and tick.

    Returns:
        columns of the daily bars, with the market's own symbol.
    """
    name = "databento_futures_ohlcv_1d.parquet" if symbol == "MES" else "databento_ag_ohlcv_1d.parquet"
    file = real(name)
    if file is not None:
        rows = pd.read_parquet(file)
        rows = rows[(rows["symbol"] == symbol) & (pd.to_datetime(rows["date"]) <= "2025-11-14")]
        return rows.assign(date=pd.to_datetime(rows["date"])).reset_index(drop=True)
    bars = right_bars()
    bars = bars[bars["date"] >= "2019-05-05"] if symbol == "MES" else bars
    # Another path: the sample's own, backwards.
    ratio = bars["close"].to_numpy()[::-1] / bars["close"].to_numpy()
    scaled = bars[PRICES].mul(ratio * level / 45.0, axis=0)
    return bars.assign(symbol=symbol, **(np.rint(scaled / tick) * tick)).reset_index(drop=True)


# Files of bars.


def parquet(folder: Path, bars: pd.DataFrame, name: str = "bars.parquet") -> Path:
    """The bars as Parquet."""
    bars.to_parquet(folder / name, index=False)
    return folder / name


def csv_text(bars: pd.DataFrame, **options: Any) -> str:
    """The bars as CSV, dates as YYYY-MM-DD."""
    return str(bars.to_csv(index=False, date_format="%Y-%m-%d", **options))


def csv(folder: Path, text: str, name: str = "bars.csv") -> Path:
    """A text as a file, to the byte."""
    (folder / name).write_bytes(text.encode())
    return folder / name


def hourly_bars(bars: pd.DataFrame) -> pd.DataFrame:
    """Two hours for each day, which sum to it: at 01:00 and at 14:00 UTC.

    Returns:
        ts_event (UTC) in place of date.
    """
    first = bars.assign(ts_event=bars["date"] + pd.Timedelta(hours=1), close=bars["open"], volume=bars["volume"] // 2)
    second = bars.assign(
        ts_event=bars["date"] + pd.Timedelta(hours=14),
        **dict.fromkeys(("open", "high", "low"), bars["close"]),
        volume=bars["volume"] - first["volume"],
    )
    hours = pd.concat([first, second]).sort_values("ts_event", ignore_index=True).drop(columns="date")
    return hours.assign(ts_event=hours["ts_event"].dt.tz_localize("UTC"))[["ts_event", "symbol", *VALUES]]


def dbn_bytes(bars: pd.DataFrame, *, hours: bool = False, symbol: str = "ZL.v.0", end: str | None = None, drop: int = 0) -> bytes:
    """The bars as an uncompressed DBN file.

    Args:
        hours: as `hourly_bars` instead of daily records.
        end: the end of the request; the day after the last bar if not given.
        drop: so many records less at the end.
    """
    import databento_dbn as dbn

    schema = "ohlcv-1h" if hours else "ohlcv-1d"
    given = hourly_bars(bars) if hours else bars.rename(columns={"date": "ts_event"})
    rows = np.zeros(len(given), dtype=RECORD)
    rows["length"], rows["publisher_id"], rows["rtype"] = RECORD.itemsize // 4, 1, RECORD_TYPES[schema]
    rows["ts_event"] = given["ts_event"].astype("int64")
    rows["instrument_id"], rows["volume"] = (given[name].to_numpy("int64") for name in ("instrument_id", "volume"))
    for name in PRICES:
        rows[name] = np.rint(given[name].to_numpy() * PRICE_SCALE).astype("int64")
    ids = bars["instrument_id"].to_numpy("int64")
    starts = np.flatnonzero(np.r_[True, ids[1:] != ids[:-1]])
    dates = [stamp.date() for stamp in bars["date"]]
    after = dates[-1] + dt.timedelta(days=1)
    intervals = [
        SimpleNamespace(start_date=dates[i], end_date=dates[j] if j < len(dates) else after, symbol=str(ids[i]))
        for i, j in zip(starts, [*starts[1:], len(dates)], strict=True)
    ]
    head = dbn.Metadata(
        dataset="GLBX.MDP3",
        start=pd.Timestamp(dates[0], tz="UTC").value,
        end=pd.Timestamp(end or after, tz="UTC").value,
        stype_in=dbn.SType.CONTINUOUS,
        stype_out=dbn.SType.INSTRUMENT_ID,
        schema=dbn.Schema.from_str(schema),
        symbols=[symbol],
        mappings=[SimpleNamespace(raw_symbol=symbol, intervals=intervals)],
        version=3,
    )
    return bytes(head) + rows[: len(rows) - drop].tobytes()


def compressed(content: bytes) -> bytes:
    """As a Zstandard frame."""
    return bytes(pa.compress(content, codec="zstd", asbytes=True))


# Economic series.


@functools.cache
def _invented_series() -> SeriesFrames:
    random = np.random.default_rng(12)
    days = pd.date_range("2009-01-01", "2025-11-14", freq="B")
    holidays = USFederalHolidayCalendar().holidays(days[0], days[-1])
    open_days = days[~days.isin(holidays)]

    good_fridays = GoodFriday.dates(days[0], days[-1])

    def walk(start: float, low: float, high: float, step: float, decimals: int = 2) -> "pd.Series[float]":
        value, values = start, []
        for move in random.standard_normal(len(open_days)):
            value = min(max(value + step * move + 0.002 * (start - value), low), high)
            values.append(round(value, decimals))
        return pd.Series(values, index=open_days).reindex(days)

    made = {
        "VIXCLS": walk(19.0, 9.5, 70.0, 1.1),
        "DGS10": walk(2.7, 0.6, 5.0, 0.05),
        "DGS2": walk(1.6, 0.09, 5.1, 0.04),
        "T10YIE": walk(2.1, 0.4, 3.0, 0.03),
        "DTWEXBGS": walk(112.0, 90.0, 130.0, 0.3, decimals=4),
        "DCOILWTICO": walk(70.0, 25.0, 120.0, 1.3),
    }
    # The exchanges are closed, the Federal Reserve is not.
    for name in ("VIXCLS", "DCOILWTICO"):
        made[name] = made[name].where(~days.isin(good_fridays))
    months = pd.date_range("2009-01-01", "2025-10-01", freq="MS")
    funds = 1.7 + 1.5 * np.sin(np.arange(len(months)) / 25.0)
    return made | {"T10Y2Y": (made["DGS10"] - made["DGS2"]).round(2), "FEDFUNDS": pd.Series(funds.round(2), index=months)}


def right_series() -> SeriesFrames:
    """Invented series that agree with each other: one value a weekday, none on federal holidays,
    nor of the exchanges on Good Friday; FEDFUNDS monthly."""
    return {name: values.copy() for name, values in _invented_series().items()}


def series_text(name: str, values: "pd.Series[float]") -> str:
    """As FRED writes it."""
    return str(values.rename(name).rename_axis("observation_date").to_frame().to_csv(date_format="%Y-%m-%d"))


@functools.cache
def _right_texts() -> dict[str, str]:
    return {name: series_text(name, values) for name, values in _invented_series().items()}


def write_series(folder: Path, texts: Mapping[str, str] = MappingProxyType({})) -> Path:
    """A folder of FRED's files in the given folder: the right ones, but for those whose text is given."""
    place = folder / "fred"
    place.mkdir()
    for name, text in (_right_texts() | dict(texts)).items():
        (place / f"{name}.csv").write_text(text)
    return place
