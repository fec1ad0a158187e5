"""What a check is, and the one that every table has.

Must not be here: a predicate (rules/), which asset has which check (checks/, sources/), anything from dagster.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from zl_assets.domain.errors import IncompleteCheck
from zl_assets.domain.rules import tables
from zl_assets.warehouse.verdict import Verdict


class Level(StrEnum):
    """What a red check does."""

    BLOCKING = "blocking"
    """keeps everything downstream from running"""
    ERROR = "error"
    """is red, and stops nothing"""
    WARNING = "warning"
    """is yellow, and stops nothing"""


@dataclass(frozen=True, eq=False)
class Seen:
    """What the checks of one step look at.

    Attributes:
        values: the value of each asset that is read, by its key: a frame, or whatever its IO manager loads.
        as_of: the UTC date that data decisions are made on.
        found: what was computed once for several checks, by name.
    """

    values: Mapping[str, Any]
    as_of: dt.date
    found: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Check:
    """One question about one asset; its spec, its run, its advice in the UI and its line in docs/checks.md are made of this.

    Attributes:
        asset: the key of the asset that it is about.
        name: the question's, as the predicate names its verdict.
        says: what holds while it is green, for the person looking at the graph.
        todo: what that person does when it is red.
        verdict: the answer.
        level: what a red one does.
        reads: other assets that it looks at.

    Raises:
        IncompleteCheck: `says` or `todo` is empty.
    """

    asset: str
    name: str
    says: str
    todo: str
    verdict: Callable[[Seen], Verdict]
    level: Level = Level.ERROR
    reads: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for what, text in (("what it says", self.says), ("what to do when it is red", self.todo)):
            if not text.strip():
                raise IncompleteCheck(f"The check {self.name} of {self.asset} lacks {what}. Write it where the check is made.")


def unique_key(
    asset: str, key: Sequence[str], says: str = "One row per session date and symbol.", level: Level = Level.BLOCKING
) -> Check:
    """The check that every table has: no two rows of one key, and no key NULL."""
    todo = "Delete the second row in the warehouse, and find out who wrote it: the write path cannot."
    return Check(asset, "unique_key", says, todo, lambda seen: tables.unique_key(seen.values[asset], key), level)
