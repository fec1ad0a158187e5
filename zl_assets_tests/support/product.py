"""The whole product in a folder of a test: running it, in this process or in one that may die, and looking at what it leaves.

Belongs here: settings, Dagster's storage, runs, tables, CSV and model, and looking for leavings. Must not be here: faults.
"""

import contextlib
import datetime as dt
import fcntl
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pandas as pd
import pyarrow as pa
from dagster_shared.serdes import deserialize_value, serialize_value
from google.cloud import bigquery

from zl_assets.automation import REFRESH
from zl_assets.contracts.marks import MARKS
from zl_assets.definitions import build_defs
from zl_assets.embedded.client import embedded_client
from zl_assets.embedded.folder import Folder
from zl_assets.embedded.lifecycle import stop_server
from zl_assets.embedded.server import link_extensions
from zl_assets.io_managers.metadata import unfolded
from zl_assets.settings import Settings
from zl_assets_tests.support.contracts import CONTRACTS

AS_OF = dt.date(2025, 11, 15)
TABLES = list(CONTRACTS)
WRITTEN_AT = ("ingestion_ts", "created_at", "recorded_at")
_EVENTS = "events.json"


@dataclass
class Product:
    """One state folder and one Dagster storage.

    Attributes:
        values: ZL_* values beside the folder; ZL_* variables of the environment are read as well.
        on_disk: Dagster's storage is on disk, as it is for a person, and another process may open it too; otherwise it is in
            memory, which takes seconds less for each refresh.
    """

    folder: Path
    values: dict[str, Any] = field(default_factory=dict)
    on_disk: bool = False
    _instance: dg.DagsterInstance | None = field(default=None, repr=False, compare=False)

    def __getstate__(self) -> dict[str, Any]:
        """What another process is handed: it opens the storage by itself."""
        return self.__dict__ | {"_instance": None}

    @property
    def state_dir(self) -> Path:
        """ZL_STATE_DIR."""
        return self.folder / "state"

    @property
    def instance(self) -> dg.DagsterInstance:
        """Dagster's storage, opened on first use."""
        if self._instance is None:
            place = self.folder / "dagster"
            place.mkdir(parents=True, exist_ok=True)
            made = dg.DagsterInstance.local_temp if self.on_disk else dg.DagsterInstance.ephemeral
            self._instance = made(str(place))
        return self._instance

    @property
    def csv(self) -> Path:
        """The exported file."""
        return self.state_dir / "training_csv" / "vw_zl_1m_flat.csv"

    @property
    def model(self) -> Path:
        """The model that `latest` names."""
        return self.state_dir / "models" / "latest"

    def settings(self, **changes: Any) -> Settings:
        return Settings.load(state_dir=self.state_dir, **(self.values | changes))

    def client(self) -> bigquery.Client:
        """A client of the server, which is started if need be."""
        return embedded_client(self.state_dir, "us-central1")

    def sql(self, text: str) -> None:
        """Run one statement."""
        client = self.client()
        client.query(text).result()
        client.close()

    # Running.

    def refresh(self, *, checks: bool = True, **changes: Any) -> dg.ExecuteInProcessResult:
        """The daily job, with or without its checks, which only read."""
        if checks:
            return self.run_job(REFRESH, **changes)
        return self.run_assets(dg.AssetSelection.all(), checks=False, **changes)

    def run_job(self, name: str, *, ops: dict[str, Any] | None = None, **changes: Any) -> dg.ExecuteInProcessResult:
        """A job of the product.

        Args:
            ops: configuration, as from the launchpad, by op.
        """
        return self._run(build_defs(self.settings(**changes)), name, ops)

    def run_assets(
        self, *assets: str | dg.AssetSelection, checks: bool = True, ops: dict[str, Any] | None = None, **changes: Any
    ) -> dg.ExecuteInProcessResult:
        """Some assets alone, as from the asset graph."""
        selected = [dg.AssetSelection.assets(asset) if isinstance(asset, str) else asset for asset in assets]
        selection = selected[0]
        for other in selected[1:]:
            selection |= other
        job = dg.define_asset_job("some_assets", selection=selection if checks else selection.without_checks())
        defs = build_defs(self.settings(**changes))
        return self._run(dg.Definitions.merge(defs, dg.Definitions(jobs=[job])), job.name, ops)

    def run_up_to(self, asset: str, **changes: Any) -> dg.ExecuteInProcessResult:
        """An asset and all that it is made of."""
        return self.run_assets(dg.AssetSelection.assets(asset).upstream(), **changes)

    def run_checks(self, *assets: str, **changes: Any) -> dict[str, dg.AssetCheckEvaluation]:
        """The checks of some assets on the tables as they are; by name, and with the asset before it if there are several."""
        result = self.run_assets(
            *(dg.AssetSelection.checks_for_assets(dg.AssetKey(asset)) for asset in assets), checks=True, **changes
        )
        found = result.get_asset_check_evaluations()
        if len(assets) == 1:
            return {evaluation.check_name: evaluation for evaluation in found}
        return {f"{evaluation.asset_key.path[-1]}:{evaluation.check_name}": evaluation for evaluation in found}

    def _run(self, defs: dg.Definitions, job: str, ops: dict[str, Any] | None) -> dg.ExecuteInProcessResult:
        config = quiet() | ({"ops": {name: {"config": given} for name, given in ops.items()}} if ops else {})
        return defs.resolve_job_def(job).execute_in_process(instance=self.instance, raise_on_error=False, run_config=config)

    # Looking.

    def table(self, name: str, *, with_stamps: bool = False) -> pd.DataFrame:
        """Rows of a table or view, in order of its key."""
        contract = CONTRACTS[name]
        client = self.client()
        frame = client.query(f"SELECT * FROM `{contract.name}` ORDER BY {', '.join(contract.key)}").to_dataframe()
        client.close()
        return frame if with_stamps else frame.drop(columns=[c for c in WRITTEN_AT if c in frame])

    def snapshot(self, prefix: str = "", *, with_stamps: bool = False) -> dict[str, str]:
        """A digest of every table and view, the CSV, and the model that `latest` names; what is not there is left out.

        Args:
            prefix: of the datasets.
            with_stamps: of the times of writing as well.
        """
        client = self.client()
        there = {f"{d.dataset_id}.{t.table_id}" for d in client.list_datasets() for t in client.list_tables(d.dataset_id)}
        digests = {}
        for name, contract in CONTRACTS.items():
            if f"{prefix}{contract.name}" in there:
                rows = client.query(f"SELECT * FROM `{prefix}{contract.name}` ORDER BY {', '.join(contract.key)}").to_arrow()
                digests[name] = f"{len(rows)} rows {_digest(rows, () if with_stamps else WRITTEN_AT)}"
        client.close()
        for name, path in {
            "csv": self.csv,
            "model": self.model / "model.txt",
            "model contract": self.model / "contract.json",
        }.items():
            if path.exists():
                digests[name] = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        return digests

    def recorded(self, asset: str) -> dict[str, Any]:
        """Metadata of an asset's newest materialization."""
        event = self.instance.get_latest_materialization_event(dg.AssetKey(asset))
        assert event is not None
        assert event.asset_materialization is not None
        return {name: value.value for name, value in unfolded(event.asset_materialization.metadata).items()}

    def acknowledged(self) -> set[str]:
        """Assets that the newest run recorded as materialized."""
        [run] = self.instance.get_runs(limit=1)
        logs = self.instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
        return {log.dagster_event.asset_key.to_user_string() for log in logs if log.dagster_event and log.dagster_event.asset_key}

    def leavings(self, *, deep: bool) -> list[str]:
        """What should not be there after a success: staging tables, temporary files, locks that are held.

        Args:
            deep: stop the server and hold its data files against its catalog as well.
        """
        client = self.client()
        found = [
            f"staging table {t.full_table_id}"
            for d in client.list_datasets()
            for t in client.list_tables(d.dataset_id)
            if t.table_id.startswith(MARKS.staging_prefix)
        ]
        client.close()
        artifacts = [self.state_dir / "models", self.state_dir / "training_csv"]
        found += [f"temporary file {path}" for folder in artifacts for path in folder.glob(".new-*")]
        found += [f"held lock {folder}/.lock" for folder in artifacts if folder.exists() and _is_held(folder / ".lock")]
        if deep:
            stop_server(self.state_dir)
            warehouse = Folder.of(self.state_dir)
            found += [f"temporary file {path}" for path in warehouse.root.glob(".new-*")]
            found += [f"upload {path}" for path in warehouse.data.glob("uploads/*")]
            found += [f"orphaned data file {path}" for path in orphaned_files(warehouse)]
            found += [f"held lock {path}" for path in (warehouse.server_lock, warehouse.start_lock) if _is_held(path)]
        return found

    # Making an end.

    def forget(self, prefix: str) -> None:
        """Drop the datasets of a prefix, so that hundreds of points do not add up to one another's cost."""
        client = self.client()
        for dataset in list(client.list_datasets()):
            if dataset.dataset_id.startswith(prefix):
                client.delete_dataset(dataset, delete_contents=True)
        client.close()

    def freeze(self) -> None:
        """Stop the server and write down what Dagster was told, so that the folder is the whole product and can be copied."""
        runs = self.instance.get_runs()
        events = [event for run in runs for event in self.instance.all_logs(run.run_id)]
        (self.folder / _EVENTS).write_text(json.dumps([serialize_value(event) for event in events]))
        stop_server(self.state_dir)
        self.let_go()

    def copy_to(self, folder: Path) -> "Product":
        """The same product elsewhere, with what its assets recorded; its runs are not known there. This one must be frozen."""
        shutil.copytree(self.folder, folder, symlinks=True)
        product = Product(folder, dict(self.values))
        for text in json.loads((folder / _EVENTS).read_text()):
            product.instance.event_log_storage.store_event(deserialize_value(text, dg.EventLogEntry))
        return product

    def let_go(self) -> None:
        """Close Dagster's storage."""
        if self._instance is not None:
            self._instance.dispose()
            self._instance = None


