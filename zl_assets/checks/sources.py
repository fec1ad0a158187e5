"""The checks on the sources that only feature families read: each source's module has its own. None of them blocks: a series
that is late must not stop the graph.
"""

from collections.abc import Mapping

from zl_assets.catalog import Catalog
from zl_assets.checks.group import Group, Looking, loads
from zl_assets.settings import Settings
from zl_assets.sources.base import SourceAsset


def source_checks(catalog: Catalog, settings: Settings) -> list[Group]:
    """The checks of the sources that are read."""
    return [_group(settings, asset) for asset in catalog.source_assets]


def _group(settings: Settings, of: SourceAsset) -> Group:
    own = of.source.checks(settings, of)
    read = dict.fromkeys(asset for check in own.checks for asset in check.reads)

    def prepare(looking: Looking) -> Mapping[str, object]:
        return own.prepare(looking.seen.as_of)

    return Group(
        f"{of.key}_checks",
        own.doc,
        own.checks,
        loads(of.key, *read),
        prepare,
    )
