"""When documents are known, which rows are one, and of which days they were asked for."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zl_assets.domain.documents import (
    ANY_DAY,
    PRESIDENTIAL_DAY,
    asked_for,
    counted_once,
    publication_days,
    published_at,
    session_of,
)
from zl_assets_tests.support.documents import document, page, table

TITLE = "Amendment to Duties To Address the Flow of Illicit Drugs Across Our Northern Border"


def numbers(*rows: dict[str, object]) -> list[str]:
    return counted_once(table(*rows))["document_number"].tolist()


def days(*texts: str | None) -> pd.DatetimeIndex:
    return pd.DatetimeIndex([pd.NaT if text is None else pd.Timestamp(text) for text in texts])


def test_the_register_is_out_at_a_quarter_to_nine_in_washington_in_winter_and_summer() -> None:
    known = published_at(pd.Series(pd.to_datetime(["2025-01-28", "2025-07-28"])))
    assert known.astype(str).tolist() == ["2025-01-28 13:45:00+00:00", "2025-07-28 12:45:00+00:00"]


def test_a_document_of_the_moment_of_a_decision_is_the_next_sessions() -> None:
    decided = pd.to_datetime(["2025-04-07 18:20", "2025-04-08 18:20"], utc=True)
    sessions = pd.DataFrame({"decided_at": decided})
    times = pd.Series(pd.to_datetime(["2025-04-07 18:19", "2025-04-07 18:20", "2025-04-08 18:20"], utc=True))
    assert session_of(times, sessions).tolist() == [0, 1, 2]


def test_a_correction_has_its_orders_number_again_and_does_not_count() -> None:
    first = document("2025-02345", "2025-02-06", "Imposing Duties", executive_order_number=14193)
    again = document("C1-2025-02345", "2025-02-20", "Imposing Duties; Correction", executive_order_number=14193)
    assert numbers(again, first) == ["2025-02345"]


def test_a_later_version_does_not_count_again_and_changes_nothing() -> None:
    first = document("2025-02345", "2025-02-06", "Imposing Duties")
    later = first | {"title": "Not Imposing Anything", "available_at": pd.Timestamp("2025-03-01", tz="UTC")}
    [row] = counted_once(table(later, first)).itertuples()
    assert row.title == "Imposing Duties"


def test_a_document_that_comes_by_both_counts_once_at_the_earlier_time() -> None:
    numbered = page("2025-06063", "2025-04-02 21:37", "Regulating Imports")
    assert numbers(document("2025-06063", "2025-04-07", "Regulating Imports"), numbered) == ["2025-06063"]
    address = "https://www.whitehouse.gov/a/"
    unnumbered = page(address, "2025-04-02 21:37", "REGULATING IMPORTS")
    # Both of the White House's files, and the Register.
    rows = (document("2025-06063", "2025-04-07", "Regulating Imports"), unnumbered)
    assert numbers(*rows) == [address]
    assert numbers(*rows, numbered) == ["2025-06063"]


def test_a_page_that_stands_twice_in_a_list_counts_once() -> None:
    twice = [page(f"https://www.whitehouse.gov/{name}/", "2025-03-07 02:57:57", "A Bitcoin Reserve") for name in "ab"]
    assert numbers(*twice) == ["https://www.whitehouse.gov/a/"]


def test_orders_with_one_title_are_told_apart() -> None:
    """Three of 2025 have this title: each page stands for one document of the Register, and only for one that came soon after."""
    pages = [
        page(f"https://www.whitehouse.gov/{name}/", time, TITLE.upper())
        for name, time in (("a", "2025-03-03 02:40"), ("b", "2025-03-06 21:25"), ("c", "2025-08-01 01:55"))
    ]
    of_register = [
        document(number, day, TITLE)
        for number, day in (("2025-03664", "2025-03-06"), ("2025-03990", "2025-03-11"), ("2025-14893", "2025-08-06"))
    ]
    assert numbers(*pages, *of_register) == [row["document_number"] for row in pages]
    # The page of 3 March alone: the Register's of 11 March and of August are others.
    assert numbers(pages[0], *of_register) == [pages[0]["document_number"], "2025-03990", "2025-14893"]


def test_a_page_with_the_title_of_an_older_document_is_another() -> None:
    older = document("2025-03664", "2025-03-06", TITLE)
    newer = page("https://www.whitehouse.gov/b/", "2025-03-06 21:25", TITLE)
    assert len(numbers(older, newer)) == 2


@settings(max_examples=25)
@given(st.lists(st.sampled_from(range(8)), unique=True, min_size=1), st.integers(0, 40))
def test_what_counts_does_not_depend_on_later_rows(which: list[int], cut: int) -> None:
    pool = [
        document("2025-03664", "2025-03-06", TITLE),
        document("2025-03990", "2025-03-11", TITLE, executive_order_number=14231),
        document("C1-2025-03990", "2025-03-25", "Another", executive_order_number=14231),
        document("2025-14893", "2025-08-06", TITLE),
        page("https://www.whitehouse.gov/a/", "2025-03-03 02:40", TITLE.upper()),
        page("https://www.whitehouse.gov/b/", "2025-03-06 21:25", TITLE.upper()),
        page("https://www.whitehouse.gov/c/", "2025-03-06 21:25", TITLE),
        page("2025-03990", "2025-03-06 21:25", TITLE),
    ]
    rows = table(*(pool[i] for i in which))
    whole = counted_once(rows)
    moment = pd.Timestamp("2025-03-01", tz="UTC") + pd.Timedelta(days=cut)
    known = counted_once(rows[rows["available_at"] < moment].sample(frac=1, random_state=cut))
    pd.testing.assert_frame_equal(known, whole[whole["available_at"] < moment], check_index_type=False)


def test_a_day_that_nobody_asked_for_is_told_from_one_without_documents() -> None:
    rows = table(presidents=("2025-04-01", "2025-04-10"))
    rows = rows[rows["observed_on"] != "2025-04-04"]
    after, until = (
        days("2025-04-01", "2025-04-03", "2025-04-04", "2025-04-10", None),
        days("2025-04-03", "2025-04-04", "2025-04-07", "2025-04-11", "2025-04-03"),
    )
    assert asked_for(rows, PRESIDENTIAL_DAY, after, until).tolist() == [True, False, True, False, False]
    assert not asked_for(rows, ANY_DAY, after, until).any()


def test_a_session_on_a_federal_holiday_is_as_well_known_as_the_day_before() -> None:
    # ZL trades on Columbus Day, 13 October 2025, of which there is no Federal Register.
    holiday = (days("2025-10-10"), days("2025-10-13"))
    assert asked_for(table(presidents=("2025-10-06", "2025-10-10")), PRESIDENTIAL_DAY, *holiday).all()
    assert not asked_for(table(presidents=("2025-10-06", "2025-10-09")), PRESIDENTIAL_DAY, *holiday).any()
    assert "2025-10-13" not in publication_days(pd.Timestamp("2025-10-01").date(), pd.Timestamp("2025-10-31").date())


@pytest.mark.parametrize("seed", range(3))
def test_asked_for_equals_a_slow_computation(seed: int) -> None:
    random = np.random.default_rng(seed)
    every = publication_days(pd.Timestamp("2025-01-01").date(), pd.Timestamp("2025-03-31").date())
    whole = table(presidents=("2025-01-01", "2025-03-31"))
    rows = whole[random.random(len(whole)) > 0.1]
    asked = set(rows["observed_on"])
    starts = pd.date_range("2025-01-06", "2025-03-20")
    ends = starts + pd.to_timedelta(random.integers(1, 9, len(starts)), unit="D")
    found = asked_for(rows, PRESIDENTIAL_DAY, starts, ends)
    for start, end, answered in zip(starts, ends, found.tolist(), strict=True):
        between = [day for day in every if start < day <= end] or [max(day for day in every if day <= end)]
        assert answered is all(day in asked for day in between)
