"""Prices and volumes in another unit, or with another precision."""

import numpy as np
import pandas as pd

from zl_assets_tests.studies.wrong_data.case import LOADED, LOADED_OR_REFUSED, REFUSED, TOLD, Case, Kind, Outcome, State
from zl_assets_tests.studies.wrong_data.cases.making import Change, Make, changed, csv_lines, in_both_states
from zl_assets_tests.studies.wrong_data.feeds import PRICES, right_bars


def times(factor: float, places: int = 2) -> Change:
    """All prices times a factor."""
    return lambda bars: bars.assign(**(bars[PRICES] * factor).round(places))


def some_times(factor: float, rows: slice, places: int = 4) -> Change:
    """The prices of some rows, in order of date, times a factor."""

    def change(bars: pd.DataFrame) -> pd.DataFrame:
        bars.loc[bars.index[rows], PRICES] = (bars.loc[bars.index[rows], PRICES] * factor).round(places)
        return bars

    return change


def since(date: str, factor: float) -> Change:
    """The prices from a date on times a factor."""
    return lambda bars: bars.assign(**bars[PRICES].mul(np.where(bars["date"] < date, 1.0, factor), axis=0).round(4))


def volume(change: Change) -> Change:
    """Another volume, rounded to whole lots."""
    return lambda bars: bars.assign(volume=change(bars).astype("float64").round().astype("Int64"))


def _fixed_point(bars: pd.DataFrame) -> pd.DataFrame:
    return bars.assign(**np.rint(bars[PRICES] * 1e9).astype("int64"))


def _stubs_in_dollars(bars: pd.DataFrame) -> pd.DataFrame:
    return bars.assign(**bars[PRICES].mul(np.where(bars["date"].dt.dayofweek < 5, 1.0, 0.01), axis=0).round(4))


def _rounded_volume(lines: list[str]) -> list[str]:
    rows = [line.split(",") for line in lines[1:]]
    return [lines[0], *(",".join([*row[:6], f"{float(row[6]):.1E}", *row[7:]]) for row in rows)]


def _case(name: str, wrong: str, make: Make, *says: str, must: tuple[Outcome, ...] = REFUSED, own: bool = False) -> Case:
    return Case(name, Kind.UNITS, wrong, State.FILLED, make, must, says, own=own)


def _loaded(name: str, wrong: str, make: Make, must: tuple[Outcome, ...] = LOADED, own: bool = False) -> Case:
    return Case(name, Kind.UNITS, wrong, State.EMPTY, make, must, right=right_bars, own=own)


