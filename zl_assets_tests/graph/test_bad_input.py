"""Every bad input gives one message that names the place and the way out, and changes no table, CSV or model."""

import datetime as dt
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from zl_assets.definitions import build_defs
from zl_assets.domain.trading_calendar import expected_sessions
from zl_assets.resources import AsOf
from zl_assets.sources.sample import synthetic_bars
from zl_assets_tests.support.contracts import BARS, ZL
from zl_assets_tests.support.fixtures import MakeProduct
from zl_assets_tests.support.product import AS_OF, Product, failures, metadata, quiet

Breaking = Callable[[pd.DataFrame], pd.DataFrame]


@pytest.fixture(scope="module")
def good(refreshed_product: MakeProduct) -> tuple[Product, dict[str, str]]:
    """A product after a good refresh from a file, and what the refresh left."""
    product = refreshed_product()
    return product, product.snapshot(with_stamps=True)


class Untouched(dg.IOManager):
    """Notes that something was handed over to be written."""

    def __init__(self) -> None:
        self.written: list[str] = []

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        self.written.append(context.asset_key.to_user_string())

    def load_input(self, context: dg.InputContext) -> None:
        raise AssertionError("the bars are made of nothing")


def refused(product: Product, file: Path) -> str:
    """What the asset that loads the bars says of a file where there is no table yet; it alone runs, and hands nothing over."""
    settings = product.settings(bars=file, dataset_prefix="empty_")
    defs = build_defs(settings)
    [asset] = [a for a in defs.assets or [] if isinstance(a, dg.AssetsDefinition) and a.key == dg.AssetKey(BARS.table)]
    tables = Untouched()
    resources = {"tables_io": tables, "as_of": AsOf(fixed=str(AS_OF)), "warehouse": (defs.resources or {})["warehouse"]}
    result = dg.materialize([asset], resources=resources, raise_on_error=False, run_config=quiet())
    [message] = failures(result).values()
    assert tables.written == []
    return message


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


def _times(bars: pd.DataFrame, factor: float) -> pd.DataFrame:
    return bars.assign(**{name: (bars[name] * factor).round(2) for name in ("open", "high", "low", "close")})


def _dollars(bars: pd.DataFrame) -> pd.DataFrame:
    return bars.assign(**{name: bars[name] / 100 for name in ("open", "high", "low", "close")})


def _filled_in(bars: pd.DataFrame) -> pd.DataFrame:
    newest = bars.iloc[[-2]].assign(date=bars["date"].iloc[-1])
    return pd.concat([bars.iloc[:-1], newest], ignore_index=True)


def _from_2008(bars: pd.DataFrame) -> pd.DataFrame:
    """As sound as they are, on the sessions of other years."""
    weekdays = bars[bars["date"].dt.dayofweek < 5].head(1000)
    days = expected_sessions(ZL.calendar, dt.date(2008, 7, 3), dt.date(2013, 1, 1))
    return weekdays.assign(date=days[: len(weekdays)])


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
    "a print ten times too high": (_times_ten, ("steps_plausible", "factor of")),
    "fewer than 63 sessions": (lambda bars: bars.head(50), ("63", "Load more history")),
    "dates before the regimes": (
        _from_2008,
        ("no regime", "from 2008-07-03 to 2009-12-31", "Leave the bars before 2010-01-01 out", "the owner of the regimes"),
    ),
    "dollars": (_dollars, ("prices_in_range", "bars.parquet", "row=1,", "US dollars")),
    "another market": (lambda bars: _times(bars, 8.0), ("level_plausible", "another market")),
    "no volume at all": (lambda bars: bars.assign(volume=0), ("volumes_plausible", "zero everywhere")),
    "volume in pounds": (lambda bars: bars.assign(volume=bars["volume"] * 60_000), ("volume_in_range", "60,000 lb", "row=1,")),
    "dates a day early": (
        lambda bars: bars.assign(date=bars["date"] - pd.Timedelta(1, "D")),
        ("weekend_bars_are_stubs", "the dates are 1 day too early"),
    ),
    "a day that was filled in": (_filled_in, ("no_filled_bars", "date=2025-11-14")),
}


@pytest.fixture(scope="module")
def sample() -> pd.DataFrame:
    return synthetic_bars()


@pytest.mark.parametrize("name", BROKEN)
def test_bad_bars_are_refused_before_the_first_write(
    good: tuple[Product, dict[str, str]], name: str, sample: pd.DataFrame, tmp_path: Path
) -> None:
    breaking, words = BROKEN[name]
    file = tmp_path / "bars.parquet"
    breaking(sample.copy()).to_parquet(file)
    message = refused(good[0], file)
    for word in words:
        assert word in message, message
    assert "Traceback" not in message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, ("bars.parquet", "there is no such file or folder")),
        (b"", ("bars.parquet", "empty")),
        (b"not parquet", ("bars.parquet", "Parquet")),
    ],
)
def test_a_file_that_cannot_be_read_is_named(
    good: tuple[Product, dict[str, str]], tmp_path: Path, content: bytes | None, words: tuple[str, ...]
) -> None:
    file = tmp_path / "bars.parquet"
    if content is not None:
        file.write_bytes(content)
    message = refused(good[0], file)
    for word in words:
        assert word in message, message
    assert "Traceback" not in message


