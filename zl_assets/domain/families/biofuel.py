"""Biofuel's demand for soybean oil: the price of a RIN of biomass-based diesel, and documents on the mandate.

Belongs here: the family's columns, formulas and model inputs. Must not be here: when a price is known (sources/rin_prices.py),
which rows are one document (documents.py).
"""

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from zl_assets.domain.arrivals import Places, arrivals
from zl_assets.domain.documents import ANY_DAY, asked_for, counted_once, session_of
from zl_assets.domain.families.base import Family, FamilyColumn, ModelInput, SourceNeed
from zl_assets.domain.families.chart import Panel, Panels
from zl_assets.domain.releases import Bools
from zl_assets.domain.windows import Floats
from zl_assets.instruments.zl import INSTRUMENT as ZL
from zl_assets.warehouse.contract import PANDAS_DTYPES, Column, ColumnType

PRICES, DOCUMENTS, STRUCT = "rin_prices", "policy_documents", "biofuel"

# The RIN that is looked at: of biomass-based diesel, that nobody vouches for, which most of the trade is.
FUEL, SERVICE = "D4", "Unverified"

# A week older than this is too old for a session. Its price is known at the end of the month after, and stays the newest for a
# month: 29 to 67 days.
OLDEST = 75

# The change is from the newest week this many days before, or up to so many more where weeks are missing (none is, of the 647 of
# 2010 to 2022).
CHANGE_DAYS, SLACK_DAYS = 7 * 13, 7 * 4

# Sessions in which documents are counted, today's included.
WINDOW = 63

RFS = re.compile(r"(?i)\b(?:renewable\s+fuels?|RFS|biomass-based\s+diesel)\b")

_DAY = np.timedelta64(1, "D")

type Days = NDArray[np.datetime64]


