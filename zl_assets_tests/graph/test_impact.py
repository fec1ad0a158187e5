"""Measuring families in the whole product: gates first, then one row a look in a ledger that is only added to."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd
import pytest

from zl_assets import catalog
from zl_assets.contracts.ledger import LEDGER
from zl_assets.definitions import build_defs
from zl_assets.domain.families import registry
from zl_assets.domain.families.base import Family, FamilyColumn, ModelInput
from zl_assets.warehouse import connect
from zl_assets.warehouse.contract import Column, ColumnType
from zl_assets_tests.support.families import AROUND
from zl_assets_tests.support.fixtures import MakeProduct
from zl_assets_tests.support.product import Product, failures, metadata, red

FAMILIES = ("leak", "rare", "spread")
QUICK = {"shifts": 239, "boosting_shifts": 1}


def family(name: str, formula: Callable[[pd.DataFrame], "pd.Series[float]"]) -> Family:
    """One column in a STRUCT of the family's own."""

    def compute(sessions: pd.DataFrame, sources: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
        return formula(sessions).astype("float64").rename("value").to_frame()

    return Family(
        name=name,
        phase="v1",
        description=f"{name}, for a test",
        columns=(
            FamilyColumn(Column("value", ColumnType.FLOAT64, "a value", "fraction"), name, "see the test", ("sessions.close",)),
        ),
        needs=(),
        inputs=(ModelInput(f"{name}_input", (f"{name}_value",), lambda frame: frame[f"{name}_value"]),),
        compute=compute,
    )


def spread(sessions: pd.DataFrame) -> "pd.Series[float]":
    return (sessions["high"] - sessions["low"]).shift(1) / sessions["close"]


def tomorrow(sessions: pd.DataFrame) -> "pd.Series[float]":
    return sessions["close"].shift(-21) / sessions["close"] - 1


def event(sessions: pd.DataFrame) -> "pd.Series[float]":
    return pd.Series(np.arange(len(sessions)) % 100 == 99, index=sessions.index)


@pytest.fixture(scope="module")
def three_families() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        known = registry.register([family("spread", spread), family("leak", tomorrow), family("rare", event)], AROUND)
        patch.setattr(catalog, "known_families", lambda around: known)
        yield


@pytest.fixture(scope="module")
def product(new_product: MakeProduct, three_families: None) -> Product:
    """The tables up to the training view, with a family that is sound and kept, one that is the target, and one of few events."""
    made = new_product(families=FAMILIES, kept_families=("spread",))
    result = made.run_up_to("vw_zl_1m_flat")
    assert result.success
    # Nothing was measured yet, and the view carries a family: that is told.
    assert "vw_zl_1m_flat:kept_family_verdict" in red(result)
    return made


def measured(product: Product, **choices: Any) -> dg.ExecuteInProcessResult:
    return product.run_job("zl_family_impact", ops={"feature_family_impact": QUICK | choices})


def ledger(product: Product) -> list[dict[str, Any]]:
    client = connect(product.settings())
    return [dict(row) for row in client.query(f"SELECT * FROM {LEDGER.name} ORDER BY family, look").result()]


def test_a_person_starts_it_and_the_daily_refresh_does_not(three_families: None, product: Product) -> None:
    defs = build_defs(product.settings())
    asset = dg.AssetKey("feature_family_impact")
    refreshed = defs.resolve_job_def("zl_daily_refresh").asset_layer
    assert dg.AssetKey("family_spread") in refreshed.selected_asset_keys
    # Nothing that materializes assets can take a look: the UI's "Materialize all" is the job of everything.
    everything = defs.resolve_implicit_global_asset_job_def()
    assert dg.AssetKey("family_spread") in everything.asset_layer.executable_asset_keys
    for job in (refreshed, everything.asset_layer):
        assert asset not in job.executable_asset_keys
    graph = defs.resolve_asset_graph()
    assert not graph.get(asset).is_executable
    assert [node.name for node in defs.resolve_job_def("zl_family_impact").nodes] == ["feature_family_impact"]
    assert {key.to_user_string() for key in graph.get(asset).parent_keys} == {"vw_zl_1m_flat", "daily_ml_matrix", "zl_ohlcv"}
    alone = build_defs(product.settings(families=(), kept_families=()))
    assert "zl_family_impact" not in {job.name for job in alone.resolve_all_job_defs()}
    assert asset not in alone.resolve_asset_graph().get_all_asset_keys()


def test_looks_are_counted_rows_stay_and_a_leak_is_stopped_before_it_is_measured(product: Product) -> None:
    first = measured(product)
    # The leak is stopped with its reason; the others have their rows all the same.
    assert not first.success
    said = failures(first)["feature_family_impact"]
    assert "Family leak is stopped by its gates; nothing was measured" in said
    assert "prefix_invariant failed" in said
    rare, row = ledger(product)
    assert (row["family"], row["look"], row["shifts"], row["keep_bound"]) == ("spread", 1, 239, pytest.approx(0.05 / 10))
    assert (row["left_out"], row["reason"]) == ("[]", None)
    # Too few events: a row that says so, with no p.
    assert (rare["family"], rare["look"], rare["decision"], rare["p"], rare["placebo"]) == ("rare", 1, "NOT TESTABLE", None, None)
    assert "some input differs from its own most common value, and 210 are needed" in rare["reason"]
    assert row["measured_at"] is not None
    # The ledger's check is made of what the measurement leaves, although a family was stopped.
    [looks] = first.get_asset_check_evaluations()
    assert (looks.check_name, looks.passed) == ("looks_numbered", True)
    assert str(looks.description).startswith("1 looks at 2 families. Measured 0, bound: 0 families ")
    shown = metadata(first)["feature_family_impact"]
    assert shown["rows_added"] == "rare, spread"
    assert (
        f"**rare: NOT TESTABLE.** The loaded data cannot decide on it. No p was computed, and it was no look. {rare['reason']}"
        in (shown["decisions"])
    )
    assert f"**spread: {row['decision']}.**" in shown["decisions"]
    assert shown["spread_placebo"].startswith("![SYNTHETIC SAMPLE: spread")

    # The same registration on the same data is the same row.
    again = measured(product, families=["rare", "spread"])
    assert again.success
    assert metadata(again)["feature_family_impact"]["measured_before"] == "rare, spread"
    assert ledger(product) == [rare, row]

    # Another seed is another look, at half the bound; the first row stays as it was.
    other = measured(product, families=["spread"], seed=7)
    assert other.success
    assert red(other) == set()
    assert ledger(product)[:2] == [rare, row]
    assert (ledger(product)[2]["look"], ledger(product)[2]["keep_bound"]) == (2, pytest.approx(0.05 / 20))

    # A row that somebody took out leaves a gap in the looks, and that is told.
    connect(product.settings()).query(f"DELETE FROM {LEDGER.name} WHERE family = 'spread' AND look = 1").result()
    checks = product.run_checks("feature_family_impact")
    assert not checks["looks_numbered"].passed


def test_a_choice_that_is_not_allowed_is_told_and_nothing_is_written(product: Product) -> None:
    before = ledger(product)
    assert "which ZL_FAMILIES does not" in failures(measured(product, families=["weather"]))["feature_family_impact"]
    assert "at least 239" in failures(measured(product, shifts=100))["feature_family_impact"]
    assert ledger(product) == before
