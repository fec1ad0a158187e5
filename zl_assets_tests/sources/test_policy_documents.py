"""Government documents' files: what is accepted, what is refused by file and row, and which days they were asked for."""

import datetime as dt
import json
from pathlib import Path

import pandas as pd
import pytest

from zl_assets.domain.documents import ANY_DAY, DAYS, DOCUMENT, PRESIDENTIAL_DAY
from zl_assets.domain.rules.documents import documents_available_by_rule, orders_without_gap
from zl_assets.sources.policy_documents import MOST_ROWS, Documents, read_documents
from zl_assets.warehouse.errors import DataFault
from zl_assets_tests.conftest import shared_data
from zl_assets_tests.support.documents import answer, result

AS_OF = dt.date(2025, 4, 30)
REGISTER = (
    "document_number,publication_date,title,type,signing_date,executive_order_number\n"
    "2025-06063,2025-04-07,Regulating Imports,Presidential Document,2025-04-02,14257\n"
    "2025-05883,2025-04-04,A Notice,Notice,,\n"
)
PAGES = "published_at_utc,title,url\n2025-04-03T01:30:00Z,Regulating Imports,https://www.whitehouse.gov/a/\n"


def read(folder: Path, as_of: dt.date = AS_OF) -> Documents:
    return read_documents(folder, as_of)


def write(folder: Path, text: str, name: str = "documents.csv") -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def documents(found: Documents) -> pd.DataFrame:
    return found.frame[found.frame["kind"] == DOCUMENT].reset_index(drop=True)


def days(found: Documents, kind: str) -> list[str]:
    return found.frame.loc[found.frame["kind"] == kind, "observed_on"].dt.strftime("%m-%d").tolist()


def fault(folder: Path, name: str = "documents.csv") -> str:
    """What is said of a file that is refused; nothing else is, and nothing of it is in the frame."""
    found = read(folder)
    assert list(found.refused) == [name]
    assert found.frame.empty
    return found.refused[name]


# --- what is accepted


@pytest.mark.parametrize(
    "text",
    [
        REGISTER,
        REGISTER.replace("\n", "\r\n"),
        "\ufeff" + REGISTER,
        REGISTER.replace("2025-04-07", "04/07/2025").replace("2025-04-04", "04/04/2025").replace("2025-04-02", "04/02/2025"),
        REGISTER.replace("Presidential Document", "PRESDOCU"),
        # A list of executive orders need not say that it is one.
        REGISTER.replace("Presidential Document", ""),
        REGISTER.replace("title,", "Title,"),
    ],
)
def test_csv_as_the_register_gives_it(tmp_path: Path, text: str) -> None:
    write(tmp_path, text)
    found = read(tmp_path)
    assert found.refused == {}
    rows = documents(found)
    assert rows["document_number"].tolist() == ["2025-05883", "2025-06063"]
    assert rows["type"].tolist() == ["Notice", "Presidential Document"]
    assert rows["available_at"].astype(str).tolist() == ["2025-04-04 12:45:00+00:00", "2025-04-07 12:45:00+00:00"]
    assert rows["signing_date"].tolist()[1] == pd.Timestamp("2025-04-02")
    assert rows["executive_order_number"].tolist() == [pd.NA, 14257]
    assert rows["vintage"].isna().all()
    assert days(found, PRESIDENTIAL_DAY) == days(found, ANY_DAY) == ["04-04", "04-07"]


def test_json_as_the_register_gives_it(tmp_path: Path) -> None:
    order = result(
        "2025-06063",
        "2025-04-07",
        "Regulating Imports",
        type="Presidential Document",
        subtype="Executive Order",
        signing_date="2025-04-02",
        executive_order_number=14257,
        president={"identifier": "donald-trump", "name": "Donald Trump"},
    )
    agencies = [{"raw_name": "A"}, {"raw_name": "TRADE", "name": "Trade Representative, Office of United States"}]
    answer(tmp_path / "q2.json", order, result("2025-05883", "2025-04-04", "A Notice", abstract="On soy.", agencies=agencies))
    notice, row = documents(read(tmp_path)).itertuples()
    assert (row.signer, row.subtype, row.executive_order_number) == ("Donald Trump", "Executive Order", 14257)
    assert pd.isna(row.abstract)
    assert (notice.abstract, notice.agencies) == ("On soy.", "A; Trade Representative, Office of United States")


