"""Each check on a table goes red when the table is wrong, and says where."""

import re
from typing import Any

import dagster as dg
import pytest

from zl_assets.definitions import build_defs
from zl_assets.embedded.client import LoopbackSession
from zl_assets.settings import Settings
from zl_assets_tests.graph.costs import configuration, recording
from zl_assets_tests.support.fixtures import MakeProduct
from zl_assets_tests.support.product import Product, failures, red


@pytest.fixture(scope="module")
def product(refreshed_product: MakeProduct) -> Product:
    return refreshed_product()


B = "market_data.databento_futures_ohlcv_1d"
OOF, OPEN = "predictions.zl_1m_oof", "predictions.zl_1m_latest"
S, F, M, R = "features.zl_ohlcv", "features.zl_ta_features", "features.daily_ml_matrix", "training.regime_weights"
BAR = (
    "STRUCT({open} AS open, market_data.high AS high, market_data.low AS low, {close} AS close, market_data.volume AS volume, "
    "market_data.vwap AS vwap, market_data.realized_vol_1h AS realized_vol_1h)"
)
REGIME = "STRUCT('inflation' AS name, 1 AS weight, regime.vol_percentile AS vol_percentile, regime.k_vol AS k_vol)"


def on(day: str) -> str:
    return f"data_date = '{day}'"


def twice(table: str, where: str) -> str:
    return f"INSERT INTO {table} SELECT * FROM {table} WHERE {where}"


def moved(table: str, column: str, where: str) -> str:
    """One more row, on a Saturday."""
    return f"INSERT INTO {table} SELECT * REPLACE (DATE '2015-03-14' AS {column}) FROM {table} WHERE {where}"


