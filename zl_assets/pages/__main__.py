"""The command line of the pages: `python -m zl_assets.pages`. Must not be here: anything another module would want to call."""

import socket
from contextlib import suppress
from typing import Annotated

import typer
import uvicorn

from zl_assets.errors import ZlError
from zl_assets.pages.places import Pages
from zl_assets.pages.server import app
from zl_assets.settings import PAGES_PORT, Settings
from zl_assets.terminal import forgive

commands = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


# The texts of help are no docstrings: those are gone under PYTHONOPTIMIZE=2.
@commands.command(help="Serve the briefings and the models' reports on 127.0.0.1, to be read only, until Ctrl-C.")
def main(
    port: Annotated[int, typer.Option(min=1, max=65535, help="where to listen, on 127.0.0.1")] = PAGES_PORT,
) -> None:
    forgive()
    try:
        pages = Pages.of(Settings.load())
    except ZlError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(("127.0.0.1", port))
            listening.listen()
        except OSError as error:
            typer.echo(f"127.0.0.1:{port} cannot be listened on: {error.strerror}.", err=True)
            typer.echo("Choose another port with --port, and name it in ZL_PAGES_URL.", err=True)
            raise typer.Exit(1) from None
        typer.echo(f"the pages of {pages.folder}: http://127.0.0.1:{port}/ (in links: {pages.url})")
        # Ctrl-C is how it ends.
        with suppress(KeyboardInterrupt):
            uvicorn.Server(uvicorn.Config(app(pages), log_level="warning", server_header=False)).run(sockets=[listening])


if __name__ == "__main__":
    commands(prog_name="python -m zl_assets.pages")
