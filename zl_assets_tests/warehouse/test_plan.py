"""The plan: what it says is what a publication then does, and it leaves no trace."""

import datetime as dt
import re
import secrets
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from google.api_core import exceptions as api
from google.cloud import bigquery
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zl_assets.hints import told
from zl_assets.warehouse.contract import Column, ColumnType, TableContract, ViewContract, WriteMode
from zl_assets.warehouse.errors import Hint, SchemaConflict, WarehouseRefused
from zl_assets.warehouse.plan import (
    DENIED,
    GRANTED,
    UNTESTED,
    Action,
    Object,
    Permission,
    Plan,
    PlannedView,
    TablePlan,
    YearRows,
    make_plan,
    markdown,
    probe_permissions,
)
from zl_assets.warehouse.publish import Publication, Publisher, ViewDefinition
from zl_assets_tests.support.golden import assert_golden
from zl_assets_tests.warehouse.tables import SMALL, publish, publisher, small_frame
from zl_assets_tests.warehouse.test_sql import GOLDEN

VIEW = ViewContract("d", "v", "a view", (Column("day", ColumnType.DATE, "the day", nullable=False),), ("day",))
AS_OF = dt.date(2024, 6, 1)


def select(bq: bigquery.Client, prefix: str) -> str:
    return f"SELECT day FROM `{bq.project}.{prefix}d.small` WHERE symbol = 'ZL'"


def view(bq: bigquery.Client, prefix: str) -> PlannedView:
    return PlannedView(VIEW, ViewDefinition(select(bq, prefix), (SMALL,)))


def said(plan: Plan) -> list[str]:
    return [str(stop) for stop in plan.stops]


def plan(
    bq: bigquery.Client,
    prefix: str,
    frame: pd.DataFrame,
    contract: TableContract = SMALL,
    source: str | None = None,
    **limits: Any,
) -> Plan:
    publications = {contract: Publication(frame, source)}
    return make_plan(publisher(bq, prefix, **limits), publications, [], view(bq, prefix), AS_OF, [])


def everything(bq: bigquery.Client, prefix: str) -> dict[str, Any]:
    """Every table below the prefix with its rows, schema, labels and time of change."""
    found = {}
    for dataset in bq.list_datasets():
        if dataset.dataset_id.startswith(prefix):
            for item in bq.list_tables(dataset.dataset_id):
                table = bq.get_table(item.reference)
                rows = [tuple(row.values()) for row in bq.query(f"SELECT * FROM `{table.reference}`").result()]
                found[str(table.reference)] = (table.to_api_repr(), sorted(rows, key=repr))
            found[dataset.dataset_id] = ()
    return found


def test_an_empty_warehouse_stays_empty(bq: bigquery.Client, prefix: str) -> None:
    made = plan(bq, prefix, small_frame())
    [table] = made.tables
    assert (table.action, table.inserted, table.updated, table.partitions, table.statements) == (Action.CREATE, 5, 0, 2, 1)
    assert [d.action for d in made.datasets] == ["create in us-central1"]
    assert made.view.action.startswith("create; its SELECT can be tried only when")
    assert made.stops == ()
    assert everything(bq, prefix) == {}


def test_a_table_that_is_written_after_training_is_looked_at_too(bq: bigquery.Client, prefix: str) -> None:
    later = replace(SMALL, table="later")
    publications = {SMALL: Publication(small_frame())}

    def made() -> Plan:
        return make_plan(publisher(bq, prefix), publications, [later], view(bq, prefix), AS_OF, [])

    assert made().later == (Object(f"{bq.project}.{prefix}d.later", "create; its rows follow"),)
    bq.create_dataset(f"{prefix}d")
    bq.query(f"CREATE TABLE `{prefix}d.later` (day DATE NOT NULL, symbol INT64)").result()
    assert made().later[0].action.startswith("none: it cannot be used")
    assert "symbol: expected STRING, found INT64" in said(made())[0]


