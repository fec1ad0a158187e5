"""The feature families as the next refresh would make them, from the source tables as they are. Must not be here: formulas."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from zl_assets.domain.families.gates import computed
from zl_assets.domain.families.registry import SOURCES, Selection
from zl_assets.domain.families.tables import family_contract
from zl_assets.warehouse.contract import TableContract
from zl_assets.warehouse.shape import empty_frame

if TYPE_CHECKING:
    from zl_assets.warehouse.publish import Publisher


@dataclass(frozen=True, eq=False)
class PlannedFamilies:
    """What the families would bring.

    Attributes:
        written: rows of the families whose tables would be written.
        tables: rows that each family's table would then hold, by name.
        notes: a line for each family whose table would stay as it is, with the reason.
    """

    written: Mapping[TableContract, pd.DataFrame]
    tables: Mapping[str, pd.DataFrame]
    notes: tuple[str, ...]


def plan_families(publisher: "Publisher", selection: Selection, sessions: pd.DataFrame) -> PlannedFamilies:
    """Compute every family that is on."""
    sources = read_sources(publisher, selection)
    written, tables, notes = {}, {}, []
    for family in selection.on:
        contract = family_contract(family)
        made = computed(family, sessions, {need.asset: sources[need.asset] for need in family.needs})
        if made.rows is None:
            tables[family.name] = _read(publisher, contract)
            notes.append(f"- {contract.name} would stay as it is: {made.reason}")
        else:
            written[contract] = tables[family.name] = made.rows
    return PlannedFamilies(written, tables, tuple(notes))


def read_sources(publisher: "Publisher", selection: Selection) -> dict[str, pd.DataFrame]:
    """The source tables of the families that are on; no rows of one that does not exist."""
    names = dict.fromkeys(need.asset for family in selection.on for need in family.needs)
    return {name: _read(publisher, SOURCES[name]) for name in names}


def _read(publisher: "Publisher", contract: TableContract) -> pd.DataFrame:
    return publisher.read(contract) if publisher.exists(contract) else empty_frame(contract)
