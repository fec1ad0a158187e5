"""Dagster alone: as many assets and checks as the graph has, that do nothing; in process, on SQLite in a new folder.

python -m zl_assets_tests.benchmarks.rivals.empty_graph
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import dagster as dg

ASSETS, CHECKS = 13, 87


def asset(number: int) -> dg.AssetsDefinition:
    """One that depends on the one before it."""

    @dg.asset(name=f"asset_{number}", deps=[f"asset_{number - 1}"] if number else [])
    def nothing() -> dg.MaterializeResult[None]:
        return dg.MaterializeResult(metadata={"rows": 0})

    return nothing


def checks(number: int) -> dg.AssetChecksDefinition:
    """A step of blocking checks on one asset, its share of all."""
    count = len(range(number, CHECKS, ASSETS))
    specs = [dg.AssetCheckSpec(f"check_{i}", asset=f"asset_{number}", blocking=True) for i in range(count)]

    @dg.multi_asset_check(name=f"checks_{number}", specs=specs)
    def pass_all() -> Iterator[dg.AssetCheckResult]:
        for spec in specs:
            yield dg.AssetCheckResult(passed=True, asset_key=spec.asset_key, check_name=spec.name)

    return pass_all


def main() -> None:
    """Run it."""
    numbers = range(ASSETS)
    job = dg.define_asset_job("everything", dg.AssetSelection.all())
    defs = dg.Definitions(
        assets=[asset(number) for number in numbers],
        asset_checks=[checks(number) for number in numbers],
        jobs=[job],
        executor=dg.in_process_executor,
    )
    with tempfile.TemporaryDirectory() as home:
        (Path(home) / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
        with dg.DagsterInstance.from_config(home) as instance:
            quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
            result = defs.resolve_job_def("everything").execute_in_process(instance=instance, run_config=quiet)
    assert result.success
    assert len(list(result.get_asset_check_evaluations())) == CHECKS


if __name__ == "__main__":
    main()
