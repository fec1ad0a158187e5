"""The verdicts on ranges, live forecasts and their inputs: red for the right reason, and silent where there is too little."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from zl_assets.contracts.forecasts import LEVELS
from zl_assets.domain.rolls import rolls
from zl_assets.model.fit.design import BASE_COLUMNS, BASE_INPUTS, Input
from zl_assets.model.ranges.bands import half_widths
from zl_assets.model.ranges.volatility import ewma, returns_of
from zl_assets.model.replay.verdicts import (
    LEAST_HORIZONS,
    bands_held,
    inputs_known,
    live_coverage,
    live_error_usual,
    live_rows,
    live_skill,
    outcomes,
    ranges_hold,
)
from zl_assets.warehouse.verdict import Verdict
from zl_assets_tests.conftest import shared_data
from zl_assets_tests.model.views import random_walk_view
from zl_assets_tests.support.contracts import HORIZON, MONTH, ZL

LEAST = LEAST_HORIZONS * HORIZON

type Frames = tuple[pd.DataFrame, pd.DataFrame]


def frames(dates: pd.Series, close: pd.Series, returns: np.ndarray, *, one_width: bool) -> Frames:
    """Replay and view of forecasts of no change, with the bands of record or with one width for all times."""
    came = (close.shift(-HORIZON) / close - 1).to_numpy("float64")
    scale = ewma(returns, HORIZON)
    rows = pd.DataFrame({"data_date": dates, "close": close, "predicted_return": 0.0, "volatility": scale})
    for level in LEVELS:
        half = half_widths(came, np.ones(len(rows)) if one_width else scale, HORIZON, level / 100)
        rows[f"low_{level}_close"], rows[f"high_{level}_close"] = close * (1 - half), close * (1 + half)
    return rows, pd.DataFrame({"data_date": dates, "close": close, "target_1m": came})


def regimes(*, one_width: bool, sessions: int = 3500, seed: int = 14) -> Frames:
    """Returns whose volatility comes and goes over years, and more than doubles from the first session to the last.

    The seed is one whose outcomes are as usual as they come: a coverage over ten years of overlapping outcomes has an error of
    three points, so bands that hold are more than five away by chance now and then.
    """
    at = np.arange(sessions)
    sd = 0.01 * np.exp(at / sessions + 0.35 * np.sin(at / 250))
    returns = np.random.default_rng(seed).normal(0, sd)
    close = pd.Series(40 * np.cumprod(1 + returns))
    return frames(pd.Series(pd.bdate_range(end="2025-11-14", periods=sessions)), close, returns, one_width=one_width)


def test_bands_that_follow_the_volatility_hold_and_one_width_turns_the_gate_red() -> None:
    green, red = ranges_hold(*regimes(one_width=False), MONTH), ranges_hold(*regimes(one_width=True), MONTH)
    assert green.passed, str(green)
    assert not red.passed
    assert "80 %" in set(red.offenders["level"])
    assert "where 80 % is said" in red.explanation


def test_on_the_real_bars_one_width_turns_the_gate_red() -> None:
    """With a forecast of no change, which needs no fit: what is asked is the width."""
    bars = pd.read_parquet(shared_data("databento_futures_ohlcv_1d.parquet"))
    bars = bars[bars["symbol"].eq("ZL")].assign(date=lambda rows: pd.to_datetime(rows["date"]))
    bars = bars[bars["date"].dt.dayofweek < 5].sort_values("date", ignore_index=True)
    returns = returns_of(rolls(bars, bars["open"])["roll_index"], bars["close"])
    green, red = (ranges_hold(*frames(bars["date"], bars["close"], returns, one_width=old), MONTH) for old in (False, True))
    assert green.passed, str(green)
    assert not red.passed, str(red)
    assert green.measured == "49.3 / 79.4 / 94.9 %"
    assert red.measured == "43.3 / 72.1 / 90.2 %"


def test_what_was_held_is_counted_over_sessions_with_a_band_and_an_outcome_from_2016_on() -> None:
    replay, view = regimes(one_width=False)
    found = bands_held(replay, view, MONTH)
    inside, counted = 0, 0
    for row in replay.merge(view[["data_date", "target_1m"]], on="data_date").itertuples():
        came = row.close * (1 + row.target_1m)
        if row.data_date >= pd.Timestamp("2016-01-01") and np.isfinite(came) and np.isfinite(row.low_80_close):
            counted += 1
            inside += row.low_80_close <= came <= row.high_80_close
    assert found[80].rows == counted
    assert found[80].covered == pytest.approx(inside / counted, abs=1e-12)
    assert found[50].width < found[80].width < found[95].width


@pytest.mark.parametrize(
    ("level", "moved", "passed"),
    [(80, 0.049, True), (80, 0.051, False), (50, -0.049, True), (50, -0.051, False), (95, -0.029, True), (95, -0.031, False)],
)
def test_the_room_of_each_level_is_its_own(level: int, moved: float, passed: bool) -> None:
    """1,000 sessions whose bands are put so that an exact share of the outcomes is inside."""
    rows = 1000
    dates = pd.Series(pd.bdate_range("2018-01-01", periods=rows))
    replay = pd.DataFrame({"data_date": dates, "close": 50.0, "predicted_return": 0.0, "volatility": 0.01})
    view = pd.DataFrame({"data_date": dates, "target_1m": 0.0})
    for each in LEVELS:
        share = each / 100 + (moved if each == level else 0)
        # Spread over the years, so that the share is known well.
        outside = np.random.default_rng(each).permutation(rows) >= round(share * rows)
        replay[f"low_{each}_close"], replay[f"high_{each}_close"] = np.where(outside, 51.0, 49.0), 52.0
    found = ranges_hold(replay, view, MONTH)
    assert found.passed == passed
    assert list(found.offenders.get("level", [])) == ([] if passed else [f"{level} %"])


@pytest.mark.parametrize(("moved", "passed"), [(0.06, True), (0.3, False)])
def test_a_share_that_few_outcomes_tell_badly_is_not_red_by_chance(moved: float, passed: bool) -> None:
    """All that lies outside lies in one stretch of 1,000 sessions: the error of the share is 12 points."""
    dates = pd.Series(pd.bdate_range("2018-01-01", periods=1000))
    replay = pd.DataFrame({"data_date": dates, "close": 50.0, "predicted_return": 0.0, "volatility": 0.01})
    for each in LEVELS:
        outside = np.arange(1000) >= 1000 * (each / 100 - (moved if each == 50 else 0))
        replay[f"low_{each}_close"], replay[f"high_{each}_close"] = np.where(outside, 51.0, 49.0), 52.0
    found = ranges_hold(replay, pd.DataFrame({"data_date": dates, "target_1m": 0.0}), MONTH)
    assert found.passed == passed
    assert "1.645 standard errors" in found.bound


@pytest.mark.parametrize("sessions", [200, 251 + 2 * HORIZON + LEAST - 1])
def test_too_short_a_history_is_said_and_not_judged(sessions: int) -> None:
    replay, view = regimes(one_width=True, sessions=sessions)
    found = ranges_hold(replay, view, MONTH)
    assert found.passed
    assert f"have a band and an outcome; {LEAST} are needed" in found.explanation
    assert found.measured == int((replay["low_80_close"].notna() & view["target_1m"].notna()).sum())


def test_the_first_history_that_is_long_enough_is_judged() -> None:
    found = ranges_hold(*regimes(one_width=True, sessions=251 + 2 * HORIZON + LEAST), MONTH)
    assert not found.passed
    assert f"the bands of {LEAST} sessions held" in found.explanation


# Live forecasts ------------------------------------------------------------------------------------------------------


def score_of(replay: pd.DataFrame, view: pd.DataFrame) -> pd.DataFrame:
    """What the score holds where each of the replay's forecasts was recorded on its day."""
    rows = outcomes(replay, view, MONTH)
    rows = rows[rows["came"].notna() & rows["low_95_close"].notna()].reset_index(drop=True)
    rows = rows.assign(back_dated=False, came_return=rows["came"], error=rows["came"] - rows["predicted_return"])
    came = rows["close"] * (1 + rows["came"])
    for level in LEVELS:
        rows[f"inside_{level}"] = came.between(rows[f"low_{level}_close"], rows[f"high_{level}_close"]).astype("boolean")
    return rows


