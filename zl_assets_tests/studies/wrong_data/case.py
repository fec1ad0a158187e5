"""What a case is, and what can become of it. Must not be here: any case."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import pandas as pd

# Makes files in an empty folder; the settings that they need, by field of Settings.
type Make = Callable[[Path], dict[str, Any]]


class Kind(StrEnum):
    """The issue's kinds, in its order."""

    UNITS = "Units"
    MARKET = "Another market, or another series of the same one"
    DATES = "Dates"
    HOLES = "History against the calendar"
    LOST_ROWS = "Rows lost on the way"
    SERIES = "Economic series"
    VENDORS = "Vendors' files as they come"
    HISTORIES = "Shorter and longer histories, bounds that were wrong"
    SOUND = "Sound data, which must stay green"


class State(StrEnum):
    """What the run meets."""

    EMPTY = "empty"
    FILLED = "filled"
    SERIES = "filled, with FRED's series"


class Outcome(StrEnum):
    """What can become of a run, the first that applies."""

    CRASHED = "crashed"
    REFUSED = "refused"
    HALF = "stopped half-way, with rows written"
    TOLD_STILL = "red, nothing written"
    RED = "red, with rows written"
    LOADED = "loaded right"
    LOADED_TOLD = "loaded right, with a warning"
    WARNED = "a warning, with rows written"
    QUIET = "passed quietly"


REFUSED = (Outcome.REFUSED,)
# A series is refused by itself: the rest of the refresh goes on.
SERIES_REFUSED = (Outcome.REFUSED, Outcome.TOLD_STILL)
TOLD = (Outcome.REFUSED, Outcome.TOLD_STILL, Outcome.RED, Outcome.WARNED, Outcome.LOADED_TOLD)
NOT_QUIET = (*TOLD, Outcome.LOADED)
LOADED = (Outcome.LOADED, Outcome.LOADED_TOLD)
LOADED_OR_REFUSED = (*LOADED, Outcome.REFUSED)


@dataclass(frozen=True)
class Case:
    """One mistake.

    Attributes:
        name: lower-case words with hyphens.
        wrong: what is wrong, in words.
        state: what the run meets.
        make: the files and the settings.
        must: what may become of it.
        says: what the refusal must say, in any case of letters: the likely cause.
        right: the bars that the table must have afterwards, where there are any; daily bars as the contract has them.
        own: the issue's own instance, not one with other numbers.
    """

    name: str
    kind: Kind
    wrong: str
    state: State
    make: Make
    must: tuple[Outcome, ...]
    says: tuple[str, ...] = ()
    right: Callable[[], pd.DataFrame] | None = None
    own: bool = False

    @property
    def whole(self) -> bool:
        """It is run to the end, the model and its forecasts; otherwise as far as the training CSV."""
        if self.kind in (Kind.UNITS, Kind.MARKET, Kind.DATES, Kind.HOLES):
            return self.own and self.state is State.FILLED
        return self.kind in (Kind.HISTORIES, Kind.SOUND)
