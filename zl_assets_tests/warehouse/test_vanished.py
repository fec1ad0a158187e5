"""Rows of sessions that the source lost: found by date and symbol, deleted together or not at all."""

from dataclasses import replace

import pandas as pd
import pytest
from google.cloud import bigquery

from zl_assets.warehouse.errors import DataFault, WarehouseRefused
from zl_assets.warehouse.publish import Publication
from zl_assets.warehouse.vanished import Vanished, delete_vanished, find_vanished, loss_of, markdown
from zl_assets_tests.warehouse.tables import SMALL, day, publisher, rows, small_frame

OTHER = replace(SMALL, table="other")


def fill(bq: bigquery.Client, prefix: str, days: int = 200) -> None:
    for contract in (SMALL, OTHER):
        publisher(bq, prefix).publish(Publication(small_frame(days)), contract)
    # Somebody else's rows, on a date that vanishes and on one that never was ours.
    bq.query(
        f"INSERT INTO `{prefix}d.small` (day, symbol, note) VALUES ('2024-02-01', 'MES', 'theirs'), ('2019-01-01', 'MES', 'x')"
    ).result()


def found(bq: bigquery.Client, prefix: str, *gone: int, days: int = 200) -> list[Vanished]:
    made = small_frame(days).drop(index=list(gone))
    # Another symbol still trades on those days; that keeps none of our rows.
    made = pd.concat([made, small_frame(days).assign(symbol=pd.Series(["MES"] * days, dtype="string"))])
    looked = [find_vanished(publisher(bq, prefix), contract, "ZL", made) for contract in (SMALL, OTHER)]
    return [table for table in looked if table is not None]


def test_only_our_rows_that_the_source_lost_are_found(bq: bigquery.Client, prefix: str) -> None:
    assert found(bq, prefix) == []
    fill(bq, prefix)
    assert [v.dates for v in found(bq, prefix)] == [(), ()]
    small, other = found(bq, prefix, 2, 9)
    assert small.dates == other.dates == (day("2024-02-01"), day("2024-02-08"))
    assert small.rows == small.history == 200


def test_a_table_with_several_rows_a_date_counts_its_history_once(bq: bigquery.Client, prefix: str) -> None:
    """As the forecasts of two horizons in one table: twice the rows are not twice the history, of which 1 % may go."""
    of_horizons = replace(
        SMALL, columns=(replace(SMALL.columns[5], nullable=False), *SMALL.columns[:5]), key=("day", "symbol", "note")
    )
    both = pd.concat([small_frame(200), small_frame(200, note=["other"] * 200)], ignore_index=True)
    publisher(bq, prefix).publish(Publication(both[list(of_horizons.frame_columns)]), of_horizons)
    gone = find_vanished(publisher(bq, prefix), of_horizons, "ZL", small_frame(200).drop(index=[2, 9]))
    assert gone is not None
    assert (gone.rows, gone.history, len(gone.dates)) == (400, 200, 4)
    assert loss_of([gone]).allowed == 2
    assert delete_vanished(publisher(bq, prefix), [gone]) == 4
    assert len(rows(bq, prefix)) == 396


def test_the_rows_go_from_all_tables_and_no_others_do(bq: bigquery.Client, prefix: str) -> None:
    fill(bq, prefix)
    before = rows(bq, prefix)
    assert delete_vanished(publisher(bq, prefix), found(bq, prefix, 2, 9)) == 4
    after = rows(bq, prefix)
    gone = [row for row in before if row not in after]
    assert [(row["day"], row["symbol"]) for row in gone] == [(day("2024-02-01"), "ZL"), (day("2024-02-08"), "ZL")]
    assert len(after) == len(before) - 2
    assert [v.dates for v in found(bq, prefix, 2, 9)] == [(), ()]
    assert delete_vanished(publisher(bq, prefix), found(bq, prefix, 2, 9)) == 0


def test_more_than_one_in_a_hundred_is_refused_whole(bq: bigquery.Client, prefix: str) -> None:
    fill(bq, prefix)
    before = rows(bq, prefix)
    small, other = found(bq, prefix, 1, 2, 3)
    with pytest.raises(
        DataFault,
        match=r"at most 1 % of the history may be deleted, 2 of the 200 dates in .*d\.small, and this would delete 3: "
        "3 of 200 rows of",
    ):
        delete_vanished(publisher(bq, prefix), [replace(small, dates=()), other])
    # Neither is it allowed when no table alone loses so many.
    with pytest.raises(DataFault, match=r"this would delete 3: 2 of 200 rows of .*; 1 of 200 rows of"):
        delete_vanished(publisher(bq, prefix), [replace(small, dates=small.dates[:2]), replace(other, dates=other.dates[2:])])
    assert rows(bq, prefix) == before


def test_one_vanished_session_goes_from_a_table_that_has_only_the_last_21(bq: bigquery.Client, prefix: str) -> None:
    publisher(bq, prefix).publish(Publication(small_frame(200)), SMALL)
    publisher(bq, prefix).publish(Publication(small_frame(200).tail(21)), OTHER)
    assert [(v.rows, len(v.dates)) for v in found(bq, prefix, 190)] == [(200, 1), (21, 1)]
    assert delete_vanished(publisher(bq, prefix), found(bq, prefix, 190)) == 2
    assert [v.dates for v in found(bq, prefix, 190)] == [(), ()]


def test_a_source_that_lost_its_newest_rows_deletes_nothing_from_the_short_table_either(bq: bigquery.Client, prefix: str) -> None:
    publisher(bq, prefix).publish(Publication(small_frame(200)), SMALL)
    publisher(bq, prefix).publish(Publication(small_frame(200).tail(21)), OTHER)
    with pytest.raises(DataFault, match="this would delete 21"):
        delete_vanished(publisher(bq, prefix), found(bq, prefix, *range(179, 200)))


@pytest.mark.refused_by_google("its second DELETE names a column that is not there, so that the first must be undone")
def test_a_failure_in_the_second_table_undoes_the_first(bq: bigquery.Client, prefix: str) -> None:
    fill(bq, prefix)
    before = rows(bq, prefix)
    small, other = found(bq, prefix, 2)
    with pytest.raises(WarehouseRefused):
        delete_vanished(publisher(bq, prefix), [small, replace(other, column="no_such_column")])
    assert rows(bq, prefix) == before


def test_the_text_says_what_to_do_next(bq: bigquery.Client, prefix: str) -> None:
    fill(bq, prefix)
    listed = found(bq, prefix, 2)
    assert "| 200 | 1 | 2024-02-01 |" in markdown(listed, None)
    may = "at most 1 % of the history may be deleted, 2 of"
    assert f"`apply: true` to delete these 2 rows, of 1 dates; {may}" in markdown(listed, None)
    assert "2 rows were deleted" in markdown(listed, 2)
    assert "nothing to delete" in markdown(found(bq, prefix), None)
    assert "None of the tables exists yet" in markdown([], None)
