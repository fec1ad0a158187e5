"""BigQuery's limit of 4,000 partitions a job, which the emulator does not have: so the statements sent are tested too."""

import datetime as dt
import itertools
import re
import secrets
from typing import Any

import pandas as pd
import pytest
from google.cloud import bigquery
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zl_assets.warehouse import sql
from zl_assets.warehouse.errors import WarehouseRefused
from zl_assets.warehouse.frames import to_arrow
from zl_assets.warehouse.jobs import JobRunner
from zl_assets.warehouse.names import TableName
from zl_assets.warehouse.publish import Publication, Publisher
from zl_assets.warehouse.schema import live_columns
from zl_assets_tests.warehouse.tables import SMALL, day, publish, publisher, rows, small_frame

DAYS = 5_000


def create_by_day(bq: bigquery.Client, prefix: str, table: str = "small") -> None:
    bq.create_dataset(f"{prefix}d", exists_ok=True)
    fields = [
        "day DATE NOT NULL",
        "symbol STRING NOT NULL",
        "bar STRUCT<close FLOAT64, volume INT64, vwap FLOAT64>",
        "pivots STRUCT<P FLOAT64>",
        "flag BOOL",
        "note STRING",
        "ingestion_ts TIMESTAMP",
    ]
    bq.query(f"CREATE TABLE `{prefix}d.{table}` ({', '.join(fields)}) PARTITION BY day CLUSTER BY symbol").result()


class Sent:
    """The statements that publications send, with their parameters, by step."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.statements: dict[str, tuple[str, dict[str, Any]]] = {}
        query = JobRunner.query

        def spy(runner: JobRunner, text: str, step: str, parameters: Any = ()) -> Any:
            self.statements[step] = (text, {p.name: p.value for p in parameters})
            return query(runner, text, step, parameters)

        monkeypatch.setattr(JobRunner, "query", spy)


def test_five_thousand_changed_days_are_one_atomic_write_within_the_limit(
    bq: bigquery.Client, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_by_day(bq, prefix)
    frame = small_frame(DAYS, start="2010-01-01")
    report = publish(bq, prefix, frame, max_partitions=3000)
    assert (report.inserted, report.statements) == (DAYS, 2)
    changed = frame.assign(note=frame["note"] + "!")
    sent = Sent(monkeypatch)
    report = publish(bq, prefix, changed, max_partitions=3000)

    assert (report.inserted, report.updated, report.partitions_changed, report.statements) == (0, DAYS, DAYS, 2)
    assert "merge" not in sent.statements
    script, parameters = sent.statements["merge_staged"]
    steps = [step.strip() for step in script.split(";") if step.strip()]
    assert [step.split()[0] for step in steps] == ["ASSERT", "BEGIN", "MERGE", "MERGE", "COMMIT"]
    ranges = [(parameters[f"low_{i}"], parameters[f"high_{i}"]) for i in range(2)]
    days = frame["day"].dt.date.tolist()
    assert ranges == [(days[0], days[2999]), (days[3000], days[-1])]
    for i, step in enumerate(steps[2:4]):
        # The same bounds prune the target and filter the source.
        assert re.findall(r"BETWEEN @(\w+) AND @(\w+)", step) == [(f"low_{i}", f"high_{i}")] * 2
    assert all(sum(low <= d <= high for d in days) <= 3000 for low, high in ranges)

    found = rows(bq, prefix)
    assert [row["note"] for row in found] == changed["note"].tolist()
    assert len({row["ingestion_ts"] for row in found}) == 1
    assert publish(bq, prefix, changed).statements == 0


def test_a_failure_in_the_second_merge_leaves_no_day_of_the_first(
    bq: bigquery.Client, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_by_day(bq, prefix)
    frame = small_frame(60)
    publish(bq, prefix, frame)
    before = rows(bq, prefix)
    render = sql.merge_staged

    def with_a_fault(target: sql.Target, staging: TableName, ranges: int, *, updates: bool) -> str:
        head, tail = render(target, staging, ranges, updates=updates).rsplit("MERGE", 1)
        return f"{head}SELECT ERROR('no');\nMERGE{tail}"

    monkeypatch.setattr(sql, "merge_staged", with_a_fault)
    with pytest.raises(WarehouseRefused, match="no"):
        publish(bq, prefix, frame.assign(note=frame["note"] + "!"), max_partitions=30)
    assert rows(bq, prefix) == before
    monkeypatch.undo()
    assert publish(bq, prefix, frame.assign(note=frame["note"] + "!"), max_partitions=30).updated == 60


@pytest.mark.parametrize(
    ("by", "partitions"), [("", 1), ("day", 75), ("DATE_TRUNC(day, MONTH)", 3), ("DATE_TRUNC(day, YEAR)", 1)]
)
def test_partitions_are_counted_by_the_live_tables_own_partitioning(
    bq: bigquery.Client, prefix: str, by: str, partitions: int
) -> None:
    bq.create_dataset(f"{prefix}d")
    partition_by = f"PARTITION BY {by}" if by else ""
    bq.query(
        f"CREATE TABLE `{prefix}d.small` (day DATE NOT NULL, symbol STRING NOT NULL, "
        f"bar STRUCT<close FLOAT64, volume INT64>) {partition_by}"
    ).result()
    report = publish(bq, prefix, small_frame(75, start="2024-02-01"), max_partitions=2)
    assert report.partitions_changed == partitions
    assert report.statements == -(-partitions // 2)


def test_partitions_that_do_not_change_do_not_count(bq: bigquery.Client, prefix: str) -> None:
    create_by_day(bq, prefix)
    publish(bq, prefix, small_frame(75))
    changed = small_frame(75)
    changed.loc[[3, 70], "note"] = "other"
    report = publish(bq, prefix, changed, max_partitions=2)
    assert (report.updated, report.partitions_changed, report.statements) == (2, 2, 1)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_split_of_the_range_turns_a_match_into_a_second_insert(bq: bigquery.Client, prefix: str, data: st.DataObject) -> None:
    """The rendered SQL itself, with bounds drawn at will, the unchanged rows' among them: any split of the staged range gives the
    rows of one MERGE."""
    name = f"{prefix}{secrets.token_hex(4)}_"
    live = small_frame(12).sample(frac=0.7, random_state=data.draw(st.integers(0, 9)))
    publish(bq, name, live)
    split, whole, staging = (TableName(bq.project, f"{name}d", table) for table in ("small", "whole", "staging"))
    bq.query(f"CREATE TABLE {whole.quoted} LIKE {split.quoted}").result()
    bq.query(f"INSERT INTO {whole.quoted} SELECT * FROM {split.quoted}").result()
    staged = small_frame(12).assign(note=[data.draw(st.sampled_from(["n0", "new"])) for _ in range(12)])
    stage(publisher(bq, name), staged, staging)

    first, last = staged["day"].min().date(), staged["day"].max().date()
    cuts = sorted(data.draw(st.sets(st.dates(first, last - dt.timedelta(1)), max_size=4)))
    starts = [first, *(cut + dt.timedelta(1) for cut in cuts)]
    for table, ranges in ((split, list(zip(starts, [*cuts, last], strict=True))), (whole, [(first, last)])):
        fields = list(bq.get_table(str(table)).schema)
        target = sql.Target(SMALL, table, live_columns(fields))
        parameters = [bigquery.ScalarQueryParameter(sql.WRITTEN_AT, "TIMESTAMP", dt.datetime(2024, 6, 1, tzinfo=dt.UTC))]
        for i, (low, high) in enumerate(ranges):
            parameters += [bigquery.ScalarQueryParameter(f"{b}_{i}", "DATE", v) for b, v in ((sql.LOW, low), (sql.HIGH, high))]
        parameters.append(bigquery.ScalarQueryParameter(sql.STAGED, "INT64", len(staged)))
        text = sql.merge_staged(target, staging, len(ranges), updates=True)
        bq.query(text, job_config=bigquery.QueryJobConfig(query_parameters=parameters)).result()
    compared = [sorted(map(repr, bq.query(f"SELECT * EXCEPT (ingestion_ts) FROM {t.quoted}").result())) for t in (split, whole)]
    assert compared[0] == compared[1]
    assert len(compared[0]) == 12
    assert scalar(bq, f"SELECT COUNT(DISTINCT day) FROM {split.quoted}") == 12


def stage(one: Publisher, frame: pd.DataFrame, staging: TableName) -> None:
    """Copy a frame to a table of staged names, by the write path's own step."""
    one._stage(to_arrow(frame, SMALL.frame_leaves), SMALL, staging)


