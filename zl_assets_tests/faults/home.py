"""The whole product in a folder of its own: refreshing it in this process or in one that may die, and looking at what is left.

Belongs here: running, comparing, and looking for leavings. Must not be here: faults.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pandas as pd
import pyarrow as pa
from google.cloud import bigquery

from zl_assets.automation import REFRESH
from zl_assets.definitions import build_defs
from zl_assets.settings import Settings
from zl_assets.warehouse.embedded.lifecycle import Folder, embedded_client, stop_server
from zl_assets.warehouse.embedded.server import link_extensions
from zl_assets.warehouse.publish import STAGING_PREFIX
from zl_assets_tests.support.contracts import CONTRACTS

STAMPS = ("ingestion_ts", "created_at")
WITHOUT_CHECKS = "assets_without_checks"


@dataclass
class Home:
    """One state folder and one Dagster storage.

    Attributes:
        settings: ZL_* values beside the folder.
    """

    folder: Path
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def state(self) -> Path:
        """ZL_STATE_DIR."""
        return self.folder / "state"

    @contextlib.contextmanager
    def instance(self) -> Iterator[dg.DagsterInstance]:
        """Dagster's storage, on disk."""
        place = self.folder / "dagster"
        place.mkdir(parents=True, exist_ok=True)
        with dg.DagsterInstance.local_temp(str(place)) as instance:
            yield instance

    def refresh(self, *, checks: bool = True, **values: Any) -> dg.ExecuteInProcessResult:
        """The daily job in this process, with or without its checks, which only read."""
        defs = build_defs(Settings.load(state_dir=self.state, **(self.settings | values)))
        job = dg.define_asset_job(WITHOUT_CHECKS, selection=dg.AssetSelection.all().without_checks())
        merged = dg.Definitions.merge(defs, dg.Definitions(jobs=[job]))
        quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
        with self.instance() as instance:
            return merged.resolve_job_def(REFRESH if checks else WITHOUT_CHECKS).execute_in_process(
                instance=instance, raise_on_error=False, run_config=quiet
            )

    def client(self) -> bigquery.Client:
        """A client of the home's server."""
        return embedded_client(self.state, "us-central1")

    def snapshot(self, prefix: str = "") -> dict[str, str]:
        """A digest of every table and view (write times apart), the CSV, and the model that `latest` names."""
        client = self.client()
        there = {f"{d.dataset_id}.{t.table_id}" for d in client.list_datasets() for t in client.list_tables(d.dataset_id)}
        digests = {}
        for name, contract in CONTRACTS.items():
            if f"{prefix}{contract.dataset}.{contract.table}" in there:
                sql = f"SELECT * FROM `{prefix}{contract.dataset}.{contract.table}` ORDER BY {', '.join(contract.key)}"
                rows = client.query(sql).to_arrow()
                flat = rows.drop_columns([c for c in STAMPS if c in rows.column_names])
                while any(pa.types.is_struct(column.type) for column in flat.columns):
                    flat = flat.flatten()
                hashed = pd.util.hash_pandas_object(flat.to_pandas(date_as_object=False)).to_numpy().tobytes()
                digests[name] = f"{len(rows)} rows {hashlib.sha256(hashed).hexdigest()[:16]}"
        latest = self.state / "models" / "latest"
        files = {"csv": self.csv, "model": latest / "model.txt", "model contract": latest / "contract.json"}
        for name, path in files.items():
            if path.exists():
                digests[name] = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        client.close()
        return digests

    @property
    def csv(self) -> Path:
        """The exported file."""
        return self.state / "training_csv" / "vw_zl_1m_flat.csv"

    def acknowledged(self) -> set[str]:
        """Assets that the newest run recorded as materialized."""
        with self.instance() as instance:
            [run] = instance.get_runs(limit=1)
            logs = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
            return {
                log.dagster_event.asset_key.to_user_string() for log in logs if log.dagster_event and log.dagster_event.asset_key
            }

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
            if t.table_id.startswith(STAGING_PREFIX)
        ]
        client.close()
        artifacts = [self.state / "models", self.state / "training_csv"]
        found += [f"temporary file {path}" for folder in artifacts for path in folder.glob(".new-*")]
        found += [f"held lock {folder}/.lock" for folder in artifacts if folder.exists() and _is_held(folder / ".lock")]
        if deep:
            stop_server(self.state)
            warehouse = Folder.of(self.state)
            found += [f"temporary file {path}" for path in warehouse.root.glob("*.tmp")]
            found += [f"upload {path}" for path in warehouse.data.glob("uploads/*")]
            found += [f"orphaned data file {path}" for path in orphaned_files(warehouse)]
            found += [f"held lock {path}" for path in (warehouse.server_lock, warehouse.start_lock) if _is_held(path)]
        return found

    def forget(self, prefix: str) -> None:
        """Drop the datasets of a prefix, so that hundreds of points do not add up to one another's cost."""
        client = self.client()
        for dataset in list(client.list_datasets()):
            if dataset.dataset_id.startswith(prefix):
                client.delete_dataset(dataset, delete_contents=True)
        client.close()


def _is_held(path: Path) -> bool:
    if not path.exists():
        return False
    with open(path) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


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


def failure_texts(result: dg.ExecuteInProcessResult) -> dict[str, str]:
    """What each failed step said to the person; a text that begins with a class name is a crash, not a message."""
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
