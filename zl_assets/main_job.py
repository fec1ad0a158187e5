"""The main job, in this process, on Dagster's storage of this folder.

Must not be here: anything that the UI and the schedule do not do too; the command line (__main__.py).
"""

import os
import sys
from pathlib import Path

import dagster as dg
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.definitions.repository_definition.valid_definitions import SINGLETON_REPOSITORY_NAME
from dagster._core.execution.api import execute_run_iterator
from dagster._core.remote_origin import ManagedGrpcPythonEnvCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from rich.console import Console

from zl_assets import definitions
from zl_assets.automation import REFRESH
from zl_assets.catalog import Catalog
from zl_assets.definitions import definitions_of
from zl_assets.errors import SettingError
from zl_assets.progress import Progress
from zl_assets.settings import Settings

# As in workspace.yaml and pyproject.toml.
LOCATION = "zl_assets"


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


def run(
    catalog: Catalog,
    settings: Settings,
    instance: dg.DagsterInstance,
    *,
    verbose: bool,
    console: Console,
) -> dg.ExecuteInProcessResult:
    """The daily job, in this process, as a run of the code location that the UI opens.

    Args:
        console: where its progress is shown.
    """
    job = definitions_of(catalog, settings).resolve_job_def(REFRESH)
    level = "INFO" if verbose else "CRITICAL"
    created = instance.create_run_for_job(
        job, run_config={"loggers": {"console": {"config": {"log_level": level}}}}, remote_job_origin=_origin()
    )
    progress = Progress(console, frozenset(key.to_user_string() for key in job.asset_layer.executable_asset_keys))
    events = []
    for event in execute_run_iterator(InMemoryJob(job), created, instance):
        progress.watch(event)
        events.append(event)
    ended = instance.get_run_by_id(created.run_id) or created
    return dg.ExecuteInProcessResult(events, ended, None, job)


def _origin() -> RemoteJobOrigin:
    """Whose job it is. `execute_in_process` makes runs of no code location, which the UI shows under *Runs* alone."""
    target = LoadableTargetOrigin(
        executable_path=sys.executable, module_name=definitions.__name__, working_directory=str(Path.cwd())
    )
    location = ManagedGrpcPythonEnvCodeLocationOrigin(target, LOCATION)
    return RemoteJobOrigin(RemoteRepositoryOrigin(location, SINGLETON_REPOSITORY_NAME), REFRESH)