# Table, and faults that are in it at the same time: check, statement, and words that only this fault makes the check say. Faults
# of single days are each on a day of their own.
FAULTS: list[tuple[str, list[tuple[str, str, str]]]] = [
    (
        B,
        [
            ("unique_key", twice(B, "date = '2015-03-10'"), "2015-03-10"),
            ("no_vanished_bar", moved(B, "date", "date = '2015-03-09'"), "2015-03-14"),
        ],
    ),
    (
        S,
        [
            ("unique_key", twice(S, on("2015-03-10")), "2015-03-10"),
            ("no_missing_session", f"DELETE FROM {S} WHERE {on('2015-03-11')}", "2015-03-11"),
            ("no_vanished_session", moved(S, "data_date", on("2015-03-09")), "2015-03-14"),
            ("prices_positive", f"UPDATE {S} SET low = -1 WHERE {on('2015-03-12')}", "low=-1"),
            ("high_not_below_low", f"UPDATE {S} SET high = low - 1 WHERE {on('2015-03-13')}", "2015-03-13"),
            ("open_and_close_in_range", f"UPDATE {S} SET open = high + 1 WHERE {on('2015-03-16')}", "2015-03-16"),
            ("volume_sound", f"UPDATE {S} SET volume = -5 WHERE {on('2015-03-17')}", "volume=-5"),
            ("thin_sessions", f"UPDATE {S} SET volume = 1 WHERE data_date < '2011-01-01'", "1"),
            ("newest_session", f"DELETE FROM {S} WHERE data_date > '2025-11-10'", "2025-11-1"),
            ("prices_in_range", f"UPDATE {S} SET high = 4321 WHERE {on('2015-03-18')}", "4321"),
            ("volume_in_range", f"UPDATE {S} SET volume = 7654321 WHERE {on('2015-03-19')}", "7654321"),
            ("steps_plausible", f"UPDATE {S} SET close = 199 WHERE {on('2015-03-20')}", "199"),
            ("prices_on_tick", f"UPDATE {S} SET open = 32.123 WHERE {on('2015-03-23')}", "32.123"),
            ("calendar_complete", f"DELETE FROM {S} WHERE data_date BETWEEN '2012-05-02' AND '2012-05-09'", "2012-05-03"),
        ],
    ),
    (
        S,
        [
            ("level_plausible", f"UPDATE {S} SET close = 400 WHERE TRUE", "400"),
            ("volumes_plausible", f"UPDATE {S} SET volume = 0 WHERE TRUE", "zero everywhere"),
        ],
    ),
    (
        F,
        [
            ("unique_key", twice(F, on("2015-03-10")), "2015-03-10"),
            ("no_missing_session", f"DELETE FROM {F} WHERE {on('2015-03-11')}", "2015-03-11"),
            ("features_finite", f"UPDATE {F} SET ma_21 = CAST('inf' AS FLOAT64) WHERE {on('2015-03-12')}", "2015-03-12"),
            ("features_null_only_in_warm_up", f"UPDATE {F} SET ma_63 = NULL WHERE {on('2015-03-13')}", "2015-03-13"),
            ("rsi_in_range", f"UPDATE {F} SET rsi_14 = 101 WHERE {on('2015-03-16')}", "rsi_14=101"),
            ("volatility_in_plan", f"UPDATE {F} SET volatility_21d = 0.6 WHERE {on('2015-03-17')}", "0.6"),
            ("volatility_plausible", f"UPDATE {F} SET roll_index = roll_index * 3 WHERE {on('2015-03-18')}", "2015-03-18"),
            (
                "raw_volatility_plausible",
                f"UPDATE {F} SET roll_index = NULL, is_roll = NULL, volatility_21d = 0.2 WHERE {on('2025-11-14')}",
                "volatility_21d=0.2",
            ),
            ("roll_columns_sound", f"UPDATE {F} SET roll_index = -1 WHERE {on('2015-03-19')}", "2015-03-19"),
        ],
    ),
    (F, [("prefix_invariant", f"UPDATE {F} SET ma_5 = ma_5 + 0.01 WHERE data_date < '2010-09-01' AND ma_5 IS NOT NULL", "ma_5")]),
    (
        M,
        [
            ("unique_key", twice(M, on("2015-03-10")), "2015-03-10"),
            (
                "no_null_prices",
                f"UPDATE {M} SET market_data = {BAR.format(open='NULL', close='market_data.close')} WHERE {on('2015-03-11')}",
                "2015-03-11",
            ),
            (
                "prices_positive",
                f"UPDATE {M} SET market_data = {BAR.format(open='-1.0', close='market_data.close')} WHERE {on('2015-03-12')}",
                "-1",
            ),
            ("regimes_named", f"UPDATE {M} SET regime = NULL WHERE {on('2015-03-13')}", "2015-03-13"),
            ("rsi_in_range", f"UPDATE {M} SET rsi_14 = -1 WHERE {on('2015-03-16')}", "rsi_14=-1"),
            ("volatility_in_plan", f"UPDATE {M} SET volatility_21d = 0.6 WHERE {on('2015-03-17')}", "0.6"),
            ("volatility_plausible", f"UPDATE {M} SET roll_index = roll_index * 3 WHERE {on('2015-03-18')}", "2015-03-18"),
            ("column_coverage", f"UPDATE {M} SET ma_21 = NULL WHERE {on('2015-03-19')}", "ma_21"),
        ],
    ),
    (
        M,
        [
            ("row_count_at_least", f"DELETE FROM {M} WHERE data_date < '2012-01-01'", "3,800"),
            ("distinct_regimes", f"UPDATE {M} SET regime = {REGIME} WHERE TRUE", "regime"),
            ("newest_session", f"DELETE FROM {M} WHERE data_date > '2025-11-10'", "2025-11-1"),
        ],
    ),
    (M, [("matrix_rows_recomputed", f"UPDATE {M} SET return_5d = return_5d + 0.0001 WHERE TRUE", "return_5d")]),
    (
        OOF,
        [
            ("unique_key", twice(OOF, on("2015-03-10")), "2015-03-10"),
            ("forecasts_sound", f"UPDATE {OOF} SET predicted_close = predicted_close + 1 WHERE {on('2015-03-11')}", "2015-03-11"),
            ("outcomes_are_the_views", f"DELETE FROM {OOF} WHERE {on('2015-03-12')}", "2015-03-12"),
        ],
    ),
    (
        OPEN,
        [
            ("unique_key", twice(OPEN, on("2025-11-06")), "2025-11-06"),
            (
                "forecasts_sound",
                f"UPDATE {OPEN} SET predicted_close = predicted_close + 1 WHERE {on('2025-11-10')}",
                "2025-11-10",
            ),
            ("interval_ordered", f"UPDATE {OPEN} SET low_close = high_close + 1 WHERE {on('2025-11-12')}", "2025-11-12"),
            ("open_sessions_forecast", f"DELETE FROM {OPEN} WHERE {on('2025-11-11')}", "2025-11-11"),
            ("newest_session", f"DELETE FROM {OPEN} WHERE data_date > '2025-11-12'", "2 after it"),
        ],
    ),
    (
        R,
        [
            ("seven_regimes", f"DELETE FROM {R} WHERE regime = 'inflation'", "6"),
            ("regimes_cover_the_calendar", f"UPDATE {R} SET start_date = '2018-03-05' WHERE regime = 'trade_war'", "2018-03-01"),
        ],
    ),
]


