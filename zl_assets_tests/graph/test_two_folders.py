"""Two state folders on one Dagster storage, as two of one checkout are, and one folder whose settings were changed."""

import hashlib
import json
from collections.abc import Iterator

import dagster as dg
import pandas as pd
import pytest
from dagster_shared.serdes import deserialize_value

from zl_assets.provenance import Provenance
from zl_assets_tests.support.contracts import LATEST, MATRIX, OOF
from zl_assets_tests.support.fixtures import MakeProduct
from zl_assets_tests.support.product import Product, failures, metadata


@pytest.fixture(scope="module")
def folders(refreshed_product: MakeProduct) -> Iterator[tuple[Product, Product]]:
    """Two refreshed products whose training views differ, and so their CSVs, with one storage."""
    ours, theirs = refreshed_product(), refreshed_product()
    alone = theirs._instance
    theirs._instance = ours.instance
    theirs.sql(f"UPDATE `{MATRIX.name}` SET rsi_14 = 50.0 WHERE data_date = '2015-03-10'")
    yield ours, theirs
    theirs._instance = alone


def one_step(product: Product, *assets: str, **changes: object) -> dict[str, str]:
    """Some assets alone; what failed, by step."""
    return failures(product.run_assets(*assets, checks=False, **changes))


def test_runs_on_two_folders_that_take_turns_each_verify_what_is_their_own(folders: tuple[Product, Product]) -> None:
    """Interleaved step by step: the newest record is the other folder's whenever one is looked for."""
    ours, theirs = folders
    for product in folders:
        assert one_step(product, "training_csv") == {}
    recorded = [product.csv.read_bytes() for product in folders]
    assert recorded[0] != recorded[1]
    for product in folders:
        assert one_step(product, LATEST.table) == {}
    assert one_step(ours, "lgbm_model") == {}
    their_model = {"model_id": "0" * 16, "is_latest": True, **Provenance.of(theirs.settings()).metadata}
    ours.instance.report_runless_asset_event(dg.AssetMaterialization("lgbm_model", metadata=their_model))
    assert one_step(ours, OOF.table) == {}
    assert [product.csv.read_bytes() for product in folders] == recorded


def test_the_check_on_the_forecasts_names_the_folder_that_made_what_they_are_made_of(folders: tuple[Product, Product]) -> None:
    ours, _ = folders
    name, places = "of_this_state_folder", [str(product.state_dir.resolve()) for product in folders]
    for product in folders:
        assert one_step(product, "training_csv", LATEST.table) == {}
    said = ours.run_checks(LATEST.table)[name]
    assert (said.passed, said.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert f"asset=training_csv, state_folder={places[1]}, prices=own bars: bars.parquet" in str(said.description)
    # What a run itself makes is of its folder, whoever comes after it.
    result = ours.run_assets("training_csv", LATEST.table)
    assert failures(result) == {}
    [check] = [e for e in result.get_asset_check_evaluations() if e.check_name == name]
    assert "asset=training_csv" not in str(check.description)


def test_an_upgrade_breaks_no_folder_that_is_there(folders: tuple[Product, Product]) -> None:
    """Its records name no folder, its forecast tables have no label of a source; another folder's records may be newer."""
    product, _ = folders
    client = product.client()
    for table in (OOF.name, LATEST.name):
        live = client.get_table(table)
        assert live.labels == {"zl_source": "bars"}
        live.labels = {"zl_source": None}
        client.update_table(live, ["labels"])
    with dg.DagsterInstance.ephemeral() as old:
        for text in json.loads((product.folder / "events.json").read_text()):
            event = deserialize_value(text, dg.EventLogEntry)
            if event.asset_materialization is not None:
                made = event.asset_materialization
                told = {name: value for name, value in made.metadata.items() if name not in ("prices", "state_folder")}
                old.report_runless_asset_event(dg.AssetMaterialization(made.asset_key, metadata=told))
        for asset, foreign in (("training_csv", {"sha256": "0" * 64}), ("lgbm_model", {"model_id": "0" * 16})):
            old.report_runless_asset_event(dg.AssetMaterialization(asset, metadata=foreign))
        own, product._instance = product.instance, old
        try:
            assert one_step(product, LATEST.table, OOF.table) == {}
            assert metadata(product.run_assets(MATRIX.table, checks=False))[MATRIX.table]["over_time_drawn"] != "now"
        finally:
            product._instance = own
    assert [client.get_table(table).labels for table in (OOF.name, LATEST.name)] == [{"zl_source": "bars"}] * 2
    client.close()


def test_steps_alone_cannot_pass_own_bars_off_as_the_sample(folders: tuple[Product, Product]) -> None:
    """The tables are of ZL_BARS; it is unset, and single assets are materialized from the graph."""
    product, _ = folders
    before = product.csv.read_bytes(), product.table(LATEST.table, with_stamps=True)
    unset = {"bars": None, "as_of": None}
    assert "'bars', and these are of 'synthetic'" in one_step(product, "training_csv", **unset)["training_csv"]
    assert "was made of other prices than ZL_BARS names now: own bars" in one_step(product, "lgbm_model", **unset)["lgbm_model"]
    # Even if the CSV's record were lost: the published model knows what it was made of.
    made = {"sha256": hashlib.sha256(before[0]).hexdigest(), **Provenance.of(product.settings(**unset)).metadata}
    product.instance.report_runless_asset_event(dg.AssetMaterialization("training_csv", metadata=made))
    assert "was made of own bars, and this run's prices are the sample" in one_step(product, LATEST.table, **unset)[LATEST.table]
    assert product.csv.read_bytes() == before[0]
    pd.testing.assert_frame_equal(product.table(LATEST.table, with_stamps=True), before[1])
