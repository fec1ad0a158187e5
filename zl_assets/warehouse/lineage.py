"""Which columns upstream each column of a table is made of, read from the contracts.

A column's sources are those whose values change its own while the rows stay the same rows; what only orders or selects rows is
not one. Belongs here: the rule from contracts to sources. Must not be here: a list of columns of any table, SQL
(warehouse/view_rules.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from zl_assets.warehouse.contract import TableContract, ViewContract


@dataclass(frozen=True, order=True)
class ColumnRef:
    """A column of an asset; a field of a STRUCT is named with a dot."""

    asset: str
    column: str


type Lineage = dict[str, tuple[ColumnRef, ...]]


def table_lineage(contract: TableContract, upstream: Mapping[str, TableContract | ViewContract]) -> Lineage:
    """Sources of every column that is written from data, by dotted name: those that the contract declares in `made_from`, or
    else the columns of its name in the tables upstream. A column without either, such as a constant, is left out.

    Args:
        upstream: contracts of the assets that the table is computed from, by asset.
    """
    found: Lineage = {}
    for leaf in contract.frame_leaves:
        declared = tuple(ColumnRef(*text.split(".", 1)) for text in contract.made_from.get(leaf.path, ()))
        sources = declared or _of_name(leaf.column.name, upstream)
        if sources:
            found[leaf.path] = sources
    return found


def copied(contract: TableContract | ViewContract, asset: str) -> Lineage:
    """Lineage of a copy, such as a file of a view: each column of the one of its name in `asset`."""
    return {leaf.path: (ColumnRef(asset, leaf.path),) for leaf in contract.frame_leaves}


def _of_name(name: str, upstream: Mapping[str, TableContract | ViewContract]) -> tuple[ColumnRef, ...]:
    return tuple(
        ColumnRef(asset, leaf.path) for asset, contract in upstream.items() for leaf in contract.frame_leaves if leaf.path == name
    )