@pytest.mark.parametrize(("table", "faults"), FAULTS, ids=[f"{t}:{','.join(c for c, _, _ in faults)}" for t, faults in FAULTS])
def test_a_wrong_table_turns_its_checks_red(product: Product, table: str, faults: list[tuple[str, str, str]]) -> None:
    product.sql(f"CREATE OR REPLACE TABLE {table}_good AS SELECT * FROM {table}")
    try:
        for _, statement, _ in faults:
            product.sql(statement)
        found = product.run_checks(table.split(".")[1])
    finally:
        product.sql(f"DELETE FROM {table} WHERE TRUE")
        product.sql(f"INSERT INTO {table} SELECT * FROM {table}_good")
        product.sql(f"DROP TABLE {table}_good")
    for check, _, words in faults:
        evaluation = found[check]
        assert not evaluation.passed, check
        text = f"{evaluation.description} {[value.value for value in evaluation.metadata.values()]}"
        assert words in text, check
        assert {"measured", "bound"} <= set(evaluation.metadata), check


VIEW = "training.vw_zl_1m_flat"
OF_VIEW = "vw_zl_1m_flat"
# What the view selects, and the checks that it turns red, as asset and check.
VIEW_FAULTS: list[tuple[str, set[tuple[str, str]]]] = [
    (
        f"SELECT a.* FROM {VIEW}_good AS a JOIN training.regime_weights AS r ON a.regime_name = r.regime",
        {(OF_VIEW, "no_joins")},
    ),
    (
        f"SELECT * FROM {VIEW}_good UNION ALL SELECT * FROM {VIEW}_good WHERE data_date = '2015-03-10'",
        {(OF_VIEW, "unique_key")},
    ),
    (
        f"SELECT * REPLACE (LAG(target_1m, 1) OVER (ORDER BY data_date) AS target_1m) FROM {VIEW}_good",
        {(OF_VIEW, "target_right")},
    ),
    (
        f"SELECT * REPLACE ('train' AS split) FROM {VIEW}_good WHERE data_date > '2013-01-01'",
        {(OF_VIEW, "split_right"), (OF_VIEW, "labelled_rows_at_least")},
    ),
    (
        f"SELECT * REPLACE (IFNULL(target_1m, 0.0) AS target_1m, close + 1e-12 AS close) FROM {VIEW}_good",
        {("zl_1m_latest", "model_up_to_date"), ("training_csv", "csv_equals_view")},
    ),
    (
        f"SELECT * REPLACE (IF(target_1m IS NULL, 9.0, volatility_21d) AS volatility_21d) FROM {VIEW}_good",
        {("zl_1m_latest", "inputs_known")},
    ),
]


@pytest.mark.parametrize(("select", "checks"), VIEW_FAULTS, ids=[",".join(sorted(c for _, c in cs)) for _, cs in VIEW_FAULTS])
def test_a_wrong_view_turns_its_checks_red(product: Product, select: str, checks: set[tuple[str, str]]) -> None:
    client = product.client()
    good = client.get_table(VIEW).view_query
    client.close()
    product.sql(f"CREATE OR REPLACE VIEW {VIEW}_good AS {good}")
    try:
        product.sql(f"CREATE OR REPLACE VIEW {VIEW} AS {select}")
        for asset in {asset for asset, _ in checks}:
            found = product.run_checks(asset)
            for check in {check for of, check in checks if of == asset}:
                assert not found[check].passed, check
                if check == "csv_equals_view":
                    assert "close" in str(found[check].description)
    finally:
        product.sql(f"CREATE OR REPLACE VIEW {VIEW} AS {good}")
        product.sql(f"DROP VIEW {VIEW}_good")


def test_a_source_that_names_no_rolls_any_more_is_noticed(product: Product) -> None:
    product.sql(f"CREATE OR REPLACE TABLE {M}_good AS SELECT * FROM {M}")
    try:
        product.sql(f"UPDATE {M} SET is_roll = FALSE WHERE TRUE")
        evaluation = product.run_checks(OF_VIEW)["targets_spanning_a_roll"]
    finally:
        product.sql(f"DELETE FROM {M} WHERE TRUE")
        product.sql(f"INSERT INTO {M} SELECT * FROM {M}_good")
        product.sql(f"DROP TABLE {M}_good")
    assert not evaluation.passed
    assert evaluation.severity is dg.AssetCheckSeverity.WARN


