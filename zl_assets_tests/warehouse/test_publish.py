"""The write path against the embedded BigQuery: what is written, what is left alone, and what is refused whole."""

import datetime as dt
import secrets
import subprocess
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from google.cloud import bigquery
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zl_assets.contracts.ledger import LEDGER
from zl_assets.contracts.marks import MARKS
from zl_assets.hints import told
from zl_assets.warehouse.changes import Change, merge_ranges
from zl_assets.warehouse.contract import Column, ColumnType, WriteMode
from zl_assets.warehouse.errors import (
    ChangedMeanwhile,
    ContractViolation,
    DataFault,
    SchemaConflict,
    SourceConflict,
    TooManyPartitions,
    WarehouseRefused,
)
from zl_assets.warehouse.jobs import JobRunner
from zl_assets.warehouse.process import owner, owner_of
from zl_assets.warehouse.publish import Publication, Publisher, ViewDefinition, WriteReport, same_select
from zl_assets.warehouse.schema import adopt, without_required
from zl_assets.warehouse.shape import empty_frame
from zl_assets.warehouse.verdict import Verdict
from zl_assets_tests.warehouse.tables import SMALL, day, publish, publisher, rows, small_frame


def live(bq: bigquery.Client, prefix: str) -> bigquery.Table:
    return bq.get_table(f"{bq.project}.{prefix}d.small")


def test_a_new_table_has_the_contracts_layout(bq: bigquery.Client, prefix: str) -> None:
    report = publish(bq, prefix, small_frame())
    table = live(bq, prefix)
    assert (report.created, report.inserted, report.updated, report.unchanged, report.row_count) == (True, 5, 0, 0, 5)
    assert table.time_partitioning.type_ == "MONTH"
    assert table.time_partitioning.field == "day"
    assert table.clustering_fields == ["symbol"]
    assert [f.name for f in table.schema] == [c.name for c in SMALL.created_columns]
    assert [f.mode for f in table.schema[:2]] == ["REQUIRED", "REQUIRED"]
    assert table.schema[2].fields[0].description == "last price [cents]"


def test_a_second_identical_write_sends_no_dml_and_keeps_the_timestamps(bq: bigquery.Client, prefix: str) -> None:
    publish(bq, prefix, small_frame())
    before = rows(bq, prefix)
    report = publish(bq, prefix, small_frame())
    assert (report.inserted, report.updated, report.unchanged, report.statements) == (0, 0, 5, 0)
    assert rows(bq, prefix) == before


def test_only_the_changed_row_is_touched(bq: bigquery.Client, prefix: str) -> None:
    publish(bq, prefix, small_frame())
    before = rows(bq, prefix)
    changed = small_frame()
    changed.loc[2, "bar.close"] = 99.0
    report = publish(bq, prefix, changed)
    after = rows(bq, prefix)
    assert (report.inserted, report.updated, report.unchanged) == (0, 1, 4)
    assert (report.changed_from, report.changed_to, report.partitions_changed) == (day("2024-02-01"), day("2024-02-01"), 1)
    assert [a == b for a, b in zip(after, before, strict=True)] == [True, True, False, True, True]
    assert after[2]["bar"] == {"close": 99.0, "volume": 2, "vwap": None}
    assert after[2]["ingestion_ts"] > before[2]["ingestion_ts"]  # type: ignore[operator]


def test_revised_rows_are_told_apart_from_new_ones_by_their_dates(bq: bigquery.Client, prefix: str) -> None:
    publish(bq, prefix, small_frame().iloc[1:])
    changed = small_frame()
    changed.loc[[2, 3], "bar.close"] = 99.0
    report = publish(bq, prefix, changed)
    assert (report.inserted, report.updated) == (1, 2)
    dates = changed["day"].dt.date
    assert (report.updated_from, report.updated_to) == (dates[2], dates[3])
    assert (report.changed_from, report.changed_to) == (dates[0], dates[3])
    report = publish(bq, prefix, changed)
    assert (report.updated_from, report.updated_to) == (None, None)


def test_appended_rows_leave_the_old_ones_alone(bq: bigquery.Client, prefix: str) -> None:
    publish(bq, prefix, small_frame(5))
    before = rows(bq, prefix)
    report = publish(bq, prefix, small_frame(7))
    assert (report.inserted, report.updated, report.unchanged, report.row_count) == (2, 0, 5, 7)
    assert rows(bq, prefix)[:5] == before


def dates_of(report: WriteReport) -> tuple[dt.date | None, dt.date | None]:
    return report.first_date, report.last_date


def dates_in(frame: pd.DataFrame) -> tuple[dt.date, dt.date]:
    days = frame[str(SMALL.partition_by)]
    return days.min().date(), days.max().date()


def test_rows_that_are_gone_from_the_frame_are_not_deleted(bq: bigquery.Client, prefix: str) -> None:
    publish(bq, prefix, small_frame(5))
    report = publish(bq, prefix, small_frame(3))
    assert (report.inserted, report.updated, report.row_count) == (0, 0, 5)
    assert dates_of(report) == dates_in(small_frame(5)), "the dates of the rows that are counted"


@pytest.mark.parametrize("column", ["bar.close", "bar.volume", "flag", "note"])
def test_a_value_becoming_null_or_ceasing_to_be_null_is_a_change(bq: bigquery.Client, prefix: str, column: str) -> None:
    publish(bq, prefix, small_frame())
    gone = small_frame()
    gone.loc[1, column] = np.nan if column == "bar.close" else pd.NA
    assert publish(bq, prefix, gone).updated == 1
    assert publish(bq, prefix, gone).updated == 0
    assert publish(bq, prefix, small_frame()).updated == 1