def test_a_page_has_its_own_time_and_its_day_in_washington(tmp_path: Path) -> None:
    write(tmp_path, PAGES)
    both = "document_number,publication_date,white_house_published_at_utc,title\n2025-06063,2025-04-07,2025-04-03T01:30:00Z,x\n"
    write(tmp_path, both, "both.csv")
    rows = documents(read(tmp_path))
    assert rows["document_number"].tolist() == ["2025-06063", "https://www.whitehouse.gov/a/"]
    assert set(rows["available_at"].astype(str)) == {"2025-04-03 01:30:00+00:00"}
    assert set(rows["observed_on"]) == {pd.Timestamp("2025-04-02")}
    assert set(rows["source"]) == {"White House"}


def test_folders_are_read_to_the_bottom_and_what_is_no_publishers_is_passed_by(tmp_path: Path) -> None:
    write(tmp_path, REGISTER, "a/b/c/documents.csv")
    write(tmp_path, "published_on,issuer\n2025-01-01,EPA\n", "events/trade_biofuel_events.csv")
    write(tmp_path, "x", "README.md")
    write(tmp_path, "not,one", ".hidden/x.csv")
    found = read(tmp_path)
    assert (len(documents(found)), found.refused) == (2, {})
    assert found.passed_by == ("README.md", "events/trade_biofuel_events.csv")
    assert len(documents(read(tmp_path / "a/b/c/documents.csv"))) == 2


def test_two_files_with_other_columns_of_one_document_make_one_row(tmp_path: Path) -> None:
    write(tmp_path, REGISTER)
    more = "document_number,publication_date,title,abstract\n2025-06063,2025-04-07,Regulating Imports,On tariffs.\n"
    write(tmp_path, more.replace("On tariffs.", "No summary provided."), "none.csv")
    write(tmp_path, more, "more.csv")
    row = documents(read(tmp_path)).set_index("document_number").loc["2025-06063"]
    assert (row["abstract"], row["executive_order_number"], row["type"]) == ("On tariffs.", 14257, "Presidential Document")


def test_a_revision_is_a_row_known_when_its_download_had_ended(tmp_path: Path) -> None:
    write(tmp_path, REGISTER, "documents_20250410.csv")
    write(tmp_path, REGISTER.replace("A Notice", "A Corrected Notice"), "later_20250415/documents.csv")
    # What is the same in both counts once, with the earlier vintage; so does what an undated file has like one of them.
    write(tmp_path, REGISTER, "undated.csv")
    rows = documents(read(tmp_path))
    assert rows["document_number"].tolist() == ["2025-05883", "2025-05883", "2025-06063"]
    assert rows["title"].tolist() == ["A Notice", "A Corrected Notice", "Regulating Imports"]
    assert rows["vintage"].dt.strftime("%m-%d").tolist() == ["04-10", "04-15", "04-10"]
    assert rows["available_at"].astype(str).tolist()[:2] == ["2025-04-04 12:45:00+00:00", "2025-04-16 00:00:00+00:00"]


def test_documents_after_the_as_of_date_are_left_out_and_told(tmp_path: Path) -> None:
    write(tmp_path, REGISTER)
    found = read(tmp_path, dt.date(2025, 4, 6))
    assert documents(found)["document_number"].tolist() == ["2025-05883"]
    assert found.later == 1
    # The file was asked for after the as-of date, and so were the days up to it.
    assert days(read(tmp_path, dt.date(2025, 4, 5)), ANY_DAY) == ["04-04"]
    write(tmp_path, REGISTER.replace("2025-04-07", "2025-04-09"))
    assert days(read(tmp_path, dt.date(2025, 4, 8)), ANY_DAY) == ["04-04", "04-07", "04-08"]


# --- which days were asked for


def test_the_files_per_day_say_which_days_were_asked_for(tmp_path: Path) -> None:
    write(tmp_path, REGISTER.replace("Presidential Document", "Notice").replace(",14257", ","))
    write(tmp_path, "publication_date,documents_seen\n2025-04-04,90\n2025-04-08,95\n", "per_day.csv")
    write(tmp_path, REGISTER, "elsewhere/documents.csv")
    found = read(tmp_path / "documents.csv")
    assert (days(found, ANY_DAY), days(found, PRESIDENTIAL_DAY)) == (["04-04", "04-07"], [])
    (tmp_path / "elsewhere/documents.csv").unlink()
    found = read(tmp_path)
    assert (days(found, ANY_DAY), days(found, PRESIDENTIAL_DAY)) == (["04-04", "04-08"], [])


