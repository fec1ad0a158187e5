"""A family's rows, if they may be written. Must not be here: formulas, or which family is on."""

from dataclasses import dataclass

import pandas as pd

from zl_assets.domain.families.base import Family
from zl_assets.domain.families.rows import Sources, family_rows, sources_without_rows
from zl_assets.domain.rules.families import in_range, prefix_invariant, release_times
from zl_assets.instruments.base import Instrument
from zl_assets.warehouse.errors import DataFault
from zl_assets.warehouse.verdict import require


@dataclass(frozen=True, eq=False)
class Computed:
    """A family's rows, or why none may be written.

    Attributes:
        rows: data_date, symbol and the family's columns, one row a session; None where they are withheld.
        missing: sources without a row.
        fault: why its rows could not be computed, or may not be written; None if there is no such reason.
    """

    rows: pd.DataFrame | None
    missing: tuple[str, ...] = ()
    fault: str | None = None

    @property
    def reason(self) -> str:
        """Why there are no rows, for a person."""
        if self.missing:
            return f"no source: {', '.join(self.missing)} has no row, so nothing was computed. Configure it, and refresh again."
        return self.fault or ""


def computed(family: Family, sessions: pd.DataFrame, sources: Sources, instrument: Instrument) -> Computed:
    """The family's rows, if its sources are there and its values pass the gates that keep rows out of a table.

    Args:
        sessions: SESSIONS.frame_columns.
        sources: the frames of `family.needs`, by asset; an empty one is a source that is not configured.
    """
    missing = sources_without_rows(family, sources)
    if missing:
        return Computed(None, missing=missing)
    try:
        rows = family_rows(family, sessions, sources, instrument)
        require(
            [
                in_range(family)(rows),
                prefix_invariant(family, sessions, sources, instrument),
                release_times(family, sessions, sources, instrument),
            ],
            f"family {family.name}",
        )
    except DataFault as fault:
        return Computed(None, fault=str(fault))
    return Computed(rows)