def compute(sessions: pd.DataFrame, sources: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The price of a D4 RIN that each session knew, its change over a quarter, and documents on the mandate.

    Args:
        sessions: data_date and decided_at of one symbol, in order of date.
        sources: rin_prices and policy_documents; empty where there is none.

    Returns:
        d4, d4_change_13w (float64, US dollars) and rfs_documents_63d (Int64), on the index of `sessions`.
    """
    d4, change = _prices(sources[PRICES], sessions)
    columns = {"d4": d4, "d4_change_13w": change, "rfs_documents_63d": _documents(sources[DOCUMENTS], sessions)}
    dtypes = {column.column.name: PANDAS_DTYPES[column.column.type] for column in FAMILY.columns}
    return pd.DataFrame(columns, index=sessions.index).astype(dtypes)


def _prices(rows: pd.DataFrame, sessions: pd.DataFrame) -> tuple[Floats, Floats]:
    """d4 and its change."""
    own = rows[rows["d_code"].eq(FUEL) & rows["service"].eq(SERVICE)]
    # In order of week, RIN year and transfer year, so that the last of a week's is the newest.
    names = ["observed_on", "rin_year", "transfer_year"]
    prices = own[names].drop_duplicates().sort_values(names, ignore_index=True)
    at = pd.MultiIndex.from_frame(prices).get_indexer(pd.MultiIndex.from_frame(own[names]))
    weeks = prices["observed_on"].to_numpy().astype("datetime64[D]")
    made, moved = (prices[name].to_numpy("int64") for name in names[1:])
    price = own["price"].to_numpy("float64")
    dates = sessions["data_date"].to_numpy().astype("datetime64[D]")
    d4, change = np.full((2, len(sessions)), np.nan)
    known = np.full(len(prices), np.nan)
    for came, of in arrivals(own["available_at"], sessions["decided_at"]):
        # Of several versions of one price the last of them stays.
        known[at[came]] = price[came]
        there = ~np.isnan(known)
        current = np.flatnonzero(there & (made == moved))
        if len(current):
            newest = current[-1]
            fresh = of[dates[of] - weeks[newest] <= OLDEST * _DAY]
            d4[fresh] = known[newest]
            before = _week_before(there, weeks, made, moved, newest)
            change[fresh] = known[newest] - known[before] if before is not None else np.nan
    return d4, change


def _week_before(there: Bools, weeks: Days, made: Places, moved: Places, newest: int) -> int | None:
    """The price of the newest known week 13 weeks before: of the same RIN year, or of the newest that it has."""
    ends = weeks[newest] - CHANGE_DAYS * _DAY
    earlier = np.flatnonzero(there & (weeks <= ends) & (weeks >= ends - SLACK_DAYS * _DAY))
    if not len(earlier):
        return None
    # No RIN is of a year to come: if the week has one of the same year, that is its newest. A week in which a year ends has two
    # prices of it, and that of the earlier transfers is the year's own.
    last = earlier[-1]
    alike = earlier[(weeks[earlier] == weeks[last]) & (made[earlier] == made[last])]
    return int(alike[moved[alike].argmin()])


def _documents(rows: pd.DataFrame, sessions: pd.DataFrame) -> pd.Series:
    """How many documents on the mandate became available in the last 63 sessions; NULL where a day's were not asked for."""
    once = counted_once(rows)
    titled = np.array([RFS.search(title) is not None for title in once["title"].tolist()], dtype=bool)
    session = session_of(once["available_at"][titled], sessions)
    by_session = np.bincount(session[session < len(sessions)], minlength=len(sessions))
    total = np.concatenate([[0], by_session.cumsum()])
    begins = np.maximum(np.arange(len(sessions)) + 1 - WINDOW, 0)
    dates = sessions["data_date"]
    known = asked_for(rows, ANY_DAY, pd.DatetimeIndex(dates.shift(WINDOW)), pd.DatetimeIndex(dates))
    return (
        pd.Series(total[1:] - total[begins], index=sessions.index).astype("Int64").where(pd.Series(known, index=sessions.index))
    )


def covered(sessions: pd.DataFrame, sources: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Of every column, whether its files cover the session: prices from the first week that is known to the last that is not too
    old, a change from a quarter later on, documents where they were asked for.

    Args:
        sessions, sources: as `compute` takes them.

    Returns:
        bool, on the index of `sessions`.
    """
    values = compute(sessions, sources)
    there = {name: pd.Series(np.flatnonzero(values[name].notna())) for name in values}
    place = np.arange(len(sessions))
    spans = {name: (place >= at.min()) & (place <= at.max()) for name, at in there.items()}
    spans["rfs_documents_63d"] = values["rfs_documents_63d"].notna().to_numpy()
    return pd.DataFrame(spans, index=sessions.index)


def show(sessions: pd.DataFrame, sources: Mapping[str, pd.DataFrame]) -> Panels | str:
    """The price of a D4 RIN over the years, its change over a quarter, and documents on the mandate, as each session knew them.

    Args:
        sessions, sources: as `compute` takes them.
    """
    date, decided_at = sessions["data_date"].iloc[-1], sessions["decided_at"].iloc[-1]
    by_day = compute(sessions, sources).astype("float64").set_axis(pd.DatetimeIndex(sessions["data_date"]), axis=0)
    begun = by_day.notna().any(axis=1).cummax()
    if not begun.any():
        return f"No session to {date:%Y-%m-%d} knows a price that is not too old, or documents of {WINDOW} sessions."
    by_day = by_day[begun]
    # In cents: a dollar's steps are too wide for an axis.
    price, change = 100.0 * by_day["d4"], 100.0 * by_day["d4_change_13w"]
    documents = by_day["rfs_documents_63d"]
    counted = (
        "none: documents of its days were not asked for"
        if np.isnan(documents.iloc[-1])
        else f"{documents.iloc[-1]:.0f} documents"
    )
    return Panels(
        f"biofuel's price and mandate, session of {date:%Y-%m-%d}",
        decided_at,
        (
            Panel(
                "Price of a RIN of biomass-based diesel (D4), as each session knew it",
                _newest_price(sources[PRICES], price, date, decided_at),
                "US cents a RIN",
                lines={"D4": price},
                marks={_NEWEST: price.iloc[-1:].dropna()},
                lowest=0.0,
            ),
            Panel(
                "Its change over a quarter",
                f"{change.iloc[-1]:+.0f} cents" if change.notna().iloc[-1] else "no value",
                "US cents a RIN",
                lines={"change": change},
                marks={_NEWEST: change.iloc[-1:].dropna()},
            ),
            Panel(
                f"Documents on the Renewable Fuel Standard in the {WINDOW} sessions to then",
                counted,
                "documents",
                bars={"on the mandate": documents},
                hole="documents not asked for",
                lowest=0.0,
            ),
        ),
    )


def _newest_price(rows: pd.DataFrame, price: "pd.Series[float]", date: pd.Timestamp, decided_at: pd.Timestamp) -> str:
    """The newest session's price, the week that it is of and when that was known, or why it has none."""
    own = rows[rows["d_code"].eq(FUEL) & rows["service"].eq(SERVICE) & rows["rin_year"].eq(rows["transfer_year"])]
    known = own[own["available_at"] < decided_at]
    if known.empty:
        return f"no value: no price is known at the decision of {date:%Y-%m-%d}"
    week = known["observed_on"].max()
    since = known.loc[known["observed_on"].eq(week), "available_at"].min()
    said = f"week of {week:%Y-%m-%d}, known {since:%Y-%m-%d %H:%M} UTC"
    if np.isnan(price.iloc[-1]):
        return f"no value: the newest is the {said}, {(date - week).days:,} days before the session"
    return f"{price.iloc[-1]:.0f} cents; {said}"


_NEWEST = "newest week"
_DOLLARS = "US dollars a RIN"
_PRICE = (f"{PRICES}.price",)
_OLD = f"; NULL where that week is more than {OLDEST} days before the session"


def _input(name: str) -> ModelInput:
    column = f"{STRUCT}_{name}"
    return ModelInput(column, (column,), lambda view: view[column].astype("float64"))


FAMILY = Family(
    name="biofuel",
    phase="fundamentals",
    description="The price of a RIN of biomass-based diesel, much of which is made of soybean oil, and documents on the mandate, "
    "as they were known when the session decided.",
    columns=(
        FamilyColumn(
            Column("d4", ColumnType.FLOAT64, "price of a RIN of biomass-based diesel", _DOLLARS),
            STRUCT,
            f"price of {FUEL}, {SERVICE}, of the newest week with one whose RIN year is its transfer year; of two the "
            f"newer{_OLD}",
            _PRICE,
            0.0,
            10.0,
        ),
        FamilyColumn(
            Column("d4_change_13w", ColumnType.FLOAT64, "its change over a quarter", _DOLLARS),
            STRUCT,
            f"d4 less the price of {FUEL}, {SERVICE}, of the newest known week that is at least 13 weeks before d4's, and at "
            f"most 17: of the same RIN year, or of the newest that this week has{_OLD}",
            _PRICE,
            -10.0,
            10.0,
        ),
        FamilyColumn(
            Column(
                "rfs_documents_63d",
                ColumnType.INT64,
                "documents on the Renewable Fuel Standard of late; NULL where a day's documents were not asked for",
                "documents",
            ),
            STRUCT,
            "number of documents with renewable fuel(s), RFS or biomass-based diesel in the title that became available in the "
            f"last {WINDOW} sessions, today's included; each document once",
            (f"{DOCUMENTS}.title",),
            0.0,
        ),
    ),
    needs=(
        SourceNeed(PRICES, (), "a week's price: 23:59 New York on the last day of the month after the week's"),
        SourceNeed(DOCUMENTS, (), "Federal Register: its day of publication, 08:45 New York; White House: the page's own time"),
    ),
    # Not d4, of which 36 % of a test fold lie outside all that came before (the gate allows 25 %).
    inputs=(_input("d4_change_13w"), _input("rfs_documents_63d")),
    compute=compute,
    show=show,
    symbols=(ZL.symbol,),
    covered=covered,
)
