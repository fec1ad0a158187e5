"""The daily refresh as a plain script: the same functions in the same order on the same BigQuery, and no Dagster in between.

Belongs here: what stands in for Dagster, as thin as it can be: a loop over the bodies of assets and checks, reads and writes by
the write path. Must not be here: a step that the graph does not have, or one less (`refresh.compare` holds the jobs together).
"""

import hashlib
import inspect
import logging
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pandas as pd

from zl_assets import checks, resources
from zl_assets.catalog import Catalog
from zl_assets.definitions import build_defs
from zl_assets.files import replace_file
from zl_assets.io_managers.artifacts import TrainingCsv, csv_bytes, parse_csv
from zl_assets.io_managers.metadata import Told
from zl_assets.model.reuse.find import Made
from zl_assets.settings import Settings
from zl_assets.warehouse.contract import ViewContract
from zl_assets.warehouse.publish import Publication, ViewDefinition
from zl_assets.warehouse.tables import Table


@dataclass(frozen=True)
class Step:
    """The body of an asset or of its checks, as it stands in the product."""

    asset: str
    body: Callable[..., Any]
    inputs: dict[str, str]
    checks: bool


def steps(settings: Settings, assets: Iterable[str]) -> list[Step]:
    """The bodies, each asset's checks after it, in the graph's order."""
    defs = build_defs(settings)
    wanted = set(assets)
    found = []
    for key in defs.resolve_asset_graph().toposorted_asset_keys:
        name = key.to_user_string()
        if name in wanted:
            found.append(_step(name, defs.resolve_assets_def(key), checks=False))
            checks = [check for check in defs.asset_checks or () if next(iter(check.check_keys)).asset_key == key]
            found.extend(_step(name, check, checks=True) for check in checks)
    return found


def _step(asset: str, definition: dg.AssetsDefinition, *, checks: bool) -> Step:
    inputs = {name: key.to_user_string() for name, key in definition.keys_by_input_name.items()}
    return Step(asset, definition.op.compute_fn.decorated_fn, inputs, checks)


@dataclass(frozen=True)
class Script:
    """One refresh, made ready: `run` is what a plain script would do."""

    settings: Settings
    steps: list[Step]
    tables: Mapping[str, Table]
    resources: dict[str, Any]
    checks: list[dg.AssetCheckKey]
    recorded: dict[str, dg.AssetMaterialization] = field(default_factory=dict)
    run_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @classmethod
    def of(cls, settings: Settings, assets: Iterable[str]) -> "Script":
        """The script over some assets."""
        catalog = Catalog.of(settings)
        groups = checks.build(catalog, settings)
        every = [dg.AssetCheckKey(dg.AssetKey(check.asset), check.name) for group in groups for check in group.checks]
        return cls(settings, steps(settings, assets), catalog.tables, resources.build(catalog, settings), every)

    def run(self) -> None:
        """Every step; raises where a check is red, warnings apart."""
        for step in self.steps:
            parameters = inspect.signature(step.body).parameters.values()
            others = [p for p in parameters if p.kind is not p.VAR_KEYWORD and p.name not in step.inputs]
            arguments = {name: self._input(asset) for name, asset in step.inputs.items()}
            arguments |= {parameter.name: self._argument(parameter) for parameter in others}
            out = step.body(**arguments)
            for result in out if inspect.isgenerator(out) else (out,):
                if not step.checks:
                    told = Told.of(result.value)
                    self.recorded[step.asset] = dg.AssetMaterialization(step.asset, metadata=told.facts)
                    self._write(step.asset, told.value)
                elif not result.passed and result.severity is dg.AssetCheckSeverity.ERROR:
                    raise AssertionError(f"{step.asset}: {result.check_name} is red")

    @property
    def _csv(self) -> Path:
        path: Path = self.resources["csv_io"].path
        return path

    def _input(self, asset: str) -> Any:
        match asset:
            case "training_csv":
                content, view = self._csv.read_bytes(), self.resources["csv_io"].view
                return TrainingCsv(parse_csv(content, str(self._csv), view), hashlib.sha256(content).hexdigest(), self._csv)
            case "lgbm_model":
                return self.resources["models_io"].load()
        return self._read(asset)

    def _argument(self, parameter: inspect.Parameter) -> Any:
        as_of = SimpleNamespace(date=self.settings.fixed_as_of)
        match parameter.name:
            case "config":
                return parameter.annotation()
            case "as_of":
                return as_of
            case "context":
                instance = SimpleNamespace(
                    fetch_materializations=self._newest, get_asset_records=lambda keys: [], all_logs=lambda run, of_type: []
                )
                run = SimpleNamespace(run_id=self.run_id)
                own = SimpleNamespace(**self.resources | {"as_of": as_of})
                return SimpleNamespace(
                    run=run,
                    instance=instance,
                    log=logging.getLogger(__name__),
                    resources=own,
                    selected_asset_check_keys=self.checks,
                )
        return self.resources[parameter.name]

    def _newest(self, key: dg.AssetKey, *, limit: int, cursor: str | None) -> SimpleNamespace:
        """What Dagster's storage would say of an asset."""
        record = SimpleNamespace(asset_materialization=self.recorded.get(key.to_user_string()))
        return SimpleNamespace(records=[record], has_more=False, cursor="")

    def _read(self, asset: str) -> pd.DataFrame:
        with self.resources["warehouse"].publisher(run=self.run_id, asset=asset) as publisher:
            return publisher.latest(self.tables[asset].contract)

    def _write(self, asset: str, value: Any) -> None:
        if isinstance(value, Made):
            self.resources["models_io"].store(value)
        elif asset not in self.tables:
            replace_file(self._csv, csv_bytes(value))
        else:
            self._publish(asset, value)

    def _publish(self, asset: str, value: Publication | ViewDefinition | pd.DataFrame) -> None:
        contract = self.tables[asset].contract
        with self.resources["warehouse"].publisher(run=self.run_id, asset=asset) as publisher:
            if isinstance(contract, ViewContract):
                publisher.publish_view(value, contract)
            else:
                publication = value if isinstance(value, Publication) else Publication(value)
                publisher.publish(publication, contract, self.tables[asset].rules)