def test_days_whose_documents_were_refused_do_not_count_as_asked_for(tmp_path: Path) -> None:
    write(tmp_path, REGISTER)
    write(tmp_path, "publication_date,documents_seen\n2025-04-04,90\n2025-04-07,95\n", "per_day.csv")
    assert len(days(read(tmp_path), ANY_DAY)) == 2
    write(tmp_path, REGISTER.replace("2025-04-04", "2025-04-31"), "broken.csv")
    found = read(tmp_path)
    assert list(found.refused) == ["broken.csv"]
    assert (days(found, ANY_DAY), len(documents(found))) == ([], 2)


# --- what is refused


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<!DOCTYPE html><html><body>503 Service Unavailable</body></html>", "this is a web page"),
        ('{"count": 1, "results": []}', "this is JSON, not CSV"),
        ("a,b\n1,2\n", "its first line is 'a,b'"),
        (REGISTER[:-12], "cut off"),
        (REGISTER.replace("2025-04-04", "2025-04-31"), "row 3: '2025-04-31'"),
        (REGISTER.replace("2025-04-04", ""), "day of publication, but rows 3"),
        (REGISTER.replace("A Notice", ""), "a title, but rows 3"),
        (REGISTER.replace("2025-05883", ""), "a number, but rows 3"),
        (REGISTER.replace("14257", "14257.5"), "executive_order_number must be a whole number"),
        # A date in the future, and one that was read the wrong way round.
        (REGISTER.replace("2025-04-04", "2052-04-04"), "row=3, document_number=2025-05883, observed_on=2052-04-04"),
        (REGISTER.replace("2025-04-02", "2025-12-04"), "row=2, document_number=2025-06063"),
        (REGISTER.replace("title,", "title,title,").replace("Imports,", "Imports,x,").replace("Notice,N", "x,x,N"), "twice"),
        (PAGES.replace("T01:30:00Z", " 9:30 PM"), "a time in UTC"),
        (PAGES.replace("Z,", "-04:00,"), "a time in UTC"),
        ("publication_date,documents_seen\n2025-04-04,9\n,9\n", "day of publication, but rows 3"),
    ],
)
def test_a_csv_file_that_cannot_be_believed_is_refused_by_name_and_row(tmp_path: Path, text: str, said: str) -> None:
    file = write(tmp_path, text)
    message = fault(tmp_path)
    assert said in message
    assert message.startswith(str(file))


def test_an_answer_of_exactly_a_thousand_rows_is_refused_as_cut(tmp_path: Path) -> None:
    """The export stops there without a word."""
    lines = [f"2025-{n:05d},2025-04-07,A Notice {n}" for n in range(MOST_ROWS + 1)]
    header = "document_number,publication_date,title\n"
    write(tmp_path, header + "\n".join(lines[:MOST_ROWS]) + "\n")
    assert "exactly 1,000 documents, the most that the Federal Register gives" in fault(tmp_path)
    for several in (lines[1:MOST_ROWS], lines):
        write(tmp_path, header + "\n".join(several) + "\n")
        assert len(documents(read(tmp_path))) == len(several)


def test_a_record_of_a_thousand_days_is_no_answer_that_was_cut(tmp_path: Path) -> None:
    every = pd.bdate_range("2020-01-01", periods=MOST_ROWS)
    write(tmp_path, "publication_date,documents_seen\n" + "".join(f"{day:%Y-%m-%d},1\n" for day in every), "per_day.csv")
    assert read(tmp_path).refused == {}


def test_pages_of_json_that_lack_documents_of_their_question_are_refused(tmp_path: Path) -> None:
    every = [result(f"2025-{n:05d}", "2025-04-07", f"Notice {n}") for n in range(5)]
    answer(tmp_path / "page1.json", *every[:3], count=5, next_page_url="https://x/page=2")
    assert "has 5 documents, and 3 are in page1.json" in fault(tmp_path, "page1.json")
    # The same page twice is not the other.
    answer(tmp_path / "page2.json", *every[:3], count=5)
    assert set(read(tmp_path).refused) == {"page1.json", "page2.json"}
    answer(tmp_path / "page2.json", *every[3:], count=5)
    found = read(tmp_path)
    assert (found.refused, len(documents(found))) == ({}, 5)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda text: text[: len(text) // 2], "JSON that was cut short or damaged: line 1, column"),
        (lambda text: "<html><body>Bad Gateway</body></html>", "this is a web page"),
        (lambda text: "[]", "not an answer of the Federal Register"),
        (lambda text: json.dumps({"count": 1, "results": ["x"]}), "not a list of documents"),
        (lambda text: text.replace("publication_date", "date"), "have no publication_date"),
        (lambda text: text.replace("2025-04-04", "2025-04-4"), "row 1: '2025-04-4'"),
        (lambda text: text.replace('"count": 1', '"count": 1001'), "has 1,001 documents"),
    ],
)
def test_json_that_is_no_whole_answer_is_refused(tmp_path: Path, spoil, said: str) -> None:
    file = answer(tmp_path / "a.json", result("2025-05883", "2025-04-04", "A Notice"))
    file.write_text(spoil(file.read_text()))
    message = fault(tmp_path, "a.json")
    assert said in message
    assert message.startswith(str(file))


