"""`raw_intelligence.cot_weekly`: who holds the soybean oil futures, week by week, as the CFTC reports it.

Belongs here: the table, its files, when a report is known, its rules and checks. Must not be here: what holds of any table of
versions (versioned_files.py), a feature (domain/families/cot.py).

Files are the disaggregated report, futures only, as the CFTC has it: a zip of a year (`fut_disagg_txt_2013.zip`) or the text in
it. The report date is in a column that was renamed in 2013; the texts have blanks around names and numbers.
https://www.cftc.gov/MarketReports/CommitmentsofTraders/ExplanatoryNotes/index.htm
"""

import csv
import datetime as dt
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from zl_assets.contracts.columns import INGESTION_TS
from zl_assets.domain.checks import Check, Level
from zl_assets.domain.families.cot import MARKET, OLDEST
from zl_assets.domain.releases import NEW_YORK, business_days
from zl_assets.domain.revisions import Versions
from zl_assets.domain.rules import versions
from zl_assets.domain.rules.offenders import day, offending, pick
from zl_assets.settings import Settings
from zl_assets.sources import cells, versioned_files
from zl_assets.sources.base import Checks, Loaded, Source, SourceAsset
from zl_assets.sources.fetching import Wanted
from zl_assets.sources.notes import first_of
from zl_assets.sources.outside import fetch_all
from zl_assets.sources.versioned_files import VersionedFiles
from zl_assets.warehouse.contract import Column, ColumnType, TableContract
from zl_assets.warehouse.errors import DataFault
from zl_assets.warehouse.shape import empty_frame
from zl_assets.warehouse.verdict import MAX_OFFENDERS, Verdict

TABLE = "cot_weekly"
HOST = "www.cftc.gov"
UNSET = (
    "ZL_COT is not set, so nothing is loaded, and columns that need the Commitments of Traders stay NULL. Set it to a folder of "
    f"the CFTC's yearly files (fut_disagg_txt_2025.zip), or to https://{HOST}."
)

# The report is out at this time of its day in New York, so many federal business days after its date. The CFTC's calendar of 2024
# and the originals of 2025 agree with that. A day off by executive order (24 December 2019, 24 December 2020) is not in the
# calendar: the rule may then be a day early.
PUBLISHED, BUSINESS_DAYS = dt.time(15, 30), 3
RELEASE = f"report date + {BUSINESS_DAYS} federal business days, {PUBLISHED:%H:%M} New York: first used on the business day after"
DELAYED_RELEASE = (
    f"the day in the list of delayed reports, {PUBLISHED:%H:%M} New York (shutdowns of 2013, 2018-19 and 2025, the attack on ION "
    "of 2023)"
)

# Report date: the day on which it came out, where that was not by the rule.
DELAYED = {
    # Shutdown 2013-10-01 to 10-16. When the reports came is not known, and they were there by then: an upper bound.
    **dict.fromkeys(("2013-10-01", "2013-10-08", "2013-10-15", "2013-10-22", "2013-10-29"), "2013-11-08"),
    # Shutdown 2018-12-22 to 2019-01-25: the first on Friday 2019-02-01, then one on each Tuesday and Friday until 2019-03-08, as
    # the CFTC said on 2019-01-29.
    "2018-12-24": "2019-02-01",
    "2018-12-31": "2019-02-05",
    "2019-01-08": "2019-02-08",
    "2019-01-15": "2019-02-12",
    "2019-01-22": "2019-02-15",
    "2019-01-29": "2019-02-19",
    "2019-02-05": "2019-02-22",
    "2019-02-12": "2019-02-26",
    "2019-02-19": "2019-03-01",
    "2019-02-26": "2019-03-05",
    "2019-03-05": "2019-03-08",
    # The attack on ION: the first as the CFTC's notice of 2023-02-24 has it, the others by mid-March: an upper bound.
    "2023-01-31": "2023-02-24",
    **dict.fromkeys(("2023-02-07", "2023-02-14", "2023-02-21", "2023-02-28", "2023-03-07"), "2023-03-17"),
    # Shutdown of 2025: the CFTC's schedule of 2025-11-18.
    "2025-09-30": "2025-11-19",
    "2025-10-07": "2025-11-21",
    "2025-10-14": "2025-11-25",
    "2025-10-21": "2025-12-02",
    "2025-10-28": "2025-12-05",
    "2025-11-04": "2025-12-09",
    "2025-11-10": "2025-12-12",
    "2025-11-18": "2025-12-16",
    "2025-11-25": "2025-12-19",
    "2025-12-02": "2025-12-23",
    "2025-12-09": "2025-12-30",
    "2025-12-16": "2026-01-06",
    "2025-12-23": "2026-01-09",
    "2025-12-30": "2026-01-13",
}

