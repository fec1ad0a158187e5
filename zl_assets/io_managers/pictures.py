"""A picture of an asset that is drawn again only when what it shows has changed.

Belongs here: finding the picture that the state folder's newest materialization recorded.
Must not be here: drawing, or what a picture shows.
"""

from collections.abc import Callable
from typing import Any

import dagster as dg

from zl_assets.io_managers.metadata import picture
from zl_assets.io_managers.records import record_in, said
from zl_assets.provenance import Provenance


def picture_of(
    instance: dg.DagsterInstance,
    asset: dg.AssetKey,
    of: Provenance,
    name: str,
    title: str,
    made_of: str,
    draw: Callable[[], bytes],
) -> dict[str, Any]:
    """A picture as metadata, and beside it what it is made of, by which the next run knows it again.

    Drawing the matrix is 0.9 s, 0.3 s of it the import of matplotlib; finding its picture is 0.01 s.

    Args:
        asset: whose picture it is.
        of: the state folder whose records are looked through.
        name: of the metadata.
        made_of: the same text is the same picture.
        draw: the PNG.
    """
    source = f"{name}_made_of"
    recorded = record_in(instance, asset, of, source, lambda text: text == made_of) or {}
    if name in recorded and said(recorded, source) == made_of:
        return {name: recorded[name], source: made_of, f"{name}_drawn": "by an earlier run; nothing that it shows has changed"}
    return {name: picture(title, draw()), source: made_of, f"{name}_drawn": "now"}
