"""What the quick part of the suite shares: one server behind a proxy, for faults; other homes are made by the tests."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.api_core.retry import retry_unary
from google.cloud import bigquery

from zl_assets_tests.faults.proxy import Intercept
from zl_assets_tests.support.product import Product, kill_leftover_server


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A home of the module's own."""
    made = Product(tmp_path_factory.mktemp("home"), on_disk=True)
    yield made
    kill_leftover_server(made.state_dir)


@pytest.fixture(scope="module")
def intercept(home: Product) -> Iterator[Intercept]:
    """Both proxies in front of the home's server."""
    with Intercept(home.state_dir) as both:
        yield both


@pytest.fixture
def client(home: Product, intercept: Intercept) -> Iterator[bigquery.Client]:
    """A client that talks through the proxy."""
    made = home.client()
    yield made
    made.close()


@pytest.fixture
def brief_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pauses between attempts take a tenth of their time; how many attempts there are, and until when, is the product's."""
    usual = retry_unary.exponential_sleep_generator

    def brief(*given: Any, **named: Any) -> Iterator[float]:
        return (pause / 10 for pause in usual(*given, **named))

    monkeypatch.setattr(retry_unary, "exponential_sleep_generator", brief)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Somewhere for reports."""
    return tmp_path
