"""Fetching from the Federal Register, tried against a server on this machine: pages, the days that were asked for, and faults."""

import datetime as dt
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from zl_assets.domain.documents import ANY_DAY, PRESIDENTIAL_DAY
from zl_assets.domain.families.policy import S
from zl_assets.settings import Settings
from zl_assets.sources import federal_register, fetching
from zl_assets.sources.base import SourceAsset
from zl_assets.sources.policy_documents import CONTRACT, SOURCE
from zl_assets_tests.support.contracts import ZL
from zl_assets_tests.support.documents import result
from zl_assets_tests.support.publisher import Query, publisher

# A Tuesday, 08:00 in New York: the Register of Monday is out, and that of the day is not.
NOW = dt.datetime(2011, 3, 8, 13, 0, tzinfo=dt.UTC)
AS_OF = dt.date(2011, 3, 8)
OF = SourceAsset("policy_documents", SOURCE, (ZL,), (), CONTRACT)


class Register:
    """Has an order of a president and a notice on soybeans a year; the answer on soybeans has two pages."""

    def __init__(self) -> None:
        self.asked: list[Query] = []
        self.broken: dict[str, tuple[int, str]] = {}
        self.title = "Soybeans"

    def __call__(self, path: str, query: Query) -> tuple[int, str]:
        self.asked.append(query)
        assert path == "/api/v1/documents.json"
        year = query["conditions[publication_date][gte]"][0][:4]
        term, page = query.get("conditions[term]", [""])[0], query["page"][0]
        for part, answer in self.broken.items():
            if part in f"{term} of {year} page {page}":
                return answer
        results, pages, count = [], 1, 0
        if query["conditions[type][]"] == ["PRESDOCU"]:
            results, count = [result(f"{year}-00001", f"{year}-02-03", "Tariffs", type="Presidential Document")], 1
        if term == "soybean":
            number, count, pages = f"{year}-0000{int(page) + 1}", 2, 2
            results = [result(number, f"{year}-02-0{int(page) + 2}", self.title)]
        found = {"count": count, "description": f"{term} {year}", "total_pages": pages, "results": results}
        return 200, json.dumps(found)


@pytest.fixture
def register() -> Register:
    return Register()


@pytest.fixture
def settings(register: Register, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(fetching, "BACKOFF", 0.0)
    with publisher(register) as address:
        yield Settings.load(policy=address, state_dir=str(tmp_path))


def fetched(settings: Settings, at: dt.datetime = NOW) -> tuple[dict[str, str], Path]:
    """What went wrong, and the folder, with every file that was fetched now as it would be then."""
    folder = settings.files_of("policy")
    assert folder is not None
    before = {file: file.stat().st_mtime_ns for file in folder.glob("*.json")}
    problems = SOURCE.fetch(settings, at)
    for file in folder.glob("*.json"):
        if file.stat().st_mtime_ns != before.get(file):
            os.utime(file, (at.timestamp(), at.timestamp()))
    # The record of days is made of these times.
    federal_register.record_days(folder, at)
    return problems, folder


def days(frame: pd.DataFrame, kind: str) -> list[str]:
    found = frame.loc[frame["kind"].eq(kind), "observed_on"]
    return [f"{found.min():%Y-%m-%d}", f"{found.max():%Y-%m-%d}"]


def test_every_year_is_asked_for_with_all_pages_and_its_days_are_on_record(settings: Settings, register: Register) -> None:
    problems, folder = fetched(settings)
    assert problems == {}
    assert len(register.asked) == 2 * (len(federal_register.QUESTIONS) + 1)
    assert {query["conditions[publication_date][lte]"][0] for query in register.asked} == {"2010-12-31", "2011-03-07"}
    assert (folder / "soybean_2011_page2.json").exists()
    loaded = SOURCE.read(settings, OF, AS_OF)
    assert loaded.warnings == ()
    documents = loaded.frame[loaded.frame["title"].notna()]
    assert documents["document_number"].tolist() == [f"{y}-0000{n}" for y in (2010, 2011) for n in (1, 2, 3)]
    # Not the day itself: its Register is not out yet, and the answer cannot have it.
    for kind in (PRESIDENTIAL_DAY, ANY_DAY):
        assert days(loaded.frame, kind) == ["2010-01-04", "2011-03-07"]
    record = pd.read_csv(folder / federal_register.RECORD).set_index("publication_date")["documents_seen"]
    assert (record["2011-02-03"], record["2011-02-04"], record["2011-02-07"]) == (2, 1, 0)


def test_a_settled_year_is_asked_for_once_and_the_present_one_again(settings: Settings, register: Register) -> None:
    fetched(settings)
    register.asked.clear()
    assert fetched(settings, NOW + dt.timedelta(minutes=30))[0] == {}
    assert register.asked == []
    assert fetched(settings, NOW + dt.timedelta(days=1))[0] == {}
    assert {query["conditions[publication_date][gte]"][0] for query in register.asked} == {"2011-01-01"}
    assert days(SOURCE.read(settings, OF, AS_OF).frame, ANY_DAY) == ["2010-01-04", "2011-03-08"]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((503, "busy"), "too many 503"),
        ((200, "<html>maintenance</html>"), "a web page"),
        ((200, '{"count": 2, "results": [{"document_nu'), "cut short"),
        ((200, '{"count": 99000, "total_pages": 99, "results": []}'), "99 pages"),
    ],
    ids=["busy", "a page", "cut short", "too much"],
)
def test_a_question_that_fails_half_way_leaves_its_pages_as_they_were_and_its_days_unasked(
    settings: Settings, register: Register, answer: tuple[int, str], words: str
) -> None:
    fetched(settings)
    register.title = "Other soybeans"
    register.broken = {"soybean of 2011 page 2" if "99" not in words else "soybean of 2011": answer}
    tomorrow = NOW + dt.timedelta(days=1)
    problems, folder = fetched(settings, tomorrow)
    assert list(problems) == ["soybean of 2011"]
    assert words in problems["soybean of 2011"]
    assert "Other" not in (folder / "soybean_2011.json").read_text()
    frame = SOURCE.read(settings, OF, tomorrow.date()).frame
    # The others have the new day, but nothing is said of a day of which not all was asked.
    assert days(frame, ANY_DAY) == ["2010-01-04", "2011-03-07"]
    assert len(frame[frame["title"].notna()]) == 6


