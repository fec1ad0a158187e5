"""Government documents: when each became known, which rows are one document, and of which days they were asked for.

Belongs here: what every family that counts documents needs. Must not be here: words to look for (families), files (sources).

A table of documents holds rows of three kinds: documents, and the days of which documents were asked for, those of presidents
and all. Without the days a session without a document could not be told from one whose documents nobody has asked for.
"""

import datetime as dt
import re

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from zl_assets.domain.releases import NEW_YORK, Bools, business_days

DOCUMENT = "document"
PRESIDENTIAL_DAY = "day of presidential documents"
ANY_DAY = "day of all documents"
DAYS = (PRESIDENTIAL_DAY, ANY_DAY)

# What the number of a page without one is: its address.
ADDRESS = "https://"

FEDERAL_REGISTER, WHITE_HOUSE = "Federal Register", "White House"

PRESIDENTIAL, RULE, PROPOSAL, NOTICE = "Presidential Document", "Rule", "Proposed Rule", "Notice"

# An assumption: the Federal Register of a day is out at this time in Washington. Its documents are on public inspection there the
# business day before, but the files do not say when.
PUBLISHED = dt.time(8, 45)

# A page of the White House and a document of the Federal Register with its title are one document if the Register came within
# so many days after: about twice the longest of 227 in 2025 (13.6). The same title comes again for other orders (three times in
# 2025: "Amendment to Duties to Address the Flow of Illicit Drugs across our Northern Border").
SAME_TITLE_DAYS = 28

RULES = {
    "Federal Register": f"its day of publication, {PUBLISHED:%H:%M} New York: first used in that day's session",
    "White House": "the page's own time",
    "a later version of a document": "the end (UTC) of the day on which it was downloaded; it changes no count",
}

# Days are counted from here; the calendar of business days begins then.
_FIRST_DAY = np.datetime64("1950-01-01")

type Places = NDArray[np.int64]


def published_at(days: "pd.Series[pd.Timestamp]") -> "pd.Series[pd.Timestamp]":
    """When the Federal Register of each day is out; datetime64[ns, UTC] on the same index."""
    local = days + pd.Timedelta(hours=PUBLISHED.hour, minutes=PUBLISHED.minute)
    return local.dt.tz_localize(NEW_YORK).dt.tz_convert("UTC").dt.as_unit("ns")


def day_in_washington(times: "pd.Series[pd.Timestamp]") -> "pd.Series[pd.Timestamp]":
    """The day there of each UTC time; naive, midnight, on the same index."""
    return times.dt.tz_convert(NEW_YORK).dt.tz_localize(None).dt.normalize()


def publication_days(first: dt.date, last: dt.date) -> pd.DatetimeIndex:
    """The days of which there is a Federal Register, as far as the calendar knows: Monday to Friday but for federal holidays."""
    days = pd.bdate_range(first, last).as_unit("ns")
    return days[np.is_busday(days.to_numpy().astype("datetime64[D]"), busdaycal=business_days())]


def session_of(times: "pd.Series[pd.Timestamp]", sessions: pd.DataFrame) -> Places:
    """The place of the first session that decides after each time; the number of sessions where none does.

    Args:
        sessions: decided_at, in order.
    """
    return np.asarray(sessions["decided_at"].searchsorted(times, side="right"), dtype="int64")


def counted_once(rows: pd.DataFrame) -> pd.DataFrame:
    """Each document once, as it was when it first became available, in order of that time.

    A document comes again as a later version, with its order's number (a correction does), in a second file of the White House,
    or in the Federal Register after the White House. The Register's document is a page that has no number if that page has its
    title, letters and digits alone, came up to 28 days before, and stands for no other document. What is dropped came later than
    what stands for it, so that what was known at any time does not depend on later rows.

    Args:
        rows: kind, document_number, available_at, source, title and executive_order_number; other kinds are left out.
    """
    documents = rows[rows["kind"].eq(DOCUMENT)].sort_values(["available_at", "document_number"], kind="stable", ignore_index=True)
    seen: set[object] = set()
    pages: dict[str, list[pd.Timestamp]] = {}
    last: dict[str, pd.Timestamp] = {}
    kept: list[bool] = []
    columns = documents[["document_number", "executive_order_number", "title", "source", "available_at"]]
    for number, order, title, source, at in columns.itertuples(index=False):
        names = {number} if pd.isna(order) else {number, int(order)}
        key = re.sub(r"[^a-z0-9]", "", title.casefold())
        again = bool(names & seen)
        if source == WHITE_HOUSE:
            # Two files have the same page, or the page stands in one twice.
            again = again or last.get(key) == at
            last[key] = at
            if not again and number.startswith(ADDRESS):
                pages.setdefault(key, []).append(at)
        elif not again:
            open_pages = [page for page in pages.get(key, []) if at - page <= pd.Timedelta(days=SAME_TITLE_DAYS)]
            again = bool(open_pages)
            pages[key] = open_pages[1:]
        seen |= names
        kept.append(not again)
    once: pd.DataFrame = documents[np.array(kept, dtype=bool)].reset_index(drop=True)
    return once


def asked_for(rows: pd.DataFrame, kind: str, after: pd.DatetimeIndex, until: pd.DatetimeIndex) -> Bools:
    """Were the documents of all days asked for that came after one day and up to another?

    Days of which there is no Federal Register do not count; where there is no other between the two, it is the newest publication
    day before that decides.

    Args:
        rows: kind and observed_on.
        kind: which days.
        after, until: days (naive, midnight), each of shape (n,); a missing `after` is no.
    """
    days = rows.loc[rows["kind"].eq(kind), "observed_on"].drop_duplicates().sort_values().to_numpy().astype("datetime64[D]")
    asked = days[np.is_busday(days, busdaycal=business_days())]

    def counts(ends: NDArray[np.datetime64]) -> tuple[Places, Places]:
        there = np.busday_count(_FIRST_DAY, ends + np.timedelta64(1, "D"), busdaycal=business_days())
        return np.searchsorted(asked, ends, side="right"), there

    known = ~np.isnat(after.to_numpy())
    ends = until.to_numpy().astype("datetime64[D]")
    begins = np.where(known, after.to_numpy().astype("datetime64[D]"), ends)
    # No publication day between the two: from the day before the newest one on.
    newest = np.busday_offset(ends, 0, roll="backward", busdaycal=business_days())
    begins = np.minimum(begins, newest - np.timedelta64(1, "D"))
    (asked_before, there_before), (asked_until, there_until) = counts(begins), counts(ends)
    whole: Bools = asked_until - asked_before == there_until - there_before
    return known & whole
