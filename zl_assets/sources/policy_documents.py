"""`raw_intelligence.policy_documents`: government documents as the Federal Register and the White House list them, and the days
of which they were asked for.

Belongs here: the table, the files it is read from, its rules and checks. Must not be here: when a document is known, and which
rows are one document (domain/documents.py).

A file is refused whole, by name and row, and the others are read: days that only a refused file covers then count as not asked
for. Files are, in one folder or many:

- the Federal Register's JSON (`/api/v1/documents.json`) and CSV (`documents.csv`, or the search page's export), at most 1,000
  rows an answer;
- the files per day, `publication_date,documents_seen`: which days were asked for, by the files of their folder. Without them a
  file covers the days from its first to its last document;
- the White House's pages: `published_at_utc,title,url`, and `document_number,white_house_published_at_utc,title` where the
  Register's number is known.
"""

import datetime as dt
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd

from zl_assets.contracts.columns import INGESTION_TS
from zl_assets.domain.checks import Check, Level, unique_key
from zl_assets.domain.documents import (
    ANY_DAY,
    DAYS,
    DOCUMENT,
    FEDERAL_REGISTER,
    NOTICE,
    PRESIDENTIAL,
    PRESIDENTIAL_DAY,
    PROPOSAL,
    RULE,
    RULES,
    WHITE_HOUSE,
    day_in_washington,
    publication_days,
    published_at,
)
from zl_assets.domain.revisions import Versions
from zl_assets.domain.rules import documents
from zl_assets.domain.rules.rows import DOCUMENT_RULES
from zl_assets.settings import Settings
from zl_assets.sources import cells, federal_register
from zl_assets.sources.base import Checks, Loaded, Source, SourceAsset, stored_so_far
from zl_assets.sources.csv_form import form_of
from zl_assets.sources.dated_files import downloaded_on, files_below
from zl_assets.sources.notes import first_of
from zl_assets.sources.outside import fetch_all, not_there
from zl_assets.warehouse.contract import Column, ColumnType, TableContract
from zl_assets.warehouse.errors import DataFault
from zl_assets.warehouse.shape import conform, empty_frame
from zl_assets.warehouse.verdict import require

TABLE = "policy_documents"
UNSET = (
    "ZL_POLICY is not set, so nothing is loaded, and columns that need government documents stay NULL. Set it to a file or "
    f"folder of the Federal Register's JSON or CSV files, or to https://{federal_register.HOST}."
)

# The most rows that the Federal Register gives in an answer. It does not say when there are more.
MOST_ROWS = 1000

# No publisher's files: put together by hand, with columns of their own.
NO_PUBLISHERS = ("trade_biofuel_events.csv",)

CONTRACT = TableContract(
    dataset="raw_intelligence",
    table=TABLE,
    description="Government documents as the Federal Register and the White House list them, with the time at which each became "
    "known, and the days of which they were asked for.",
    columns=(
        Column(
            "kind",
            ColumnType.STRING,
            f"what the row is: {DOCUMENT}, or a day of which documents were asked for: {' or '.join(DAYS)}",
            nullable=False,
        ),
        Column(
            "document_number",
            ColumnType.STRING,
            "the Federal Register's number; the address of a page without one; of a day the day",
            nullable=False,
        ),
        Column("observed_on", ColumnType.DATE, "day of publication; of a page its day in Washington", nullable=False),
        Column(
            "available_at",
            ColumnType.TIMESTAMP,
            "; ".join(f"{what}: {rule}" for what, rule in RULES.items()),
            "UTC",
            nullable=False,
        ),
        Column("source", ColumnType.STRING, f"who published it: {FEDERAL_REGISTER} or {WHITE_HOUSE}", nullable=False),
        Column("type", ColumnType.STRING, f"{PRESIDENTIAL}, {RULE}, {PROPOSAL}, {NOTICE} or another; NULL: not stated"),
        Column("subtype", ColumnType.STRING, "of a presidential document, e.g. Executive Order; NULL: not stated"),
        Column("title", ColumnType.STRING, "its title; NULL for a day"),
        Column("abstract", ColumnType.STRING, "its abstract; NULL: it has none, or none is in the file"),
        Column("agencies", ColumnType.STRING, "who issued it, parted by semicolons; NULL: not stated"),
        Column("signing_date", ColumnType.DATE, "day on which a president signed it; NULL: not stated"),
        Column("signer", ColumnType.STRING, "the president who signed it; NULL: not stated"),
        Column("executive_order_number", ColumnType.INT64, "of an executive order; NULL: it is none, or not stated"),
        Column("url", ColumnType.STRING, "where it can be read"),
        Column("vintage", ColumnType.DATE, "day of the download that it was first seen in; NULL: not told by a file's name"),
        INGESTION_TS,
    ),
    key=documents.KEY,
    partition_by="observed_on",
    cluster_by=("kind",),
)

