"""USDA's supply and demand estimates of soybean oil: how scarce it will be, what the newest release changed, and what goes into
biofuel.

Belongs here: the family's columns, formulas, model inputs and picture. Must not be here: when a release is known
(domain/wasde.py).

A session has the newest release that it knew, of it the newest marketing year, and of that the numbers that came last. The release
before is the one of the number before: a month that a shutdown took out has no number, a release that came again (584) has one
number and is not its own predecessor, and after a release that the files lack there is no change.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from zl_assets.contracts.columns import FRACTION
from zl_assets.domain.families.base import Family, FamilyColumn, ModelInput, SourceNeed
from zl_assets.domain.wasde import RULE, TOO_OLD
from zl_assets.instruments.zl import INSTRUMENT as ZL
from zl_assets.warehouse.contract import Column, ColumnType

SOURCE, STRUCT = "wasde_balance", "wasde"
STOCKS, CHANGE, BIOFUEL = NAMES = ("stocks_to_use", "stocks_to_use_change", "biofuel_share")

NONE = float("nan")


@dataclass(frozen=True)
class _Known:
    """What a session knows.

    Attributes:
        day: of the newest release.
        values: stocks_to_use, stocks_to_use_change, biofuel_share; NaN where there is none.
    """

    day: pd.Timestamp
    values: tuple[float, float, float]


@dataclass
class _Release:
    """A release as it is known now: its newest day, and of each marketing year stocks and biofuel as shares of use."""

    day: pd.Timestamp
    shares: dict[str, tuple[float, float]] = field(default_factory=dict)


def compute(sessions: pd.DataFrame, sources: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The newest release that each session knew.

    Args:
        sessions: data_date and decided_at of one symbol, in order of date.
        sources: wasde_balance; empty where there is none.

    Returns:
        The family's columns, float64, on the index of `sessions`; NaN where the newest release is more than 75 days old.
    """
    rows = sources[SOURCE].sort_values(["available_at", "observed_on"], kind="stable")
    # How many rows a session knew: those before its decision.
    seen = rows["available_at"].searchsorted(sessions["decided_at"], side="left")
    known = _known(rows, set(seen.tolist()))
    found = [
        known[count].values if count and day - known[count].day <= TOO_OLD else (NONE,) * len(NAMES)
        for count, day in zip(seen.tolist(), sessions["data_date"], strict=True)
    ]
    return pd.DataFrame(np.array(found, dtype="float64").reshape(-1, len(NAMES)), sessions.index, list(NAMES))


def _known(rows: pd.DataFrame, counts: set[int]) -> dict[int, _Known]:
    """What is known after as many of the rows as each of `counts` says."""
    releases: dict[int, _Release] = {}
    known: dict[int, _Known] = {}
    for count, row in enumerate(rows.itertuples(), start=1):
        number = int(row.wasde_number)
        release = releases.setdefault(number, _Release(row.observed_on))
        # A revision of an earlier day does not take the place of a later one.
        if row.observed_on >= release.day:
            release.day = row.observed_on
            release.shares[row.market_year] = (row.ending_stocks / row.total_use, row.biofuel / row.total_use)
        if count in counts:
            known[count] = _newest(releases)
    return known


def _newest(releases: Mapping[int, _Release]) -> _Known:
    number = max(releases)
    release = releases[number]
    year = max(release.shares)
    stocks, biofuel = release.shares[year]
    before = releases[number - 1].shares if number - 1 in releases else {}
    change = stocks - before[year][0] if year in before else NONE
    return _Known(release.day, (stocks, change, biofuel))


def covered(sessions: pd.DataFrame, sources: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Of every column, whether the files cover the session: from the first release that they have until the last is too old.

    Args:
        sessions, sources: as `compute` takes them.

    Returns:
        bool, on the index of `sessions`.
    """
    rows = sources[SOURCE]
    inside = sessions["decided_at"].gt(rows["available_at"].min()) & sessions["data_date"].le(rows["observed_on"].max() + TOO_OLD)
    return pd.DataFrame({name: inside for name in NAMES}, index=sessions.index)


_USE = f"{SOURCE}.total_use"
_OF = f"of the newest marketing year of the newest release; NULL where that is more than {TOO_OLD.days} days old"


def _columns() -> Iterator[FamilyColumn]:
    def column(
        name: str, meaning: str, formula: str, of: str, low: float, coverage: float | None = None
    ) -> FamilyColumn:
        return FamilyColumn(Column(name, ColumnType.FLOAT64, meaning, FRACTION), STRUCT, formula, (of, _USE), low, 1.0, coverage)

    yield column(
        STOCKS,
        "U.S. soybean oil: ending stocks as a share of use, as USDA forecasts it",
        f"Ending Stocks / Use, Total, {_OF}",
        f"{SOURCE}.ending_stocks",
        0.0,
    )
    yield column(
        CHANGE,
        "U.S. soybean oil: what the newest release changed in the forecast of stocks-to-use",
        f"stocks_to_use less that of the release before for the same marketing year, {_OF}, or where the release before has not that "
        "year: from the release in May, in which a year is new, until June's",
        f"{SOURCE}.ending_stocks",
        -1.0,
        # A month in twelve: 0.914 of the real sessions that the files cover.
        coverage=0.85,
    )
    yield column(
        BIOFUEL,
        "U.S. soybean oil: share of use that goes into biofuel, as USDA forecasts it",
        f"Biofuel (Biodiesel, Methyl Ester, For Methyl Ester before) / Use, Total, {_OF}, or where it has no such line: the six from "
        "May to October 2012",
        f"{SOURCE}.biofuel",
        0.0,
        # 0.966 of the real sessions that the files cover.
        coverage=0.9,
    )


def _input(name: str) -> ModelInput:
    column = f"{STRUCT}_{name}"
    return ModelInput(column, (column,), lambda view: view[column])


FAMILY = Family(
    name="wasde",
    phase="fundamentals",
    description="USDA's monthly estimates of U.S. soybean oil, each as it was first published: how scarce it will be, what the newest "
    "release changed, and how much goes into biofuel.",
    columns=tuple(_columns()),
    needs=(SourceNeed(SOURCE, (), f"a release: {RULE}"),),
    inputs=tuple(_input(name) for name in NAMES),
    compute=compute,
    symbols=(ZL.symbol,),
    covered=covered,
)
