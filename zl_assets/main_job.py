"""The main job, in this process, on Dagster's storage of this folder.

Must not be here: anything that the UI and the schedule do not do too; the command line (__main__.py).
"""

import os
from pathlib import Path

import dagster as dg

from zl_assets.automation import REFRESH
from zl_assets.catalog import Catalog
from zl_assets.definitions import definitions_of
from zl_assets.errors import SettingError
from zl_assets.execution import execute
from zl_assets.settings import Settings


def dagster_instance() -> dg.DagsterInstance:
    """Dagster's storage as `dg dev` in the same folder uses it: DAGSTER_HOME if it is set, else this folder's dagster.yaml.

    Raises:
        SettingError: neither is there.
    """
    if os.environ.get("DAGSTER_HOME"):
        return dg.DagsterInstance.get()
    if not Path("dagster.yaml").exists():
        raise SettingError(f"There is no dagster.yaml in {Path.cwd()}. Run this in the project's folder, where README.md is.")
    return dg.DagsterInstance.from_config(str(Path.cwd()))


def run(catalog: Catalog, settings: Settings, instance: dg.DagsterInstance, *, verbose: bool) -> dg.ExecuteInProcessResult:
    """The daily job, in this process."""
    job = definitions_of(catalog, settings).resolve_job_def(REFRESH)
    level = "INFO" if verbose else "CRITICAL"
    return execute(job, instance, {"loggers": {"console": {"config": {"log_level": level}}}})
