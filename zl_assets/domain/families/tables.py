"""The contracts and row rules of one selection of families.

Belongs here: what a family makes of its own table, of the matrix and of the training view. Must not be here: which families are
on, and any rule about the families' values.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from zl_assets.contracts.columns import INGESTION_TS
from zl_assets.contracts.features import TECHNICAL_FEATURES
from zl_assets.contracts.tables import CONTRACTS, INTELLIGENCE, MATRIX, SESSIONS, TRAINING_VIEW
from zl_assets.domain.families.base import Family
from zl_assets.domain.families.gates import family_rows, in_range, sources_without_rows
from zl_assets.domain.families.registry import Selection
from zl_assets.domain.rules.rows import ROW_RULES, RowRule
from zl_assets.warehouse.contract import Column, ColumnType, Part, TableContract, ViewContract
from zl_assets.warehouse.shape import empty_frame


@dataclass(frozen=True)
class Tables:
    """Contracts and row rules by asset key.

    Attributes:
        absent_ok: tables that are read as no rows where they do not exist: a family's own before its first run, and what a
            family reads.
    """

    contracts: Mapping[str, TableContract | ViewContract]
    rules: Mapping[str, tuple[RowRule, ...]]
    absent_ok: frozenset[str]


def tables_of(selection: Selection) -> Tables:
    """What the graph of a selection reads and writes; with no family on, the tables' contracts as they are, but for the
    matrix's parts."""
    own = {asset_of(family): family_contract(family) for family in selection.on}
    sources = {name: contract for name, contract in INTELLIGENCE.items() if name in selection.sources}
    return Tables(
        contracts={
            **CONTRACTS,
            **sources,
            **own,
            MATRIX.table: matrix_contract(selection),
            TRAINING_VIEW.table: training_view_contract(selection.kept),
        },
        rules={**ROW_RULES, **{asset_of(family): (in_range(family),) for family in selection.on}},
        absent_ok=frozenset([*own, *sources]),
    )


def asset_of(family: Family) -> str:
    """The key of the family's asset, and the name of its table."""
    return f"family_{family.name}"


def family_contract(family: Family) -> TableContract:
    """The family's own table: one row a session, its columns NULL where it has no value."""
    return replace(
        SESSIONS,
        table=asset_of(family),
        description=f"Feature family {family.name} ({family.phase}): {family.description}",
        columns=(*SESSIONS.columns[:2], *(described(column.column, column.formula) for column in family.columns), INGESTION_TS),
        made_from={column.column.name: column.made_from for column in family.columns},
    )


def matrix_contract(selection: Selection) -> TableContract:
    """MATRIX with the fields of the families that are on, and with all known families as its parts."""
    on = [part_of(family, on=True) for family in selection.on]
    off = [part_of(family, on=False) for family in selection.known if family not in selection.on]
    made_from = {c.path: (f"{asset_of(family)}.{c.column.name}",) for family in selection.on for c in family.columns}
    return replace(MATRIX.with_parts(on), parts=(*on, *off), made_from={**MATRIX.made_from, **made_from})


def part_of(family: Family, *, on: bool) -> Part:
    """The family as a part of the matrix."""
    structs: dict[str, list[Column]] = {}
    for column in family.columns:
        structs.setdefault(column.struct, []).append(described(column.column, column.formula))
    return Part(
        family.name,
        tuple(Column(name, ColumnType.STRUCT, family.description, fields=tuple(fields)) for name, fields in structs.items()),
        on,
    )


def training_view_contract(kept: Sequence[Family]) -> ViewContract:
    """TRAINING_VIEW with the columns of the kept families, under their flat names, after the eight features."""
    at = TRAINING_VIEW.columns.index(TECHNICAL_FEATURES[-1]) + 1
    added = tuple(replace(column.column, name=column.flat_name) for family in kept for column in family.columns)
    return replace(TRAINING_VIEW, columns=(*TRAINING_VIEW.columns[:at], *added, *TRAINING_VIEW.columns[at:]))


def matrix_columns(families: Iterable[Family]) -> dict[str, str]:
    """Leaf of the matrix -> name in the training view, of every column of the families."""
    return {column.path: column.flat_name for family in families for column in family.columns}


def described(column: Column, formula: str) -> Column:
    """The column with its formula in its description."""
    return replace(column, description=f"{column.description}: {formula}")


def without_rows(tables: Mapping[str, pd.DataFrame]) -> frozenset[str]:
    """The families whose table has no row, by name: the matrix leaves their fields alone, whoever filled them."""
    return frozenset(name for name, rows in tables.items() if rows.empty)


def rows_or_none(family: Family, sessions: pd.DataFrame, sources: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The family's rows, ungated; no row where a source of its has none."""
    if sources_without_rows(family, sources):
        return empty_frame(family_contract(family))
    return family_rows(family, sessions, sources)
