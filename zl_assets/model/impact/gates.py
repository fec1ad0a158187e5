"""What a family's data must pass before anything is measured."""

from collections.abc import Iterable

import pandas as pd

from zl_assets.domain.families.base import Family
from zl_assets.domain.families.rows import Sources, family_rows
from zl_assets.domain.rules.families import coverage, in_range, prefix_invariant, release_times, source_there, stamped
from zl_assets.instruments.base import Instrument
from zl_assets.warehouse.verdict import Verdict, fault_of


def gates_of(
    family: Family, sessions: pd.DataFrame, sources: Sources, matrix: pd.DataFrame, instrument: Instrument
) -> tuple[Verdict, ...]:
    """What a family's data must pass before anything is measured: the family is computed anew, held against what it promises, and
    the matrix must carry just these values.

    Args:
        sessions: the columns of contracts.market.sessions.
        sources: the frames of `family.needs`, by asset.
        matrix: data_date, symbol, and the family's leaves under their dotted names.

    Raises:
        DataFault: the family's function did not return what a family promises.
    """
    there = source_there(family, sources)
    if not there.passed:
        return (there,)
    rows = family_rows(family, sessions, sources, instrument)
    return (
        there,
        in_range(family)(rows),
        coverage(family, rows, sources, instrument),
        prefix_invariant(family, sessions, sources, instrument),
        release_times(family, sessions, sources, instrument),
        stamped([family], matrix, {family.name: rows}),
    )


def require_gates(family: str, gates: Iterable[Verdict]) -> None:
    """Stop a family whose data are not fit to be measured.

    Raises:
        DataFault: names every red gate.
        ValueError: no gate was asked.
    """
    asked = list(gates)
    if not asked:
        raise ValueError(f"family {family}: no gate was asked")
    if red := [gate for gate in asked if not gate.passed]:
        raise fault_of(
            red,
            f"Family {family} is stopped by its gates; nothing was measured, and the ledger has no new row.",
            "Correct the family or its source, refresh, then measure again.",
        )