# The first year that is asked for, and the days after its end from which on a year's file does not change any more: the last
# report of 2018 came on 2019-02-05.
FIRST_YEAR = 2010
LATE = dt.timedelta(days=180)

# Reports further apart than this have one between them that is missing: they are 6 to 8 days apart in the 835 of 2010 to 2025.
WEEK_AT_MOST = 8
# Our column: the CFTC's, and what it counts.
POSITIONS = {
    "open_interest": ("Open_Interest_All", "contracts that are open"),
    "prod_merc_long": ("Prod_Merc_Positions_Long_All", "long, of producers, merchants, processors and users"),
    "prod_merc_short": ("Prod_Merc_Positions_Short_All", "short, of producers, merchants, processors and users"),
    "swap_long": ("Swap_Positions_Long_All", "long, of swap dealers"),
    "swap_short": ("Swap__Positions_Short_All", "short, of swap dealers"),
    "swap_spread": ("Swap__Positions_Spread_All", "long and short in other months, of swap dealers"),
    "mm_long": ("M_Money_Positions_Long_All", "long, of managed money"),
    "mm_short": ("M_Money_Positions_Short_All", "short, of managed money"),
    "mm_spread": ("M_Money_Positions_Spread_All", "long and short in other months, of managed money"),
    "other_long": ("Other_Rept_Positions_Long_All", "long, of others who report"),
    "other_short": ("Other_Rept_Positions_Short_All", "short, of others who report"),
    "other_spread": ("Other_Rept_Positions_Spread_All", "long and short in other months, of others who report"),
    "nonrept_long": ("NonRept_Positions_Long_All", "long, of those too small to report"),
    "nonrept_short": ("NonRept_Positions_Short_All", "short, of those too small to report"),
}
_MARKET_CODE, _SHORT_DATE, _KIND = "CFTC_Contract_Market_Code", "As_of_Date_In_Form_YYMMDD", "FutOnly_or_Combined"
_DATES = ("Report_Date_as_YYYY-MM-DD", "Report_Date_as_MM_DD_YYYY")
_FUTURES_ONLY = "FutOnly"

# A text of a year of all markets has about 5 MB.
_MAX_BYTES = 200_000_000

CONTRACT = TableContract(
    dataset="raw_intelligence",
    table=TABLE,
    description="Weekly Commitments of Traders of soybean oil futures (disaggregated, futures only), with the time at which each "
    "report became known. A revision is a row of its own.",
    columns=(
        Column("market_code", ColumnType.STRING, f"the CFTC's code of the market: {MARKET}", nullable=False),
        Column("observed_on", ColumnType.DATE, "the report's date: positions at the close of that day", nullable=False),
        Column(
            "available_at",
            ColumnType.TIMESTAMP,
            f"when the report became known: {RELEASE}; or {DELAYED_RELEASE}; of a later vintage that differs when its day had "
            "passed",
            "UTC",
            nullable=False,
        ),
        *(Column(name, ColumnType.INT64, says, "contracts", nullable=False) for name, (_, says) in POSITIONS.items()),
        Column("vintage", ColumnType.DATE, "day of the download, from the name of the file or folder; NULL: it does not say"),
        INGESTION_TS,
    ),
    key=("market_code", "observed_on", "available_at"),
    partition_by="observed_on",
)
VERSIONS = Versions(of=("market_code", "observed_on"), values=tuple(POSITIONS))


def known_by_rule(reports: "pd.Series[pd.Timestamp]") -> "pd.Series[pd.Timestamp]":
    """When reports became known: by the rule, or on the day of the list of delayed ones.

    Args:
        reports: report dates; naive, midnight.

    Returns:
        datetime64[ns, UTC] on the same index.
    """
    days = reports.to_numpy().astype("datetime64[D]")
    usual = np.busday_offset(days, BUSINESS_DAYS, roll="forward", busdaycal=business_days()).astype("datetime64[ns]")
    delayed = pd.to_datetime(reports.dt.strftime("%Y-%m-%d").map(DELAYED)).astype("datetime64[ns]")
    local = delayed.fillna(pd.Series(usual, index=reports.index)) + pd.Timedelta(hours=PUBLISHED.hour, minutes=PUBLISHED.minute)
    return local.dt.tz_localize(NEW_YORK).dt.tz_convert("UTC").dt.as_unit("ns")


