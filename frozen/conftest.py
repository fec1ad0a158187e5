"""What the quick part of the suite shares: one server behind a proxy, for faults; other homes are made by the tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from google.cloud import bigquery

from zl_assets_tests.faults.home import Home, kill_leftover_server
from zl_assets_tests.faults.proxy import Intercept


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A home of the module's own."""
    made = Home(tmp_path_factory.mktemp("home"))
    yield made
    kill_leftover_server(made.state)


@pytest.fixture(scope="module")
def intercept(home: Home) -> Iterator[Intercept]:
    """Both proxies in front of the home's server."""
    with Intercept(home.state) as both:
        yield both


@pytest.fixture
def client(home: Home, intercept: Intercept) -> Iterator[bigquery.Client]:
    """A client that talks through the proxy."""
    made = home.client()
    yield made
    made.close()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Somewhere for reports."""
    return tmp_path
