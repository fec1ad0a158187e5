"""SQL against golden text, and the two rules that every statement keeps."""

from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from zl_assets.contracts.ledger import LEDGER
from zl_assets.contracts.regimes import REGIME_WEIGHTS
from zl_assets.domain.families.base import Family, FamilyColumn
from zl_assets.domain.families.registry import Selection
from zl_assets.domain.families.tables import matrix_contract
from zl_assets.warehouse import sql
from zl_assets.warehouse.contract import Column, ColumnType, TableContract
from zl_assets.warehouse.names import TableName
from zl_assets.warehouse.schema import field_of, live_columns
from zl_assets_tests.support.contracts import BARS, MATRIX, SESSIONS, TRAINING_VIEW, ZL
from zl_assets_tests.support.golden import assert_golden
from zl_assets_tests.warehouse.tables import SMALL

GOLDEN = Path(__file__).parent / "golden"


def target(contract: TableContract, *, adopted: bool = False) -> sql.Target:
    columns = contract.columns if adopted else contract.created_columns
    name = TableName("my-project", contract.dataset, contract.table)
    return sql.Target(contract, name, live_columns([field_of(column) for column in columns]))


def staging(contract: TableContract) -> TableName:
    return TableName("my-project", contract.dataset, f"zl_staging_{contract.table}_0")


def _family() -> Family:
    """Fields in a reserved STRUCT, beside this product's own, and in a new one."""
    columns = [("pivots", "P"), ("market_data", "vwap"), ("rain", "mm")]
    return Family(
        name="rain",
        phase="test",
        description="for tests",
        columns=tuple(
            FamilyColumn(Column(name, ColumnType.FLOAT64, "a number", "mm"), struct, "none", ("zl_ohlcv.close",))
            for struct, name in columns
        ),
        needs=(),
        inputs=(),
        compute=lambda sessions, sources: sessions,
    )


WITH_FAMILY = Selection((_family(),), (_family(),), (_family(),))
FAMILY_MATRIX = matrix_contract(WITH_FAMILY, ZL)

STATEMENTS = {
    "select_matrix": sql.select_frame(target(MATRIX).name, MATRIX.frame_leaves),
    "select_columns": sql.select_columns(target(BARS).name, ["date", "symbol", "close"], by_symbol=True),
    "select_columns_between": sql.select_columns(
        target(SESSIONS).name, ["data_date", "close"], by_symbol=True, range_column="data_date"
    ),
    "count": sql.count_rows(target(MATRIX).name),
    "count_dates": sql.count_dates(target(MATRIX).name, "data_date"),
    "merge_matrix": sql.merge_given(target(MATRIX), updates=True),
    "merge_adopted": sql.merge_given(target(MATRIX, adopted=True), updates=True),
    "merge_regimes": sql.merge_given(target(REGIME_WEIGHTS), updates=True),
    "merge_append": sql.merge_given(target(LEDGER), updates=False),
    "merge_staged": sql.merge_staged(target(SESSIONS), staging(SESSIONS), 1, updates=True),
    "merge_staged_in_transaction": sql.merge_staged(target(SESSIONS), staging(SESSIONS), 2, updates=True),
    "select_dates": sql.select_dates(target(SESSIONS).name, "data_date"),
    "delete_in_transaction": sql.delete_in_transaction(
        [(target(BARS).name, "date"), (target(SESSIONS).name, "data_date")],
    ),
    "insert_row": sql.insert_row(target(MATRIX).name, MATRIX.created_columns),
    "export_csv": sql.export_csv(
        "gs://my-bucket/path/zl_export_run/vw_zl_1m_flat-*.csv",
        sql.select_frame(TableName("my-project", "training", TRAINING_VIEW.table), TRAINING_VIEW.frame_leaves, TRAINING_VIEW.key),
    ),
    "add_columns": sql.add_columns(target(MATRIX).name, MATRIX.columns[8:10]),
    "merge_family": sql.merge_given(target(FAMILY_MATRIX), updates=True),
    "add_family_struct": sql.add_columns(target(MATRIX).name, [c for c in FAMILY_MATRIX.columns if c.name == "rain"]),
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_sql_does_not_change_unnoticed(name: str) -> None:
    assert_golden(STATEMENTS[name], GOLDEN / f"{name}.sql")


@pytest.mark.parametrize("name", STATEMENTS)
def test_no_statement_joins(name: str) -> None:
    for statement in sqlglot.parse(STATEMENTS[name], dialect="bigquery"):
        assert statement is not None
        assert not list(statement.find_all(exp.Join))


def test_every_bound_of_a_merge_filters_its_source_too() -> None:
    """A bound on the target alone would turn matches outside it into second inserts."""
    for name in ("merge_matrix", "merge_adopted", "merge_staged", "merge_staged_in_transaction"):
        for merge in (s for s in sqlglot.parse(STATEMENTS[name], dialect="bigquery") if isinstance(s, exp.Merge)):
            bounds = [sorted(p.sql() for p in between.find_all(exp.Parameter)) for between in merge.find_all(exp.Between)]
            assert len(bounds) == 2
            assert bounds[0] == bounds[1]
            source = merge.args["using"]
            assert len(list(source.find_all(exp.Between))) == 1


def test_a_description_cannot_break_out_of_its_quotes() -> None:
    text = sql.add_columns(TableName("my-project", "d", "t"), [SMALL.columns[1]])
    assert 'OPTIONS(description="the \\"symbol\\"")' in text


def test_fields_that_are_not_ours_are_carried_over() -> None:
    live = sql.LiveColumn(
        "bar",
        "STRUCT",
        (sql.LiveColumn("vwap", "FLOAT64"), sql.LiveColumn("close", "FLOAT64"), sql.LiveColumn("order to P", "STRING")),
    )
    merged = sql.merge_given(sql.Target(SMALL, TableName("my-project", "d", "small"), (live,)), updates=True)
    update, insert = merged.split("WHEN NOT MATCHED")
    assert "STRUCT(live.bar.`vwap` AS `vwap`, staged.bar__close AS `close`, live.bar.`order to P` AS `order to P`)" in update
    assert "STRUCT(CAST(NULL AS FLOAT64) AS `vwap`, staged.bar__close AS `close`, CAST(NULL AS STRING) AS `order to P`)" in insert
