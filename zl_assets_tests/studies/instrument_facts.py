"""What bars say of an instrument that has no module yet: the figures that docs/adding-an-instrument.md asks for.

    python -m zl_assets_tests.studies.instrument_facts bars.parquet XO 0.2

The bars are read, and sessions and features made, by the product's own code, under bounds that nothing is beyond. Each field of
the module is printed with what was measured as its comment, and with a value to begin with, by the rules that the modules of
zl_assets/instruments were written by. A person who knows the market looks at each.

Belongs here: measuring, and the rules from a figure to a bound. Must not be here: the bounds themselves (the instrument's
module), and those of the gates (thresholds.py), which need a training view.
"""

import datetime as dt
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import pandas_market_calendars
import typer

from zl_assets.domain.features import feature_rows
from zl_assets.domain.rolls import spans_a_roll
from zl_assets.domain.rules.offenders import PRICES
from zl_assets.domain.rules.units import prices_on_tick
from zl_assets.domain.sessions import build_sessions
from zl_assets.domain.stubs import on_stub_date
from zl_assets.domain.targets import label_end_dates
from zl_assets.domain.trading_calendar import expected_sessions
from zl_assets.errors import ZlError
from zl_assets.instruments.base import Closure, Instrument, Plausibility
from zl_assets.instruments.zl import INSTRUMENT as ZL
from zl_assets.model.fit.config import ModelConfig
from zl_assets.sources.bars import read_bars

HORIZON = ZL.horizons[0].sessions
FIRST_FOLD = 2 * ModelConfig.of(ZL, ZL.horizons[0]).min_rows_per_leaf
MOST_FOLDS = 5
STUB_PRINT, VOLATILITY = 0.10, 0.10
CLOSURES = (Closure(1, 1), Closure(12, 25))
SPLIT = dt.date(2023, 1, 1)
A_YEAR = 252

# The exchanges of futures; every class of calendars once, under its first name, which is of CME where CBOT has the same.
EXCHANGES = ("CBOT", "CME", "COMEX", "NYMEX", "CFE", "ICE", "EUREX", "us_futures")


@dataclass(frozen=True)
class Fact:
    """One field of an instrument's module.

    Attributes:
        field: where it stands, e.g. `plausibility.price`.
        measured: what the bars say, as a comment.
        suggested: a value to begin with.
    """

    field: str
    measured: str
    suggested: Any

    def __str__(self) -> str:
        return f"# {self.measured}\n{self.field} = {self.suggested!r}"


def draft(symbol: str, tick: float) -> Instrument:
    """An instrument of which only symbol and tick are known."""
    nothing_beyond = Plausibility(
        price=(0.0, math.inf),
        level=(0.0, math.inf),
        step=math.inf,
        volume=2**63 - 1,
        level_of_volume=0,
        gaps=1,
        thin_lots=0,
        thin_share=1.0,
        stub_print=STUB_PRINT,
        volatility=math.inf,
        largest_volatility=math.inf,
    )
    return replace(ZL, symbol=symbol, slug="draft", name=symbol, tick=tick, plausibility=nothing_beyond, bare_names=False)


def facts(bars: pd.DataFrame, symbol: str, tick: float) -> list[Fact]:
    """The figures of an instrument, in the order of its module.

    Args:
        bars: the columns of contracts.market.bars; other symbols are ignored.

    Raises:
        DataFault: no bar of the symbol, or unsound bars.
    """
    own = bars[bars["symbol"] == symbol]
    instrument = replace(draft(symbol, tick), closures=_closures(own["date"]))
    # The newest bar is final.
    sessions = build_sessions(own, instrument, own["date"].max().date() + dt.timedelta(days=1)).frame
    features = feature_rows(sessions, own, instrument)
    rows = features[features["ma_63"].notna()]
    return [
        _tick(sessions, instrument),
        *_calendar(sessions),
        *_horizon(features),
        _split(rows["data_date"]),
        *_prices(sessions),
        *_volumes(sessions),
        _stubs(own, instrument),
        *_volatility(features),
        *_minima(rows),
        _closure(own, instrument),
    ]


def _tick(sessions: pd.DataFrame, instrument: Instrument) -> Fact:
    off = prices_on_tick(sessions, instrument).measured
    return Fact("tick", f"Sessions with a price off it: {off} of {len(sessions):,}.", instrument.tick)


