"""Rules about government documents: each is red on the row that breaks it."""

import datetime as dt

import pandas as pd

from zl_assets.domain.documents import ANY_DAY, PRESIDENTIAL_DAY
from zl_assets.domain.rules import documents as rules
from zl_assets.domain.rules.documents import (
    days_without_hole,
    document_dates_agree,
    documents_available_by_rule,
    documents_complete,
    documents_fresh,
    files_accepted,
    no_vanished_document,
    orders_without_gap,
)
from zl_assets_tests.support.contracts import POLICY_DOCUMENTS
from zl_assets_tests.support.documents import document, table
from zl_assets_tests.support.rows import predicates_of, sound


def test_each_rule_is_red_on_the_row_that_breaks_it() -> None:
    rows = sound(POLICY_DOCUMENTS.table)
    of_register = rows["document_number"] == "2025-06063"
    breaks = {
        documents_complete: [("title", pd.NA), ("title", " "), ("kind", "letter"), ("source", "Somebody")],
        document_dates_agree: [("signing_date", pd.Timestamp("2025-04-08")), ("observed_on", pd.Timestamp("2027-04-07"))],
        documents_available_by_rule: [("available_at", pd.Timestamp("2025-04-07 12:44", tz="UTC"))],
    }
    for rule, changes in breaks.items():
        assert rule(rows).passed
        for column, value in changes:
            wrong = rows.assign(**{column: rows[column].mask(of_register, value)})
            assert rule(wrong).measured == 1, (rule.__name__, column)
    early = rows.assign(available_at=rows["available_at"].mask(rows["source"] == "White House", rows["available_at"].min()))
    assert not documents_available_by_rule(early).passed


def test_what_is_missing_among_the_documents_is_told() -> None:
    orders = [document(f"2025-{n}", "2025-04-07", "x", executive_order_number=n) for n in (14000, 14001, 14003)]
    rows = table(*orders, presidents=("2025-04-01", "2025-04-11"), agencies=("2025-04-01", "2025-04-04"))
    assert orders_without_gap(rows).offenders["executive_order_number"].tolist() == [14002]
    assert orders_without_gap(rows.head(0)).passed
    assert days_without_hole(rows).passed
    hole = rows[~(rows["kind"].eq(PRESIDENTIAL_DAY) & rows["observed_on"].eq("2025-04-08"))]
    assert days_without_hole(hole).offenders["day"].tolist() == [pd.Timestamp("2025-04-08")]
    assert documents_fresh(rows, dt.date(2025, 4, 18)).passed
    late = documents_fresh(rows, dt.date(2025, 4, 21))
    assert (late.passed, late.offenders["kind"].tolist()) == (False, [ANY_DAY])
    assert documents_fresh(rows.head(0), dt.date(2025, 4, 21)).passed
    assert no_vanished_document(rows, rows).passed
    assert no_vanished_document(rows, rows.iloc[1:]).measured == 1


def test_a_refused_file_is_named() -> None:
    assert files_accepted({}, "here").passed
    assert files_accepted({"a.csv": "a web page"}, "here").offenders["fault"].tolist() == ["a web page"]


def test_every_predicate_has_a_test_here() -> None:
    assert predicates_of(rules) == {
        "days_without_hole",
        "document_dates_agree",
        "documents_available_by_rule",
        "documents_complete",
        "documents_fresh",
        "files_accepted",
        "no_vanished_document",
        "orders_without_gap",
    }
