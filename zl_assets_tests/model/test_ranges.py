"""Bands and volatilities against slow references, and against sight of the future."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from zl_assets.contracts import forecasts
from zl_assets.model.ranges.bands import LEAST_ERRORS, half_widths
from zl_assets.model.ranges.judged import held, held_by_year, interval_score
from zl_assets.model.ranges.size import expected_moves, percentiles, size_skill
from zl_assets.model.ranges.volatility import DECAY, SCALES, WINDOWS, ewma, quarter, realised, regression, returns_of

H = 21

LEVELS = tuple(level / 100 for level in forecasts.LEVELS)


def returns(rows: int, seed: int = 1) -> np.ndarray:
    """Returns whose volatility comes and goes, the first missing."""
    rng = np.random.default_rng(seed)
    sd = 0.015 * np.exp(0.6 * np.sin(np.arange(rows) / 150))
    return np.concatenate([[np.nan], rng.normal(0, sd)[1:]])


def test_the_weights_fall_by_the_decay_and_add_up_to_one() -> None:
    r = returns(400)
    weights = DECAY ** np.arange(399)
    expected = math.sqrt(np.sum(weights * r[1:][::-1] ** 2) / weights.sum())
    assert ewma(r, H)[-1] == pytest.approx(expected, rel=1e-12)
    assert quarter(r, H)[-1] == pytest.approx(math.sqrt(np.mean(r[-63:] ** 2)), rel=1e-12)


def test_the_regression_is_that_of_scipy_on_what_had_ended() -> None:
    r = returns(700)
    row = 650
    past = np.array([[np.log(np.sqrt(np.mean(r[t - w + 1 : t + 1] ** 2))) for w in WINDOWS] for t in range(252, row + 1)])
    came = np.array([np.log(np.sqrt(np.mean(r[t + 1 : t + 1 + H] ** 2))) for t in range(252, row - H + 1)])
    design = np.column_stack([np.ones(len(past)), past])
    found, *_ = np.linalg.lstsq(design[: len(came)], came, rcond=None)
    assert regression(r, H)[row] == pytest.approx(math.exp(design[-1] @ found), rel=1e-9)


def test_what_came_is_the_horizon_after_the_session() -> None:
    r = returns(100)
    assert realised(r, H)[50] == pytest.approx(math.sqrt(np.mean(r[51:72] ** 2)), rel=1e-12)
    assert np.isnan(realised(r, H)[-H:]).all()


@pytest.mark.parametrize("name", SCALES)
def test_a_volatility_that_sees_the_future_is_found(name: str) -> None:
    r = returns(900)
    np.testing.assert_array_equal(SCALES[name](r, H)[:800], SCALES[name](r[:800], H))


def test_gaps_between_contracts_are_no_volatility() -> None:
    close = np.array([50.0, 51.0, 40.0, 40.4])
    index = np.array([100.0, 102.0, 102.0, 103.02])
    np.testing.assert_allclose(returns_of(pd.Series(index), pd.Series(close))[1:], [0.02, 0.0, 0.01])
    unknown = pd.Series([np.nan] * 4)
    np.testing.assert_allclose(returns_of(unknown, pd.Series(close))[1:], [0.02, 40 / 51 - 1, 0.01])


def slow_half_widths(errors: np.ndarray, scale: np.ndarray, horizon: int, level: float) -> np.ndarray:
    found = np.full(len(errors), np.nan)
    for row in range(len(errors)):
        known = np.sort([abs(errors[t]) / scale[t] for t in range(row - horizon + 1) if np.isfinite(errors[t] / scale[t])])
        rank = math.ceil((len(known) + 1) * level)
        if len(known) >= LEAST_ERRORS and rank <= len(known):
            found[row] = known[rank - 1] * scale[row]
    return found


@given(st.integers(0, 2**32 - 1), st.sampled_from(LEVELS), st.integers(0, 40))
def test_a_band_is_made_of_the_errors_that_were_known(seed: int, level: float, missing: int) -> None:
    rng = np.random.default_rng(seed)
    errors, scale = rng.normal(0, 0.08, 320), rng.uniform(0.01, 0.03, 320)
    errors[:missing] = np.nan
    np.testing.assert_array_equal(half_widths(errors, scale, H, level), slow_half_widths(errors, scale, H, level))


def test_bands_hold_what_they_say_where_errors_do_not_overlap() -> None:
    rng = np.random.default_rng(3)
    scale = np.exp(rng.normal(0, 0.5, 6000))
    errors = scale * rng.standard_t(5, 6000)
    for level in LEVELS:
        half = half_widths(errors, scale, 1, level)
        found = held(-half, half, errors, level, 1)
        assert found.covered == pytest.approx(level, abs=3 * found.error)
        assert found.error == pytest.approx(math.sqrt(level * (1 - level) / found.rows), rel=0.1), "independent: the binomial's"


def test_one_width_for_all_times_is_worse_where_volatility_moves() -> None:
    rng = np.random.default_rng(4)
    scale = np.exp(rng.normal(0, 0.6, 4000))
    errors = scale * rng.normal(size=4000)
    own, one = (half_widths(errors, s, 1, 0.8) for s in (scale, np.ones(4000)))
    assert held(-own, own, errors, 0.8, 1).score < held(-one, one, errors, 0.8, 1).score


def test_the_interval_score_is_least_at_the_quantiles() -> None:
    """Gneiting and Raftery 2007: it is proper."""
    draws = np.random.default_rng(5).normal(size=200_000)

    def mean(half: float) -> float:
        return float(interval_score(np.full(len(draws), -half), np.full(len(draws), half), draws, 0.8).mean())

    best = stats.norm.ppf(0.9)
    assert mean(best) < min(mean(best - 0.15), mean(best + 0.15))
    assert interval_score(np.array([1.0]), np.array([3.0]), np.array([3.5]), 0.8)[0] == pytest.approx(2 + 10 * 0.5)


def test_a_year_is_held_to_its_own_sessions() -> None:
    dates = pd.DatetimeIndex(["2020-12-30", "2020-12-31", "2021-01-04", "2021-01-05", "2022-01-03"])
    low, high = np.full(5, -1.0), np.full(5, 1.0)
    came = np.array([0.0, 2.0, 0.5, 0.0, np.nan])
    found = held_by_year(dates, low, high, came, 0.8, 2)
    assert {year: (one.rows, one.covered) for year, one in found.items()} == {2020: (2, 0.5), 2021: (2, 1.0)}
    with pytest.raises(ValueError, match="no session"):
        held(low[4:], high[4:], came[4:], 0.8, 1)


def test_the_expected_move_uses_the_moves_that_had_come() -> None:
    r = returns(900)
    index = np.cumprod(1 + np.nan_to_num(r))
    moves = np.concatenate([index[H:] / index[:-H] - 1, np.full(H, np.nan)])
    found, row = expected_moves(r, moves, H), 800
    scale = regression(r, H)
    ratios = np.abs(moves[: row - H + 1]) / scale[: row - H + 1]
    assert found[row] == pytest.approx(scale[row] * np.nanmean(ratios), rel=1e-9)
    np.testing.assert_array_equal(
        expected_moves(r[:801], np.where(np.arange(801) <= 800 - H, moves[:801], np.nan), H), found[:801]
    )


def test_the_size_of_the_move_is_found_where_there_is_something_to_find_and_only_there() -> None:
    assert size_skill(returns(3000), H).r2 > 0.3
    assert size_skill(returns(3000), H).p <= 0.01
    noise = np.concatenate([[np.nan], np.random.default_rng(6).normal(0, 0.015, 2999)])
    assert size_skill(noise, H).r2 < 0.1
    assert size_skill(noise, H).p > 0.01


def test_a_percentile_counts_the_sessions_before_alone() -> None:
    found = percentiles(np.array([np.nan, 1.0, 2.0, np.nan, 3.0, 2.5, 2.5]))
    np.testing.assert_allclose(found, [np.nan, np.nan, 1, np.nan, 1, 2 / 3, 2 / 4])
