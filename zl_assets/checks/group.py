"""The checks that one step of a run makes, and how they become Dagster's.

Must not be here: a check.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg

from zl_assets.domain.checks import Check, Level, Seen
from zl_assets.io_managers.bigquery import Warehouse
from zl_assets.io_managers.failures import as_failures
from zl_assets.io_managers.metadata import ROOM_OF_CHECK, rows_table
from zl_assets.resources import AsOf
from zl_assets.warehouse.digits import rounded
from zl_assets.warehouse.verdict import Verdict


@dataclass(frozen=True, eq=False)
class Looking:
    """What a group is given to compute once what several of its checks need.

    Attributes:
        seen: what the group's checks look at, before anything is computed for them.
        warehouse: BigQuery.
        run: the run's id.
        instance: Dagster's storage.
    """

    seen: Seen
    warehouse: Warehouse
    run: str
    instance: dg.DagsterInstance


def nothing(looking: Looking) -> Mapping[str, object]:
    """The `prepare` of a group whose checks look at stored values alone."""
    return {}


@dataclass(frozen=True, eq=False)
class Group:
    """Checks on one asset that are made in one step, so that what they read is read once.

    Attributes:
        name: the step's.
        doc: what the step does, for the person looking at the run.
        checks: of one asset, in the order in which they are reported; any of them can be run without the others.
        inputs: the assets to load, by key, with the IO manager that loads each; None is the asset's own.
        prepare: computes once what several checks need, when the first of those that are run asks for it.
    """

    name: str
    doc: str
    checks: tuple[Check, ...]
    inputs: Mapping[str, str | None] = field(default_factory=dict)
    prepare: Callable[[Looking], Mapping[str, object]] = nothing


def loads(*assets: str) -> dict[str, str | None]:
    """Inputs that their own IO managers load."""
    return dict.fromkeys(assets)


class _Prepared(dict[str, object]):
    """What a group computes once, at the first question about any of it: a check that needs none of it does not wait for it, and
    does not fail with it.
    """

    def __init__(self, prepare: Callable[[], Mapping[str, object]]) -> None:
        super().__init__()
        self._prepare = prepare

    def __missing__(self, name: str) -> object:
        self.update(found := self._prepare())
        return found[name]


def dagster_checks(group: Group) -> dg.AssetChecksDefinition:
    """The group as Dagster runs it: all of it in a refresh, or the checks that a person selected."""

    @dg.multi_asset_check(
        name=group.name,
        description=group.doc,
        specs=[spec(check) for check in group.checks],
        ins={asset: dg.AssetIn(asset, input_manager_key=manager) for asset, manager in group.inputs.items()},
        required_resource_keys={"as_of", "warehouse"},
        can_subset=True,
    )
    def checks(context: dg.AssetCheckExecutionContext, **values: Any) -> Iterator[dg.AssetCheckResult]:
        as_of: AsOf = context.resources.as_of
        warehouse: Warehouse = context.resources.warehouse
        looking = Looking(Seen(values, as_of.date), warehouse, context.run.run_id, context.instance)
        seen = Seen(values, as_of.date, _Prepared(lambda: group.prepare(looking)))
        selected = {key.name for key in context.selected_asset_check_keys}
        for check in group.checks:
            if check.name not in selected:
                continue
            # One by one: what a later check cannot answer must not take away what an earlier one has said.
            with as_failures():
                verdict = check.verdict(seen)
            yield result(check, verdict)

    return checks


def spec(check: Check) -> dg.AssetCheckSpec:
    """What Dagster knows of a check before it runs."""
    return dg.AssetCheckSpec(
        check.name,
        asset=check.asset,
        description=check.says,
        blocking=check.level is Level.BLOCKING,
        additional_deps=check.reads,
    )


def result(check: Check, verdict: Verdict) -> dg.AssetCheckResult:
    """The verdict with its numbers: what was measured, the bound, the first offenders, and, if it is red, what to do.

    The description has the numbers too: Dagster stores a check's metadata in the order of the names, whatever ours is.
    """
    metadata: dict[str, Any] = {"measured": verdict.legible, "bound": verdict.bound}
    metadata |= {name: _shown(fact) for name, fact in verdict.facts.items()}
    if len(verdict.offenders):
        metadata["first_offenders"] = rows_table(verdict.offenders, ROOM_OF_CHECK)
    if not verdict.passed:
        metadata["what_to_do"] = check.todo
    return dg.AssetCheckResult(
        passed=verdict.passed,
        asset_key=check.asset,
        check_name=check.name,
        severity=dg.AssetCheckSeverity.WARN if check.level is Level.WARNING else dg.AssetCheckSeverity.ERROR,
        description=verdict.sentence if verdict.passed else str(verdict),
        metadata=metadata,
    )


def evaluation(check: Check, verdict: Verdict, severity: dg.AssetCheckSeverity | None = None) -> dg.AssetCheckEvaluation:
    """The same as an event that an op or a sensor reports, where it is no step of Dagster's checks that asked.

    Args:
        severity: another than the check's own.
    """
    found = result(check, verdict)
    return dg.AssetCheckEvaluation(
        check_name=check.name,
        asset_key=dg.AssetKey(check.asset),
        passed=found.passed,
        metadata=found.metadata,
        severity=severity or found.severity,
        description=found.description,
    )


def _shown(fact: object) -> Any:
    if isinstance(fact, Path):
        return dg.MetadataValue.path(fact)
    return rounded(fact) if isinstance(fact, float) else fact