# What a document says of itself: two rows of one document may leave out one or the other of these, and not differ in any.
_SAID = ("observed_on", "type", "subtype", "title", "abstract", "agencies", "signing_date", "signer", "executive_order_number")
_COLUMNS = tuple(name for name in CONTRACT.frame_columns if name != "available_at")

# The API's codes and its words for the same.
_TYPES = {
    "presdocu": PRESIDENTIAL,
    "presidential document": PRESIDENTIAL,
    "rule": RULE,
    "prorule": PROPOSAL,
    "proposed rule": PROPOSAL,
    "notice": NOTICE,
}
_NO_ABSTRACT = "No summary provided."

# Our column: the names that it has in the Federal Register's files.
_NAMES = {
    "document_number": ("document_number",),
    "observed_on": ("publication_date",),
    "title": ("title",),
    "type": ("type",),
    "subtype": ("subtype", "presidential_document_type"),
    "abstract": ("abstract",),
    "agencies": ("agencies", "agency_names"),
    "signing_date": ("signing_date",),
    "signer": ("president", "signer"),
    "executive_order_number": ("executive_order_number", "presidential_document_number"),
    "url": ("html_url", "url"),
}
_NEEDED = ("document_number", "publication_date", "title")
_PER_DAY = ("publication_date", "documents_seen")
_BOTH_TIMES = ("document_number", "white_house_published_at_utc", "title")
_PAGES = ("published_at_utc", "title", "url")

_NO_FILES = pd.DataFrame([{"file": "none"}])

_US_DATE = re.compile(r"(\d{2})/(\d{2})/(\d{4})")
_UTC_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(?::\d{2})?(?:Z|\+00:?00)")


@dataclass(frozen=True, eq=False)
class _File:
    """What one file holds.

    Attributes:
        path: where it is.
        rows: its documents, _COLUMNS, `page_time` (UTC; NaT for the Federal Register's) and `row`, the place in the file.
        asked: the days that it says were asked for; None where it is no record of days.
        answer: what the file's question and its number of documents were, and that number; of JSON only.
    """

    path: Path
    rows: pd.DataFrame
    asked: pd.DatetimeIndex | None = None
    answer: tuple[str, int] | None = None

    @property
    def kinds(self) -> tuple[str, ...]:
        """Of which documents it tells the days: of presidents where it has such, of all where it has others."""
        presidential = self.rows["type"].eq(PRESIDENTIAL).fillna(False)
        return tuple(kind for kind, has in ((PRESIDENTIAL_DAY, presidential.any()), (ANY_DAY, not presidential.all())) if has)


@dataclass(frozen=True, eq=False)
class Documents:
    """What was read.

    Attributes:
        frame: CONTRACT.frame_columns with their types, sorted by key.
        files: rows, first and last day of each file that was read.
        refused: what was wrong, by file.
        passed_by: files that are no publisher's, or no kind of file that is read.
        later: documents after the as-of date, which are left out.
    """

    frame: pd.DataFrame
    files: pd.DataFrame
    refused: Mapping[str, str] = field(default_factory=dict)
    passed_by: tuple[str, ...] = ()
    later: int = 0


