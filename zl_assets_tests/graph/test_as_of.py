"""The as-of date of a run whose settings do not fix one."""

import datetime as dt

import dagster as dg

from zl_assets.resources import AsOf


def test_without_a_setting_every_step_sees_the_utc_date_on_which_the_run_was_made() -> None:
    seen: list[dt.date] = []

    @dg.op
    def first(as_of: AsOf) -> int:
        seen.append(as_of.date)
        return 1

    @dg.op
    def second(given: int, as_of: AsOf) -> None:
        seen.append(as_of.date)

    @dg.job(resource_defs={"as_of": AsOf(fixed=None)})
    def steps() -> None:
        second(first())

    before = dt.datetime.now(dt.UTC).date()
    assert steps.execute_in_process().success
    assert seen[0] == seen[1]
    assert before <= seen[0] <= dt.datetime.now(dt.UTC).date()


def test_a_date_that_is_set_is_the_date() -> None:
    @dg.op
    def only(as_of: AsOf) -> str:
        return str(as_of.date)

    @dg.job(resource_defs={"as_of": AsOf(fixed="2024-02-29")})
    def steps() -> None:
        only()

    assert steps.execute_in_process().output_for_node("only") == "2024-02-29"
