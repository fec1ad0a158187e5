"""What the command line says while a run goes on: each asset when its turn comes, and what is tried again or failed.

Must not be here: the words at the end, which are summary.py.
"""

import time

import dagster as dg
from rich.console import Console
from rich.text import Text

from zl_assets.alerts import interrupted, reason


class Progress:
    """Prints a line when an asset begins; its checks follow it, and print nothing.

    Args:
        console: where to.
        assets: their names, which are those of their steps.
    """

    def __init__(self, console: Console, assets: frozenset[str]) -> None:
        self._console = console
        self._assets = assets
        self._began = time.monotonic()

    def watch(self, event: dg.DagsterEvent) -> None:
        """Look at an event of the run."""
        step = str(event.step_key)
        if event.is_step_start and step in self._assets:
            self._say(step)
        elif event.is_step_up_for_retry:
            data = event.step_retry_data
            why = "" if data.error is None else f": {data.error.message.strip()}"
            self._say(f"{step} is tried again in {data.seconds_to_wait or 0:.0f} s{why}", style="yellow")
        elif event.is_step_failure and not interrupted(event):
            self._say(f"{step} failed: {reason(event.step_failure_data).splitlines()[0]}", style="red")

    def _say(self, words: str, style: str = "") -> None:
        self._console.print(Text(f"{time.monotonic() - self._began:6.1f} s  {words}", style=style), soft_wrap=True)
