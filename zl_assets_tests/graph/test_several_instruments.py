"""Two instruments in one state folder: what is wrong with one is named and leaves the other as it would be alone."""

import datetime as dt
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import dagster as dg
import numpy as np
import pandas as pd
import pytest

from zl_assets.catalog import CatalogConflict
from zl_assets.definitions import build_defs
from zl_assets.domain.trading_calendar import expected_sessions
from zl_assets.errors import ZlError
from zl_assets.instruments import mes, zs
from zl_assets.instruments.base import Instrument, Minima
from zl_assets.settings import Settings
from zl_assets.sources.sample import synthetic_bars
from zl_assets_tests.operations.test_jobs import report
from zl_assets_tests.support.contracts import ZL
from zl_assets_tests.support.fixtures import MakeProduct
from zl_assets_tests.support.product import AS_OF, Product, failures, metadata, red

# Under 63 sessions there is no matrix, and under 1,049 rows no replay.
FIRST, LAST = dt.date(2025, 3, 3), dt.date(2025, 11, 14)
FEW = Minima(matrix_rows=50, labelled_rows=20)
PRICES = ["open", "high", "low", "close"]


@pytest.fixture(scope="module", autouse=True)
def short() -> Iterator[None]:
    """MES with minima that a short history meets; those of ZL are settings."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mes, "INSTRUMENT", replace(mes.INSTRUMENT, minima=FEW))
        yield


def walk(instrument: Instrument, start: float) -> pd.DataFrame:
    """Invented bars of an instrument on the sessions of its calendar."""
    days = expected_sessions(instrument.calendar, FIRST, LAST)
    random = np.random.default_rng(7)
    close = start * np.cumprod(1 + 0.01 * random.standard_normal(len(days)))
    opened = close * (1 + 0.002 * random.standard_normal(len(days)))
    prices = {
        "open": opened,
        "high": np.maximum(opened, close) * 1.003,
        "low": np.minimum(opened, close) * 0.997,
        "close": close,
    }
    ticks = {name: np.round(np.round(values / instrument.tick) * instrument.tick, 2) for name, values in prices.items()}
    volume = np.round(800_000 * (1 + 0.2 * random.random(len(days)))).astype("int64")
    return pd.DataFrame({"date": days, "symbol": instrument.symbol, **ticks, "volume": volume, "instrument_id": 7})


ZL_BARS, MES_BARS = walk(ZL, 45.0), walk(mes.INSTRUMENT, 5_000.0)


def hours(bars: pd.DataFrame) -> pd.DataFrame:
    """Six hours a day that add up to the daily bars."""
    parts = []
    for at in range(6):
        prices = {name: bars["open"] if at < 5 and name != "close" else bars[name] for name in PRICES}
        prices |= {"close": bars["open"]} if at < 5 else {}
        rows = bars.assign(**prices, volume=bars["volume"] // 6 if at else bars["volume"] - 5 * (bars["volume"] // 6))
        parts.append(rows.assign(ts_event=(rows["date"] + pd.Timedelta(14 + at, "h")).dt.tz_localize("UTC")).drop(columns="date"))
    return pd.concat(parts, ignore_index=True)


def put(file: Path, *frames: pd.DataFrame) -> Path:
    pd.concat(frames, ignore_index=True).to_parquet(file)
    return file


def left(product: Product, symbol: str) -> dict[str, str]:
    """A digest of all that is there of an instrument, times of writing included: rows by table, its views, its files."""
    slug, found = symbol.lower(), {}
    client = product.client()
    for dataset in client.list_datasets():
        for item in client.list_tables(dataset.dataset_id):
            name = f"{dataset.dataset_id}.{item.table_id}"
            columns = {field.name for field in client.get_table(name).schema}
            if "symbol" not in columns and f"vw_{slug}_" not in name:
                continue
            where = f"WHERE symbol = '{symbol}'" if "symbol" in columns else ""
            rows = client.query(f"SELECT TO_JSON_STRING(t) FROM `{name}` t {where} ORDER BY 1").result()
            text = "\n".join(row[0] for row in rows)
            if text or f"{slug}_" in name:
                found[name] = hashlib.sha256(text.encode()).hexdigest()
    client.close()
    models = product.model if symbol == "ZL" else product.state_dir / "models" / f"{slug}_1m" / "latest"
    for file in (product.state_dir / "training_csv" / f"vw_{slug}_1m_flat.csv", models / "model.txt"):
        if file.exists():
            found[file.name] = hashlib.sha256(file.read_bytes()).hexdigest()
    return found


DAILY = "databento_futures_ohlcv_1d"
OF_ZL = {DAILY, "zl_ohlcv", "zl_ta_features", "daily_ml_matrix", "vw_zl_1m_flat", "training_csv"}
OF_MES = {f"mes_{DAILY}", "mes_ohlcv", "mes_ta_features", "mes_daily_ml_matrix", "vw_mes_1m_flat", "mes_training_csv"}


def up_to(product: Product, *assets: str, **changes: object) -> dg.ExecuteInProcessResult:
    return product.run_assets(*(dg.AssetSelection.assets(asset).upstream() for asset in assets), **changes)


def to_csv(product: Product, **changes: object) -> dg.ExecuteInProcessResult:
    """A refresh that ends with the CSVs: these histories are too short for a model."""
    return up_to(product, "training_csv", "mes_training_csv", **changes)


def made(result: dg.ExecuteInProcessResult) -> set[str]:
    return set(metadata(result)) - {"regime_weights"}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bars")


@dataclass(frozen=True)
class Refreshed:
    """A product of ZL and MES, and what its newest refresh up to the CSVs gave."""

    product: Product
    result: dg.ExecuteInProcessResult


@pytest.fixture(scope="module")
def zl_alone(new_product: MakeProduct, files: Path) -> Refreshed:
    """From nothing, where there are bars of ZL only."""
    minima = {"min_matrix_rows": FEW.matrix_rows, "min_labelled_rows": FEW.labelled_rows}
    product = new_product(bars=put(files / "both.parquet", ZL_BARS, MES_BARS), as_of=AS_OF, instruments="ZL,MES", **minima)
    return Refreshed(product, to_csv(product, bars=put(files / "zl.parquet", ZL_BARS)))


@pytest.fixture(scope="module")
def both(zl_alone: Refreshed, files: Path) -> Refreshed:
    """Then MES comes, while the bars of ZL are bad. The tests that need MES to have no row stand before those that take this."""
    product, file = zl_alone.product, put(files / "bad.parquet", times(ZL_BARS, 0.01), MES_BARS)
    return Refreshed(product, to_csv(product, bars=file))


def times(bars: pd.DataFrame, factor: float) -> pd.DataFrame:
    return bars.assign(**{name: (bars[name] * factor).round(2) for name in PRICES})


def on_calendar(bars: pd.DataFrame, calendar: str) -> pd.DataFrame:
    days = expected_sessions(calendar, FIRST, LAST)
    return bars.head(len(days)).assign(date=days[: len(bars)])


def negative(bars: pd.DataFrame) -> pd.DataFrame:
    return bars.assign(low=bars["low"].where(bars.index != 20, -1.0))


# What was expected, what was found, and where.
BAD: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], tuple[str, ...]]] = {
    "no bars": (lambda bars: bars.head(0), ("bad.parquet: no rows of symbol MES", "Symbols found: ZL (", "Give bars")),
    "bars under another symbol": (lambda bars: bars.assign(symbol="ES"), ("no rows of symbol MES", "ES (", "Give bars")),
    "its symbol misspelt": (lambda bars: bars.assign(symbol="mes"), ("would be lost", "exactly as MES", "'mes'", "Write the")),
    "too few bars": (lambda bars: bars.head(50), ("MES", "50", "63", "Load more history")),
    "hundredths for points": (lambda bars: times(bars, 100), ("prices_in_range", "bad.parquet", "row=", "MES", "index points")),
    "hundreds for points": (lambda bars: times(bars, 0.01), ("prices_in_range", "bad.parquet", "row=", "MES", "index points")),
    "a calendar with weekends": (lambda bars: on_calendar(bars, "24/7"), ("weekend_bars_are_stubs", "MES", "dated wrongly")),
    "a negative price": (negative, ("prices_positive", "bad.parquet", "low=-1", "symbol=MES")),
}


def test_a_refresh_whose_one_instrument_has_no_bars_makes_all_of_the_other(zl_alone: Refreshed) -> None:
    [(step, said)] = failures(zl_alone.result).items()
    assert step == f"mes_{DAILY}"
    assert "zl.parquet: no rows of symbol MES" in said
    assert made(zl_alone.result) == OF_ZL
    assert red(zl_alone.result) == set()
    assert left(zl_alone.product, "MES") == {}


@pytest.mark.parametrize("name", BAD)
def test_bad_bars_of_one_are_named_and_those_of_the_other_are_loaded(zl_alone: Refreshed, name: str, tmp_path: Path) -> None:
    breaking, words = BAD[name]
    file = put(tmp_path / "bad.parquet", ZL_BARS, breaking(MES_BARS))
    result = zl_alone.product.run_assets(DAILY, f"mes_{DAILY}", checks=False, bars=file)
    [(step, said)] = failures(result).items()
    assert step == f"mes_{DAILY}"
    for word in words:
        assert word in said, said
    assert "Traceback" not in said
    assert made(result) == {DAILY}
    assert metadata(result)[DAILY]["unchanged"] == len(ZL_BARS)


def test_bars_on_another_exchanges_calendar_are_red_by_date_and_stop_that_instrument_alone(
    zl_alone: Refreshed, tmp_path: Path
) -> None:
    product, file = zl_alone.product, put(tmp_path / "bad.parquet", ZL_BARS, on_calendar(MES_BARS, "JPX"))
    result = up_to(product, "zl_ohlcv", "mes_ohlcv", bars=file, dataset_prefix="jpx_")
    product.forget("jpx_")
    assert red(result) == {"mes_ohlcv:calendar_complete"}
    assert set(failures(result)) == {"mes_ohlcv_checks"}
    [hole] = [check for check in result.get_asset_check_evaluations() if not check.passed]
    assert "CME Globex Equity" in str(hole.description)
    assert "2025-05-05" in str(hole.metadata["first_offenders"])


def test_with_the_sample_alone_an_instrument_that_it_lacks_is_refused_and_zl_is_loaded(zl_alone: Refreshed) -> None:
    result = zl_alone.product.run_assets(DAILY, f"mes_{DAILY}", checks=False, bars=None, dataset_prefix="sample_")
    zl_alone.product.forget("sample_")
    assert made(result) == {DAILY}
    [said] = failures(result).values()
    assert "The synthetic sample has bars of ZL only, and none of MES. Set ZL_BARS" in said
    assert "take it out of ZL_INSTRUMENTS" in said


def test_the_jobs_tell_what_they_found_of_the_sound_one_and_fail_with_what_is_wrong_of_the_other(
    zl_alone: Refreshed, files: Path
) -> None:
    product, file = zl_alone.product, put(files / "units.parquet", ZL_BARS, times(MES_BARS, 100))
    before = left(product, "ZL")
    for job, found in (
        ("zl_plan", "It would change no row."),
        ("zl_slice_check", "100 sessions of ZL, 2025-05-30 to 2025-10-21."),
        ("zl_delete_vanished", "there is nothing to delete"),
    ):
        result = product.run_job(job, bars=file)
        [said] = failures(result).values()
        assert "MES: " in said
        assert "prices_in_range" in said
        of_zl, of_mes = str(next(iter(report(result).values()))).split("### MES")
        assert found in of_zl.split("### ZL")[1]
        assert "prices_in_range" in of_mes
    assert left(product, "ZL") == before
    assert left(product, "MES") == {}


def test_bad_bars_of_zl_leave_the_other_as_it_would_be_alone_and_what_was_there_of_zl_as_it_was(
    zl_alone: Refreshed, request: pytest.FixtureRequest
) -> None:
    before = left(zl_alone.product, "ZL")
    both: Refreshed = request.getfixturevalue("both")
    [(step, said)] = failures(both.result).items()
    assert step == DAILY
    assert "US dollars" in said
    assert made(both.result) == OF_MES
    assert red(both.result) == set()
    assert left(both.product, "ZL") == before
    assert set(left(both.product, "MES")) > {"features.daily_ml_matrix", "training.vw_mes_1m_flat", "vw_mes_1m_flat.csv"}


def test_where_hours_of_one_are_missing_its_family_says_so_and_all_else_of_it_is_made(both: Refreshed, files: Path) -> None:
    hourly, bars_1h = "databento_futures_ohlcv_1h", put(files / "hours.parquet", hours(ZL_BARS))
    result = up_to(both.product, hourly, "mes_daily_ml_matrix", families="intraday", bars_1h=bars_1h)
    assert failures(result) == {}
    found = metadata(result)
    assert found[hourly]["inserted"] == 6 * len(ZL_BARS)
    assert "hours.parquet: no rows of symbol MES. Symbols found: ZL (" in found[f"mes_{hourly}"]["withheld"]
    assert f"no source: {hourly} has no row" in found["mes_family_intraday"]["withheld"]
    assert found["mes_daily_ml_matrix"]["unchanged"] == found["mes_daily_ml_matrix"]["dagster/row_count"] > 50
    # Warnings: the family is not kept.
    assert red(result) - {f"{hourly}:hours_make_sessions"} == {
        "mes_family_intraday:source_there",
        f"mes_{hourly}:hours_make_sessions",
    }


def test_what_was_there_of_one_stays_when_it_has_no_bars_any_more_and_the_jobs_list_none_of_it(
    both: Refreshed, files: Path
) -> None:
    product, before = both.product, left(both.product, "MES")
    result = product.run_assets(DAILY, f"mes_{DAILY}", checks=False, bars=put(files / "zl.parquet", ZL_BARS))
    assert set(failures(result)) == {f"mes_{DAILY}"}
    listed = product.run_job("zl_delete_vanished", instruments="ZL", ops={"delete_vanished": {"apply": True}})
    assert failures(listed) == {}
    assert report(listed)["rows_vanished"] == 0
    assert left(product, "MES") == before


def test_the_other_on_and_off_and_on_changes_nothing_of_zl_up_to_its_model_and_score(
    refreshed_product: MakeProduct, files: Path
) -> None:
    file = put(files / "long.parquet", synthetic_bars(), MES_BARS)
    product = refreshed_product(bars=file, instruments="ZL,MES")
    zl = left(product, "ZL")
    assert {"model.txt", "vw_zl_1m_flat.csv", "predictions.forecast_record", "training.vw_zl_1m_flat"} < set(zl)
    on = product.refresh(checks=False)
    # Of MES there are too few rows for a model.
    assert set(failures(on)) == {"mes_lgbm_model"}
    assert left(product, "ZL") == zl
    # With rows of its own in the tables of forecasts as well.
    for table in ("predictions.forecast_replay", "predictions.forecast_record"):
        product.sql(f"INSERT INTO {table} SELECT * REPLACE ('MES' AS symbol) FROM {table} WHERE symbol = 'ZL'")
    mes = left(product, "MES")
    assert mes["predictions.forecast_record"] != zl["predictions.forecast_record"]
    off = product.refresh(instruments="ZL")
    assert (failures(off), red(off)) == ({}, set())
    assert metadata(off)["lgbm_model"]["reused"]
    assert (left(product, "ZL"), left(product, "MES")) == (zl, mes)
    assert failures(to_csv(product, checks=False)) == {}
    assert (left(product, "ZL"), left(product, "MES")) == (zl, mes)


@pytest.mark.parametrize(
    ("instruments", "words"),
    [
        ("ZL,NOPE", ("ZL_INSTRUMENTS names NOPE, and there is no such instrument", "Known: MES, ZC")),
        ("ZL,mes", ("ZL_INSTRUMENTS names mes", "Known: MES")),
        ("ZL;MES", ("ZL_INSTRUMENTS", "letters, digits")),
    ],
)
def test_an_unknown_symbol_stops_before_anything_runs_with_those_that_there_are(
    tmp_path: Path, instruments: str, words: tuple[str, ...]
) -> None:
    with pytest.raises(ZlError) as caught:
        build_defs(Settings.load(state_dir=tmp_path / "state", instruments=instruments))
    for word in words:
        assert word in str(caught.value)
    assert not (tmp_path / "state").exists()


def test_two_instruments_of_one_symbol_stop_before_anything_runs_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zs, "INSTRUMENT", replace(zs.INSTRUMENT, symbol="MES"))
    with pytest.raises(CatalogConflict, match=r"the symbol MES belongs to .* and to "):
        build_defs(Settings.load(instruments="ZL,MES"))
