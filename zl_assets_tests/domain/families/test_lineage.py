"""What a family says its columns are made of is true: another value in a source changes the columns that name it, no other."""

import functools

import numpy as np
import pandas as pd
import pytest

from zl_assets.domain.families import biofuel, cot, golden_zone, intraday, macro, pivots, volatility, wasde, weather
from zl_assets.domain.families.base import Family
from zl_assets.domain.families.tables import made_from
from zl_assets.domain.stubs import with_stubs
from zl_assets.warehouse.contract import ColumnType, leaves_of
from zl_assets_tests.domain.families import test_golden_zone, test_weather
from zl_assets_tests.domain.families.test_intraday import random_hours
from zl_assets_tests.support import cot as positions
from zl_assets_tests.support import documents, rin
from zl_assets_tests.support.builders import decided
from zl_assets_tests.support.cases import Sources, random_observations, random_sessions
from zl_assets_tests.support.contracts import (
    BARS_1H,
    COT_WEEKLY,
    FRED_OBSERVATIONS,
    POLICY_DOCUMENTS,
    RIN_PRICES,
    SESSIONS,
    VOLATILITY_DAILY,
    WASDE_BALANCE,
    WEATHER_DAILY,
    ZL,
)
from zl_assets_tests.support.wasde import monthly
from zl_assets_tests.support.weather import made_up


@functools.cache
def of_zl() -> tuple[pd.DataFrame, Sources]:
    """Sessions of ZL, and rows of every source."""
    sessions = random_sessions(400)
    return sessions, {
        FRED_OBSERVATIONS.table: random_observations(tuple(part.series for part in macro.PARTS), sessions),
        VOLATILITY_DAILY.table: random_observations((volatility.SERIES,), sessions),
        BARS_1H.table: with_stubs(random_hours(sessions), ZL),
        WASDE_BALANCE.table: monthly(),
        # As long as a season needs.
        WEATHER_DAILY.table: made_up("2003-12-01", "2016-12-31", *test_weather.US, *test_weather.BR, *test_weather.AR),
        # As long as the rank needs.
        COT_WEEKLY.table: positions.made_up("2012-01-01", "2016-12-31"),
        RIN_PRICES.table: rin.made_up("2014-06-01", "2016-12-31"),
        POLICY_DOCUMENTS.table: documents.table(
            documents.document("2015-20000", "2015-06-10", "Renewable Fuel Standard"), agencies=("2014-12-01", "2016-12-31")
        ),
    }


def of_mes() -> tuple[pd.DataFrame, Sources]:
    sessions = test_golden_zone.random_mes_sessions(100)
    return sessions, of_zl()[1] | {BARS_1H.table: with_stubs(test_golden_zone.random_hours(sessions), ZL)}


MEASURED = (
    SESSIONS,
    FRED_OBSERVATIONS,
    VOLATILITY_DAILY,
    WEATHER_DAILY,
    WASDE_BALANCE,
    COT_WEEKLY,
    RIN_PRICES,
    BARS_1H,
)
# Numbers that are measured; keys, times and the contract's id order and select rows.
CHANGED = [
    (contract.table, leaf.path)
    for contract in MEASURED
    for leaf in leaves_of(contract.columns)
    if leaf.column.type is ColumnType.FLOAT64 or leaf.path == "volume" or leaf.column.unit == "contracts"
]


def other(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """Up to a half more in every row, drawn by row."""
    factor = 1.0 + 0.5 * np.random.default_rng(5).random(len(frame))
    values = (frame[column].astype("float64") * factor).round(6 if frame[column].dtype.kind == "f" else 0)
    return frame.assign(**{column: values.astype(frame[column].dtype)})


FAMILIES = [part.FAMILY for part in (pivots, volatility, intraday, macro, weather, wasde, cot, biofuel, golden_zone)]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.name)
def test_a_column_changes_with_what_it_is_said_to_be_made_of_and_with_nothing_else(family: Family) -> None:
    sessions, sources = of_mes() if family is golden_zone.FAMILY else of_zl()
    before = family.compute(decided(sessions), sources)
    for table, column in CHANGED:
        if table == SESSIONS.table:
            after = family.compute(decided(other(sessions, column)), sources)
        else:
            after = family.compute(decided(sessions), sources | {table: other(sources[table], column)})
        changed = {name for name in before if not before[name].equals(after[name])}
        said = {c.column.name for c in family.columns if f"{table}.{column}" in made_from(family, c, ZL)}
        assert changed == said, f"{table}.{column}"
