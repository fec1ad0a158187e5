"""The record keeps what was said, and the score takes the first of it: hand-worked cases."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from zl_assets.contracts.forecasts import score
from zl_assets.domain.forecast_record import Remembered, Taken, is_back_dated
from zl_assets.domain.forecast_record import taken as taken_on
from zl_assets.domain.forecast_score import first_said, scores, unlike_replay
from zl_assets.warehouse.frames import validate
from zl_assets.warehouse.shape import conform
from zl_assets_tests.support.contracts import ZL


def said(issued_on: str, data_date: str = "2025-11-14", **values: object) -> pd.DataFrame:
    row = {
        "issued_on": pd.Timestamp(issued_on),
        "data_date": pd.Timestamp(data_date),
        "symbol": "ZL",
        "horizon": "1m",
        "model_id": "m1",
        "target_session": pd.Timestamp("2025-12-16"),
        "close": 50.0,
        "predicted_return": 0.01,
        "predicted_close": 50.5,
        "low_50_close": 49.0,
        "high_50_close": 52.0,
        "low_80_close": 47.0,
        "high_80_close": 54.0,
        "low_95_close": 44.0,
        "high_95_close": 57.0,
        "source": "bars",
        "back_dated": False,
    }
    return pd.DataFrame([row | values])


NONE = said("2025-11-15").iloc[:0]
TODAY = dt.date(2026, 1, 5)


def taken(forecast: pd.DataFrame, record: pd.DataFrame, remembered: Remembered) -> Taken:
    return taken_on(forecast, record, remembered, TODAY)


def remembered(*days: str) -> Remembered:
    return Remembered(len(days), max(map(dt.date.fromisoformat, days), default=None))


def test_the_first_forecast_and_a_new_days_are_taken() -> None:
    assert len(taken(said("2025-11-15"), NONE, Remembered()).rows) == 1
    assert len(taken(said("2025-11-18", "2025-11-17"), said("2025-11-15"), remembered("2025-11-15")).rows) == 1


def test_the_same_session_said_again_on_a_later_date_is_another_row() -> None:
    assert len(taken(said("2025-11-16"), said("2025-11-15"), remembered("2025-11-15")).rows) == 1


def test_a_rerun_adds_nothing_whatever_the_bars_say_by_now() -> None:
    again = taken(said("2025-11-15", close=51.0), said("2025-11-15"), remembered("2025-11-15"))
    assert again.rows.empty
    assert again.said == "what is said of 2025-11-14 as of 2025-11-15 is in the record already"
    assert again.usual


def test_a_clock_that_was_set_back_adds_nothing() -> None:
    back = taken(said("2025-11-10", "2025-11-07"), said("2025-11-15"), remembered("2025-11-15"))
    assert back.rows.empty
    assert "earlier than the newest in the record, 2025-11-15" in back.said
    assert not back.usual, "a person is told, or the record could stop for years without a word"


@pytest.mark.parametrize("issued_on", ["2025-11-13", "2025-11-14"])
def test_a_session_that_is_not_over_by_the_as_of_date_is_said_and_not_refused_by_the_table(issued_on: str) -> None:
    """With an empty record no newer date is in the way of a clock that was set back to the newest session."""
    early = taken(said(issued_on), NONE, Remembered())
    assert early.rows.empty
    assert early.said == f"the session 2025-11-14 that is forecast from is not over on the as-of date {issued_on}"


def test_a_date_that_has_not_come_does_not_close_the_record_until_then() -> None:
    assert len(taken(said("2026-01-05"), NONE, Remembered()).rows) == 1
    ahead = taken(said("2026-01-06"), NONE, Remembered())
    assert ahead.rows.empty
    assert ahead.said == "the as-of date 2026-01-06 is later than today, 2026-01-05: nothing is said before its day"


@pytest.mark.parametrize("left", [NONE, said("2025-11-13", "2025-11-12")])
def test_a_row_that_was_deleted_by_hand_is_not_made_again(left: pd.DataFrame) -> None:
    lost = taken(said("2025-11-15"), left, remembered("2025-11-13", "2025-11-15"))
    assert lost.rows.empty
    assert "no longer there" in lost.said
    earlier = taken(said("2025-11-13", "2025-11-12"), NONE, remembered("2025-11-13", "2025-11-15"))
    assert earlier.rows.empty, "nor one before it, as after a backup was restored"


def test_a_row_that_a_clock_ahead_wrote_does_not_close_the_record_for_good() -> None:
    """The years until its date would have no forecast, and nothing that a person could do about it."""
    left, ahead = said("2025-11-15"), said("2030-01-01", "2025-12-31")
    both, before = pd.concat([left, ahead], ignore_index=True), Remembered(2, dt.date(2030, 1, 1))
    now = said("2026-01-05", "2026-01-02")
    assert "That has not come yet, a clock was ahead: delete its row by hand" in taken(now, both, before).said
    assert taken(now, left, before).rows.empty, "it is deleted, but nobody has accepted that"
    assert len(taken(now, left, before.accepted(left, TODAY)).rows) == 1
    assert taken(now, both, before.accepted(both, TODAY)).rows.empty, "it is still there"


def test_what_is_accepted_as_lost_is_not_counted_and_not_made_again() -> None:
    left, before = said("2025-11-13", "2025-11-12"), Remembered(2, dt.date(2025, 11, 15), lost=3)
    after = before.accepted(left, TODAY)
    assert after.lost_now(left) == 0
    assert after.lost_now(left.iloc[:0]) == 1
    assert taken(said("2025-11-15"), left, after).rows.empty


def test_what_is_recorded_more_than_three_days_later_was_not_there_to_act_on() -> None:
    target = dt.date(2025, 12, 16)
    assert not is_back_dated(dt.date(2025, 11, 15), target, dt.datetime(2025, 11, 18, 23, 59, tzinfo=dt.UTC))
    assert is_back_dated(dt.date(2025, 11, 15), target, dt.datetime(2025, 11, 19, 0, 0, tzinfo=dt.UTC))


def test_a_forecast_that_old_bars_make_of_a_day_that_is_over_is_not_live() -> None:
    """Else bars that are weeks old give a live figure by which nobody could have acted."""
    target = dt.date(2025, 12, 16)
    assert not is_back_dated(dt.date(2025, 12, 16), target, dt.datetime(2025, 12, 16, 6, tzinfo=dt.UTC))
    assert is_back_dated(dt.date(2025, 12, 17), target, dt.datetime(2025, 12, 17, 6, tzinfo=dt.UTC))


def test_rows_that_were_put_back_are_lost_no_longer() -> None:
    days = ["2025-11-12", "2025-11-13", "2025-11-14", "2025-11-15"]
    record = pd.concat([said(day, day) for day in days], ignore_index=True)
    before = Remembered(3, dt.date(2025, 11, 15), lost=1)
    assert before.lost_now(record.iloc[1:]) == 1
    assert before.lost_now(record.iloc[2:]) == 2
    assert before.lost_now(record) == 0
    later = pd.concat([record.iloc[1:], said("2025-11-18", "2025-11-17")], ignore_index=True)
    assert before.lost_now(later) == 1, "a row that was added since stands for none that was lost"
    assert Remembered().lost_now(record) == 0


def sessions(closes: list[float], rolls: list[bool | None] | None = None, index: list[float] | None = None) -> pd.DataFrame:
    days = pd.bdate_range("2025-11-14", periods=len(closes))
    return pd.DataFrame(
        {
            "data_date": days,
            "close": closes,
            "roll_index": index or closes,
            "is_roll": pd.array(rolls or [False] * len(closes), dtype="boolean"),
        }
    )


def test_a_forecast_is_scored_against_the_raw_close_of_the_session_that_came() -> None:
    closes = [50.0, 51.0, 40.0, 55.0]
    found = scores(said("2025-11-15"), sessions(closes, [False, False, True, False], [100.0, 102.0, 104.0, 143.0]), 3)
    [row] = found.to_dict("records")
    assert row["came_on"] == pd.Timestamp("2025-11-19")
    assert row["came_close"] == 55.0
    assert row["came_return"] == pytest.approx(0.10)
    assert row["error"] == pytest.approx(0.09)
    assert row["adjusted_return"] == pytest.approx(0.43)
    assert row["contract_changes"] == 1
    assert (row["inside_50"], row["inside_80"], row["inside_95"]) == (False, False, True)
    assert row["target_session"] == pd.Timestamp("2025-12-16"), "what was said stays, beside what came"
    validate(conform(found, score(ZL)), score(ZL))


def test_what_has_not_come_is_not_scored() -> None:
    assert scores(said("2025-11-15"), sessions([50.0, 51.0, 52.0]), 3).empty
    assert scores(NONE, sessions([50.0, 51.0, 52.0, 53.0]), 3).empty
    gone = said("2025-11-15", "2025-11-15")
    assert scores(gone, sessions([50.0, 51.0, 52.0, 53.0]), 3).empty, "a session that the table no longer has"


def test_the_first_that_was_said_is_scored_and_each_source_for_itself() -> None:
    record = pd.concat(
        [said("2025-11-17", predicted_return=0.5), said("2025-11-15"), said("2025-11-16", source="synthetic")], ignore_index=True
    )
    first = first_said(record)
    assert sorted(zip(first["source"], first["issued_on"].dt.day, strict=True)) == [("bars", 15), ("synthetic", 16)]
    assert len(scores(record, sessions([50.0, 51.0, 52.0, 53.0]), 3)) == 2


def test_bars_without_contract_ids_have_no_adjusted_return() -> None:
    unknown = sessions([50.0, 51.0, 52.0, 53.0], [None] * 4, [np.nan] * 4)
    [row] = scores(said("2025-11-15"), unknown, 3).to_dict("records")
    assert np.isnan(row["adjusted_return"])
    assert pd.isna(row["contract_changes"])
    assert row["came_return"] == pytest.approx(0.06)


def test_a_forecast_without_a_band_is_neither_inside_nor_outside() -> None:
    bare = said("2025-11-15", low_80_close=np.nan, high_80_close=np.nan)
    [row] = scores(bare, sessions([50.0, 51.0, 52.0, 53.0]), 3).to_dict("records")
    assert pd.isna(row["inside_80"])
    assert row["inside_95"]


def test_only_what_another_model_said_is_listed_beside_the_replay() -> None:
    """Of several rows about one session the first counts; a session that the replay does not have is left out."""
    record = pd.concat(
        [
            said("2025-11-13", "2025-11-12"),
            said("2025-11-14", "2025-11-13", predicted_return=0.02, model_id="old"),
            said("2025-11-15", "2025-11-13"),
            said("2025-11-16", "2025-11-14", predicted_return=0.03),
        ],
        ignore_index=True,
    )
    replay = pd.DataFrame({"data_date": pd.to_datetime(["2025-11-12", "2025-11-13"]), "predicted_return": [0.01, 0.01]})
    [listed] = unlike_replay(record, replay).to_dict("records")
    assert (f"{listed['data_date']:%Y-%m-%d}", listed["model_id"]) == ("2025-11-13", "old")
    assert (listed["predicted_return"], listed["replayed_return"]) == (0.02, 0.01)
