"""RIN prices' files: what is accepted, what is refused by file and row, when a week is known, and fetching them."""

import csv
import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zl_assets.settings import Settings
from zl_assets.sources import fetching, rin_prices
from zl_assets.sources.base import SourceAsset
from zl_assets.sources.rin_prices import CONTRACT, HEADER, SOURCE, known_by_rule, price
from zl_assets_tests.conftest import shared_data
from zl_assets_tests.support import rin
from zl_assets_tests.support.contracts import RIN_PRICES, ZL
from zl_assets_tests.support.publisher import Query, publisher
from zl_assets_tests.support.rin import AS_OF, read, table, week
from zl_assets_tests.support.rows import red_rules, sound

OF = SourceAsset("rin_prices", SOURCE, (ZL,), (), CONTRACT)
FIRST = ("5/21/2012", "2012", "2012", "D4", "Unverified", "$1.45")
SECOND = ("5/28/2012", "2012", "2011", "D6", "Q-RIN", "$0.02")
SAID = table(week("2012-05-21", 1.45), week("2012-05-28", 0.02, rin_year=2011, d_code="D6", service="Q-RIN"))


def write(folder: Path, content: str, name: str = "RIN_prices.csv") -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content.encode())
    return file


def fault(folder: Path, name: str) -> str:
    """What is said of a file that is refused; nothing else is, and nothing of it is in the frame."""
    found = read(folder)
    assert list(found.refused) == [name]
    assert found.frame.empty
    return found.refused[name]


# --- the real files


def test_real_files_give_their_prices_as_a_second_reading_of_them_does() -> None:
    found = read(shared_data("rin"))
    assert (found.refused, found.passed_by, found.later) == ({}, (), 0)
    names = ["RIN_prices_20220801.csv", "RIN_prices_20221128.csv"]
    assert found.files == {names[0]: 5887, names[1]: 3557}
    said: list[dict[tuple[str, ...], str]] = []
    for name in names:
        with open(shared_data(f"rin/{name}"), newline="", encoding="utf-8-sig") as file:
            rows = list(csv.reader(file))[1:]
        said.append({tuple(row[:5]): row[5] for row in rows})
        # One price of each week, RIN year, fuel and service, in each transfer year.
        assert len(said[-1]) == len(rows)
    # 3,320 are in both downloads, and two differ.
    both = said[0].keys() & said[1].keys()
    assert (len(both), sum(said[0][key] != said[1][key] for key in both)) == (3320, 2)
    # A RIN's price has another transfer year's beside it in the week in which a year ends.
    assert len(said[0]) - len({(key[0], *key[2:]) for key in said[0]}) == 35
    every = said[1] | said[0]
    newest = found.frame.drop_duplicates(list(rin_prices.VERSIONS.of))
    assert len(newest) == len(every) == 6124
    mine = {
        (f"{row.observed_on:%-m/%-d/%Y}", str(row.transfer_year), str(row.rin_year), row.d_code, row.service): f"${row.price:.2f}"
        for row in newest.itertuples()
    }
    assert mine == every
    assert red_rules(RIN_PRICES.table, found.frame) == {}


def test_real_prices_that_a_later_download_revised_count_from_its_day() -> None:
    rows = rin.real_prices()
    revised = rows[rows.duplicated(list(rin_prices.VERSIONS.of), keep=False)]
    assert [f"{row.d_code} {row.price} {row.available_at:%Y-%m-%d %H:%M}" for row in revised.itertuples()] == [
        "D3 2.99 2022-09-01 03:59",
        "D3 2.98 2022-11-29 00:00",
        "D5 1.56 2022-09-01 03:59",
        "D5 1.59 2022-11-29 00:00",
    ]


# --- when a week is known


@pytest.mark.parametrize(
    ("date", "known"),
    [
        ("2012-05-28", "2012-07-01 03:59"),  # 30 June, summer
        ("2015-12-28", "2016-02-01 04:59"),  # 31 January, winter
        ("2019-04-29", "2019-06-01 03:59"),
        ("2020-01-06", "2020-03-01 04:59"),  # 29 February
        ("2021-01-25", "2021-03-01 04:59"),
    ],
)
def test_a_week_is_known_at_the_end_of_the_month_after_it(date: str, known: str) -> None:
    at = known_by_rule(pd.Series([pd.Timestamp(date)]))
    assert at.iloc[0] == pd.Timestamp(known, tz="UTC")
    assert str(at.dtype) == "datetime64[ns, UTC]"


