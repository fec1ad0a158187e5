"""What is asked of the Federal Register: the questions, their pages, and the record of the days that were asked for.

Belongs here: addresses, queries, and files. Must not be here: asking itself (sources/fetching.py), what is in an answer
(policy_documents.py).

https://www.federalregister.gov/developers/documentation/api/v1. An answer has pages of at most 1,000 documents. A question is of
one year, so that its answer has few of them.
"""

import csv
import datetime as dt
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from zl_assets.domain.documents import publication_days, published_at
from zl_assets.files import replace_file
from zl_assets.sources.fetching import Wanted, changed
from zl_assets.warehouse.errors import DataFault

HOST = "www.federalregister.gov"

# The year of the first session; a count since the session before wants no earlier one.
FIRST_YEAR = 2010

# Days after its end from which on a year's answers are not asked for again: a document that is corrected later is a version of
# its own, and changes no count.
LATE = dt.timedelta(days=30)

# More pages than any of these questions has: a year of all documents has about 80.
MOST_PAGES = 20

FIELDS = (
    "document_number",
    "type",
    "subtype",
    "publication_date",
    "signing_date",
    "executive_order_number",
    "title",
    "abstract",
    "agencies",
    "president",
    "html_url",
)

# The file that says which days were asked for, as policy_documents.py reads it.
RECORD = "asked.csv"


@dataclass(frozen=True)
class Question:
    """What is asked of each year.

    Attributes:
        name: of its files.
        conditions: of the query.
    """

    name: str
    conditions: dict[str, str | tuple[str, ...]] = field(default_factory=dict)


_AGENCIES = {"conditions[type][]": ("RULE", "PRORULE", "NOTICE")}

# The words that the family looks for in a title (domain/families/policy.py). The Register looks for them in whole documents, so
# that its answer has more.
_WORDS = (
    "soy",
    "soybean",
    "soybeans",
    "oilseed",
    "oilseeds",
    '"vegetable oil"',
    '"vegetable oils"',
    "biodiesel",
    '"renewable fuel"',
    '"renewable fuels"',
    '"renewable diesel"',
    '"used cooking oil"',
    '"used cooking oils"',
)

QUESTIONS = (
    Question("presidents", {"conditions[type][]": ("PRESDOCU",)}),
    Question("trade_representative", {"conditions[agencies][]": ("trade-representative-office-of-united-states",), **_AGENCIES}),
    *(Question(word.strip('"').replace(" ", "_"), {"conditions[term]": word, **_AGENCIES}) for word in _WORDS),
)


def last_published(now: dt.datetime) -> dt.date:
    """The newest day whose Federal Register is out at a time (UTC)."""
    days = publication_days(now.date() - dt.timedelta(days=14), now.date())
    out = published_at(pd.Series(days)) <= pd.Timestamp(now)
    day: dt.date = days[out.to_numpy()][-1].date()
    return day


def wanted(address: str, now: dt.datetime) -> Iterator[Wanted]:
    """The first page of each answer, the settled ones among them.

    Args:
        address: the publisher's, or a mirror's.
        now: the time, UTC.
    """
    last = last_published(now)
    for year in range(last.year, FIRST_YEAR - 1, -1):
        end = dt.date(year, 12, 31)
        for question in QUESTIONS:
            query = {
                **question.conditions,
                "conditions[publication_date][gte]": f"{year}-01-01",
                "conditions[publication_date][lte]": f"{min(end, last)}",
                "fields[]": FIELDS,
                "order": "oldest",
                "per_page": "1000",
                "page": "1",
            }
            yield Wanted(
                f"{question.name} of {year}",
                _file(question, year),
                f"{address}/api/v1/documents.json",
                query,
                settled_on=end + LATE,
            )


def next_page(wanted: Wanted, content: bytes) -> Wanted | None:
    """The page after this one, if its answer has one.

    Raises:
        DataFault: it has more pages than an answer to these questions can have.
    """
    pages, page = json.loads(content).get("total_pages"), int(str(wanted.query["page"]))
    if not isinstance(pages, int) or pages <= page:
        return None
    if pages > MOST_PAGES:
        raise DataFault(f"the answer has {pages:,} pages, and {MOST_PAGES} at most are expected")
    stem = wanted.file.removesuffix(".json").partition("_page")[0]
    return replace(wanted, file=f"{stem}_page{page + 1}.json", query={**wanted.query, "page": str(page + 1)})


def drop_old_pages(folder: Path) -> None:
    """Take away the pages of an earlier answer that the one that is there now does not have: they say another number of
    documents, and nobody could tell which of the two is whole."""
    for file in folder.glob("*_page*.json"):
        stem, _, page = file.stem.partition("_page")
        first = folder / f"{stem}.json"
        pages = _answer(first).get("total_pages")
        # A newer one is of an answer that another process is putting there, its first page last.
        if isinstance(pages, int) and page.isdecimal() and int(page) > pages and changed(file) < changed(first):
            file.unlink(missing_ok=True)


def record_days(folder: Path, now: dt.datetime) -> None:
    """Write which days were asked for into the folder's record: of each year of which all questions have their answer, up to the
    newest day that was out when the oldest of these was fetched. Where there is none, no record is written."""
    counts: Counter[str] = Counter()
    asked: list[str] = []
    for year in range(FIRST_YEAR, now.year + 1):
        files = [folder / _file(question, year) for question in QUESTIONS]
        answers = {file: _answer(file) for file in folder.glob(f"*_{year}*.json")}
        if not all(answers.get(file) for file in files):
            continue
        # A clock that was ahead has left times that have not come.
        until = min(dt.date(year, 12, 31), last_published(min(now, *(changed(file) for file in files))))
        asked += [f"{day:%Y-%m-%d}" for day in publication_days(dt.date(year, 1, 1), until)]
        counts.update(_numbers(answers.values()))
    if not asked:
        return
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("publication_date", "documents_seen"))
    writer.writerows((day, counts[day]) for day in asked)
    replace_file(folder / RECORD, text.getvalue().encode())


def _file(question: Question, year: int) -> str:
    return f"{question.name}_{year}.json"


def _numbers(answers: Iterable[Mapping[str, Any]]) -> list[str]:
    """The day of publication of each document of these answers, each document once."""
    documents = {
        result["document_number"]: result["publication_date"] for answer in answers for result in answer.get("results", [])
    }
    return list(documents.values())


def _answer(file: Path) -> dict[str, Any]:
    """What a file of an answer holds; nothing where it is not there, or is damaged, which its reader tells by name."""
    try:
        found = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
