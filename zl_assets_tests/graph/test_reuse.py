"""An unchanged model through Dagster: used again and said so, and trained with the switch, byte for byte the same."""

import shutil
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from zl_assets.model.fit import training
from zl_assets.provenance import Provenance
from zl_assets_tests.support.fixtures import MakeProduct
from zl_assets_tests.support.product import Product, failures, metadata


@pytest.fixture(scope="module")
def product(refreshed_product: MakeProduct) -> Product:
    return refreshed_product()


def model_of(product: Product, *, ops: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """The model alone, as from the asset graph: what its materialization says."""
    result = product.run_assets("lgbm_model", checks=False, ops={"lgbm_model": ops} if ops else None, **changes)
    assert failures(result) == {}
    return metadata(result)["lgbm_model"]


def files(product: Product) -> dict[str, tuple[bytes, int]]:
    folder = product.model.parent
    return {str(p.relative_to(folder)): (p.read_bytes(), p.stat().st_mtime_ns) for p in folder.rglob("*") if p.is_file()}


def test_an_unchanged_model_is_not_trained_and_everything_is_said_as_before(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*given: Any) -> None:
        raise AssertionError("it was trained")

    monkeypatch.setattr(training, "cross_validate", never)
    first, before = product.recorded("lgbm_model"), files(product)
    assert (first["reused"], first["trained"]) == (False, "now: no stored model has a record of how it was made")
    again = model_of(product)
    assert again["reused"]
    assert again["trained"].endswith(" UTC, and nothing that it is made of has changed")
    # The product is a copy, so that its places are others.
    told = {"reused", "trained", "path", "report_html", "state_folder"}
    assert {k: v for k, v in again.items() if k not in told} == {k: v for k, v in first.items() if k not in told}
    assert files(product) == before


def test_an_unchanged_model_gives_the_same_forecasts_and_gates(product: Product) -> None:
    before = product.snapshot(with_stamps=True)
    result = product.run_assets("lgbm_model", "zl_1m_oof", "zl_1m_latest")
    assert failures(result) == {}
    assert metadata(result)["lgbm_model"]["reused"]
    assert len([e for e in result.get_asset_check_evaluations() if e.passed]) == 11 + 3 + 7
    assert product.snapshot(with_stamps=True) == before


def test_training_twice_afresh_gives_the_same_bytes(product: Product) -> None:
    """The switch as a setting and in the launchpad; without it the second would be no training."""

    def trained(**switch: Any) -> dict[str, bytes]:
        shutil.rmtree(product.model.parent)
        said = model_of(product, **switch)
        assert (said["reused"], said["trained"]) == (False, "now: ZL_RETRAIN or the launchpad asked for it")
        return {name: content for name, (content, _) in files(product).items() if not name.endswith("record.json")}

    first = trained(retrain=True)
    assert {Path(name).name for name in first} == {"model.txt", "contract.json", "report.html", ".lock"}
    assert trained(ops={"retrain": True}) == first


def test_a_model_that_was_trained_for_the_switch_is_used_again_without_it(product: Product) -> None:
    assert not model_of(product, retrain=True)["reused"]
    assert model_of(product)["reused"]


@pytest.mark.parametrize("name", ["model.txt", "report.html"])
def test_a_tampered_file_is_said_and_put_right(product: Product, name: str) -> None:
    path = product.model / name
    content = path.read_bytes()
    path.write_bytes(content.replace(b"0", b"1", 1))
    said = model_of(product)
    # The report is made of the record, so it is written again without a training.
    assert said["reused"] is (name == "report.html")
    if not said["reused"]:
        assert "cannot be used again" in said["trained"]
        assert name in said["trained"]
    assert path.read_bytes() == content


def test_another_choice_is_trained_and_named(product: Product) -> None:
    said = model_of(product, ops={"placebo_shifts": 1})
    assert said["trained"].startswith("now: changed since model ")
    assert said["trained"].endswith(": choices")
    assert not model_of(product)["reused"]
    assert model_of(product)["reused"]


def test_the_picture_of_an_unchanged_matrix_is_not_drawn_again(product: Product) -> None:
    def drawn() -> tuple[str, str, str]:
        result = product.run_assets(dg.AssetSelection.assets("daily_ml_matrix"), checks=False)
        found = metadata(result)["daily_ml_matrix"]
        return found["over_time_drawn"], found["over_time"], found["over_time_made_of"]

    first = product.recorded("daily_ml_matrix")
    assert first["over_time_drawn"] == "now"
    said = "by an earlier run; nothing that it shows has changed"
    assert drawn() == (said, first["over_time"], first["over_time_made_of"])
    whose = Provenance.of(product.settings()).metadata
    other = dg.AssetMaterialization("daily_ml_matrix", metadata={"over_time": "old", "over_time_made_of": "others", **whose})
    product.instance.report_runless_asset_event(other)
    assert drawn() == ("now", first["over_time"], first["over_time_made_of"])
