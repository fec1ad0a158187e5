"""What the benchmarks share: one home with a server, which smoke tests and measurements use alike."""

from collections.abc import Iterator

import pytest

from zl_assets.embedded.lifecycle import ensure_server
from zl_assets_tests.support.product import Product, kill_leftover_server


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A home of the module's own, with its server running."""
    made = Product(tmp_path_factory.mktemp("home"), on_disk=True)
    ensure_server(made.state_dir)
    yield made
    kill_leftover_server(made.state_dir)


@pytest.fixture(scope="module")
def server(home: Product) -> int:
    """The server's process id."""
    return ensure_server(home.state_dir).pid
