"""Our IO manager and dagster-gcp-pandas', called as Dagster calls them, on the same embedded server, with the same rows.

Belongs here: writing and reading one table by either. Must not be here: sizes and bounds.
"""

import contextlib
import secrets
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import dagster as dg
import pandas as pd
from dagster_gcp_pandas import BigQueryPandasIOManager

from zl_assets.contracts import FEATURES
from zl_assets.domain.features import feature_rows
from zl_assets.io_managers.bigquery import BigQueryIOManager
from zl_assets.resources import build_resources
from zl_assets.settings import Settings
from zl_assets_tests.benchmarks.frames import bars_of, sessions
from zl_assets_tests.faults.home import Home

RIVAL = "dagster-gcp-pandas"


def rows_of(count: int) -> pd.DataFrame:
    """Rows of zl_ta_features, of as many symbols as they need."""
    frame = sessions(count)
    return feature_rows(frame, bars_of(frame))


class Table:
    """zl_ta_features in a warehouse of its own (a dataset prefix), by one of the managers."""

    def __init__(self, home: Home) -> None:
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
        settings = Settings.load(state_dir=self.home.state, dataset_prefix=self.prefix)
        return BigQueryIOManager(warehouse=build_resources(settings)["warehouse"])

    def write(self, frame: pd.DataFrame) -> None:
        """By stage, audit, compare and MERGE."""
        context = dg.build_output_context(asset_key=dg.AssetKey(FEATURES.table), run_id="benchmark")
        self._manager.handle_output(context, frame)

    def read(self) -> pd.DataFrame:
        """Ordered, with the contract's types."""
        return self._manager.load_input(dg.build_input_context(asset_key=dg.AssetKey(FEATURES.table)))


class Theirs(Table):
    """dagster-gcp-pandas, with a client of the embedded server in the place of Google's."""

    @property
    def _key(self) -> dg.AssetKey:
        return dg.AssetKey([f"{self.prefix}features", FEATURES.table])

    @contextlib.contextmanager
    def _manager(self) -> Iterator[Any]:
        client = self.home.client()  # made before the class is another
        with mock.patch("dagster_gcp.bigquery.io_manager.bigquery.Client", lambda *_, **__: client):
            yield BigQueryPandasIOManager(project="zl-local").create_io_manager(dg.build_init_resource_context())

    def write(self, frame: pd.DataFrame) -> None:
        """TRUNCATE and load."""
        context = dg.build_output_context(asset_key=self._key, run_id="benchmark", resource_config={}, definition_metadata={})
        with self._manager() as manager:
            manager.handle_output(context, frame)

    def read(self) -> pd.DataFrame:
        """SELECT *."""
        upstream = dg.build_output_context(asset_key=self._key, definition_metadata={})
        context = dg.build_input_context(
            asset_key=self._key, upstream_output=upstream, resource_config={}, dagster_type=_frame_type(), definition_metadata={}
        )
        with self._manager() as manager:
            return manager.load_input(context)


def _frame_type() -> dg.DagsterType:
    return dg.PythonObjectDagsterType(pd.DataFrame)


def growing(table: Table, frame: pd.DataFrame) -> Callable[[], None]:
    """A write of the whole frame that has one row more than the one before; at most 100 of them."""
    lengths = iter(range(len(frame) - 100, len(frame) + 1))
    return lambda: table.write(frame.iloc[: next(lengths)])
