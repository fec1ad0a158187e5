"""Who holds the soybean oil futures: managed money and the commercials in the newest report that the session knew.

Belongs here: the family's columns, formulas and model inputs. Must not be here: when a report is known (sources/cot_weekly.py).
"""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from zl_assets.contracts.columns import FRACTION
from zl_assets.domain.arrivals import Places, arrivals
from zl_assets.domain.families.base import Family, FamilyColumn, ModelInput, SourceNeed
from zl_assets.domain.families.chart import Panel, Panels
from zl_assets.domain.windows import Floats
from zl_assets.instruments.zl import INSTRUMENT as ZL
from zl_assets.warehouse.contract import Column, ColumnType

SOURCE, STRUCT = "cot_weekly", "cot"

# Soybean oil at the Chicago Board of Trade.
MARKET = "007601"

# A report older than this is too old for a session: it is 6 to 10 days old in an ordinary week, and up to 13 around holidays.
OLDEST = 19

# Reports in the rank, and the fewest of them.
RANK_WINDOW, RANK_MINIMUM = 156, 104

# Reports back that the change is taken over. They are 27 to 30 days apart in the 835 of 2010 to 2025; with one missing it is 34.
CHANGE, CHANGE_DAYS = 4, 32

# From so many days after its date on a report would be known, if none was ever delayed.
ON_TIME = pd.Timedelta(6, "D")

# What the picture shows, and the share of the reports that its band holds, from the middle.
YEARS_SHOWN, BAND = 5, (0.1, 0.9)

_DAY = np.timedelta64(1, "D")
_NAMES = ("mm_net_share", "mm_net_share_change_4w", "mm_percentile_156w", "commercial_net_share")

type Days = NDArray[np.datetime64]


