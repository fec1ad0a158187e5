"""The guide followed literally, through Dagster and the embedded BigQuery: an instrument that the repository does not have is put
there, switched on beside ZL, and off again."""

import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

import zl_assets
from zl_assets.catalog import Catalog
from zl_assets.definitions import build_defs
from zl_assets.instruments.base import Instrument
from zl_assets.settings import Settings
from zl_assets_tests.studies import thresholds
from zl_assets_tests.support.contracts import CONTRACTS
from zl_assets_tests.support.fixtures import MakeProduct
from zl_assets_tests.support.guide import INSTRUMENT_GUIDE, example_bars
from zl_assets_tests.support.product import Product, failures, metadata, red

# What the guide says appears, in the order of the graph.
ASSETS = [
    "xo_databento_futures_ohlcv_1d",
    "xo_ohlcv",
    "xo_ta_features",
    "xo_daily_ml_matrix",
    "vw_xo_1m_flat",
    "xo_training_csv",
    "xo_forecast_replay",
    "xo_lgbm_model",
    "xo_1m_oof",
    "xo_1m_latest",
    "xo_forecast_record",
    "xo_forecast_score",
    "xo_briefing",
]


@pytest.fixture(scope="module")
def instrument(tmp_path_factory: pytest.TempPathFactory) -> Instrument:
    made: Instrument = INSTRUMENT_GUIDE.made(tmp_path_factory.mktemp("made"))
    return made


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    guide = INSTRUMENT_GUIDE
    with guide.module(tmp_path_factory.mktemp("xo"), guide.name, guide.example):
        yield


@pytest.fixture(scope="module")
def product(
    refreshed_product: MakeProduct,
    sample_file: Path,
    instrument: Instrument,
    module: None,
    tmp_path_factory: pytest.TempPathFactory,
) -> Product:
    """After a refresh of ZL alone, with a folder of bars to which those of the example have come."""
    folder = tmp_path_factory.mktemp("bars")
    shutil.copy(sample_file, folder)
    example_bars(instrument).to_parquet(folder / "xo.parquet")
    return refreshed_product(bars=folder)


def rows_of(product: Product, symbol: str) -> dict[str, pd.DataFrame]:
    """A symbol's rows of every table that holds several, and all rows of ZL's own ones, by name, with their times of writing."""
    client = product.client()
    there = {f"{d.dataset_id}.{t.table_id}" for d in client.list_datasets() for t in client.list_tables(d.dataset_id)}
    found = {}
    for name, contract in CONTRACTS.items():
        # Without a session that is due there is no score yet.
        if contract.name in there:
            shared = any(column.name == "symbol" for column in contract.columns)
            where = f"WHERE symbol = '{symbol}'" if shared else ""
            statement = f"SELECT * FROM `{contract.name}` {where} ORDER BY {', '.join(contract.key)}"
            found[name] = client.query(statement).to_dataframe()
    client.close()
    return found


def files_of(product: Product) -> dict[str, bytes]:
    """ZL's CSV and the files of its newest model."""
    return {
        path.name: path.read_bytes() for path in (product.csv, *(product.model / name for name in ("model.txt", "contract.json")))
    }


def same(found: dict[str, pd.DataFrame], before: dict[str, pd.DataFrame]) -> None:
    for name, frame in before.items():
        pd.testing.assert_frame_equal(found[name], frame, obj=name)


def test_the_guide_says_how_long_its_example_is() -> None:
    assert f"xo.py`, {len(INSTRUMENT_GUIDE.example.splitlines())} lines" in INSTRUMENT_GUIDE.text


def test_nothing_else_of_the_product_names_it() -> None:
    package = Path(zl_assets.__file__).parent
    assert [path for path in package.rglob("*") if path.is_file() and re.search(rb"\bXO\b|\bxo\b|\bxo_", path.read_bytes())] == []


def test_its_assets_are_in_a_group_of_their_own_and_hang_on_nothing_of_zl(module: None, instrument: Instrument) -> None:
    settings = Settings.load(instruments="XO,ZL")
    assert [one.symbol for one in Catalog.of(settings).instruments] == ["ZL", "XO"]
    graph = build_defs(settings).resolve_asset_graph()
    found = {key.to_user_string() for key in graph.get_all_asset_keys()}
    alone = {key.to_user_string() for key in build_defs(Settings.load()).resolve_asset_graph().get_all_asset_keys()}
    assert found - alone == set(ASSETS)
    assert alone <= found
    for asset in ASSETS:
        node = graph.get(dg.AssetKey(asset))
        assert (node.group_name, dict(node.tags).get("instrument")) == ("xo", "XO"), asset
        ancestors = {key.to_user_string() for key in graph.get_ancestor_asset_keys(dg.AssetKey(asset))}
        assert ancestors <= {*ASSETS, "regime_weights"}, asset
        assert f"`{asset}`" in INSTRUMENT_GUIDE.text


def test_it_goes_on_beside_zl_and_off_again(product: Product, instrument: Instrument, tmp_path: Path) -> None:
    before, files = rows_of(product, "ZL"), files_of(product)

    result = product.refresh(instruments="ZL,XO")
    assert failures(result) == {}
    assert red(result) == set()
    found = metadata(result)
    # The page is made after the refresh.
    assert set(ASSETS) - {"xo_briefing"} <= found.keys()
    same(rows_of(product, "ZL"), before)
    assert files_of(product) == files

    # Its rows, from its bars, by pandas.
    bars = example_bars(instrument)
    closes = bars.set_index("date")["close"]
    rows = rows_of(product, "XO")
    matrix = rows["daily_ml_matrix"].astype({"data_date": "datetime64[ns]"}).set_index("data_date")
    assert len(rows["databento_futures_ohlcv_1d"]) == 1200
    assert len(matrix) == 1138
    expected = {
        "return_21d": closes.pct_change(21),
        "ma_63": closes.rolling(63).mean(),
        "volatility_21d": closes.pct_change().rolling(21).std(),
    }
    for name, values in expected.items():
        pd.testing.assert_series_equal(matrix[name], values.tail(1138), check_names=False, check_freq=False, rtol=1e-9)
    file = product.state_dir / "training_csv" / "vw_xo_1m_flat.csv"
    csv = pd.read_csv(file, parse_dates=["data_date"], index_col="data_date", float_precision="round_trip")
    target = closes.shift(-21) / closes - 1
    pd.testing.assert_series_equal(csv["target_1m"], target.tail(1138), check_names=False, check_freq=False, rtol=1e-9)
    assert csv["close"].tolist() == closes.tail(1138).tolist()

    # Its model is its own, and what is said of the newest session is scored as ZL's is.
    contract = json.loads((product.state_dir / "models" / "xo_1m" / "latest" / "contract.json").read_text())
    assert contract["csv_sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert len(rows["forecast_record"]) == 1

    # The guide's command for the gates, on fewer targets.
    thresholds.main(file, tmp_path / "xo.json", instrument="XO", shifts=2)
    measured = json.loads((tmp_path / "xo.json").read_text())
    assert measured["csv_sha256"] == contract["csv_sha256"]
    assert {gate["name"]: gate["bound"] for gate in measured["gates"]} == {
        gate["name"]: gate["bound"] for gate in contract["gates"]
    }
    assert {bound.gate for bound in instrument.gates} == {gate["name"] for gate in measured["gates"]}

    off = product.run_up_to("daily_ml_matrix", instruments="ZL")
    assert (failures(off), red(off)) == ({}, set())
    same(rows_of(product, "XO") | rows_of(product, "ZL"), before)
    same(rows_of(product, "XO"), rows)
