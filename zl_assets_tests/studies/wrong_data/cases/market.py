"""Another market's bars under ZL's name, or ZL's own in another making."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from zl_assets_tests.studies.wrong_data.case import REFUSED, TOLD, Case, Kind, Make, Outcome, State
from zl_assets_tests.studies.wrong_data.cases.making import changed, in_both_states
from zl_assets_tests.studies.wrong_data.feeds import PRICES, market_bars, parquet, right_bars

# Symbol: name, level of its prices, tick.
MARKETS = {
    "MES": ("the micro S&P", 4400.0, 0.25),
    "ZC": ("corn", 490.0, 0.25),
    "ZM": ("soybean meal", 357.0, 0.1),
    "ZW": ("wheat", 610.0, 0.25),
    "ZS": ("soybeans", 1166.0, 0.25),
}


def of_market(symbol: str, newest: int | None = None) -> Make:
    """A market's bars under ZL's name; only the newest of them after ZL's own, if so many are given."""

    def make(folder: Path) -> dict[str, Any]:
        _, level, tick = MARKETS[symbol]
        other = market_bars(symbol, level, tick).assign(symbol="ZL")
        if newest is not None:
            other = other.tail(newest)
            own = right_bars()
            other = pd.concat([own[own["date"] < other["date"].min()], other], ignore_index=True)
        return {"bars": parquet(folder, other)}

    return make


def invented(level: float, tick: float, seed: int) -> Make:
    """A market of this level on ZL's dates: a walk of its own."""

    def make(folder: Path) -> dict[str, Any]:
        bars = right_bars()
        steps = np.random.default_rng(seed).normal(0, 0.015, len(bars))
        # Pulled back to its level, so that it stays near it.
        path = np.zeros(len(bars))
        for i in range(1, len(bars)):
            path[i] = 0.995 * path[i - 1] + steps[i]
        prices = bars[PRICES].mul(level * np.exp(path) / bars["close"], axis=0)
        return {"bars": parquet(folder, bars.assign(**(np.rint(prices / tick) * tick).round(4)))}

    return make


def ratio_adjusted(bars: pd.DataFrame) -> pd.DataFrame:
    """Chained over rolls by ratios of opening to closing prices, the newest contract as it is."""
    rolled = bars["instrument_id"].ne(bars["instrument_id"].shift()) & (bars.index > 0)
    gap = (bars["open"] / bars["close"].shift()).where(rolled, 1.0)
    later = gap[::-1].cumprod()[::-1].shift(-1, fill_value=1.0)
    return bars.assign(**bars[PRICES].mul(later, axis=0).round(2))


def difference_adjusted(bars: pd.DataFrame) -> pd.DataFrame:
    """Chained over rolls by differences, the newest contract as it is."""
    rolled = bars["instrument_id"].ne(bars["instrument_id"].shift()) & (bars.index > 0)
    gap = (bars["open"] - bars["close"].shift()).where(rolled, 0.0)
    later = gap[::-1].cumsum()[::-1].shift(-1, fill_value=0.0)
    return bars.assign(**bars[PRICES].add(later, axis=0).round(2))


def open_and_close_swapped(bars: pd.DataFrame) -> pd.DataFrame:
    """Nothing else is wrong."""
    return bars.assign(open=bars["close"], close=bars["open"])


def close_only(bars: pd.DataFrame) -> pd.DataFrame:
    """As a series of settlements is made into bars."""
    return bars.assign(**dict.fromkeys(PRICES, bars["close"]))


def _case(name: str, wrong: str, make: Make, must: tuple[Outcome, ...] = REFUSED, own: bool = False) -> Case:
    return Case(name, Kind.MARKET, wrong, State.FILLED, make, must, own=own)


CASES = (
    *(
        case
        for symbol, (name, _, _) in MARKETS.items()
        for case in in_both_states(
            _case(f"{symbol.lower()}-as-zl", f"{name} ({symbol}) under ZL's name", of_market(symbol), own=symbol == "MES")
        )
    ),
    _case("newest-20-corn", "the newest 20 bars are corn's", of_market("ZC", 20)),
    _case("newest-5-meal", "the newest 5 bars are meal's", of_market("ZM", 5)),
    *in_both_states(_case("dalian", "Dalian's soybean oil, 7,500 yuan a tonne", invented(7500, 2, 1))),
    _case("palm", "palm oil, 3,600 ringgit a tonne", invented(3600, 1, 2)),
    _case("crude", "crude oil, 70 dollars a barrel: within ZL's range", invented(70, 0.01, 3)),
    _case("cotton", "cotton, 75 cents a pound: within ZL's range", invented(75, 0.01, 4)),
    _case("sugar", "sugar, 18 cents a pound: within ZL's range", invented(18, 0.01, 5)),
    _case("ratio-adjusted", "ZL adjusted for rolls by ratios", changed(ratio_adjusted), TOLD),
    _case("difference-adjusted", "ZL adjusted for rolls by differences", changed(difference_adjusted), TOLD),
    _case("open-and-close-swapped", "open and close under each other's name", changed(open_and_close_swapped), TOLD),
    _case("close-only", "the close as all four prices", changed(close_only), TOLD),
    _case("one-id", "one instrument_id on all bars", changed(lambda bars: bars.assign(instrument_id=1)), TOLD),
    _case(
        "id-a-row", "the row's number as its instrument_id", changed(lambda bars: bars.assign(instrument_id=bars.index + 1)), TOLD
    ),
)
