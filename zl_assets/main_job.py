"""The main job, in this process, on Dagster's storage of this folder.

Must not be here: anything that the UI and the schedule do not do too; the command line (__main__.py).
"""

import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import yaml
from dagster._core.definitions.repository_definition.valid_definitions import SINGLETON_REPOSITORY_NAME
from dagster._core.remote_origin import ManagedGrpcPythonEnvCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster_shared.check import CheckError
from dagster_shared.error import DagsterError
from rich.console import Console
from sqlalchemy.exc import SQLAlchemyError

from zl_assets import definitions
from zl_assets.assets.common import BRIEFINGS, REFRESH
from zl_assets.catalog import Catalog
from zl_assets.dagster_home import dagster_home
from zl_assets.definitions import definitions_of
from zl_assets.errors import SettingError
from zl_assets.execution import execute
from zl_assets.progress import Progress
from zl_assets.settings import Settings

# As in workspace.yaml and pyproject.toml.
LOCATION = "zl_assets"

# Dagster's words about a wrong key go on with every key that there is.
_MOST = 200


def dagster_instance() -> dg.DagsterInstance:
    """Dagster's storage, opened.

    Raises:
        SettingError: there is none, or it cannot be used.
    """
    home = dagster_home()
    try:
        with _alone_in(home):
            instance = dg.DagsterInstance.get() if os.environ.get("DAGSTER_HOME") else dg.DagsterInstance.from_config(str(home))
            instance.get_runs_count()
    except (DagsterError, CheckError, SQLAlchemyError, yaml.YAMLError, OSError, ImportError) as error:
        words = " ".join(str(error).split()).rstrip(".")
        raise SettingError(
            f"Dagster's storage in {home} cannot be used: {words[:_MOST]}{' ...' if words[_MOST:] else '.'} Mend the "
            "dagster.yaml there, or what it names."
        ) from None
    return instance


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """One process at a time opens the storage: two that are the first at once leave it broken for good, with two heads in
    `alembic_version` (https://github.com/dagster-io/dagster/issues/27390)."""
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def run(
    catalog: Catalog, settings: Settings, instance: dg.DagsterInstance, *, verbose: bool, console: Console
) -> dg.ExecuteInProcessResult:
    """The daily job, in this process, as a run of the code location that the UI opens.

    Args:
        console: where its progress is shown.
    """
    job = definitions_of(catalog, settings).resolve_job_def(REFRESH)
    config = {"loggers": {"console": {"config": {"log_level": "INFO" if verbose else "CRITICAL"}}}}
    progress = Progress(console, frozenset(key.to_user_string() for key in job.asset_layer.executable_asset_keys))
    return execute(job, instance, config, origin(REFRESH), progress.watch)


def brief(catalog: Catalog, settings: Settings, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    """The briefings, after the main job and whatever became of it."""
    job = definitions_of(catalog, settings).resolve_job_def(BRIEFINGS)
    config = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    return execute(job, instance, config, origin(BRIEFINGS))


def origin(job: str) -> RemoteJobOrigin:
    """Whose job it is: runs of no code location are shown by the UI under *Runs* alone."""
    target = LoadableTargetOrigin(
        executable_path=sys.executable, module_name=definitions.__name__, working_directory=str(Path.cwd())
    )
    location = ManagedGrpcPythonEnvCodeLocationOrigin(target, LOCATION)
    return RemoteJobOrigin(RemoteRepositoryOrigin(location, SINGLETON_REPOSITORY_NAME), job)
