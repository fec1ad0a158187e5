"""What a family shows of its newest session, as data. Must not be here: drawing (model/report/charts.py), or any one family."""

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