def read_documents(path: Path, as_of: dt.date) -> Documents:
    """Read a file, or every file of a folder and of those below it.

    Documents after `as_of` are left out. A later version of a document is a row of its own, known from the end of the day of its
    download on; rows that differ and do not tell that day are refused, with their files.

    Raises:
        DataFault: there is no file at all.
    """
    there = files_below(path, "ZL_POLICY")
    wanted = [file for file in there if file.suffix.lower() in (".csv", ".json") and file.name not in NO_PUBLISHERS]
    refused: dict[str, str] = {}
    read: list[_File] = []
    for file in wanted:
        try:
            read.append(_read_file(file, downloaded_on(file, path)))
        except DataFault as error:
            refused[_named(file, path)] = str(error)
        except OSError as error:
            refused[_named(file, path)] = f"{file}: cannot be read: {error.strerror or error}. Check its permissions."
    for faults in (_cut_answers(read), _contradictions(read)):
        refused |= {_named(file, path): fault for file, fault in faults.items()}
        read = [file for file in read if file.path not in faults]
    last = pd.Timestamp(as_of)
    every = pd.concat([file.rows for file in read if file.asked is None] or [_no_rows()], ignore_index=True)
    later = every["observed_on"] > last
    kept = every[~later]
    parts = [_versions(kept), _days(read, {file.parent for file in wanted if _named(file, path) in refused}, last)]
    frame = conform(pd.concat(parts, ignore_index=True), CONTRACT)
    listed = [
        {
            "file": _named(file.path, path),
            "rows": len(file.rows) if file.asked is None else len(file.asked),
            "first": f"{days.min():%Y-%m-%d}",
            "last": f"{days.max():%Y-%m-%d}",
        }
        for file, days in ((file, file.rows["observed_on"] if file.asked is None else file.asked) for file in read)
        if len(days)
    ]
    passed_by = tuple(_named(file, path) for file in there if file not in wanted)
    return Documents(frame, pd.DataFrame(listed) if listed else _NO_FILES, refused, passed_by, int(later.sum()))


def _named(file: Path, place: Path) -> str:
    return file.name if file == place else str(file.relative_to(place))


def _no_rows() -> pd.DataFrame:
    dtypes = empty_frame(CONTRACT).dtypes
    columns = {name: pd.Series(dtype=dtypes[name]) for name in _COLUMNS}
    of_file = {"page_time": "datetime64[ns, UTC]", "row": "int64", "path": "object"}
    return pd.DataFrame({**columns, **{name: pd.Series(dtype=dtype) for name, dtype in of_file.items()}})


# --- one file


def _read_file(file: Path, vintage: dt.date | None) -> _File:
    if file.suffix.lower() == ".json":
        return _json(file, vintage)
    form = form_of(file)
    lines = cells.csv_lines(file, form.delimiter, form.passed_by)
    header = [str(cell).strip().lower() for cell in lines.iloc[0]]
    rows = lines.iloc[1:].set_axis(header, axis=1)
    rows = rows.apply(lambda column: column.str.strip())
    rows = rows.mask(rows.eq(""))
    if len(set(header)) != len(header):
        raise DataFault(f"{file}: a column appears twice in its first line, {','.join(header)[:80]!r}. Leave one of each.")
    if set(_PER_DAY) <= set(header):
        days = _dates(rows, "publication_date", file)
        _require_all(days, "day of publication", file)
        return _File(file, _no_rows(), asked=pd.DatetimeIndex(days).unique())
    if set(_BOTH_TIMES) <= set(header):
        return _File(file, _pages(rows, "white_house_published_at_utc", file, vintage))
    if set(_PAGES) <= set(header):
        return _File(file, _pages(rows.assign(document_number=rows["url"]), "published_at_utc", file, vintage))
    if set(_NEEDED) <= set(header):
        if len(rows) == MOST_ROWS:
            raise DataFault(
                f"{file}: it has exactly {MOST_ROWS:,} documents, the most that the Federal Register gives in an answer, so that "
                "others are missing. Ask for a shorter time, such as a quarter, and give each answer as a file."
            )
        return _File(file, _register(rows, file, vintage))
    raise DataFault(
        f"{file}: its first line is {','.join(header)[:80]!r}, expected the Federal Register's columns ({', '.join(_NEEDED)} "
        f"among them), {','.join(_PER_DAY)}, or a list of White House pages ({','.join(_PAGES)}). Download it again, or take it "
        "out of the folder."
    )


