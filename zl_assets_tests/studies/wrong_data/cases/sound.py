"""Sound data: what must not be refused, so that the other cases say something."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from zl_assets.instruments.zl import INSTRUMENT as ZL
from zl_assets.sources.bars import read_bars
from zl_assets_tests.studies.wrong_data import feeds
from zl_assets_tests.studies.wrong_data.case import LOADED, Case, Kind, Make, Outcome, State
from zl_assets_tests.studies.wrong_data.cases.making import changed, csv_text
from zl_assets_tests.studies.wrong_data.feeds import PRICES, right_bars, write_series

GREEN = (Outcome.LOADED,)
NEXT_DAYS = pd.DatetimeIndex(["2025-11-17", "2025-11-18", "2025-11-19"])


def longer() -> pd.DataFrame:
    """Three more sessions."""
    bars = right_bars()
    more = pd.concat([bars.tail(1)] * len(NEXT_DAYS), ignore_index=True).assign(date=NEXT_DAYS)
    for i in range(len(more)):
        more.loc[i, PRICES] = (more.loc[i, PRICES].astype(float) * (1 + 0.004 * (i + 1))).round(2)
    return pd.concat([bars, more], ignore_index=True).astype(bars.dtypes)


def revised(rows: list[int], factors: list[float]) -> Callable[[], pd.DataFrame]:
    """Some bars corrected, each by something else."""

    def bars() -> pd.DataFrame:
        made = right_bars()
        for row, factor in zip(rows, factors, strict=True):
            at = made.index[row]
            made.loc[at, PRICES] = (made.loc[at, PRICES].astype(float) * factor).round(2)
        return made

    return bars


def restated_volume() -> pd.DataFrame:
    """The newest three volumes, final instead of preliminary."""
    bars = right_bars()
    bars.loc[bars.index[-3:], "volume"] = (bars["volume"].tail(3) * 1.03).round().astype("Int64")
    return bars


def _real_file(folder: Path) -> Path:
    file = feeds.real("databento_futures_ohlcv_1d.parquet")
    return file if file is not None else feeds.parquet(folder, right_bars())


def real_bars() -> pd.DataFrame:
    """The licensed bars, or the sample's where they are not here."""
    file = feeds.real("databento_futures_ohlcv_1d.parquet")
    return right_bars() if file is None else read_bars(file, [ZL]).frame


def _real_series(folder: Path) -> dict[str, Any]:
    file = feeds.real("fred/DGS10.csv")
    fred = file.parent if file is not None else write_series(folder)
    return {"bars": _real_file(folder), "fred": str(fred), "families": ("macro", "volatility")}


def _by_year(folder: Path) -> dict[str, Any]:
    for year, rows in right_bars().groupby(right_bars()["date"].dt.year):
        feeds.parquet(folder, rows, f"{year}.parquet")
    return {"bars": folder}


def _dbn(hours: bool) -> Make:
    return csv_text(lambda: feeds.compressed(feeds.dbn_bytes(right_bars(), hours=hours)), "bars.dbn.zst")


def _case(
    name: str,
    what: str,
    make: Make,
    right: Callable[[], pd.DataFrame] = right_bars,
    state: State = State.FILLED,
    must: tuple[Outcome, ...] = GREEN,
) -> Case:
    return Case(name, Kind.SOUND, what, state, make, must, right=right)


CASES = (
    _case("sample-first", "the sample, first run", changed(lambda bars: bars), state=State.EMPTY),
    _case("sample-again", "the sample again", changed(lambda bars: bars)),
    _case("sample-csv", "the sample as CSV", csv_text(lambda: feeds.csv_text(right_bars()))),
    _case("sample-dbn", "the sample as DBN", _dbn(False)),
    # Three sessions of the calendar have no bar in the sample, and no hour: that is told.
    _case("sample-dbn-hours", "the sample as hourly DBN", _dbn(True), must=LOADED),
    _case("sample-by-year", "the sample in a folder of yearly files", _by_year),
    _case("sample-reversed", "the sample, newest first", changed(lambda bars: bars.iloc[::-1])),
    _case("three-more-sessions", "three more sessions", changed(lambda _: longer(), as_of=dt.date(2025, 11, 20)), longer),
    _case(
        "newest-corrected",
        "the newest bar corrected by -0.4 %",
        changed(lambda _: revised([-1], [0.996])()),
        revised([-1], [0.996]),
    ),
    _case(
        "five-corrected",
        "five bars corrected, each by something else",
        changed(lambda _: revised([-1, -2, -9, -300, -2000], [1.002, 0.99, 1.004, 0.985, 1.012])()),
        revised([-1, -2, -9, -300, -2000], [1.002, 0.99, 1.004, 0.985, 1.012]),
    ),
    _case("volume-restated", "the newest three volumes restated by 3 %", changed(lambda _: restated_volume()), restated_volume),
    _case("real-first", "the real bars, first run", lambda folder: {"bars": _real_file(folder)}, real_bars, State.EMPTY),
    _case("real-with-series", "the real bars and FRED's own series, first run", _real_series, real_bars, State.EMPTY, LOADED),
    Case(
        "series-again",
        Kind.SOUND,
        "invented series again",
        State.SERIES,
        lambda folder: {"fred": str(write_series(folder))},
        GREEN,
        right=right_bars,
    ),
)