def test_where_nothing_may_be_created_the_plan_says_where_a_refresh_would_stop(bq: bigquery.Client, prefix: str) -> None:
    made = plan(bq, prefix, small_frame(), may_create=False)
    [stop] = said(made)
    assert stop.startswith(f"dataset {bq.project}.{prefix}d does not exist, and nothing may be created")
    bq.create_dataset(f"{prefix}d")
    stops = said(plan(bq, prefix, small_frame(), may_create=False))
    assert [stop.split(" ", 1)[1].split(".")[0] for stop in stops] == ["does not exist, and nothing may be created"] * 2


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_plan_counts_what_the_publication_then_writes(bq: bigquery.Client, prefix: str, data: st.DataObject) -> None:
    """By two computations: pandas over the live rows, and BigQuery over a staging table. And the plan changes nothing."""
    name = f"{prefix}{secrets.token_hex(4)}_"
    before = small_frame(60)
    publish(bq, name, before)
    live = f"`{name}d.small`"
    edits = data.draw(
        st.sets(
            st.sampled_from(
                [
                    f"UPDATE {live} SET note = 'by hand' WHERE day < '2024-02-03'",
                    f"UPDATE {live} SET note = NULL, flag = NULL WHERE day = '2024-02-10'",
                    f"UPDATE {live} SET bar = NULL WHERE day = '2024-03-01'",
                    f"UPDATE {live} SET bar = STRUCT(bar.close AS close, bar.volume AS volume, 9.5 AS vwap) WHERE TRUE",
                    f"DELETE FROM {live} WHERE day BETWEEN '2024-02-14' AND '2024-02-20'",
                    f"INSERT INTO {live} (day, symbol, note) VALUES ('2024-02-21', 'MES', 'theirs')",
                    f"ALTER TABLE {live} ADD COLUMN regime_name STRING",
                    f"ALTER TABLE {live} DROP COLUMN flag",
                ]
            )
        )
    )
    for edit in sorted(edits, key=lambda text: text.startswith("ALTER")):  # an UPDATE may name the column that goes
        bq.query(edit).result()
    frame = small_frame(data.draw(st.integers(55, 65)))
    frame.loc[3, "bar.close"] = data.draw(st.sampled_from([3.5, 99.0, None]))
    if data.draw(st.booleans()):
        frame.loc[4, ["bar.close", "bar.volume"]] = [float("nan"), pd.NA]

    state = everything(bq, name)
    made = plan(bq, name, frame, max_partitions=1)
    assert everything(bq, name) == state
    [table] = made.tables
    report = publish(bq, name, frame, max_partitions=1)
    assert (table.inserted, table.updated) == (report.inserted, report.updated)
    assert (table.partitions, table.statements) == (report.partitions_changed, report.statements)
    changed = [date for year in table.years for date in (year.first, year.last) if date]
    assert (min(changed, default=None), max(changed, default=None)) == (report.changed_from, report.changed_to)
    assert table.vanished == 0  # rows after the frame's last date are out of its range
    assert table.words == ("add columns: flag" if any("DROP" in edit for edit in edits) else "none")


def test_a_struct_with_nothing_in_it_is_an_update(bq: bigquery.Client, prefix: str) -> None:
    frame = small_frame()
    frame.loc[0, ["bar.close", "bar.volume"]] = [float("nan"), pd.NA]
    publish(bq, prefix, frame)
    assert plan(bq, prefix, frame).tables[0].updated == 0
    bq.query(
        f"UPDATE `{prefix}d.small` SET bar = STRUCT(CAST(NULL AS FLOAT64) AS close, CAST(NULL AS INT64) AS volume, "
        "CAST(NULL AS FLOAT64) AS vwap) WHERE day = '2024-01-30'"
    ).result()
    assert plan(bq, prefix, frame).tables[0].updated == 1


def test_rows_that_the_frame_lost_are_told_apart_from_other_symbols(bq: bigquery.Client, prefix: str) -> None:
    publish(bq, prefix, small_frame(5))
    bq.query(f"INSERT INTO `{prefix}d.small` (day, symbol) VALUES ('2024-01-31', 'MES')").result()
    [table] = plan(bq, prefix, small_frame(5).drop(index=[2])).tables
    assert (table.vanished, table.inserted, table.updated, table.live_rows) == (1, 0, 0, 5)