def judged(score: pd.DataFrame, replay: pd.DataFrame, view: pd.DataFrame) -> dict[str, Verdict]:
    """Every verdict on live forecasts, by name."""
    found = [*(live_coverage(score, level, MONTH) for level in LEVELS), live_skill(score, MONTH)]
    found.append(live_error_usual(score, replay, view, MONTH))
    return {one.name: one for one in found}


@pytest.fixture(scope="module")
def sound() -> Frames:
    return regimes(one_width=False)


@pytest.fixture(scope="module")
def score(sound: Frames) -> pd.DataFrame:
    return score_of(*sound)


def test_sound_live_forecasts_are_green(score: pd.DataFrame, sound: Frames) -> None:
    found = judged(score.tail(500), *sound)
    assert {name: str(one) for name, one in found.items() if not one.passed} == {}
    assert set(found) == {"live_coverage_50", "live_coverage_80", "live_coverage_95", "live_skill", "live_error_usual"}
    assert "Of 500 live forecasts that came due" in found["live_coverage_80"].explanation


def test_an_empty_score_says_that_nothing_has_come_due(score: pd.DataFrame, sound: Frames) -> None:
    for one in judged(score.iloc[:0], *sound).values():
        assert one.passed
        assert one.explanation == "Nothing has come due yet."


