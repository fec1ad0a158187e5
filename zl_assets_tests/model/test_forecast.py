import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zl_assets.model.errors import TrainingFault
from zl_assets.model.fit.forecast import Interval, conformal_interval, holdout_coverage, latest_forecasts, published_interval
from zl_assets.model.fit.training import TrainedModel


@given(st.lists(st.floats(-1, 1), min_size=9, max_size=200), st.sampled_from([0.5, 0.8, 0.9]))
def test_the_interval_holds_at_least_its_share_of_its_own_residuals(values: list[float], level: float) -> None:
    residuals = np.array(values)
    interval = conformal_interval(residuals, level)
    assert np.mean(np.abs(residuals) <= interval.half_width) >= level
    assert interval.half_width in np.abs(residuals)


def test_the_interval_by_hand() -> None:
    # ceil(10 * 0.8) = 8: the 8th smallest of nine.
    residuals = np.array([-9, 8, -7, 6, -5, 4, -3, 2, -1]) / 100
    assert conformal_interval(residuals, 0.8) == Interval(0.8, 0.08, 9)


def test_exchangeable_outcomes_are_covered_as_promised() -> None:
    random = np.random.default_rng(0)
    hits = []
    for _ in range(400):
        values = random.standard_t(3, 120)
        hits.append(np.mean(np.abs(values[99:]) <= conformal_interval(values[:99], 0.8).half_width))
    assert np.mean(hits) == pytest.approx(0.80, abs=0.01)


def test_too_few_residuals_are_refused() -> None:
    with pytest.raises(TrainingFault, match="3 out-of-fold residuals are too few for an interval of 80%"):
        conformal_interval(np.zeros(3), 0.8)


def test_the_coverage_uses_no_residual_that_was_known_only_after_the_split(walk_model: TrainedModel) -> None:
    table = walk_model.out_of_fold
    known = sum(end < pd.Timestamp("2023-01-01") for end in table["label_end"])
    coverage = holdout_coverage(walk_model)
    assert coverage.interval.residuals == known < published_interval(walk_model).residuals == len(table)
    assert coverage.test_rows == len(walk_model.holdout.test)


def test_the_real_coverage_is_stated_as_it_is(real_model: TrainedModel) -> None:
    coverage = holdout_coverage(real_model)
    assert coverage.interval.residuals == 2453
    assert coverage.interval.half_width == pytest.approx(0.0875, abs=1e-4)
    assert coverage.covered == pytest.approx(0.742, abs=1e-3)
    assert published_interval(real_model).half_width == pytest.approx(0.0900, abs=1e-4)


def test_a_forecast_in_cents_by_hand(walk: pd.DataFrame) -> None:
    view = walk.tail(40).reset_index(drop=True)
    coming = pd.bdate_range("2026-01-01", periods=30)
    table = latest_forecasts(view.tail(21), np.full(21, 0.10), Interval(0.8, 0.05, 100), coming)
    assert table["data_date"].tolist() == view["data_date"].tolist()[-21:]
    assert table["target_session"].tolist() == coming[:21].tolist()
    first = table.iloc[0]
    assert first["predicted_close"] == pytest.approx(first["close"] * 1.10)
    assert first["low_close"] == pytest.approx(first["close"] * 1.05)
    assert first["high_close"] == pytest.approx(first["close"] * 1.15)


def test_lengths_that_do_not_fit_are_a_bug_not_a_forecast(walk: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="21 rows, 20 predictions"):
        latest_forecasts(walk.tail(21), np.zeros(20), Interval(0.8, 0.05, 100), pd.bdate_range("2026-01-01", periods=30))
