"""Labels that BigQuery would refuse, which the embedded one takes."""

import re
import uuid
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zl_assets.contracts.marks import MARKS
from zl_assets.domain.families.registry import MAX_NAME
from zl_assets.warehouse import ownership
from zl_assets.warehouse.contract import Part
from zl_assets.warehouse.errors import SchemaConflict
from zl_assets.warehouse.labels import MAX_LABELS, MAX_LENGTH, is_key, label_value
from zl_assets_tests.warehouse.google import Google
from zl_assets_tests.warehouse.tables import SMALL

pytestmark = pytest.mark.refused_by_google("a statement stands for any: only its job's end matters here")

LEGAL = re.compile(r"[a-z0-9_-]{0,63}")


@given(st.text())
def test_every_text_becomes_a_value_that_bigquery_takes(text: str) -> None:
    assert LEGAL.fullmatch(label_value(text))
    assert label_value(text) == label_value(text)


@given(st.text(max_size=80), st.text(max_size=80))
def test_two_texts_do_not_become_one_value(one: str, other: str) -> None:
    assert (label_value(one) == label_value(other)) == (one == other)


@pytest.mark.parametrize("text", [str(uuid.UUID(int=7)), "daily_ml_matrix", "outside-a-run", "a" * MAX_LENGTH, ""])
def test_a_value_that_is_allowed_stays_as_it_is(text: str) -> None:
    assert label_value(text) == text


def test_names_that_differ_after_their_sixty_third_letter_or_in_case_stay_apart() -> None:
    names = ["a" * 63 + "b", "a" * 63 + "c", "Daily", "daily", "dai ly", "dai.ly"]
    assert len({label_value(name) for name in names}) == len(names)
    assert label_value("a" * 70).startswith("a" * 54 + "-")


def test_the_jobs_of_an_asset_with_a_long_name_are_not_refused_for_their_labels() -> None:
    google, asset = Google(), "An_Asset_" * 12
    runner = google.runner(run="R/1", asset=asset)
    runner.rows("SELECT 3 AS n", "count")
    runner.query("MERGE", "merge")
    found = google.rows_configs[0]["labels"]
    assert found == {"zl_run": label_value("R/1"), "zl_asset": label_value(asset), "zl_step": "count"}
    assert all(is_key(key) and LEGAL.fullmatch(value) for key, value in found.items())
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,1024}", google.job_ids[0])


@pytest.mark.parametrize("name", ["x" * 54, "Rain", "no spaces"])
def test_a_part_whose_label_bigquery_would_refuse_is_refused_before_a_write(name: str) -> None:
    with pytest.raises(SchemaConflict, match="Give it another name"):
        ownership.labels_of(replace(SMALL, parts=(Part(name, (), True),)), MARKS, None)


def test_the_longest_family_name_makes_a_label_that_bigquery_takes() -> None:
    name = "x" * MAX_NAME
    assert ownership.labels_of(replace(SMALL, parts=(Part(name, (), True),)), MARKS, None) == {f"zl_family_{name}": "owned"}


def test_a_table_that_would_have_more_labels_than_bigquery_allows_is_refused() -> None:
    live = {f"team{i}": "x" for i in range(MAX_LABELS)}
    ownership.refuse_too_many("p.d.t", live, {"team3": "y"})
    ownership.refuse_too_many("p.d.t", live, {"zl_family_rain": "owned", "team3": None})
    ownership.refuse_too_many("p.d.t", {}, dict(live))
    with pytest.raises(
        SchemaConflict, match=r"p\.d\.t would have 65 labels.*allows 64: it has 64.*adds zl_family_rain\. Nothing"
    ):
        ownership.refuse_too_many("p.d.t", live, {"zl_family_rain": "owned"})
