"""From a verdict to Dagster's check result."""

from typing import Any

import dagster as dg
import pandas as pd

from zl_assets.checks.advice import WHAT_TO_DO
from zl_assets.warehouse.verdict import Verdict


def spec(asset: str, name: str, description: str, *, blocking: bool = False, against: tuple[str, ...] = ()) -> dg.AssetCheckSpec:
    """A check on an asset; a blocking one keeps the assets downstream from running while it is red.

    Args:
        against: other assets that the check reads.
    """
    return dg.AssetCheckSpec(name, asset=asset, description=description, blocking=blocking, additional_deps=against)


def result(asset: str, verdict: Verdict, *, warn: bool = False) -> dg.AssetCheckResult:
    """The verdict with its numbers: what was measured, the bound, the first offenders, and, if it is red, what to do."""
    metadata: dict[str, Any] = {"measured": verdict.measured, "bound": verdict.bound}
    if len(verdict.offenders):
        metadata["first_offenders"] = offenders_table(verdict.offenders)
    if not verdict.passed and verdict.name in WHAT_TO_DO:
        metadata["what_to_do"] = WHAT_TO_DO[verdict.name]
    return dg.AssetCheckResult(
        passed=verdict.passed,
        asset_key=asset,
        check_name=verdict.name,
        severity=dg.AssetCheckSeverity.WARN if warn else dg.AssetCheckSeverity.ERROR,
        description=verdict.explanation if verdict.passed else str(verdict),
        metadata=metadata,
    )


def offenders_table(frame: pd.DataFrame) -> dg.TableMetadataValue:
    """Rows as a table in the UI."""
    return dg.MetadataValue.table(
        [dg.TableRecord({str(k): _shown(v) for k, v in row.items()}) for row in frame.to_dict("records")],
        schema=dg.TableSchema([dg.TableColumn(str(name)) for name in frame.columns]),
    )


def _shown(value: Any) -> str | int | float | bool | None:
    if pd.isna(value):
        return None
    if isinstance(value, pd.Timestamp):
        return str(value.date())
    if isinstance(value, (bool, int, float)):
        return value
    return str(value)
