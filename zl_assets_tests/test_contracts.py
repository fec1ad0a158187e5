"""The contracts against DOMAIN's fixed schemas, written out by hand, and what a contract refuses to be."""

from dataclasses import replace

import pytest

from zl_assets.contracts.regimes import REGIME_WEIGHTS
from zl_assets.warehouse.contract import Column, ColumnType, TableContract, leaves_of
from zl_assets_tests.support.contracts import BARS, CONTRACTS, FEATURES, MATRIX, SESSIONS, TRAINING_VIEW


def schema(contract: TableContract) -> dict[str, str]:
    return {
        column.name: column.type.value
        if not column.fields
        else "STRUCT<" + ", ".join(f"{f.name} {f.type.value}" for f in column.fields) + ">"
        for column in contract.created_columns
    }


FLOATS = dict.fromkeys(("return_1d", "return_5d", "return_21d", "ma_5", "ma_21", "ma_63", "volatility_21d", "rsi_14"), "FLOAT64")


def test_the_matrix_has_the_owners_schema() -> None:
    found = schema(MATRIX)
    expected = {
        "data_date": "DATE",
        "symbol": "STRING",
        "market_data": "STRUCT<open FLOAT64, high FLOAT64, low FLOAT64, close FLOAT64, volume INT64, vwap FLOAT64, "
        "realized_vol_1h FLOAT64>",
        "pivots": "STRUCT<P FLOAT64, R1 FLOAT64, R2 FLOAT64, S1 FLOAT64, S2 FLOAT64, distance_to_P FLOAT64, "
        "distance_to_nearest_pivot FLOAT64, weekly_pivot_distance FLOAT64, price_above_P BOOL>",
        "policy": "STRUCT<trump_action_prob FLOAT64, trump_expected_zl_move FLOAT64, trump_score FLOAT64, trump_score_signed "
        "FLOAT64, trump_confidence FLOAT64, trump_sentiment_7d FLOAT64, trump_tariff_intensity FLOAT64, "
        "trump_procurement_alert BOOL, trump_mentions INT64, trumpxi_china_mentions INT64, trumpxi_sentiment_volatility FLOAT64, "
        "trumpxi_policy_impact FLOAT64, trumpxi_volatility_30d_ma FLOAT64, trump_soybean_sentiment_7d FLOAT64, "
        "policy_trump_topic_multiplier FLOAT64, policy_trump_recency_decay FLOAT64>",
        "golden_zone": "STRUCT<state INT64, swing_high FLOAT64, swing_low FLOAT64, fib_50 FLOAT64, fib_618 FLOAT64, "
        "vol_decay_slope FLOAT64, qualified_trigger BOOL>",
        "regime": "STRUCT<name STRING, weight INT64, vol_percentile FLOAT64, k_vol FLOAT64>",
        **FLOATS,
        "ingestion_ts": "TIMESTAMP",
    }
    assert {name: found[name] for name in expected} == expected


def test_the_field_that_nothing_fills_says_why_in_its_description() -> None:
    [k_vol] = [leaf.column for leaf in leaves_of(MATRIX.columns) if leaf.path == "regime.k_vol"]
    assert k_vol.reserved
    assert "no formula of it exists" in k_vol.description


def test_the_view_has_exactly_the_owners_columns_in_order() -> None:
    assert [column.name for column in TRAINING_VIEW.columns] == [
        "data_date",
        "close",
        *FLOATS,
        "regime_name",
        "sample_weight",
        "target_1m",
        "split",
    ]


def test_v0_writes_only_what_v0_owns_in_the_matrix() -> None:
    structs = {leaf.path for leaf in MATRIX.frame_leaves if leaf.struct}
    assert structs == {
        *(f"market_data.{name}" for name in ("open", "high", "low", "close", "volume")),
        "regime.name",
        "regime.weight",
    }


@pytest.mark.parametrize("contract", [BARS, SESSIONS, FEATURES, MATRIX])
def test_tables_by_session_are_keyed_and_clustered_alike(contract: TableContract) -> None:
    assert contract.key[1] == "symbol"
    assert contract.partition_by == contract.key[0]
    assert contract.cluster_by == ("symbol",)


def test_regimes_are_a_record() -> None:
    assert set(schema(REGIME_WEIGHTS)) == {
        "regime",
        "weight",
        "description",
        "research_rationale",
        "created_at",
        "start_date",
        "end_date",
    }


def test_a_contract_that_contradicts_itself_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="same name"):
        replace(SESSIONS, columns=(*SESSIONS.columns, SESSIONS.columns[2]))
    with pytest.raises(ValueError, match="must exist and be NOT NULL"):
        replace(SESSIONS, key=("data_date", "instrument_id"))
    with pytest.raises(ValueError, match="not a BigQuery column name"):
        Column("a b", ColumnType.INT64, "no")
    with pytest.raises(ValueError, match="a STRUCT must have fields"):
        Column("a", ColumnType.STRUCT, "no")


def test_two_leaves_never_share_a_staged_name() -> None:
    clash = Column("market_data__open", ColumnType.FLOAT64, "clash")
    with pytest.raises(ValueError, match="same name"):
        replace(MATRIX, columns=(*MATRIX.columns, clash))


def test_every_contract_is_found_by_its_asset_key() -> None:
    assert all(CONTRACTS[name].table == name for name in CONTRACTS)


@pytest.mark.parametrize("name", ["on", "End", "rows"])
def test_a_column_that_sql_would_misread_is_refused_when_it_is_written_down(name: str) -> None:
    """The first load would take it, and the first MERGE fail."""
    with pytest.raises(ValueError, match="is a word of SQL's own"):
        Column(name, ColumnType.FLOAT64, "a number")


def test_a_key_that_tells_no_row_from_another_is_refused() -> None:
    column = Column("price", ColumnType.FLOAT64, "a number", nullable=False)
    with pytest.raises(ValueError, match="price is FLOAT64, by which no row can be told"):
        TableContract(dataset="d", table="t", description="a table", columns=(column,), key=("price",))