def compute(sessions: pd.DataFrame, sources: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Net positions of the newest report that each session knew, and how they compare with the reports before it.

    Of each report the version counts that came last. All columns are NULL where the newest report is more than 19 days older than
    the session.

    Args:
        sessions: data_date and decided_at of one symbol, in order of date.
        sources: cot_weekly; empty where there is none.

    Returns:
        The family's columns, float64, on the index of `sessions`.
    """
    found = np.full((len(sessions), len(_NAMES)), np.nan)
    for own, reports, managed, commercial in _as_known(sources[SOURCE], sessions):
        found[own] = _of_newest(reports, managed, commercial)
    return pd.DataFrame(found, columns=list(_NAMES), index=sessions.index)


def _as_known(rows: pd.DataFrame, sessions: pd.DataFrame) -> Iterator[tuple[Places, Days, Floats, Floats]]:
    """Sessions that knew the same reports, the newest of which is not too old for them.

    Yields:
        The places of the sessions; of the reports that they knew, in order of date, the dates, and the net shares of managed
        money and of the commercials in what was open.
    """
    rows = rows[rows["market_code"].eq(MARKET)]
    reports, at = np.unique(rows["observed_on"].to_numpy().astype("datetime64[D]"), return_inverse=True)
    interest = rows["open_interest"].to_numpy("float64")
    managed, commercial = (
        (rows[f"{who}_long"] - rows[f"{who}_short"]).to_numpy("float64") / interest for who in ("mm", "prod_merc")
    )
    dates = sessions["data_date"].to_numpy().astype("datetime64[D]")
    known = np.full((2, len(reports)), np.nan)
    for came, own in arrivals(rows["available_at"], sessions["decided_at"]):
        # Of several versions of one report the last of them stays.
        known[:, at[came]] = managed[came], commercial[came]
        there = np.flatnonzero(~np.isnan(known[0]))
        if len(there):
            fresh = own[dates[own] - reports[there[-1]] <= OLDEST * _DAY]
            yield fresh, reports[there], known[0, there], known[1, there]


def _of_newest(reports: Days, managed: Floats, commercial: Floats) -> tuple[float, float, float, float]:
    """The columns of the last of these reports, in their order."""
    newest = managed[-1]
    comparable = len(managed) > CHANGE and reports[-1] - reports[-1 - CHANGE] <= CHANGE_DAYS * _DAY
    window = managed[-RANK_WINDOW:]
    # Equal values share their mean rank.
    rank = ((window < newest).sum() + (window <= newest).sum() + 1) / 2
    return (
        newest,
        newest - managed[-1 - CHANGE] if comparable else np.nan,
        rank / len(window) if len(window) >= RANK_MINIMUM else np.nan,
        commercial[-1],
    )


def covered(sessions: pd.DataFrame, sources: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Of every column, whether the files cover the session: whether it would have a value had no report been delayed.

    Args:
        sessions, sources: as `compute` takes them.

    Returns:
        bool, on the index of `sessions`.
    """
    rows = sources[SOURCE].drop_duplicates(["market_code", "observed_on"])
    on_time = rows.assign(available_at=(rows["observed_on"] + ON_TIME).dt.tz_localize("UTC"))
    return compute(sessions, {SOURCE: on_time}).notna()


def show(sessions: pd.DataFrame, sources: Mapping[str, pd.DataFrame]) -> Panels | str:
    """What managed money and the commercials held, and where the former was among the reports of three years, as each session of
    the last years knew it.

    Args:
        sessions, sources: as `compute` takes them.
    """
    date, decided_at = sessions["data_date"].iloc[-1], sessions["decided_at"].iloc[-1]
    rows = sources[SOURCE]
    rows = rows[rows["market_code"].eq(MARKET) & rows["available_at"].lt(decided_at)]
    if rows.empty:
        return f"At the decision of {date:%Y-%m-%d} no report is known."
    dates = pd.DatetimeIndex(sessions["data_date"])
    band = np.full((len(sessions), 2), np.nan)
    for own, _, managed, _ in _as_known(rows, sessions):
        if len(managed) >= RANK_MINIMUM:
            band[own] = np.quantile(managed[-RANK_WINDOW:], BAND)
    # In percent: the fields are fractions.
    shown = slice(dates[-1] - pd.DateOffset(years=YEARS_SHOWN), None)
    by_day = 100.0 * compute(sessions, {SOURCE: rows}).set_axis(dates, axis=0).loc[shown]
    usual = pd.DataFrame(100.0 * band, columns=["low", "high"], index=dates).loc[shown]
    share, change, rank, commercial = (by_day[name] for name in _NAMES)
    report = rows["observed_on"].max()
    since = rows.loc[rows["observed_on"].eq(report), "available_at"].min()
    moved = f"{change.iloc[-1]:+.1f} in four reports" if change.notna().iloc[-1] else "four reports before not known"
    known = f"known {since:%Y-%m-%d %H:%M} UTC"
    if np.isnan(share.iloc[-1]):
        words = dict.fromkeys(_NAMES, "no value") | {
            "mm_net_share": f"no value: the newest report that had come out is of {report:%Y-%m-%d}, {(date - report).days} days "
            f"before the session, {known}"
        }
    else:
        words = {
            "mm_net_share": f"{share.iloc[-1]:+.1f} % of what is open, {moved}; report of {report:%Y-%m-%d}, {known}",
            "mm_percentile_156w": f"{rank.iloc[-1]:.0f} %, where 100 is the highest"
            if rank.notna().iloc[-1]
            else f"none: fewer than {RANK_MINIMUM} reports are known",
            "commercial_net_share": f"{commercial.iloc[-1]:+.1f} % of what is open",
        }
    open_share = "% of what is open"
    return Panels(
        f"positions in the Commitments of Traders, session of {date:%Y-%m-%d}",
        decided_at,
        (
            Panel(
                "Managed money: long less short, as each session knew it",
                words["mm_net_share"],
                open_share,
                lines={_MONEY: share},
                bands={f"80 % of the {RANK_WINDOW} reports to then": usual},
                marks={_NEWEST: share.iloc[-1:].dropna()},
            ),
            Panel(
                f"Its rank among the {RANK_WINDOW} reports to then",
                words["mm_percentile_156w"],
                "% of reports",
                lines={"rank of managed money": rank},
                marks={_NEWEST: rank.iloc[-1:].dropna()},
                lowest=0.0,
            ),
            Panel(
                "Producers, merchants, processors and users: long less short",
                words["commercial_net_share"],
                open_share,
                lines={"commercials": commercial},
                marks={_NEWEST: commercial.iloc[-1:].dropna()},
            ),
        ),
    )


_MONEY, _NEWEST = "managed money", "newest report"
_INTEREST, _OLD = f"{SOURCE}.open_interest", f"; NULL where the report is more than {OLDEST} days old"
_MANAGED = (f"{SOURCE}.mm_long", f"{SOURCE}.mm_short", _INTEREST)


def _column(name: str, meaning: str, formula: str, made_from: tuple[str, ...], low: float, high: float) -> FamilyColumn:
    return FamilyColumn(Column(name, ColumnType.FLOAT64, meaning, FRACTION), STRUCT, formula + _OLD, made_from, low, high)


def _as_it_is(name: str) -> ModelInput:
    column = f"{STRUCT}_{name}"
    return ModelInput(column, (column,), lambda view: view[column])


FAMILY = Family(
    name="cot",
    phase="fundamentals",
    description="Net positions of managed money and of the commercials in soybean oil futures, from the CFTC's weekly report, "
    "each week as it was known when the session decided. In the shutdowns of 2013, 2018-19 and 2025 and after the attack on ION "
    "in 2023 none came for weeks: the sessions then have no value.",
    columns=(
        _column(
            "mm_net_share",
            "what managed money holds long less short, of all that is open",
            "(mm_long - mm_short) / open_interest of the newest report",
            _MANAGED,
            -1.0,
            1.0,
        ),
        _column(
            "mm_net_share_change_4w",
            "its change over four reports",
            f"less that of {CHANGE} reports before; NULL where one between is missing",
            _MANAGED,
            -2.0,
            2.0,
        ),
        _column(
            "mm_percentile_156w",
            "managed money's net share among those of three years: 1 is the highest",
            f"mean rank among the last {RANK_WINDOW} reports / their number; NULL with fewer than {RANK_MINIMUM}",
            _MANAGED,
            0.0,
            1.0,
        ),
        _column(
            "commercial_net_share",
            "what producers, merchants, processors and users hold long less short, of all that is open",
            "(prod_merc_long - prod_merc_short) / open_interest of the newest report",
            (f"{SOURCE}.prod_merc_long", f"{SOURCE}.prod_merc_short", _INTEREST),
            -1.0,
            1.0,
        ),
    ),
    needs=(
        SourceNeed(
            SOURCE,
            (),
            "a report: its date + 3 federal business days, 15:30 New York; delayed ones on the day on which they came out",
        ),
    ),
    # Not the percentile, which is for people: it begins two years after the others, and 42 % of the first test fold lie outside
    # all that came before (the gate allows 25 %).
    inputs=tuple(_as_it_is(name) for name in ("mm_net_share", "mm_net_share_change_4w", "commercial_net_share")),
    compute=compute,
    show=show,
    # Shutdowns and an attack took 104 of 3,893 sessions, at most 35 of the 252 of a year (2019).
    coverage=0.85,
    symbols=(ZL.symbol,),
    covered=covered,
)
