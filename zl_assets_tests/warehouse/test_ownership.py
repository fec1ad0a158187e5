"""Parts of a table switched on and off, against the embedded BigQuery: whose the fields are, and what a kill leaves."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from google.cloud import bigquery
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zl_assets.warehouse.contract import PANDAS_DTYPES, Column, ColumnType, Part, TableContract, leaves_of
from zl_assets.warehouse.errors import WarehouseUnavailable
from zl_assets.warehouse.plan import make_plan
from zl_assets.warehouse.publish import Publication, Publisher, WriteReport
from zl_assets_tests.warehouse.tables import SMALL, publish, publisher, rows, small_frame
from zl_assets_tests.warehouse.test_plan import AS_OF, view

T = ColumnType
# A whole reserved STRUCT, a field beside this product's own in another, and a STRUCT that the table does not have yet.
PIVOTS = (Column("pivots", T.STRUCT, "levels", fields=(Column("P", T.FLOAT64, "level", "cents"),)),)
VWAP = (Column("bar", T.STRUCT, "mean", fields=(Column("vwap", T.FLOAT64, "mean", "cents"),)),)
RAIN = (Column("rain", T.STRUCT, "rain", fields=(Column("mm", T.FLOAT64, "rain", "mm"), Column("wet", T.BOOL, "rain fell"))),)
PARTS = {"pivots": PIVOTS, "vwap": VWAP, "rain": RAIN}


def contract(on: Sequence[str]) -> TableContract:
    parts = tuple(Part(name, structs, name in on) for name, structs in PARTS.items())
    return replace(SMALL.with_parts(part for part in parts if part.on), parts=parts)


def frame(on: Sequence[str], days: int = 5) -> pd.DataFrame:
    """Values of the parts that are on; a part's first day has none."""
    made = small_frame(days)
    for leaf in (leaf for name in PARTS if name in on for leaf in leaves_of(PARTS[name])):
        values: list[object] = [
            None,
            *([True] * (days - 1) if leaf.column.type is T.BOOL else [i + 0.25 for i in range(1, days)]),
        ]
        made[leaf.path] = pd.Series(values, dtype=PANDAS_DTYPES[leaf.column.type])
    return made


def write(bq: bigquery.Client, prefix: str, *on: str, days: int = 5) -> WriteReport:
    return publisher(bq, prefix).publish(Publication(frame(on, days)), contract(on))


def labels(bq: bigquery.Client, prefix: str) -> dict[str, str]:
    found: dict[str, str] = bq.get_table(f"{bq.project}.{prefix}d.small").labels
    return found


def sql(bq: bigquery.Client, text: str) -> None:
    bq.query(text).result()


def test_a_part_is_owned_from_its_first_write_and_given_up_once_it_is_null(bq: bigquery.Client, prefix: str) -> None:
    publish(bq, prefix, small_frame())
    before = rows(bq, prefix)
    on = write(bq, prefix, "pivots", "vwap", "rain")
    assert (on.inserted, on.updated, on.columns_added) == (0, 4, ("rain",))
    assert labels(bq, prefix) == {f"zl_family_{name}": "owned" for name in PARTS}
    written = rows(bq, prefix)
    assert [row["rain"] for row in written] == [None, *[{"mm": i + 0.25, "wet": True} for i in range(1, 5)]]
    assert written[0] == before[0] | {"rain": None}
    assert write(bq, prefix, "pivots", "vwap", "rain").statements == 0

    off = write(bq, prefix)
    assert (off.inserted, off.updated, set(off.switched_off)) == (0, 4, set(PARTS))
    assert labels(bq, prefix) == {}
    stamps = [{k: v for k, v in row.items() if k not in ("ingestion_ts", "rain")} for row in (*before, *rows(bq, prefix))]
    assert stamps[:5] == stamps[5:]
    assert [row["rain"] for row in rows(bq, prefix)] == [None] * 5
    after = rows(bq, prefix)
    again = write(bq, prefix)
    assert (again.statements, again.switched_off) == (0, ())
    assert rows(bq, prefix) == after


def test_what_somebody_else_fills_is_theirs_while_the_part_was_never_on_here(bq: bigquery.Client, prefix: str) -> None:
    publish(bq, prefix, small_frame())
    table = bq.get_table(f"{bq.project}.{prefix}d.small")
    table.labels = {"team": "theirs"}
    bq.update_table(table, ["labels"])
    sql(bq, f"UPDATE `{prefix}d.small` SET pivots = STRUCT(7.5 AS P) WHERE TRUE")
    sql(bq, f"UPDATE `{prefix}d.small` SET bar = STRUCT(bar.close AS close, bar.volume AS volume, 9.5 AS vwap) WHERE TRUE")
    theirs = rows(bq, prefix)
    assert write(bq, prefix, "rain").updated == 4
    assert write(bq, prefix).updated == 4
    assert [(row["pivots"], row["bar"]) for row in rows(bq, prefix)] == [(row["pivots"], row["bar"]) for row in theirs]
    assert labels(bq, prefix) == {"team": "theirs"}
    # Only what was switched on is set NULL, in a STRUCT that is shared with this product's own fields and with theirs.
    write(bq, prefix, "pivots")
    assert write(bq, prefix).switched_off == ("pivots",)
    assert [row["pivots"] for row in rows(bq, prefix)] == [None] * 5
    assert [row["bar"] for row in rows(bq, prefix)] == [row["bar"] for row in theirs]


