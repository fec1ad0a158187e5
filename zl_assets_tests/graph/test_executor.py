"""A failure is told on the page of the asset that failed, whoever started the run."""

import dagster as dg

from zl_assets.execution import execute, in_process
from zl_assets_tests.support.product import quiet


def observed(bars: str | None, *, red: bool = False) -> list[str]:
    """What is noted among the events of `bars` and `sessions` by a run in which `bars` fails with these words."""

    @dg.asset(name="bars")
    def bars_asset() -> None:
        if bars is not None:
            raise dg.Failure(bars, allow_retries=False)

    @dg.asset(deps=["bars"])
    def sessions() -> None: ...

    @dg.asset_check(asset="bars", blocking=True)
    def prices_positive() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=not red)

    defs = dg.Definitions([bars_asset, sessions], asset_checks=[prices_positive], executor=in_process)
    with dg.DagsterInstance.ephemeral() as instance:
        execute(defs.resolve_implicit_global_asset_job_def(), instance, quiet())
        found = [
            record.asset_observation
            for asset in ("bars", "sessions")
            for record in instance.fetch_observations(dg.AssetKey(asset), limit=10).records
        ]
    return [str(observation.description) for observation in found if observation is not None]


def test_the_page_of_the_asset_that_failed_says_why() -> None:
    """Dagster's own says only that a run failed."""
    assert observed("bars.csv: row 12 has no close. Correct it.") == [
        "NOT MATERIALIZED. bars.csv: row 12 has no close. Correct it."
    ]


def test_nothing_is_noted_where_all_went_well_or_a_check_says_it() -> None:
    assert observed(None) == []
    assert observed(None, red=True) == []
