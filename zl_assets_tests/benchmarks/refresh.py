"""The daily refresh by Dagster and by a plain script, on one embedded BigQuery; a dataset prefix is a warehouse of its own.

Belongs here: the two rivals. Must not be here: sizes and bounds.
"""

from collections import Counter
from pathlib import Path
from typing import Any

import dagster as dg

from zl_assets.automation import REFRESH
from zl_assets.definitions import build_defs
from zl_assets.settings import Settings
from zl_assets_tests.benchmarks.script import Script
from zl_assets_tests.faults.home import Home, failure_texts

ALL = dg.AssetSelection.all()
UP_TO_THE_CSV = dg.AssetSelection.assets("training_csv").upstream()


class Refresh:
    """One state folder, refreshed under any prefix by either rival, for one part of the graph."""

    def __init__(self, home: Home, selection: dg.AssetSelection) -> None:
        self.home, self.selection = home, selection

    def settings(self, prefix: str) -> Settings:
        return Settings.load(state_dir=self.home.state, dataset_prefix=prefix, **self.home.settings)

    def by_dagster(self, prefix: str) -> None:
        """The job as the product runs it: definitions, storage on disk, every check."""
        defs = build_defs(self.settings(prefix))
        job = dg.define_asset_job("part", selection=self.selection)
        merged = dg.Definitions.merge(defs, dg.Definitions(jobs=[job]))
        name = REFRESH if self.selection is ALL else "part"
        quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
        with self.home.instance() as instance:
            result = merged.resolve_job_def(name).execute_in_process(instance=instance, raise_on_error=False, run_config=quiet)
        assert result.success, failure_texts(result)

    def script(self, prefix: str) -> Script:
        """The same without Dagster."""
        settings = self.settings(prefix)
        keys = self.selection.resolve(build_defs(settings).resolve_asset_graph())
        return Script.of(settings, [key.to_user_string() for key in keys])

    def jobs(self, prefix: str) -> Counter[tuple[str, str]]:
        """The BigQuery jobs that named a prefix, by asset and step."""
        client = self.home.client()
        found: Counter[tuple[str, str]] = Counter()
        for job in client.list_jobs():
            text: dict[str, Any] = job._properties["configuration"]
            if f"{prefix}features" in str(text) or f"{prefix}training" in str(text) or f"{prefix}market" in str(text):
                found[text["labels"]["zl_asset"], text["labels"]["zl_step"]] += 1
        client.close()
        return found


def home_with(place: Path, **settings: Any) -> Home:
    """A new state folder."""
    return Home(place / "home", settings)