# --- rules


def positions_add_up(frame: pd.DataFrame) -> Verdict:
    """Of every report no position is negative, and the long sides add up to the open interest, as the short ones do."""
    spreads = frame[["swap_spread", "mm_spread", "other_spread"]].sum(axis=1)
    sides = pd.DataFrame(
        {
            side: frame[[f"{who}_{side}" for who in ("prod_merc", "swap", "mm", "other", "nonrept")]].sum(axis=1) + spreads
            for side in ("long", "short")
        }
    )
    bad = (
        frame[list(POSITIONS)].lt(0).any(axis=1)
        | frame["open_interest"].le(0)
        | sides.ne(frame["open_interest"], axis=0).any(axis=1)
    )
    explanation = (
        f"{bad.sum():,} of {len(frame):,} reports have a negative position, or sides that do not add up to the open interest: "
        "columns that were shifted, or an edited file."
    )
    return offending("positions_add_up", frame, pick(frame.join(sides), bad, ["open_interest", "long", "short"]), explanation)


def report_days(frame: pd.DataFrame) -> Verdict:
    """Every report is of a Tuesday, or the Monday before or the Wednesday after one that is a holiday."""
    bad = ~frame["observed_on"].dt.dayofweek.between(0, 2)
    explanation = f"{bad.sum():,} of {len(frame):,} reports are of a day from Thursday to Sunday: their dates are off."
    shown = frame.assign(weekday=frame["observed_on"].dt.day_name())
    return offending("report_days", frame, pick(shown, bad, ["weekday"]), explanation)


def reports_without_gap(frame: pd.DataFrame) -> Verdict:
    """Between the first report and the last none is missing."""
    days = frame["observed_on"].drop_duplicates().sort_values(ignore_index=True)
    gaps = pd.DataFrame({"after": days.shift(), "before": days, "days": (days - days.shift()).dt.days})
    bad = gaps[gaps["days"] > WEEK_AT_MOST]
    return Verdict(
        name="reports_without_gap",
        passed=bad.empty,
        measured=len(bad),
        bound=f"0 gaps of more than {WEEK_AT_MOST} days",
        offenders=bad.head(MAX_OFFENDERS),
        explanation=f"Between {len(days):,} reports there are {len(bad)} gaps in which some are missing: sessions after them "
        "have no change over four reports.",
    )


def reports_fresh(frame: pd.DataFrame, as_of: dt.date) -> Verdict:
    """The newest report is not too old for a session."""
    return versions.fresh("reports_fresh", frame, as_of, OLDEST, "report that the table has is")


ROW_RULES = (positions_add_up, report_days)


# --- files


def read_file(file: Path, last: dt.date) -> pd.DataFrame:
    """The soybean oil reports of one file, a zip or the text in it.

    Args:
        last: the day after which no report can be.

    Raises:
        DataFault: it is damaged, cut off, another report, of another year than its name says, without soybean oil, or has a date
            after `last`; it names the file and the line.
        OSError: it cannot be read.
    """
    parts = [_of_text(place, text, last) for place, text in _texts(file)]
    rows = pd.concat(parts, ignore_index=True)
    _require_years(file, rows)
    return rows


