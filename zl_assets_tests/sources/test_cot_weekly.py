"""Commitments of Traders' files: what is accepted, what is refused by file and row, when a report is known, and fetching them."""

import csv
import datetime as dt
import os
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from zl_assets.settings import Settings
from zl_assets.sources import cot_weekly, fetching
from zl_assets.sources.base import SourceAsset
from zl_assets.sources.cot_weekly import CONTRACT, DELAYED, FILES, SOURCE, known_by_rule
from zl_assets.warehouse.errors import DataFault
from zl_assets_tests.conftest import shared_data
from zl_assets_tests.support.contracts import COT_WEEKLY, ZL
from zl_assets_tests.support.cot import AS_OF, positions, read, real_reports, report, table, text, zipped
from zl_assets_tests.support.publisher import Query, publisher
from zl_assets_tests.support.rows import red_rules, sound

OF = SourceAsset("cot_weekly", SOURCE, (ZL,), (), CONTRACT)
WEEKS = report("2012-07-10"), report("2012-07-17", **positions(mm=(20_000, 5_000)))


def write(folder: Path, content: str | bytes, name: str = "f_year.txt") -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def fault(folder: Path, *names: str) -> str:
    """What is said of files that are refused; nothing else is, and nothing of them is in the frame."""
    found = read(folder)
    assert sorted(found.refused) == sorted(names or ["f_year.txt"])
    assert found.frame.empty
    return found.refused[sorted(found.refused)[0]]


# --- the real files


def test_real_files_give_835_weeks_as_a_second_reading_of_them_does() -> None:
    found = read(shared_data("cot"))
    assert (found.refused, found.passed_by, found.later) == ({}, ("cot_release_exceptions.csv",), 0)
    assert (len(found.frame), found.frame["observed_on"].nunique()) == (835, 835)
    assert sum(found.files.values()) == 835
    rows = []
    for year in range(2010, 2026):
        with zipfile.ZipFile(shared_data(f"cot/fut_disagg_txt_{year}.zip")) as archive:
            lines = list(csv.reader(archive.read("f_year.txt").decode().splitlines()))
        # By place: date, open interest, long and short of producers, of managed money.
        rows += [[line[2].strip(), *(int(line[i]) for i in (7, 8, 9, 13, 14))] for line in lines if line[3].strip() == "007601"]
    names = ["observed_on", "open_interest", "prod_merc_long", "prod_merc_short", "mm_long", "mm_short"]
    expected = pd.DataFrame(rows, columns=names).sort_values("observed_on", ignore_index=True)
    mine = found.frame[names].assign(observed_on=found.frame["observed_on"].dt.strftime("%Y-%m-%d"))
    assert mine.to_numpy().tolist() == expected.to_numpy().tolist()
    assert red_rules(COT_WEEKLY.table, found.frame) == {}


def test_the_table_of_delayed_reports_is_the_one_that_was_measured() -> None:
    with open(shared_data("cot/cot_release_exceptions.csv"), newline="") as file:
        assert {row["report_date"]: row["published_on"] for row in csv.DictReader(file)} == DELAYED
    reports = pd.Series(pd.to_datetime(list(DELAYED)))
    days = known_by_rule(reports).dt.tz_convert("America/New_York")
    assert days.dt.strftime("%Y-%m-%d %H:%M").tolist() == [f"{day} 15:30" for day in DELAYED.values()]
    assert set(reports) <= set(real_reports()["observed_on"])
    # Reports come in their order, late or not.
    assert real_reports()["available_at"].is_monotonic_increasing


# --- when a report is known


@pytest.mark.parametrize(
    ("date", "known"),
    [
        ("2012-07-10", "2012-07-13 19:30"),  # Tuesday to Friday, summer
        ("2012-01-10", "2012-01-13 20:30"),  # winter
        ("2012-07-03", "2012-07-09 19:30"),  # a holiday on Wednesday: Monday
        ("2012-12-31", "2013-01-04 20:30"),  # of a Monday, and New Year
        ("2012-11-20", "2012-11-26 20:30"),  # Thanksgiving
        ("2023-01-31", "2023-02-24 20:30"),  # the attack on ION
        ("2018-12-24", "2019-02-01 20:30"),  # shutdown
        ("2025-09-23", "2025-09-26 19:30"),  # the last before one
        ("2025-09-30", "2025-11-19 20:30"),
        ("2013-11-05", "2013-11-08 20:30"),  # the first by the rule again
    ],
)
def test_a_report_is_known_three_business_days_later_or_when_the_shutdown_let_it(date: str, known: str) -> None:
    at = known_by_rule(pd.Series([pd.Timestamp(date)]))
    assert at.iloc[0] == pd.Timestamp(known, tz="UTC")
    assert str(at.dtype) == "datetime64[ns, UTC]"