def _closures(dates: "pd.Series[pd.Timestamp]") -> tuple[Closure, ...]:
    known = replace(ZL, closures=CLOSURES)
    return CLOSURES if (on_stub_date(dates, known) & dates.dt.dayofweek.lt(5)).any() else ()


def _closure(bars: pd.DataFrame, instrument: Instrument) -> Fact:
    volume = bars["volume"][on_stub_date(bars["date"], instrument) & bars["date"].dt.dayofweek.lt(5)]
    largest = f", the largest of {volume.max():,} lots" if len(volume) else ""
    return Fact("closures", f"Bars on New Year and Christmas: {len(volume)}{largest}.", instrument.closures)


def _calendar(sessions: pd.DataFrame) -> Iterator[Fact]:
    dates = pd.DatetimeIndex(sessions["data_date"])
    first, last = dates[0].date(), dates[-1].date()
    # Missing and further sessions by calendar; of one class a single one.
    found: dict[str, tuple[int, int]] = {}
    classes: set[type] = set()
    for name in pandas_market_calendars.get_calendar_names():
        kind = type(pandas_market_calendars.get_calendar(name)) if name.startswith(EXCHANGES) else None
        if kind is not None and kind not in classes:
            classes.add(kind)
            expected = expected_sessions(name, first, last)
            found[name] = (len(expected.difference(dates)), len(dates.difference(expected)))
    ranked = sorted(found, key=lambda name: sum(found[name]))
    missing, further = found[ranked[0]]
    others = ", ".join(f"{name} {sum(found[name])}" for name in ranked[1:5])
    yield Fact(
        "calendar",
        f"{len(dates):,} sessions from {first} to {last}. Its dates without a session: {missing}; sessions that are not among "
        f"them: {further}. The next best, with the sum of both: {others}.",
        ranked[0],
    )
    expected = len(dates) - further + missing
    # One more than there is.
    gaps = min(1000, int(_rounded(expected / (missing + 1), 1)))
    yield Fact("plausibility.gaps", f"Sessions of the calendar without a bar: {missing} of {expected:,}.", gaps)


def _horizon(features: pd.DataFrame) -> Iterator[Fact]:
    spans = spans_a_roll(features["is_roll"], HORIZON)[features["ma_63"].notna()].dropna()
    if spans.empty:
        yield Fact("horizons.usual_spanning", "Not known: the bars have no instrument_id.", 0.0)
        yield Fact("horizons.spanning", "Not judged: the bars have no instrument_id.", (0.0, 1.0))
        return
    share = float(spans.mean())
    changes = int(features["is_roll"].sum())
    yield Fact(
        "horizons.usual_spanning", f"{changes:,} changes of contract: {share:.1%} of the targets span one.", round(share, 3)
    )
    wide = (_twentieths(0.45 * share), min(1.0, _twentieths(share + 0.35)))
    yield Fact("horizons.spanning", "From half of that to a third of all above it.", wide)


def _split(dates: "pd.Series[pd.Timestamp]") -> Fact:
    labelled = dates[: len(dates) - HORIZON]
    ends = label_end_dates(dates, HORIZON)[: len(labelled)]

    def parts(day: dt.date) -> tuple[int, int]:
        return int(ends.lt(pd.Timestamp(day)).sum()), int(labelled.ge(pd.Timestamp(day)).sum())

    first, last = dates.iloc[0].year, dates.iloc[-1].year
    # That of the others where it leaves enough on either side, or else the new year after which a third is left.
    years = [
        SPLIT,
        *sorted((dt.date(y, 1, 1) for y in range(first, last + 1)), key=lambda d: abs(3 * parts(d)[1] - len(labelled))),
    ]
    day = next((day for day in years if parts(day)[0] >= FIRST_FOLD and parts(day)[1] >= A_YEAR), SPLIT)
    train, test = parts(day)
    return Fact("split_date", f"{train:,} labels end before it, {test:,} labelled rows are from it on.", day)


