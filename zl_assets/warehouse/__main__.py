"""The command line of the warehouse: `python -m zl_assets.warehouse status | stop | reset | query "SELECT ..."`.

Belongs here: asking, printing and exit codes. Must not be here: anything another module would want to call.
"""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from zl_assets.embedded.folder import Folder
from zl_assets.embedded.lifecycle import reset, running_server, stop_server
from zl_assets.errors import SettingError, ZlError
from zl_assets.hints import told
from zl_assets.settings import Settings
from zl_assets.terminal import forgive
from zl_assets.warehouse import connect
from zl_assets.warehouse.digits import fixed_point, rounded

# The texts of help are no docstrings: those are gone under PYTHONOPTIMIZE=2.
app = typer.Typer(
    no_args_is_help=True, pretty_exceptions_enable=False, help="The BigQuery of this project: look at it, stop it, erase it."
)


@app.command("status", help="Which BigQuery is used, and whether the embedded one is running. Starts nothing.")
def status_command() -> None:
    with _plain_errors():
        settings = Settings.load()
        if not settings.embedded:
            _no_embedded(settings)
            return
        folder = Folder.of(settings.state_dir)
        server = running_server(settings.state_dir)
        if server is None:
            _say(f"embedded BigQuery: not running; it starts by itself when it is needed\nfolder: {folder.root}")
            return
        _say(
            f"embedded BigQuery: running, process {server.pid}\nAPI: http://127.0.0.1:{server.port}\n"
            f"Storage API: 127.0.0.1:{server.grpc_port}\nversion: {server.version}\nfolder: {folder.root}\nlog: {folder.log}"
        )


@app.command("stop", help="Stop the embedded server after its running jobs. It starts by itself when it is needed again.")
def stop_command() -> None:
    with _plain_errors():
        settings = Settings.load()
        if not settings.embedded:
            _no_embedded(settings)
        elif stop_server(settings.state_dir):
            _say("stopped")
        else:
            _say("it was not running")


@app.command("reset", help="Stop the embedded server and delete all its tables. CSV files, models and Dagster's history stay.")
def reset_command(yes: Annotated[bool, typer.Option("--yes", "-y", help="do not ask")] = False) -> None:
    with _plain_errors():
        settings = Settings.load()
        if not settings.embedded:
            _no_embedded(settings)
            return
        folder = Folder.of(settings.state_dir)
        if not os.path.exists(folder.root):  # Path.exists raises for a name that is too long
            _say(f"nothing to delete: {folder.root} does not exist")
            return
        if not yes:
            typer.confirm(
                f"Delete every table of the embedded BigQuery in {folder.root}? What was said in the past, if a table records "
                "it, cannot be made again.",
                abort=True,
            )
        reset(settings.state_dir)
        _say(f"deleted every table in {folder.root}")


@app.command("query", help="Run SQL in the configured BigQuery, embedded or in the cloud, and print the result as a table.")
def query_command(
    sql: Annotated[str, typer.Argument(help="one BigQuery statement or script, in quotes")],
    rows: Annotated[int, typer.Option("--rows", "-n", min=1, help="rows to print at most")] = 100,
    full: Annotated[bool, typer.Option("--full", help="print every digit of a FLOAT64, as it is read back")] = False,
) -> None:
    from google.cloud import bigquery

    with _plain_errors():
        settings = Settings.load()
        sql = _as_text(sql)
        job = connect(settings).query(sql, job_config=bigquery.QueryJobConfig(maximum_bytes_billed=settings.max_bytes))
        result = job.result(max_results=rows)
        if job.ddl_operation_performed is not None or not result.schema:
            affected = job.num_dml_affected_rows
            _say("done" if affected is None else f"done, {affected} rows affected")
            return
        table = Table(*(field.name for field in result.schema))
        found = [row.values() for row in result]
        shown = found if full else [tuple(map(_legible, values)) for values in found]
        for values in shown:
            table.add_row(*map(_cell, values))
        # As wide as it must be when it goes to a file or a pipe: a value that is cut off there is lost.
        width = None if sys.stdout.isatty() else 10_000
        Console(width=width, markup=False, emoji=False, highlight=False).print(table)
        total = result.total_rows or 0
        if total > rows:
            _say(f"{rows} of {total} rows; more with --rows")
        # NaN is not even itself, so texts are compared.
        if repr(shown) != repr(found):
            _say("numbers are rounded for reading; all their digits with --full")


def _legible(value: Any) -> Any:
    """The value with its floats, wherever they are in it, rounded."""
    if isinstance(value, float):
        return rounded(value)
    if isinstance(value, dict):
        return {name: _legible(part) for name, part in value.items()}
    return [_legible(part) for part in value] if isinstance(value, list) else value


def _as_text(argument: str) -> str:
    """An argument as its bytes say it in UTF-8, also where Python takes the terminal's for ASCII.

    Raises:
        SettingError: they are something else.
    """
    try:
        return os.fsencode(argument).decode()
    except UnicodeDecodeError as error:
        raise SettingError(f"The statement is not UTF-8: byte {error.start} is 0x{error.object[error.start]:02x}.") from None


def _cell(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, float):
        return fixed_point(value)
    return json.dumps(value, default=str) if isinstance(value, dict | list) else str(value)


def _say(text: str) -> None:
    typer.echo(text)


def _no_embedded(settings: Settings) -> None:
    _say(f"ZL_GCP_PROJECT={settings.gcp_project}: BigQuery is in Google Cloud, and there is no embedded server.")


@contextmanager
def _plain_errors() -> Iterator[None]:
    """One message on stderr and exit code 1 for what the person at the keyboard can correct; bugs keep their trace."""
    from google.api_core.exceptions import GoogleAPICallError
    from google.auth.exceptions import GoogleAuthError

    forgive()
    try:
        yield
    except ZlError as error:
        message = told(error)
    except GoogleAPICallError as error:
        message = error.errors[0]["message"] if error.errors else error.message
    except GoogleAuthError as error:
        message = f"Google Cloud did not accept the credentials: {error}"
    else:
        return
    typer.echo(message, err=True)
    raise typer.Exit(1)


if __name__ == "__main__":
    app(prog_name="python -m zl_assets.warehouse")