def _cut(folder: Path, bars: pd.DataFrame) -> None:
    text = bars.to_csv(index=False)
    (folder / "b.csv").write_text(text[: len(text) // 2])


def _swallowed(folder: Path, bars: pd.DataFrame) -> None:
    lines = bars.to_csv(index=False).splitlines()
    lines[1000] = lines[1000].replace("ZL", '"ZL')
    lines[1004] = lines[1004].replace("ZL", 'ZL"')
    (folder / "b.csv").write_text("\n".join([*lines, ""]))


def _lower_case(folder: Path, bars: pd.DataFrame) -> None:
    bars.assign(symbol=bars["symbol"].where(bars.index != 1000, "zl")).to_parquet(folder / "b.parquet")


def _without_symbol(folder: Path, bars: pd.DataFrame) -> None:
    bars.assign(symbol=bars["symbol"].where(bars.index < 3000, None)).to_parquet(folder / "b.parquet")


def _delta(folder: Path, bars: pd.DataFrame) -> None:
    bars.to_parquet(folder / "b.parquet")
    (folder / "_delta_log").mkdir()


LOST: dict[str, tuple[Callable[[Path, pd.DataFrame], None], tuple[str, ...]]] = {
    "a file that was cut off": (_cut, ("b.csv", "line", "cut off")),
    "lines that a quote swallows": (_swallowed, ("b.csv", "on line 1001", "to line 1005")),
    "a symbol in lower case": (_lower_case, ("b.parquet", "1 of 3,998 rows would be lost", "row 1001: 'zl'")),
    "rows without a symbol": (_without_symbol, ("b.parquet", "998 of 3,998 rows would be lost", "row 3001: none")),
    "a table's own files": (_delta, ("Delta Lake", "deleted")),
}


@pytest.mark.parametrize("name", LOST)
def test_rows_that_would_be_lost_are_refused_before_the_first_write(
    good: tuple[Product, dict[str, str]], name: str, sample: pd.DataFrame, tmp_path: Path
) -> None:
    """Beside a sound file, in a folder: nobody would miss them."""
    losing, words = LOST[name]
    sample.head(100).to_parquet(tmp_path / "a.parquet")
    losing(tmp_path, sample)
    message = refused(good[0], tmp_path)
    for word in words:
        assert word in message, message
    assert "Traceback" not in message


@pytest.mark.parametrize("name", ["a missing column", "a zero price", "a print ten times too high"])
def test_bad_bars_leave_the_whole_product_as_it_was(
    good: tuple[Product, dict[str, str]], name: str, sample: pd.DataFrame, tmp_path: Path
) -> None:
    """One that cannot be read, one that is not sound, and one that is sound and gives features that are not."""
    product, before = good
    breaking, words = BROKEN[name]
    file = tmp_path / "bars.parquet"
    breaking(sample.copy()).to_parquet(file)
    [(step, message)] = failures(product.refresh(bars=file)).items()
    assert step == BARS.table
    for word in words:
        assert word in message, message
    assert product.snapshot(with_stamps=True) == before


def test_a_bar_from_the_future_is_a_fault(good: tuple[Product, dict[str, str]]) -> None:
    product, before = good
    [message] = failures(product.refresh(as_of=dt.date(2025, 11, 13))).values()
    assert "no_bar_after" in message
    assert "2025-11-14" in message
    assert product.snapshot(with_stamps=True) == before


def test_a_bar_of_the_as_of_date_is_left_out_and_counted(good: tuple[Product, dict[str, str]]) -> None:
    product, before = good
    result = product.run_up_to("zl_ohlcv", as_of=dt.date(2025, 11, 14))
    assert failures(result) == {}
    found = metadata(result)["zl_ohlcv"]
    assert found["forming_bars_left_out"] == 1
    # The table has the session of that date since the refresh of a day later, and it is not among what was written.
    assert (found["last_date"], found["unchanged"]) == ("2025-11-14", found["dagster/row_count"] - 1)
    assert product.snapshot(with_stamps=True) == before


def test_a_csv_that_was_changed_behind_our_back_stops_the_model(good: tuple[Product, dict[str, str]]) -> None:
    """Last in this file: it leaves the CSV changed, and the next export mends it."""
    product, before = good
    # Recorded in this folder: the product is a copy, and what its records say is said of another one.
    assert failures(product.run_assets("training_csv")) == {}
    exported = product.csv.read_bytes()
    product.csv.write_bytes(exported + b"\n")
    message = failures(product.run_assets("lgbm_model"))["lgbm_model"]
    expected = hashlib.sha256(exported).hexdigest()
    assert f"is not the file that training_csv recorded: expected sha256 {expected}, found sha256 " in message
    assert product.snapshot()["model"] == before["model"]
    assert failures(product.run_assets("training_csv", "lgbm_model")) == {}
    assert product.snapshot(with_stamps=True) == before
