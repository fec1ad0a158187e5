"""The guide followed literally, through Dagster and the embedded BigQuery: a family on, kept and off, and one that is stopped."""

import json
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from zl_assets.definitions import build_defs
from zl_assets.settings import Settings
from zl_assets.warehouse import connect
from zl_assets_tests.support.fixtures import MakeProduct
from zl_assets_tests.support.guide import FAMILY_GUIDE
from zl_assets_tests.support.product import Product, failures, metadata, red
from zl_assets_tests.support.replay_fits import mean_fits

# Reads the target, through its definition.
LEAK = (
    FAMILY_GUIDE.example.replace('"candle"', '"leak"')
    .replace(
        '(span / sessions["close"]).rolling(5).mean()', '(sessions["close"].shift(-21) / sessions["close"] - 1).clip(0, 0.4)'
    )
    .replace("candle_", "leak_")
)


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with FAMILY_GUIDE.module(tmp_path_factory.mktemp("candle"), "candle", FAMILY_GUIDE.example):
        yield


@pytest.fixture(scope="module")
def product(refreshed_product: MakeProduct, module: None) -> Product:
    """After a refresh without families."""
    return refreshed_product()


def to_matrix(product: Product, **changes: object) -> dg.ExecuteInProcessResult:
    """A refresh that ends at the matrix: all that a family can reach while it is not kept."""
    result = product.run_up_to("daily_ml_matrix", **changes)
    assert failures(result) == {}
    return result


def labels(product: Product) -> dict[str, str]:
    found: dict[str, str] = connect(product.settings()).get_table("features.daily_ml_matrix").labels
    return found


def by_hand(sessions: pd.DataFrame) -> pd.DataFrame:
    """The guide's two columns, from its words, in plain Python."""
    rows = sessions.to_dict("records")
    shares = [(r["close"] - r["open"]) / (r["high"] - r["low"]) if r["high"] > r["low"] else None for r in rows]
    ranges = [(r["high"] - r["low"]) / r["close"] for r in rows]
    means = [sum(ranges[i - 4 : i + 1]) / 5 if i >= 4 else None for i in range(len(rows))]
    return pd.DataFrame({"data_date": sessions["data_date"], "body_share": shares, "range_5": means})


def test_the_guide_says_how_long_its_example_is() -> None:
    assert f"candle.py`, {len(FAMILY_GUIDE.example.splitlines())} lines" in FAMILY_GUIDE.text


def test_a_family_goes_on_is_kept_and_goes_off(product: Product) -> None:
    before, labelled = product.table("daily_ml_matrix", with_stamps=True), labels(product)
    plan = product.run_job("zl_plan", families="candle")
    assert plan.success

    # Kept as well: the view, the CSV and the model have it.
    with mean_fits():
        result = product.refresh(families="candle", kept_families="candle")
    assert failures(result) == {}
    # A warning: it is kept, and nobody has measured what it is worth.
    assert red(result) == {"vw_zl_1m_flat:kept_family_verdict"}
    found = metadata(result)
    assert found["family_candle"]["inserted"] == 3893
    assert (found["daily_ml_matrix"]["updated"], found["daily_ml_matrix"]["columns_added"]) == (len(before), "candle")
    assert labels(product) == labelled | {"zl_family_candle": "owned"}
    matrix = product.table("daily_ml_matrix")
    pd.testing.assert_frame_equal(matrix.drop(columns="candle"), before.drop(columns="ingestion_ts"))
    expected = by_hand(product.table("zl_ohlcv")).tail(len(matrix)).reset_index(drop=True)
    for name in ("body_share", "range_5"):
        stored = pd.Series([row[name] for row in matrix["candle"]], dtype="float64")
        pd.testing.assert_series_equal(stored, expected[name].astype("float64"), check_names=False, rtol=1e-12)
    csv = pd.read_csv(product.csv, float_precision="round_trip")
    assert [name for name in csv if name.startswith("candle_")] == ["candle_body_share", "candle_range_5"]
    contract = json.loads((product.model / "contract.json").read_text())
    assert [given["name"] for given in contract["features"]][8:] == ["candle_body_share", "candle_range_5"]
    assert len(contract["golden"][0]["inputs"]) == 10

    off = to_matrix(product)
    assert metadata(off)["daily_ml_matrix"]["families_switched_off"] == "candle"
    assert labels(product) == labelled
    after = product.table("daily_ml_matrix")
    assert after["candle"].isna().all()
    pd.testing.assert_frame_equal(after.drop(columns="candle"), before.drop(columns="ingestion_ts"))


def test_the_slice_goes_through_with_a_family(product: Product) -> None:
    result = product.run_job("zl_slice_check", families="candle")
    assert failures(result) == {}


def test_a_family_that_reads_the_target_is_stopped_by_name_and_the_rest_is_refreshed(product: Product, tmp_path: Path) -> None:
    before = product.snapshot(with_stamps=True)
    with FAMILY_GUIDE.module(tmp_path, "leak", LEAK):
        result = to_matrix(product, families="leak")
        assert {name for name in red(result) if not name.startswith("family_leak:")} == set()
        assert "family_leak:prefix_invariant" in red(result)
        found = metadata(result)
        assert "prefix_invariant" in found["family_leak"]["withheld"]
        assert found["daily_ml_matrix"]["dagster/row_count"] == 3831
        matrix = product.table("daily_ml_matrix")
        assert matrix["leak"].isna().all()
        # A family that is kept is part of the model's rows: there its red checks keep the matrix as it is.
        blocked = build_defs(product.settings(families="leak", kept_families="leak")).resolve_asset_graph()
        specs = [blocked.get_check_spec(key) for key in blocked.asset_check_keys if key.asset_key.path == ["family_leak"]]
        assert len(specs) == 8
        assert all(spec.blocking for spec in specs)
    tables = {name: digest for name, digest in product.snapshot(with_stamps=True).items() if name != "daily_ml_matrix"}
    assert tables == {name: digest for name, digest in before.items() if name != "daily_ml_matrix"}


def test_each_family_is_in_the_graph_as_the_other_assets_are(module: None) -> None:
    graph = build_defs(Settings.load(families="candle")).resolve_asset_graph()
    key = dg.AssetKey("family_candle")
    node = graph.get(key)
    assert (node.group_name, set(node.kinds), list(node.owners)) == ("families", {"bigquery", "pandas"}, ["team:zl"])
    assert node.child_keys == {dg.AssetKey("daily_ml_matrix")}
    assert "(close - open) / (high - low)" in (node.description or "")
    schema = node.metadata["dagster/column_schema"]
    assert [column.name for column in schema.columns] == ["data_date", "symbol", "body_share", "range_5", "ingestion_ts"]
    assert {check.name for check in graph.asset_check_keys if check.asset_key == key} == {
        "source_there",
        "unique_key",
        "no_missing_session",
        "in_range",
        "coverage",
        "prefix_invariant",
        "release_times",
        "stored_as_computed",
    }
    for check in (check for check in graph.asset_check_keys if check.asset_key == key):
        name = f"`{check.name}`"
        assert name in FAMILY_GUIDE.text
