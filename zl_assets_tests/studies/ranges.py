"""Which rule the width of a published range follows, and why: docs/evidence/ranges.md and docs/evidence/ranges.json.

    python -m zl_assets_tests.studies.ranges zl_1m.csv bars.parquet [more_bars.parquet] --out docs/evidence/ranges.md

The replay's forecasts are made anew, one fit a session, and the bands of three candidates, of the rule of before and of outcomes
alone are held against what came, walk-forward. The candidate with the least interval score at 80 % is the rule of record: the
choice was made once, so a rerun that names another says so and changes nothing. The other symbols of the bars confirm it, with a
forecast of no change. Beside it the skill of forecasts as first issued and as `latest` keeps them.

Belongs here: the measurement and its page. Must not be here: bands, volatilities, scores (model/ranges), the gate's bounds.
"""

import hashlib
import json
import os
import textwrap
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer

from zl_assets.contracts.forecasts import LEVELS
from zl_assets.domain.rolls import rolls
from zl_assets.domain.targets import forward_return
from zl_assets.model.fit.boosting import fit_booster, forecast
from zl_assets.model.fit.config import ModelConfig
from zl_assets.model.fit.design import design_matrix
from zl_assets.model.fit.skill import SEED, ratio_draws
from zl_assets.model.fit.splits import block_rows
from zl_assets.model.fit.training_set import TrainingSet
from zl_assets.model.ranges.bands import LEAST_ERRORS, half_widths, past_quantiles
from zl_assets.model.ranges.judged import held, held_by_year, interval_score
from zl_assets.model.ranges.size import SizeSkill, expected_moves, size_skill
from zl_assets.model.ranges.volatility import SCALES, returns_of
from zl_assets.model.replay.rows import SCALE
from zl_assets.model.replay.verdicts import HELD_FROM, ROOM, ranges_hold
from zl_assets.model.replay.walk import FIRST_ROW, walk_forward
from zl_assets_tests.model.record import RECORD, training_set
from zl_assets_tests.support.contracts import HORIZON, MONTH, SYMBOL

[OF_RECORD] = [name for name, scale in SCALES.items() if scale is SCALE]
ONE_WIDTH = "one width (the rule of before)"
UNCONDITIONAL = "quantiles of the outcomes alone"
DECIDES = 80
PERIODS = {"2016 to 2022": (2016, 2022), "2023 on": (2023, 9999), "2016 on": (2016, 9999)}
WHOLE = "2016 on"
INTERVAL = 0.90
# Of the leak: one row in three, whose fits take a third of the time and whose outcomes overlap all the same.
EVERY = 3

