"""The study of ranges: its figures against the measures of the product and slow references, and the page that is committed."""

import itertools
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from zl_assets.contracts.forecasts import LEVELS
from zl_assets.model.fit.boosting import fit_booster, forecast
from zl_assets.model.fit.design import BASE_INPUTS, design_matrix
from zl_assets.model.ranges.bands import half_widths
from zl_assets.model.ranges.judged import held
from zl_assets.model.ranges.size import SizeSkill
from zl_assets.model.ranges.volatility import SCALES, ewma, regression
from zl_assets.model.replay.rows import SCALE
from zl_assets.model.replay.walk import FIRST_ROW
from zl_assets_tests.model.record import RECORD, training_set
from zl_assets_tests.model.views import random_walk_view, view_of
from zl_assets_tests.studies import ranges
from zl_assets_tests.studies.ranges import DECIDES, OF_RECORD, ONE_WIDTH, UNCONDITIONAL, WHOLE, Study
from zl_assets_tests.support.contracts import HORIZON

SESSIONS = 1150
RULES = [*SCALES, ONE_WIDTH, UNCONDITIONAL]


def daily(symbol: str, seed: int) -> pd.DataFrame:
    """Bars of every weekday, and a stub of each Sunday that no rule may see."""
    dates = pd.bdate_range(end="2022-06-30", periods=SESSIONS)
    sd = 0.012 * np.exp(0.5 * np.sin(np.arange(SESSIONS) / 120))
    close = 40 * np.cumprod(1 + np.random.default_rng(seed).normal(0, sd))
    bars = pd.DataFrame({"date": dates, "symbol": symbol, "open": close, "close": close, "instrument_id": 1})
    sundays = bars[bars["date"].dt.dayofweek.eq(0)].assign(date=lambda rows: rows["date"] - pd.Timedelta(1, "D"), close=1.0)
    return pd.concat([bars, sundays], ignore_index=True)


@pytest.fixture(scope="module")
def bars() -> pd.DataFrame:
    return pd.concat([daily("ZL", 1), daily("ZS", 2)], ignore_index=True)


@pytest.fixture(scope="module")
def view(bars: pd.DataFrame) -> pd.DataFrame:
    own = ranges.weekdays(bars, "ZL")
    return view_of(own["date"], own["close"])


@pytest.fixture(scope="module")
def predicted(view: pd.DataFrame) -> np.ndarray:
    """A little noise, from row 300 on."""
    said = np.random.default_rng(5).normal(0, 0.01, len(view))
    return np.where(np.arange(len(view)) >= 300, said, np.nan)


@pytest.fixture(scope="module")
def kept(view: pd.DataFrame, predicted: np.ndarray) -> np.ndarray:
    """A tenth of the outcome is known, on one row in three."""
    some = np.arange(len(view)) % 3 == 0
    return np.where(some, predicted + 0.1 * view["target_1m"].to_numpy(), np.nan)


@pytest.fixture(scope="module")
def done(view: pd.DataFrame, bars: pd.DataFrame, predicted: np.ndarray, kept: np.ndarray) -> Study:
    return ranges.study(view, bars, predicted, kept, "a" * 64)


def test_every_rule_is_held_against_the_same_sessions(done: Study) -> None:
    periods = {"2016 to 2022", WHOLE}
    assert [line.rule for line in done.rules if (line.level, line.period) == (DECIDES, WHOLE)] == RULES
    assert {(line.rule, line.level, line.period) for line in done.rules} == {
        (r, v, p) for r in RULES for v in LEVELS for p in periods
    }
    assert len({line.rows for line in done.rules}) == 1
    assert sum(line.rows for line in done.years if line.rule == OF_RECORD) == done.rules[0].rows


def test_the_figures_of_the_rule_of_record_are_those_of_its_own_bands(
    done: Study, view: pd.DataFrame, bars: pd.DataFrame, predicted: np.ndarray
) -> None:
    own = ranges.weekdays(bars, "ZL")
    returns = own["close"].pct_change().to_numpy()
    came = view["target_1m"].to_numpy()
    # The view begins where its longest average does.
    scale = ewma(returns, HORIZON)[-len(view) :]
    # Of all rules the regression knows its first forecast last.
    late = regression(returns, HORIZON)[-len(view) :]
    asked = np.isfinite(half_widths(came - predicted, late, HORIZON, 0.5) + came)
    for level in LEVELS:
        half = half_widths(came - predicted, scale, HORIZON, level / 100)
        expected = held((predicted - half)[asked], (predicted + half)[asked], came[asked], level / 100, 63)
        [line] = [one for one in done.rules if (one.rule, one.level, one.period) == (OF_RECORD, level, WHOLE)]
        found = {name: getattr(line, name) for name in ("rows", "covered", "error", "width", "score")}
        assert found == {name: pytest.approx(getattr(expected, name), rel=1e-9) for name in found}


def test_a_difference_of_scores_is_that_of_the_means(done: Study) -> None:
    scores = {(line.rule, line.level): line.score for line in done.rules if line.period == WHOLE}
    for one in done.differences:
        assert one.mean == pytest.approx(scores[OF_RECORD, one.level] - scores[one.against, one.level], abs=1e-12)
        assert one.low < one.mean < one.high
    assert len(done.differences) == len(LEVELS) * (len(RULES) - 1)


def test_the_candidate_with_the_least_score_is_named_and_the_others_are_no_candidates(done: Study) -> None:
    scores = {line.rule: line.score for line in done.rules if (line.level, line.period) == (DECIDES, WHOLE)}
    assert done.best == min(SCALES, key=lambda rule: scores[rule])