def test_below_ten_horizons_nothing_is_judged_however_bad_it_is(score: pd.DataFrame, sound: Frames) -> None:
    bad = score.assign(inside_50=False, inside_80=False, inside_95=False, error=1.0)
    for one in judged(bad.tail(LEAST - 1), *sound).values():
        assert one.passed
        assert one.measured == LEAST - 1
        assert f"{LEAST - 1} live forecasts have come due; below {LEAST}, ten horizons, nothing is judged." in one.explanation
    assert not any(one.passed for one in judged(bad.tail(LEAST), *sound).values())


def test_forecasts_that_were_recorded_later_are_no_live_ones(score: pd.DataFrame, sound: Frames) -> None:
    """The worst of them change no figure, and do not count towards the ten horizons."""
    newest = score.tail(LEAST)
    late = score.iloc[-2 * LEAST : -LEAST].assign(back_dated=True, inside_50=False, inside_80=False, inside_95=False, error=1.0)
    both = pd.concat([late, newest], ignore_index=True)
    assert len(live_rows(both)) == LEAST
    alone = judged(newest, *sound)
    assert {name: str(one) for name, one in judged(both, *sound).items()} == {name: str(one) for name, one in alone.items()}
    assert all(one.explanation == "Nothing has come due yet." for one in judged(late, *sound).values())


@pytest.mark.parametrize("level", LEVELS)
def test_bands_that_hold_too_little_are_named_with_the_share_that_they_held(level: int, score: pd.DataFrame) -> None:
    outside = np.arange(600) % 5 < 3
    found = live_coverage(score.tail(600).assign(**{f"inside_{level}": ~outside}), level, MONTH)
    assert found.measured == "40.0 %"
    assert found.passed == (level == 50), str(found)


def test_bands_that_are_too_wide_are_named_as_well(score: pd.DataFrame) -> None:
    assert not live_coverage(score.tail(600).assign(inside_50=True), 50, MONTH).passed
    assert not live_coverage(score.tail(1200).assign(inside_80=True), 80, MONTH).passed


def test_ten_horizons_all_inside_the_95_percent_band_are_nothing_to_warn_of(score: pd.DataFrame) -> None:
    """Of ten independent outcomes all are inside in 60 % of cases; a bootstrap of them alone would know no error."""
    found = live_coverage(score.tail(LEAST).assign(inside_95=True), 95, MONTH)
    assert found.passed
    assert found.measured == "100.0 %"