def test_every_check_has_a_seeded_fault_here_or_in_the_model_tests() -> None:
    graph = build_defs(Settings.load()).resolve_asset_graph()
    every = {(key.asset_key.to_user_string(), key.name) for key in graph.asset_check_keys}
    seeded = {(table.split(".")[1], check) for table, faults in FAULTS for check, _, _ in faults}
    seeded = seeded.union(*(checks for _, checks in VIEW_FAULTS))
    # A NULL cannot be put into these NOT NULL columns, in BigQuery or here; the predicate itself is tested in domain/.
    unreachable = {("zl_ohlcv", "no_null_prices")}
    # What is read, and not a table, turns files_read_whole red: checks/test_market.py.
    apart = {(OF_VIEW, "targets_spanning_a_roll"), (B.split(".")[1], "files_read_whole")}
    # What is recorded, and not a table, turns this one yellow: test_folders.py, graph/test_two_folders.py.
    apart |= {(asset, "of_this_state_folder") for asset in (B.split(".")[1], "zl_1m_latest")}
    # What was said, how it came out and what would have been said: graph/test_record.py.
    apart |= {(asset, check) for asset, check in every if asset.startswith("forecast_")}
    by_model_tests = {(asset, check) for asset, check in every if asset == "lgbm_model"}
    assert every - seeded - unreachable - by_model_tests - apart == set()


def held(product: Product) -> dict[str, object]:
    """Every table with its rows and when it was last written, and every file that is not the server's own."""
    client = product.client()
    tables = [client.get_table(table) for d in client.list_datasets() for table in client.list_tables(d.dataset_id)]
    client.close()
    written = {f"{table.dataset_id}.{table.table_id}": str(table.modified) for table in tables}
    files = [path for path in product.state_dir.rglob("*") if path.is_file() and "warehouse" not in path.parts]
    contents = {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}
    return product.snapshot(with_stamps=True) | written | contents


def test_the_job_of_the_checks_alone_makes_all_of_them_and_writes_nothing(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, asked, sent = held(product), [], LoopbackSession.request

    def noting(session: Any, method: str, url: str, **how: Any) -> Any:
        asked.append((method, url.split("?")[0].rsplit("/", 1)[-1]))
        return sent(session, method, url, **how)

    client = product.client()
    with recording(client) as statements:
        monkeypatch.setattr(LoopbackSession, "request", noting)
        result = product.run_job("zl_checks")
        monkeypatch.undo()
    client.close()
    assert failures(result) == {}
    # The product is a copy, and its history is the original folder's.
    assert {name.partition(":")[2] for name in red(result)} <= {"of_this_state_folder"}
    made = {dg.AssetCheckKey(e.asset_key, e.check_name) for e in result.get_asset_check_evaluations()}
    assert made == set(build_defs(product.settings()).resolve_asset_graph().asset_check_keys)
    assert result.get_asset_materialization_events() == []
    # To the server: reads, and queries that only select.
    assert {what for what in asked if what[0] != "GET"} <= {("POST", "jobs"), ("POST", "queries")}
    assert statements.jobs == statements.queries
    assert {configuration(job)["query"]["query"].split()[0] for job in statements.queries} == {"SELECT"}
    assert held(product) == before


def test_checks_of_what_was_never_made_say_so_in_one_message(product: Product) -> None:
    """On the same server, with datasets that are not there and a history without a run."""
    nothing = Product(product.folder, product.values | {"dataset_prefix": "never_"})
    said = failures(nothing.run_job("zl_checks"))
    assert said
    for asset in ("training_csv", "zl_1m_oof"):
        result = nothing.run_assets(dg.AssetSelection.checks_for_assets(dg.AssetKey(asset)))
        assert result.get_asset_check_evaluations() == []
        said |= failures(result)
    nothing.let_go()
    for words in said.values():
        unknown = (
            r"does not exist\.|Dagster has no record of \w+ in the state folder .+\.|is not the file that \w+ recorded: .+\."
        )
        assert re.search(rf"({unknown}) Materialize", words), words
        assert "CRASH" not in words
        assert "Traceback" not in words
    client = product.client()
    assert not [d for d in client.list_datasets() if d.dataset_id.startswith("never_")]
    client.close()


def test_a_red_blocking_check_keeps_everything_downstream_from_running(product: Product) -> None:
    result = product.refresh(min_matrix_rows=3900)
    # And nothing else is red: what the faults above changed is as it was.
    assert red(result) == {"daily_ml_matrix:row_count_at_least"}
    materialized = {e.materialization.asset_key.to_user_string() for e in result.get_asset_materialization_events()}
    assert "daily_ml_matrix" in materialized
    assert not materialized & {"vw_zl_1m_flat", "training_csv", "lgbm_model"}
    assert isinstance(result, dg.ExecuteInProcessResult)