def _json(file: Path, vintage: dt.date | None) -> _File:
    again = "Ask the Federal Register again (/api/v1/documents.json), and save the whole answer."
    content = file.read_bytes()
    try:
        found = json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise DataFault(f"{file}: not UTF-8 text ({error.reason} at byte {error.start}). {again}") from error
    except json.JSONDecodeError as error:
        what = "a web page" if content.lstrip()[:1] == b"<" else "JSON that was cut short or damaged"
        raise DataFault(f"{file}: this is {what}: line {error.lineno}, column {error.colno}: {error.msg}. {again}") from error
    if not isinstance(found, dict) or not isinstance(found.get("count"), int):
        raise DataFault(f"{file}: this is not an answer of the Federal Register, which has count and results. {again}")
    results = found.get("results", [])
    if not isinstance(results, list) or not all(isinstance(result, dict) for result in results):
        raise DataFault(f"{file}: its results are not a list of documents. {again}")
    rows = pd.DataFrame([_flat(result) for result in results], dtype=object)
    rows.index = pd.RangeIndex(1, len(rows) + 1)
    if results and (lacking := [name for name in _NEEDED if name not in rows]):
        raise DataFault(f"{file}: its documents have no {', '.join(lacking)}. Ask for these fields as well.")
    answer = (f"{file.parent}: {found.get('description')}", int(found["count"]))
    return _File(file, _register(rows, file, vintage) if results else _no_rows(), answer=answer)


def _flat(result: Mapping[str, Any]) -> dict[str, str | None]:
    """A document of an answer with texts for values."""
    return {name: _text(value) for name, value in result.items()}


def _text(value: Any) -> str | None:
    if isinstance(value, list):
        return "; ".join(text for text in map(_text, value) if text) or None
    if isinstance(value, dict):
        return _text(value.get("name") or value.get("raw_name") or value.get("identifier"))
    return None if value is None or value == "" else str(value).strip()


def _register(rows: pd.DataFrame, file: Path, vintage: dt.date | None) -> pd.DataFrame:
    """Documents of the Federal Register; the index is the place in the file."""
    given = {
        ours: next((rows[name] for name in names if name in rows), _nothing(rows)).rename(ours) for ours, names in _NAMES.items()
    }
    order = cells.converted(given["executive_order_number"], cells.whole, "a whole number, or empty", file)
    stated = given["type"].map(lambda kind: _TYPES.get(kind.casefold(), kind) if isinstance(kind, str) else None)
    frame = pd.DataFrame(given).assign(
        kind=DOCUMENT,
        source=FEDERAL_REGISTER,
        observed_on=_dates(rows, "publication_date", file),
        signing_date=_dates(rows, "signing_date", file),
        executive_order_number=order,
        # A list of executive orders need not say that it is one.
        type=stated.where(stated.notna() | order.isna(), PRESIDENTIAL),
        abstract=given["abstract"].mask(given["abstract"].eq(_NO_ABSTRACT)),
        page_time=pd.Series(pd.NaT, index=rows.index, dtype="datetime64[ns, UTC]"),
    )
    return _sound(frame, file, vintage)


def _nothing(rows: pd.DataFrame) -> "pd.Series[Any]":
    return pd.Series(None, index=rows.index, dtype="object")


def _pages(rows: pd.DataFrame, times: str, file: Path, vintage: dt.date | None) -> pd.DataFrame:
    """Pages of the White House; the index is the place in the file."""
    at = cells.converted(rows[times], _utc, "a time in UTC such as 2025-04-02T21:37:00Z", file).astype("datetime64[ns, UTC]")
    order, url = (rows[name] if name in rows else _nothing(rows) for name in ("executive_order_number", "url"))
    frame = rows[["document_number", "title"]].assign(
        kind=DOCUMENT,
        source=WHITE_HOUSE,
        observed_on=day_in_washington(at),
        type=PRESIDENTIAL,
        subtype=None,
        abstract=None,
        agencies=None,
        signing_date=_dates(rows, "signing_date", file),
        signer=None,
        executive_order_number=cells.converted(order, cells.whole, "a whole number, or empty", file),
        url=url,
        page_time=at,
    )
    return _sound(frame, file, vintage)


def _sound(frame: pd.DataFrame, file: Path, vintage: dt.date | None) -> pd.DataFrame:
    """The rows with the contract's types, if they may be believed."""
    for name, what in {"document_number": "number", "title": "title", "observed_on": "day of publication"}.items():
        _require_all(frame[name], what, file)
    dtypes = {name: str(dtype) for name, dtype in empty_frame(CONTRACT).dtypes.items() if name in _COLUMNS}
    day = pd.Series(vintage, index=frame.index, dtype="datetime64[ns]")
    typed = frame.assign(vintage=day).astype({**dtypes, "page_time": "datetime64[ns, UTC]"})
    stamped = typed.assign(available_at=_first_known(typed), row=typed.index, path=str(file))
    require((rule(stamped) for rule in DOCUMENT_RULES), str(file))
    return stamped.drop(columns="available_at")[[*_COLUMNS, "page_time", "row", "path"]]