def scalar(bq: bigquery.Client, text: str) -> object:
    [row] = bq.query(text).result()
    return row[0]


def test_a_bound_on_the_target_alone_would_insert_twice(bq: bigquery.Client, prefix: str) -> None:
    """What the test above guards against does happen: the same MERGE without the filter on its source."""
    publish(bq, prefix, small_frame(10))
    staging = TableName(bq.project, f"{prefix}d", "staging")
    stage(publisher(bq, prefix), small_frame(10), staging)
    name = TableName(bq.project, f"{prefix}d", "small")
    target = sql.Target(SMALL, name, live_columns(list(bq.get_table(str(name)).schema)))
    good = sql.merge_staged(target, staging, 1, updates=True)
    bad = re.sub(r"\n  WHERE day BETWEEN @low_0 AND @high_0", "", good, count=1)
    assert bad != good
    parameters = [
        bigquery.ScalarQueryParameter(sql.WRITTEN_AT, "TIMESTAMP", dt.datetime(2024, 6, 1, tzinfo=dt.UTC)),
        bigquery.ScalarQueryParameter(f"{sql.LOW}_0", "DATE", day("2024-02-01")),
        bigquery.ScalarQueryParameter(f"{sql.HIGH}_0", "DATE", day("2024-02-03")),
        bigquery.ScalarQueryParameter(sql.STAGED, "INT64", 10),
    ]
    for text, expected in ((good, 10), (bad, 17)):
        bq.query(text, job_config=bigquery.QueryJobConfig(query_parameters=parameters)).result()
        assert scalar(bq, f"SELECT COUNT(*) FROM {name.quoted}") == expected


def test_ranges_are_in_order_and_do_not_overlap(bq: bigquery.Client, prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Changes scattered over the range: each MERGE's range begins after the one before it ends."""
    create_by_day(bq, prefix)
    frame = small_frame(200)
    publish(bq, prefix, frame)
    changed = frame.copy()
    changed.loc[changed.index % 7 == 0, "note"] = "other"
    sent = Sent(monkeypatch)
    report = publish(bq, prefix, changed, max_partitions=5)
    _, parameters = sent.statements["merge_staged"]
    ranges = [(parameters[f"low_{i}"], parameters[f"high_{i}"]) for i in range(report.statements)]
    assert report.statements == 6
    assert all(one[1] < other[0] for one, other in itertools.pairwise(ranges))
    assert publisher(bq, prefix).publish(Publication(changed), SMALL).statements == 0
