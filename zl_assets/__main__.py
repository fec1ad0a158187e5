"""The main job on the command line: `python -m zl_assets`.

Belongs here: running the daily job once in this process, on Dagster's storage of this folder, and a summary that a person can read.
Must not be here: anything the UI and the schedule would not do as well.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import dagster as dg
import typer
from rich.console import Console
from rich.table import Table

from zl_assets.automation import REFRESH
from zl_assets.definitions import build_defs
from zl_assets.errors import SettingError, ZlError
from zl_assets.settings import Settings

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="show Dagster's log as well")] = False,
) -> None:
    """Materialize the whole graph with all its checks, and say what happened."""
    console = Console(highlight=False)
    try:
        settings = Settings.load()
        with dagster_instance() as instance:
            result = run(settings, instance, verbose=verbose)
    except ZlError as error:
        Console(stderr=True, highlight=False).print(f"[red]Stopped.[/red] {error}", soft_wrap=True)
        raise typer.Exit(1) from None
    console.print(summary(result, settings))
    raise typer.Exit(0 if result.success and not failed_checks(result) else 1)


@contextmanager
def dagster_instance() -> Iterator[dg.DagsterInstance]:
    """Dagster's storage as `dg dev` in the same folder uses it: DAGSTER_HOME if it is set, else this folder's dagster.yaml.

    Raises:
        SettingError: neither is there.
    """
    from dagster._cli.utils import get_possibly_temporary_instance_for_cli

    if not Path("dagster.yaml").exists():
        raise SettingError(f"There is no dagster.yaml in {Path.cwd()}. Run this in the project's folder, where README.md is.")
    with get_possibly_temporary_instance_for_cli("python -m zl_assets") as instance:
        yield instance


if __name__ == "__main__":
    sys.exit(app())