def _prices(sessions: pd.DataFrame) -> Iterator[Fact]:
    low, high = sessions["low"].min(), sessions["high"].max()
    yield Fact(
        "plausibility.price",
        f"Between {low:g} and {high:g}: an order of magnitude of room on either side.",
        (_rounded(low / 10, 2), _rounded(high * 10, 2)),
    )
    close = sessions["close"]
    middle = close.median()
    yield Fact("plausibility.level", f"Their middle close is {middle:g}.", (_rounded(middle / 4.5, 2), _rounded(middle * 4.5, 2)))
    ratios = pd.concat([close / close.shift(), sessions["high"] / close, sessions["low"] / close]).dropna()
    step = max(ratios.max(), 1 / ratios.min())
    # Two and a half times the room that it took, in halves.
    most = max(1.5, math.ceil(2 * (1 + 2.5 * (step - 1))) / 2)
    yield Fact("plausibility.step", f"The largest step, to a close or within a session, is a factor of {step:.2f}.", most)


def _volumes(sessions: pd.DataFrame) -> Iterator[Fact]:
    volume = sessions["volume"]
    largest, middle = int(volume.max()), float(volume.median())
    yield Fact("plausibility.volume", f"They reach {largest:,} contracts.", int(_rounded(14 * largest, 1)))
    yield Fact("plausibility.level_of_volume", f"The middle session trades {middle:,.0f}.", int(_rounded(middle / 200, 1)))
    lots = int(_rounded(middle / 40, 1))
    thin = float(volume.lt(lots).mean())
    yield Fact("plausibility.thin_lots", f"Sessions that trade fewer lots: {volume.lt(lots).sum():,} ({thin:.1%}).", lots)
    yield Fact("plausibility.thin_share", "Three times as many, and at least one in a hundred.", max(0.01, _rounded(3 * thin, 1)))


def _stubs(bars: pd.DataFrame, instrument: Instrument) -> Fact:
    stubs = bars[on_stub_date(bars["date"], instrument)]
    away = stubs[list(PRICES)].div(stubs["close"], axis=0).sub(1).abs().max(axis=1)
    said = f"The largest of the {len(stubs):,} stubs is {away.max():.1%} away." if len(stubs) else "There is no stub."
    beyond = f" {away.gt(STUB_PRINT).sum()} are further than this." if away.gt(STUB_PRINT).any() else ""
    return Fact("plausibility.stub_print", said + beyond, STUB_PRINT)


def _volatility(features: pd.DataFrame) -> Iterator[Fact]:
    index, raw = features["roll_index"].astype("float64"), features["volatility_21d"].max()
    largest = raw if index.isna().all() else (index / index.shift() - 1).rolling(HORIZON).std().max()
    yield Fact(
        "plausibility.largest_volatility",
        f"Without the gaps between contracts it peaks at {largest:.4f}, raw at {raw:.4f}.",
        round(float(largest), 3),
    )
    yield Fact("plausibility.volatility", "At least twice that.", max(VOLATILITY, _rounded(2 * largest, 1)))


def _minima(rows: pd.DataFrame) -> Iterator[Fact]:
    labelled = len(rows) - HORIZON
    yield Fact("minima.matrix_rows", f"{len(rows):,} in the history, and 2 % fewer.", int(0.98 * len(rows)) // 10 * 10)
    yield Fact("minima.labelled_rows", f"{labelled:,} in the history, and 2 % fewer.", int(0.98 * labelled) // 10 * 10)

    def first(folds: int) -> int:
        return labelled - folds * (labelled // (folds + 1)) - HORIZON

    folds = next((n for n in range(MOST_FOLDS, 2, -1) if first(n) >= FIRST_FOLD), 2)
    yield Fact("folds", f"The first trains on {first(folds):,} rows, of {FIRST_FOLD} that it needs.", folds)


def _rounded(value: float, digits: int) -> float:
    return float(f"{value:.{digits}g}")


def _twentieths(value: float) -> float:
    return round(20 * value) / 20


def main(
    bars: Annotated[Path, typer.Argument(help="a file or folder of bars, as ZL_BARS takes it", exists=True)],
    symbol: Annotated[str, typer.Argument(help="as the bars name it")],
    tick: Annotated[float, typer.Argument(help="the smallest step of a price, from the exchange's specification")],
) -> None:
    """Measure what an instrument's module says of its bars."""
    try:
        found = facts(read_bars(bars, [draft(symbol, tick)]).frame, symbol, tick)
    except ZlError as error:
        typer.echo(f"Stopped. {error}", err=True)
        raise typer.Exit(1) from None
    for fact in found:
        typer.echo(fact)


if __name__ == "__main__":
    typer.run(main)
