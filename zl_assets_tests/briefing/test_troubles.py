"""What the morning page says is wrong, by Dagster's storage: what did not run is not green."""

from collections.abc import Iterator
from dataclasses import replace

import dagster as dg
import pandas as pd
import pytest
from dagster._core.utils import make_new_run_id

from zl_assets.assets.common import REFRESH
from zl_assets.domain.checks import Check, Level, Seen
from zl_assets.troubles import troubles_of
from zl_assets.warehouse.verdict import Verdict


def _unasked(seen: Seen) -> Verdict:
    raise AssertionError("the page asks the storage, and no check")


CHECKS = [Check("table", name, "It holds.", f"Mend {name}.", _unasked, Level.ERROR) for name in ("first", "second")]

SAID = str(Verdict("first", False, 3, "0", pd.DataFrame({"a": [1, 2, 3], "b": ["x", "y", "z"]}), "3 rows are wrong."))


def refresh(instance: dg.DagsterInstance, *, first: bool = True, fails: bool = False) -> None:
    """A refresh of one table with two checks; one that fails does not come to them."""

    @dg.asset
    def table() -> None:
        if fails:
            raise dg.Failure("no such file", allow_retries=False)

    @dg.multi_asset_check(specs=[dg.AssetCheckSpec(check.name, asset="table") for check in CHECKS])
    def checks() -> Iterator[dg.AssetCheckResult]:
        yield dg.AssetCheckResult(passed=first, check_name="first", asset_key="table", description=SAID)
        yield dg.AssetCheckResult(passed=True, check_name="second", asset_key="table")

    job = dg.define_asset_job(REFRESH, dg.AssetSelection.all())
    defs = dg.Definitions([table], asset_checks=[checks], jobs=[job], executor=dg.in_process_executor)
    defs.resolve_job_def(REFRESH).execute_in_process(
        instance=instance, raise_on_error=False, run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    )


def told(instance: dg.DagsterInstance) -> dict[str, str]:
    return {one.where: one.words for one in troubles_of(instance, CHECKS, lambda asset: True)}


@pytest.fixture(scope="module")
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def test_checks_that_never_ran_are_not_called_green(instance: dg.DagsterInstance) -> None:
    [never] = troubles_of(instance, CHECKS, lambda asset: True)
    assert (never.where, never.serious) == ("checks", False)
    assert never.words == "2 checks of 2 not run, or not by the newest run that was to: first table: first"


def test_what_was_red_stays_red_through_a_refresh_that_did_not_come_to_it(instance: dg.DagsterInstance) -> None:
    refresh(instance)
    assert told(instance) == {}
    refresh(instance, first=False)
    # Its name stands before the words, and the list of a hundred stations is on the check's page.
    assert told(instance) == {"table: first": "3 rows are wrong. Measured 3, bound: 0. First: a=1, b=x."}
    refresh(instance, fails=True)
    assert set(told(instance)) == {"table", "table: first", "checks"}
    assert told(instance)["table"] == "no such file"


@pytest.mark.parametrize(
    ("status", "words"),
    [(dg.DagsterRunStatus.CANCELED, "was canceled"), (dg.DagsterRunStatus.FAILURE, "was ended from outside")],
    ids=["canceled", "killed"],
)
def test_a_refresh_that_was_stopped_is_told(instance: dg.DagsterInstance, status: dg.DagsterRunStatus, words: str) -> None:
    run = instance.add_run(dg.DagsterRun(job_name=REFRESH, run_id=make_new_run_id(), status=status))
    assert f"the newest refresh {words}" in told(instance)[REFRESH]
    instance.delete_run(run.run_id)


def test_a_check_that_there_was_once_under_another_asset_s_name_is_no_error(instance: dg.DagsterInstance) -> None:
    # Its asset and its name are both asked for, and not together.
    now = [replace(CHECKS[0], asset="other"), CHECKS[1]]
    assert {one.where for one in troubles_of(instance, now, lambda asset: True)} == {"table", "checks"}
