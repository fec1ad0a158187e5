"""What a family shows of its newest session, as data. Must not be here: drawing (model/report), or any one family.

Two kinds: the hours of a few days with what was found on them (`Chart`), and courses over months or years (`Panels`).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd


@dataclass(frozen=True, eq=False)
class Chart:
    """A line of prices over time, and what a person is to see on it. Every time is one of the line's.

    Attributes:
        title: what it shows, of which session; the instrument's name is put before it.
        label: what the line is of.
        line: prices in the instrument's unit by UTC time, in order of time.
        levels: prices by what they are called.
        zone: the two levels that it is shaded between.
        since: the levels and the zone begin there.
        moments: times by what was known with the end of that hour.
        marks: prices by UTC time, by what they are; a kind of which there is none here is empty, so that each keeps its sign.
    """

    title: str
    label: str
    line: "pd.Series[float]"
    levels: Mapping[str, float]
    zone: tuple[str, str]
    since: pd.Timestamp
    moments: Mapping[str, pd.Timestamp] = field(default_factory=dict)
    marks: Mapping[str, "pd.Series[float]"] = field(default_factory=dict)


@dataclass(frozen=True)
class Note:
    """A point that more is said of than fits beside it: it has a number on the picture, and its words stand beneath.

    Attributes:
        day: one of its panel's.
        value: in its panel's unit.
        words: may come from outside, of any length and in any script.
    """

    day: pd.Timestamp
    value: float
    words: str


@dataclass(frozen=True, eq=False)
class Panel:
    """Courses over time in one unit. Lines, bands and bars are by day (naive, midnight, in order) over all days that it shows,
    and NaN where there is no value.

    Attributes:
        title: what it is of.
        words: the newest value, the day that it is of and when it was known, or why there is none.
        unit: of all values, a word or two; `contracts.columns.PRICE` for a price.
        lines: by what they are; the first is the one that it is about. A hole in the values is a hole in the line.
        bands: columns low and high, by what they are, the widest first.
        bars: amounts that begin at zero, by what they are.
        marks: single values, by what they are; a kind of which there is none here is empty, so that each keeps its sign.
        hole: what it means that a bar has no value; these days are shaded.
        lowest: no value can lie below it, so that its axis begins there.
        notes: points with a number, in order of time.
    """

    title: str
    words: str
    unit: str
    lines: Mapping[str, "pd.Series[float]"] = field(default_factory=dict)
    bands: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    bars: Mapping[str, "pd.Series[float]"] = field(default_factory=dict)
    marks: Mapping[str, "pd.Series[float]"] = field(default_factory=dict)
    hole: str = "not known"
    lowest: float = -math.inf
    notes: tuple[Note, ...] = ()

    @property
    def days(self) -> pd.DatetimeIndex:
        """All days that it shows."""
        return pd.DatetimeIndex(self._courses()[0].index)

    @property
    def empty(self) -> bool:
        """Whether there is no value to draw, so that its words are all there is."""
        return not any(one.notna().to_numpy().any() for one in (*self._courses(), *self.marks.values()))

    @property
    def newest(self) -> pd.Timestamp | None:
        """The newest day with a value of what it is about, and None where there is none. What is usual, in bands and in other
        lines, can reach into days to come."""
        about = (*list(self.lines.values())[:1], *self.bars.values(), *self.marks.values())
        known = (one.dropna().index for one in about)
        return max((days[-1] for days in known if len(days)), default=None)

    def _courses(self) -> "list[pd.Series[float] | pd.DataFrame]":
        return [*self.lines.values(), *self.bands.values(), *self.bars.values()]


@dataclass(frozen=True, eq=False)
class Panels:
    """Panels in a grid, and the time at which all that they show was known.

    Attributes:
        title: what they show, of which session; the instrument's name is put before it.
        known_at: the session's decision (UTC): what became available then or later is not in them.
        panels: row by row.
        columns: of the grid.
    """

    title: str
    known_at: pd.Timestamp
    panels: tuple[Panel, ...]
    columns: int = 1


type Shown = Chart | Panels
