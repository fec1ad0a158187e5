"""What the morning page reads of the tables."""

import pandas as pd

from zl_assets.assets.briefing import _readings, _regime_of
from zl_assets.catalog import Catalog
from zl_assets.settings import Settings
from zl_assets.warehouse.contract import TableContract
from zl_assets.warehouse.shape import empty_frame
from zl_assets_tests.support.contracts import ZL

NEWEST = pd.Timestamp("2025-11-14")


class Stopped:
    """A family's table that ends two sessions before the newest one."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def read_or_empty(self, contract: TableContract) -> pd.DataFrame:
        self.read.append(contract.table)
        if "pivots" not in contract.table:
            return empty_frame(contract)
        row = dict.fromkeys(contract.frame_columns, 50.0) | {"symbol": "ZL", "data_date": NEWEST - pd.Timedelta(days=2)}
        return pd.DataFrame([row])


def test_a_family_that_has_stopped_has_no_value_today_and_is_not_left_out() -> None:
    catalog = Catalog.of(Settings.load(families="pivots"))
    found = _readings(Stopped(), catalog, ZL, NEWEST)  # type: ignore[arg-type]
    assert {reading.family for reading in found} == {"pivots"}
    assert {reading.value for reading in found} == {None}


def test_the_hours_of_all_years_are_not_read_for_one_line() -> None:
    tables = Stopped()
    catalog = Catalog.of(Settings.load(families="intraday,volatility"))
    assert {reading.known for reading in _readings(tables, catalog, ZL, NEWEST)} == {None}  # type: ignore[arg-type]
    assert "volatility_daily" in tables.read
    assert not any("1h" in name for name in tables.read)


def test_a_session_that_no_regime_covers_has_a_page_that_can_say_so() -> None:
    assert _regime_of(NEWEST) == "trump_term"
    assert _regime_of(pd.Timestamp("2031-01-02")) is None
