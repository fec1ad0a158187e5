"""The training view's SQL against golden text, and for another instrument and horizon."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import sqlglot

from zl_assets.domain.families.base import Family, FamilyColumn
from zl_assets.domain.families.tables import matrix_columns, training_view_contract
from zl_assets.domain.training_view import training_view_select
from zl_assets.instruments.zl import INSTRUMENT as ZL
from zl_assets.warehouse import sql
from zl_assets.warehouse.contract import Column, ColumnType
from zl_assets.warehouse.names import TableName
from zl_assets.warehouse.view_rules import no_joins
from zl_assets_tests.support.contracts import MONTH, TRAINING_VIEW
from zl_assets_tests.support.golden import assert_golden

GOLDEN = Path(__file__).parent / "golden"
MATRIX = "`my-project.features.daily_ml_matrix`"
VIEW = TableName("my-project", "training", TRAINING_VIEW.table)

# Fields in a reserved STRUCT, beside this product's own, and in a new one.
RAIN = Family(
    name="rain",
    phase="test",
    description="for tests",
    columns=tuple(
        FamilyColumn(Column(name, ColumnType.FLOAT64, "a number", "mm"), struct, "none", ("sessions.close",))
        for struct, name in [("pivots", "P"), ("market_data", "vwap"), ("rain", "mm")]
    ),
    needs=(),
    inputs=(),
    compute=lambda sessions, sources: sessions,
)


def test_the_view_does_not_change_unnoticed() -> None:
    select = training_view_select(MATRIX, ZL, MONTH)
    assert no_joins(select).passed
    assert_golden(sql.create_view(VIEW, TRAINING_VIEW, select), GOLDEN / "training_view.sql")


def test_a_kept_family_adds_its_columns_after_the_features() -> None:
    select = training_view_select(MATRIX, ZL, MONTH, matrix_columns([RAIN]))
    assert no_joins(select).passed
    assert_golden(
        sql.create_view(VIEW, training_view_contract([RAIN], ZL, MONTH), select), GOLDEN / "training_view_with_family.sql"
    )


def test_symbol_target_and_split_are_the_instruments_and_the_horizons() -> None:
    other = replace(ZL, symbol="6E.c.0", split_date=dt.date(2024, 2, 29))
    select = training_view_select(MATRIX, other, replace(MONTH, name="3m", sessions=63, words="three months"))
    assert "WHERE symbol = '6E.c.0'" in select
    assert "CASE WHEN data_date < '2024-02-29'" in select
    assert "LEAD(market_data.close, 63)" in select
    assert sqlglot.parse_one(select, dialect="bigquery").named_selects[-2] == "target_3m"