def test_the_plan_stops_where_a_refresh_would(bq: bigquery.Client, prefix: str) -> None:
    publisher(bq, prefix).publish(Publication(small_frame(), "synthetic"), SMALL)
    [stop] = said(plan(bq, prefix, small_frame(), source="bars"))
    assert "holds rows of the source 'synthetic', and these are of 'bars'" in stop
    changed = small_frame()
    changed.loc[0, "note"] = "other"
    [stop] = said(plan(bq, prefix, changed, replace(SMALL, mode=WriteMode.RECORD)))
    assert "1 live rows differ from this product's record" in stop
    bq.query(f"ALTER TABLE `{prefix}d.small` DROP COLUMN flag").result()
    [stop] = said(plan(bq, prefix, small_frame(), may_create=False))[:1]
    assert "lacks flag, and columns may not be added" in stop
    bq.query(f"CREATE TABLE `{prefix}d.v` (day DATE)").result()
    assert f"{bq.project}.{prefix}d.v is a TABLE, expected a view. Rename or drop it." in said(plan(bq, prefix, small_frame()))
    bq.query(f"ALTER TABLE `{prefix}d.small` ADD COLUMN boss STRING").result()
    bq.query(f"CREATE OR REPLACE TABLE `{prefix}d.small` (day DATE NOT NULL, symbol STRING NOT NULL, note INT64)").result()
    assert any("note: expected STRING, found INT64" in stop for stop in said(plan(bq, prefix, small_frame())))
    [stop] = said(plan(bq, prefix, small_frame(), location="EU"))[:1]
    assert "is in us-central1, and this product works in EU" in stop


def test_a_live_table_with_a_key_twice_is_named_by_plan_and_refresh_alike(bq: bigquery.Client, prefix: str) -> None:
    publish(bq, prefix, small_frame(5))
    bq.query(f"INSERT INTO `{prefix}d.small` (day, symbol, note) VALUES ('2024-01-31', 'ZL', 'again')").result()
    bq.query(f"INSERT INTO `{prefix}d.small` (day, symbol) VALUES ('2024-01-31', 'MES'), ('2024-01-31', 'MES')").result()
    [stop] = said(plan(bq, prefix, small_frame(5)))
    assert re.search(r"small: 1 keys that must be unique.*\n- day=2024-01-31.*, symbol=ZL\nDelete the rows", stop)
    before = everything(bq, prefix)
    with pytest.raises(SchemaConflict, match=r"small: 1 keys that must be unique.*\n- day=2024-01-31, symbol=ZL\nDel"):
        publish(bq, prefix, small_frame(5))
    assert everything(bq, prefix) == before
    # Somebody else's rows are theirs to mend.
    bq.query(f"DELETE FROM `{prefix}d.small` WHERE note = 'again'").result()
    assert publish(bq, prefix, small_frame(5)).unchanged == 5


