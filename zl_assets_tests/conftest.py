"""What every test folder shares: where the real data is, one embedded BigQuery for each worker, and how a run is shared out."""

import gc
import os
import re
import secrets
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import psutil
import pytest

from zl_assets_tests.googlesql import plugin

# The machines are shared and noisy: how long an example takes says nothing about the code.
hypothesis.settings.register_profile("zl", deadline=None)
hypothesis.settings.load_profile("zl")

if TYPE_CHECKING:
    from google.cloud import bigquery

_HERE = Path(__file__).resolve().parent
_SHARED = _HERE.parents[1] / "shared" / "data"


# Files that take half a minute or more, the longest first. With several workers these begin first: a long file that begins last
# would keep one worker busy while the others have nothing left.
LONGEST = (
    "ui/test_browser.py",
    "docs/test_commands.py",
    "warehouse/test_publish.py",
    "operations/test_jobs.py",
    "faults/test_http_faults.py",
    "faults/test_kills.py",
    "embedded/test_lifecycle.py",
    "graph/test_refresh.py",
    "graph/test_families.py",
    "graph/test_several_instruments.py",
    "graph/test_adding_an_instrument.py",
    "warehouse/test_partition_limits.py",
    "warehouse/test_ownership.py",
    "graph/test_main.py",
    "graph/test_costs.py",
    "warehouse/test_plan.py",
    "docs/test_using_the_io_manager.py",
    "ui/test_instruments.py",
    "graph/test_reuse.py",
    "googlesql/test_plugin.py",
    "warehouse/test_diff.py",
    "graph/test_model.py",
    "warehouse/test_vanished.py",
    "warehouse/test_foreign_matrix.py",
    "graph/test_impact.py",
    "faults/test_years.py",
    "benchmarks/test_smoke.py",
)

# Where a test run puts its folders, if there is room: a refresh waits for the disk some thousand times, and no test asks what a
# power cut leaves.
_IN_MEMORY = Path("/dev/shm")  # noqa: S108  pytest makes a folder of this user alone
_ROOM = 6 << 30


def pytest_addoption(parser: pytest.Parser) -> None:
    """What can be asked of a run beside pytest's own options."""
    parser.addoption(plugin.REPORT, action="store_true", help="say what Google's SQL analyzer saw, what it did not, and its cost")


def pytest_configure(config: pytest.Config) -> None:
    """Where temporary folders are, how files are shared out, what is no warning, and Google's SQL analyzer as a net.

    The product silences two warnings when it makes a client, and pytest puts its own filters back before every test.
    """
    for message in ("Retrieving DataFrames via google-cloud-bigquery is", "Retrieving Arrow record batches directly via"):
        config.addinivalue_line("filterwarnings", f"ignore:{message}:PendingDeprecationWarning")
    if _IN_MEMORY.is_dir() and min(shutil.disk_usage(_IN_MEMORY).free, psutil.virtual_memory().available) > _ROOM:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_IN_MEMORY))
    config.addinivalue_line("markers", f"{plugin.MARKER}(reason): the product is made to send SQL that Google refuses")
    config.pluginmanager.register(plugin.Net(config), "googlesql")
    # By the number of tests, which says nothing here.
    if getattr(config.option, "loadscopereorder", False):
        config.option.loadscopereorder = False


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Each worker begins at another place of the folder of tests: what one has compiled the others need only read.

    In a clean clone every worker compiled the asserts of every file, 5.5 of its processor seconds.
    """
    report = yield
    worker = getattr(collector.config, "workerinput", None)
    if worker is not None and collector.path == _HERE and report.result:
        begin = int(worker["workerid"].removeprefix("gw")) * len(report.result) // worker["workercount"]
        report.result = [*report.result[begin:], *report.result[:begin]]
    return report


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Modules and collected tests stay to the end: Python does not look for cycles among them, now or later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Files are handed to the workers in the order of collection, which must be the same in each."""
    if hasattr(config, "workerinput"):
        rank = {_HERE / name: place for place, name in enumerate(LONGEST)}
        items.sort(key=lambda item: (rank.get(item.path, len(rank)), item.path))


def shared_data(name: str) -> Path:
    """A file of the licensed test data, which stays outside the project; without it the test skips and says so."""
    path = _SHARED / name
    if not path.exists():
        pytest.skip(f"the licensed test data is not here: {path}")
    return path


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The state folder of an embedded BigQuery that lives as long as the test run. Tests keep apart by dataset names."""
    from zl_assets.embedded.lifecycle import ensure_server, stop_server

    state_dir = tmp_path_factory.mktemp("state")
    ensure_server(state_dir)
    yield state_dir
    stop_server(state_dir)


@pytest.fixture(scope="session", autouse=True)
def replay_fits(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A fit of the replay is made once in a test run, whichever test, worker or command line needs it first."""
    from zl_assets_tests.support.replay_fits import PLACE, remembered_fits

    base = tmp_path_factory.getbasetemp()
    kept = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "replay_fits.json"
    with pytest.MonkeyPatch.context() as patch, remembered_fits(kept):
        patch.setenv(PLACE, str(kept))
        yield


@pytest.fixture
def bq(warehouse: Path) -> "Iterator[bigquery.Client]":
    """A client of the run's embedded BigQuery."""
    from zl_assets.embedded.client import embedded_client

    client = embedded_client(warehouse, "us-central1")
    yield client
    client.close()


@pytest.fixture
def prefix(request: pytest.FixtureRequest, warehouse: Path) -> Iterator[str]:
    """A dataset prefix that no other test uses. Its datasets are dropped afterwards: each one makes every later write slower."""
    from zl_assets.embedded.client import embedded_client

    name = f"{re.sub('[^A-Za-z0-9]+', '_', request.node.name)[:60]}_{secrets.token_hex(3)}_"
    yield name
    # Not the test's client, which it may have made to fail.
    client = embedded_client(warehouse, "us-central1")
    for dataset in list(client.list_datasets()):
        if dataset.dataset_id.startswith(name):
            client.delete_dataset(dataset, delete_contents=True, not_found_ok=True)
    client.close()


@pytest.fixture
def dataset(bq: "bigquery.Client", prefix: str) -> str:
    """A new, empty dataset of this test's own."""
    name = f"{prefix}d"
    bq.create_dataset(name)
    return name
