"""Somebody else's `features.daily_ml_matrix`, as DOMAIN.md writes it down, adopted through the real contract, with real rows."""

import datetime as dt
import re

import pandas as pd
import pytest
from google.cloud import bigquery

from zl_assets.domain.derivation import derive
from zl_assets.domain.regimes import regime_weights
from zl_assets.domain.training_view import training_view_select
from zl_assets.instruments.zl import INSTRUMENT as ZL
from zl_assets.sources.bars import read_bars
from zl_assets.warehouse.contract import ColumnType, leaves_of
from zl_assets.warehouse.publish import Publication, WriteReport
from zl_assets_tests.conftest import shared_data
from zl_assets_tests.support.contracts import FEATURES, MATRIX, MONTH, ROW_RULES
from zl_assets_tests.warehouse.tables import publisher

# Typed out from DOMAIN.md, section 5, not from the contract; `timestamp` and `regime_name` are what a live table may carry too.
SCHEMA = """
  data_date DATE NOT NULL,
  symbol STRING NOT NULL,
  timestamp TIMESTAMP OPTIONS(description="theirs"),
  market_data STRUCT<open FLOAT64, high FLOAT64, low FLOAT64, close FLOAT64, volume INT64, vwap FLOAT64, realized_vol_1h FLOAT64>,
  pivots STRUCT<P FLOAT64, R1 FLOAT64, R2 FLOAT64, S1 FLOAT64, S2 FLOAT64, distance_to_P FLOAT64,
    distance_to_nearest_pivot FLOAT64, weekly_pivot_distance FLOAT64, price_above_P BOOL>,
  policy STRUCT<trump_action_prob FLOAT64, trump_expected_zl_move FLOAT64, trump_score FLOAT64, trump_score_signed FLOAT64,
    trump_confidence FLOAT64, trump_sentiment_7d FLOAT64, trump_tariff_intensity FLOAT64, trump_procurement_alert BOOL,
    trump_mentions INT64, trumpxi_china_mentions INT64, trumpxi_sentiment_volatility FLOAT64, trumpxi_policy_impact FLOAT64,
    trumpxi_volatility_30d_ma FLOAT64, trump_soybean_sentiment_7d FLOAT64, policy_trump_topic_multiplier FLOAT64,
    policy_trump_recency_decay FLOAT64>,
  golden_zone STRUCT<state INT64, swing_high FLOAT64, swing_low FLOAT64, fib_50 FLOAT64, fib_618 FLOAT64,
    vol_decay_slope FLOAT64, qualified_trigger BOOL>,
  regime STRUCT<name STRING, weight INT64, vol_percentile FLOAT64, k_vol FLOAT64>,
  regime_name STRING,
  ingestion_ts TIMESTAMP
"""
FLAT = ("return_1d", "return_5d", "return_21d", "ma_5", "ma_21", "ma_63", "volatility_21d", "rsi_14")
FIRST, LAST = dt.date(2010, 9, 1), dt.date(2025, 11, 14)


@pytest.fixture(scope="module")
def matrix() -> pd.DataFrame:
    bars = read_bars(shared_data("databento_futures_ohlcv_1d.parquet"), [ZL]).frame
    return derive(bars, ZL, dt.date(2025, 11, 15), regime_weights()).matrix


@pytest.fixture
def live(bq: bigquery.Client, prefix: str) -> str:
    """Their table: by day, no flat feature columns, 500 of our dates with pivots of theirs, one row of another symbol."""
    name = f"{bq.project}.{prefix}features.daily_ml_matrix"
    bq.create_dataset(f"{prefix}features")
    bq.query(
        f"CREATE TABLE `{name}` ({SCHEMA}) PARTITION BY data_date CLUSTER BY symbol "
        "OPTIONS(description='their matrix', labels=[('team', 'theirs')])"
    ).result()
    bq.query(
        f"INSERT INTO `{name}` (data_date, symbol, timestamp, pivots, regime_name) "
        "SELECT day, 'ZL', TIMESTAMP '2020-01-01 00:00:00+00', STRUCT(40.5 AS P, 41.0 AS R1, 42.0 AS R2, 40.0 AS S1, 39.0 AS S2, "
        "0.5 AS distance_to_P, 0.25 AS distance_to_nearest_pivot, 0.125 AS weekly_pivot_distance, TRUE AS price_above_P), "
        "'unknown' "
        "FROM UNNEST(GENERATE_DATE_ARRAY('2024-01-02', '2025-05-15')) AS day"
    ).result()
    bq.query(f"INSERT INTO `{name}` (data_date, symbol, regime_name) VALUES ('2024-01-02', 'MES', 'theirs')").result()
    return name


def publish(bq: bigquery.Client, prefix: str, frame: pd.DataFrame) -> WriteReport:
    return publisher(bq, prefix).publish(Publication(frame), MATRIX, ROW_RULES[MATRIX.table])


def scalar(bq: bigquery.Client, sql: str) -> object:
    [row] = bq.query(sql).result()
    return row[0]


def test_the_schema_here_is_that_of_the_contract() -> None:
    """Typed twice, by hand, from the same page: a field that one of the two lacks or mistypes shows here."""
    typed = re.findall(r"(\w+) (DATE|STRING|TIMESTAMP|FLOAT64|INT64|BOOL)\b", SCHEMA)
    ours = {
        (leaf.path.rpartition(".")[2], leaf.column.type.value)
        for leaf in leaves_of(MATRIX.columns)
        if leaf.path not in {column.name for column in FEATURES.columns} - {"data_date", "symbol", "ingestion_ts"}
    }
    assert set(typed) == ours | {("timestamp", "TIMESTAMP")}
    assert {leaf.column.type for leaf in MATRIX.frame_leaves if leaf.path in FLAT} == {ColumnType.FLOAT64}


