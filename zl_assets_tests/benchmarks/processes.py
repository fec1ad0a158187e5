"""The whole command, as a person runs it, beside Dagster alone and a script without this product, each a process of its own.

Belongs here: running them. Must not be here: how often, and bounds.
"""

import datetime as dt
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from zl_assets.embedded.lifecycle import stop_server
from zl_assets.sources.sample import synthetic_bars

RIVALS = "zl_assets_tests.benchmarks.rivals"
BESIDE = "Dagster alone, then a plain script"


@dataclass(frozen=True)
class Place:
    """A state folder with bars, and Dagster's storage, of which each command is told by its environment."""

    folder: Path

    def __post_init__(self) -> None:
        self.home.mkdir(parents=True)
        (self.home / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
        bars = synthetic_bars()
        bars[bars["date"].dt.date < dt.date(2025, 11, 15)].to_parquet(self.bars)

    @property
    def home(self) -> Path:
        """Dagster's."""
        return self.folder / "dagster"

    @property
    def state(self) -> Path:
        """The product's."""
        return self.folder / "state"

    @property
    def bars(self) -> Path:
        """A Parquet file."""
        return self.folder / "bars.parquet"

    def run(self, module: str, *arguments: str) -> None:
        """One command to its end; it must succeed."""
        said = {
            "ZL_STATE_DIR": str(self.state),
            "ZL_BARS": str(self.bars),
            "ZL_AS_OF": "2025-11-15",
            "DAGSTER_HOME": str(self.home),
        }
        command = [sys.executable, "-W", "ignore", "-m", module, *arguments]
        done = subprocess.run(command, env=os.environ | said, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    def ours(self) -> None:
        """`python -m zl_assets`."""
        self.run("zl_assets")

    def beside(self) -> None:
        """The two that do a part each of what ours does."""
        self.run(f"{RIVALS}.empty_graph")
        self.run(f"{RIVALS}.plain_script", str(self.bars))

    def stop(self) -> None:
        """The embedded server, if it runs."""
        stop_server(self.state)
