"""What the benchmarks share: one home with a server, which smoke tests and measurements use alike."""

from collections.abc import Iterator

import pytest

from zl_assets.warehouse.embedded.lifecycle import ensure_server
from zl_assets_tests.faults.home import Home, kill_leftover_server


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A home of the module's own, with its server running."""
    made = Home(tmp_path_factory.mktemp("home"))
    ensure_server(made.state)
    yield made
    kill_leftover_server(made.state)


@pytest.fixture(scope="module")
def server(home: Home) -> int:
    """The server's process id."""
    return ensure_server(home.state).pid