# --- what is accepted


@pytest.mark.parametrize(
    "content",
    [
        rin.csv(FIRST, SECOND),
        rin.csv(SECOND, FIRST),
        rin.csv(FIRST, SECOND).removeprefix("\ufeff"),
        rin.csv(FIRST, SECOND).replace("\r\n", "\n"),
        rin.csv(FIRST, SECOND).replace('"', ""),
        rin.csv(FIRST, SECOND).replace("$", ""),
        rin.csv(FIRST, SECOND).replace("5/21/2012", "2012-05-21"),
        rin.csv(FIRST, SECOND).replace("5/21/2012", "05/21/2012"),
        rin.csv(FIRST, SECOND, header=tuple(name.upper() for name in HEADER)),
        rin.csv(FIRST, FIRST, SECOND),
    ],
)
def test_the_export_of_epas_page(tmp_path: Path, content: str) -> None:
    write(tmp_path, content)
    found = read(tmp_path)
    assert found.refused == {}
    pd.testing.assert_frame_equal(found.frame, SAID)


@pytest.mark.parametrize(
    ("given", "dollars"), [("$1.45", 1.45), ("1.45", 1.45), ("$1.40 - $1.50", 1.45), ("1.4-1.5", 1.45), ("$1.45 - $1.45", 1.45)]
)
def test_a_price_that_is_given_as_a_range_is_its_middle(given: str, dollars: float) -> None:
    assert price(given) == pytest.approx(dollars, abs=1e-12)


@pytest.mark.parametrize("given", ["", "$", "-1.45", "$1.50 - $1.40", "$1.40 - ", "1,45", "1.45e1", "nan", "$1.45 a RIN", None])
def test_what_is_no_price_is_none(given: object) -> None:
    with pytest.raises(ValueError, match=r"^$"):
        price(given)


@given(st.integers(1, 1000), st.integers(0, 1000))
def test_the_middle_of_a_range_lies_within_it(low: int, more: int) -> None:
    ends = low / 100, (low + more) / 100
    assert ends[0] <= price(f"${ends[0]:.2f} - ${ends[1]:.2f}") <= ends[1]


def test_a_week_of_two_years_has_both_prices(tmp_path: Path) -> None:
    old = ("12/28/2015", "2015", "2015", "D4", "Unverified", "$0.67")
    write(tmp_path, rin.csv(old, (old[0], "2016", *old[2:5], "$0.72")))
    rows = read(tmp_path).frame
    assert rows[["transfer_year", "rin_year", "price"]].to_numpy().tolist() == [[2015, 2015, 0.67], [2016, 2015, 0.72]]


def test_a_later_download_that_differs_counts_from_its_day_and_one_without_a_day_is_refused(tmp_path: Path) -> None:
    write(tmp_path, rin.csv(FIRST, SECOND), "RIN_prices_20120801.csv")
    write(tmp_path, rin.csv((*FIRST[:5], "$1.44")), "RIN_prices_20121001.csv")
    rows = read(tmp_path).frame
    assert rows["price"].tolist() == [1.45, 1.44, 0.02]
    assert rows["available_at"].astype(str).tolist()[:2] == ["2012-07-01 03:59:00+00:00", "2012-10-02 00:00:00+00:00"]
    write(tmp_path, rin.csv((*FIRST[:5], "$1.43")), "RIN_prices.csv")
    found = read(tmp_path)
    assert sorted(found.refused) == ["RIN_prices.csv", "RIN_prices_20120801.csv", "RIN_prices_20121001.csv"]
    assert "RIN_prices.csv, line 2" in found.refused["RIN_prices.csv"]


# --- what is refused

