"""Every bad input gives one message that names the place and the way out, and changes no table, CSV or model."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from zl_assets.sources.sample import synthetic_bars
from zl_assets_tests.graph.product import AS_OF, Product, failures

MakeProduct = Callable[..., Product]
Breaking = Callable[[pd.DataFrame], pd.DataFrame]


@pytest.fixture(scope="module")
def good(new_product: MakeProduct, tmp_path_factory: pytest.TempPathFactory) -> tuple[Product, Path, dict[str, str]]:
    """A product after a good refresh from a file, the file, and what the refresh left."""
    file = tmp_path_factory.mktemp("bars") / "bars.parquet"
    synthetic_bars().to_parquet(file)
    product = new_product(bars=file, as_of=AS_OF)
    assert failures(product.refresh()) == {}
    return product, file, product.snapshot(with_stamps=True)


def at(column: str, value: object, row: int = 1000) -> Breaking:
    def broken(bars: pd.DataFrame) -> pd.DataFrame:
        bars = bars.astype({column: "object"}) if column in ("volume", "date") else bars
        bars.loc[row, column] = value
        return bars

    return broken


def _conflict(bars: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([bars, bars.iloc[[1000]].assign(close=bars["close"].iloc[1000] * 1.001)], ignore_index=True)


def _high_below_low(bars: pd.DataFrame) -> pd.DataFrame:
    bars.loc[1000, ["high", "low"]] = bars.loc[1000, ["low", "high"]].to_numpy()
    return bars


def _times_ten(bars: pd.DataFrame) -> pd.DataFrame:
    """Sound as a bar, and caught only by what is computed from it."""
    bars.loc[1000, ["open", "high", "low", "close"]] *= 10
    return bars


BROKEN: dict[str, tuple[Breaking, tuple[str, ...]]] = {
    "a missing column": (lambda bars: bars.drop(columns="close"), ("bars.parquet", "close")),
    "text in a price": (
        lambda bars: bars.astype({"close": "object"}).assign(close=["n/a", *bars["close"].iloc[1:]]).astype({"close": "string"}),
        ("bars.parquet", "close", "n/a"),
    ),
    "no ZL rows": (lambda bars: bars.assign(symbol="ES"), ("bars.parquet", "ZL", "ES")),
    "conflicting duplicates": (_conflict, ("no_conflicting_bars", "date=")),
    "a null price": (at("close", None), ("no_null_prices", "date=")),
    "a zero price": (at("low", 0.0), ("prices_positive", "low=0")),
    "a negative price": (at("low", -1.0), ("prices_positive", "low=-1")),
    "high below low": (_high_below_low, ("high_not_below_low", "date=")),
    "no volume": (at("volume", None), ("volume_sound", "row=1001")),
    "a print ten times too high": (_times_ten, ("volatility_in_plan", "zl_ta_features")),
    "fewer than 63 sessions": (lambda bars: bars.head(50), ("63", "Load more history")),
    "dates before the regimes": (
        lambda bars: bars.assign(date=bars["date"] - pd.Timedelta(7 * 100, "D").to_pytimedelta()),
        ("no regime", "2008-10-01"),
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_bad_bars_are_refused_before_the_first_write(
    good: tuple[Product, Path, dict[str, str]], name: str, tmp_path: Path
) -> None:
    product, _, before = good
    breaking, words = BROKEN[name]
    file = tmp_path / "bars.parquet"
    breaking(synthetic_bars()).to_parquet(file)
    result = product.refresh(bars=file)
    [(step, message)] = failures(result).items()
    assert step == "databento_futures_ohlcv_1d"
    for word in words:
        assert word in message, message
    assert "Traceback" not in message
    assert product.snapshot(with_stamps=True) == before


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, ("bars.parquet", "there is no such file or folder")),
        (b"", ("bars.parquet", "empty")),
        (b"not parquet", ("bars.parquet", "Parquet")),
    ],
)
def test_a_file_that_cannot_be_read_is_named(
    good: tuple[Product, Path, dict[str, str]], tmp_path: Path, content: bytes | None, words: tuple[str, ...]
) -> None:
    product, _, before = good
    file = tmp_path / "bars.parquet"
    if content is not None:
        file.write_bytes(content)
    [message] = failures(product.refresh(bars=file)).values()
    for word in words:
        assert word in message, message
    assert product.snapshot(with_stamps=True) == before


def test_a_bar_from_the_future_is_a_fault(good: tuple[Product, Path, dict[str, str]]) -> None:
    product, _, before = good
    [message] = failures(product.refresh(as_of=dt.date(2025, 11, 13))).values()
    assert "no_bar_after" in message
    assert "2025-11-14" in message
    assert product.snapshot(with_stamps=True) == before


def test_a_bar_of_the_as_of_date_is_left_out_and_counted(good: tuple[Product, Path, dict[str, str]]) -> None:
    from zl_assets_tests.graph.product import metadata

    product, _, before = good
    result = product.refresh(as_of=dt.date(2025, 11, 14))
    found = metadata(result)["zl_ohlcv"]
    assert found["forming_bars_left_out"] == 1
    assert found["last_date"] == "2025-11-13"
    assert {k: v for k, v in product.snapshot(with_stamps=True).items() if k == "zl_ohlcv"} == {"zl_ohlcv": before["zl_ohlcv"]}


def test_a_csv_that_was_changed_behind_our_back_stops_the_model(good: tuple[Product, Path, dict[str, str]]) -> None:
    """Last in this file: it leaves the CSV changed, and the next refresh mends it."""
    import dagster as dg

    from zl_assets.definitions import build_defs
    from zl_assets_tests.graph.product import quiet

    product, _, before = good
    product.csv.write_bytes(product.csv.read_bytes() + b"\n")
    only = dg.define_asset_job("only_model", selection=["lgbm_model"])
    defs = dg.Definitions.merge(build_defs(product.settings()), dg.Definitions(jobs=[only]))
    result = defs.resolve_job_def("only_model").execute_in_process(
        instance=product.instance, raise_on_error=False, run_config=quiet()
    )
    message = failures(result)["lgbm_model"]
    assert "is not the file that training_csv recorded" in message
    assert product.snapshot()["model.txt"] == before["model.txt"]
    assert failures(product.refresh()) == {}
    assert product.snapshot(with_stamps=True) == before