def test_a_part_with_nothing_to_say_leaves_what_is_there_and_does_not_take_it_over(bq: bigquery.Client, prefix: str) -> None:
    """A family that is on and whose source is not configured: somebody else's values must not become NULL."""
    publish(bq, prefix, small_frame())
    sql(bq, f"UPDATE `{prefix}d.small` SET pivots = STRUCT(7.5 AS P) WHERE TRUE")
    theirs = rows(bq, prefix)
    publication = Publication(small_frame(), left=frozenset({"pivots"}))
    assert publisher(bq, prefix).publish(publication, contract(["pivots"])).statements == 0
    assert rows(bq, prefix) == theirs
    assert labels(bq, prefix) == {}
    # What it wrote itself before stays as well, and stays its own.
    write(bq, prefix, "pivots")
    mine = rows(bq, prefix)
    publisher(bq, prefix).publish(publication, contract(["pivots"]))
    assert (rows(bq, prefix), labels(bq, prefix)) == (mine, {"zl_family_pivots": "owned"})


@pytest.mark.parametrize("step", ["_write", "_label"])
@pytest.mark.parametrize("then", [("pivots",), ()])
def test_a_run_that_dies_around_the_write_is_healed_by_the_next(
    bq: bigquery.Client, prefix: str, monkeypatch: pytest.MonkeyPatch, step: str, then: tuple[str, ...]
) -> None:
    """Dead between label and MERGE, or before any label; and the family is on or off in the run that comes next."""
    publish(bq, prefix, small_frame())
    plain = rows(bq, prefix)

    def die(*_: object, **__: object) -> None:
        raise WarehouseUnavailable("killed")

    with monkeypatch.context() as patch:
        patch.setattr(Publisher, step, die)
        with pytest.raises(WarehouseUnavailable):
            write(bq, prefix, "pivots")
    assert rows(bq, prefix) == plain
    write(bq, prefix, *then)
    assert [row["pivots"] for row in rows(bq, prefix)] == [None, *([{"P": i + 0.25} if then else None for i in range(1, 5)])]
    assert labels(bq, prefix) == {f"zl_family_{name}": "owned" for name in then}


def test_a_run_that_dies_after_the_null_write_takes_the_label_away_next_time(
    bq: bigquery.Client, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(bq, prefix, "pivots")
    label = Publisher._label

    def die(self: Publisher, name: Any, wanted: Any) -> None:
        if None in wanted.values():
            raise WarehouseUnavailable("killed")
        label(self, name, wanted)

    with monkeypatch.context() as patch:
        patch.setattr(Publisher, "_label", die)
        with pytest.raises(WarehouseUnavailable):
            write(bq, prefix)
    nulled = rows(bq, prefix)
    assert [row["pivots"] for row in nulled] == [None] * 5
    assert labels(bq, prefix) == {"zl_family_pivots": "owned"}
    assert write(bq, prefix).statements == 0
    assert labels(bq, prefix) == {}
    assert rows(bq, prefix) == nulled


def test_the_plan_says_what_switching_off_would_change(bq: bigquery.Client, prefix: str) -> None:
    write(bq, prefix, "pivots", "rain")
    made = make_plan(publisher(bq, prefix), {contract(["rain"]): Publication(frame(["rain"]))}, [], view(bq, prefix), AS_OF, [])
    [table] = made.tables
    assert (table.inserted, table.updated, table.switched_off) == (0, 4, ("pivots",))
    report = write(bq, prefix, "rain")
    assert (report.inserted, report.updated) == (0, 4)


def test_a_table_without_the_struct_any_more_is_not_given_it_back_to_be_null(bq: bigquery.Client, prefix: str) -> None:
    write(bq, prefix, "rain")
    sql(bq, f"ALTER TABLE `{prefix}d.small` DROP COLUMN rain")
    assert write(bq, prefix).columns_added == ()
    assert "rain" not in rows(bq, prefix)[0]
    assert labels(bq, prefix) == {}


@settings(max_examples=3, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_order_of_switching_ends_as_one_write_would(bq: bigquery.Client, prefix: str, data: st.DataObject) -> None:
    import secrets

    mine, other = f"{prefix}{secrets.token_hex(3)}a", f"{prefix}{secrets.token_hex(3)}b"
    steps = data.draw(st.lists(st.sets(st.sampled_from(sorted(PARTS))), min_size=1, max_size=2))
    publish(bq, mine, small_frame())
    for on in steps:
        write(bq, mine, *on)
    write(bq, other, *steps[-1])
    values = [
        [{k: v for k, v in row.items() if k != "ingestion_ts" and v is not None} for row in rows(bq, p)] for p in (mine, other)
    ]
    assert values[0] == values[1]
    assert labels(bq, mine) == labels(bq, other)
