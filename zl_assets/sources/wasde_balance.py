"""`raw_intelligence.wasde_balance`: the balances of U.S. soybean oil in each release of USDA's WASDE.

Belongs here: the table, its source, its checks, and which files USDA has. Must not be here: what is in a file (wasde_files.py),
when a release is known (domain/wasde.py).
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import pandas as pd

from zl_assets.contracts.columns import INGESTION_TS, real
from zl_assets.domain.checks import Check, Level, unique_key
from zl_assets.domain.rules import wasde as rules
from zl_assets.domain.wasde import RULE
from zl_assets.instruments.base import Instrument
from zl_assets.settings import Settings
from zl_assets.sources.base import Checks, Loaded, Source, SourceAsset, held_against_files, stored_so_far
from zl_assets.sources.fetching import Wanted
from zl_assets.sources.outside import fetch_all, not_there
from zl_assets.sources.wasde_files import VERSIONS, Balances, read_wasde, require_readable
from zl_assets.warehouse.contract import Column, ColumnType, TableContract
from zl_assets.warehouse.shape import empty_frame
from zl_assets.warehouse.verdict import RowRule

TABLE = "wasde_balance"
HOST = "www.usda.gov"
UNSET = (
    "ZL_WASDE is not set, so nothing is loaded, and columns that need USDA's supply and demand estimates stay NULL. Set it to a "
    f"file or folder of USDA's historical WASDE data (CSV files, or zip archives of them), or to https://{HOST}."
)

# https://www.usda.gov/historical-wasde-report-data-1: two archives of the first years, and a file of each month since.
FOLDER, NAME = "sites/default/files/documents", "oce-wasde-report-data"
ARCHIVES = ("2010-04-to-2015-12", "2016-01-to-2020-12")
FIRST_MONTH = (2021, 1)

# The earliest day of a month on which one of the 178 real releases came.
EARLIEST_DAY = 8

# Days after its end from which on a month's file is not asked for again, and neither where there is none: USDA puts a correction
# beside it under another name, and what was published first is what was known.
LATE = dt.timedelta(days=30)

_POUNDS = "million pounds"

CONTRACT = TableContract(
    dataset="raw_intelligence",
    table=TABLE,
    description="Balances of U.S. soybean oil in USDA's World Agricultural Supply and Demand Estimates, as each release printed "
    "them for its own month, with the time at which it became known. A revision of a release is a row of its own.",
    columns=(
        Column(
            "wasde_number",
            ColumnType.INT64,
            "number of the release; one that came again has it again, on another day",
            nullable=False,
        ),
        Column("observed_on", ColumnType.DATE, "day of the release", nullable=False),
        Column("market_year", ColumnType.STRING, "marketing year, October to September, e.g. 2010/11", nullable=False),
        Column("available_at", ColumnType.TIMESTAMP, f"when the balance became known: {RULE}", "UTC", nullable=False),
        real("beginning_stocks", "stocks at the begin of the marketing year", _POUNDS, nullable=False),
        real("production", "production", _POUNDS, nullable=False),
        real("imports", "imports", _POUNDS, nullable=False),
        real("total_supply", "Supply, Total", _POUNDS, nullable=False),
        real("domestic_use", "Domestic, or Domestic Disappearance", _POUNDS, nullable=False),
        real("biofuel", "of domestic use that for biofuel; NULL where the release has no such line", _POUNDS),
        real("exports", "exports", _POUNDS, nullable=False),
        real("total_use", "Use, Total", _POUNDS, nullable=False),
        real("ending_stocks", "Ending Stocks", _POUNDS, nullable=False),
        real("price_low", "average price, or the lower end of its range", "cents per pound"),
        real("price_high", "average price, or the upper end of its range", "cents per pound"),
        Column(
            "biofuel_line", ColumnType.STRING, "what the release called biofuel, in lower case; NULL where it has no such line"
        ),
        Column("vintage", ColumnType.DATE, "day of the download, from the name of the file or folder; NULL: it does not say"),
        INGESTION_TS,
    ),
    key=(*rules.BALANCE, "available_at"),
    partition_by="observed_on",
)


def _contract(instruments: Sequence[Instrument]) -> TableContract:
    return CONTRACT


def _rules(instruments: Sequence[Instrument]) -> tuple[RowRule, ...]:
    return rules.WASDE_RULES


def wanted(address: str, now: dt.datetime) -> Iterator[Wanted]:
    """The files that USDA has at a time (UTC), the newest first.

    Args:
        address: the publisher's, or a mirror's with the same paths.
    """
    month = dt.date(now.year, now.month, 1)
    if now.day < EARLIEST_DAY:
        month = _before(month)
    while (month.year, month.month) >= FIRST_MONTH:
        name, end = f"{NAME}-{month:%Y-%m}.csv", _after(month)
        yield Wanted(f"WASDE of {month:%Y-%m}", name, f"{address}/{FOLDER}/{name}", settled_on=end + LATE)
        month = _before(month)
    for years in ARCHIVES:
        name = f"{NAME}-{years}.zip"
        yield Wanted(f"WASDE of {years}", name, f"{address}/{FOLDER}/{name}", settled_on=dt.date(*FIRST_MONTH, 1) + LATE)


def _before(month: dt.date) -> dt.date:
    return (month - dt.timedelta(days=1)).replace(day=1)


def _after(month: dt.date) -> dt.date:
    return (month + dt.timedelta(days=31)).replace(day=1)


def _fetch(settings: Settings, now: dt.datetime) -> dict[str, str]:
    return fetch_all(settings, "wasde", lambda address: wanted(address, now), now, require_readable)


def _files_now(settings: Settings, as_of: dt.date) -> Balances:
    """What there is; where nothing has been fetched yet, the addresses as refused."""
    place, absent = settings.files_of("wasde"), not_there(settings, "wasde", UNSET)
    if place is None or absent:
        return Balances(empty_frame(CONTRACT), refused=absent)
    return read_wasde(place, CONTRACT, as_of)


def _read(settings: Settings, of: SourceAsset, as_of: dt.date) -> Loaded:
    if settings.wasde is None:
        return Loaded(empty_frame(CONTRACT), nothing=UNSET)
    read = _files_now(settings, as_of)
    refused = "; ".join(read.refused.values()) or "none"
    unknown = [f"{place}: the balance has a line {line!r}, which nothing here reads." for line, place in read.unknown.items()]
    releases = read.frame["observed_on"].drop_duplicates()
    return Loaded(
        read.frame,
        facts={
            "source": str(settings.wasde),
            "as_of": str(as_of),
            "files": pd.DataFrame([{"file": name, "balances": rows} for name, rows in read.files.items()] or [{"file": "none"}]),
            "releases": len(releases),
            "newest_release": f"{releases.max():%Y-%m-%d}" if len(releases) else "none",
            "refused": refused,
            "copies_dropped": read.copies,
            "balances_after_as_of_left_out": read.later,
            "lines_not_known": "; ".join(unknown) or "none",
            "not_read": ", ".join(read.not_read) or "none",
        },
        warnings=(*read.refused.values(), *unknown),
        nothing=f"no balance of {settings.wasde} can be used: {refused}" if read.frame.empty else "",
    )


def _checks(settings: Settings, of: SourceAsset) -> Checks:
    asset = of.key

    def files(as_of: dt.date) -> Mapping[str, object]:
        read = _files_now(settings, as_of)
        return {"refused": read.refused, "source": read.frame}

    ask: Callable[..., Check] = partial(Check, asset)
    replace_it = "Look at the release at USDA, delete these rows, and refresh with a sound file."
    return Checks(
        (
            unique_key(
                asset, CONTRACT.key, "One row per release, marketing year and time at which it became known.", Level.ERROR
            ),
            ask(
                "wasde_files_accepted",
                "Every file of ZL_WASDE could be read, and contradicts no other. A warning if ZL_WASDE is not set.",
                "Replace the named file with a new download, or take it out of the folder of ZL_WASDE, and refresh. Rows that "
                "the table already has of it stay.",
                lambda seen: rules.wasde_files_accepted(seen.found["refused"]),
                Level.ERROR if settings.wasde is not None else Level.WARNING,
            ),
            ask(
                "balance_adds_up",
                "Every balance adds up to 1 million pounds: supply, use and ending stocks.",
                replace_it,
                lambda seen: rules.balance_adds_up(seen.values[asset]),
            ),
            ask(
                "balance_in_range",
                "Every balance is one of soybean oil in million pounds, and its price in cents per pound.",
                replace_it,
                lambda seen: rules.balance_in_range(seen.values[asset]),
            ),
            ask(
                "wasde_dates_agree",
                "Every release came in the month of its number, with its three marketing years.",
                replace_it,
                lambda seen: rules.wasde_dates_agree(seen.values[asset]),
            ),
            ask(
                "wasde_available_by_rule",
                "No release was known before its rule says, and one without a vintage on its own day.",
                "Somebody edited available_at in the table, or the rule has changed: empty the table and refresh.",
                lambda seen: rules.wasde_available_by_rule(seen.values[asset]),
            ),
            ask(
                "no_vanished_release",
                "Every stored balance is still in the files. Not asked while a file is refused: what is stored of it stays.",
                "Put the files that are gone back, or accept that the table keeps their rows: nothing is deleted on its own.",
                lambda seen: rules.no_vanished_release(held_against_files(seen, asset), seen.found["source"]),
            ),
            ask(
                "releases_without_gap",
                "Between the first release and the last no number is missing. A warning, by number.",
                "Download the files of these releases. A month that a shutdown took out has no number.",
                lambda seen: rules.releases_without_gap(seen.values[asset]),
                Level.WARNING,
            ),
            ask(
                "wasde_fresh",
                "The newest release is not too old to be used. A warning.",
                "Download the newest release, or see on the asset's page (`not_fetched`) why it did not come.",
                lambda seen: rules.wasde_fresh(stored_so_far(seen, asset), seen.as_of),
                Level.WARNING,
            ),
        ),
        files,
        "The table against its rules, the files and the calendar.",
    )


SOURCE = Source(
    table=TABLE,
    contract=_contract,
    setting="wasde",
    unset=UNSET,
    releases={"a release": RULE},
    fetch=_fetch,
    read=_read,
    rules=_rules,
    checks=_checks,
    detail="Loaded from ZL_WASDE. In a session's features a release counts from then on:",
    kinds=frozenset({"bigquery", "csv"}),
    versions=VERSIONS,
)