def test_a_year_that_lacks_an_answer_is_not_on_record(settings: Settings, register: Register) -> None:
    register.broken = {"soybean of 2010": (503, "busy")}
    problems, _ = fetched(settings)
    assert list(problems) == ["soybean of 2010"]
    assert days(SOURCE.read(settings, OF, AS_OF).frame, ANY_DAY) == ["2011-01-03", "2011-03-07"]


def test_an_answer_that_has_become_shorter_leaves_no_page_of_the_longer_one(settings: Settings, register: Register) -> None:
    fetched(settings)
    one = {
        "count": 1,
        "description": "soybean 2011",
        "total_pages": 1,
        "results": [result("2011-00002", "2011-02-03", "Soybeans")],
    }
    register.broken = {"soybean of 2011": (200, json.dumps(one))}
    tomorrow = NOW + dt.timedelta(days=1)
    fetched(settings, tomorrow)
    loaded = SOURCE.read(settings, OF, tomorrow.date())
    assert loaded.warnings == ()
    assert days(loaded.frame, ANY_DAY) == ["2010-01-04", "2011-03-08"]


def test_a_file_that_was_damaged_in_the_folder_is_named_and_its_year_is_not_on_record(
    settings: Settings, register: Register
) -> None:
    _, folder = fetched(settings)
    (folder / "biodiesel_2010.json").write_text('{"count": 1, "resul')
    os.utime(folder / "biodiesel_2010.json", (NOW.timestamp(), NOW.timestamp()))
    assert SOURCE.fetch(settings, NOW) == {}
    record = pd.read_csv(folder / federal_register.RECORD)["publication_date"]
    assert record.min() == "2011-01-03"
    assert "biodiesel_2010.json" in SOURCE.read(settings, OF, AS_OF).warnings[0]


def test_a_day_that_came_out_while_answers_were_fetched_was_not_asked_for(settings: Settings) -> None:
    before = dt.datetime(2011, 3, 8, 13, 44, tzinfo=dt.UTC)
    SOURCE.fetch(settings, before)
    # Nothing is fetched again within the hour, and the day is out by now.
    SOURCE.fetch(settings, before + dt.timedelta(minutes=30))
    assert days(SOURCE.read(settings, OF, AS_OF).frame, ANY_DAY) == ["2010-01-04", "2011-03-07"]


def test_times_of_a_clock_that_was_ahead_put_no_day_on_record_that_was_not_out(settings: Settings) -> None:
    _, folder = fetched(settings)
    for file in folder.glob("*.json"):
        os.utime(file, (NOW.timestamp() + 30 * 86_400,) * 2)
    federal_register.record_days(folder, NOW)
    assert pd.read_csv(folder / federal_register.RECORD)["publication_date"].max() == "2011-03-07"


def test_where_nothing_arrives_it_is_said(settings: Settings, register: Register) -> None:
    register.broken = {" of ": (503, "down")}
    assert len(SOURCE.fetch(settings, NOW)) == 2 * len(federal_register.QUESTIONS)
    loaded = SOURCE.read(settings, OF, AS_OF)
    assert loaded.frame.empty
    assert "has given no file yet" in loaded.nothing


@pytest.mark.parametrize(
    ("now", "day"),
    [
        ("2011-03-08 13:44", "2011-03-07"),
        ("2011-03-08 13:45", "2011-03-08"),
        ("2011-03-06 20:00", "2011-03-04"),
        ("2011-02-21 20:00", "2011-02-18"),
        ("2011-07-05 12:45", "2011-07-05"),
    ],
    ids=["before it is out", "when it is out", "a Sunday", "a holiday", "summer time"],
)
def test_a_day_is_asked_for_from_the_time_at_which_its_register_is_out(now: str, day: str) -> None:
    assert f"{federal_register.last_published(dt.datetime.fromisoformat(now).replace(tzinfo=dt.UTC))}" == day


def test_the_words_that_are_asked_for_are_those_that_the_family_looks_for() -> None:
    conditions = [question.conditions for question in federal_register.QUESTIONS]
    asked = {str(one["conditions[term]"]).strip('"') for one in conditions if "conditions[term]" in one}
    alternatives = S[S.index("(?:") + 3 : S.rindex(")")].replace(r"\s+", " ").split("|")
    wanted = {form for word in alternatives for form in (word.replace("s?", ""), word.replace("s?", "s"))}
    assert asked == wanted
