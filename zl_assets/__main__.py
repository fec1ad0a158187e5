"""The main job on the command line: `python -m zl_assets`.

Belongs here: its options, its exit code, and what begins before Dagster is imported. Must not be here: the run itself
(main_job.py), the words at the end (summary.py), a heavy import outside of a function.
"""

import signal
import sys
import threading
from contextlib import suppress
from typing import Annotated

if __name__ == "__main__":
    # Until there is something to say, Ctrl-C ends this as it ends any program. Python would say where it was, for half a second.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import typer
from rich.console import Console
from rich.text import Text

from zl_assets.dagster_home import dagster_home
from zl_assets.errors import ZlError
from zl_assets.settings import Settings
from zl_assets.signals import StopSignals
from zl_assets.terminal import forgive

NO_PAGE = "The refresh has ended, as told above; its briefing was not made."

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


# The texts of help are no docstrings: those are gone under PYTHONOPTIMIZE=2.
@app.command(help="Materialize the whole graph with all its checks, and say what happened.")
def main(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="show Dagster's log as well")] = False,
) -> None:
    forgive()
    # Where nobody sees the width, as in a log file, lines are not cut to 80.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 140)
    stops, ran = StopSignals(), False
    try:
        settings = Settings.load()
        # Without Dagster's storage there will be no run, and no state folder is to be made.
        dagster_home()
        _start_server(settings)
        from zl_assets.catalog import Catalog
        from zl_assets.main_job import brief, dagster_instance, run
        from zl_assets.summary import briefing, browser, failed_checks, stopped_run, summary

        catalog = Catalog.of(settings)
        with dagster_instance() as instance:
            result = run(catalog, settings, instance, verbose=verbose, console=console)
            ran = True
            if not result.success and stops.came:
                _stopped(stopped_run(result))
                raise typer.Exit(stops.exit_code)
            # Before the page is made: whatever becomes of that, what the refresh did is told.
            console.print(summary(result, catalog, settings))
            pages = brief(catalog, settings, instance)
    except KeyboardInterrupt:
        _stopped(NO_PAGE if ran else "No run was made.")
        raise typer.Exit(stops.exit_code) from None
    except ZlError as error:
        Console(stderr=True).print(Text(f"Stopped. {error}", style="red"), soft_wrap=True)
        raise typer.Exit(1) from None
    console.print(briefing(pages))
    if not pages.success and stops.came:
        _stopped(NO_PAGE)
        raise typer.Exit(stops.exit_code)
    for line in browser(catalog, settings):
        # A line that is broken makes a link that leads elsewhere, and a command that is two.
        console.print(line, soft_wrap=True)
    raise typer.Exit(0 if result.success and not failed_checks(result) and pages.success else 1)


def _stopped(words: str) -> None:
    Console(stderr=True).print(Text(f"Stopped. {words}", style="red"), soft_wrap=True)


def _start_server(settings: Settings) -> None:
    """Let the embedded server start while Dagster is imported: each takes about two seconds, of a processor of its own."""
    if not settings.embedded:
        return
    from zl_assets.embedded.lifecycle import ensure_server

    def start() -> None:
        # Whatever is wrong is told by the first step that needs the server.
        with suppress(ZlError):
            ensure_server(settings.state_dir)

    threading.Thread(target=start, daemon=True).start()


if __name__ == "__main__":
    app()