def test_a_struct_with_nothing_in_it_is_written_as_null_and_stays_so(bq: bigquery.Client, prefix: str) -> None:
    frame = small_frame()
    frame.loc[0, "bar.close"] = np.nan
    frame.loc[0, "bar.volume"] = pd.NA
    publish(bq, prefix, frame)
    assert rows(bq, prefix)[0]["bar"] is None
    assert publish(bq, prefix, frame).updated == 0
    bq.query(
        f"UPDATE `{prefix}d.small` SET bar = STRUCT(CAST(NULL AS FLOAT64) AS close, CAST(NULL AS INT64) AS volume, "
        "CAST(NULL AS FLOAT64) AS vwap) WHERE day = '2024-01-30'"
    ).result()
    assert publish(bq, prefix, frame).updated == 1
    assert rows(bq, prefix)[0]["bar"] is None


def test_somebody_elses_fields_survive_our_update(bq: bigquery.Client, prefix: str) -> None:
    publish(bq, prefix, small_frame())
    bq.query(
        f"UPDATE `{prefix}d.small` SET bar = STRUCT(bar.close AS close, bar.volume AS volume, 7.5 AS vwap), "
        "pivots = STRUCT(1.5 AS P) WHERE TRUE"
    ).result()
    assert publish(bq, prefix, small_frame()).updated == 0
    changed = small_frame()
    changed.loc[0, "bar.close"] = 99.0
    publish(bq, prefix, changed)
    assert rows(bq, prefix)[0]["bar"] == {"close": 99.0, "volume": 0, "vwap": 7.5}
    assert rows(bq, prefix)[0]["pivots"] == {"P": 1.5}


def test_a_hand_edit_of_our_column_is_put_right_and_counted(bq: bigquery.Client, prefix: str) -> None:
    publish(bq, prefix, small_frame())
    bq.query(f"UPDATE `{prefix}d.small` SET note = 'by hand' WHERE day = '2024-02-02'").result()
    assert publish(bq, prefix, small_frame()).updated == 1
    assert rows(bq, prefix)[3]["note"] == "n3"


def test_the_order_of_rows_and_columns_changes_nothing(bq: bigquery.Client, prefix: str) -> None:
    publish(bq, prefix, small_frame(20))
    shuffled = small_frame(20).sample(frac=1, random_state=3)
    report = publish(bq, prefix, shuffled[list(shuffled.columns[::-1])])
    assert (report.inserted, report.updated) == (0, 0)


def test_nothing_is_sent_when_the_frame_or_an_assertion_is_at_fault(bq: bigquery.Client, prefix: str) -> None:
    with pytest.raises(ContractViolation):
        publish(bq, prefix, small_frame().drop(columns="note"))

    def never(frame: pd.DataFrame) -> Verdict:
        return Verdict("never", False, 5, "0", frame.head(1)[["day"]], "always red")

    with pytest.raises(DataFault, match="always red"):
        publisher(bq, prefix).publish(Publication(small_frame()), SMALL, [never])
    assert f"{prefix}d" not in [d.dataset_id for d in bq.list_datasets()]


def test_no_staging_table_stays_behind_even_after_a_failure(bq: bigquery.Client, prefix: str) -> None:
    publish(bq, prefix, small_frame())
    bq.query(f"UPDATE `{prefix}d.small` SET note = 'x' WHERE TRUE").result()
    with pytest.raises(SchemaConflict):
        publisher(bq, prefix).publish(Publication(small_frame()), _record())
    assert [t.table_id for t in bq.list_tables(f"{prefix}d")] == ["small"]


def _record() -> object:
    return replace(SMALL, mode=WriteMode.RECORD)


def test_a_record_is_never_overwritten(bq: bigquery.Client, prefix: str) -> None:
    publish(bq, prefix, small_frame())
    bq.query(f"UPDATE `{prefix}d.small` SET note = 'by hand' WHERE day = '2024-02-02'").result()
    before = rows(bq, prefix)
    with pytest.raises(SchemaConflict) as caught:
        publisher(bq, prefix).publish(Publication(small_frame(7)), _record())  # type: ignore[arg-type]
    assert "1 live rows differ" in str(caught.value)
    assert "2024, 2, 2" in str(caught.value)
    assert rows(bq, prefix) == before


APPEND = replace(SMALL, mode=WriteMode.APPEND)


def test_an_appended_row_is_never_changed(bq: bigquery.Client, prefix: str) -> None:
    publisher(bq, prefix).publish(Publication(small_frame(2)), APPEND)
    before = rows(bq, prefix)
    report = publisher(bq, prefix).publish(Publication(small_frame(3).tail(1)), APPEND)
    assert (report.inserted, report.updated, report.row_count) == (1, 0, 3)
    assert rows(bq, prefix)[:2] == before
    with pytest.raises(SchemaConflict, match="1 of the rows to be added have a key that another run wrote"):
        publisher(bq, prefix).publish(Publication(small_frame(2, note=["n0", "other"])), APPEND)
    assert rows(bq, prefix)[:2] == before


