"""The feature families as the next refresh would make them, from the source tables as they are. Must not be here: formulas."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from zl_assets.catalog import Catalog
from zl_assets.domain.families.computed import computed
from zl_assets.instruments.base import Instrument
from zl_assets.warehouse.contract import TableContract

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


def plan_families(publisher: "Publisher", catalog: Catalog, instrument: Instrument, sessions: pd.DataFrame) -> PlannedFamilies:
    """Compute every family that is on."""
    sources = read_sources(publisher, catalog, instrument)
    written, tables, notes = {}, {}, []
    for family in catalog.selection(instrument).on:
        contract = catalog.family(family, instrument)
        made = computed(family, sessions, {need.asset: sources[need.asset] for need in family.needs}, instrument)
        if made.rows is None:
            tables[family.name] = publisher.read_or_empty(contract)
            notes.append(f"- {contract.name} would stay as it is: {made.reason}")
        else:
            written[contract] = tables[family.name] = made.rows
    return PlannedFamilies(written, tables, tuple(notes))


def read_sources(publisher: "Publisher", catalog: Catalog, instrument: Instrument) -> dict[str, pd.DataFrame]:
    """The source tables of the instrument's families; no rows of one that does not exist."""
    return {table: publisher.read_or_empty(contract) for table, contract in catalog.sources_of(instrument).items()}
