"""v2 macro: the dollar, yields, inflation expectations, the policy rate and crude oil, each as it was known.

Belongs here: the family's columns, formulas and model inputs. Must not be here: when a series is known (releases.py).

Each series is there as it was known, and in a form that does not wander: the change over 21 sessions, or the level itself where
the level stays in the range that it has had. Measured as the model's gates do, by the largest share of a test fold outside its
training range (bound 25 %), on the real sessions: levels 23 % (T10YIE) and 30 % (DCOILWTICO) to 88 % (FEDFUNDS); changes 0 % to
23 % (DGS2), but 32 % for FEDFUNDS, whose steps of 2022 had never been seen, so that its change is no model input; scores against
63 sessions at most 3 %.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from zl_assets.contracts.columns import FRACTION
from zl_assets.domain.families.base import Family, FamilyColumn, ModelInput, SourceNeed
from zl_assets.domain.indicators import simple_return
from zl_assets.domain.releases import RELEASES, as_known
from zl_assets.domain.windows import Floats, difference, z_limit, z_score
from zl_assets.warehouse.contract import Column, ColumnType

SOURCE, STRUCT = "fred_observations", "macro"
_VALUE = (f"{SOURCE}.value",)
Z_WINDOW, CHANGE_LAG = 63, 21


@dataclass(frozen=True)
class _Part:
    """One series in the family.

    Attributes:
        change: the change over 21 sessions; None where the level is stationary as it is.
        change_unit: what the change is counted in.
        models: endings of its columns that a model may see.
    """

    series: str
    models: tuple[str, ...]
    change: Callable[[Floats, int], Floats] | None = None
    change_unit: str = ""

    @property
    def name(self) -> str:
        return self.series.lower()


_CHANGE, _SCORE = f"_change_{CHANGE_LAG}d", f"_z_{Z_WINDOW}d"
_PERCENTAGE_POINTS = "percentage points"

PARTS = (
    # An index keeps its sign, so that its change is a return; crude oil has been below zero, so that its change is in dollars.
    _Part("DTWEXBGS", (_CHANGE, _SCORE), simple_return, FRACTION),
    _Part("DGS10", (_CHANGE, _SCORE), difference, _PERCENTAGE_POINTS),
    _Part("DGS2", (_CHANGE, _SCORE), difference, _PERCENTAGE_POINTS),
    _Part("T10Y2Y", (_CHANGE, _SCORE), difference, _PERCENTAGE_POINTS),
    _Part("T10YIE", ("", _SCORE)),
    _Part("FEDFUNDS", (_SCORE,), difference, _PERCENTAGE_POINTS),
    _Part("DCOILWTICO", (_CHANGE, _SCORE), difference, "US dollars per barrel"),
)


def compute(sessions: pd.DataFrame, sources: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Every series as each session knew it, its change over 21 sessions, and its score against its last 63.

    Windows are of sessions, today's included; one with a session that knew no value has no result.

    Args:
        sessions: data_date and decided_at of one symbol, in order of date.
        sources: fred_observations; empty where there is none.

    Returns:
        Of each series its level, `_change_21d` (but for T10YIE) and `_z_63d`, float64, on the index of `sessions`.
    """
    observations = sources[SOURCE]
    columns: dict[str, Floats] = {}
    for part in PARTS:
        values = as_known(observations, part.series, sessions)
        columns[part.name] = values
        if part.change is not None:
            columns[part.name + _CHANGE] = part.change(values, CHANGE_LAG)
        columns[part.name + _SCORE] = z_score(values, Z_WINDOW)
    return pd.DataFrame(columns, index=sessions.index)


def _columns(part: _Part) -> Iterator[FamilyColumn]:
    release = RELEASES[part.series]

    def column(
        ending: str, meaning: str, unit: str, formula: str, low: float | None = None, high: float | None = None
    ) -> FamilyColumn:
        return FamilyColumn(Column(part.name + ending, ColumnType.FLOAT64, meaning, unit), STRUCT, formula, _VALUE, low, high)

    yield column(
        "",
        f"{release.meaning}: newest value that the session knew; NULL where that is more than {release.max_age} days old",
        release.unit,
        f"{part.series}, as of the decision",
        release.low,
        release.high,
    )
    if part.change is not None:
        by = "value / value 21 sessions before - 1" if part.change is simple_return else "value - value 21 sessions before"
        yield column(_CHANGE, f"{release.meaning}: change over {CHANGE_LAG} sessions", part.change_unit, by)
    yield column(
        _SCORE,
        f"{release.meaning}: against its last {Z_WINDOW} sessions",
        "standard deviations",
        f"(value - mean) / sample standard deviation of the last {Z_WINDOW} sessions, today's included; 0 where all are equal",
        -z_limit(Z_WINDOW),
        z_limit(Z_WINDOW),
    )


def _as_it_is(column: str) -> ModelInput:
    return ModelInput(column, (column,), lambda view: view[column])


FAMILY = Family(
    name="macro",
    phase="v2",
    description="The Federal Reserve's broad dollar index, yields, breakeven inflation, the policy rate and crude oil, each as "
    "it was known when the session decided.",
    columns=tuple(column for part in PARTS for column in _columns(part)),
    needs=(
        SourceNeed(
            SOURCE,
            tuple(part.series for part in PARTS),
            "; ".join(f"{part.series}: {RELEASES[part.series].rule}" for part in PARTS),
        ),
    ),
    inputs=tuple(_as_it_is(f"{STRUCT}_{part.name}{ending}") for part in PARTS for ending in part.models),
    compute=compute,
)
