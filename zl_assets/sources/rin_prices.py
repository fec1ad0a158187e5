"""`raw_intelligence.rin_prices`: what a gallon's worth of renewable fuel, a RIN, cost in each week, as EPA publishes it.

Belongs here: the table, its files, when a week is known, its rules and checks. Must not be here: what holds of any table of
versions (versioned_files.py), a feature (domain/families/biofuel.py).

Files are the table "RIN Price" of EPA's page as it exports it, in any order of rows, with or without a byte-order mark. The week
in which one year ends has prices of both transfer years, so that the transfer year is part of the key.
https://www.epa.gov/fuels-registration-reporting-and-compliance-help/rin-trades-and-price-information
"""

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from zl_assets.contracts.columns import INGESTION_TS, real
from zl_assets.domain.checks import Check, Level
from zl_assets.domain.families.biofuel import OLDEST
from zl_assets.domain.releases import NEW_YORK
from zl_assets.domain.revisions import Versions
from zl_assets.domain.rules import versions
from zl_assets.domain.rules.offenders import day, offending
from zl_assets.settings import Settings
from zl_assets.sources import cells, versioned_files
from zl_assets.sources.base import Checks, Loaded, Source, SourceAsset
from zl_assets.sources.csv_form import form_of
from zl_assets.sources.fetching import Wanted
from zl_assets.sources.outside import fetch_all
from zl_assets.sources.versioned_files import VersionedFiles
from zl_assets.warehouse.contract import Column, ColumnType, TableContract
from zl_assets.warehouse.errors import DataFault
from zl_assets.warehouse.shape import empty_frame
from zl_assets.warehouse.verdict import Verdict

TABLE = "rin_prices"
UNSET = (
    "ZL_RIN is not set, so nothing is loaded, and columns that need RIN prices stay NULL. Set it to a file or folder of the "
    "table RIN Price that EPA's page exports as CSV."
)

# An assumption: EPA puts a month's weeks on its page in the course of the month after, so that they are there at its end, in New
# York. The files do not say when.
PUBLISHED = dt.time(23, 59)
RELEASE = f"{PUBLISHED:%H:%M} New York on the last day of the month after the week's: first used on the session after"

HEADER = ("Transfer Date by Week", "Transfer Year", "RIN Year", "Fuel (D Code)", "QAP Service Type", "RIN Price")

# EPA leaves trades below 5 cents (D3: 20) and above 3 dollars (D3: 5) out of its means, as its page says; the weeks of 2010 to
# 2022 have 0.01 to 3.50.
HIGHEST = 10.0

CONTRACT = TableContract(
    dataset="raw_intelligence",
    table=TABLE,
    description="Weekly volume-weighted mean prices of separated RINs, with the time at which each became known. A revision is a "
    "row of its own.",
    columns=(
        Column("observed_on", ColumnType.DATE, "the Monday that begins the week of the transfers", nullable=False),
        Column("rin_year", ColumnType.INT64, "the year in which the fuel was made", "year", nullable=False),
        Column("transfer_year", ColumnType.INT64, "the year of the transfers: a week may have two", "year", nullable=False),
        Column(
            "d_code",
            ColumnType.STRING,
            "the fuel: D3 cellulosic, D4 biomass-based diesel, D5 advanced, D6 renewable, D7 cellulosic diesel",
            nullable=False,
        ),
        Column("service", ColumnType.STRING, "who vouches for it: Unverified, Q-RIN, and others before 2015", nullable=False),
        Column(
            "available_at",
            ColumnType.TIMESTAMP,
            f"when the price became known: {RELEASE}; of a later vintage that differs when its day had passed",
            "UTC",
            nullable=False,
        ),
        real("price", "volume-weighted mean; of a price that is given as a range its middle", "US dollars a RIN", nullable=False),
        Column("vintage", ColumnType.DATE, "day of the download, from the name of the file or folder; NULL: it does not say"),
        INGESTION_TS,
    ),
    key=("observed_on", "rin_year", "transfer_year", "d_code", "service", "available_at"),
    partition_by="observed_on",
)
VERSIONS = Versions(of=("observed_on", "rin_year", "transfer_year", "d_code", "service"), values=("price",))

_US_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_AMOUNT = r"\$? ?([0-9]+(?:\.[0-9]+)?)"
_PRICE = re.compile(rf"{_AMOUNT}(?: ?(?:-|\u2013|to) ?{_AMOUNT})?")
_CODE = re.compile(r"D[3-7]")


