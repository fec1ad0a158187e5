"""What Dagster recorded of an asset in one state folder: its storage may be shared by several.

Belongs here: finding the record. Must not be here: what is done with it.
"""

from collections.abc import Callable, Iterator, Mapping

import dagster as dg

from zl_assets.io_managers.metadata import unfolded
from zl_assets.provenance import STATE_FOLDER, Provenance

type Recorded = Mapping[str, dg.MetadataValue]
"""The metadata of one materialization, unfolded."""

# The first page is the newest alone: it is ours unless several state folders take turns.
_PAGE = 10


def record_in(
    instance: dg.DagsterInstance, asset: dg.AssetKey, of: Provenance, name: str, holds: Callable[[str], bool]
) -> Recorded | None:
    """The newest record of the asset in this state folder that has metadata of this name.

    Where no record names the folder, because they are older than that or the folder was moved since, it is the newest one whose
    text is that of what the folder holds; None if there is none either.

    Args:
        name: of a text that identifies content, such as a hash.
        holds: is this the text of what the folder holds?
    """
    held = None
    for record in _newest_first(instance, asset):
        if name not in record:
            continue
        if said(record, STATE_FOLDER) == of.state:
            return record
        if held is None and holds(said(record, name)):
            held = record
    return held


def said(record: Recorded, name: str) -> str:
    """A metadata value as text; empty where the record has none of that name."""
    return str(record[name].value) if name in record else ""


def _newest_first(instance: dg.DagsterInstance, asset: dg.AssetKey) -> Iterator[Recorded]:
    cursor, limit = None, 1
    while True:
        page = instance.fetch_materializations(asset, limit=limit, cursor=cursor)
        for record in page.records:
            materialization = record.asset_materialization
            if materialization is not None:
                yield unfolded(materialization.metadata)
        if not page.has_more:
            return
        cursor, limit = page.cursor, _PAGE