def test_a_refusal_that_is_not_for_want_of_a_permission_keeps_its_own_words(
    bq: bigquery.Client, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = publisher(bq, prefix)

    def refuse(*_: Any) -> int:
        raise WarehouseRefused("location nowhere is not valid") from api.BadRequest("location")

    monkeypatch.setattr(type(one.runner), "dry_run", refuse)
    with pytest.raises(WarehouseRefused, match="nowhere is not valid"):
        probe_permissions(one, [], [])


def test_the_view_is_tried_where_it_can_be(bq: bigquery.Client, prefix: str) -> None:
    publish(bq, prefix, small_frame())
    assert plan(bq, prefix, small_frame()).view.action == "create; its SELECT is valid and reads 0 bytes"
    publisher(bq, prefix).publish_view(ViewDefinition(select(bq, prefix), (SMALL,)), VIEW)
    assert plan(bq, prefix, small_frame()).view.action.startswith("none;")
    bq.query(f"CREATE OR REPLACE VIEW `{prefix}d.v` AS SELECT day FROM `{prefix}d.small`").result()
    assert plan(bq, prefix, small_frame()).view.action.startswith("replace;")


def test_permissions_are_asked_for_without_writing(bq: bigquery.Client, prefix: str) -> None:
    """The emulator grants everything; what is tested is what is asked, and that asking leaves nothing."""
    publish(bq, prefix, small_frame())
    state = everything(bq, prefix)
    found = probe_permissions(publisher(bq, prefix), [SMALL], [SMALL, VIEW])
    assert everything(bq, prefix) == state
    outcomes = {(p.name, p.where.removeprefix(f"{bq.project}.{prefix}")): p.outcome for p in found}
    assert outcomes["bigquery.jobs.create", f"project {bq.project}"] == GRANTED
    assert outcomes["bigquery.tables.updateData", "d.small"] == GRANTED
    assert outcomes["bigquery.tables.create", "d"] == GRANTED
    assert outcomes["bigquery.readsessions.create", f"project {bq.project}"] == GRANTED
    assert [p.outcome for p in found if "d.v" in p.where] == [UNTESTED]


def test_a_missing_permission_is_named_and_stops(bq: bigquery.Client, prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(bq, prefix, small_frame())
    one = publisher(bq, prefix)
    monkeypatch.setattr(
        one.runner.client,
        "test_iam_permissions",
        lambda *_, **__: {"permissions": ["bigquery.tables.get", "bigquery.tables.getData"]},
    )
    dry_run = type(one.runner).dry_run

    def refuse_tables(runner: Any, statement: str, *args: Any) -> int:
        if statement.startswith("CREATE TABLE"):
            raise WarehouseRefused("denied") from api.Forbidden("bigquery.tables.create")
        return dry_run(runner, statement, *args)

    def no_sessions(*_: Any) -> None:
        raise WarehouseRefused("denied") from api.Forbidden("bigquery.readsessions.create")

    monkeypatch.setattr(type(one.runner), "dry_run", refuse_tables)
    monkeypatch.setattr(type(one.runner), "open_read_session", no_sessions)
    found = probe_permissions(one, [], [SMALL])
    denied = {p.name for p in found if p.outcome == DENIED}
    assert denied == {
        "bigquery.tables.update",
        "bigquery.tables.updateData",
        "bigquery.tables.create",
        "bigquery.readsessions.create",
    }
    made = make_plan(one, {SMALL: Publication(small_frame())}, [], view(bq, prefix), AS_OF, found)
    assert any(stop.startswith("bigquery.tables.create on ") and stop.endswith(" is denied") for stop in said(made))


def test_the_text_for_a_person() -> None:
    years = (
        YearRows(2024, 0, 1, dt.date(2024, 12, 31), dt.date(2024, 12, 31)),
        YearRows(2025, 250, 2, dt.date(2025, 1, 2), dt.date(2025, 11, 14)),
    )
    made = Plan(
        home="project my-project, location US, every dataset name begins with try_",
        as_of=dt.date(2025, 11, 15),
        may_create=False,
        permissions=(
            Permission("bigquery.jobs.create", "project my-project", GRANTED),
            Permission("bigquery.tables.updateData", "my-project.features.zl_ohlcv", DENIED),
        ),
        datasets=(Object("my-project.try_features", "none"), Object("my-project.try_training", "create in US")),
        tables=(
            TablePlan("my-project.try_features.zl_ohlcv", Action.NONE, (), 3893, 3643, 2, years, 13, 1, 1_234_567),
            TablePlan(
                "my-project.try_training.regime_weights",
                Action.CREATE,
                (),
                7,
                0,
                0,
                (YearRows(None, 7, 0, None, None),),
                1,
                1,
                None,
            ),
        ),
        view=Object("my-project.try_training.vw_zl_1m_flat", "create"),
        later=(Object("my-project.try_predictions.zl_1m_oof", "create; its rows follow"),),
        stops=(SchemaConflict("dataset my-project.try_training does not exist, and nothing may be created.", Hint.CREATE),),
    )
    assert_golden(markdown(made, told), GOLDEN / "plan.md")


def test_a_publisher_is_only_read(bq: bigquery.Client, prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No step of the write path is reached: none of the client's writing methods is called, and no statement is run."""
    publish(bq, prefix, small_frame())
    one: Publisher = publisher(bq, prefix)
    for method in ("create_table", "create_dataset", "load_table_from_file", "update_table", "delete_table"):
        monkeypatch.setattr(one.runner.client, method, lambda *_, **__: pytest.fail("the plan wrote"))
    monkeypatch.setattr(type(one.runner), "query", lambda *_: pytest.fail("the plan ran a statement"))
    make_plan(one, {SMALL: Publication(small_frame(9))}, [], view(bq, prefix), AS_OF, [])
