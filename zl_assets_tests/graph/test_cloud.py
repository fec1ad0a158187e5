"""Cloud mode, as far as it goes without a cloud: what is chosen, and what a person without credentials is told."""

import pytest

from zl_assets.definitions import build_defs
from zl_assets.io_managers.homes import GoogleBigQuery
from zl_assets.settings import Settings
from zl_assets_tests.support.fixtures import MakeProduct
from zl_assets_tests.support.product import failures


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


def test_the_cloud_creates_nothing_unless_told_to() -> None:
    warehouse = build_defs(Settings.load(gcp_project="my-project")).resources["warehouse"]  # type: ignore[index]
    assert isinstance(warehouse.bigquery, GoogleBigQuery)
    assert not warehouse.may_create
    assert build_defs(Settings.load(gcp_project="my-project", create=True)).resources["warehouse"].may_create  # type: ignore[index]
