"""What ranges held, walk-forward: the rule of record beside one width for all times and beside past outcomes without a model.

Belongs here: the bands of the three rules on the same sessions, and their measures. Must not be here: words, tables, drawing.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from zl_assets.contracts.forecasts import LEVELS
from zl_assets.contracts.predictions import FIRST_LEVEL
from zl_assets.instruments.base import Horizon
from zl_assets.model.fit.skill import SEED, middle, ratio_draws
from zl_assets.model.fit.splits import block_rows
from zl_assets.model.ranges.bands import half_widths, past_quantiles
from zl_assets.model.ranges.judged import Held, held, held_by_year, interval_score
from zl_assets.model.replay.verdicts import HELD_FROM, ends, outcomes

OF_RECORD, ONE_WIDTH, PAST_OUTCOMES = "scaled by volatility", "one width for all times", "past outcomes, no model"
RULES = (OF_RECORD, ONE_WIDTH, PAST_OUTCOMES)

# Sessions of a point of the coverage over time: a year, which of 21-session outcomes is worth twelve.
TRAILING = 252


@dataclass(frozen=True, eq=False)
class Track:
    """The bands of each rule, and what came, on the sessions that have all of them.

    Attributes:
        dates: of the sessions, in order.
        came: return over the horizon after each, a fraction.
        bands: lower and upper ends as returns, by rule and level in percent.
        block: rows of a block of the bootstrap.
    """

    dates: pd.DatetimeIndex
    came: np.ndarray
    bands: dict[tuple[str, int], tuple[np.ndarray, np.ndarray]]
    block: int

    @cached_property
    def totals(self) -> dict[tuple[str, int], Held]:
        """What the bands of each rule and level held, from `HELD_FROM` on.

        Raises:
            ValueError: there is no such session (`judged`).
        """
        return {(rule, level): held(*self._ends(rule, level), level / 100, self.block) for rule, level in self.bands}

    @cached_property
    def years(self) -> dict[tuple[str, int], dict[int, Held]]:
        """The same by year of the session: of the rule of record at each level, and of the others at the first."""
        return {
            (rule, level): held_by_year(self.dates[self._counted], *self._ends(rule, level), level / 100, self.block)
            for rule, level in self.bands
            if rule == OF_RECORD or level == FIRST_LEVEL
        }

    @cached_property
    def saved(self) -> dict[str, tuple[float, float, float]]:
        """By how much the mean interval score of the rule of record is lower than that of each other rule, at the first level, in
        fractions of the close, and its 90 % interval, by a circular block bootstrap of the sessions."""
        ours = interval_score(*self._ends(OF_RECORD, FIRST_LEVEL), FIRST_LEVEL / 100)
        found = {}
        for other in (ONE_WIDTH, PAST_OUTCOMES):
            saved = interval_score(*self._ends(other, FIRST_LEVEL), FIRST_LEVEL / 100) - ours
            draws = ratio_draws(saved, np.ones(len(saved)), SEED, self.block)
            found[other] = float(saved.mean()), *middle(draws)
        return found

    def trailing(self, rule: str, level: int) -> "pd.Series[float]":
        """Share of the last `TRAILING` outcomes inside, by date; from the first session that has so many."""
        low, high = self.bands[rule, level]
        inside = pd.Series((low <= self.came) & (self.came <= high), index=self.dates, dtype="float64")
        return inside.rolling(TRAILING).mean().dropna()

    @property
    def judged(self) -> int:
        """Sessions from `HELD_FROM` on."""
        return int(self._counted.sum())

    def _ends(self, rule: str, level: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Lower and upper ends and what came, from `HELD_FROM` on."""
        low, high = self.bands[rule, level]
        return low[self._counted], high[self._counted], self.came[self._counted]

    @property
    def _counted(self) -> np.ndarray:
        return np.asarray(self.dates >= pd.Timestamp(HELD_FROM))


def track_of(replay: pd.DataFrame, view: pd.DataFrame, horizon: Horizon) -> Track:
    """The three rules on every session of the replay that has a band of record and an outcome.

    Args:
        replay: rows of the contract `replay`, of one instrument and horizon; may be empty.
        view: the training view's rows, in order of date.
    """
    rows = outcomes(replay, view, horizon)
    predicted, came = rows["predicted_return"].to_numpy("float64"), rows["came"].to_numpy("float64", na_value=np.nan)
    of_view = view[horizon.target].to_numpy("float64", na_value=np.nan)
    at = pd.Index(view["data_date"]).get_indexer(pd.Index(rows["data_date"]))
    bands = {}
    for level in LEVELS:
        half = half_widths(came - predicted, np.ones(len(rows)), horizon.sessions, level / 100)
        low, high = past_quantiles(of_view, horizon.sessions, level / 100)
        bands[OF_RECORD, level] = ends(rows, level)
        bands[ONE_WIDTH, level] = predicted - half, predicted + half
        bands[PAST_OUTCOMES, level] = low[at], high[at]
    whole = np.isfinite(came) & np.all([np.isfinite(end) for pair in bands.values() for end in pair], axis=0)
    return Track(
        dates=pd.DatetimeIndex(rows["data_date"])[whole],
        came=came[whole],
        bands={name: (low[whole], high[whole]) for name, (low, high) in bands.items()},
        block=block_rows(horizon),
    )