def quiet() -> dict[str, Any]:
    return {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def metadata(result: dg.ExecuteInProcessResult) -> dict[str, dict[str, Any]]:
    """Metadata values by asset."""
    found = [event.materialization for event in result.get_asset_materialization_events()]
    return {m.asset_key.to_user_string(): {k: v.value for k, v in unfolded(m.metadata).items()} for m in found}


def red(result: dg.ExecuteInProcessResult) -> set[str]:
    """Failed checks, warnings as well."""
    return {f"{e.asset_key.to_user_string()}:{e.check_name}" for e in result.get_asset_check_evaluations() if not e.passed}


def failures(result: dg.ExecuteInProcessResult) -> dict[str, str]:
    """What each failed step said to the person; a text that begins with CRASH is a crash, not a message."""
    said = {}
    for event in result.get_step_failure_events():
        data = event.step_failure_data
        description = data.user_failure_data.description if data.user_failure_data is not None else None
        said[str(event.step_key)] = description or f"CRASH {data.error_display_string}"
    if not result.success and not said:
        said["(run)"] = f"CRASH {result.get_run_failure_event().job_failure_data.error}"
    return said


def differences(found: dict[str, str], clean: dict[str, str]) -> list[str]:
    """Parts that are not as in a clean run."""
    return [
        f"{name}: {found.get(name)} instead of {clean.get(name)}"
        for name in sorted(clean.keys() | found.keys())
        if found.get(name) != clean.get(name)
    ]


def orphaned_files(warehouse: Folder) -> list[str]:
    """Data files that the catalogs do not know, not even as files that are on their way out. The server must be stopped."""
    orphans: list[str] = []
    link_extensions(warehouse.root)
    for catalog in warehouse.data.glob("*.ducklake"):
        with duckdb.connect(str(catalog), read_only=True) as connection:
            known = set()
            for table in ("ducklake_data_file", "ducklake_delete_file", "ducklake_files_scheduled_for_deletion"):
                known |= {Path(name).name for (name,) in connection.execute(f"SELECT path FROM {table}").fetchall()}
        orphans += [str(p) for p in (warehouse.data / catalog.stem).rglob("*.parquet") if p.name not in known]
    return orphans


@contextlib.contextmanager
def stopwatch() -> Iterator[list[float]]:
    """Seconds, as the one element of the list, after the block."""
    began, taken = time.monotonic(), [0.0]
    try:
        yield taken
    finally:
        taken[0] = time.monotonic() - began


def kill_leftover_server(state: Path) -> None:
    """End the server of a folder that is about to be deleted, however it feels."""
    record = Folder.of(state).server_json
    with contextlib.suppress(FileNotFoundError, ProcessLookupError, ValueError):
        os.kill(int(json.loads(record.read_text())["pid"]), 9)


def _digest(rows: pa.Table, without: Iterable[str]) -> str:
    flat = rows.drop_columns([c for c in without if c in rows.column_names])
    while any(pa.types.is_struct(column.type) for column in flat.columns):
        flat = flat.flatten()
    hashed = pd.util.hash_pandas_object(flat.to_pandas(date_as_object=False)).to_numpy().tobytes()
    return hashlib.sha256(hashed).hexdigest()[:16]


def _is_held(path: Path) -> bool:
    if not path.exists():
        return False
    with open(path) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