def _texts(file: Path) -> Iterator[tuple[str, str]]:
    """The texts of a file, with what each is called."""
    if file.suffix.lower() != ".zip":
        yield str(file), _decoded(str(file), file.read_bytes())
        return
    content = file.read_bytes()
    if content.lstrip()[:1] == b"<":
        raise DataFault(f"{file}: this is a web page (HTML or XML), not a zip, in spite of its name. Download it again.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [member for member in archive.infolist() if member.filename.lower().endswith(".txt")]
            if not members:
                raise DataFault(f"{file}: it holds no .txt, as the CFTC's zips do. Download it again.")
            for member in members:
                if member.file_size > _MAX_BYTES:
                    raise DataFault(f"{file}, {member.filename}: it has {member.file_size:,} bytes; no report has so many.")
                place = f"{file}, {member.filename}"
                yield place, _decoded(place, archive.read(member))
    # A RuntimeError is of an archive that is encrypted, or packed in another way.
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise DataFault(f"{file}: not a readable zip ({error}): cut off, or damaged. Download it again.") from error


def _decoded(place: str, content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataFault(f"{place}: not UTF-8 text ({error.reason} at byte {error.start}). Download it again.") from error
    if text.lstrip()[:1] == "<":
        raise DataFault(f"{place}: this is a web page (HTML or XML), not a report, in spite of its name. Download it again.")
    if not text.endswith(("\n", "\r")):
        raise DataFault(f"{place}: it ends within line {len(text.splitlines()) or 1}, so it was cut off. Download it again.")
    return text


def _of_text(place: str, text: str, last: dt.date) -> pd.DataFrame:
    """The soybean oil reports of a text; the index is the line."""
    try:
        # Not strict: older texts have a blank between a closing quote and the comma.
        rows = [next(csv.reader([line]), []) for line in text.splitlines()]
    except csv.Error as error:
        raise DataFault(f"{place}: not a readable text ({error}). Download it again.") from error
    table = [(number, [cell.strip() for cell in row]) for number, row in enumerate(rows, 1) if any(cell.strip() for cell in row)]
    header = table[0][1] if table else []
    date = next((name for name in _DATES if name in header), None)
    wanted = [_MARKET_CODE, _SHORT_DATE, _KIND, *(theirs for theirs, _ in POSITIONS.values())]
    missing = [*(name for name in wanted if name not in header), *([] if date else [_DATES[0]])]
    if missing:
        raise DataFault(
            f"{place}, line 1: this is not the disaggregated report, futures only, with its header: it has no column "
            f"{first_of(missing)}. Download fut_disagg_txt_YEAR.zip."
        )
    if len(set(header)) != len(header):
        raise DataFault(f"{place}, line 1: a column appears twice in the header. Download fut_disagg_txt_YEAR.zip.")
    if odd := [number for number, row in table if len(row) != len(header)]:
        raise DataFault(
            f"{place}, line {first_of([str(number) for number in odd])}: not {len(header)} fields, as the header has: cut off, "
            "or edited. Download it again."
        )
    every = pd.DataFrame([row for _, row in table[1:]], [number for number, _ in table[1:]], header, dtype=object)
    if len(other := every[every[_KIND] != _FUTURES_ONLY]):
        raise DataFault(
            f"{place}, line {other.index[0]}: {_KIND} is {other[_KIND].iloc[0]!r}, and only {_FUTURES_ONLY} is read: this is the "
            "report of futures and options. Download fut_disagg_txt_YEAR.zip."
        )
    own = every[every[_MARKET_CODE] == MARKET]
    if own.empty:
        raise DataFault(f"{place}: none of its {len(every):,} rows is of soybean oil ({MARKET}). Download it again, whole.")
    where = Path(place)
    reports = cells.converted(own[str(date)], cells.date, "a date as YYYY-MM-DD", where).astype("datetime64[ns]")
    short = cells.converted(own[_SHORT_DATE], _short_date, "a date as YYMMDD", where).astype("datetime64[ns]")
    _require(reports.notna() & reports.eq(short), place, own[[str(date), _SHORT_DATE]], "the two dates of a report differ")
    _require(reports <= pd.Timestamp(last), place, own[[str(date)]], f"the report is dated after {last}, when it cannot be known")
    counts = {
        ours: cells.converted(own[theirs], cells.whole, "a whole number", where).astype("int64")
        for ours, (theirs, _) in POSITIONS.items()
    }
    said = pd.Series([f"{place}, line {number}" for number in own.index], own.index)
    return pd.DataFrame({"market_code": MARKET, "observed_on": reports, **counts, "place": said})


def _short_date(value: object) -> dt.datetime:
    if not isinstance(value, str) or not re.fullmatch(r"\d{6}", value):
        raise ValueError
    return dt.datetime.strptime(value, "%y%m%d")


def _require(holds: "pd.Series[bool]", place: str, shown: pd.DataFrame, fault: str) -> None:
    if not holds.all():
        number = holds.index[~holds][0]
        values = ", ".join(f"{name} {value!r}" for name, value in shown.loc[number].items())
        raise DataFault(f"{place}, line {number}: {fault} ({values}). Download the file again.")


def _require_years(file: Path, rows: pd.DataFrame) -> None:
    """Refuse a file that is named for other years than its reports'."""
    years = [int(year) for year in re.findall(r"(?<!\d)(?:19|20)\d{2}(?!\d)", file.stem)]
    other = rows[~rows["observed_on"].dt.year.between(min(years), max(years))] if years else rows.head(0)
    if len(other):
        first = other.iloc[0]
        raise DataFault(
            f"{first.place}: the report of {first.observed_on:%Y-%m-%d} is not of {'-'.join(str(year) for year in years)}, which "
            "the file is named for. Rename it, or download it again."
        )


FILES = VersionedFiles(
    setting="cot",
    unset=UNSET,
    contract=CONTRACT,
    versions=VERSIONS,
    suffixes=(".zip", ".txt", ".csv"),
    no_publishers=("cot_release_exceptions.csv",),
    read_file=read_file,
    rule=known_by_rule,
    row_rules=ROW_RULES,
)


# --- the source


def wanted(address: str, now: dt.datetime) -> Iterator[Wanted]:
    """The file of each year of which a report is out, the settled ones among them.

    Args:
        address: the publisher's, or a mirror's with the same paths.
        now: the time, UTC.
    """
    for year in range(now.year, FIRST_YEAR - 1, -1):
        first = pd.Series(pd.date_range(f"{year}-01-01", periods=1, freq="W-TUE").as_unit("ns"))
        if known_by_rule(first).iloc[0] <= pd.Timestamp(now):
            name = f"fut_disagg_txt_{year}.zip"
            yield Wanted(
                f"the reports of {year}", name, f"{address}/files/dea/history/{name}", settled_on=dt.date(year, 12, 31) + LATE
            )


def _fetch(settings: Settings, now: dt.datetime) -> dict[str, str]:
    readable = partial(versioned_files.require_readable, FILES, today=now.date())
    return fetch_all(settings, FILES.setting, lambda address: wanted(address, now), now, readable)


def _read(settings: Settings, of: SourceAsset, as_of: dt.date) -> Loaded:
    if settings.cot is None:
        return Loaded(empty_frame(CONTRACT), nothing=UNSET)
    read = versioned_files.read_now(settings, FILES, as_of)
    reports = read.frame["observed_on"]
    facts = versioned_files.facts_of(read, settings, FILES, as_of)
    facts |= {"reports": int(reports.nunique()), "first": day(reports.min()), "newest": day(reports.max())}
    return Loaded(read.frame, facts, versioned_files.warnings_of(read, FILES), versioned_files.nothing_of(read, FILES))


def _checks(settings: Settings, of: SourceAsset) -> Checks:
    asset = of.key

    def prepare(as_of: dt.date) -> Mapping[str, object]:
        return versioned_files.prepared(settings, FILES, as_of)

    ask: Callable[..., Check] = partial(Check, asset)
    return Checks(
        (
            *versioned_files.checks_of(settings, FILES, asset),
            ask(
                "positions_add_up",
                "Of every report no position is negative, and the long sides add up to the open interest, as the short ones do.",
                "Somebody edited the table: delete these rows, and refresh with the CFTC's file.",
                lambda seen: positions_add_up(seen.values[asset]),
            ),
            ask(
                "report_days",
                "Every report is of a Monday, Tuesday or Wednesday.",
                "Compare the dates with the CFTC's file, delete these rows, and refresh.",
                lambda seen: report_days(seen.values[asset]),
            ),
            ask(
                "reports_without_gap",
                "Between the first report and the last none is missing. A warning, with the gaps.",
                "Put the yearly files of these gaps into the folder of ZL_COT, and refresh.",
                lambda seen: reports_without_gap(seen.values[asset]),
                Level.WARNING,
            ),
            ask(
                "reports_fresh",
                f"The newest report is at most {OLDEST} days old. A warning.",
                "Download the year's file again. In a shutdown there is none: add the days on which its reports come out to "
                "DELAYED in zl_assets/sources/cot_weekly.py.",
                lambda seen: reports_fresh(seen.values[asset], seen.as_of),
                Level.WARNING,
            ),
        ),
        prepare,
        "The table against its rules and the files.",
    )


SOURCE = Source(
    table=TABLE,
    contract=lambda instruments: CONTRACT,
    setting="cot",
    unset=UNSET,
    releases={"a report": RELEASE, "a delayed report": DELAYED_RELEASE},
    fetch=_fetch,
    read=_read,
    rules=lambda instruments: FILES.table_rules,
    checks=_checks,
    detail="Loaded from ZL_COT. In a session's features a report counts from then on:",
    kinds=frozenset({"bigquery", "csv"}),
    versions=VERSIONS,
)