# --- what is accepted


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("f_year.txt", text(*WEEKS)),
        ("f_year.txt", text(*WEEKS, renamed=False)),
        ("f_year.txt", text(*WEEKS).replace("\r\n", "\n")),
        ("f_year.txt", "\ufeff" + text(*WEEKS)),
        ("f_year.txt", text(*WEEKS).replace(" ,", ",").replace(",  ", ",")),
        ("annual_2012.csv", text(*reversed(WEEKS))),
        ("fut_disagg_txt_2012.zip", zipped(text(*WEEKS))),
        ("fut_disagg_txt_hist_2006_2016.ZIP", zipped(text(*WEEKS), "F_Disagg06_16.TXT")),
        ("a/b/fut_disagg_txt_2012.zip", zipped(text(*WEEKS))),
    ],
)
def test_files_as_the_cftc_has_them(tmp_path: Path, name: str, content: str | bytes) -> None:
    write(tmp_path, content, name)
    found = read(tmp_path)
    assert found.refused == {}
    pd.testing.assert_frame_equal(found.frame, table(*WEEKS))


def test_a_list_of_exceptions_and_other_files_are_passed_by_with_a_warning_for_the_first(tmp_path: Path) -> None:
    write(tmp_path, text(*WEEKS))
    write(tmp_path, "report_date,published_on\n2013-10-01,2013-11-08\n", "cot_release_exceptions.csv")
    write(tmp_path, "x", "README.md")
    loaded = SOURCE.read(Settings.load(cot=str(tmp_path)), OF, AS_OF)
    assert len(loaded.frame) == 2
    assert loaded.facts["not_read"] == "README.md, cot_release_exceptions.csv"
    assert loaded.warnings == ("cot_release_exceptions.csv: no publisher's file, so it is passed by.",)


def test_reports_after_the_as_of_date_are_left_out(tmp_path: Path) -> None:
    write(tmp_path, text(*WEEKS))
    found = read(tmp_path, dt.date(2012, 7, 16))
    assert (found.frame["observed_on"].dt.day.tolist(), found.later) == ([10], 1)


def test_a_revision_counts_from_the_end_of_its_own_day_and_copies_once(tmp_path: Path) -> None:
    first, second = WEEKS
    write(tmp_path, text(first, second), "f_year_20120720.txt")
    write(tmp_path, text(first | positions(mm=(31_000, 10_000)), second), "later_20120901/f_year.txt")
    write(tmp_path, text(second), "undated.txt")
    found = read(tmp_path)
    assert found.refused == {}
    assert found.revised == 1
    assert found.frame["mm_long"].tolist() == [30_000, 31_000, 20_000]
    assert found.frame["available_at"].astype(str).tolist() == [
        "2012-07-13 19:30:00+00:00",
        "2012-09-02 00:00:00+00:00",
        "2012-07-20 19:30:00+00:00",
    ]
    assert found.frame["vintage"].dt.strftime("%m-%d").tolist() == ["07-20", "09-01", "07-20"]
    assert red_rules(COT_WEEKLY.table, found.frame) == {}


# --- what is refused


def damaged(content: bytes) -> bytes:
    return content[:90] + bytes([content[90] ^ 0xFF]) + content[91:]