BAD = "every value of column "
REFUSED: dict[str, tuple[str, str]] = {
    "another order of columns": (
        rin.csv(
            ("5/21/2012", "2012", "2012", "D4", "Unverified", "$1.45"), header=(HEADER[0], HEADER[2], HEADER[1], *HEADER[3:])
        ),
        r"line 1: expected the columns Transfer Date by Week, Transfer Year, RIN Year, .* but found '.*RIN Year, Tra",
    ),
    "a column less": (rin.csv(FIRST[:5], header=HEADER[:5]).replace("\ufeff", ""), r"line 1: expected the columns"),
    "a web page": ("<!DOCTYPE html><html></html>", r"this is a web page"),
    "JSON": ('{"qMatrix": []}', r"this is JSON"),
    "a line cut short": (rin.csv(FIRST, SECOND)[:-20] + "\r\n", r"not a readable CSV file: line 3"),
    "an end within a line": (rin.csv(FIRST, SECOND)[:-2], r"line 3: the file ends within this line, so it was cut off"),
    "an end within a field": (rin.csv(FIRST, SECOND)[:-5], r"line 3"),
    "only blank lines": ("\r\n\r\n", r"only blank lines"),
    "a date that is none": (rin.csv(("13/28/2012", *FIRST[1:])), rf"{BAD}Transfer Date by Week .* row 2: '13/28/2012'"),
    "a year that is none": (rin.csv((FIRST[0], "12", *FIRST[2:])), rf"{BAD}Transfer Year must be a year, but found row 2: '12'"),
    "a code that is none": (rin.csv(FIRST, (*FIRST[:3], "D8", *FIRST[4:])), rf"{BAD}Fuel \(D Code\) .* row 3: 'D8'"),
    "no service": (rin.csv((*FIRST[:4], "", "$1.45")), rf"{BAD}QAP Service Type .* row 2: ''"),
    "no price": (rin.csv((*FIRST[:5], "")), rf"{BAD}RIN Price must be a price as \$1.45, .* row 2: ''"),
    "a price of nothing": (rin.csv((*FIRST[:5], "$0.00")), r"line 2:\n.*prices_in_range failed"),
    "cents": (rin.csv((*FIRST[:5], "$145.00")), r"line 2:\n.*prices_in_range failed"),
    "years under each other's name": (rin.csv(("5/28/2012", "2011", "2012", *FIRST[3:])), r"line 2:\n.*weeks_sound failed"),
    "fuel of the future": (rin.csv(("5/28/2012", "2012", "2013", *FIRST[3:])), r"line 2:\n.*weeks_sound failed"),
    "a Sunday": (rin.csv(("5/27/2012", *FIRST[1:])), r"line 2:\n.*weeks_sound failed"),
    "a week in the future": (
        rin.csv(("1/26/2026", "2026", "2026", *FIRST[3:])),
        r"line 2: the week of 2026-01-26 begins after 2026-01-20",
    ),
    "two prices of one": (
        rin.csv(FIRST, (*FIRST[:5], "$1.44")),
        r"line 2 and .*line 3 are of one observation and differ",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_is_refused_by_file_and_row(tmp_path: Path, what: str) -> None:
    content, words = REFUSED[what]
    write(tmp_path, content)
    said = fault(tmp_path, "RIN_prices.csv")
    assert "RIN_prices.csv" in said
    assert re.search(words, said, re.DOTALL), said


def test_a_week_after_the_download_is_refused_and_one_after_the_as_of_date_left_out(tmp_path: Path) -> None:
    write(tmp_path, rin.csv(FIRST, SECOND), "RIN_prices_20120525.csv")
    assert "line 3: the week of 2012-05-28 begins after 2012-05-25" in fault(tmp_path, "RIN_prices_20120525.csv")
    (tmp_path / "RIN_prices_20120525.csv").rename(tmp_path / "RIN_prices.csv")
    found = read(tmp_path, dt.date(2012, 5, 27))
    assert (len(found.frame), found.later) == (1, 1)


def test_a_refused_file_harms_no_other_and_is_a_warning(tmp_path: Path) -> None:
    write(tmp_path, rin.csv(FIRST, SECOND), "a/RIN_prices_20120801.csv")
    write(tmp_path, "<html></html>", "RIN_prices_20120901.csv")
    write(tmp_path, "x", "README.txt")
    loaded = SOURCE.read(Settings.load(rin=str(tmp_path)), OF, AS_OF)
    assert len(loaded.frame) == 2
    [warning] = loaded.warnings
    assert "RIN_prices_20120901.csv: this is a web page" in warning
    assert loaded.facts["not_read"] == "README.txt"
    assert SOURCE.read(Settings.load(), OF, AS_OF).nothing == rin_prices.UNSET


@pytest.mark.parametrize(
    ("rule", "column", "value"),
    [
        ("prices_in_range", "price", 0.0),
        ("prices_in_range", "price", 10.01),
        ("prices_in_range", "price", float("nan")),
        ("weeks_sound", "rin_year", 2025),
        ("weeks_sound", "rin_year", 2018),
        ("weeks_sound", "transfer_year", 2025),
        ("weeks_sound", "observed_on", pd.Timestamp("2024-01-16")),
        ("known_by_rule", "available_at", pd.Timestamp("2024-03-01 04:58", tz="UTC")),
        ("known_by_rule", "available_at", pd.Timestamp("2024-03-01 05:00", tz="UTC")),
    ],
)
def test_a_row_that_cannot_be_is_named(rule: str, column: str, value: object) -> None:
    rows = sound(RIN_PRICES.table)
    assert red_rules(RIN_PRICES.table, rows) == {}
    rows.loc[1, column] = value
    verdict = red_rules(RIN_PRICES.table, rows)[rule]
    assert (verdict.measured, verdict.offenders.index.tolist()) == (1, [1])


def test_prices_that_stopped_are_told() -> None:
    rows = table(week("2012-05-28", 1.42))
    assert rin_prices.prices_fresh(rows, dt.date(2012, 8, 11)).passed
    assert not rin_prices.prices_fresh(rows, dt.date(2012, 8, 12)).passed
    assert not rin_prices.prices_fresh(rows.head(0), dt.date(2012, 8, 11)).passed


# --- fetching


class Mirror:
    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answer = (200, rin.csv(FIRST, SECOND))

    def __call__(self, path: str, query: Query) -> tuple[int, str]:
        self.asked.append(path)
        return self.answer


@pytest.fixture
def server() -> Mirror:
    return Mirror()


@pytest.fixture
def settings(server: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(fetching, "BACKOFF", 0.0)
    with publisher(server) as address:
        yield Settings.load(rin=address, state_dir=str(tmp_path))


def test_a_mirrors_file_is_fetched_and_what_cannot_be_used_leaves_it(settings: Settings, server: Mirror) -> None:
    now = dt.datetime.now(dt.UTC)
    assert SOURCE.fetch(settings, now) == {}
    assert server.asked == ["/RIN_prices.csv"]
    pd.testing.assert_frame_equal(SOURCE.read(settings, OF, AS_OF).frame, SAID)
    for answer, words in (
        ((404, "gone"), "404"),
        ((200, "<html></html>"), "web page"),
        ((200, rin.csv(FIRST, header=(*HEADER[1:], HEADER[0]))), "in this order"),
        ((200, rin.csv(FIRST)[:-2]), "cut off"),
        ((200, rin.csv((*FIRST[:5], "$145"))), "prices_in_range"),
    ):
        server.answer = answer
        problems = SOURCE.fetch(settings, now + dt.timedelta(hours=2))
        assert words in problems["RIN prices"]
        assert "UTC is used" in problems["RIN prices"]
        pd.testing.assert_frame_equal(SOURCE.read(settings, OF, AS_OF).frame, SAID)


def test_before_anything_was_fetched_the_address_is_named(settings: Settings, server: Mirror) -> None:
    server.answer = (503, "busy")
    assert list(SOURCE.fetch(settings, dt.datetime.now(dt.UTC))) == ["RIN prices"]
    assert "has given no file yet" in SOURCE.read(settings, OF, AS_OF).nothing
    assert SOURCE.checks(settings, OF).prepare(AS_OF)["refused"]