def test_forecasts_without_a_band_are_left_out_of_its_coverage(score: pd.DataFrame) -> None:
    bare = score.tail(400).assign(inside_80=pd.array([pd.NA] * 250 + [True] * 150, dtype="boolean"))
    assert live_coverage(bare, 80, MONTH).measured == 150, "too few with a band"
    assert live_coverage(bare, 95, MONTH).explanation.startswith("Of 400 ")


def slow_interval(numerator: np.ndarray, denominator: np.ndarray) -> tuple[float, float]:
    """Blocks of 63 rows, one at a time, with draws of another generator."""
    rows, draws = len(numerator), []
    random = np.random.RandomState(5)
    for _ in range(1000):
        taken: list[int] = []
        while len(taken) < rows:
            start = random.randint(rows)
            taken += [(start + k) % rows for k in range(63)]
        drawn = taken[:rows]
        draws.append(numerator[drawn].sum() / denominator[drawn].sum())
    low, high = np.quantile(draws, [0.05, 0.95])
    return float(low), float(high)


def numbers_of(said: str) -> list[float]:
    return [float(word.strip("(%):")) for word in said.split() if word.strip("(%):").replace(".", "").lstrip("-").isdigit()]


def test_the_skill_and_its_interval_are_those_of_a_slow_block_bootstrap(score: pd.DataFrame) -> None:
    noise = 0.05 * np.random.default_rng(2).normal(size=800)
    rows = score.tail(800)
    rows = rows.assign(error=rows["came_return"].to_numpy() - noise)
    found = live_skill(rows, MONTH)
    errors, zero = rows["error"].to_numpy() ** 2, rows["came_return"].to_numpy() ** 2
    low, high = slow_interval(errors, zero)
    count, skill, least, most, _ = numbers_of(found.explanation)
    assert count == 800
    assert skill == pytest.approx(100 * (1 - errors.sum() / zero.sum()), abs=0.06)
    assert least == pytest.approx(100 * (1 - high), abs=2)
    assert most == pytest.approx(100 * (1 - low), abs=2)
    assert not found.passed, "noise of five percent a month is worse than nothing, beyond chance"