def test_other_markets_are_held_against_no_change(done: Study, bars: pd.DataFrame) -> None:
    [market] = done.markets
    assert market.symbol == "ZS"
    close = ranges.weekdays(bars, "ZS")["close"].to_numpy()
    came = np.concatenate([close[HORIZON:] / close[:-HORIZON] - 1, np.full(HORIZON, np.nan)])
    half = half_widths(came, ewma(pd.Series(close).pct_change().to_numpy(), HORIZON), HORIZON, 0.8)
    late = half_widths(came, regression(pd.Series(close).pct_change().to_numpy(), HORIZON), HORIZON, 0.5)
    both = np.isfinite(late + came)
    expected = held(-half[both], half[both], came[both], 0.8, 63)
    [line] = [one for one in market.rules if one.rule == OF_RECORD]
    assert (line.rows, line.covered, line.score) == (expected.rows, expected.covered, pytest.approx(expected.score, rel=1e-9))


def test_what_was_kept_is_held_against_what_was_said_on_the_same_rows(
    done: Study, view: pd.DataFrame, predicted: np.ndarray, kept: np.ndarray
) -> None:
    first, later = done.told
    both = np.isfinite(kept) & np.isfinite(predicted) & view["target_1m"].notna().to_numpy()
    came = view["target_1m"].to_numpy()[both]
    assert first.rows == later.rows == both.sum()
    assert first.skill == pytest.approx(1 - np.mean((came - predicted[both]) ** 2) / np.mean(came**2), abs=1e-12)
    assert later.skill == pytest.approx(1 - np.mean((came - kept[both]) ** 2) / np.mean(came**2), abs=1e-12)
    assert later.ic == pytest.approx(pd.Series(kept[both]).corr(pd.Series(came)), abs=1e-12)
    assert first.low < first.skill < first.high < later.high
    assert done.leak.skill == pytest.approx(later.skill - first.skill, abs=1e-12)
    assert 0 < done.leak.low < done.leak.skill < done.leak.high


def test_what_latest_keeps_is_the_forecast_of_the_last_day_before_the_target() -> None:
    frame = random_walk_view(FIRST_ROW + 100)
    data = training_set(frame, RECORD)
    kept = ranges.kept_latest(frame, data, RECORD)
    rows = np.flatnonzero(np.isfinite(kept))
    assert list(rows) == list(range(FIRST_ROW, len(frame) - HORIZON, 3))
    # On that day the close of 20 sessions later is the newest: the targets of all rows before the row are known.
    row = int(rows[-1])
    then = frame.iloc[: row + HORIZON]
    then = then.assign(target_1m=then["target_1m"].where(np.arange(len(then)) < len(then) - HORIZON))
    known = training_set(then, RECORD)
    assert len(known.target) == row
    booster = fit_booster(known.features, known.target, known.weights, RECORD)
    assert kept[row] == forecast(booster, design_matrix(then, BASE_INPUTS).iloc[[row]])[0]


def test_the_page_says_each_table_and_the_choice(done: Study) -> None:
    said = ranges.page(done)
    for heading in ("The choice", "New beside old", "The gate", "The size of the move", "Other markets", "never scored"):
        assert re.search(f"^## .*{heading}", said, re.MULTILINE), heading
    for rule in RULES:
        assert f"| {rule} |" in said
    assert "nan" not in said
    assert max(len(line) for line in said.splitlines() if not line.startswith(("|", "-"))) <= 150
    assert all(len(line.split("|")) == len(before.split("|")) for before, line in adjacent_rows(said))


def adjacent_rows(said: str) -> list[tuple[str, str]]:
    lines = said.splitlines()
    return [(before, line) for before, line in itertools.pairwise(lines) if before.startswith("|") and line.startswith("|")]


COMMITTED = Path(__file__).parents[2] / "docs" / "evidence" / "ranges.json"


def as_written() -> Study:
    """The figures of the committed file."""
    found = json.loads(COMMITTED.read_text())
    lists = {"rules": ranges.Measured, "years": ranges.Measured, "differences": ranges.Difference, "gates": ranges.Gate}
    found |= {name: tuple(kind(**one) for one in found[name]) for name, kind in (lists | {"told": ranges.Told}).items()}
    found |= {name: SizeSkill(**found[name]) for name in ("size", "size_from_2016")} | {"leak": ranges.Leak(**found["leak"])}
    found["markets"] = tuple(
        ranges.Market(
            one["symbol"],
            tuple(ranges.Measured(**line) for line in one["rules"]),
            tuple(ranges.Difference(**line) for line in one["differences"]),
        )
        for one in found["markets"]
    )
    return Study(**found)


def test_the_committed_page_is_of_the_committed_figures() -> None:
    assert COMMITTED.with_suffix(".md").read_text() == ranges.page(as_written())


def test_the_committed_choice_is_the_rule_of_record_and_the_old_rule_is_red() -> None:
    written = json.loads(COMMITTED.read_text())
    assert SCALES[written["best"]] is SCALE
    assert {one["rule"]: one["passed"] for one in written["gates"]} == {
        rule: rule not in (ONE_WIDTH, UNCONDITIONAL) for rule in RULES
    }
    new, old = (
        [one for one in written["rules"] if (one["rule"], one["period"]) == (rule, WHOLE)] for rule in (OF_RECORD, ONE_WIDTH)
    )
    assert all(better["score"] < worse["score"] for better, worse in zip(new, old, strict=True))
    assert min(one["p"] for one in (written["size"], written["size_from_2016"])) <= 0.01
    first, kept = written["told"]
    assert first["skill"] < 0 < kept["skill"]
    assert written["leak"]["low"] > 0
    # A figure a rule; the vendor's rows are licensed.
    assert COMMITTED.stat().st_size < 60_000
