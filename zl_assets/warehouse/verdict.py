"""What a predicate over rows is, and what it found. Must not be here: a predicate."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from zl_assets.warehouse.digits import fixed_point, rounded, rounded_row
from zl_assets.warehouse.errors import DataFault, Hint

MAX_OFFENDERS = 10


@dataclass(frozen=True, eq=False)
class Verdict:
    """What a predicate found.

    Attributes:
        name: the predicate, as a check is named.
        measured: what was counted or measured.
        bound: what was allowed.
        offenders: the first offending rows, at most 10, with their keys and values; the index is that of the frame looked at.
        explanation: one sentence that says what was counted.
        facts: what else a person is told, by name.
    """

    name: str
    passed: bool
    measured: float | int | str
    bound: str
    offenders: pd.DataFrame
    explanation: str
    facts: Mapping[str, object] = field(default_factory=dict)

    @property
    def legible(self) -> float | int | str:
        """What was measured, with the digits that a person reads."""
        return rounded(self.measured) if isinstance(self.measured, float) else self.measured

    @property
    def sentence(self) -> str:
        """What was found, with what was measured and what was allowed."""
        return f"{self.explanation} Measured {_shown(self.legible)}, bound: {self.bound}."

    def __str__(self) -> str:
        state = "passed" if self.passed else "failed"
        rows = [rounded_row({str(k): v for k, v in row.items()}) for row in self.offenders.to_dict("records")]
        named = "; ".join(", ".join(f"{k}={_shown(v)}" for k, v in row.items()) for row in rows)
        first = f" First: {named}." if named else ""
        return f"{self.name} {state}: {self.sentence}{first}"


type RowRule = Callable[[pd.DataFrame], Verdict]
"""What must hold of a table's rows before any of them is sent."""


def require(verdicts: Iterable[Verdict], where: str) -> None:
    """Stop on failed verdicts.

    Args:
        where: the table or file that was looked at, for the message.

    Raises:
        DataFault: at least one did not pass; the message holds all that did not.
    """
    failed = [verdict for verdict in verdicts if not verdict.passed]
    if failed:
        raise fault_of(
            failed, f"{where}: the data break {len(failed)} of the rules.", "Correct these rows at their source, then run again."
        )


def fault_of(failed: Iterable[Verdict], said: str, mend: str, *hints: Hint) -> DataFault:
    """The fault that names verdicts that did not pass, between what it means and what to do."""
    return DataFault("\n".join([said, *(f"  {verdict}" for verdict in failed), mend]), *hints)


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return fixed_point(value)
    if not isinstance(value, dt.datetime) or pd.isna(value):
        return str(value)
    return f"{value:%Y-%m-%d}" if value.tzinfo is None else f"{value:%Y-%m-%d %H:%M}"