def test_a_skill_that_may_be_chance_is_not_warned_of(score: pd.DataFrame) -> None:
    """A forecast of one per cent up or down, by turns of 63 sessions: a little worse than nothing, and within its interval."""
    up = np.where(np.arange(400) // 63 % 2, 0.01, -0.01)
    rows = score.tail(400)
    found = live_skill(rows.assign(error=rows["came_return"].to_numpy() - up), MONTH)
    _, skill, least, most, _ = numbers_of(found.explanation)
    assert found.passed
    assert least < skill < 0 < most


def test_forecasts_that_know_something_are_not_warned_of(score: pd.DataFrame) -> None:
    found = live_skill(score.tail(400).assign(error=score.tail(400)["came_return"] * 0.9), MONTH)
    assert found.passed
    assert found.measured == "19.0 %"


def test_a_live_error_that_the_walk_forward_never_had_is_named(score: pd.DataFrame, sound: Frames) -> None:
    """What was said live was not what the replay says: its own error is judged, not the replay's of the same sessions."""
    worse = score.tail(400).assign(error=lambda rows: rows["error"] * 2)
    found = live_error_usual(worse, *sound, MONTH)
    assert not found.passed
    assert not live_error_usual(score.tail(400).assign(error=0.0), *sound, MONTH).passed, "too good to be usual"


def test_the_newest_ten_horizons_are_held_against_as_many_sessions_before_them(score: pd.DataFrame, sound: Frames) -> None:
    replay, view = sound
    found = live_error_usual(score.tail(400), replay, view, MONTH)
    rows = outcomes(replay, view, MONTH)
    errors = ((rows["came"] - rows["predicted_return"]) / rows["volatility"]) ** 2
    last = int(np.flatnonzero(np.isfinite(errors))[-1])
    ours = errors[last - LEAST + 1 : last + 1].mean()
    first = int(np.flatnonzero(np.isfinite(errors))[0])
    means = [errors[t : t + LEAST].mean() for t in range(first, last - 2 * LEAST + 2)]
    low, high = np.quantile(means, [0.05, 0.95])
    assert numbers_of(found.explanation.replace(";", "").rstrip(".")) == [LEAST, round(ours, 1), round(low, 1), round(high, 1)]
    assert "mean squared error of the newest 210 live forecasts" in found.explanation
    old = score.tail(400).assign(error=lambda rows: rows["error"].where(rows.index >= rows.index[-LEAST], 5.0))
    assert str(live_error_usual(old, replay, view, MONTH)) == str(found), "older ones are not asked"


def test_too_little_before_the_live_forecasts_is_said(score: pd.DataFrame, sound: Frames) -> None:
    replay, view = sound
    late = replay["data_date"].ge(score["data_date"].iloc[-3 * LEAST])
    found = live_error_usual(score.tail(LEAST), replay[late], view, MONTH)
    assert found.passed
    assert "sessions before the 210 that are judged; below 840 nothing is" in found.explanation


# Inputs --------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def view() -> pd.DataFrame:
    """The sessions that are forecast have the inputs of one that was learnt."""
    made = random_walk_view(1300)
    columns = list(BASE_COLUMNS)
    made.loc[made.index[-HORIZON:], columns] = made.loc[300, columns].to_numpy()
    return made


# The newest session of that view whose target is known.
TRAINED = dt.date(2025, 12, 2)


def test_inputs_outside_of_what_was_learnt_are_named_with_their_range(view: pd.DataFrame) -> None:
    moved = view.assign(rsi_14=view["rsi_14"].where(view.index < len(view) - 2, 99.0))
    moved.loc[len(view) - 5, "volatility_21d"] = 0.0
    found = inputs_known(moved, "target_1m", TRAINED, BASE_INPUTS, ZL)
    assert not found.passed
    assert found.measured == 2
    by = found.offenders.set_index("input")
    learnt = view["rsi_14"].iloc[:-HORIZON]
    assert by.loc["rsi_14", "sessions"] == 2
    assert by.loc["rsi_14", "newest"] == 99.0
    assert by.loc["rsi_14", "trained_on"] == f"{learnt.min():.4g} to {learnt.max():.4g}"
    assert by.loc["volatility_21d", "sessions"] == 1
    assert "Of 8 inputs 2 are outside of it on the 21 sessions that are forecast" in found.explanation


def test_what_came_after_the_training_is_not_what_was_learnt(view: pd.DataFrame) -> None:
    """An extreme that the model never saw is no part of its range, although its target is known by now."""
    trained = view["data_date"].iloc[-60].date()
    jump = view.assign(return_1d=view["return_1d"].where(~view.index.isin([len(view) - 40, len(view) - 1]), 0.5))
    assert list(inputs_known(jump, "target_1m", trained, BASE_INPUTS, ZL).offenders["input"]) == ["return_1d"]
    assert inputs_known(jump, "target_1m", TRAINED, BASE_INPUTS, ZL).passed


def test_known_inputs_and_an_input_that_may_miss_are_green(view: pd.DataFrame) -> None:
    may_miss = Input("soy", "soy", ("soy",), lambda rows: rows["soy"], may_miss=True)
    inputs = (*BASE_INPUTS, may_miss)
    soy = np.linspace(0, 1, len(view))
    missing = view.assign(soy=np.where(np.arange(len(view)) < len(view) - 21, soy, np.nan))
    assert inputs_known(missing, "target_1m", TRAINED, inputs, ZL).passed
    found = inputs_known(view.assign(soy=soy), "target_1m", TRAINED, inputs, ZL)
    assert list(found.offenders["input"]) == ["soy"], "by family's input as well"
    # One that the model was trained without: 1,133 labelled rows have a value, and the newest lies outside of theirs.
    seldom = np.where(np.arange(len(view)) >= len(view) - HORIZON - 1133, soy, np.nan)
    without = inputs_known(view.assign(soy=seldom), "target_1m", TRAINED, inputs, ZL)
    assert without.passed
    assert without.explanation.startswith("Of 8 inputs 0")
