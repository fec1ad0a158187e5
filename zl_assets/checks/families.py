"""Checks on each feature family that is on, made from its module alone.

A family that is kept is part of what the model sees: its checks block. One that is only tried must not keep the rest from being
refreshed: its red checks stand by themselves, and its last good rows stay.
"""

from collections.abc import Iterator

import dagster as dg
import pandas as pd

from zl_assets.assets.common import TABLES_IO
from zl_assets.checks.common import result, spec
from zl_assets.contracts.tables import SESSIONS
from zl_assets.domain.families import gates
from zl_assets.domain.families.base import Family
from zl_assets.domain.families.registry import Selection
from zl_assets.domain.families.tables import asset_of, family_contract
from zl_assets.domain.rules.market import no_missing_session
from zl_assets.domain.rules.tables import unique_key
from zl_assets.io_managers.failures import as_failures


def build_family_checks(selection: Selection) -> list[dg.AssetChecksDefinition]:
    """The checks of the families that are on."""
    return [_checks(family, blocking=family in selection.kept) for family in selection.on]


def _checks(family: Family, *, blocking: bool) -> dg.AssetChecksDefinition:
    asset, contract = asset_of(family), family_contract(family)
    sources = tuple(need.asset for need in family.needs)
    of_sessions, of_all = (SESSIONS.table,), (SESSIONS.table, *sources)
    warning = "" if blocking else " A warning."
    known = "with what was known at its decision, 13:20 in Chicago"

    @dg.multi_asset_check(
        name=f"{asset}_checks",
        specs=[
            spec(asset, "source_there", f"Everything that the family reads has rows.{warning}", blocking=blocking),
            spec(asset, "unique_key", "One row per session date and symbol.", blocking=blocking),
            spec(asset, "no_missing_session", "Every session has its row.", blocking=blocking, against=of_sessions),
            spec(asset, "in_range", "Every value lies within its column's range.", blocking=blocking, against=of_all),
            spec(
                asset,
                "coverage",
                f"Columns have a value on {family.coverage:.0%} of sessions, once they begin.",
                blocking=blocking,
            ),
            spec(
                asset,
                "prefix_invariant",
                "The leak gate: computed on the first sessions alone, every value is the same to the last bit.",
                blocking=blocking,
                against=of_all,
            ),
            spec(asset, "release_times", f"A session's values are the same {known}.", blocking=blocking, against=of_all),
            spec(
                asset,
                "stored_as_computed",
                "The table holds what the family's module says now.",
                blocking=blocking,
                against=of_all,
            ),
        ],
        ins={table: dg.AssetIn(table, input_manager_key=TABLES_IO) for table in (asset, *of_all)},
    )
    def family_checks(**tables: pd.DataFrame) -> Iterator[dg.AssetCheckResult]:
        stored, sessions = tables[asset], tables[SESSIONS.table]
        read = {name: tables[name] for name in sources}
        without = [name for name, frame in read.items() if frame.empty]
        yield result(asset, gates.source_there(family, read), warn=not blocking)
        yield result(asset, unique_key(stored, contract.key))
        if without:
            # Nothing was computed and nothing is stored; source_there says why.
            for name in ("no_missing_session", "in_range", "coverage", "prefix_invariant", "release_times", "stored_as_computed"):
                yield result(asset, gates.nothing_to_look_at(name, without))
            return
        with as_failures():
            rows = gates.family_rows(family, sessions, read)
            verdicts = (
                no_missing_session(stored, sessions),
                gates.in_range(family)(rows),
                gates.coverage(family, stored),
                gates.prefix_invariant(family, sessions, read),
                gates.release_times(family, sessions, read),
                gates.stored_as_computed(family, stored, rows),
            )
        for verdict in verdicts:
            yield result(asset, verdict)

    return family_checks
