"""The daily refresh as a plain script: the same functions in the same order on the same BigQuery, and no Dagster in between.

Belongs here: what stands in for Dagster, as thin as it can be: a loop over the bodies of assets and checks, reads and writes by
the write path. Must not be here: a step that the graph does not have, or one less (`refresh.compare` holds the jobs together).
"""

import hashlib
import inspect
import logging
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pandas as pd

from zl_assets.assets.training import ModelChoices
from zl_assets.definitions import build_defs
from zl_assets.domain.families.tables import Tables
from zl_assets.files import replace_file
from zl_assets.io_managers.artifacts import GatedModel, TrainingCsv, csv_bytes, read_csv
from zl_assets.resources import build_resources
from zl_assets.settings import Settings
from zl_assets.warehouse.contract import ViewContract
from zl_assets.warehouse.publish import Publication, ViewDefinition


@dataclass(frozen=True)
class Step:
    """The body of an asset or of its checks, as it stands in the product."""

    asset: str
    body: Callable[..., Any]
    checks: bool


def steps(settings: Settings, assets: Iterable[str]) -> list[Step]:
    """The bodies, each asset's checks after it, in the graph's order."""
    defs = build_defs(settings)
    wanted = set(assets)
    found = []
    for key in defs.resolve_asset_graph().toposorted_asset_keys:
        name = key.to_user_string()
        if name in wanted:
            found.append(Step(name, _body(defs.resolve_assets_def(key)), checks=False))
            checks = [check for check in defs.asset_checks or () if next(iter(check.check_keys)).asset_key == key]
            found.extend(Step(name, _body(check), checks=True) for check in checks)
    return found


def _body(definition: dg.AssetsDefinition) -> Callable[..., Any]:
    return definition.op.compute_fn.decorated_fn


@dataclass(frozen=True)
class Script:
    """One refresh, made ready: `run` is what a plain script would do."""

    settings: Settings
    steps: list[Step]
    resources: dict[str, Any]
    run_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @classmethod
    def of(cls, settings: Settings, assets: Iterable[str]) -> "Script":
        """The script over some assets."""
        return cls(settings, steps(settings, assets), build_resources(settings))

    def run(self) -> None:
        """Every step; raises where a check is red, warnings apart."""
        for step in self.steps:
            parameters = inspect.signature(step.body).parameters.values()
            # Of the families, which are off, nothing is read: **tables stays empty.
            named = [parameter.name for parameter in parameters if parameter.kind is not parameter.VAR_KEYWORD]
            arguments = {name: self._argument(name) for name in named}
            out = step.body(**arguments)
            for result in out if inspect.isgenerator(out) else (out,):
                if not step.checks:
                    self._write(step.asset, result.value)
                elif not result.passed and result.severity is dg.AssetCheckSeverity.ERROR:
                    raise AssertionError(f"{step.asset}: {result.check_name} is red")

    @property
    def _csv(self) -> Path:
        path: Path = self.resources["csv_io"].path
        return path

    @property
    def _tables(self) -> Tables:
        tables: Tables = self.resources["tables_io"].tables
        return tables

    def _argument(self, name: str) -> Any:
        if name in self._tables.contracts:
            return self._read(name)
        match name:
            case "training_csv":
                return TrainingCsv(read_csv(self._csv), hashlib.sha256(self._csv.read_bytes()).hexdigest(), self._csv)
            case "lgbm_model":
                return self.resources["models_io"].load()
            case "config":
                return ModelChoices()
            case "as_of":
                return SimpleNamespace(date=self.settings.fixed_as_of)
            case "context":
                instance = SimpleNamespace(get_latest_materialization_event=lambda key: None)
                run = SimpleNamespace(run_id=self.run_id)
                return SimpleNamespace(run=run, instance=instance, log=logging.getLogger(__name__))
        return self.resources[name]

    def _read(self, asset: str) -> pd.DataFrame:
        with self.resources["warehouse"].publisher(run=self.run_id, asset=asset) as publisher:
            return publisher.read(self._tables.contracts[asset])

    def _write(self, asset: str, value: Any) -> None:
        if isinstance(value, GatedModel):
            from zl_assets.model.fit.artifact import store_model, store_report

            stored = store_model(value.trained, value.gates, self.resources["models_io"].folder)
            store_report(stored, value.report)
        elif asset not in self._tables.contracts:
            replace_file(self._csv, csv_bytes(value))
        else:
            self._publish(asset, value)

    def _publish(self, asset: str, value: Publication | ViewDefinition | pd.DataFrame) -> None:
        contract = self._tables.contracts[asset]
        with self.resources["warehouse"].publisher(run=self.run_id, asset=asset) as publisher:
            if isinstance(contract, ViewContract):
                publisher.publish_view(value, contract)
            else:
                publication = value if isinstance(value, Publication) else Publication(value)
                publisher.publish(publication, contract, self._tables.rules.get(contract.table, ()))
