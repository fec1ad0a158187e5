"""What was said stays as it was said: the record grows, is scored, and is never made again."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from zl_assets.definitions import build_defs
from zl_assets.settings import Settings
from zl_assets.warehouse.contract import WriteMode
from zl_assets.warehouse.errors import SchemaConflict
from zl_assets.warehouse.publish import Publication
from zl_assets_tests.support.contracts import LATEST, RECORD, REPLAY, SCORE
from zl_assets_tests.support.fixtures import MakeProduct
from zl_assets_tests.support.product import AS_OF, Product, failures, metadata

# A year and a half of forecasts as they would have been said on the day after each session, from the replay.
SAID = f"""
INSERT INTO {RECORD.name}
SELECT DATE_ADD(data_date, INTERVAL 1 DAY), data_date, symbol, horizon, 'm1', due, close, predicted_return, predicted_close,
  low_50_close, high_50_close, low_80_close, high_80_close, low_95_close, high_95_close,
  expected_move, expected_move * close, move_percentile, 'bars', FALSE, CURRENT_TIMESTAMP()
FROM (SELECT *, LEAD(data_date, 21) OVER (ORDER BY data_date) AS due FROM {REPLAY.name})
WHERE data_date BETWEEN '2024-01-01' AND '2025-06-30'
"""


@pytest.fixture(scope="module")
def product(refreshed_product: MakeProduct) -> Product:
    return refreshed_product()


def record(product: Product, *, accept: bool = False, **changes: Any) -> Mapping[str, Any]:
    """The record alone, as from the asset graph: what its materialization says."""
    ops = {RECORD.table: {"accept_lost_rows": True}} if accept else None
    result = product.run_assets(RECORD.table, checks=False, ops=ops, **changes)
    assert failures(result) == {}
    return metadata(result)[RECORD.table]


def score(product: Product) -> Mapping[str, Any]:
    result = product.run_assets(SCORE.table, checks=False)
    assert failures(result) == {}
    return metadata(result)[SCORE.table]


def test_one_asset_writes_the_record_and_the_score_is_made_of_it_alone() -> None:
    """Scored from the open forecasts a model looks better than it was: they are made anew until the outcome is known."""
    graph = build_defs(Settings.load()).resolve_asset_graph()
    writers = {
        key.to_user_string()
        for key in graph.materializable_asset_keys
        if graph.get(key).metadata.get("dagster/table_name") == RECORD.name
    }
    assert writers == {RECORD.table}
    assert {key.to_user_string() for key in graph.get(dg.AssetKey(RECORD.table)).parent_keys} == {LATEST.table}
    above = {key.to_user_string() for key in graph.get(dg.AssetKey(SCORE.table)).parent_keys}
    assert RECORD.table in above
    assert LATEST.table not in above
    assert "must not be scored" in str(graph.get(dg.AssetKey(LATEST.table)).description)


def test_a_row_that_was_said_cannot_be_written_over(product: Product) -> None:
    assert RECORD.mode is WriteMode.APPEND
    rows = product.table(RECORD.table)[list(RECORD.frame_columns)]
    warehouse = build_defs(product.settings()).resolve_job_def("zl_daily_refresh").resource_defs["warehouse"]
    with (
        dg.build_resources({"warehouse": warehouse}) as resources,
        resources.warehouse.publisher(run="r", asset="a") as publisher,
    ):
        found = publisher.read(RECORD)
        with pytest.raises(SchemaConflict, match="1 of the rows to be added have a key that another run wrote"):
            publisher.publish(Publication(found.assign(predicted_return=0.5), source="bars"), RECORD)
    pd.testing.assert_frame_equal(product.table(RECORD.table)[list(RECORD.frame_columns)], rows)


def test_what_is_said_is_the_newest_open_forecast_with_its_ranges(product: Product) -> None:
    [said] = product.table(RECORD.table).to_dict("records")
    newest = product.table(LATEST.table).iloc[-1]
    assert (said["issued_on"], said["horizon"], said["source"], said["back_dated"]) == (AS_OF, "1m", "bars", True)
    assert (said["low_80_close"], said["high_80_close"]) == (newest["low_close"], newest["high_close"])
    shared = set(said) & set(newest.index)
    assert {"low_50_close", "high_95_close", "model_id", "expected_move", "move_percentile", "target_session"} < shared
    assert {name: said[name] for name in shared} == newest[list(shared)].to_dict()


def test_a_rerun_and_a_clock_set_back_add_nothing_and_a_later_date_adds_a_row(product: Product) -> None:
    before = product.table(RECORD.table, with_stamps=True)
    again = record(product)
    assert again["said"] == "what is said of 2025-11-14 as of 2025-11-15 is in the record already"
    back = record(product, as_of=AS_OF - dt.timedelta(days=1))
    assert back["said"] == "the as-of date 2025-11-14 is earlier than the newest in the record, 2025-11-15"
    pd.testing.assert_frame_equal(product.table(RECORD.table, with_stamps=True), before)
    later = record(product, as_of=AS_OF + dt.timedelta(days=1))
    assert (later["inserted"], later["rows_recorded"], later["newest_issued_on"]) == (1, 2, "2025-11-16")
    grown = product.table(RECORD.table, with_stamps=True)
    pd.testing.assert_frame_equal(grown.iloc[:1], before)


def test_a_row_that_was_deleted_by_hand_is_told_until_a_person_accepts_it_and_is_not_made_again(product: Product) -> None:
    as_of = AS_OF + dt.timedelta(days=1)
    product.sql(f"DELETE FROM {RECORD.name} WHERE issued_on = '{as_of}'")
    for _ in range(2):
        made = record(product, as_of=as_of)
        assert "it is not made again" in made["said"]
        assert (made["rows_recorded"], made["rows_lost"], made["newest_issued_on"]) == (1, 1, str(as_of))
        checked = product.run_checks(RECORD.table)["record_complete"]
        assert not checked.passed
        assert checked.description is not None
        assert "The record has 1 rows; the last materialization said 2." in checked.description
    assert record(product, accept=True, as_of=as_of)["rows_lost"] == 0
    assert product.run_checks(RECORD.table)["record_complete"].passed
    assert len(product.table(RECORD.table)) == 1


def test_what_came_due_is_scored_and_each_check_on_it_can_go_red(product: Product) -> None:
    assert not score(product)["came_due"], "nothing has come due yet"
    product.sql(SAID)
    made = score(product)
    assert made["came_due"] == made["inserted"] > 300
    assert made["of_them_back_dated"] == made["said_by_another_model_than_the_replays"] == 0
    rows = product.table(SCORE.table)
    assert (rows["came_on"] == rows["target_session"]).all()
    checked = product.run_checks(SCORE.table)
    assert {name for name, found in checked.items() if not found.passed} <= {"live_coverage_50", "live_skill", "live_error_usual"}
    for statement, red in (
        (f"UPDATE {SCORE.name} SET error = error + 1 WHERE data_date = '2024-06-03'", {"score_right"}),
        (f"UPDATE {SCORE.name} SET target_session = '2024-07-06' WHERE data_date = '2024-06-04'", {"target_sessions_came"}),
        (
            f"UPDATE {SCORE.name} SET inside_50 = FALSE, inside_80 = FALSE, inside_95 = FALSE, error = 5 * error + 1 WHERE TRUE",
            {"live_coverage_50", "live_coverage_80", "live_coverage_95", "live_skill", "live_error_usual"},
        ),
        (f"INSERT INTO {SCORE.name} SELECT * FROM {SCORE.name} WHERE data_date = '2024-06-05'", {"unique_key"}),
    ):
        product.sql(statement)
        found = product.run_checks(SCORE.table)
        assert red <= {name for name, answer in found.items() if not answer.passed}, statement
    product.sql(f"DELETE FROM {SCORE.name} WHERE data_date = '2024-06-05'")
    assert score(product)["inserted"] == 1
    assert product.run_checks(SCORE.table)["score_right"].passed


def test_the_replay_is_not_computed_again_and_its_checks_can_go_red(product: Product) -> None:
    made = metadata(product.run_assets(REPLAY.table, checks=False))[REPLAY.table]
    assert (made["forecasts_computed"], made["inserted"], made["updated"]) == (0, 0, 0)
    assert made["forecasts_kept"] == made["unchanged"] > 3000
    product.sql(f"UPDATE {REPLAY.name} SET predicted_return = 0.5 WHERE data_date = '2025-11-14'")
    assert not product.run_checks(REPLAY.table)["replay_right"].passed
    product.sql(f"UPDATE {REPLAY.name} SET low_50_close = close, high_50_close = close WHERE data_date > '2016-01-01'")
    product.sql(f"INSERT INTO {REPLAY.name} SELECT * FROM {REPLAY.name} WHERE data_date = '2024-06-05'")
    found = product.run_checks(REPLAY.table)
    assert {name for name, answer in found.items() if not answer.passed} == {"unique_key", "replay_right", "ranges_hold"}
