"""USDA's supply and demand estimates of soybean oil: how scarce it will be, what the newest release changed, and what goes into
biofuel.

Belongs here: the family's columns, formulas, model inputs and picture. Must not be here: when a release is known
(domain/wasde.py).

A session has the newest release that it knew, of it the newest marketing year, and of that the numbers that came last. The
release before is the one of the number before: a month that a shutdown took out has no number, a release that came again (584)
has one number and is not its own predecessor, and after a release that the files lack there is no change.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from zl_assets.contracts.columns import FRACTION
from zl_assets.domain.families.base import Expected, Family, FamilyColumn, ModelInput, SourceNeed
from zl_assets.domain.families.chart import Note, Panel, Panels
from zl_assets.domain.wasde import RULE, TOO_OLD
from zl_assets.instruments.zl import INSTRUMENT as ZL
from zl_assets.warehouse.contract import Column, ColumnType

SOURCE, STRUCT = "wasde_balance", "wasde"
STOCKS, CHANGE, BIOFUEL = NAMES = ("stocks_to_use", "stocks_to_use_change", "biofuel_share")

_ORDER = ["available_at", "observed_on"]

NONE = float("nan")

# What a model sees of stocks-to-use is not below this, since it has learnt nothing of lows that it has not seen. Of the five test
# folds of the real sessions, up to 36 % of one (bound 25 %) lie below all that came before them; with this, 7 % of one.
FLOOR = 0.065


@dataclass(frozen=True)
class _Known:
    """What a session knows.

    Attributes:
        number, day: of the newest release.
        known_at: when the newest of its numbers became known; UTC.
        year: its newest marketing year.
        values: stocks_to_use, stocks_to_use_change, biofuel_share; NaN where there is none.
    """

    number: int
    day: pd.Timestamp
    known_at: pd.Timestamp
    year: str
    values: tuple[float, float, float]


@dataclass
class _Release:
    """A release as it is known now: its newest day, and of each marketing year stocks and biofuel as shares of use."""

    day: pd.Timestamp
    known_at: pd.Timestamp
    shares: dict[str, tuple[float, float]] = field(default_factory=dict)


def compute(sessions: pd.DataFrame, sources: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The newest release that each session knew.

    Args:
        sessions: data_date and decided_at of one symbol, in order of date.
        sources: wasde_balance; empty where there is none.

    Returns:
        The family's columns, float64, on the index of `sessions`; NaN where the newest release is more than 75 days old.
    """
    rows = sources[SOURCE].sort_values(_ORDER, kind="stable")
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
    each = zip(
        rows["wasde_number"].astype("int64").tolist(),
        rows["observed_on"],
        rows["available_at"],
        rows["market_year"].astype("object").tolist(),
        (rows["ending_stocks"] / rows["total_use"]).tolist(),
        (rows["biofuel"] / rows["total_use"]).tolist(),
        strict=True,
    )
    for count, (number, day, known_at, year, *shares) in enumerate(each, start=1):
        release = releases.setdefault(number, _Release(day, known_at))
        # A revision of an earlier day does not take the place of a later one.
        if day >= release.day:
            release.day, release.known_at = day, known_at
            release.shares[year] = (shares[0], shares[1])
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
    return _Known(number, release.day, release.known_at, year, (stocks, change, biofuel))


