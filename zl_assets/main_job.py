"""The main job, in this process, on Dagster's storage of this folder.

Must not be here: anything that the UI and the schedule do not do too; the command line (__main__.py).
"""

import os

import dagster as dg
import yaml
from dagster_shared.check import CheckError
from dagster_shared.error import DagsterError
from sqlalchemy.exc import SQLAlchemyError

from zl_assets.automation import REFRESH
from zl_assets.catalog import Catalog
from zl_assets.dagster_home import dagster_home
from zl_assets.definitions import definitions_of
from zl_assets.errors import SettingError
from zl_assets.execution import execute
from zl_assets.settings import Settings

# Dagster's words about a wrong key go on with every key that there is.
_MOST = 200


def dagster_instance() -> dg.DagsterInstance:
    """Dagster's storage, opened.

    Raises:
        SettingError: there is none, or it cannot be used.
    """
    home = dagster_home()
    try:
        instance = dg.DagsterInstance.get() if os.environ.get("DAGSTER_HOME") else dg.DagsterInstance.from_config(str(home))
        instance.get_runs_count()
    except (DagsterError, CheckError, SQLAlchemyError, yaml.YAMLError, OSError, ImportError) as error:
        words = " ".join(str(error).split()).rstrip(".")
        raise SettingError(
            f"Dagster's storage in {home} cannot be used: {words[:_MOST]}{' ...' if words[_MOST:] else '.'} Mend the "
            "dagster.yaml there, or what it names."
        ) from None
    return instance


def run(catalog: Catalog, settings: Settings, instance: dg.DagsterInstance, *, verbose: bool) -> dg.ExecuteInProcessResult:
    """The daily job, in this process."""
    job = definitions_of(catalog, settings).resolve_job_def(REFRESH)
    level = "INFO" if verbose else "CRITICAL"
    return execute(job, instance, {"loggers": {"console": {"config": {"log_level": level}}}})
