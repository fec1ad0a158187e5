"""The training CSV by way of EXPORT DATA is the file that reading the view gives, byte for byte."""

import dagster as dg

from zl_assets.definitions import build_defs
from zl_assets_tests.support.fixtures import MakeProduct
from zl_assets_tests.support.product import failures, metadata, red


def test_the_exported_file_has_the_same_hash(refreshed_product: MakeProduct) -> None:
    product = refreshed_product()
    read = product.recorded("training_csv")
    content = product.csv.read_bytes()
    product.csv.unlink()

    result = product.run_assets("training_csv", export_uri="gs://my-bucket/some/path")
    assert failures(result) == {}
    assert red(result) == set()
    exported = metadata(result)["training_csv"]
    assert product.csv.read_bytes() == content
    assert exported["sha256"] == read["sha256"]
    assert exported["exported_to"].startswith("gs://my-bucket/some/path/zl_export_")
    assert exported["exported_files"] == 1
    assert {"bytes_processed", "slot_ms"} <= set(exported)
    [job] = exported["job_ids"]
    assert job.startswith(f"zl_{result.run_id}_export_")
    assert not [path for path in (product.state_dir / "warehouse" / "data" / "gcs").rglob("*") if path.is_file()]

    definitions = build_defs(product.settings(export_uri="gs://my-bucket/some/path"))
    parents = definitions.resolve_asset_graph().get(dg.AssetKey("training_csv")).parent_keys
    assert parents == {dg.AssetKey("vw_zl_1m_flat")}
