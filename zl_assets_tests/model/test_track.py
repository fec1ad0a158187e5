"""What ranges held is measured on sessions whose outcome came, by bands that knew nothing of it, on the same for each rule."""

import math

import numpy as np
import pandas as pd
import pytest

from zl_assets.model.ranges.bands import LEAST_ERRORS, past_quantiles
from zl_assets.model.report.track import OF_RECORD, ONE_WIDTH, PAST_OUTCOMES, RULES, Track, track_of
from zl_assets_tests.model.replays import NO_REPLAY
from zl_assets_tests.model.views import HORIZON
from zl_assets_tests.support.contracts import MONTH

DATES = pd.DatetimeIndex(["2015-12-30", "2015-12-31", "2016-01-04", "2016-01-05", "2017-01-03"])
CAME = np.array([0.0, 0.3, 0.05, 0.3, -0.1])


def by_hand() -> Track:
    """A band of record of 0.2 either way, and one of 0.1."""
    halves = {OF_RECORD: 0.2, ONE_WIDTH: 0.1, PAST_OUTCOMES: 0.2}
    bands = {(rule, 80): (np.full(5, -half), np.full(5, half)) for rule, half in halves.items()}
    return Track(DATES, CAME, bands, block=1)


def test_shares_and_scores_by_hand_from_2016_on() -> None:
    track = by_hand()
    wide, narrow = track.totals[OF_RECORD, 80], track.totals[ONE_WIDTH, 80]
    assert track.judged == wide.rows == 3
    assert wide.covered == narrow.covered == pytest.approx(2 / 3), "the end belongs to the band"
    # Width 0.4 and ten times 0.1 outside in one of three; width 0.2 and ten times 0.2.
    assert wide.score == pytest.approx(0.4 + 10 * 0.1 / 3)
    assert narrow.score == pytest.approx(0.2 + 10 * 0.2 / 3)
    assert {year: (one.rows, one.covered) for year, one in track.years[OF_RECORD, 80].items()} == {
        2016: (2, 0.5),
        2017: (1, 1.0),
    }
    assert track.saved[PAST_OUTCOMES] == (0, 0, 0)
    saved, low, high = track.saved[ONE_WIDTH]
    assert saved == pytest.approx(narrow.score - wide.score)
    # Of three sessions drawn none to two are the one outside, in 26 of 27 draws.
    assert (low, high) == (pytest.approx(-0.2), pytest.approx(-0.2 + 2 / 3))


def test_the_trailing_share_waits_for_a_year_and_counts_the_last_one() -> None:
    rows = 600
    inside = np.random.default_rng(1).random(rows) < 0.8
    dates = pd.bdate_range("2016-01-01", periods=rows)
    track = Track(dates, np.where(inside, 0.0, 1.0), {(OF_RECORD, 80): (np.full(rows, -0.5), np.full(rows, 0.5))}, 63)
    found = track.trailing(OF_RECORD, 80)
    assert list(found.index) == list(dates[251:])
    np.testing.assert_allclose(found, [inside[row - 251 : row + 1].mean() for row in range(251, rows)])


def test_bands_of_past_outcomes_are_their_quantiles_and_see_no_future() -> None:
    came = np.random.default_rng(2).normal(size=320)
    came[-HORIZON:] = np.nan
    low, high = past_quantiles(came, HORIZON, 0.8)
    first = LEAST_ERRORS + HORIZON - 1
    assert np.isnan(low[:first]).all()
    for row in range(first, 320):
        ended = came[: row - HORIZON + 1]
        assert low[row] == pytest.approx(np.quantile(ended[np.isfinite(ended)], 0.1), rel=1e-12)
        assert high[row] == pytest.approx(np.quantile(ended[np.isfinite(ended)], 0.9), rel=1e-12)
    np.testing.assert_array_equal(past_quantiles(came[:300], HORIZON, 0.8)[0], low[:300])


def test_every_rule_is_tried_on_the_same_sessions(walk: pd.DataFrame, walk_replay: pd.DataFrame) -> None:
    track = track_of(walk_replay, walk, MONTH)
    banded = walk_replay["low_80_close"].notna() & (np.arange(len(walk_replay)) < len(walk_replay) - HORIZON)
    assert list(track.dates) == list(walk_replay.loc[banded, "data_date"])
    view = walk.set_index("data_date").loc[track.dates]
    np.testing.assert_array_equal(track.came, view["target_1m"])
    assert set(track.bands) == {(rule, level) for rule in RULES for level in (50, 80, 95)}
    assert all(len(end) == len(track.dates) for pair in track.bands.values() for end in pair)
    # The rule of record's are the table's; one width is the same on neighbouring days but for the forecast.
    kept = walk_replay.loc[banded]
    np.testing.assert_array_equal(track.bands[OF_RECORD, 95][1], kept["high_95_close"] / kept["close"] - 1)
    low, high = track.bands[ONE_WIDTH, 80]
    np.testing.assert_allclose((low + high) / 2, kept["predicted_return"], atol=1e-12)
    assert np.median(np.abs(np.diff(high - low))) < 1e-4
    # The newest: the quantile of all errors whose outcome had come.
    errors = (walk["target_1m"].iloc[-len(walk_replay) :] - walk_replay["predicted_return"].to_numpy()).abs()
    known = np.sort(errors.iloc[: -2 * HORIZON])
    assert (high - low)[-1] / 2 == pytest.approx(known[math.ceil((len(known) + 1) * 0.8) - 1], rel=1e-12)
    past = track.bands[PAST_OUTCOMES, 80]
    at = walk.index[walk["data_date"].eq(track.dates[-1])][0]
    ended = walk["target_1m"].iloc[: at - HORIZON + 1]
    assert past[0][-1] == pytest.approx(ended.quantile(0.1), rel=1e-12)


def test_a_replay_without_rows_or_without_outcomes_has_no_track(walk: pd.DataFrame, walk_replay: pd.DataFrame) -> None:
    assert track_of(NO_REPLAY, walk, MONTH).judged == 0
    assert track_of(walk_replay.tail(HORIZON), walk, MONTH).judged == 0
