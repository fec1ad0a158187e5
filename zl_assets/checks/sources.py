"""The checks on the sources that only feature families read: each source's module has its own. None of them blocks: a series
that is late must not stop the graph.
"""

from collections.abc import Mapping

from zl_assets.catalog import Catalog
from zl_assets.checks.group import Group, Looking, loads
from zl_assets.settings import Settings
from zl_assets.sources.base import Source


def source_checks(catalog: Catalog, settings: Settings) -> list[Group]:
    """The checks of the sources that are read."""
    return [_group(catalog, settings, source) for source in catalog.sources_in_use()]


def _group(catalog: Catalog, settings: Settings, source: Source) -> Group:
    own = source.checks(settings, catalog.instruments)
    read = dict.fromkeys(asset for check in own.checks for asset in check.reads)

    def prepare(looking: Looking) -> Mapping[str, object]:
        return own.prepare(looking.seen.as_of)

    return Group(
        f"{source.table}_checks",
        own.doc,
        own.checks,
        loads(source.table, *read),
        prepare,
    )
