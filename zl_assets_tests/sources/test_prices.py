"""Prices in 1e-9 fixed point and in float32: the double of the decimal text, or refused by row."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from zl_assets.sources.bars import read_bars
from zl_assets.sources.prices import from_fixed_point, refuse_narrow_wholes, to_ticks
from zl_assets.warehouse.errors import DataFault
from zl_assets_tests.conftest import shared_data
from zl_assets_tests.support.contracts import ZL

FILE = Path("bars.parquet")
FLOAT32, FLOAT64 = np.dtype("float32"), np.dtype("float64")
PRICES = ("open", "high", "low", "close")
TICKS = (0.01, 0.25, 0.005, 0.03125, 0.0000005, 1.0)


def prices_of(*rows: list[float], first: int = 2) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(PRICES), index=range(first, first + len(rows)), dtype="float64")


def narrowed(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.astype("float32").astype("float64")


def rounded(frame: pd.DataFrame, kind: Any, tick: float = 0.01) -> tuple[pd.DataFrame, str]:
    return to_ticks(frame, pd.Series(tick, frame.index), dict.fromkeys(PRICES, kind), FILE)


# --- fixed point


@given(st.lists(st.integers(100, 10**8), min_size=4, max_size=4))
def test_fixed_point_is_the_double_of_the_decimal_text(hundredths: list[int]) -> None:
    found, said = from_fixed_point(prices_of([n * 10**7 for n in hundredths]), FILE)
    assert found.iloc[0].tolist() == [float(str(Decimal(n) / 100)) for n in hundredths]
    assert said == "prices were 1e-9 fixed point and were divided by 1,000,000,000"


def test_no_price_is_no_number() -> None:
    found, _ = from_fixed_point(prices_of([33.12e9, 33.2e9, 33e9, float(2**63 - 1)]), FILE)
    assert found.iloc[0].tolist()[:3] == [33.12, 33.2, 33.0]
    assert np.isnan(found["close"].iloc[0])


@pytest.mark.parametrize("price", [33.0, 33.12, 999_999.0, 1_000_000.5, float("nan"), float("inf"), 0.0, -33.0])
def test_plain_prices_stay_as_they_are(price: float) -> None:
    given = prices_of([price] * 4)
    found, said = from_fixed_point(given, FILE)
    assert_frame_equal(found, given)
    assert said == ""


def test_a_mixture_names_the_rows_that_are_fewer() -> None:
    fixed, plain = [33.12e9] * 4, [33.12] * 4
    with pytest.raises(DataFault, match=r"these are not: row 3: open 33\.12; row 3: high 33\.12"):
        from_fixed_point(prices_of(fixed, plain, fixed), FILE)
    with pytest.raises(DataFault, match=r"these are: row 4: close 33120000000\.0\. Give all prices in one unit"):
        from_fixed_point(prices_of(plain, plain, [33.12, 33.12, 33.12, 33.12e9]), FILE)


@pytest.mark.parametrize("price", [1e6, 331_200_000.0, 999_999_999.0])
def test_whole_numbers_that_may_be_either_are_refused(price: float) -> None:
    with pytest.raises(DataFault, match="neither plain prices nor 1e-9 fixed point"):
        from_fixed_point(prices_of([price] * 4), FILE)


DATABENTO = "ts_event,rtype,symbol,open,high,low,close,volume\n"


@pytest.mark.parametrize("header", [DATABENTO, DATABENTO.replace("ts_event", "date")])
def test_a_file_of_whole_prices_is_read_as_it_is(tmp_path: Path, header: str) -> None:
    path = tmp_path / "bars.csv"
    path.write_text(header + "2024-01-02,35,ZL,33,34,32,33,41000\n")
    assert read_bars(path, [ZL]).frame["close"].tolist() == [33.0]


def test_a_mixture_in_a_file_is_refused_by_row(tmp_path: Path) -> None:
    path = tmp_path / "bars.csv"
    row = "2024-01-0{},35,ZL,{p},{p},{p},{p},41000\n"
    path.write_text(DATABENTO + row.format(2, p=33120000000) + row.format(3, p=33.5))
    with pytest.raises(DataFault, match=r"bars\.csv: a mixture of prices.*these are not: row 3: open 33\.5"):
        read_bars(path, [ZL])


@pytest.mark.parametrize("kind", ["int64", "float64"])
def test_databentos_prices_beside_other_symbols_are_scaled(tmp_path: Path, kind: str) -> None:
    columns: dict[str, Any] = {name: np.array([33_120_000_000, 7], dtype=kind) for name in PRICES}
    frame = pd.DataFrame({"ts_event": pd.Timestamp("2024-01-02"), "symbol": ["ZL.v.0", "ES.v.0"], **columns, "volume": 41_000})
    frame.to_parquet(tmp_path / "bars.parquet")
    assert read_bars(tmp_path / "bars.parquet", [ZL]).frame["close"].tolist() == [33.12]


def test_nobody_elses_prices_are_scaled(tmp_path: Path) -> None:
    """That they are out of the instrument's range is for its range to say."""
    path = tmp_path / "bars.csv"
    path.write_text(
        "date,symbol,open,high,low,close,volume\n2024-01-02,ZL,33120000000,33120000000,33120000000,33120000000,41000\n"
    )
    try:
        bars = read_bars(path, [ZL])
    except DataFault:
        return
    assert bars.frame["close"].tolist() == [33_120_000_000.0]


# --- float32


