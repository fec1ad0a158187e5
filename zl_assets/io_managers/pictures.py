"""A picture of an asset that is drawn again only when what it shows has changed.

Belongs here: finding the picture that the state folder's newest materialization recorded.
Must not be here: drawing, or what a picture shows.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg
import pandas as pd

from zl_assets.io_managers.metadata import picture
from zl_assets.io_managers.records import Recorded, record_in, said
from zl_assets.provenance import Provenance

if TYPE_CHECKING:
    from zl_assets.model.report.page import Picture

_MADE_OF, _DRAWN = "pictures_made_of", "pictures_drawn"
_EARLIER = "by an earlier run; nothing that it shows has changed"


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
    if recorded := _drawn_earlier(instance, asset, of, (name,), source, made_of):
        return {**recorded, source: made_of, f"{name}_drawn": _EARLIER}
    return {name: picture(title, draw()), source: made_of, f"{name}_drawn": "now"}


def pictures_of(
    instance: dg.DagsterInstance,
    asset: str,
    of: Provenance,
    names: Sequence[str],
    drawn_by: str,
    shown: Sequence[pd.DataFrame],
    draw: "Callable[[], tuple[Picture, ...]]",
) -> dict[str, Any]:
    """Several pictures of the same rows, as `picture_of`.

    Args:
        names: of the pictures that are drawn where there is anything to draw.
        drawn_by: a hash of what draws them, or a picture would keep its look until its rows change.
        shown: the rows.
    """
    digest = hashlib.sha256(drawn_by.encode())
    for rows in shown:
        digest.update(pd.util.hash_pandas_object(rows, index=False).to_numpy().tobytes())
    made_of = digest.hexdigest()
    if recorded := _drawn_earlier(instance, dg.AssetKey(asset), of, names, _MADE_OF, made_of):
        return {**recorded, _MADE_OF: made_of, _DRAWN: _EARLIER}
    drawn = {one.name: picture(one.title, one.png, one.caption) for one in draw()}
    return {**drawn, _MADE_OF: made_of, _DRAWN: "now"} if drawn else {}


def _drawn_earlier(
    instance: dg.DagsterInstance, asset: dg.AssetKey, of: Provenance, names: Sequence[str], source: str, made_of: str
) -> Recorded:
    """The pictures of these names that the newest materialization recorded; empty where one is missing or was made of other
    content."""
    recorded = record_in(instance, asset, of, source, lambda text: text == made_of) or {}
    if said(recorded, source) != made_of or any(name not in recorded for name in names):
        return {}
    return {name: recorded[name] for name in names}
