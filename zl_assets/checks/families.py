"""The checks on each feature family that is on, made from its module alone.

A family that is kept is part of what the model sees: its checks block. One that is only tried must not keep the rest from being
refreshed: its red checks stand by themselves, and its last good rows stay.
"""

from collections.abc import Callable, Mapping

import pandas as pd

from zl_assets.catalog import Catalog
from zl_assets.checks import shared
from zl_assets.checks.group import Group, Looking
from zl_assets.contracts import market as contracts
from zl_assets.domain.checks import Check, Level, Seen, unique_key
from zl_assets.domain.families.base import Family
from zl_assets.domain.families.rows import family_rows
from zl_assets.domain.families.tables import asset_of
from zl_assets.domain.rules import families, market
from zl_assets.instruments.base import Instrument
from zl_assets.io_managers.keys import TABLES_IO
from zl_assets.warehouse.verdict import Verdict

_ROWS = "rows"


def family_checks(catalog: Catalog, instrument: Instrument) -> list[Group]:
    """The checks of the families that are on."""
    selection = catalog.selection(instrument)
    return [_group(catalog, instrument, family, kept=family in selection.kept) for family in selection.on]


def _group(catalog: Catalog, instrument: Instrument, family: Family, *, kept: bool) -> Group:
    asset, key = asset_of(family, instrument), catalog.family(family, instrument).key
    own = contracts.sessions(instrument).table
    sources = {need.asset: need.asset_of(instrument) for need in family.needs}
    of_all = (own, *sources.values())
    level = Level.BLOCKING if kept else Level.ERROR
    module = f"zl_assets/domain/families/{family.name}.py"
    withheld = f"The family's rows were withheld: see the other checks of this asset. {shared.REFRESH}"

    def read(seen: Seen) -> dict[str, pd.DataFrame]:
        return {table: seen.values[key] for table, key in sources.items()}

    def without(seen: Seen) -> list[str]:
        return [name for name, frame in read(seen).items() if frame.empty]

    def rows(looking: Looking) -> Mapping[str, object]:
        seen = looking.seen
        return {_ROWS: family_rows(family, seen.values[own], read(seen), instrument)}

    def ask(name: str, says: str, todo: str, verdict: Callable[[Seen], Verdict], reads: tuple[str, ...] = ()) -> Check:
        def asked(seen: Seen) -> Verdict:
            # Without a source nothing was computed and nothing is stored; source_there says why.
            absent = without(seen)
            return families.nothing_to_look_at(name, absent) if absent else verdict(seen)

        return Check(asset, name, says, todo, asked, level, reads)

    there = Check(
        asset,
        "source_there",
        "Everything that the family reads has rows." + ("" if kept else " A warning."),
        f"Set the source that this check names and refresh; until then {family.name} has no values, and the matrix's fields "
        "stay as they are.",
        lambda seen: families.source_there(family, read(seen)),
        Level.BLOCKING if kept else Level.WARNING,
    )
    return Group(
        f"{asset}_checks",
        f"The rows of {family.name} against the family's module.",
        (
            there,
            unique_key(asset, key, level=level),
            ask(
                "no_missing_session",
                "Every session has its row.",
                withheld,
                lambda seen: market.no_missing_session(seen.values[asset], seen.values[own]),
                (own,),
            ),
            ask(
                "in_range",
                "Every value lies within its column's range.",
                f"Look at these rows in the family's sources for a bad print. If they are right, the bound in {module} is too "
                "tight.",
                lambda seen: families.in_range(family)(seen.found[_ROWS]),
                of_all,
            ),
            ask(
                "coverage",
                f"From its first value on, every column has a value on at least {family.coverage:.0%} of sessions."
                if family.covered is None
                else f"Every column has a value on at least {family.coverage:.0%}, or a share of its own, of the sessions that "
                "the loaded sources cover. One of which they cover none is named, and not judged.",
                "Look at the source of these columns on the dates without a value: a series that has stopped, or files with a "
                "hole.",
                lambda seen: families.coverage(family, seen.values[asset], read(seen), instrument),
                of_all,
            ),
            ask(
                "prefix_invariant",
                "The leak gate: computed on the first sessions alone, every value is the same to the last bit.",
                f"Do not use this family: it has seen the future. Look at the last change of {module}.",
                lambda seen: families.prefix_invariant(family, seen.values[own], read(seen), instrument),
                of_all,
            ),
            ask(
                "release_times",
                "A session's values are the same when computed only from what was known at its decision "
                f"({instrument.decision.words}).",
                f"Do not use this family: it uses rows before they were published. Look at how {module} reads available_at.",
                lambda seen: families.release_times(family, seen.values[own], read(seen), instrument),
                of_all,
            ),
            ask(
                "stored_as_computed",
                "The table holds what the family's module computes now.",
                f"{shared.REFRESH}If it stays red, the rows are withheld: see the other checks of {asset}.",
                lambda seen: families.stored_as_computed(family, seen.values[asset], seen.found[_ROWS]),
                of_all,
            ),
        ),
        dict.fromkeys((asset, *of_all), TABLES_IO),
        rows,
    )