def _require_all(values: "pd.Series[Any]", what: str, file: Path) -> None:
    if (lacking := values.isna()).any():
        rows = first_of([str(row) for row in values.index[lacking]])
        raise DataFault(f"{file}: every row must have a {what}, but rows {rows} have none. Download the file again.")


def _dates(rows: pd.DataFrame, column: str, file: Path) -> "pd.Series[pd.Timestamp]":
    given = rows[column] if column in rows else _nothing(rows)
    return cells.converted(given, _date, "a date, YYYY-MM-DD or MM/DD/YYYY", file).astype("datetime64[ns]")


def _date(value: Any) -> dt.datetime:
    """A date as the Federal Register writes it: in its search page's export the month comes first."""
    if isinstance(value, str) and (match := _US_DATE.fullmatch(value)):
        return cells.date(f"{match[3]}-{match[1]}-{match[2]}")
    return cells.date(value)


def _utc(value: Any) -> pd.Timestamp:
    if not isinstance(value, str) or not _UTC_TIME.fullmatch(value):
        raise ValueError
    return pd.Timestamp(value).tz_convert("UTC")


# --- files together


def _cut_answers(read: Sequence[_File]) -> dict[Path, str]:
    """The files of questions whose answers do not have as many documents as they say."""
    questions: dict[tuple[str, int], list[_File]] = {}
    for file in read:
        if file.answer is not None:
            questions.setdefault(file.answer, []).append(file)
    faults: dict[Path, str] = {}
    for (_, count), files in questions.items():
        numbers = pd.concat([file.rows["document_number"] for file in files]).nunique()
        if numbers < count:
            fault = (
                f"its question has {count:,} documents, and {numbers:,} are in {first_of([f.path.name for f in files])}: an "
                f"answer has at most {MOST_ROWS:,}. Ask by quarter, follow next_page_url, and give every page as a file."
            )
            faults |= {file.path: f"{file.path}: {fault}" for file in files}
    return faults


def _contradictions(read: Sequence[_File]) -> dict[Path, str]:
    """The files with rows of one document that differ without telling different days of their downloads."""
    faults: dict[Path, str] = {}
    rows = pd.concat([file.rows for file in read if len(file.rows)] or [_no_rows()], ignore_index=True)
    for _, own in _several(rows):
        try:
            _merged(own)
        except ValueError as error:
            places = [f"{Path(name).name} row {row}" for name, row in zip(own["path"], own["row"], strict=True)]
            fault = (
                f"{own['document_number'].iloc[0]} differs in {error} between {first_of(places)}, and nobody can say which is "
                "right. Leave one of them, or put the day of each download into the files' names (_20250131)."
            )
            faults |= {Path(name): f"{name}: {fault}" for name in own["path"]}
    return faults


def _several(rows: pd.DataFrame) -> Iterable[tuple[object, pd.DataFrame]]:
    """The rows of each document that has more than one, by number and source."""
    key = ["source", "document_number"]
    return rows[rows.duplicated(key, keep=False)].groupby(key, sort=True)


def _versions(rows: pd.DataFrame) -> pd.DataFrame:
    """Every version of each document, with the time from which it counts."""
    single = rows[~rows.duplicated(["source", "document_number"], keep=False)]
    merged = [(place > 0, version) for _, own in _several(rows) for place, version in enumerate(_merged(own))]
    versions = pd.DataFrame(
        {str(name): pd.Series([row[str(name)] for _, row in merged], dtype=dtype) for name, dtype in _no_rows().dtypes.items()}
    )
    every = pd.concat([single, versions], ignore_index=True)
    later = np.array([False] * len(single) + [later for later, _ in merged], dtype=bool)
    rule = _first_known(every)
    ends = (every["vintage"] + pd.Timedelta(days=1)).dt.tz_localize("UTC")
    return every.assign(available_at=rule.mask(later, ends))


