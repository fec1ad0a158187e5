"""What the morning page reads of the tables."""

import pandas as pd

from zl_assets.assets.briefing import _facts, _readings, _regime_of
from zl_assets.catalog import Catalog
from zl_assets.provenance import OWN_BARS, Provenance
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


# The second instrument's bars are three days late.
ENDS = {"zl_ohlcv": NEWEST, "mes_ohlcv": NEWEST - pd.Timedelta(days=3)}
CLOSES = {"zl_ohlcv": 50.0, "mes_ohlcv": 6000.0}


class Apart:
    """The sessions of two instruments, and in one table what was recorded: of the first on both days, of the other on its own."""

    def read_or_empty(self, contract: TableContract) -> pd.DataFrame:
        if contract.table in ENDS:
            dates = pd.bdate_range(end=ENDS[contract.table], periods=30).as_unit("ns")
            rows = {"data_date": dates, "close": CLOSES[contract.table], "instrument_id": 1}
            return empty_frame(contract).reindex(range(len(dates))).assign(**rows)
        if contract.table != "forecast_record":
            return empty_frame(contract)
        late, newest = ENDS["mes_ohlcv"], ENDS["zl_ohlcv"]
        return pd.DataFrame([recorded("ZL", late, 50.0), recorded("ZL", newest, 50.0), recorded("MES", late, 6000.0)])


def recorded(symbol: str, day: pd.Timestamp, close: float) -> dict[str, object]:
    return {
        "data_date": day,
        "issued_on": day,
        "symbol": symbol,
        "horizon": "1m",
        "source": OWN_BARS,
        "target_session": day + pd.Timedelta(days=30),
        "low_80_close": close * 0.9,
        "high_80_close": close * 1.1,
        "expected_move": 0.05,
        "expected_move_price": close * 0.05,
        "move_percentile": 0.5,
        "back_dated": False,
        "model_id": symbol,
    }


def test_of_two_instruments_whose_dates_differ_each_page_is_of_its_own_newest_session() -> None:
    catalog = Catalog.of(Settings.load(instruments="ZL,MES"))
    ours = Provenance("prices", "/work", OWN_BARS)
    for instrument, table in zip(catalog.instruments, ENDS, strict=True):
        found = _facts(Apart(), catalog, instrument, instrument.horizons[0], ours, ())  # type: ignore[arg-type]
        assert found is not None
        assert found.outlook is not None
        assert (found.session, found.close) == (ENDS[table], CLOSES[table])
        assert (found.outlook.now.session, found.outlook.model) == (ENDS[table], instrument.symbol)
        assert found.outlook.now.low == CLOSES[table] * 0.9
