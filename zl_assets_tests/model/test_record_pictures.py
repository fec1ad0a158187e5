"""The pictures of the record and the replay: what is drawn is what was said and came, and where nothing came there is none."""

import io
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from zl_assets.contracts.forecasts import LEVELS
from zl_assets.model.report import range_plots
from zl_assets.model.report.record_pictures import TRAILING, came_due, replay_pictures, score_pictures
from zl_assets_tests.support.contracts import HORIZON, MONTH, ZL

HALVES = {50: 0.02, 80: 0.04, 95: 0.08}


def record_and_score(rows: int, late: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Forecasts of so many sessions, the first of them recorded later, and how they came out."""
    random = np.random.default_rng(3)
    days = pd.bdate_range("2024-01-02", periods=rows)
    close = 50 + random.normal(size=rows).cumsum()
    came = close * (1 + random.normal(0, 0.04, rows))
    key = {"data_date": days, "symbol": "ZL", "horizon": "1m", "source": "bars", "issued_on": days + pd.Timedelta(1, "D")}
    record = pd.DataFrame(
        key | {"close": close, "predicted_close": close * 1.01, "recorded_at": (days + pd.Timedelta(2, "D")).tz_localize("UTC")}
    )
    score = pd.DataFrame(
        key | {"close": close, "came_on": days + 30 * pd.offsets.BDay(), "came_close": came, "back_dated": np.arange(rows) < late}
    )
    for level, half in HALVES.items():
        low, high = close * (1.01 - half), close * (1.01 + half)
        record[f"low_{level}_close"], record[f"high_{level}_close"] = low, high
        score[f"inside_{level}"] = pd.array((low <= came) & (came <= high), dtype="boolean")
    return record, score


def replay_and_view(rows: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    record, _ = record_and_score(rows)
    view = record[["data_date", "close"]]
    view = view.assign(target_1m=view["close"].shift(-HORIZON) / view["close"] - 1)
    bands = [f"{end}_{level}_close" for level in LEVELS for end in ("low", "high")]
    replay = record[["data_date", "symbol", "horizon", "close", "predicted_close", *bands]].assign(predicted_return=0.01)
    replay.loc[replay.index < 10, bands] = np.nan
    return replay, view


class Drawn(dict[str, Any]):
    """What the two drawing functions are given."""


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Drawn:
    seen = Drawn()

    def bands_and_outcomes(rows: pd.DataFrame, title: str, unit: str) -> bytes:
        seen.update(rows=rows, title=title, unit=unit)
        return b""

    def coverage(shares: Any, later: Any, title: str) -> bytes:
        seen.update(shares=shares, later=later, coverage_title=title)
        return b""

    monkeypatch.setattr(range_plots, "bands_and_outcomes", bands_and_outcomes)
    monkeypatch.setattr(range_plots, "coverage", coverage)
    return seen


def test_on_an_empty_score_there_is_no_picture_and_it_is_said() -> None:
    record, score = record_and_score(5)
    assert score_pictures(record, score.iloc[:0], ZL, MONTH) == ()
    assert score_pictures(record.iloc[:0], score.iloc[:0], ZL, MONTH) == ()
    assert came_due(score.iloc[:0]) == "Nothing has come due yet."
    assert came_due(record_and_score(9, late=2)[1]) == "9 forecasts have come due; 7 were recorded when they were made, 2 later."


def test_a_replay_without_an_outcome_or_a_range_has_no_picture() -> None:
    assert replay_pictures(*replay_and_view(HORIZON + 10), ZL, MONTH) == ()
    replay, view = replay_and_view(100)
    assert replay_pictures(replay.iloc[:0], view, ZL, MONTH) == ()


@pytest.mark.parametrize(("rows", "late"), [(1, 0), (40, 12), (40, 40), (300, 100)], ids=["one", "few", "all late", "a year"])
def test_pictures_are_drawn_of_any_number_of_forecasts(rows: int, late: int) -> None:
    record, score = record_and_score(rows, late)
    pictures = score_pictures(record, score, ZL, MONTH)
    assert [one.name for one in pictures] == ["said_and_came", "coverage_over_time"]
    for one in pictures:
        assert Image.open(io.BytesIO(one.png)).size[0] == 800
        assert len(one.png) < 45_000, "it goes into the event log"


def test_what_was_said_is_drawn_where_it_was_about_beside_what_came(drawn: Drawn) -> None:
    record, score = record_and_score(40, late=12)
    said_again = record.assign(issued_on=record["issued_on"] + pd.Timedelta(1, "D"), predicted_close=1.0)
    score_pictures(pd.concat([said_again, record]), score.iloc[::-1], ZL, MONTH)
    rows = drawn["rows"]
    assert list(rows["came_on"]) == list(score["came_on"])
    np.testing.assert_array_equal(rows["came_close"], score["came_close"])
    np.testing.assert_array_equal(rows["predicted_close"], record["predicted_close"])
    np.testing.assert_array_equal(rows["low_80_close"], record["low_80_close"])
    assert rows["back_dated"].sum() == 12
    assert drawn["unit"] == "US cents per pound"


@pytest.mark.parametrize("rows", [10, 40, 400])
def test_coverage_is_that_of_the_last_year_and_live_and_later_are_apart(drawn: Drawn, rows: int) -> None:
    record, score = record_and_score(rows + 30, late=30)
    score_pictures(record, score, ZL, MONTH)
    inside = score["inside_80"].astype(float).to_numpy()[30:]
    first = min(HORIZON, rows)
    expected = [inside[max(0, end - TRAILING) : end].mean() for end in range(first, rows + 1)]
    np.testing.assert_allclose(drawn["shares"][80], expected)
    assert drawn["shares"][80].index[-1] == score["came_on"].iloc[-1]
    assert drawn["later"][80].iloc[-1] == pytest.approx(score["inside_80"].astype(float)[:30].mean())


def test_the_replay_is_said_to_be_computed_afterwards_and_drawn_as_moves(drawn: Drawn) -> None:
    replay, view = replay_and_view(400)
    pictures = replay_pictures(replay, view, ZL, MONTH)
    assert [one.name for one in pictures] == ["would_have_said", "would_have_held"]
    assert "(computed afterwards)" in drawn["title"]
    assert "(computed afterwards)" in drawn["coverage_title"]
    assert "nobody said it then" in pictures[0].caption
    rows = drawn["rows"]
    assert len(rows) == 400 - 10 - HORIZON
    assert rows["came_on"].iloc[0] == view["data_date"][10 + HORIZON]
    np.testing.assert_allclose(rows["came_close"], 100 * view["target_1m"].to_numpy()[10:-HORIZON])
    np.testing.assert_allclose(rows["low_95_close"], 100 * (0.01 - HALVES[95]))
    inside = (view["target_1m"] - 0.01).abs().le(HALVES[50]).to_numpy()[10:-HORIZON]
    held = drawn["shares"][50]
    np.testing.assert_allclose(held, [inside[end - TRAILING : end].mean() for end in range(TRAILING, len(inside) + 1)])
    assert drawn["later"] == {}


def test_the_replays_pictures_are_drawn() -> None:
    for one in replay_pictures(*replay_and_view(900), ZL, MONTH):
        assert Image.open(io.BytesIO(one.png)).size[0] == 800