def covered(sessions: pd.DataFrame, sources: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Of every column, whether the files cover the session: from the first release that they have until the last is too old.

    Args:
        sessions, sources: as `compute` takes them.

    Returns:
        bool, on the index of `sessions`.
    """
    rows = sources[SOURCE]
    inside = sessions["decided_at"].gt(rows["available_at"].min()) & sessions["data_date"].le(rows["observed_on"].max() + TOO_OLD)
    return pd.DataFrame(dict.fromkeys(NAMES, inside), index=sessions.index)


def show(sessions: pd.DataFrame, sources: Mapping[str, pd.DataFrame]) -> Panels | str:
    """Stocks-to-use, its change and biofuel's share as every session knew them, with the newest release that the newest session
    knew.

    Args:
        sessions, sources: as `compute` takes them.
    """
    date, decided_at = sessions["data_date"].iloc[-1], sessions["decided_at"].iloc[-1]
    rows = sources[SOURCE]
    rows = rows[rows["available_at"] < decided_at].sort_values(_ORDER, kind="stable")
    if rows.empty:
        return f"At the decision of {date:%Y-%m-%d} no release is known."
    newest = _known(rows, {len(rows)})[len(rows)]
    # In percent: the fields are fractions.
    by_day = 100.0 * compute(sessions, sources).set_axis(pd.DatetimeIndex(sessions["data_date"]), axis=0)
    begun = by_day[STOCKS].notna().cummax()
    if not begun.any():
        return f"No session to {date:%Y-%m-%d} has a release that is not too old."
    by_day = by_day[begun]
    # The session that knew it first; none where none has been held since.
    at = by_day.index[sessions["decided_at"].iloc[-len(by_day) :].gt(newest.known_at).to_numpy()][:1]
    age = (date - newest.day).days
    old = f"no value: the newest release is of {newest.day:%Y-%m-%d}, {age} days ago" if age > TOO_OLD.days else ""
    told = dict(zip(NAMES, newest.values, strict=True))
    said = f"release {newest.number} of {newest.day:%Y-%m-%d}, known {newest.known_at:%Y-%m-%d %H:%M} UTC"
    words = {
        STOCKS: f"{100 * told[STOCKS]:.2f} % of use in {newest.year}; {said}",
        CHANGE: f"none: {newest.year} is not in the release before"
        if math.isnan(told[CHANGE])
        else f"{100 * told[CHANGE]:+.2f} points of use in {newest.year}, against release {newest.number - 1}",
        BIOFUEL: f"none: release {newest.number} has no such line"
        if math.isnan(told[BIOFUEL])
        else f"{100 * told[BIOFUEL]:.1f} % of use in {newest.year}",
    }
    note = f"{said}: {words[STOCKS].partition(';')[0]}; change: {words[CHANGE]}"
    notes = tuple(Note(day, float(by_day[STOCKS][day]), note) for day in at if not math.isnan(by_day[STOCKS][day]))
    titles = {
        STOCKS: ("Ending stocks as a share of use, as each session knew it", "% of use", 0.0),
        CHANGE: ("What the newest release changed in it", "points", -math.inf),
        BIOFUEL: ("Biofuel as a share of use", "% of use", 0.0),
    }
    return Panels(
        f"stocks-to-use in USDA's estimates, session of {date:%Y-%m-%d}",
        decided_at,
        tuple(
            Panel(
                title,
                f"{old}; then {words[name]}" if old else words[name],
                unit,
                lines={"as each session knew it": by_day[name]},
                marks={_NEWEST: by_day[name][at].dropna()},
                lowest=lowest,
                notes=notes if name == STOCKS else (),
            )
            for name, (title, unit, lowest) in titles.items()
        ),
    )


_NEWEST = "newest release"
_USE = f"{SOURCE}.total_use"
_OF = f"of the newest marketing year of the newest release; NULL where that is more than {TOO_OLD.days} days old"


def _columns() -> Iterator[FamilyColumn]:
    def column(name: str, meaning: str, formula: str, of: str, low: float, coverage: float | None = None) -> FamilyColumn:
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
        f"stocks_to_use less that of the release before for the same marketing year, {_OF}, or where the release before has "
        "not that year: from the release in May, in which a year is new, until June's",
        f"{SOURCE}.ending_stocks",
        -1.0,
        # A month in twelve: 0.902 of the real sessions that the files cover.
        coverage=0.85,
    )
    yield column(
        BIOFUEL,
        "U.S. soybean oil: share of use that goes into biofuel, as USDA forecasts it",
        f"Biofuel (Biodiesel, Methyl Ester, For Methyl Ester before) / Use, Total, {_OF}, or where it has no such line: the "
        "six from May to October 2012",
        f"{SOURCE}.biofuel",
        0.0,
        # 0.966 of the real sessions that the files cover.
        coverage=0.9,
    )


def _floored(view: pd.DataFrame) -> "pd.Series[float]":
    return view[f"{STRUCT}_{STOCKS}"].clip(lower=FLOOR)


# Registered before any outcome was looked at. H. Working, The Theory of Price of Storage, American Economic Review 39 (1949);
# G. Gorton, F. Hayashi and K. G. Rouwenhorst, The Fundamentals of Commodity Futures Returns, Review of Finance 17 (2013).
_SCARCE = Expected(-1, "theory of storage: the fewer stocks are left for the use, the higher the return to those who hold oil")

FAMILY = Family(
    name="wasde",
    phase="fundamentals",
    description="USDA's monthly estimates of U.S. soybean oil, each as it was first published: how scarce it will be, what the "
    "newest release changed, and how much goes into biofuel.",
    columns=tuple(_columns()),
    needs=(SourceNeed(SOURCE, (), f"a release: {RULE}"),),
    # Not biofuel_share: it has risen for fifteen years, and 87 % of the newest test fold lie above all that came before.
    inputs=(
        ModelInput(f"{STRUCT}_{STOCKS}", (f"{STRUCT}_{STOCKS}",), _floored, f"{STOCKS}, {FLOOR:g} where it is below", _SCARCE),
        ModelInput(f"{STRUCT}_{CHANGE}", (f"{STRUCT}_{CHANGE}",), lambda view: view[f"{STRUCT}_{CHANGE}"], expected=_SCARCE),
    ),
    compute=compute,
    show=show,
    symbols=(ZL.symbol,),
    covered=covered,
)
