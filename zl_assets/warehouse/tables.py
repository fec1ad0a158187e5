"""What an asset's table or view is to the write path: its contract, and the rules of its rows.

Belongs here: that bundle, and a contract as plain data, so that it can travel in an asset's metadata. Must not be here: a
table of any one product.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from zl_assets.warehouse.contract import TableContract, ViewContract
from zl_assets.warehouse.verdict import RowRule


@dataclass(frozen=True)
class Table:
    """The table or view behind an asset.

    Attributes:
        contract: as this asset writes and reads it.
        rules: what every row must meet before it is written.
        absent_ok: if it does not exist, it is read as empty.
    """

    contract: TableContract | ViewContract
    rules: tuple[RowRule, ...] = ()
    absent_ok: bool = False


def as_data(contract: TableContract) -> dict[str, Any]:
    """A contract as lists, dictionaries and scalars, for JSON."""
    data: dict[str, Any] = TypeAdapter(TableContract).dump_python(contract, mode="json")
    return data


def from_data(data: Mapping[str, Any]) -> TableContract:
    """The contract that `as_data` was given.

    Raises:
        ValueError: it is none.
    """
    return TypeAdapter(TableContract).validate_python(data)
