"""What every test folder shares: where the real data is, and one embedded BigQuery for the whole run."""

import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

# The machines are shared and noisy: how long an example takes says nothing about the code.
hypothesis.settings.register_profile("zl", deadline=None)
hypothesis.settings.load_profile("zl")

if TYPE_CHECKING:
    from google.cloud import bigquery

_SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


def pytest_configure(config: pytest.Config) -> None:
    """The product silences these two when it makes a client, and pytest puts its own filters back before every test."""
    for message in ("Retrieving DataFrames via google-cloud-bigquery is", "Retrieving Arrow record batches directly via"):
        config.addinivalue_line("filterwarnings", f"ignore:{message}:PendingDeprecationWarning")


def shared_data(name: str) -> Path:
    """A file of the licensed test data, which stays outside the project; without it the test skips and says so."""
    path = _SHARED / name
    if not path.exists():
        pytest.skip(f"the licensed test data is not here: {path}")
    return path


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The state folder of an embedded BigQuery that lives as long as the test run. Tests keep apart by dataset names."""
    from zl_assets.warehouse.embedded.lifecycle import ensure_server, stop_server

    state_dir = tmp_path_factory.mktemp("state")
    ensure_server(state_dir)
    yield state_dir
    stop_server(state_dir)


@pytest.fixture
def bq(warehouse: Path) -> "Iterator[bigquery.Client]":
    """A client of the run's embedded BigQuery."""
    from zl_assets.warehouse.embedded.lifecycle import embedded_client

    client = embedded_client(warehouse, "us-central1")
    yield client
    client.close()


@pytest.fixture
def prefix(request: pytest.FixtureRequest) -> str:
    """A dataset prefix that no other test uses."""
    return f"{re.sub('[^A-Za-z0-9]+', '_', request.node.name)[:60]}_{secrets.token_hex(3)}_"


@pytest.fixture
def dataset(bq: "bigquery.Client", prefix: str) -> str:
    """A new, empty dataset of this test's own."""
    name = f"{prefix}d"
    bq.create_dataset(name)
    return name
