"""Cloud mode, as far as it goes without a cloud: what is chosen, and what a person without credentials is told."""

from typing import Any

import dagster as dg
import pytest

from zl_assets import resources
from zl_assets.catalog import Catalog
from zl_assets.contracts import market
from zl_assets.definitions import build_defs
from zl_assets.io_managers.homes import GoogleBigQuery
from zl_assets.settings import Settings
from zl_assets_tests.support.contracts import BARS, SESSIONS
from zl_assets_tests.support.fixtures import MakeProduct
from zl_assets_tests.support.product import Product, failures, quiet

BARS_LIVE = f"{BARS.dataset}.{BARS.table}"


@pytest.fixture
def no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path_factory.mktemp("no-gcloud")))
    # Google's library would look for a machine that gives out credentials, for seconds.
    monkeypatch.setenv("NO_GCE_CHECK", "true")


def test_without_credentials_every_step_says_how_to_sign_in(no_credentials: None, new_product: MakeProduct) -> None:
    product = new_product(gcp_project="my-project")
    result = product.refresh()
    assert not result.success
    said = failures(result)
    assert "regime_weights" in said
    assert all("gcloud auth application-default login" in message for message in said.values())


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (
            "UPDATE {bars} SET open = open * 1.5, high = high * 1.5, low = low * 1.5, close = close * 1.5 WHERE TRUE",
            "factor of 1.5",
        ),
        ("DELETE FROM {bars} WHERE date BETWEEN '2019-01-01' AND '2019-12-31'", "few_lost"),
        ("UPDATE {bars} SET volume = 0 WHERE TRUE", "zero everywhere"),
        ("UPDATE {bars} SET date = DATE_SUB(date, INTERVAL 1 DAY) WHERE TRUE", "1 day too early"),
    ],
    ids=["a factor", "a lost year", "no volume", "a day early"],
)
def test_somebody_elses_bars_are_proved_before_the_sessions_are_written(
    cloud_sessions: tuple[Product, dg.Definitions], changed: str, words: str
) -> None:
    product, definitions = cloud_sessions
    before = product.snapshot(with_stamps=True)[SESSIONS.table]
    product.sql(f"CREATE OR REPLACE TABLE {BARS_LIVE}_good AS SELECT * FROM {BARS_LIVE}")
    try:
        product.sql(changed.format(bars=BARS_LIVE))
        job = definitions.resolve_job_def("sessions")
        result = job.execute_in_process(instance=product.instance, raise_on_error=False, run_config=quiet())
    finally:
        product.sql(f"DELETE FROM {BARS_LIVE} WHERE TRUE")
        product.sql(f"INSERT INTO {BARS_LIVE} SELECT * FROM {BARS_LIVE}_good")
        product.sql(f"DROP TABLE {BARS_LIVE}_good")
    [message] = failures(result).values()
    assert words in message
    assert "Traceback" not in message
    assert product.snapshot(with_stamps=True)[SESSIONS.table] == before


def of_sessions(product: Product, **values: Any) -> dg.Definitions:
    """The product's sessions alone, made as in the cloud of bars that somebody else fills, in a BigQuery that is here."""
    cloud, embedded = build_defs(product.settings(gcp_project="my-project", **values)), build_defs(product.settings(**values))
    resources = dict(embedded.resources or {})
    of_all = [market.sessions(instrument).table for instrument in Catalog.of(product.settings(**values)).instruments]
    job = dg.define_asset_job("sessions", selection=dg.AssetSelection.assets(*of_all).without_checks())
    return dg.Definitions(assets=cloud.assets, resources=resources, jobs=[job])


@pytest.fixture(scope="module")
def cloud_sessions(refreshed_product: MakeProduct) -> tuple[Product, dg.Definitions]:
    """A product and the job of its sessions."""
    product = refreshed_product()
    return product, of_sessions(product)


def test_bad_rows_of_one_symbol_in_somebody_elses_table_stop_that_one_alone(
    cloud_sessions: tuple[Product, dg.Definitions],
) -> None:
    product, _ = cloud_sessions
    before = product.snapshot(with_stamps=True)[SESSIONS.table]
    # Soybean oil's prices under another name.
    product.sql(f"INSERT INTO {BARS_LIVE} SELECT * REPLACE ('MES' AS symbol) FROM {BARS_LIVE} WHERE symbol = 'ZL'")
    try:
        job = of_sessions(product, instruments="ZL,MES").resolve_job_def("sessions")
        result = job.execute_in_process(instance=product.instance, raise_on_error=False, run_config=quiet())
    finally:
        product.sql(f"DELETE FROM {BARS_LIVE} WHERE symbol = 'MES'")
    assert set(failures(result)) == {"mes_ohlcv"}
    assert "MES" in failures(result)["mes_ohlcv"]
    assert "prices_in_range" in failures(result)["mes_ohlcv"]
    assert SESSIONS.table in product.acknowledged()
    assert product.snapshot(with_stamps=True)[SESSIONS.table] == before


def test_the_cloud_creates_nothing_unless_told_to() -> None:
    def warehouse(**values: Any) -> Any:
        settings = Settings.load(gcp_project="my-project", **values)
        return resources.build(Catalog.of(settings), settings)["warehouse"]

    assert isinstance(warehouse().bigquery, GoogleBigQuery)
    assert not warehouse().may_create
    assert warehouse(create=True).may_create