def test_an_answer_without_documents_is_read(tmp_path: Path) -> None:
    answer(tmp_path / "a.json")
    assert read(tmp_path).refused == {}
    file = tmp_path / "a.json"
    file.write_text('{"count": 0, "description": "none"}')
    assert read(tmp_path).refused == {}


def test_rows_that_differ_and_tell_no_day_are_refused_with_their_files(tmp_path: Path) -> None:
    write(tmp_path, REGISTER)
    write(tmp_path, REGISTER.replace("A Notice", "Another"), "b.csv")
    write(tmp_path, PAGES, "pages.csv")
    found = read(tmp_path)
    assert set(found.refused) == {"documents.csv", "b.csv"}
    assert "2025-05883 differs in title between documents.csv row 3, b.csv row 3" in found.refused["b.csv"].replace(
        "b.csv row 3, documents.csv row 3", "documents.csv row 3, b.csv row 3"
    )
    # The others are read.
    assert documents(found)["source"].tolist() == ["White House"]


@pytest.mark.parametrize("names", [("a_20250410.csv", "b_20250410.csv"), ("a_20250401.csv", "b_20250403.csv")])
def test_versions_of_one_day_or_from_before_the_publication_are_refused(tmp_path: Path, names: tuple[str, str]) -> None:
    """Both would count from one time, and nobody could say which is the newer."""
    write(tmp_path, REGISTER, names[0])
    write(tmp_path, REGISTER.replace("A Notice", "Another"), names[1])
    assert set(read(tmp_path).refused) == set(names)


def test_a_later_version_of_an_evenings_page_counts_after_it(tmp_path: Path) -> None:
    """2 April in Washington is the 3rd in UTC: what was downloaded on the 2nd cannot be a later version."""
    write(tmp_path, PAGES, "a_20250402.csv")
    for day, there in (("20250402", 0), ("20250403", 2)):
        file = write(tmp_path, PAGES.replace("Imports", "Exports"), f"b_{day}.csv")
        rows = documents(read(tmp_path))
        assert len(rows) == there
        file.unlink()
    assert rows["available_at"].astype(str).tolist() == ["2025-04-03 01:30:00+00:00", "2025-04-04 00:00:00+00:00"]
    assert documents_available_by_rule(rows).passed


def test_a_name_with_eight_digits_that_are_no_date_is_refused(tmp_path: Path) -> None:
    write(tmp_path, REGISTER, "documents_20251345.csv")
    assert "20251345" in fault(tmp_path, "documents_20251345.csv")


def test_a_folder_that_is_not_there_or_empty_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataFault, match="no such file or folder"):
        read(tmp_path / "nowhere")
    with pytest.raises(DataFault, match="hold no file"):
        read(tmp_path)


# --- the real files


def test_the_real_files_are_read_whole() -> None:
    found = read_documents(shared_data("policy"), dt.date(2026, 2, 28))
    assert found.refused == {}
    assert found.passed_by == ("events/trade_biofuel_events.csv",)
    assert (found.later, len(documents(found))) == (0, 831 + 341 - 19 + 227 + 361)
    assert found.frame["kind"].isin(DAYS).sum() == 4230 + 1000
    # 49 of 880 executive orders are not there, all of them after 14272; the record knows nothing of 4 days without a Register.
    gap = orders_without_gap(found.frame)
    assert (gap.measured, gap.offenders["executive_order_number"].min()) == (49, 14273)
    assert {pd.Timestamp("2021-01-20"), pd.Timestamp("2025-01-09"), pd.Timestamp("2025-12-24"), pd.Timestamp("2025-12-26")} & set(
        found.frame["observed_on"]
    ) == {pd.Timestamp("2021-01-20"), pd.Timestamp("2025-01-09")}
