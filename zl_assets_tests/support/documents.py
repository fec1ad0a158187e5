"""Government documents, made up: rows of their table, and files as the Federal Register and the White House give them."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from zl_assets.domain.documents import (
    ANY_DAY,
    DOCUMENT,
    FEDERAL_REGISTER,
    PRESIDENTIAL,
    PRESIDENTIAL_DAY,
    WHITE_HOUSE,
    publication_days,
    published_at,
)
from zl_assets.warehouse.shape import conform, empty_frame
from zl_assets_tests.support.contracts import POLICY_DOCUMENTS

COLUMNS = list(POLICY_DOCUMENTS.frame_columns)


def document(number: str, day: str, title: str, **said: Any) -> dict[str, Any]:
    """A presidential document of the Federal Register, signed the day before, or what is said."""
    known = published_at(pd.Series([pd.Timestamp(day)])).iloc[0]
    row = {
        "kind": DOCUMENT,
        "document_number": number,
        "observed_on": pd.Timestamp(day),
        "available_at": known,
        "source": FEDERAL_REGISTER,
        "type": PRESIDENTIAL,
        "title": title,
        "signing_date": pd.Timestamp(day) - pd.Timedelta(days=1),
    }
    return dict.fromkeys(COLUMNS) | row | said


def page(address: str, time: str, title: str, **said: Any) -> dict[str, Any]:
    """A page of the White House, at a UTC time."""
    at = pd.Timestamp(time, tz="UTC")
    day = at.tz_convert("America/New_York").tz_localize(None).normalize()
    row = {"source": WHITE_HOUSE, "available_at": at, "observed_on": day, "signing_date": None}
    return document(address, "2025-01-01", title) | row | said


def table(
    *rows: dict[str, Any], presidents: tuple[str, str] | None = None, agencies: tuple[str, str] | None = None
) -> pd.DataFrame:
    """Documents, and the days that were asked for between two each."""
    spans = {PRESIDENTIAL_DAY: presidents, ANY_DAY: agencies}
    dtypes = empty_frame(POLICY_DOCUMENTS).dtypes
    documents = pd.DataFrame({name: pd.Series([row[name] for row in rows], dtype=dtypes[name]) for name in COLUMNS})
    asked = [asked_days(kind, *span) for kind, span in spans.items() if span is not None]
    return conform(pd.concat([documents, *asked], ignore_index=True), POLICY_DOCUMENTS)


@cache
def asked_days(kind: str, first: str, last: str) -> pd.DataFrame:
    """The rows that say that the documents of all days between two were asked for."""
    days = pd.Series(publication_days(pd.Timestamp(first).date(), pd.Timestamp(last).date()))
    rows = empty_frame(POLICY_DOCUMENTS).reindex(days.index).assign(kind=kind, source=FEDERAL_REGISTER, observed_on=days)
    return rows.assign(document_number=days.dt.strftime("%Y-%m-%d"), available_at=published_at(days))


def result(number: str, day: str, title: str, **said: Any) -> dict[str, Any]:
    """A document of an answer of the Federal Register."""
    return {
        "document_number": number,
        "publication_date": day,
        "title": title,
        "type": "Notice",
        "abstract": None,
        "agencies": [{"raw_name": "OFFICE OF X", "name": "Office of X", "id": 1}],
        "html_url": f"https://www.federalregister.gov/d/{number}",
        **said,
    }


def answer(file: Path, *results: dict[str, Any], count: int | None = None, **said: Any) -> Path:
    """An answer as a file of JSON."""
    found = {"count": len(results) if count is None else count, "description": "Documents", "total_pages": 1, **said}
    file.write_text(json.dumps(found | {"results": list(results)}))
    return file
