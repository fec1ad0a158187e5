"""What a family's data must pass before anything is measured."""

from collections.abc import Iterable

import pandas as pd

from zl_assets.domain.families.base import Family
from zl_assets.domain.families.gates import (
    Sources,
    coverage,
    family_rows,
    in_range,
    prefix_invariant,
    release_times,
    source_there,
    stamped,
)
from zl_assets.warehouse.errors import DataFault
from zl_assets.warehouse.verdict import Verdict


def gates_of(family: Family, sessions: pd.DataFrame, sources: Sources, matrix: pd.DataFrame) -> tuple[Verdict, ...]:
    """What a family's data must pass before anything is measured: the family is computed anew, held against what it promises, and
    the matrix must carry just these values.

    Args:
        sessions: SESSIONS.frame_columns.
        sources: the frames of `family.needs`, by asset.
        matrix: data_date, symbol, and the family's leaves under their dotted names.

    Raises:
        DataFault: the family's function did not return what a family promises.
    """
    there = source_there(family, sources)
    if not there.passed:
        return (there,)
    rows = family_rows(family, sessions, sources)
    return (
        there,
        in_range(family)(rows),
        coverage(family, rows),
        prefix_invariant(family, sessions, sources),
        release_times(family, sessions, sources),
        stamped([family], matrix, {family.name: rows}),
    )


def require_gates(family: str, gates: Iterable[Verdict]) -> None:
    """Stop a family whose data are not fit to be measured.

    Raises:
        DataFault: names every red gate; or there is none at all.
    """
    verdicts = list(gates)
    red = [str(verdict) for verdict in verdicts if not verdict.passed]
    if red or not verdicts:
        said = "\n".join(f"  {line}" for line in red) or "  no gate was asked"
        raise DataFault(
            f"Family {family} is stopped by its gates; nothing was measured, and the ledger has no new row.\n{said}\nPut the "
            "family or its source right, refresh, then measure again."
        )