def known_by_rule(weeks: "pd.Series[pd.Timestamp]") -> "pd.Series[pd.Timestamp]":
    """When the prices of weeks became known.

    Args:
        weeks: the first day of each; naive, midnight.

    Returns:
        datetime64[ns, UTC] on the same index.
    """
    after = weeks.to_numpy().astype("datetime64[M]") + np.timedelta64(2, "M")
    end = pd.Series((after.astype("datetime64[D]") - np.timedelta64(1, "D")).astype("datetime64[ns]"), index=weeks.index)
    local = end + pd.Timedelta(hours=PUBLISHED.hour, minutes=PUBLISHED.minute)
    return local.dt.tz_localize(NEW_YORK).dt.tz_convert("UTC").dt.as_unit("ns")


# --- rules


def prices_in_range(frame: pd.DataFrame) -> Verdict:
    """Every price is above 0 and at most 10 dollars."""
    bad = ~(frame["price"].gt(0) & frame["price"].le(HIGHEST))
    explanation = (
        f"{bad.sum():,} of {len(frame):,} prices are not above 0 and up to {HIGHEST:g} dollars: another unit, or damaged."
    )
    return offending("prices_in_range", frame, frame.loc[bad, [*VERSIONS.of, "price"]], explanation)


def weeks_sound(frame: pd.DataFrame) -> Verdict:
    """Every week begins on a Monday, is of its transfer year, and no fuel was made after its transfer or five years before."""
    week, transfer, made = frame["observed_on"], frame["transfer_year"], frame["rin_year"]
    of_week = transfer.eq(week.dt.year) | transfer.eq((week + pd.Timedelta(days=6)).dt.year)
    bad = ~(week.dt.dayofweek.eq(0) & of_week & (transfer - made).between(0, 5)).fillna(False).astype(bool)
    explanation = (
        f"{bad.sum():,} of {len(frame):,} prices are of a week that does not begin on a Monday, of another year than their "
        "transfer year, or of fuel made after it: dates that are off, or columns under each other's name."
    )
    return offending("weeks_sound", frame, frame.loc[bad, list(VERSIONS.of)], explanation)


def prices_fresh(frame: pd.DataFrame, as_of: dt.date) -> Verdict:
    """The newest price is not too old for a session."""
    return versions.fresh("prices_fresh", frame, as_of, OLDEST, "week that the table has is that")


ROW_RULES = (prices_in_range, weeks_sound)


# --- files


def read_file(file: Path, last: dt.date) -> pd.DataFrame:
    """The prices of one file.

    Args:
        last: the day after which no week can begin.

    Raises:
        DataFault: it is no CSV, cut off, has other columns or another order of them, a cell that is no date, year, code or price,
            or a week after `last`; it names the file and the line.
        OSError: it cannot be read.
    """
    form = form_of(file)
    lines = cells.csv_lines(file, form.delimiter, form.passed_by)
    found = [str(cell).strip() for cell in lines.iloc[0]]
    if [name.casefold() for name in found] != [name.casefold() for name in HEADER]:
        raise DataFault(
            f"{file}, line {lines.index[0]}: expected the columns {', '.join(HEADER)}, in this order, but found "
            f"{', '.join(found)[:120]!r}. Export the table RIN Price of EPA's page again, as it is."
        )
    if cells.lacks_last_line_end(file):
        raise DataFault(f"{file}, line {lines.index[-1]}: the file ends within this line, so it was cut off. Get it again.")
    rows = lines.iloc[1:].set_axis(list(HEADER), axis=1).apply(lambda column: column.str.strip())
    frame = pd.DataFrame(
        {
            "observed_on": cells.converted(rows[HEADER[0]], _week, "a date as M/D/YYYY", file).astype("datetime64[ns]"),
            "rin_year": cells.converted(rows[HEADER[2]], _year, "a year", file).astype("Int64"),
            "transfer_year": cells.converted(rows[HEADER[1]], _year, "a year", file).astype("Int64"),
            "d_code": cells.converted(rows[HEADER[3]], _code, "a code, D3 to D7", file).astype("string"),
            "service": cells.converted(rows[HEADER[4]], _service, "a service type", file).astype("string"),
            "price": cells.converted(rows[HEADER[5]], price, "a price as $1.45, or two as $1.40 - $1.50", file).astype("float64"),
            "place": [f"{file}, line {line}" for line in rows.index],
        }
    )
    if len(later := frame[frame["observed_on"] > pd.Timestamp(last)]):
        raise DataFault(
            f"{later['place'].iloc[0]}: the week of {later['observed_on'].iloc[0]:%Y-%m-%d} begins after {last}, when it cannot "
            "be known. Correct the day in the file's name, or get the file again."
        )
    return frame.reset_index(drop=True)