CASES = (
    *in_both_states(_case("dollars", "dollars for cents", changed(times(0.01, 4)), "dollar", own=True)),
    *in_both_states(_case("hundredths-of-a-cent", "prices 100 times too high", changed(times(100)), "100", own=True)),
    *in_both_states(_case("fixed-point", "prices as integers of 1e-9", changed(_fixed_point), "1e-9", own=True)),
    _case("tenths", "prices 10 times too low", changed(times(0.1, 3)), "10"),
    _case("thousandths", "prices 1,000 times too high", changed(times(1000)), "1,000"),
    _case("dollars-a-tonne", "US dollars a tonne (times 22.046)", changed(times(22.0462))),
    _case("dollars-a-short-ton", "US dollars a short ton (times 20)", changed(times(20))),
    _case("cents-a-kilogram", "cents a kilogram (times 2.2046)", changed(times(2.20462)), "2.2", own=True),
    _case("factor-1.07", "all prices times 1.07", changed(times(1.07)), "1.07", own=True),
    _case("factor-0.93", "all prices times 0.93 (in euros)", changed(times(0.93)), "0.93"),
    _case("factor-1.01", "all prices times 1.01", changed(times(1.01)), "1.01"),
    _case("oldest-80-percent-1.05", "the oldest 3,200 bars times 1.05", changed(some_times(1.05, slice(0, 3200), 2)), "1.05"),
    *in_both_states(
        _case("ten-times-since-2019", "from 2019-01-02 on 10 times too high", changed(since("2019-01-02", 10)), own=True)
    ),
    _case("dollars-since-2024", "from 2024-07-01 on in dollars", changed(since("2024-07-01", 0.01))),
    _case("newest-5-dollars", "the newest 5 bars in dollars", changed(some_times(0.01, slice(-5, None))), "dollar", own=True),
    _case("newest-1-dollars", "the newest bar in dollars", changed(some_times(0.01, slice(-1, None))), "dollar"),
    _case("newest-5-factor-1.07", "the newest 5 bars times 1.07", changed(some_times(1.07, slice(-5, None), 2)), "1.07"),
    _case("newest-20-factor-0.95", "the newest 20 bars times 0.95", changed(some_times(0.95, slice(-20, None), 2)), "0.95"),
    _case("newest-250-factor-1.02", "the newest 250 bars times 1.02", changed(some_times(1.02, slice(-250, None), 2)), "1.02"),
    _case("oldest-250-dollars", "the oldest 250 bars in dollars", changed(some_times(0.01, slice(0, 250))), "dollar"),
    _case("stubs-in-dollars", "the Sunday bars in dollars", changed(_stubs_in_dollars)),
    *in_both_states(
        _case(
            "volume-in-thousands",
            "volume in thousands of contracts",
            changed(volume(lambda bars: bars["volume"] / 1000)),
            must=TOLD,
            own=True,
        )
    ),
    *in_both_states(
        _case(
            "volume-in-pounds", "volume in pounds (times 60,000)", changed(volume(lambda bars: bars["volume"] * 60_000)), own=True
        )
    ),
    _case("volume-times-1000", "volume times 1,000", changed(volume(lambda bars: bars["volume"] * 1000))),
    _case("volume-times-100", "volume times 100", changed(volume(lambda bars: bars["volume"] * 100)), must=TOLD),
    _case(
        "volume-in-dollars",
        "volume as turnover in dollars",
        changed(volume(lambda bars: bars["volume"] * bars["close"] * 600)),
    ),
    *in_both_states(_case("volume-zero", "volume 0 everywhere", changed(lambda bars: bars.assign(volume=0)), own=True)),
    _case("volume-one", "volume 1 everywhere", changed(lambda bars: bars.assign(volume=1)), must=TOLD),
    _case(
        "volume-zero-newest-250",
        "volume 0 in the newest 250 bars",
        changed(volume(lambda bars: bars["volume"].where(bars.index < len(bars) - 250, 0))),
        must=TOLD,
    ),
    _case(
        "volume-in-thousands-newest-20",
        "volume in thousands in the newest 20 bars",
        changed(volume(lambda bars: bars["volume"].astype("float64").where(bars.index < len(bars) - 20, bars["volume"] / 1000))),
        must=TOLD,
    ),
    _loaded("float32", "prices as 32-bit floats", changed(lambda bars: bars.astype(dict.fromkeys(PRICES, "float32"))), own=True),
    _loaded(
        "float32-widened",
        "prices that were 32-bit floats, in 64 bits",
        changed(lambda bars: bars.astype(dict.fromkeys(PRICES, "float32")).astype(dict.fromkeys(PRICES, "float64"))),
        LOADED_OR_REFUSED,
    ),
    Case(
        "float32-filled",
        Kind.UNITS,
        "prices as 32-bit floats",
        State.FILLED,
        changed(lambda bars: bars.astype(dict.fromkeys(PRICES, "float32"))),
        LOADED,
        right=right_bars,
        own=True,
    ),
    _case(
        "float32-off-tick",
        "32-bit floats half-way between two ticks",
        changed(lambda bars: bars.assign(**(bars[PRICES] + 0.005)).astype(dict.fromkeys(PRICES, "float32"))),
        "tick",
    ),
    _case("float16", "prices as 16-bit floats", changed(lambda bars: bars.astype(dict.fromkeys(PRICES, "float16")))),
    _case(
        "volume-rounded",
        "volume as 4.2E+04, as a spreadsheet shows it",
        csv_lines(_rounded_volume),
        must=TOLD,
    ),
    _case("whole-cents", "prices rounded to whole cents", changed(times(1.0, 0)), must=TOLD),
)
