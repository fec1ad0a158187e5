import numpy as np
import pandas as pd
import pytest

from zl_assets.model.fit.forecast import latest_forecasts


def test_a_forecast_in_cents_by_hand(walk: pd.DataFrame) -> None:
    view = walk.tail(40).reset_index(drop=True)
    coming = pd.bdate_range("2026-01-01", periods=30)
    table = latest_forecasts(view.tail(21), np.full(21, 0.10), coming)
    assert table["data_date"].tolist() == view["data_date"].tolist()[-21:]
    assert table["target_session"].tolist() == coming[:21].tolist()
    first = table.iloc[0]
    assert first["predicted_close"] == pytest.approx(first["close"] * 1.10)


def test_lengths_that_do_not_fit_are_a_bug_not_a_forecast(walk: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="21 rows, 20 predictions"):
        latest_forecasts(walk.tail(21), np.zeros(20), pd.bdate_range("2026-01-01", periods=30))
