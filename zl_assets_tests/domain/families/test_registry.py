"""Which families there are and which are on: what collides, what reaches for the target, and what is misspelt stops by name."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

from zl_assets.catalog import Catalog
from zl_assets.domain.errors import FamilyConflict
from zl_assets.domain.families import intraday, macro, registry
from zl_assets.domain.families.base import Family, FamilyColumn, ModelInput, SourceNeed
from zl_assets.domain.families.registry import NONE, Selection, known_families, register, select
from zl_assets.domain.families.tables import family_contract, matrix_contract, training_view_contract
from zl_assets.errors import SettingError
from zl_assets.settings import Settings
from zl_assets.warehouse.contract import Column, ColumnType
from zl_assets.warehouse.lineage import ColumnRef, table_lineage
from zl_assets_tests.support.contracts import CENTS, FEATURES, MATRIX, MONTH, SESSIONS, TRAINING_VIEW, ZL
from zl_assets_tests.support.families import AROUND
from zl_assets_tests.support.guide import FAMILY_GUIDE

type Change = Callable[[Family], Family]


@pytest.fixture
def candle(tmp_path: Path) -> Family:
    return FAMILY_GUIDE.made(tmp_path)


def column(name: str, struct: str, kind: ColumnType = ColumnType.FLOAT64) -> FamilyColumn:
    return FamilyColumn(Column(name, kind, "for tests", CENTS), struct, "none", ("sessions.close",))


def with_column(name: str, struct: str, kind: ColumnType = ColumnType.FLOAT64) -> Change:
    return lambda family: replace(family, columns=(*family.columns, column(name, struct, kind)))


def with_input(name: str, *columns: str) -> Change:
    given = ModelInput(name, columns, lambda view: view[columns[0]])
    return lambda family: replace(family, inputs=(*family.inputs, given))


# What is wrong with it -> what is done to the guide's family, and the words that must name it.
ALONE: dict[str, tuple[Change, str]] = {
    "a field that the STRUCT lacks": (with_column("R3", "pivots"), r"candle: pivots.R3 is not a field of the STRUCT pivots"),
    "a field of another type": (with_column("P", "pivots", ColumnType.INT64), r"candle: pivots.P is INT64, and .* FLOAT64"),
    "a field that v0 fills": (with_column("close", "market_data"), r"candle: market_data.close is taken"),
    "a STRUCT in other letters": (
        with_column("P", "Pivots"),
        r"Pivots.P must spell the STRUCT as the matrix does, pivots",
    ),
    "a plain column as STRUCT": (with_column("x", "rsi_14"), r"candle: its STRUCT rsi_14 is a plain column"),
    "no name for a STRUCT": (with_column("x", "a b`; --"), r"candle: its STRUCT a b`; --"),
    "a column twice": (with_column("body_share", "other"), r"candle: its column body_share appears twice"),
    "the key as a column": (with_column("symbol", "candle"), r"candle: its column symbol has the name of a column"),
    "the target as an input": (with_input("t", "target_1m"), r"candle: its model input t reads target_1m"),
    "another family's column": (with_input("t", "close", "pivots_P"), r"candle: its model input t reads pivots_P"),
    "the target as a column": (with_column("target_1m", "candle"), r"candle: its column target_1m has the target's name"),
    "the view as a source": (
        lambda family: replace(family, needs=(SourceNeed("vw_zl_1m_flat", (), "never"),)),
        r"candle: it reads vw_zl_1m_flat, which is not a source table",
    ),
    "the forecasts as a source": (
        lambda family: replace(family, needs=(SourceNeed("zl_1m_oof", (), "never"),)),
        r"candle: it reads zl_1m_oof, which is not a source table",
    ),
    "an unknown source": (
        lambda family: replace(family, needs=(SourceNeed("weather", (), "never"),)),
        r"candle: it reads weather, which is not a source table",
    ),
    "a lineage from the target": (
        lambda family: replace(family, columns=(replace(family.columns[0], made_from=("vw_zl_1m_flat.target_1m",)),), inputs=()),
        r"candle.body_share is said to be made from vw_zl_1m_flat.target_1m, which is not a column of sessions",
    ),
    "a date as a column": (with_column("day", "candle", ColumnType.DATE), r"candle: candle.day is DATE"),
    "a name too long for a label": (lambda family: replace(family, name="c" * 41), r"its name has 41 characters"),
    "an input twice": (with_input("candle_range_5", "candle_range_5"), r"candle: the model input candle_range_5 is taken"),
}


@pytest.mark.parametrize("fault", ALONE)
def test_a_family_that_cannot_be_used_is_named(candle: Family, fault: str) -> None:
    change, words = ALONE[fault]
    with pytest.raises(FamilyConflict, match=words):
        register([change(candle)], AROUND)


COLLIDING: dict[str, tuple[Change, str]] = {
    "name": (lambda family: family, r"candle: the name candle is taken by family candle"),
    "column": (
        lambda family: replace(family, name="other", inputs=()),
        r"other: the column candle.body_share is taken by family candle",
    ),
    "a new STRUCT": (
        lambda family: replace(family, name="other", columns=(column("x", "Candle"),), inputs=()),
        r"other: the STRUCT candle is taken by family candle",
    ),
    "a name in the view": (
        lambda family: replace(family, name="other", columns=(column("share", "candle_body"),), inputs=()),
        r"other: the view column candle_body_share is taken by family candle",
    ),
    "a model input": (
        lambda family: replace(
            family,
            name="other",
            columns=(column("x", "other"),),
            inputs=(ModelInput("candle_body_share", ("other_x",), lambda view: view["other_x"]),),
        ),
        r"other: the model input candle_body_share is taken by family candle",
    ),
}


@pytest.mark.parametrize("what", COLLIDING)
def test_two_families_that_collide_are_both_named(candle: Family, what: str) -> None:
    change, words = COLLIDING[what]
    with pytest.raises(FamilyConflict, match=words):
        register([candle, change(candle)], AROUND)


def test_a_flat_name_that_the_view_has_is_refused(candle: Family) -> None:
    one = replace(candle, columns=(column("weight", "sample"),), inputs=())
    with pytest.raises(FamilyConflict, match=r"the view column sample_weight is taken by a column of training\.vw_zl_1m_flat"):
        register([one], AROUND)


def test_the_families_of_the_package_can_be_used_side_by_side() -> None:
    names = [family.name for family in known_families(AROUND)]
    assert names == sorted(set(names))


def test_a_file_in_the_folder_is_all_that_registering_takes(tmp_path: Path) -> None:
    before = known_families(AROUND)
    with FAMILY_GUIDE.module(tmp_path, "candle", FAMILY_GUIDE.example):
        assert {family.name for family in known_families(AROUND)} == {"candle", *(family.name for family in before)}
    assert known_families(AROUND) == before


def test_a_module_without_a_family_is_no_family(tmp_path: Path) -> None:
    before = known_families(AROUND)
    with FAMILY_GUIDE.module(tmp_path, "helpers", "VALUE = 1\n"):
        assert known_families(AROUND) == before


def test_an_unknown_name_says_which_there_are(tmp_path: Path) -> None:
    with FAMILY_GUIDE.module(tmp_path, "candle", FAMILY_GUIDE.example):
        with pytest.raises(SettingError, match=r"ZL_FAMILIES names candel, .*Known: .*candle"):
            select(known_families(AROUND), ["candel"], [])
        with pytest.raises(SettingError, match=r"ZL_KEPT_FAMILIES names candle, which ZL_FAMILIES \(unset\) does not compute"):
            select(known_families(AROUND), [], ["candle"])
        selection = select(known_families(AROUND), ["candle"], ["candle"])
    assert [family.name for family in selection.on] == [family.name for family in selection.kept] == ["candle"]


def test_without_a_family_every_contract_is_v0s() -> None:
    catalog = Catalog.of(Settings.load())
    assert replace(catalog.matrix(ZL), parts=()) == replace(MATRIX, symbols=("ZL",))
    assert catalog.contracts[MATRIX.table] == catalog.matrix(ZL)
    assert catalog.contracts[TRAINING_VIEW.table] == TRAINING_VIEW
    assert matrix_contract(NONE, ZL) == MATRIX


def test_the_contracts_of_a_family_come_from_its_columns(candle: Family) -> None:
    selection = Selection((candle,), (candle,), (candle,))
    own, matrix, view = family_contract(candle, ZL), matrix_contract(selection, ZL), training_view_contract([candle], ZL, MONTH)
    assert own.name == "features.family_candle"
    assert own.frame_columns == ("data_date", "symbol", "body_share", "range_5")
    assert own.columns[2].text == ("close less open per range: (close - open) / (high - low) [fraction (0.01 = 1 %)]")
    assert set(matrix.frame_columns) - set(MATRIX.frame_columns) == {"candle.body_share", "candle.range_5"}
    added = [column.name for column in view.columns if column not in TRAINING_VIEW.columns]
    assert added == ["candle_body_share", "candle_range_5"]
    assert [column for column in view.columns if column in TRAINING_VIEW.columns] == list(TRAINING_VIEW.columns)


def test_lineage_goes_through_the_familys_own_table(candle: Family) -> None:
    own, matrix = family_contract(candle, ZL), matrix_contract(Selection((candle,), (candle,), ()), ZL)
    found = table_lineage(matrix, {"family_candle": own, "zl_ohlcv": SESSIONS, "zl_ta_features": FEATURES})
    assert found["candle.body_share"] == (ColumnRef("family_candle", "body_share"),)
    assert found["market_data.close"] == (ColumnRef("zl_ohlcv", "close"),)
    assert ColumnRef("zl_ohlcv", "close") in table_lineage(own, {"zl_ohlcv": SESSIONS})["body_share"]


def test_a_field_of_a_shared_struct_leaves_the_others_reserved(candle: Family) -> None:
    one = replace(candle, columns=(column("vwap", "market_data"), column("vol_percentile", "regime")), inputs=())
    matrix = matrix_contract(Selection((one,), (one,), ()), ZL)
    assert set(matrix.frame_columns) - set(MATRIX.frame_columns) == {"market_data.vwap", "regime.vol_percentile"}
    assert [c.name for c in matrix.columns] == [c.name for c in MATRIX.columns]
    assert pd.Index(matrix.frame_columns).is_unique


def test_a_family_whose_module_cannot_be_made_stops_without_a_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(package: ModuleType, attribute: str) -> list[object]:
        raise ValueError("'Candle' is not a family name: lower-case letters, digits and underscores")

    monkeypatch.setattr(registry, "found_in", broken)
    with pytest.raises(FamilyConflict, match="'Candle' is not a family name"):
        known_families(AROUND)


@pytest.mark.parametrize(("family", "said"), [(intraday.FAMILY, True), (macro.FAMILY, False)])
def test_a_need_that_says_wrongly_whose_rows_it_reads_is_named(family: Family, said: bool) -> None:
    """It would be given an asset that there is not, or all instruments' rows."""
    wrong = replace(family, needs=tuple(replace(need, of_instrument=not said) for need in family.needs))
    with pytest.raises(FamilyConflict, match=rf"{family.name}: its SourceNeed must say of_instrument={said}"):
        register([wrong], AROUND)