def test_the_real_rows_go_into_their_table_and_what_is_theirs_stays(
    bq: bigquery.Client, prefix: str, live: str, matrix: pd.DataFrame
) -> None:
    before = bq.get_table(live)
    dates = pd.date_range("2024-01-02", "2025-05-15")
    ours_there = int(matrix["data_date"].isin(dates).sum())
    report = publish(bq, prefix, matrix)

    assert (report.staged, report.inserted, report.updated) == (3831, 3831 - ours_there, ours_there)
    assert report.row_count == 3831 - ours_there + len(dates) + 1
    assert set(FLAT) <= set(report.columns_added)
    assert not {"timestamp", "regime_name"} & set(report.columns_added)
    # 3,831 partitions by day, above the limit of 3,000: two MERGEs, one transaction.
    assert (report.partitions_changed, report.statements) == (3831, 2)
    after = bq.get_table(live)
    assert (after.time_partitioning.type_, after.time_partitioning.field) == ("DAY", "data_date")
    assert (after.clustering_fields, after.description, after.labels) == (["symbol"], "their matrix", {"team": "theirs"})
    assert [f.name for f in after.schema[: len(before.schema)]] == [f.name for f in before.schema]
    assert after.schema[2].description == "theirs"

    pd.testing.assert_frame_equal(
        publisher(bq, prefix).read(MATRIX).query("symbol == 'ZL' and `market_data.close`.notna()").reset_index(drop=True),
        matrix,
        check_exact=True,
    )
    where = f"FROM `{live}` WHERE data_date BETWEEN '{FIRST}' AND '{LAST}' AND symbol = 'ZL' AND market_data IS NOT NULL"
    assert scalar(bq, f"SELECT COUNT(*) {where} AND regime_name = regime.name") == 3831
    assert scalar(bq, f"SELECT COUNT(*) {where} AND policy IS NULL AND golden_zone IS NULL AND ingestion_ts IS NOT NULL") == 3831
    assert scalar(bq, f"SELECT COUNT(*) {where} AND timestamp IS NULL") == 3831 - ours_there
    assert scalar(bq, f"SELECT COUNT(*) FROM `{live}` WHERE pivots.P = 40.5 AND pivots.price_above_P") == len(dates)
    assert scalar(bq, f"SELECT COUNT(*) FROM `{live}` WHERE symbol = 'MES' AND regime_name = 'theirs'") == 1

    again = publish(bq, prefix, matrix)
    assert (again.inserted, again.updated, again.unchanged, again.statements) == (0, 0, 3831, 0)


def test_hand_edits_of_our_columns_are_put_right_and_reported_as_updates(
    bq: bigquery.Client, prefix: str, live: str, matrix: pd.DataFrame
) -> None:
    publish(bq, prefix, matrix)
    stamps = f"SELECT COUNT(DISTINCT ingestion_ts) FROM `{live}` WHERE symbol = 'ZL'"
    assert scalar(bq, stamps) == 1
    edits = {
        "2025-11-03": "rsi_14 = 101",
        "2025-11-04": "regime_name = 'unknown'",
        "2025-11-05": "ma_63 = NULL",
        "2025-11-06": "market_data = NULL",
        "2025-11-07": "regime = STRUCT('x' AS name, 1 AS weight, 0.75 AS vol_percentile, 2.5 AS k_vol)",
        # Theirs: not an edit of ours, and it stays.
        "2025-11-10": "timestamp = TIMESTAMP '2021-01-01 00:00:00+00'",
        "2025-11-11": "golden_zone = STRUCT(1 AS state, 2.0 AS swing_high, 1.0 AS swing_low, 1.5 AS fib_50, 1.6 AS fib_618, "
        "0.1 AS vol_decay_slope, TRUE AS qualified_trigger)",
    }
    for day, edit in edits.items():
        bq.query(f"UPDATE `{live}` SET {edit} WHERE data_date = '{day}' AND symbol = 'ZL'").result()
    report = publish(bq, prefix, matrix)
    assert (report.inserted, report.updated) == (0, 5)
    assert (report.changed_from, report.changed_to) == (dt.date(2025, 11, 3), dt.date(2025, 11, 7))
    assert scalar(bq, f"SELECT COUNT(*) FROM `{live}` WHERE ingestion_ts > (SELECT MIN(ingestion_ts) FROM `{live}`)") == 5
    assert scalar(bq, f"SELECT regime.vol_percentile FROM `{live}` WHERE data_date = '2025-11-07'") == 0.75
    assert scalar(bq, f"SELECT regime.name FROM `{live}` WHERE data_date = '2025-11-07'") == "trump_term"
    assert scalar(bq, f"SELECT EXTRACT(YEAR FROM timestamp) FROM `{live}` WHERE data_date = '2025-11-10'") == 2021
    assert scalar(bq, f"SELECT golden_zone.swing_high FROM `{live}` WHERE data_date = '2025-11-11'") == 2.0
    assert publish(bq, prefix, matrix).statements == 0


def test_the_training_view_runs_on_their_table(bq: bigquery.Client, prefix: str, live: str, matrix: pd.DataFrame) -> None:
    """Rows of dates that are no session of ours have no close, and would shift the view's LEAD: they have to go first, which is
    what zl_delete_vanished lists."""
    publish(bq, prefix, matrix)
    bq.query(f"DELETE FROM `{live}` WHERE market_data IS NULL").result()
    rows = bq.query(training_view_select(publisher(bq, prefix).namespace.of(MATRIX).quoted, ZL, MONTH)).to_dataframe()
    assert len(rows) == 3831
    assert rows["target_1m"].notna().sum() == 3810