def _merged(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """The versions of one document, the earliest first. A row that differs from a version in nothing belongs to it, and gives it
    what it leaves out.

    Raises:
        ValueError: a row differs from all versions, and no later vintage of its own says when it came; the message names what it
            differs in.
    """
    versions: list[dict[str, Any]] = []
    ordered = rows.sort_values("vintage", kind="stable", na_position="last")
    for row in cast("list[dict[str, Any]]", ordered.to_dict("records")):
        differs = [_differs(version, row) for version in versions]
        if [] in differs:
            version = versions[differs.index([])]
            version |= {name: row[name] for name in (*_SAID, "url") if pd.isna(version[name])}
        elif versions and not (row["vintage"] > versions[-1]["vintage"] and row["vintage"] >= _first_day(row)):
            raise ValueError(", ".join(differs[0]))
        else:
            versions.append(row)
    return versions


def _first_day(row: Mapping[str, Any]) -> pd.Timestamp:
    """The UTC day on which a document came out."""
    at: pd.Timestamp = row["page_time"]
    return row["observed_on"] if pd.isna(at) else at.tz_localize(None).normalize()


def _differs(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    names = (*_SAID, "page_time")
    return [name for name in names if not pd.isna(one[name]) and not pd.isna(other[name]) and one[name] != other[name]]


def _first_known(rows: pd.DataFrame) -> "pd.Series[pd.Timestamp]":
    return published_at(rows["observed_on"]).where(rows["page_time"].isna(), rows["page_time"])


def _days(read: Sequence[_File], incomplete: set[Path], last: pd.Timestamp) -> pd.DataFrame:
    """A row for each day that was asked for, by kind of documents.

    Args:
        incomplete: folders in which a file was refused: what their files per day cover is not known.
    """
    found: dict[str, pd.DatetimeIndex] = {kind: pd.DatetimeIndex([]) for kind in DAYS}
    of_folder: dict[Path, pd.DatetimeIndex] = {}
    for file in read:
        if file.asked is not None:
            of_folder[file.path.parent] = of_folder.get(file.path.parent, pd.DatetimeIndex([])).union(file.asked)
    for file in (file for file in read if file.asked is None):
        days = file.rows["observed_on"]
        if days.empty:
            continue
        folder = file.path.parent
        if folder in of_folder:
            covered = pd.DatetimeIndex([]) if folder in incomplete else of_folder[folder]
        else:
            covered = publication_days(days.min().date(), days.max().date())
        for kind in file.kinds:
            found[kind] = found[kind].union(covered)
    rows = [_rows_of_days(kind, days[days <= last]) for kind, days in found.items()]
    return pd.concat(rows, ignore_index=True)


def _rows_of_days(kind: str, days: pd.DatetimeIndex) -> pd.DataFrame:
    observed = pd.Series(days, dtype="datetime64[ns]")
    named = observed.dt.strftime("%Y-%m-%d").astype("string")
    rows = empty_frame(CONTRACT).reindex(observed.index).assign(observed_on=observed, document_number=named)
    said = pd.DataFrame({"kind": kind, "source": FEDERAL_REGISTER}, index=observed.index, dtype="string")
    return rows.assign(available_at=published_at(observed), kind=said["kind"], source=said["source"])


# --- the source


def _fetch(settings: Settings, now: dt.datetime) -> dict[str, str]:
    problems = fetch_all(
        settings,
        "policy",
        lambda address: federal_register.wanted(address, now),
        now,
        require_readable,
        federal_register.next_page,
    )
    folder = settings.files_of("policy")
    if folder is not None and settings.addresses_of("policy"):
        federal_register.drop_old_pages(folder)
        federal_register.record_days(folder, now)
    return problems


def require_readable(file: Path) -> None:
    """Refuse a file that `read_documents` would refuse by itself.

    Raises:
        DataFault: names file and row.
    """
    _read_file(file, None)


def _files_now(settings: Settings, as_of: dt.date) -> Documents:
    """What there is; where nothing has been fetched yet, the addresses as refused."""
    place, absent = settings.files_of("policy"), not_there(settings, "policy", UNSET)
    if place is None or absent:
        return Documents(empty_frame(CONTRACT), _NO_FILES, refused=absent)
    return read_documents(place, as_of)


def _read(settings: Settings, of: SourceAsset, as_of: dt.date) -> Loaded:
    if settings.policy is None:
        return Loaded(empty_frame(CONTRACT), nothing=UNSET)
    found = _files_now(settings, as_of)
    refused = "; ".join(f"{name}: {fault}" for name, fault in found.refused.items())
    warnings = list(dict.fromkeys(found.refused.values()))
    by_hand = [name for name in found.passed_by if Path(name).name in NO_PUBLISHERS]
    if by_hand:
        warnings.append(f"{', '.join(by_hand)}: no publisher's file, so it is passed by.")
    return Loaded(
        found.frame,
        facts={
            "source": str(settings.policy),
            "as_of": str(as_of),
            "files": found.files,
            "refused": refused or "none",
            "not_read": ", ".join(found.passed_by) or "none",
            "documents_after_the_as_of_date_left_out": found.later,
        },
        warnings=tuple(warnings),
        nothing=f"no document of {settings.policy} can be used: {refused or 'there is none'}" if found.frame.empty else "",
    )


def _checks(settings: Settings, of: SourceAsset) -> Checks:
    asset, path = of.key, settings.policy

    def files(as_of: dt.date) -> Mapping[str, object]:
        found = _files_now(settings, as_of)
        return {"refused": found.refused, "source": found.frame}

    ask: Callable[..., Check] = partial(Check, asset)
    edited = "Somebody edited the table, or the rule has changed: empty the table and refresh."
    return Checks(
        (
            unique_key(asset, CONTRACT.key, "One row per document or day, and time at which it became known.", Level.ERROR),
            ask(
                "files_accepted",
                "Every file of ZL_POLICY could be read, and contradicts no other. A warning if ZL_POLICY is not set.",
                "Replace the named file with the publisher's answer, as the message says, and refresh. Rows that the table "
                "has of it stay.",
                lambda seen: documents.files_accepted(seen.found["refused"], str(path or "ZL_POLICY")),
                Level.ERROR if path is not None else Level.WARNING,
            ),
            ask(
                "documents_complete",
                "Every row is a document with a title, or a day that was asked for.",
                edited,
                lambda seen: documents.documents_complete(seen.values[asset]),
            ),
            ask(
                "document_dates_agree",
                "No document was signed after its publication, or published in another year than its number's and the next.",
                f"Compare these documents with federalregister.gov. {edited}",
                lambda seen: documents.document_dates_agree(seen.values[asset]),
            ),
            ask(
                "documents_available_by_rule",
                "The available_at of every row is what the release rule says.",
                edited,
                lambda seen: documents.documents_available_by_rule(seen.values[asset]),
            ),
            ask(
                "no_vanished_document",
                "Every stored row is still in the files.",
                "Put the files back, or delete the rows by hand if they are wrong. Nothing is deleted on its own.",
                lambda seen: documents.no_vanished_document(stored_so_far(seen, asset), seen.found["source"]),
            ),
            ask(
                "orders_without_gap",
                "No number is missing among the executive orders. A warning, with the first.",
                "Ask the Federal Register for the executive orders of that time again: the answer was cut, or some have not come "
                "out yet.",
                lambda seen: documents.orders_without_gap(seen.values[asset]),
                Level.WARNING,
            ),
            ask(
                "days_without_hole",
                "No publication day between the first and the last that was asked for is left out. A warning, with the first.",
                "Ask the Federal Register for these days as well, or accept that their sessions have no value. It does not come "
                "out on some days that the calendar of federal holidays does not know.",
                lambda seen: documents.days_without_hole(seen.values[asset]),
                Level.WARNING,
            ),
            ask(
                "documents_fresh",
                f"Documents were asked for up to {documents.STALE_DAYS} publication days ago. A warning.",
                "Ask the Federal Register for the days since, and put the answer into the folder of ZL_POLICY.",
                lambda seen: documents.documents_fresh(seen.values[asset], seen.as_of),
                Level.WARNING,
            ),
        ),
        files,
        "The table against its rules and the files.",
    )


SOURCE = Source(
    table=TABLE,
    contract=lambda instruments: CONTRACT,
    setting="policy",
    unset=UNSET,
    releases=RULES,
    fetch=_fetch,
    read=_read,
    rules=lambda instruments: DOCUMENT_RULES,
    checks=_checks,
    detail="Read from ZL_POLICY. In a session's features a document counts from its release on:",
    kinds=frozenset({"bigquery", "csv"}),
    # A file may leave out what another one has of the same document.
    versions=Versions(of=documents.NUMBERED, values=_SAID, blanks=False),
)