def test_a_key_taken_after_the_comparison_is_told_and_stays_with_its_first_owner(
    bq: bigquery.Client, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher(bq, prefix).publish(Publication(small_frame(1)), APPEND)
    mine = publisher(bq, prefix)
    overtake(monkeypatch, mine, lambda: publisher(bq, prefix).publish(Publication(small_frame(2)), APPEND))
    late = small_frame(2, note=["n0", "late"]).tail(1)
    with pytest.raises(SchemaConflict, match="another run wrote meanwhile"):
        mine.publish(Publication(late), APPEND)
    assert [row["note"] for row in rows(bq, prefix)] == ["n0", "n1"]


def overtake(monkeypatch: pytest.MonkeyPatch, mine: Publisher, act: Callable[[], object]) -> None:
    """Something happens to the table once, between what a publisher reads and what it writes."""
    write, done = Publisher._write, []

    def overtaken(self: Publisher, *args: Any, **kwargs: Any) -> int | None:
        if self is mine and not done:
            done.append(True)
            act()
        return write(self, *args, **kwargs)

    monkeypatch.setattr(Publisher, "_write", overtaken)


def test_a_first_load_that_another_run_got_before_becomes_a_merge(
    bq: bigquery.Client, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = publisher(bq, prefix)
    overtake(monkeypatch, mine, lambda: publish(bq, prefix, small_frame(3, note=["theirs"] * 3)))
    report = mine.publish(Publication(small_frame(5)), SMALL)
    assert (report.created, report.inserted, report.updated, report.row_count) == (True, 2, 3, 5)
    assert [row["note"] for row in rows(bq, prefix)] == ["n0", "n1", "n2", "n3", "n4"]


def test_rows_that_another_run_changes_between_the_read_and_the_merge_end_as_one_of_the_two_wrote_them(
    bq: bigquery.Client, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their row that we do not mean to change stays, and is told of: the next run puts it right."""
    publish(bq, prefix, small_frame())
    mine = publisher(bq, prefix)
    theirs = small_frame(5, note=["theirs", "theirs", "n2", "n3", "n4"])
    overtake(monkeypatch, mine, lambda: publish(bq, prefix, theirs))
    with pytest.raises(ChangedMeanwhile, match=r"1 of the rows that were written are not as.*day=2024-01-31.*Run it again"):
        mine.publish(Publication(small_frame(5, note=["mine", "n1", "mine", "n3", "n4"])), SMALL)
    assert [row["note"] for row in rows(bq, prefix)] == ["mine", "theirs", "mine", "n3", "n4"]


@pytest.mark.parametrize("act", ["DROP TABLE `{t}`", "ALTER TABLE `{t}` DROP COLUMN note"])
def test_a_table_that_changes_its_form_before_the_merge_stops_the_write_whole(
    bq: bigquery.Client, prefix: str, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    publish(bq, prefix, small_frame())
    mine = publisher(bq, prefix)
    overtake(monkeypatch, mine, lambda: bq.query(act.format(t=f"{prefix}d.small")).result())
    with pytest.raises(WarehouseRefused, match="BigQuery refused the step 'merge'"):
        mine.publish(Publication(small_frame(7)), SMALL)
    if "COLUMN" in act:
        assert len(rows(bq, prefix)) == 5
    assert publish(bq, prefix, small_frame(7)).row_count == 7


def test_many_changed_rows_are_staged_and_what_was_staged_is_proved(
    bq: bigquery.Client, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(bq, prefix, small_frame())
    monkeypatch.setattr("zl_assets.warehouse.publish.MAX_GIVEN_BYTES", 100)
    other = small_frame(9, note=["other"] * 9)
    load = JobRunner.load

    def doubled(self: JobRunner, parquet: bytes, table: str, *rest: Any) -> bool:
        done = load(self, parquet, table, *rest)
        bq.query(f"INSERT INTO `{table}` SELECT * FROM `{table}`").result()
        return done

    with monkeypatch.context() as patched:
        patched.setattr(JobRunner, "load", doubled)
        with pytest.raises(WarehouseRefused, match="what was staged is not what was sent, and nothing was written"):
            publish(bq, prefix, other)
    assert [row["note"] for row in rows(bq, prefix)] == ["n0", "n1", "n2", "n3", "n4"]
    report = publish(bq, prefix, other)
    assert (report.inserted, report.updated, report.statements) == (4, 5, 1)
    assert [row["note"] for row in rows(bq, prefix)] == ["other"] * 9


def test_a_table_of_which_little_is_written_is_read_between_those_dates_alone(
    bq: bigquery.Client, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(bq, prefix, small_frame(60))
    read, seen = JobRunner.read, []

    def reading(self: JobRunner, *args: Any) -> Any:
        found = read(self, *args)
        seen.append(found.num_rows)
        return found

    monkeypatch.setattr(JobRunner, "read", reading)
    one = publisher(bq, prefix)
    report = one.publish(Publication(small_frame(2, note=["n0", "x"])), SMALL)
    assert (report.updated, report.unchanged, report.row_count) == (1, 1, 60)
    assert dates_of(report) == dates_in(small_frame(60))
    assert seen == [2, 2]
    assert not is_known(one)
    one.publish(Publication(small_frame(30, note=["y"] * 30)), SMALL)
    assert seen == [2, 2, 60, 30]
    assert is_known(one)
    pd.testing.assert_frame_equal(one.latest(SMALL), publisher(bq, prefix).read(SMALL))


def test_what_a_run_read_is_forgotten_when_it_writes(bq: bigquery.Client, prefix: str) -> None:
    one = publisher(bq, prefix)
    one.publish(Publication(small_frame(3)), SMALL)
    one.publish(Publication(small_frame(4)), SMALL)
    assert is_known(one)
    known = one.latest(SMALL)
    assert len(known) == 4
    known.loc[0, "note"] = "changed by whoever was given it"
    assert one.latest(SMALL).loc[0, "note"] == "n0"


def is_known(one: Publisher) -> bool:
    """Does the run know the table's rows without reading them?"""
    return one.memory.find(one.namespace.of(SMALL), SMALL) is not None


@pytest.mark.parametrize(
    ("default", "told_of"), [("default_table_expiration_ms", "default table"), ("default_partition_expiration_ms", "partition")]
)
def test_no_table_is_created_where_it_would_expire(bq: bigquery.Client, prefix: str, default: str, told_of: str) -> None:
    dataset = bigquery.Dataset(f"{bq.project}.{prefix}d")
    dataset.location = "us-central1"
    setattr(dataset, default, 60 * 86_400_000)
    bq.create_dataset(dataset)
    with pytest.raises(SchemaConflict, match=f"{told_of}.* expiration of 60 days .a project without billing, BigQuery's sandbox"):
        publish(bq, prefix, small_frame())
    assert list(bq.list_tables(dataset)) == []


def test_a_table_left_by_a_killed_run_of_this_machine_is_swept(bq: bigquery.Client, prefix: str) -> None:
    publish(bq, prefix, small_frame())
    dead = owner().split("-")[0] + "-99999999-1"
    with subprocess.Popen(["sleep", "600"]) as process:
        labels = {
            "dead": dead,
            "abandoned": owner(),
            "alive": owner_of(process.pid),
            "elsewhere": "0123abcd-99999999-1",
        }
        _leave(bq, prefix, labels)
        publish(bq, prefix, small_frame())
        left = {t.table_id for t in bq.list_tables(f"{prefix}d")}
        process.kill()
    assert left == {"small", f"{MARKS.staging_prefix}alive", f"{MARKS.staging_prefix}elsewhere"}


def _leave(bq: bigquery.Client, prefix: str, labels: dict[str, str]) -> None:
    for name, label in labels.items():
        table = bigquery.Table(f"{bq.project}.{prefix}d.{MARKS.staging_prefix}{name}", [bigquery.SchemaField("a", "INT64")])
        table.labels = {"zl_owner": label}
        bq.create_table(table)


def test_two_writes_of_one_process_at_once_leave_each_other_their_staging_tables(
    bq: bigquery.Client, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(bq, prefix, small_frame())
    monkeypatch.setattr("zl_assets.warehouse.publish.MAX_GIVEN_BYTES", 100)
    mine, stage = publisher(bq, prefix), Publisher._stage

    def interrupted(self: Publisher, *args: Any) -> None:
        stage(self, *args)
        if self is mine:
            publish(bq, prefix, small_frame())  # its sweep comes between our load and our MERGE

    monkeypatch.setattr(Publisher, "_stage", interrupted)
    assert mine.publish(Publication(small_frame(6)), SMALL).inserted == 1
    assert {t.table_id for t in bq.list_tables(f"{prefix}d")} == {"small"}


def test_others_tables_may_have_names_that_this_product_would_never_make(bq: bigquery.Client, prefix: str) -> None:
    publish(bq, prefix, small_frame())
    for name in ("daily-matrix-backup", "2024_backup"):
        bq.create_table(bigquery.Table(f"{bq.project}.{prefix}d.{name}", [bigquery.SchemaField("a", "INT64")]))
    assert publish(bq, prefix, small_frame(6)).inserted == 1


def test_fields_with_any_name_survive_our_update(bq: bigquery.Client, prefix: str) -> None:
    bq.create_dataset(f"{prefix}d")
    bq.query(
        f"CREATE TABLE `{prefix}d.small` (day DATE NOT NULL, symbol STRING NOT NULL, flag BOOL, note STRING, "
        "bar STRUCT<close FLOAT64, volume INT64, `distance to P` FLOAT64, `range` FLOAT64>)"
    ).result()
    publish(bq, prefix, small_frame())
    theirs = "STRUCT(bar.close AS close, bar.volume AS volume, 1.5 AS `distance to P`, 2.5 AS `range`)"
    bq.query(f"UPDATE `{prefix}d.small` SET bar = {theirs} WHERE TRUE").result()
    assert publish(bq, prefix, small_frame(**{"bar.close": [9.0] * 5})).updated == 5
    assert {(row["bar"]["distance to P"], row["bar"]["range"]) for row in rows(bq, prefix)} == {(1.5, 2.5)}  # type: ignore[index]


def test_a_live_table_with_names_in_capitals_is_written_and_read(bq: bigquery.Client, prefix: str) -> None:
    bq.create_dataset(f"{prefix}d")
    bq.query(
        f"CREATE TABLE `{prefix}d.small` (DAY DATE NOT NULL, SYMBOL STRING NOT NULL, BAR STRUCT<CLOSE FLOAT64, VOLUME INT64>, "
        "FLAG BOOL, NOTE STRING) PARTITION BY DATE_TRUNC(DAY, MONTH)"
    ).result()
    report = publish(bq, prefix, small_frame())
    assert (report.inserted, report.partitions_changed) == (5, 2)
    pd.testing.assert_frame_equal(publisher(bq, prefix).read(SMALL), small_frame()[list(SMALL.frame_columns)])
    assert publish(bq, prefix, small_frame()).unchanged == 5


def test_a_table_that_another_run_creates_first_with_fewer_columns_gets_the_others(
    bq: bigquery.Client, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = bq.create_table

    def overtaken(table: bigquery.Table, **how: object) -> bigquery.Table:
        if table.table_id == SMALL.table:
            bq.query(f"CREATE TABLE `{prefix}d.small` (day DATE NOT NULL, symbol STRING NOT NULL)").result()
        return create(table, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(bq, "create_table", overtaken)
    report = publish(bq, prefix, small_frame())
    assert (report.inserted, report.columns_added) == (5, ("bar", "pivots", "flag", "note", "ingestion_ts"))


def test_a_transaction_too_long_for_bigquery_says_what_to_set(
    bq: bigquery.Client, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zl_assets.warehouse.publish.MAX_QUERY_BYTES", 2_500)
    frame = small_frame(90)
    with pytest.raises(TooManyPartitions, match=r"4 partitions would change, and at 1 of them a MERGE") as caught:
        publish(bq, prefix, frame, max_partitions=1)
    assert "ZL_MAX_PARTITIONS higher" in told(caught.value)
    assert rows(bq, prefix) == []
    assert publish(bq, prefix, frame).inserted == 90


def test_a_table_that_is_not_there_is_read_as_empty_only_where_that_is_asked_for(bq: bigquery.Client, prefix: str) -> None:
    one = publisher(bq, prefix)
    with pytest.raises(SchemaConflict, match="does not exist"):
        one.read(SMALL)
    pd.testing.assert_frame_equal(one.read_or_empty(SMALL), empty_frame(SMALL))
    publish(bq, prefix, small_frame())
    pd.testing.assert_frame_equal(one.read_or_empty(SMALL), one.read(SMALL))
    assert len(one.read(SMALL)) == 5


def test_bars_of_another_source_are_never_mixed_in(bq: bigquery.Client, prefix: str) -> None:
    publisher(bq, prefix).publish(Publication(small_frame(), source="synthetic"), SMALL)
    before = rows(bq, prefix)
    with pytest.raises(SourceConflict) as caught:
        publisher(bq, prefix).publish(Publication(small_frame(7), source="bars"), SMALL)
    assert "'synthetic'" in str(caught.value)
    assert "reset" in told(caught.value)
    assert "ZL_STATE_DIR" in told(caught.value)
    assert rows(bq, prefix) == before
    assert live(bq, prefix).labels == {"zl_source": "synthetic"}


def test_a_table_older_than_its_label_gets_it_where_that_is_said_and_keeps_it(bq: bigquery.Client, prefix: str) -> None:
    """What an earlier version left has no label: it must be neither refused nor be taken for another source's later."""
    publish(bq, prefix, small_frame())
    with pytest.raises(SourceConflict, match="the source 'unknown'"):
        publisher(bq, prefix).publish(Publication(small_frame(), source="synthetic"), SMALL)
    publisher(bq, prefix).publish(Publication(small_frame(), source="synthetic", adopts=True), SMALL)
    assert live(bq, prefix).labels == {"zl_source": "synthetic"}
    before = rows(bq, prefix)
    with pytest.raises(SourceConflict, match="the source 'synthetic', and these are of 'bars'"):
        publisher(bq, prefix).publish(Publication(small_frame(7), source="bars", adopts=True), SMALL)
    assert rows(bq, prefix) == before


def test_nothing_is_created_where_it_may_not_be(bq: bigquery.Client, prefix: str) -> None:
    with pytest.raises(SchemaConflict, match="nothing may be created") as caught:
        publish(bq, prefix, small_frame(), may_create=False)
    assert "ZL_CREATE=true" in told(caught.value)
    assert f"{prefix}d" not in [d.dataset_id for d in bq.list_datasets()]


def test_a_dataset_in_another_location_stops_the_write(bq: bigquery.Client, prefix: str) -> None:
    elsewhere = bigquery.Dataset(f"{bq.project}.{prefix}d")
    elsewhere.location = "EU"
    bq.create_dataset(elsewhere)
    with pytest.raises(SchemaConflict, match="is in EU, and this product works in us-central1"):
        publish(bq, prefix, small_frame())


def _create(bq: bigquery.Client, prefix: str, fields: list[bigquery.SchemaField], **options: object) -> None:
    dataset = bigquery.Dataset(f"{bq.project}.{prefix}d")
    dataset.location = "us-central1"
    bq.create_dataset(dataset, exists_ok=True)
    table = bigquery.Table(f"{bq.project}.{prefix}d.small", fields)
    for name, value in options.items():
        setattr(table, name, value)
    bq.create_table(table)


F = bigquery.SchemaField
KEY = [F("day", "DATE", mode="REQUIRED"), F("symbol", "STRING", mode="REQUIRED")]
BAR = F("bar", "RECORD", fields=[F("vwap", "FLOAT64"), F("close", "FLOAT64"), F("volume", "INT64"), F("mine", "STRING")])


def test_a_live_table_is_adopted_as_it_is(bq: bigquery.Client, prefix: str) -> None:
    """Other order, other partitioning, extra columns and fields: all stay; missing nullable columns are added."""
    daily = bigquery.TimePartitioning(bigquery.TimePartitioningType.DAY, field="day")
    _create(
        bq,
        prefix,
        [F("extra", "STRING", description="theirs"), *KEY, BAR, F("regime_name", "STRING"), F("timestamp", "TIMESTAMP")],
        time_partitioning=daily,
        description="their table",
        labels={"team": "theirs"},
    )
    bq.query(
        f"INSERT INTO `{prefix}d.small` (extra, day, symbol, bar) VALUES ('keep', '2024-01-30', 'ZL', "
        "STRUCT(3.5 AS vwap, 1.0 AS close, 1 AS volume, 'm' AS mine))"
    ).result()
    report = publish(bq, prefix, small_frame())
    table = live(bq, prefix)
    assert (report.inserted, report.updated, report.partitions_changed) == (4, 1, 5)
    assert set(report.columns_added) == {"pivots", "flag", "note", "ingestion_ts"}
    assert table.description == "their table"
    assert table.labels == {"team": "theirs"}
    assert table.time_partitioning.type_ == "DAY"
    assert table.schema[0].description == "theirs"
    found = rows(bq, prefix)
    assert found[0]["extra"] == "keep"
    assert found[0]["bar"] == {"vwap": 3.5, "close": 0.5, "volume": 0, "mine": "m"}
    assert [row["regime_name"] for row in found] == ["n0", "n1", "n2", "n3", "n4"]
    assert found[1]["bar"] == {"vwap": None, "close": 1.5, "volume": 1, "mine": None}
    assert publish(bq, prefix, small_frame()).updated == 0


@pytest.mark.parametrize(
    ("fields", "options", "difference"),
    [
        ([KEY[0], BAR], {}, "symbol: missing, and it is part of the key"),
        ([*KEY, BAR, F("note", "INT64")], {}, "note: expected STRING, found INT64"),
        ([*KEY, BAR, F("note", "STRING", mode="REPEATED")], {}, "note: expected STRING, found ARRAY<STRING>"),
        ([*KEY, BAR, F("note", "STRING", mode="REQUIRED")], {}, "note: expected NULLABLE, found REQUIRED"),
        ([*KEY, BAR, F("boss", "STRING", mode="REQUIRED")], {}, "boss: REQUIRED without a default"),
        ([*KEY, F("bar", "RECORD", fields=[F("close", "FLOAT64")])], {}, "bar.volume: missing, and a field cannot be added"),
        ([*KEY, F("bar", "FLOAT64")], {}, "bar: expected STRUCT, found FLOAT64"),
        ([*KEY, F("bar", "RECORD", fields=[*BAR.fields, F("boss", "STRING", mode="REQUIRED")])], {}, "bar.boss: REQUIRED"),
        (
            [*KEY, BAR],
            {"time_partitioning": bigquery.TimePartitioning(field="day", expiration_ms=86_400_000)},
            "partitions expire after 86400000 ms",
        ),
        ([*KEY, BAR], {"expires": dt.datetime(2099, 1, 1, tzinfo=dt.UTC)}, "the table expires at 2099"),
    ],
)
def test_an_unusable_live_table_stops_with_a_diff_before_anything_is_written(
    bq: bigquery.Client, prefix: str, fields: list[F], options: dict[str, object], difference: str
) -> None:
    _create(bq, prefix, fields, **options)
    schema = live(bq, prefix).schema
    with pytest.raises(SchemaConflict) as caught:
        publish(bq, prefix, small_frame())
    assert difference in str(caught.value)
    assert live(bq, prefix).schema == schema
    assert [t.table_id for t in bq.list_tables(f"{prefix}d")] == ["small"]


def test_a_table_that_asks_every_query_for_a_date_cannot_be_used() -> None:
    """The view has none. By its description alone: the emulator does not keep the option."""
    table = bigquery.Table.from_api_repr(
        {
            "tableReference": {"projectId": "zl-local", "datasetId": "d", "tableId": "small"},
            "type": "TABLE",
            "schema": {"fields": [field.to_api_repr() for field in (*KEY, BAR)]},
            "requirePartitionFilter": True,
        }
    )
    with pytest.raises(SchemaConflict, match="require_partition_filter is set"):
        adopt(SMALL, table, MARKS.staging_prefix)


def test_somebody_elses_lists_inside_our_struct_survive_our_update(bq: bigquery.Client, prefix: str) -> None:
    ticks = F("ticks", "RECORD", mode="REPEATED", fields=[F("price", "FLOAT64")])
    _create(bq, prefix, [*KEY, F("bar", "RECORD", fields=[*BAR.fields, ticks]), F("ingestion_ts", "TIMESTAMP")])
    bq.query(
        f"INSERT INTO `{prefix}d.small` (day, symbol, bar) VALUES ('2024-01-30', 'ZL', "
        "STRUCT(3.5 AS vwap, 1.0 AS close, 1 AS volume, 'm' AS mine, [STRUCT(7.5 AS price)] AS ticks))"
    ).result()
    report = publish(bq, prefix, small_frame())
    assert (report.inserted, report.updated) == (4, 1)
    assert rows(bq, prefix)[0]["bar"] == {"vwap": 3.5, "close": 0.5, "volume": 0, "mine": "m", "ticks": [{"price": 7.5}]}
    assert publish(bq, prefix, small_frame()).updated == 0


@pytest.mark.parametrize(("live_type", "value", "found"), [("STRING", "'soon'", "string"), ("FLOAT64", "1.5", "double")])
def test_a_live_column_of_another_type_is_named_when_it_cannot_be_read(
    bq: bigquery.Client, prefix: str, live_type: str, value: str, found: str
) -> None:
    volume = F("volume", live_type)
    _create(bq, prefix, [*KEY, F("bar", "RECORD", fields=[F("close", "FLOAT64"), volume])])
    bq.query(f"INSERT INTO `{prefix}d.small` (day, symbol, bar) VALUES ('2024-01-30', 'ZL', (1.0, {value}))").result()
    with pytest.raises(SchemaConflict, match=rf"live column bar\.volume holds {found}, expected INT64"):
        publisher(bq, prefix).read(SMALL)


def test_a_view_in_the_place_of_a_table_stops_the_write(bq: bigquery.Client, prefix: str) -> None:
    publish(bq, prefix, small_frame())
    bq.query(f"CREATE VIEW `{prefix}d.v` AS SELECT 1 AS a").result()
    from dataclasses import replace

    with pytest.raises(SchemaConflict, match="is a VIEW, expected a table"):
        publisher(bq, prefix).publish(Publication(small_frame()), replace(SMALL, table="v"))


def test_missing_columns_are_not_added_where_nothing_may_be_created(bq: bigquery.Client, prefix: str) -> None:
    _create(bq, prefix, [*KEY, BAR])
    with pytest.raises(SchemaConflict, match="lacks pivots, flag, note, ingestion_ts, and columns may not be added"):
        publish(bq, prefix, small_frame(), may_create=False)


def test_a_column_that_was_not_null_may_be_null_and_the_rows_from_before_stay_as_they_are(
    bq: bigquery.Client, prefix: str
) -> None:
    there = [F("pivots", "RECORD", fields=[F("P", "FLOAT64")]), F("flag", "BOOL"), F("ingestion_ts", "TIMESTAMP")]
    _create(bq, prefix, [*KEY, BAR, *there, F("note", "STRING", mode="REQUIRED"), F("extra", "STRING")])
    bq.query(f"INSERT INTO `{prefix}d.small` (day, symbol, note, extra) VALUES ('2023-01-30', 'ZL', 'old', 'keep')").result()
    [before] = rows(bq, prefix)
    once = replace(SMALL, columns=tuple(replace(c, once_required=True) if c.name == "note" else c for c in SMALL.columns))
    frame = small_frame(note=[None] * 5)
    with pytest.raises(SchemaConflict, match=r"has note as NOT NULL, .* and columns may not be changed"):
        publisher(bq, prefix, may_create=False).publish(Publication(frame), once)
    report = publisher(bq, prefix).publish(Publication(frame), once)
    assert (report.inserted, report.updated, report.row_count) == (5, 0, 6)
    found = rows(bq, prefix)
    assert {name: found[0][name] for name in before} == before
    assert [row["note"] for row in found] == ["old", *[None] * 5]
    assert {f.name for f in live(bq, prefix).schema if f.mode == "REQUIRED"} == {"day", "symbol"}
    assert publisher(bq, prefix).publish(Publication(frame), once).statements == 0


def test_the_first_ledgers_are_taken_as_they_are_but_for_what_may_be_null_now() -> None:
    """By its description alone: the columns and modes that ledgers were created with before a family could be NOT TESTABLE."""
    fields = [
        F(column.name, column.type.value, mode="NULLABLE" if column.stamp else "REQUIRED")
        for column in LEDGER.columns
        if column.name not in ("left_out", "reason", "directions")
    ]
    table = bigquery.Table("zl-local.training.feature_family_ledger", fields)
    table._properties["type"] = "TABLE"
    adoption = adopt(LEDGER, table, MARKS.staging_prefix)
    assert [column.name for column in adoption.missing] == ["left_out", "reason", "directions"]
    assert [column.name for column in adoption.required] == [column.name for column in LEDGER.columns if column.once_required]
    assert {"p", "effect", "placebo"} <= {column.name for column in adoption.required}
    relaxed = {f.name: f.mode for f in without_required(fields, [column.name for column in adoption.required])}
    table.schema = [F(name, found.field_type, mode=relaxed[name]) for name, found in ((f.name, f) for f in fields)]
    assert adopt(LEDGER, table, MARKS.staging_prefix).required == ()
    assert relaxed["look"] == relaxed["config"] == "REQUIRED"


def test_too_many_partitions_become_one_atomic_transaction(bq: bigquery.Client, prefix: str) -> None:
    frame = small_frame(100)
    publish(bq, prefix, small_frame(10))
    report = publish(bq, prefix, frame, max_partitions=1)
    assert (report.inserted, report.updated, report.statements) == (90, 0, 4)
    assert report.row_count == 100
    frame["note"] = frame["note"] + "!"
    assert publish(bq, prefix, frame, max_partitions=2).updated == 100
    assert publish(bq, prefix, frame, max_partitions=2).statements == 0


@given(
    per_partition=st.lists(st.integers(1, 3), min_size=1, max_size=60),
    limit=st.integers(1, 20),
)
def test_no_merge_touches_more_partitions_than_the_limit_and_none_is_lost(per_partition: list[int], limit: int) -> None:
    first = day("2020-01-01")
    changes, at = [], 0
    for count in per_partition:
        changes.append(Change(count, 0, first + dt.timedelta(at), first + dt.timedelta(at + count - 1)))
        at += count
    ranges = merge_ranges(changes, limit)
    for low, high in ranges:
        assert low is not None
        assert high is not None
        assert sum(low <= c.low and c.high <= high for c in changes) <= limit  # type: ignore[operator]
    assert all(sum(low <= c.low and c.high <= high for low, high in ranges) == 1 for c in changes)  # type: ignore[operator]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_sequence_of_writes_leaves_the_union_of_the_last_versions(
    bq: bigquery.Client, prefix: str, data: st.DataObject
) -> None:
    """Against a plain dictionary: each write overwrites its keys and leaves the others."""
    name = f"{prefix}{secrets.token_hex(4)}_"
    expected: dict[dt.date, tuple[float, str]] = {}
    for _ in range(data.draw(st.integers(1, 3))):
        days = sorted(data.draw(st.sets(st.integers(0, 90), min_size=1, max_size=8)))
        frame = small_frame(len(days))
        frame["day"] = pd.to_datetime([day("2024-01-01") + dt.timedelta(d) for d in days]).astype("datetime64[ns]")
        frame["bar.close"] = [float(data.draw(st.integers(0, 2))) for _ in days]
        publish(bq, name, frame, max_partitions=data.draw(st.integers(1, 3)))
        expected |= {r["day"].date(): (r["bar.close"], r["note"]) for r in frame.to_dict("records")}
    found = {row["day"]: (row["bar"]["close"], row["note"]) for row in rows(bq, name)}  # type: ignore[index]
    assert found == expected


def test_a_frame_read_back_equals_the_frame_written(bq: bigquery.Client, prefix: str) -> None:
    frame = small_frame(30)
    frame.loc[3, "bar.volume"] = 2**62 + 1
    frame.loc[4, "bar.close"] = 0.1 + 0.2
    frame.loc[5, "flag"] = pd.NA
    publish(bq, prefix, frame)
    pd.testing.assert_frame_equal(publisher(bq, prefix).read(SMALL), frame[list(SMALL.frame_columns)], check_exact=True)


def test_a_time_and_a_date_travel_whole_in_a_merge_of_few_rows(bq: bigquery.Client, prefix: str) -> None:
    columns = (Column("seen_at", ColumnType.TIMESTAMP, "when"), Column("seen_on", ColumnType.DATE, "a day"))
    timed = replace(SMALL, columns=(*SMALL.columns, *columns))
    at = pd.to_datetime(["2014-12-31 23:59:59.123456", None, "2024-02-01 00:00:00.000001"], utc=True).as_unit("ns")
    on = pd.to_datetime(["1970-01-01", "2024-02-29", None]).as_unit("ns")
    frame = small_frame(3).assign(seen_at=at, seen_on=on)
    publisher(bq, prefix).publish(Publication(frame.head(1)), timed)
    report = publisher(bq, prefix).publish(Publication(frame), timed)
    assert (report.inserted, report.statements) == (2, 1)
    pd.testing.assert_frame_equal(publisher(bq, prefix).read(timed), frame[list(timed.frame_columns)])


def test_reading_what_is_not_there_says_which_asset_makes_it(bq: bigquery.Client, prefix: str) -> None:
    with pytest.raises(SchemaConflict, match=r"d\.small does not exist\. Materialize the asset that writes it first"):
        publisher(bq, prefix).read(SMALL)


def test_a_nullable_column_that_a_live_table_lacks_is_read_as_null(bq: bigquery.Client, prefix: str) -> None:
    _create(bq, prefix, [*KEY, BAR])
    bq.query(f"INSERT INTO `{prefix}d.small` (day, symbol) VALUES ('2024-01-30', 'ZL')").result()
    found = publisher(bq, prefix).read(SMALL)
    assert found["note"].isna().all()
    assert str(found["flag"].dtype) == "boolean"


def test_every_type_of_the_contract_is_covered_here() -> None:
    assert {leaf.column.type for leaf in SMALL.frame_leaves} == set(ColumnType) - {ColumnType.STRUCT, ColumnType.TIMESTAMP}


def test_a_view_is_replaced_only_when_it_says_something_else(bq: bigquery.Client, prefix: str) -> None:
    from zl_assets.warehouse.contract import ViewContract

    publish(bq, prefix, small_frame())
    contract = ViewContract("d", "v", "a view", (Column("day", ColumnType.DATE, "the day", nullable=False),), ("day",))
    select = f"SELECT day FROM `{bq.project}.{prefix}d.small` WHERE symbol = 'ZL'"
    assert publisher(bq, prefix).publish_view(ViewDefinition(select, (SMALL,)), contract).replaced
    assert (
        not publisher(bq, prefix).publish_view(ViewDefinition(select.replace(" FROM", "\n  FROM"), (SMALL,)), contract).replaced
    )
    other = publisher(bq, prefix).publish_view(ViewDefinition(select.replace("ZL", "MES"), (SMALL,)), contract)
    assert other.replaced
    assert other.row_count == 0


def test_a_view_in_the_legacy_dialect_is_another_view() -> None:
    assert not same_select("SELECT day FROM [zl-local:d.small] WHERE symbol = 'ZL", "SELECT day FROM `zl-local.d.small`")


def test_a_view_over_nothing_is_not_published(bq: bigquery.Client, prefix: str) -> None:
    from zl_assets.warehouse.contract import ViewContract

    publish(bq, prefix, small_frame())
    contract = ViewContract("d", "v", "a view", (Column("day", ColumnType.DATE, "the day", nullable=False),), ("day",))
    with pytest.raises(WarehouseRefused, match="dry_run_view"):
        publisher(bq, prefix).publish_view(ViewDefinition(f"SELECT day FROM `{bq.project}.{prefix}d.gone`", ()), contract)
    assert [t.table_id for t in bq.list_tables(f"{prefix}d")] == ["small"]
