"""The main job, in this process, on Dagster's storage of this folder.

Must not be here: anything that the UI and the schedule do not do too; the command line (__main__.py).
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from zl_assets.automation import REFRESH
from zl_assets.catalog import Catalog
from zl_assets.definitions import definitions_of
from zl_assets.errors import SettingError
from zl_assets.settings import Settings


def dagster_instance() -> dg.DagsterInstance:
    """Dagster's storage as `dg dev` in the same folder uses it: DAGSTER_HOME if it is set, else this folder's dagster.yaml.

    Raises:
        SettingError: neither is there.
    """
    if home := os.environ.get("DAGSTER_HOME"):
        with _alone_in(Path(home)):
            return dg.DagsterInstance.get()
    if not Path("dagster.yaml").exists():
        raise SettingError(f"There is no dagster.yaml in {Path.cwd()}. Run this in the project's folder, where README.md is.")
    with _alone_in(Path.cwd()):
        return dg.DagsterInstance.from_config(str(Path.cwd()))


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """One process at a time opens the storage: two that are the first at once leave it broken for good, with two heads in
    `alembic_version` (https://github.com/dagster-io/dagster/issues/27390)."""
    if not folder.is_dir():
        yield
        return
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def run(catalog: Catalog, settings: Settings, instance: dg.DagsterInstance, *, verbose: bool) -> dg.ExecuteInProcessResult:
    """The daily job, in this process."""
    job = definitions_of(catalog, settings).resolve_job_def(REFRESH)
    level = "INFO" if verbose else "CRITICAL"
    return job.execute_in_process(
        instance=instance, raise_on_error=False, run_config={"loggers": {"console": {"config": {"log_level": level}}}}
    )