def price(value: object) -> float:
    """A price in dollars; of a range its middle.

    Raises:
        ValueError: it is none, or the range ends below its begin.
    """
    match = _PRICE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError
    low, high = float(match[1]), float(match[2] or match[1])
    if high < low:
        raise ValueError
    return low if high == low else (low + high) / 2


def _week(value: object) -> dt.datetime:
    match = _US_DATE.fullmatch(value) if isinstance(value, str) else None
    return cells.date(f"{match[3]}-{int(match[1]):02d}-{int(match[2]):02d}" if match else value)


def _year(value: object) -> int:
    if not isinstance(value, str) or not re.fullmatch(r"20\d{2}", value):
        raise ValueError
    return int(value)


def _code(value: object) -> str:
    if not isinstance(value, str) or not _CODE.fullmatch(value):
        raise ValueError
    return value


def _service(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError
    return value


FILES = VersionedFiles(
    setting="rin",
    unset=UNSET,
    contract=CONTRACT,
    versions=VERSIONS,
    suffixes=(".csv",),
    no_publishers=(),
    read_file=read_file,
    rule=known_by_rule,
    row_rules=ROW_RULES,
)


# --- the source


def wanted(address: str) -> Iterator[Wanted]:
    """The one file of a mirror. EPA's page makes its export in the browser, and has no address for it that is known here."""
    yield Wanted("RIN prices", "RIN_prices.csv", f"{address}/RIN_prices.csv")


def _fetch(settings: Settings, now: dt.datetime) -> dict[str, str]:
    readable = partial(versioned_files.require_readable, FILES, today=now.date())
    return fetch_all(settings, FILES.setting, wanted, now, readable)


def _read(settings: Settings, of: SourceAsset, as_of: dt.date) -> Loaded:
    if settings.rin is None:
        return Loaded(empty_frame(CONTRACT), nothing=UNSET)
    read = versioned_files.read_now(settings, FILES, as_of)
    weeks = read.frame["observed_on"]
    facts = versioned_files.facts_of(read, settings, FILES, as_of)
    facts |= {"weeks": int(weeks.nunique()), "first": day(weeks.min()), "newest": day(weeks.max())}
    return Loaded(read.frame, facts, versioned_files.warnings_of(read, FILES), versioned_files.nothing_of(read, FILES))


def _checks(settings: Settings, of: SourceAsset) -> Checks:
    asset = of.key

    def prepare(as_of: dt.date) -> Mapping[str, object]:
        return versioned_files.prepared(settings, FILES, as_of)

    return Checks(
        (
            *versioned_files.checks_of(settings, FILES, asset),
            Check(
                asset,
                "prices_in_range",
                "Every price is above 0 and at most 10 dollars.",
                "Somebody edited the table: delete these rows, and refresh with EPA's file.",
                lambda seen: prices_in_range(seen.values[asset]),
            ),
            Check(
                asset,
                "weeks_sound",
                "Every week begins on a Monday, is of its transfer year, and no fuel was made after its transfer or five years "
                "before.",
                "Compare these rows with EPA's file, delete them, and refresh.",
                lambda seen: weeks_sound(seen.values[asset]),
            ),
            Check(
                asset,
                "prices_fresh",
                f"The newest week is at most {OLDEST} days old. A warning.",
                "Export the table RIN Price of EPA's page again, and put it into the folder of ZL_RIN.",
                lambda seen: prices_fresh(seen.values[asset], seen.as_of),
                Level.WARNING,
            ),
        ),
        prepare,
        "The table against its rules and the files.",
    )


SOURCE = Source(
    table=TABLE,
    contract=lambda instruments: CONTRACT,
    setting="rin",
    unset=UNSET,
    releases={"a week's price": RELEASE},
    fetch=_fetch,
    read=_read,
    rules=lambda instruments: FILES.table_rules,
    checks=_checks,
    detail="Loaded from ZL_RIN. In a session's features a price counts from then on:",
    kinds=frozenset({"bigquery", "csv"}),
    versions=VERSIONS,
)
