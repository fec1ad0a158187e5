"""What a person reads first of a materialization, and what stays readable for the code."""

import json
from typing import Any

import dagster as dg
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zl_assets.io_managers.lineage import COLUMN_LINEAGE, as_metadata
from zl_assets.io_managers.metadata import INTERNALS, ROOM, Told, in_order, picture, rows_table, unfolded
from zl_assets.provenance import OWN_BARS, Provenance
from zl_assets.warehouse.lineage import ColumnRef

# Every kind of entry, in the order in which a page is to have them.
READ: dict[str, Any] = {
    "advice": "published",
    "written": "1 inserted, 0 updated, 3 unchanged, 4 rows in all.",
    "trained": "now: choices",
    "is_latest": True,
    "file": dg.MetadataValue.path("briefing/zl.html"),
    "prices": "own bars: bars.parquet",
    "dagster/row_count": 4,
    "inserted": 1,
    "gate_largest_ic": 0.25,
    "over_time": picture("Over time", b"png"),
    "over_time_again": picture("Over time", b"png", "Anew."),
    **as_metadata({"close": (ColumnRef("bars", "close"),)}),
    "columns_ignored": "none",
    "state_folder": "/work/.zl",
}
FOLDED: dict[str, Any] = {
    "job_ids": dg.MetadataValue.json(["zl_1_read_2", "zl_1_merge_3"]),
    "bytes_processed": 10,
    "slot_ms": 0,
    "created": False,
    "columns_added": "none",
    "path": dg.MetadataValue.path("training_csv/x.csv"),
    "sha256": "5" * 64,
    "over_time_made_of": "9" * 64,
    "over_time_drawn": "now",
}


def places(names: list[str]) -> list[int]:
    """Where each entry stands among the kinds."""
    kinds = (
        ("advice",),
        ("written",),
        ("trained", "is_latest", "file", "prices"),
        ("dagster/row_count", "inserted", "gate_largest_ic"),
        ("over_time", "over_time_again", COLUMN_LINEAGE, "columns_made_of"),
        ("columns_ignored",),
        ("state_folder",),
        (INTERNALS,),
    )
    return [next(place for place, kind in enumerate(kinds) if name in kind) for name in names]


@given(st.permutations([*READ.items(), *FOLDED.items()]))
def test_internals_stand_before_what_happened(given: list[tuple[str, Any]]) -> None:
    found = in_order(dict(given))
    assert {*found} == {*READ, INTERNALS}
    assert places([*found]) == sorted(places([*found]))
    # Of one kind, in the order in which they were said.
    words = [name for name, _ in given if name in ("trained", "is_latest", "file", "prices")]
    assert [name for name in found if name in words] == words
    assert {name: value for name, value in found.items() if name != INTERNALS} == READ


def test_whose_it_is_goes_by_another_name_and_stands_among_what_happened() -> None:
    whose = Provenance("own bars: bars.parquet", "/work/.zl", OWN_BARS).metadata
    assert [*in_order({**whose, "inserted": 1})] == ["prices", "inserted", "state_folder"]


def test_a_briefing_does_not_begin_with_today() -> None:
    page = {"page": dg.MetadataValue.md("# Today"), "today": "37.36 cents", "close": 37.36, "prices": "invented"}
    assert [*in_order(page)] == ["today", "page", "prices", "close"]


@pytest.mark.parametrize("one", [*FOLDED])
def test_a_page_unfolds_the_internals_and_is_cut_by_a_job_id(one: str) -> None:
    """Dagster's page shows a JSON of less than 1,000 characters in full."""
    assert len(json.dumps(in_order({one: FOLDED[one]})[INTERNALS].value)) >= 1000


def test_nothing_to_fold_leaves_an_empty_row() -> None:
    assert in_order({"inserted": 1}) == {"inserted": 1}


def test_what_was_folded_cannot_be_read_or_what_an_earlier_version_recorded() -> None:
    before = dg.AssetMaterialization("a", metadata=READ | FOLDED).metadata
    now = dg.AssetMaterialization("a", metadata=in_order(READ | FOLDED)).metadata
    assert unfolded(before) == before
    assert {**unfolded(now)} == {**before}


def test_what_the_asset_says_stands_before_the_order_that_its_io_manager_made() -> None:
    """Through Dagster, which keeps what an asset returns before what the IO manager adds."""

    class Keeps(dg.IOManager):
        def handle_output(self, context: dg.OutputContext, obj: object) -> None:
            told = Told.of(obj)
            assert told.value == 7
            context.add_output_metadata(in_order({**told.facts, "written": "1 inserted.", "inserted": 1, "job_ids": []}))

        def load_input(self, context: dg.InputContext) -> None: ...

    @dg.asset
    def told() -> dg.MaterializeResult[Any]:
        return dg.MaterializeResult(
            value=Told(7, {"over_time": picture("Over time", b"png"), "forecasts": 3, "said": "It rose."})
        )

    @dg.asset
    def bare() -> int:
        return 7

    with dg.DagsterInstance.ephemeral() as instance:
        assert dg.materialize([told, bare], instance=instance, resources={"io_manager": Keeps()}).success
        for asset, expected in (
            ("told", ["said", "written", "forecasts", "inserted", "over_time", INTERNALS]),
            ("bare", ["written", "inserted", INTERNALS]),
        ):
            event = instance.get_latest_materialization_event(dg.AssetKey(asset))
            assert event is not None
            assert event.asset_materialization is not None
            assert [*event.asset_materialization.metadata] == expected


@given(st.lists(st.tuples(st.text("abc_", min_size=1, max_size=20), st.text("xyz ", max_size=30)), min_size=1, max_size=12))
def test_a_table_is_cut_at_the_edge_of_the_page_or_loses_a_value(given: list[tuple[str, str]]) -> None:
    cells = {f"{name}{at}": text for at, (name, text) in enumerate(given)}
    table = rows_table(pd.DataFrame([cells, cells])).value
    shown = [column.name for column in table.schema.columns]
    [first, second] = [record.data for record in table.records]
    assert first == second
    assert [*first] == shown
    told = "; ".join(f"{name}: {value}" for name, value in first.items())
    assert all(f"{name}: {text}" in told for name, text in cells.items())
    # Lines are broken between words; a word is not.
    widths = [17 + max(7.2 * len(n), *(8.4 * len(word) for word in [*first[n].split(), ""])) for n in shown if n != "and"]
    assert sum(widths) <= ROOM or len(widths) == 1
    assert shown == [*cells] or shown == [*[*cells][: len(shown) - 1], "and"]


def test_numbers_of_a_wide_table_are_told_as_they_are_shown() -> None:
    prices = {f"price_of_lot_{n}": [36.0 + n / 3, None] for n in range(4)}
    table = rows_table(pd.DataFrame({"data_date": pd.to_datetime(["2026-03-02", "2026-03-03"]), **prices})).value
    assert [record.data for record in table.records] == [
        {
            "data_date": "2026-03-02",
            "and": "price_of_lot_0: 36.0; price_of_lot_1: 36.3333; price_of_lot_2: 36.6667; price_of_lot_3: 37.0",
        },
        {"data_date": "2026-03-03", "and": ""},
    ]
