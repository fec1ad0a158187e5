"""The whole product in a folder of a test: settings, Dagster's storage, and the tables, CSV and model that a run leaves."""

import datetime as dt
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd

from zl_assets.definitions import build_defs
from zl_assets.settings import Settings
from zl_assets.warehouse import connect
from zl_assets_tests.support.contracts import CONTRACTS

TABLES = list(CONTRACTS)
WRITTEN_AT = ["ingestion_ts", "created_at"]


@dataclass
class Product:
    """One state folder and one Dagster storage.

    Attributes:
        values: settings; ZL_* variables of the environment are read as well.
    """

    state_dir: Path
    instance: dg.DagsterInstance
    values: dict[str, Any]

    def settings(self, **changes: Any) -> Settings:
        return Settings.load(state_dir=self.state_dir, **(self.values | changes))

    def refresh(self, **changes: Any) -> dg.ExecuteInProcessResult:
        """The daily job."""
        return self.run_job("zl_daily_refresh", **changes)

    def run_job(self, name: str, **changes: Any) -> dg.ExecuteInProcessResult:
        job = build_defs(self.settings(**changes)).resolve_job_def(name)
        return job.execute_in_process(instance=self.instance, raise_on_error=False, run_config=quiet())

    def run_checks(self, asset: str, **changes: Any) -> dict[str, dg.AssetCheckEvaluation]:
        """The checks of one asset, on the tables as they are."""
        defs = build_defs(self.settings(**changes))
        only = dg.define_asset_job("only_checks", selection=dg.AssetSelection.checks_for_assets(dg.AssetKey(asset)))
        merged = dg.Definitions.merge(defs, dg.Definitions(jobs=[only]))
        result = merged.resolve_job_def("only_checks").execute_in_process(
            instance=self.instance, raise_on_error=False, run_config=quiet()
        )
        return {evaluation.check_name: evaluation for evaluation in result.get_asset_check_evaluations()}

    def table(self, name: str, *, with_stamps: bool = False) -> pd.DataFrame:
        """Rows of a table or view, in order of its key."""
        contract = CONTRACTS[name]
        client = connect(self.settings())
        sql = f"SELECT * FROM `{client.project}.{contract.name}` ORDER BY {', '.join(contract.key)}"
        frame = client.query(sql).to_dataframe()
        return frame if with_stamps else frame.drop(columns=[c for c in WRITTEN_AT if c in frame])

    def snapshot(self, *, with_stamps: bool = False) -> dict[str, str]:
        """A digest of every table, the CSV and the model that `latest` names; tables that are not there are left out."""
        client = connect(self.settings())
        digests = {}
        for name in TABLES:
            there = {t.table_id for d in client.list_datasets() for t in client.list_tables(d.dataset_id)}
            if name in there:
                text = self.table(name, with_stamps=with_stamps).to_json(orient="records", date_format="iso", double_precision=15)
                digests[name] = hashlib.sha256(str(text).encode()).hexdigest()
        for path in (self.csv, self.model / "model.txt"):
            if path.exists():
                digests[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
        return digests

    @property
    def csv(self) -> Path:
        return self.state_dir / "training_csv" / "vw_zl_1m_flat.csv"

    @property
    def model(self) -> Path:
        return self.state_dir / "models" / "latest"


def quiet() -> dict[str, Any]:
    return {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def metadata(result: dg.ExecuteInProcessResult) -> dict[str, dict[str, Any]]:
    """Metadata values by asset."""
    found = [event.materialization for event in result.get_asset_materialization_events()]
    return {m.asset_key.to_user_string(): {k: v.value for k, v in m.metadata.items()} for m in found}


def red(result: dg.ExecuteInProcessResult) -> set[str]:
    """Failed checks, warnings as well."""
    return {f"{e.asset_key.to_user_string()}:{e.check_name}" for e in result.get_asset_check_evaluations() if not e.passed}


def failures(result: dg.ExecuteInProcessResult) -> dict[str, str]:
    """What the failed steps said, by step."""
    said = {}
    for event in result.get_step_failure_events():
        data = event.step_failure_data
        description = data.user_failure_data.description if data.user_failure_data else None
        said[str(event.step_key)] = description or data.error_display_string
    return said


AS_OF = dt.date(2025, 11, 15)