# Lower and upper end by level, as returns, one a session.
type Bands = dict[int, tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Measured:
    """A rule at one level in one period or year; returns and widths as fractions of the close."""

    rule: str
    level: int
    period: str
    rows: int
    covered: float
    error: float
    width: float
    score: float


@dataclass(frozen=True)
class Difference:
    """Mean interval score of the rule of record minus that of another, with its interval; below 0 it is the better one."""

    against: str
    level: int
    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Gate:
    """What `ranges_hold` says of a rule."""

    rule: str
    passed: bool
    measured: str


@dataclass(frozen=True)
class Market:
    """Another market with a forecast of no change: its rules at the level that decides, over all sessions from 2016 on."""

    symbol: str
    rules: tuple[Measured, ...]
    differences: tuple[Difference, ...]


@dataclass(frozen=True)
class Told:
    """Forecasts of the same sessions, told at one time: skill against no change with its interval, and correlation."""

    what: str
    rows: int
    skill: float
    low: float
    high: float
    ic: float


@dataclass(frozen=True)
class Leak:
    """Skill as `latest` keeps the forecasts, minus skill as first issued, on the same rows, with its interval."""

    skill: float
    low: float
    high: float


@dataclass(frozen=True)
class Study:
    """All figures of the page.

    Attributes:
        csv_sha256: the rows.
        fits: forecasts of the replay, one fit each.
        best: the candidate with the least interval score at the level that decides.
        size, size_from_2016: skill of the size of the move, over all sessions that can be judged and from 2016 on.
        move_r2: of the absolute move itself, over its mean as known on each session, from 2016 on.
    """

    csv_sha256: str
    fits: int
    best: str
    rules: tuple[Measured, ...]
    years: tuple[Measured, ...]
    differences: tuple[Difference, ...]
    gates: tuple[Gate, ...]
    size: SizeSkill
    size_from_2016: SizeSkill
    move_r2: float
    markets: tuple[Market, ...]
    told: tuple[Told, ...]
    leak: Leak


def study(frame: pd.DataFrame, bars: pd.DataFrame, predicted: np.ndarray, kept: np.ndarray, csv_sha256: str) -> Study:
    """All figures.

    Args:
        frame: the training view's rows.
        bars: daily bars of ZL and of the markets that confirm it: date, symbol, open, close, instrument_id.
        predicted: the replay's forecast of each row; NaN where there is none.
        kept: the forecast that `latest` would have kept, likewise.
    """
    own = weekdays(bars, SYMBOL)
    returns = returns_of(rolls(own, own["open"])["roll_index"], own["close"])
    at = pd.Index(own["date"]).get_indexer(pd.Index(frame["data_date"]))
    came = frame[MONTH.target].to_numpy("float64")
    dates = pd.DatetimeIndex(frame["data_date"])
    by_rule = bands_of(came, predicted, returns, at)
    asked = both_known(by_rule, came) & np.asarray(dates.year >= HELD_FROM.year)

    rules = tuple(
        measured(rule, level, period, by_rule[rule][level], came, asked & between(dates, years))
        for rule in by_rule
        for level in LEVELS
        for period, years in PERIODS.items()
        if (asked & between(dates, years)).any()
    )
    first = int(np.searchsorted(own["date"], pd.Timestamp(HELD_FROM)))
    moves = np.full(len(own), np.nan)
    moves[at] = came
    return Study(
        csv_sha256=csv_sha256,
        fits=int(np.isfinite(predicted).sum()),
        best=best_of(rules),
        rules=rules,
        years=tuple(
            line for rule in (OF_RECORD, ONE_WIDTH) for line in by_year(rule, by_rule[rule][DECIDES], came, dates, asked)
        ),
        differences=tuple(
            difference(other, level, by_rule[OF_RECORD][level], by_rule[other][level], came, asked)
            for level in LEVELS
            for other in by_rule
            if other != OF_RECORD
        ),
        gates=tuple(gate(rule, bands, frame, predicted) for rule, bands in by_rule.items()),
        size=size_skill(returns, HORIZON),
        size_from_2016=size_skill(returns, HORIZON, first),
        move_r2=move_r2(returns, moves, first),
        markets=tuple(market(bars, symbol) for symbol in sorted(set(bars["symbol"]) - {SYMBOL})),
        told=(told("as first issued", predicted, kept, came), told("as `zl_1m_latest` keeps them", kept, predicted, came)),
        leak=leak_of(predicted, kept, came),
    )


def weekdays(bars: pd.DataFrame, symbol: str) -> pd.DataFrame:
    """The weekday bars of a symbol, whose open and close are what a session's roll and close are made of, in order of date."""
    own = bars[bars["symbol"].eq(symbol)].assign(date=lambda rows: pd.to_datetime(rows["date"]))
    return own[own["date"].dt.dayofweek.lt(5)].sort_values("date", ignore_index=True)


def bands_of(came: np.ndarray, predicted: np.ndarray, returns: np.ndarray, at: np.ndarray) -> dict[str, Bands]:
    """The bands of every rule, the candidates first.

    Args:
        came, predicted: outcome and forecast of each of n rows, in order of time.
        returns: of every session.
        at: the session of each row.
    """
    scales = {name: scale(returns, HORIZON)[at] for name, scale in SCALES.items()} | {ONE_WIDTH: np.ones(len(came))}
    made: dict[str, Bands] = {}
    for name, scale in scales.items():
        halves = {level: half_widths(came - predicted, scale, HORIZON, level / 100) for level in LEVELS}
        made[name] = {level: (predicted - half, predicted + half) for level, half in halves.items()}
    return made | {UNCONDITIONAL: {level: past_quantiles(came, HORIZON, level / 100) for level in LEVELS}}


def both_known(by_rule: Mapping[str, Bands], came: np.ndarray) -> np.ndarray:
    """Rows with an outcome and a band of every rule, so that all are held against the same."""
    ends = [end for bands in by_rule.values() for band in bands.values() for end in band]
    return np.isfinite(came) & np.isfinite(np.vstack(ends)).all(axis=0)


def between(dates: pd.DatetimeIndex, years: tuple[int, int]) -> np.ndarray:
    """Rows of these years, both included."""
    return np.asarray((dates.year >= years[0]) & (dates.year <= years[1]))


def measured(
    rule: str, level: int, period: str, band: tuple[np.ndarray, np.ndarray], came: np.ndarray, asked: np.ndarray
) -> Measured:
    """A rule's band against what came, over the rows that are asked for."""
    low, high = band
    found = held(low[asked], high[asked], came[asked], level / 100, block_rows(MONTH))
    return Measured(rule, level, period, found.rows, found.covered, found.error, found.width, found.score)


def by_year(
    rule: str, band: tuple[np.ndarray, np.ndarray], came: np.ndarray, dates: pd.DatetimeIndex, asked: np.ndarray
) -> list[Measured]:
    """A rule at the level that decides, by year."""
    low, high = band
    found = held_by_year(dates[asked], low[asked], high[asked], came[asked], DECIDES / 100, block_rows(MONTH))
    return [
        Measured(rule, DECIDES, str(year), one.rows, one.covered, one.error, one.width, one.score) for year, one in found.items()
    ]


def best_of(rules: Sequence[Measured]) -> str:
    """The candidate with the least interval score at the level that decides, over all sessions."""
    asked = [line for line in rules if line.rule in SCALES and line.level == DECIDES and line.period == WHOLE]
    return min(asked, key=lambda line: line.score).rule


def difference(
    against: str,
    level: int,
    ours: tuple[np.ndarray, np.ndarray],
    theirs: tuple[np.ndarray, np.ndarray],
    came: np.ndarray,
    asked: np.ndarray,
) -> Difference:
    """Row for row, since both are held against the same outcomes."""
    new, old = (interval_score(low[asked], high[asked], came[asked], level / 100) for low, high in (ours, theirs))
    saved = new - old
    low, high = interval(saved, np.ones(len(saved)), block_rows(MONTH))
    return Difference(against, level, float(saved.mean()), low, high)


def interval(numerator: np.ndarray, denominator: np.ndarray, block: int) -> tuple[float, float]:
    """Of sum(numerator) / sum(denominator), by the circular block bootstrap."""
    draws = ratio_draws(numerator, denominator, SEED, block)
    low, high = np.quantile(draws, [(1 - INTERVAL) / 2, (1 + INTERVAL) / 2])
    return float(low), float(high)


def gate(rule: str, bands: Bands, frame: pd.DataFrame, predicted: np.ndarray) -> Gate:
    """The gate of the published ranges, asked about the bands of another rule."""
    close = frame["close"].to_numpy("float64")
    rows = pd.DataFrame({"data_date": frame["data_date"], "close": close, "predicted_return": predicted})
    for level, (low, high) in bands.items():
        rows[f"low_{level}_close"], rows[f"high_{level}_close"] = close * (1 + low), close * (1 + high)
    verdict = ranges_hold(rows[np.isfinite(predicted)], frame, MONTH)
    return Gate(rule, verdict.passed, str(verdict.measured))


def move_r2(returns: np.ndarray, moves: np.ndarray, first: int) -> float:
    """R2 of the expected absolute move, against the mean of those that had come, from session `first` on."""
    expected, absolute = expected_moves(returns, moves, HORIZON), np.abs(moves)
    ended = pd.Series(absolute).shift(HORIZON).expanding(LEAST_ERRORS).mean().to_numpy("float64")
    both = np.isfinite(expected) & np.isfinite(absolute) & np.isfinite(ended) & (np.arange(len(moves)) >= first)
    wrong, spread = absolute[both] - expected[both], absolute[both] - ended[both]
    return float(1 - np.sum(wrong**2) / np.sum(spread**2))


def market(bars: pd.DataFrame, symbol: str) -> Market:
    """The same rules on another market, around no change."""
    own = weekdays(bars, symbol)
    came = forward_return(own["close"], HORIZON).to_numpy("float64")
    returns = returns_of(rolls(own, own["open"])["roll_index"], own["close"])
    by_rule = bands_of(came, np.zeros(len(came)), returns, np.arange(len(came)))
    asked = both_known(by_rule, came) & np.asarray(own["date"].dt.year.ge(HELD_FROM.year))
    at_level = {rule: bands[DECIDES] for rule, bands in by_rule.items()}
    return Market(
        symbol=symbol,
        rules=tuple(measured(rule, DECIDES, WHOLE, band, came, asked) for rule, band in at_level.items()),
        differences=tuple(
            difference(rule, DECIDES, at_level[OF_RECORD], band, came, asked)
            for rule, band in at_level.items()
            if rule != OF_RECORD
        ),
    )


def told(what: str, forecasts: np.ndarray, others: np.ndarray, came: np.ndarray) -> Told:
    """Figures over the rows that both have."""
    both = np.isfinite(forecasts) & np.isfinite(others) & np.isfinite(came)
    said, outcome = forecasts[both], came[both]
    wrong, zero = (outcome - said) ** 2, outcome**2
    low, high = interval(wrong, zero, block_rows(MONTH) // EVERY)
    return Told(
        what=what,
        rows=len(said),
        skill=float(1 - wrong.sum() / zero.sum()),
        low=1 - high,
        high=1 - low,
        ic=float(np.corrcoef(said, outcome)[0, 1]),
    )


def leak_of(predicted: np.ndarray, kept: np.ndarray, came: np.ndarray) -> Leak:
    """Over the rows that both have, row for row."""
    both = np.isfinite(predicted) & np.isfinite(kept) & np.isfinite(came)
    saved = ((came - predicted) ** 2 - (came - kept) ** 2)[both]
    low, high = interval(saved, came[both] ** 2, block_rows(MONTH) // EVERY)
    return Leak(float(saved.sum() / np.sum(came[both] ** 2)), low, high)


def first_issued(frame: pd.DataFrame, data: TrainingSet, config: ModelConfig) -> np.ndarray:
    """The replay's forecast of each row."""
    predicted = np.full(len(frame), np.nan)
    for step in walk_forward(frame, data, config, "study", {}):
        predicted[step.row] = step.predicted
    return predicted


def kept_latest(frame: pd.DataFrame, data: TrainingSet, config: ModelConfig) -> np.ndarray:
    """What `latest` holds of a row when its target comes: the forecast of the session before that, whose model has learnt from
    all rows before the row itself. One labelled row in three from the replay's first on; NaN elsewhere."""
    features = design_matrix(frame, data.inputs)

    def last_said(row: int) -> float:
        # Of row s + h - 1 the labels of rows 0 to s - 1 are known.
        learnt = slice(0, row)
        booster = fit_booster(data.features.iloc[learnt], data.target[learnt], data.weights[learnt], config)
        return float(forecast(booster, features.iloc[[row]])[0])

    rows = range(FIRST_ROW, len(data.target), EVERY)
    kept = np.full(len(frame), np.nan)
    with ThreadPoolExecutor(os.process_cpu_count()) as pool:
        kept[list(rows)] = list(pool.map(last_said, rows))
    return kept


def main(
    csv: Annotated[Path, typer.Argument(help="the exported training CSV", exists=True, dir_okay=False)],
    bars: Annotated[list[Path], typer.Argument(help="daily bars of ZL and of other markets", exists=True, dir_okay=False)],
    out: Annotated[Path, typer.Option(help="where the page is written; the figures go beside it, as JSON")],
) -> None:
    """Hold the rules of a range's width against each other, and say which is the rule of record."""
    frame = pd.read_csv(csv, parse_dates=["data_date"], float_precision="round_trip")
    daily = pd.concat([pd.read_parquet(path) for path in bars], ignore_index=True)
    data = training_set(frame, RECORD)
    sha256 = hashlib.sha256(csv.read_bytes()).hexdigest()
    done = study(frame, daily, first_issued(frame, data, RECORD), kept_latest(frame, data, RECORD), sha256)
    out.with_suffix(".json").write_text(json.dumps(asdict(done), indent=1) + "\n")
    out.write_text(page(done))
    typer.echo(f"{done.best} has the least score at {DECIDES} %; the rule of record is {OF_RECORD}. Written: {out}")


_NONE = "none"

# The page ------------------------------------------------------------------------------------------------------------


def page(done: Study) -> str:
    """The figures as Markdown."""
    found = {(line.rule, line.level, line.period): line for line in done.rules}
    old = next(one for one in done.differences if (one.against, one.level) == (ONE_WIDTH, DECIDES))
    first, kept = done.told
    return filled(f"""# Ranges: what they hold, and how their rule was chosen

Generated, not to be edited, from the training CSV with SHA-256 {done.csv_sha256[:16]}... and daily bars, by

```
.venv/bin/python -m zl_assets_tests.studies.ranges CSV BARS... --out docs/evidence/ranges.md
```

The same figures are in [ranges.json](ranges.json). The replay's {done.fits:,} forecasts were made anew, each by a model that had
learnt what was known that day. All rules are held against the same {found[OF_RECORD, DECIDES, WHOLE].rows:,} sessions from
{HELD_FROM} on. An outcome is known {HORIZON} sessions later and neighbouring ones overlap, so every error and interval is
that of a block bootstrap, blocks of {block_rows(MONTH)} rows. Widths and scores are in percent of the close. The interval
score at {DECIDES} % is the width plus {2 / (1 - DECIDES / 100):.0f} times the distance by which an outcome lies outside; lower
is better.

## The choice

Three candidates, which about 35 variants had been tried to find, and among them one choice, made once, by the interval score at
{DECIDES} %: **{OF_RECORD}** is the rule of record. {_choice(done)}
No finding is meant by that: the table of differences below shows whether the three can be told apart.

{_rules_table(done, found)}

Held with its error, width and score at the three levels, {WHOLE}:

{_levels_table(done, found)}

## New beside old, by year, {DECIDES} %

{_years_table(done)}

The score of the rule of record minus that of one width, {DECIDES} %, {WHOLE}: {_percent(old.mean)} points of the close
({100 * INTERVAL:.0f} % interval {_percent(old.low)} to {_percent(old.high)}). Minus that of each other rule, at each level:

{_differences_table(done)}

## The gate

`ranges_hold`, walk-forward from {HELD_FROM} on: within 5 points at 50 and 80 %, within 3 at 95 %.

{_gates_table(done)}

## The size of the move

The logarithm of the volatility over the coming {HORIZON} sessions, forecast by the regression, against its mean as known on each
session; p is the share of circular shifts of the forecast that do as well, the real one counted among them.

{_size_table(done)}

The expected absolute move itself, against the mean of those that had come, {WHOLE}: R2 {100 * done.move_r2:.1f} %. That is less,
because one move is one draw: most of its size is chance even where its volatility is known.

## Other markets

The same rules around a forecast of no change, {DECIDES} %, {WHOLE}: held with its error, then score.

{_markets_table(done)}

{_markets_words(done)}

## Why `zl_1m_latest` is never scored

The table forecasts a session anew each day until its target comes, by models that have learnt from labels that overlap the
session's own by up to {HORIZON - 1} of {HORIZON} sessions. Every third session from row {FIRST_ROW} on, as it was said first,
and as the table would have kept it:

{_told_table(done)}

It is the same model on the same sessions. What lies between a skill of {100 * first.skill:+.1f} and one of
{100 * kept.skill:+.1f} % is what the later models had seen of the outcome: {100 * done.leak.skill:+.1f} points
({100 * INTERVAL:.0f} % interval {100 * done.leak.low:+.1f} to {100 * done.leak.high:+.1f}). What is scored is
`predictions.forecast_record`, which is only ever added to.
""")


def filled(said: str) -> str:
    """Paragraphs of prose in lines as long as those of the other pages."""
    paragraphs = said.split("\n\n")
    kept_as_is = ("|", "#", "```", "- ")
    return "\n\n".join(one if one.startswith(kept_as_is) else textwrap.fill(one, 150) for one in paragraphs) + "\n"


def _choice(done: Study) -> str:
    asked = {line.rule: line for line in done.rules if (line.level, line.period) == (DECIDES, WHOLE)}
    said = ", ".join(f"{rule} {_percent(asked[rule].score)}" for rule in SCALES)
    if done.best == OF_RECORD:
        return f"Its score is the least\n({said})."
    return f"On these rows {done.best} has the least score\n({said}); the choice was made once, and stands."


def _gates_table(done: Study) -> str:
    lines = [(one.rule, one.measured, "green" if one.passed else "**red**") for one in done.gates]
    return _table(("rule", "held at 50 / 80 / 95 %", "gate"), lines)


def _rules_table(done: Study, found: Mapping[tuple[str, int, str], Measured]) -> str:
    periods = [period for period in PERIODS if (OF_RECORD, DECIDES, period) in found]
    head = ("rule", *(f"{period}: held / width" for period in periods), f"score, {WHOLE}")
    lines = []
    for rule in dict.fromkeys(line.rule for line in done.rules):
        of_rule = [found[rule, DECIDES, period] for period in periods]
        held_in = [f"{_percent(one.covered, 1)} / {_percent(one.width, 1)}" for one in of_rule]
        lines.append((rule, *held_in, _percent(found[rule, DECIDES, WHOLE].score)))
    return _table(head, lines)


def _levels_table(done: Study, found: Mapping[tuple[str, int, str], Measured]) -> str:
    head = ("rule", *(f"{level} %: held (error), width, score" for level in LEVELS))
    lines = []
    for rule in dict.fromkeys(line.rule for line in done.rules):
        of_rule = [found[rule, level, WHOLE] for level in LEVELS]
        lines.append((rule, *(f"{_held(one)}, {_percent(one.width, 1)}, {_percent(one.score)}" for one in of_rule)))
    return _table(head, lines)


def _years_table(done: Study) -> str:
    found = {(line.rule, line.period): line for line in done.years}
    head = ("year", "sessions", "held (error)", "width", "score", "one width held (error)", "width", "score")
    lines = []
    for year in dict.fromkeys(line.period for line in done.years):
        new, old = found[OF_RECORD, year], found[ONE_WIDTH, year]
        lines.append((year, f"{new.rows}", *(cell for one in (new, old) for cell in (_held(one), *_cost(one)))))
    return _table(head, lines)


def _differences_table(done: Study) -> str:
    lines = [
        (one.against, f"{one.level} %", _percent(one.mean), f"{_percent(one.low)} to {_percent(one.high)}")
        for one in done.differences
    ]
    return _table(("against", "level", "score of record minus it", f"{100 * INTERVAL:.0f} % interval"), lines)


def _size_table(done: Study) -> str:
    kinds = {"all that can be judged": done.size, WHOLE: done.size_from_2016}
    lines = [(name, f"{one.rows:,}", f"{100 * one.r2:.1f} %", f"{one.p:.4f}") for name, one in kinds.items()]
    return _table(("sessions", "how many", "R2", "p"), lines)


def _markets_table(done: Study) -> str:
    rules = [OF_RECORD, *(name for name in SCALES if name != OF_RECORD), ONE_WIDTH, UNCONDITIONAL]
    lines = []
    for one in done.markets:
        by_rule = {line.rule: line for line in one.rules}
        cells = (f"{_held(by_rule[rule])}, {_percent(by_rule[rule].score)}" for rule in rules)
        lines.append((one.symbol, f"{one.rules[0].rows:,}", *cells))
    return _table(("symbol", "sessions", *rules), lines)


def _markets_words(done: Study) -> str:
    """What of the choice the other markets bear out, and what they do not."""
    saved = {one.symbol: next(d for d in one.differences if d.against == ONE_WIDTH) for one in done.markets}
    near = {
        rule: [one.symbol for one in done.markets for line in one.rules if line.rule == rule and _near(line)]
        for rule in (OF_RECORD, ONE_WIDTH)
    }
    best = {
        one.symbol: min((line for line in one.rules if line.rule in SCALES), key=lambda line: line.score) for one in done.markets
    }
    told = "; ".join(
        f"{symbol} {_percent(one.mean)} ({_percent(one.low)} to {_percent(one.high)})" for symbol, one in saved.items()
    )
    leasts = "; ".join(f"{rule}: {_names([s for s, one in best.items() if one.rule == rule])}" for rule in SCALES)
    lower, clear, worse = (
        _names([symbol for symbol, one in saved.items() if end(one) < 0])
        for end in (lambda one: one.mean, lambda one: one.high, lambda one: -one.low)
    )
    ours, old = (_names(near[rule]) for rule in (OF_RECORD, ONE_WIDTH))
    held_by_old = [100 * line.covered for one in done.markets for line in one.rules if line.rule == ONE_WIDTH]
    return f"""- Within 5 points of {DECIDES} %: the rule of record on {ours}; one width on {old}.
- Score of the rule of record minus that of one width, with its interval: {told}.
- It is the lower one on {lower}; beyond chance it is lower on {clear} and higher on {worse}.
- The candidate with the least score: {leasts}.

{_borne_out(clear, worse, held_by_old, f"{len(near[OF_RECORD])} of {len(done.markets)}")}"""


def _borne_out(clear: str, worse: str, held_by_old: Sequence[float], near: str) -> str:
    if (clear, worse) == (_NONE, _NONE):
        return (
            f"So what the other markets bear out is the coverage, on {near}. By the score none of them tells the rule of record "
            f"from one width, which held {min(held_by_old):.0f} to {max(held_by_old):.0f} % there."
        )
    return f"So the score bears out the choice on {clear}, and speaks against it on {worse}."


def _near(line: Measured) -> bool:
    return abs(line.covered - line.level / 100) <= ROOM[line.level]


def _names(symbols: Sequence[str]) -> str:
    return ", ".join(symbols) or _NONE


def _told_table(done: Study) -> str:
    lines = [
        (
            one.what,
            f"{one.rows:,}",
            f"{100 * one.skill:+.1f} %",
            f"{100 * one.low:+.1f} to {100 * one.high:+.1f} %",
            f"{one.ic:.2f}",
        )
        for one in done.told
    ]
    return _table(("forecasts", "sessions", "skill against no change", f"{100 * INTERVAL:.0f} % interval", "IC"), lines)


def _held(one: Measured) -> str:
    return f"{_percent(one.covered, 1)} ({_percent(one.error, 1)})"


def _cost(one: Measured) -> tuple[str, str]:
    return _percent(one.width, 1), _percent(one.score, 1)


def _percent(fraction: float, digits: int = 2) -> str:
    return f"{100 * fraction:.{digits}f}"


def _table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *lines))


if __name__ == "__main__":
    typer.run(main)