@given(st.sampled_from(TICKS), st.lists(st.integers(1, 200_000), min_size=4, max_size=4))
def test_a_price_comes_back_from_float32_bit_for_bit(tick: float, steps: list[int]) -> None:
    prices = prices_of([float(Decimal(str(tick)) * n) for n in steps])
    found, _ = rounded(narrowed(prices), FLOAT32, tick)
    assert_frame_equal(found, prices, check_exact=True)


@given(st.lists(st.integers(1, 1_000_000), min_size=4, max_size=4))
def test_doubles_that_were_float32_come_back_too(hundredths: list[int]) -> None:
    prices = prices_of([n / 100 for n in hundredths])
    assert_frame_equal(rounded(narrowed(prices), FLOAT64)[0], prices, check_exact=True)
    assert_frame_equal(rounded(narrowed(prices).round(6), FLOAT64)[0], prices, check_exact=True)


def test_it_is_said_only_where_something_changed() -> None:
    assert rounded(narrowed(prices_of([33.12] * 4)), FLOAT32)[1] == "prices were float32 and were rounded to the tick 0.01"
    assert rounded(prices_of([33.25, 33.5, 33.0, float("nan")]), FLOAT32)[1] == ""
    assert rounded(prices_of([33.12] * 4), FLOAT64)[1] == ""


@pytest.mark.parametrize("price", [33.125, 33.1234, 33.1200065612793, 200_000.01])
def test_a_float32_price_of_no_single_multiple_is_refused_by_row(price: float) -> None:
    """33.125 and 33.1234 lie between ticks, the next is a float32 above 33.12, and 200,000.02 has the last one's float32."""
    with pytest.raises(DataFault, match=r"the float32 of exactly one multiple of the tick 0\.01: row 3: close"):
        rounded(narrowed(prices_of([33.12] * 4, [33.12, 33.12, 33.12, price])), FLOAT32)


@pytest.mark.parametrize("price", [33.125, 33.1234, 33.119999999])
def test_doubles_off_the_tick_are_left_alone(price: float) -> None:
    prices = prices_of([33.12, 33.5, 33.0, price])
    found, said = rounded(prices, FLOAT64)
    assert_frame_equal(found, prices, check_exact=True)
    assert said == ""


def test_a_double_off_the_tick_among_float32_values_is_refused() -> None:
    with pytest.raises(DataFault, match=r"row 2: close 33\.125"):
        rounded(narrowed(prices_of([33.12, 33.5, 33.0, 33.125])), FLOAT64)


def test_one_float32_column_among_doubles_is_rounded_alone() -> None:
    prices = prices_of([33.12, 33.125, 33.0, float(np.float32(33.05))])
    found, _ = to_ticks(prices, pd.Series(0.01, prices.index), dict.fromkeys(PRICES, FLOAT64) | {"close": FLOAT32}, FILE)
    assert found.iloc[0].tolist() == [33.12, 33.125, 33.0, 33.05]


def test_a_contracts_number_in_float32_may_be_anothers() -> None:
    ids = pd.Series([4711.0, 16_777_216.0], index=[1, 2], name="instrument_id", dtype="float32")
    with pytest.raises(DataFault, match=r"column instrument_id is float32, .*row 2: 16777216\. Give the column as integers"):
        refuse_narrow_wholes(ids, FILE)
    refuse_narrow_wholes(ids.iloc[:1], FILE)
    refuse_narrow_wholes(ids.astype("float64"), FILE)


@pytest.mark.parametrize("price", [33.12, 33.125])
def test_another_symbols_rows_do_not_hide_that_a_column_is_float32(tmp_path: Path, price: float) -> None:
    columns: dict[str, Any] = {name: np.array([price, 2925.75], dtype="float32") for name in PRICES}
    frame = pd.DataFrame({"date": pd.Timestamp("2024-01-02"), "symbol": ["ZL", "MES"], **columns, "volume": 41_000})
    frame.to_parquet(tmp_path / "bars.parquet")
    if price == 33.12:
        assert read_bars(tmp_path / "bars.parquet", [ZL]).frame["close"].tolist() == [33.12]
    else:
        with pytest.raises(DataFault, match=r"the float32 of exactly one multiple of the tick 0\.01: row 1: open 33\.125"):
            read_bars(tmp_path / "bars.parquet", [ZL])


@pytest.mark.parametrize("stored", ["float32", "float64"])
def test_the_real_bars_come_back_from_float32_bit_for_bit(tmp_path: Path, stored: str) -> None:
    path = shared_data("databento_futures_ohlcv_1d.parquet")
    real = read_bars(path, [ZL])
    assert real.notes == ()
    frame = pd.read_parquet(path).query("symbol == 'ZL'")
    frame[list(PRICES)] = frame[list(PRICES)].astype("float32").astype(stored)
    frame.to_parquet(tmp_path / "bars.parquet")
    bars = read_bars(tmp_path / "bars.parquet", [ZL])
    assert_frame_equal(bars.frame, real.frame, check_exact=True)
    assert bars.notes == ("bars.parquet: prices were float32 and were rounded to the tick 0.01",)


def test_the_real_bars_come_back_from_fixed_point_bit_for_bit(tmp_path: Path) -> None:
    path = shared_data("databento_futures_ohlcv_1d.parquet")
    frame = pd.read_parquet(path).query("symbol == 'ZL'")
    for name in PRICES:
        frame[name] = (frame[name] * 100).round().astype("int64") * 10**7
    frame.rename(columns={"date": "ts_event"}).to_csv(tmp_path / "bars.csv", index=False)
    assert_frame_equal(read_bars(tmp_path / "bars.csv", [ZL]).frame, read_bars(path, [ZL]).frame, check_exact=True)
