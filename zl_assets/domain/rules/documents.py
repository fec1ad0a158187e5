"""Rules about government documents, and about the days of which they were asked for."""

import datetime as dt
from collections.abc import Mapping

import pandas as pd

from zl_assets.domain.documents import (
    DAYS,
    DOCUMENT,
    FEDERAL_REGISTER,
    WHITE_HOUSE,
    day_in_washington,
    publication_days,
    published_at,
)
from zl_assets.domain.rules.offenders import keys_only_in, none_refused, offending
from zl_assets.warehouse.verdict import MAX_OFFENDERS, Verdict

KEY = ("kind", "document_number", "observed_on", "available_at")

# What a row is a version of.
NUMBERED = ("kind", "source", "document_number")

# Publication days after which documents that stopped are told.
STALE_DAYS = 10


def documents_complete(frame: pd.DataFrame) -> Verdict:
    """Every row is a document with a title, or a day, of a publisher that is known."""
    sound = frame["kind"].isin(DAYS) | (frame["kind"].eq(DOCUMENT) & frame["title"].str.strip().ne("").fillna(False))
    bad = ~(sound & frame["source"].isin([FEDERAL_REGISTER, WHITE_HOUSE])).fillna(False).astype(bool)
    explanation = f"{bad.sum():,} of {len(frame):,} rows are neither a document with a title nor a day that was asked for."
    return offending("documents_complete", frame, _shown(frame, bad, "kind", "title"), explanation)


def document_dates_agree(frame: pd.DataFrame) -> Verdict:
    """No document was signed after its publication, and the Federal Register published it in the year of its number or the one
    after: a misread date, or one in the future, is of another year."""
    year = pd.to_numeric(frame["document_number"].str.extract(r"^(?:[A-Z]\d-)?(\d{4})-\d+$")[0])
    after = frame["observed_on"].dt.year - year
    of_register = frame["kind"].eq(DOCUMENT) & frame["source"].eq(FEDERAL_REGISTER)
    other_year = of_register & year.notna() & ~after.isin([0, 1])
    bad = (other_year | (of_register & frame["signing_date"].gt(frame["observed_on"]))).fillna(False).astype(bool)
    explanation = (
        f"{bad.sum():,} of {len(frame):,} documents were signed after their publication, or published in another year than their "
        "number's and the one after it."
    )
    return offending("document_dates_agree", frame, _shown(frame, bad, "observed_on", "signing_date"), explanation)


def documents_available_by_rule(frame: pd.DataFrame) -> Verdict:
    """available_at is what the release rule says: of a page its own time, of a later version the end of its vintage."""
    ends = (frame["vintage"] + pd.Timedelta(days=1)).dt.tz_localize("UTC")
    rule, at = published_at(frame["observed_on"]), frame["available_at"]
    of_page = frame["source"].eq(WHITE_HOUSE) & day_in_washington(at).eq(frame["observed_on"])
    first = at.eq(rule) & frame["source"].ne(WHITE_HOUSE)
    bad = ~(first | of_page | (at.eq(ends) & at.ge(rule))).fillna(False).astype(bool)
    explanation = f"{bad.sum():,} of {len(frame):,} rows have an available_at that is not what the release rule says."
    return offending("documents_available_by_rule", frame, _shown(frame, bad, "observed_on", "available_at"), explanation)


def _shown(frame: pd.DataFrame, bad: "pd.Series[bool]", *columns: str) -> pd.DataFrame:
    place = [name for name in ("row",) if name in frame]
    shown: pd.DataFrame = frame.loc[bad, [*place, "document_number", *columns]]
    return shown


def files_accepted(refused: Mapping[str, str], where: str) -> Verdict:
    """Every file could be read, and contradicts no other."""
    explanation = f"{len(refused)} files of {where} were not loaded; days that only they cover count as not asked for."
    return none_refused("files_accepted", refused, "0 files", explanation)


def no_vanished_document(table: pd.DataFrame, source: pd.DataFrame) -> Verdict:
    """Every stored document and day is still in the files. A refresh never deletes one."""
    vanished = keys_only_in(table, source, NUMBERED)
    explanation = (
        f"{len(vanished):,} of the table's {len(table):,} rows are of documents or days that are no longer in the files; nothing "
        "deletes them."
    )
    return offending("no_vanished_document", table, vanished, explanation)


def orders_without_gap(frame: pd.DataFrame) -> Verdict:
    """Between the first executive order and the last no number is missing."""
    numbers = frame["executive_order_number"].dropna().astype("int64")
    there = set(numbers.tolist())
    missing = sorted(set(range(min(there), max(there) + 1)) - there) if there else []
    return Verdict(
        name="orders_without_gap",
        passed=not missing,
        measured=len(missing),
        bound="0 numbers",
        offenders=pd.DataFrame({"executive_order_number": missing}).head(MAX_OFFENDERS),
        explanation=f"{len(missing):,} numbers between the first and the last of {len(there):,} executive orders are missing: "
        "what is counted of presidents is too little there.",
    )


def days_without_hole(frame: pd.DataFrame) -> Verdict:
    """Between the first day that was asked for and the last, of each kind of documents, no publication day was left out."""
    holes = []
    for kind in DAYS:
        days = frame.loc[frame["kind"].eq(kind), "observed_on"]
        if len(days):
            every = publication_days(days.min().date(), days.max().date())
            holes += [{"kind": kind, "day": day} for day in every[~every.isin(days)]]
    return Verdict(
        name="days_without_hole",
        passed=not holes,
        measured=len(holes),
        bound="0 days",
        offenders=pd.DataFrame(holes, columns=["kind", "day"]).head(MAX_OFFENDERS),
        explanation=f"The documents of {len(holes):,} publication days were not asked for: sessions whose documents came on them "
        "have no value.",
    )


def documents_fresh(frame: pd.DataFrame, as_of: dt.date) -> Verdict:
    """The newest day that was asked for, of each kind of documents that there is, is not long ago."""
    newest = frame[frame["kind"].isin(DAYS)].groupby("kind")["observed_on"].max()
    ages = newest.map(lambda day: len(publication_days(day.date(), as_of)) - 1).astype("int64")
    stale = ages > STALE_DAYS
    named = ", ".join(f"{kind} ({newest[kind]:%Y-%m-%d})" for kind in newest.index[stale]) or "none"
    return Verdict(
        name="documents_fresh",
        passed=not stale.any(),
        measured=int(ages.max()) if len(ages) else 0,
        bound=f"at most {STALE_DAYS} publication days",
        offenders=pd.DataFrame({"kind": newest.index, "newest": newest.to_numpy(), "days": ages.to_numpy()})[stale.to_numpy()],
        explanation=f"Documents that were last asked for long before {as_of}: {named}. The sessions since have no value.",
    )
