"""The checks of a family look at what is stored, not at what they have just computed."""

import datetime as dt

import pandas as pd

from zl_assets.catalog import Catalog
from zl_assets.checks.families import family_checks
from zl_assets.domain.checks import Seen
from zl_assets.domain.families.pivots import FAMILY
from zl_assets.domain.families.rows import family_rows
from zl_assets.settings import Settings
from zl_assets.warehouse.verdict import Verdict
from zl_assets_tests.support.builders import random_closes, sessions_of
from zl_assets_tests.support.contracts import SESSIONS, ZL

SESSION_ROWS = sessions_of(random_closes(120))
ROWS = family_rows(FAMILY, SESSION_ROWS, {}, ZL)


def verdicts(stored: pd.DataFrame) -> dict[str, Verdict]:
    """What the checks say while the module computes ROWS."""
    [group] = family_checks(Catalog.of(Settings.load(families="pivots")), ZL)
    seen = Seen({"family_pivots": stored, SESSIONS.table: SESSION_ROWS}, dt.date(2025, 11, 15), {"rows": ROWS})
    return {check.name: check.verdict(seen) for check in group.checks}


def red(stored: pd.DataFrame) -> set[str]:
    return {name for name, verdict in verdicts(stored).items() if not verdict.passed}


def test_a_family_that_is_stored_as_computed_is_green() -> None:
    assert red(ROWS) == set()


def test_a_session_that_the_table_lacks_is_missing_although_the_module_has_it() -> None:
    assert red(ROWS.drop(index=100)) == {"no_missing_session", "stored_as_computed"}


def test_holes_in_the_table_are_seen_although_the_module_has_none() -> None:
    holed = ROWS.assign(P=ROWS["P"].where(ROWS.index % 5 != 0))
    assert red(holed) == {"coverage", "stored_as_computed"}


def test_a_key_that_the_table_has_twice_is_seen() -> None:
    assert "unique_key" in red(pd.concat([ROWS, ROWS.tail(1)], ignore_index=True))
