"""Our IO manager and dagster-gcp-pandas', called as Dagster calls them, on the same embedded server, with the same rows.

Belongs here: writing and reading one table by either. Must not be here: sizes and bounds.
"""

import contextlib
import functools
import logging
import secrets
from collections.abc import Iterator
from typing import Any
from unittest import mock

import dagster as dg
import pandas as pd
from dagster_gcp_pandas import BigQueryPandasIOManager
from pytest_benchmark.fixture import BenchmarkFixture

from zl_assets import resources
from zl_assets.catalog import Catalog
from zl_assets.domain.features import feature_rows
from zl_assets.io_managers.bigquery import BigQueryIOManager
from zl_assets.settings import Settings
from zl_assets_tests.benchmarks.frames import bars_of, sessions
from zl_assets_tests.benchmarks.race import OURS, Rival, race
from zl_assets_tests.support.contracts import FEATURES, ZL
from zl_assets_tests.support.product import Product

RIVAL = "dagster-gcp-pandas"


def rows_of(count: int) -> pd.DataFrame:
    """Rows of zl_ta_features, of as many symbols as they need."""
    frame = sessions(count)
    return feature_rows(frame, bars_of(frame), ZL)


class Table:
    """zl_ta_features in a warehouse of its own (a dataset prefix), by one of the managers."""

    def __init__(self, home: Product) -> None:
        self.home = home
        self.renew()

    def renew(self) -> None:
        """Another, empty warehouse."""
        self.prefix = f"b{secrets.token_hex(4)}_"

    def write(self, frame: pd.DataFrame) -> None:
        """As the output of the asset."""
        raise NotImplementedError

    def read(self) -> pd.DataFrame:
        """As the input of another asset."""
        raise NotImplementedError


class Ours(Table):
    """zl_assets."""

    @property
    def _manager(self) -> BigQueryIOManager:
        settings = Settings.load(state_dir=self.home.state_dir, dataset_prefix=self.prefix)
        catalog = Catalog.of(settings)
        warehouse: Any = resources.build(catalog, settings)["warehouse"]
        return BigQueryIOManager(warehouse, catalog.tables)

    def write(self, frame: pd.DataFrame) -> None:
        """By read, comparison, and a load or a MERGE of what differs."""
        self._manager.handle_output(_output(dg.AssetKey(FEATURES.table)), frame)

    def read(self) -> pd.DataFrame:
        """Ordered, with the contract's types."""
        return self._manager.load_input(_input(dg.AssetKey(FEATURES.table)))


class Theirs(Table):
    """dagster-gcp-pandas, with a client of the embedded server in the place of Google's."""

    @property
    def _key(self) -> dg.AssetKey:
        return dg.AssetKey([f"{self.prefix}features", FEATURES.table])

    @contextlib.contextmanager
    def _manager(self) -> Iterator[Any]:
        client = self.home.client()  # made before the class is another
        with mock.patch("dagster_gcp.bigquery.io_manager.bigquery.Client", return_value=client):
            yield BigQueryPandasIOManager(project="zl-local").create_io_manager(None)

    def write(self, frame: pd.DataFrame) -> None:
        """TRUNCATE and load."""
        with self._manager() as manager:
            manager.handle_output(_output(self._key), frame)

    def read(self) -> pd.DataFrame:
        """SELECT *."""
        with self._manager() as manager:
            return manager.load_input(_input(self._key))


@functools.cache
def _no_resources() -> Any:
    # Asked for once: a context that is left to it makes a Dagster instance on disk, which costs more than some of the writes.
    with dg.build_resources({}) as none:
        return none


def _output(key: dg.AssetKey) -> dg.OutputContext:
    log: Any = logging.getLogger(__name__)
    return dg.OutputContext(
        asset_key=key,
        asset_spec=dg.AssetSpec(key),
        run_id=secrets.token_hex(16),  # each write is a run of its own, which knows nothing of the last one
        log_manager=log,
        resources=_no_resources(),
        resource_config={},
        definition_metadata={},
    )


def _input(key: dg.AssetKey) -> dg.InputContext:
    kind = dg.PythonObjectDagsterType(pd.DataFrame)
    return dg.InputContext(
        asset_key=key,
        upstream_output=_output(key),
        dagster_type=kind,
        resources=_no_resources(),
        resource_config={},
        definition_metadata={},
    )


@functools.cache
def _cached_rows(count: int) -> pd.DataFrame:
    return rows_of(count)


# At most this many times the other's time, at up to 4 thousand rows and beyond.
CASES = {"first write": (1.5, 1.5), "no change": (1.0, 1.2), "one new row": (1.5, 1.2), "read": (1.0, 1.0)}
FEW_ROWS = 4_000


def compare(benchmark: BenchmarkFixture, home: Product, server: int, what: str, rows: int, rounds: int) -> None:
    """One case for both, and that both then hold the same rows."""
    frame = _cached_rows(rows)
    tables: dict[str, Table] = {OURS: Ours(home), RIVAL: Theirs(home)}

    def rival(name: str) -> Rival:
        table = tables[name]
        bound = CASES[what][rows > FEW_ROWS]
        match what:
            case "first write":
                return Rival(lambda: table.write(frame), table.renew, bound)
            case "no change":
                table.write(frame)
                return Rival(lambda: table.write(frame), bound=bound)
            case "one new row":
                lengths = iter(range(len(frame) - rounds, len(frame) + 1))
                table.write(frame.iloc[: next(lengths)])
                return Rival(lambda: table.write(frame.iloc[: next(lengths)]), bound=bound)
            case _:
                table.write(frame)
                return Rival(table.read, bound=bound)

    race(benchmark, rival(OURS), {RIVAL: rival(RIVAL)}, rounds, servers=[server], what=what, rows=rows)
    found = [table.read().sort_values(list(FEATURES.key), ignore_index=True).astype(frame.dtypes) for table in tables.values()]
    for one in found:
        pd.testing.assert_frame_equal(one[list(frame.columns)], frame)