REFUSED: dict[str, tuple[str, str | bytes, str]] = {
    "futures and options": (
        "f_year.txt",
        text(*WEEKS, kind="Combined"),
        r"f_year\.txt, line 2: FutOnly_or_Combined is 'Combined'",
    ),
    "another report": (
        "annual.txt",
        text(*WEEKS).replace("Prod_Merc_Positions_Long_All", "NonComm_Positions_Long_All"),
        r"annual\.txt, line 1: this is not the disaggregated report.*Prod_Merc_Positions_Long_All",
    ),
    "the week's file, which has no header": (
        "f_disagg.txt",
        text(*WEEKS).partition("\r\n")[2],
        r"f_disagg\.txt, line 1: this is not the disaggregated report",
    ),
    "another year": (
        "fut_disagg_txt_2013.zip",
        zipped(text(*WEEKS)),
        r"fut_disagg_txt_2013\.zip, f_year\.txt, line 3: the report of 2012-07-10 is not of 2013",
    ),
    "no soybean oil": ("f_year.txt", text(*WEEKS, market="026603"), r"none of its 4 rows is of soybean oil \(007601\)"),
    "a web page": ("f_year.csv", "<html>502</html>\n", r"f_year\.csv: this is a web page"),
    "a web page for a zip": ("fut_disagg_txt_2012.zip", b"<!DOCTYPE html>", r"fut_disagg_txt_2012\.zip: this is a web page"),
    "a cut zip": ("fut_disagg_txt_2012.zip", zipped(text(*WEEKS))[:200], r"fut_disagg_txt_2012\.zip: not a readable zip"),
    "a damaged zip": ("fut_disagg_txt_2012.zip", damaged(zipped(text(*WEEKS))), r"fut_disagg_txt_2012\.zip: not a readable zip"),
    "a zip without a text": ("fut_disagg_txt_2012.zip", zipped("x", "x.doc"), r"it holds no \.txt"),
    "a line cut short": ("f_year.txt", text(*WEEKS)[:-60] + "\r\n", r"f_year\.txt, line 5: not 19 fields"),
    "an end within a line": ("f_year.txt", text(*WEEKS)[:-4], r"f_year\.txt: it ends within line 5, so it was cut off"),
    "a column twice": (
        "f_year.txt",
        text(*WEEKS).replace("Market_and_Exchange_Names", "Open_Interest_All"),
        r"f_year\.txt, line 1: a column appears twice",
    ),
    "a field without an end": ("f_year.txt", text(*WEEKS) + '"' + "x" * 200_000 + "\r\n", r"f_year\.txt: not a readable text"),
    "not UTF-8": ("f_year.txt", text(*WEEKS).encode().replace(b"SOY", b"S\xd6Y"), r"not UTF-8 text"),
    "empty": ("f_year.txt", "\r\n", r"f_year\.txt, line 1: this is not the disaggregated report"),
    "a date that is none": (
        "f_year.txt",
        text(*WEEKS).replace("2012-07-17", "2012-07-32"),
        r"f_year\.txt: every value of column Report_Date_as_YYYY-MM-DD .* row 5: '2012-07-32'",
    ),
    "two dates that differ": (
        "f_year.txt",
        text(*WEEKS).replace("120717", "120716"),
        r"f_year\.txt, line 5: the two dates of a report differ",
    ),
    "a blank number": (
        "f_year.txt",
        text(WEEKS[0] | {"mm_long": ""}),
        r"M_Money_Positions_Long_All .* whole number, .*row 3: ''",
    ),
    "a dot for a number": ("f_year.txt", text(WEEKS[0] | {"mm_long": "."}), r"a whole number, .*row 3: '\.'"),
    "sides that do not add up": (
        "f_year.txt",
        text(*WEEKS).replace("   30000", "   30001"),
        r"f_year\.txt, line 3:\n.*positions_add_up failed: 1 of 2 reports",
    ),
    "a negative position": (
        "f_year.txt",
        text(WEEKS[0] | positions(mm=(130_000, 10_000))),
        r"f_year\.txt, line 3:\n.*positions_add_up failed",
    ),
    "a date in the future": (
        "f_year.txt",
        text(report("2026-01-27")),
        r"f_year\.txt, line 3: the report is dated after 2026-01-20, when it cannot be known",
    ),
    "a date after the download": (
        "f_year_20120716.txt",
        text(*WEEKS),
        r"f_year_20120716\.txt, line 5: the report is dated after 2012-07-16",
    ),
    "a day of the download that is none": ("f_year_20121372.txt", text(*WEEKS), r"_20121372 .* no date"),
    "a Friday": ("f_year.txt", text(report("2012-07-13")), r"report_days failed.*weekday=Friday"),
    "two rows of one week": (
        "f_year.txt",
        text(*WEEKS, WEEKS[0] | positions(mm=(1, 0))),
        r"f_year\.txt, line 3 and .*f_year\.txt, line 7 are of one observation and differ",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_is_refused_by_file_and_row(tmp_path: Path, what: str) -> None:
    name, content, words = REFUSED[what]
    write(tmp_path, content, name)
    assert re.search(words, fault(tmp_path, name), re.DOTALL), fault(tmp_path, name)


def test_a_refused_file_harms_no_other(tmp_path: Path) -> None:
    write(tmp_path, text(*WEEKS), "f_2012.txt")
    write(tmp_path, text(report("2013-07-09"), kind="Combined"), "f_2013.txt")
    found = read(tmp_path)
    assert list(found.refused) == ["f_2013.txt"]
    assert len(found.frame) == 2


def test_weeks_that_disagree_are_refused_with_their_files_and_the_others_stay(tmp_path: Path) -> None:
    write(tmp_path, text(*WEEKS), "a.txt")
    write(tmp_path, text(WEEKS[1] | positions(mm=(1, 2))), "b.txt")
    write(tmp_path, text(report("2012-07-24")), "c.txt")
    found = read(tmp_path)
    assert sorted(found.refused) == ["a.txt", "b.txt"]
    assert "a.txt, line 5 and " in found.refused["a.txt"]
    assert "b.txt, line 3 are of one observation and differ" in found.refused["b.txt"]
    assert "_YYYYMMDD" in found.refused["b.txt"]
    assert found.frame["observed_on"].dt.day.tolist() == [24]
    # What only copied a row of a refused file is there by itself.
    write(tmp_path, text(WEEKS[0]), "d.txt")
    assert read(tmp_path).frame["observed_on"].dt.day.tolist() == [10, 24]


def test_nothing_that_can_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataFault, match="ZL_COT"):
        read(tmp_path / "nowhere")
    write(tmp_path, "x", "README.md")
    loaded = SOURCE.read(Settings.load(cot=str(tmp_path)), OF, AS_OF)
    assert loaded.nothing == "ZL_COT: nothing can be used: there is no file that ends in .zip or .txt or .csv"
    unset = SOURCE.read(Settings.load(), OF, AS_OF)
    assert (unset.nothing, len(unset.frame)) == (cot_weekly.UNSET, 0)


# --- rules


@pytest.mark.parametrize(
    ("rule", "column", "value"),
    [
        ("positions_add_up", "mm_long", 0),
        ("positions_add_up", "mm_spread", 0),
        ("positions_add_up", "nonrept_short", -1),
        ("positions_add_up", "open_interest", 0),
        ("report_days", "observed_on", pd.Timestamp("2024-01-19")),
        ("known_by_rule", "available_at", pd.Timestamp("2024-01-19 20:29", tz="UTC")),
        ("known_by_rule", "available_at", pd.Timestamp("2024-01-19 20:31", tz="UTC")),
    ],
)
def test_a_row_that_cannot_be_is_named(rule: str, column: str, value: object) -> None:
    rows = sound(COT_WEEKLY.table).assign(mm_spread=1, nonrept_long=lambda f: f["nonrept_long"] - 1)
    rows = rows.assign(nonrept_short=rows["nonrept_short"] - 1)
    assert red_rules(COT_WEEKLY.table, rows) == {}
    rows.loc[1, column] = value
    verdict = red_rules(COT_WEEKLY.table, rows)[rule]
    assert verdict.measured == 1
    assert verdict.offenders.index.tolist() == [1]


def test_checks_look_at_gaps_and_age_and_a_later_vintage() -> None:
    rows = table(*(report(day) for day in ("2012-07-03", "2012-07-10", "2012-07-24")))
    assert cot_weekly.reports_without_gap(rows).offenders["days"].tolist() == [14]
    assert cot_weekly.reports_without_gap(rows.head(2)).passed
    assert cot_weekly.reports_fresh(rows, dt.date(2012, 8, 12)).passed
    assert not cot_weekly.reports_fresh(rows, dt.date(2012, 8, 13)).passed
    assert not cot_weekly.reports_fresh(rows.head(0), dt.date(2012, 8, 13)).passed
    later = rows.assign(available_at=rows["available_at"] + pd.Timedelta(days=9))
    assert not FILES.known_by_rule(later).passed
    assert FILES.known_by_rule(later.assign(vintage=pd.Timestamp("2012-08-01"))).passed
    # Real reports have no gap.
    assert cot_weekly.reports_without_gap(real_reports()).passed


# --- fetching


class Cftc:
    """Gives each year's zip with its first report; `broken` says otherwise of a path."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.broken: dict[str, tuple[int, str | bytes]] = {}

    def __call__(self, path: str, query: Query) -> tuple[int, str | bytes]:
        self.asked.append(path)
        if path in self.broken:
            return self.broken[path]
        year = int(path[-8:-4])
        first = pd.date_range(f"{year}-01-01", periods=1, freq="W-TUE")[0]
        return 200, zipped(text(report(f"{first:%Y-%m-%d}")))


NOW = dt.datetime(2013, 1, 20, 12, tzinfo=dt.UTC)


@pytest.fixture
def server() -> Cftc:
    return Cftc()


@pytest.fixture
def settings(server: Cftc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(fetching, "BACKOFF", 0.0)
    with publisher(server) as address:
        yield Settings.load(cot=address, state_dir=str(tmp_path))


def at(settings: Settings, now: dt.datetime) -> dict[str, str]:
    """Fetch at a time, and have the files of it."""
    before = {file: file.stat().st_mtime for file in (settings.files_of("cot") or Path()).glob("*.zip")}
    problems = SOURCE.fetch(settings, now)
    for file in (settings.files_of("cot") or Path()).glob("*.zip"):
        if file.stat().st_mtime != before.get(file):
            os.utime(file, (now.timestamp(), now.timestamp()))
    return problems


def test_years_are_fetched_and_read_and_a_past_one_once(settings: Settings, server: Cftc) -> None:
    assert at(settings, NOW) == {}
    assert sorted(server.asked) == [f"/files/dea/history/fut_disagg_txt_{year}.zip" for year in (2010, 2011, 2012, 2013)]
    loaded = SOURCE.read(settings, OF, dt.date(2013, 1, 20))
    assert (loaded.warnings, loaded.frame["observed_on"].dt.year.tolist()) == ((), [2010, 2011, 2012, 2013])
    server.asked.clear()
    # 2012 may still change, and 2013 does.
    assert at(settings, NOW + dt.timedelta(days=7)) == {}
    assert sorted(path[-8:-4] for path in server.asked) == ["2012", "2013"]
    server.asked.clear()
    assert at(settings, NOW + dt.timedelta(days=200)) == {}
    assert at(settings, NOW + dt.timedelta(days=207)) == {}
    assert sorted(path[-8:-4] for path in server.asked) == ["2012", "2013", "2013"]


def test_a_year_without_a_report_is_not_asked_for() -> None:
    def years(moment: str) -> list[str]:
        now = dt.datetime.fromisoformat(moment).replace(tzinfo=dt.UTC)
        return [one.file[-8:-4] for one in cot_weekly.wanted("https://www.cftc.gov", now)]

    # Tuesday 2 January 2018 is out on Friday the 5th, 15:30 in New York.
    assert years("2018-01-05T20:29")[0] == "2017"
    assert years("2018-01-05T20:30")[0] == "2018"
    [one, *_] = cot_weekly.wanted("https://www.cftc.gov", NOW)
    assert one.address == "https://www.cftc.gov/files/dea/history/fut_disagg_txt_2013.zip"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((404, "gone"), "404"),
        ((200, "<html>maintenance</html>"), "web page"),
        ((200, zipped(text(report("2012-01-03")))), "is not of 2013"),
        ((200, zipped(text(report("2013-01-08")))[:-30]), "not a readable zip"),
        ((200, zipped(text(report("2013-01-08"), kind="Combined"))), "Combined"),
    ],
    ids=["gone", "a page", "another year", "cut", "another report"],
)
def test_what_cannot_be_used_is_named_and_leaves_the_file_before(
    settings: Settings, server: Cftc, answer: tuple[int, str | bytes], words: str
) -> None:
    at(settings, NOW)
    folder = settings.files_of("cot")
    assert folder is not None
    before = (folder / "fut_disagg_txt_2013.zip").read_bytes()
    server.broken = {"/files/dea/history/fut_disagg_txt_2013.zip": answer}
    problems = at(settings, NOW + dt.timedelta(days=7))
    assert list(problems) == ["the reports of 2013"]
    assert words in problems["the reports of 2013"]
    assert (folder / "fut_disagg_txt_2013.zip").read_bytes() == before


def test_a_silent_publisher_leaves_nothing_and_says_so(settings: Settings, server: Cftc) -> None:
    server.broken = {f"/files/dea/history/fut_disagg_txt_{year}.zip": (503, "busy") for year in range(2010, 2014)}
    assert len(at(settings, NOW)) == 4
    loaded = SOURCE.read(settings, OF, dt.date(2013, 1, 20))
    assert "has given no file yet" in loaded.nothing
    assert SOURCE.checks(settings, OF).prepare(dt.date(2013, 1, 20))["refused"]
