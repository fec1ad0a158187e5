"""The tables with a selection of families.

Belongs here: what a family adds to the matrix and to the training view, and its own table. Must not be here: which families are
on, and any rule about the families' values.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import pandas as pd

from zl_assets.contracts.columns import INGESTION_TS, counted, named
from zl_assets.contracts.features import TECHNICAL_FEATURE_NAMES, matrix
from zl_assets.contracts.market import sessions
from zl_assets.contracts.training import training_view
from zl_assets.domain.families.base import SESSIONS, Family, FamilyColumn
from zl_assets.domain.families.registry import Selection
from zl_assets.domain.families.rows import family_rows, sources_without_rows
from zl_assets.instruments.base import Horizon, Instrument
from zl_assets.warehouse.contract import Column, ColumnType, Part, TableContract, ViewContract
from zl_assets.warehouse.shape import empty_frame


def asset_of(family: Family, instrument: Instrument) -> str:
    """The key of the family's asset of one instrument."""
    return instrument.asset(family.table)


def family_contract(family: Family, instrument: Instrument, *others: Instrument) -> TableContract:
    """The family's own table: one row a session, its columns NULL where it has no value."""
    own, everyone = sessions(instrument), [instrument, *others]
    columns = counted((with_formula(column.column, column.formula) for column in family.columns), everyone)
    return replace(
        own,
        table=family.table,
        description=f"Feature family {family.name} ({family.phase}): {named(family.description, everyone)}",
        columns=(*own.columns[:2], *columns, INGESTION_TS),
        made_from={column.column.name: made_from(family, column, instrument) for column in family.columns},
    )


def made_from(family: Family, column: FamilyColumn, instrument: Instrument) -> tuple[str, ...]:
    """The column's lineage, with the instrument's own sessions and sources."""
    assets = {SESSIONS: sessions(instrument).table, **{need.asset: need.asset_of(instrument) for need in family.needs}}
    return tuple(f"{assets[of]}.{name}" for of, name in (text.split(".") for text in column.made_from))


def matrix_contract(selection: Selection, instrument: Instrument, *others: Instrument) -> TableContract:
    """The matrix with the fields of the families that are on, and with all known families as its parts."""
    base, everyone = matrix(instrument, *others), [instrument, *others]
    on = [part_of(family, everyone, on=True) for family in selection.on]
    off = [part_of(family, everyone, on=False) for family in selection.known if family not in selection.on]
    of_families = {
        c.path: (f"{asset_of(family, instrument)}.{c.column.name}",) for family in selection.on for c in family.columns
    }
    return replace(base.with_parts(on), parts=(*on, *off), made_from={**base.made_from, **of_families})


def part_of(family: Family, instruments: Sequence[Instrument], *, on: bool) -> Part:
    """The family as a part of the matrix."""
    structs: dict[str, list[Column]] = {}
    for column in family.columns:
        structs.setdefault(column.struct, []).append(with_formula(column.column, column.formula))
    return Part(
        family.name,
        counted(
            (Column(name, ColumnType.STRUCT, family.description, fields=tuple(fields)) for name, fields in structs.items()),
            instruments,
        ),
        on,
    )


def training_view_contract(kept: Sequence[Family], instrument: Instrument, horizon: Horizon) -> ViewContract:
    """The training view with the columns of the kept families, under their flat names, after the eight features."""
    view = training_view(instrument, horizon)
    at = [column.name for column in view.columns].index(TECHNICAL_FEATURE_NAMES[-1]) + 1
    added = (replace(column.column, name=column.flat_name) for family in kept for column in family.columns)
    return replace(view, columns=(*view.columns[:at], *counted(added, [instrument]), *view.columns[at:]))


def matrix_columns(families: Iterable[Family]) -> dict[str, str]:
    """Leaf of the matrix -> name in the training view, of every column of the families."""
    return {column.path: column.flat_name for family in families for column in family.columns}


def with_formula(column: Column, formula: str) -> Column:
    """The column with its formula in its description."""
    return replace(column, description=f"{column.description}: {formula}")


def without_rows(tables: Mapping[str, pd.DataFrame]) -> frozenset[str]:
    """The families whose table has no row, by name: the matrix leaves their fields as they are."""
    return frozenset(name for name, rows in tables.items() if rows.empty)


def rows_or_none(
    family: Family, sessions: pd.DataFrame, sources: Mapping[str, pd.DataFrame], instrument: Instrument
) -> pd.DataFrame:
    """The family's rows before any gate; no rows if one of its sources has none."""
    if sources_without_rows(family, sources):
        return empty_frame(family_contract(family, instrument))
    return family_rows(family, sessions, sources, instrument)
