"""The main job on the command line: `python -m zl_assets`.

Belongs here: running the daily job once in this process, on Dagster's storage of this folder. Must not be here: anything that
the UI and the schedule do not do too; the words at the end (summary.py).
"""

import os
import sys
from pathlib import Path
from typing import Annotated

import dagster as dg
import typer
from rich.console import Console
from rich.text import Text

from zl_assets.automation import REFRESH
from zl_assets.catalog import Catalog
from zl_assets.definitions import definitions_of
from zl_assets.errors import SettingError, ZlError
from zl_assets.settings import Settings
from zl_assets.summary import failed_checks, summary

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="show Dagster's log as well")] = False,
) -> None:
    """Materialize the whole graph with all its checks, and say what happened."""
    # Where nobody sees the width, as in a log file, lines are not cut to 80.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 140)
    try:
        settings = Settings.load()
        catalog = Catalog.of(settings)
        with dagster_instance() as instance:
            result = run(catalog, settings, instance, verbose=verbose)
    except ZlError as error:
        Console(stderr=True).print(Text(f"Stopped. {error}", style="red"), soft_wrap=True)
        raise typer.Exit(1) from None
    console.print(summary(result, catalog, settings))
    raise typer.Exit(0 if result.success and not failed_checks(result) else 1)


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
    return job.execute_in_process(
        instance=instance, raise_on_error=False, run_config={"loggers": {"console": {"config": {"log_level": level}}}}
    )


if __name__ == "__main__":
    app()
