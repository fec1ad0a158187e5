"""What is heard of the product's statements, and with which schemas."""

import inspect
from dataclasses import replace
from typing import Any

import pytest
from google.cloud import bigquery

from zl_assets.embedded.client import LoopbackSession
from zl_assets_tests.googlesql.sent import SENDING, Listener, Sent, look_up

F = bigquery.SchemaField


class Client:
    """The client library's methods, without a server: tables are where they are put."""

    def __init__(self) -> None:
        self.tables: dict[str, bigquery.Table] = {}

    def get_table(self, name: str) -> bigquery.Table:
        return self.tables[name]

    def create_table(self, table: bigquery.Table) -> bigquery.Table:
        self.tables[str(table)] = table
        return table

    def update_table(self, table: bigquery.Table, fields: list[str]) -> bigquery.Table:
        return self.create_table(table)

    def delete_table(self, name: str) -> None:
        del self.tables[name]

    def query(self, query: str, job_config: Any = None) -> str:
        return f"ran {query}"

    def query_and_wait(self, query: str, *, job_config: Any = None) -> str:
        return f"ran {query}"


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[Sent]:
    """What is heard of clients of the class above."""
    heard: list[Sent] = []
    for name in ("get_table", "create_table", "update_table", "delete_table", *SENDING):
        monkeypatch.setattr(Client, name, getattr(Client, name))
    Listener(heard.append).listen(Client)  # type: ignore[arg-type]
    return heard


def table(name: str, *fields: bigquery.SchemaField) -> bigquery.Table:
    return bigquery.Table(name, schema=fields)


def config(step: str | None, *parameters: Any) -> bigquery.QueryJobConfig:
    labels = {} if step is None else {"zl_step": step}
    return bigquery.QueryJobConfig(labels=labels, query_parameters=list(parameters))


def test_no_way_to_send_a_statement_is_passed_by() -> None:
    methods = inspect.getmembers(bigquery.Client, inspect.isfunction)
    taking = {name for name, method in methods if "query" in inspect.signature(method).parameters}
    assert {name for name in taking if not name.startswith("_")} == set(SENDING)


@pytest.mark.parametrize("method", SENDING)
def test_a_statement_is_heard_however_it_is_sent(heard: list[Sent], method: str) -> None:
    getattr(Client(), method)("SELECT 1", job_config=config("read"))
    assert [sent.text for sent in heard] == ["SELECT 1"]


def test_a_statement_is_heard_with_the_types_of_its_parameters(heard: list[Sent]) -> None:
    row = bigquery.StructQueryParameter(None, bigquery.ScalarQueryParameter("close", "FLOAT64", 1.5))
    kind = bigquery.StructQueryParameterType(bigquery.ScalarQueryParameterType("FLOAT64", name="close"))
    rows = bigquery.ArrayQueryParameter("rows", kind, [row])
    assert Client().query("SELECT 1", config("merge", rows)) == "ran SELECT 1"
    [sent] = heard
    assert (sent.step, sent.text) == ("merge", "SELECT 1")
    wanted = {"type": "ARRAY", "arrayType": {"type": "STRUCT", "structTypes": [{"type": {"type": "FLOAT64"}, "name": "close"}]}}
    assert sent.parameters == [{"name": "rows", "parameterType": wanted}]


def test_statements_of_the_tests_themselves_are_not_heard(heard: list[Sent]) -> None:
    Client().query("SELECT 1")
    Client().query("SELECT 1", config(None))
    assert heard == []


def test_a_schema_is_the_one_that_the_client_was_told_last(heard: list[Sent]) -> None:
    client, sql = Client(), "SELECT * FROM `p.d.t`"
    client.create_table(table("p.d.t", F("a", "INTEGER", mode="REQUIRED", description="left out")))
    client.query(sql, config("read"))
    client.tables["p.d.t"] = table("p.d.t", F("a", "INTEGER"), F("b", "RECORD", fields=[F("c", "FLOAT")]))  # by somebody else
    client.get_table("p.d.t")
    client.query(sql, config("read"))
    client.update_table(table("p.d.t", F("z", "DATE")), ["schema"])
    client.query(sql, config("read"))
    assert [sent.tables["p.d.t"] for sent in heard] == [
        [{"name": "a", "type": "INTEGER", "mode": "REQUIRED"}],
        [
            {"name": "a", "type": "INTEGER", "mode": "NULLABLE"},
            {"name": "b", "type": "RECORD", "mode": "NULLABLE", "fields": [{"name": "c", "type": "FLOAT", "mode": "NULLABLE"}]},
        ],
        [{"name": "z", "type": "DATE", "mode": "NULLABLE"}],
    ]


@pytest.mark.parametrize("change", ["CREATE OR REPLACE VIEW `p.d.t` AS SELECT 1", "ALTER TABLE `p.d.t` ADD COLUMN b INT64"])
def test_a_schema_from_before_a_ddl_statement_is_not_used_after_it(heard: list[Sent], change: str) -> None:
    client = Client()
    client.create_table(table("p.d.t", F("a", "INTEGER")))
    client.query(change, config("alter"))
    client.query("SELECT a FROM `p.d.t`", config("read"))
    assert [sent.tables["p.d.t"] is None for sent in heard] == [False, True]


def test_a_dropped_table_is_not_there(heard: list[Sent]) -> None:
    client = Client()
    client.create_table(table("p.d.t", F("a", "INTEGER")))
    client.delete_table("p.d.t")
    client.query("SELECT a FROM `p.d.t`", config("read"))
    assert heard[0].tables == {"p.d.t": None}


def test_a_table_of_one_server_is_not_taken_for_anothers(heard: list[Sent]) -> None:
    """Every state folder's server has the same project and the same names."""
    one, other = Client(), Client()
    one.create_table(table("p.d.t", F("a", "INTEGER")))
    other.query("SELECT a FROM `p.d.t`", config("read"))
    assert heard[0].tables == {"p.d.t": None}


def test_an_end_leaves_the_client_library_as_it_was() -> None:
    query = Client.query
    listener = Listener(lambda sent: None)
    listener.listen(Client)  # type: ignore[arg-type]
    assert Client.query is not query
    listener.stop()
    assert Client.query is query


def test_a_table_that_the_client_never_asked_for_is_looked_up_without_its_requests(
    bq: bigquery.Client, dataset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tests count requests, and make them fail."""
    name = f"{bq.project}.{dataset}.t"
    bq.query(f"CREATE TABLE `{name}` (day DATE, bar STRUCT<close FLOAT64>, tags ARRAY<STRING>)").result()

    def counted(*_: Any, **__: Any) -> Any:
        raise AssertionError("a request of the client's")

    monkeypatch.setattr(LoopbackSession, "request", counted)
    found = look_up(bq, name)
    assert found is not None
    assert [(field["name"], field["type"], field.get("mode")) for field in found] == [
        ("day", "DATE", "NULLABLE"),
        ("bar", "RECORD", "NULLABLE"),
        ("tags", "STRING", "REPEATED"),
    ]
    assert look_up(bq, f"{name}_that_is_not_there") is None


MERGE = Sent(
    "merge",
    "MERGE `p.test_a_0f3b5c_features.small` USING `p.test_a_0f3b5c_features.zl_staging_small_0123456789ab` -- `p.x.y`",
    [],
    {"p.test_a_0f3b5c_features.small": [], "p.test_a_0f3b5c_features.zl_staging_small_0123456789ab": []},
)


def test_a_statement_is_analyzed_once_whatever_is_random_in_its_names() -> None:
    def again(text: str) -> str:
        return text.replace("test_a_0f3b5c_", "b_123456_").replace("0123456789ab", "ba9876543210")

    other = Sent("merge", again(MERGE.text), [], {again(name): fields for name, fields in MERGE.tables.items()})
    assert other.plain == MERGE.plain
    assert other.plain.digest == MERGE.plain.digest
    assert MERGE.plain.text == "MERGE `project.dataset_0.small` USING `project.dataset_0.zl_staging_small` -- `p.x.y`"


@pytest.mark.parametrize(
    "change",
    [
        {"text": f"{MERGE.text} "},
        {"parameters": [{"name": "low", "parameterType": {"type": "DATE"}}]},
        {"tables": {name: [{"name": "a", "type": "DATE"}] for name in MERGE.tables}},
        {"tables": dict.fromkeys(MERGE.tables)},
    ],
    ids=["text", "parameters", "schema", "missing"],
)
def test_a_statement_that_differs_is_analyzed_by_itself(change: dict[str, Any]) -> None:
    assert replace(MERGE, **change).plain.digest != MERGE.plain.digest


def test_two_tables_that_differ_in_what_is_random_alone_stay_two() -> None:
    names = [f"p.d.zl_staging_t_{digits * 6}" for digits in ("01", "23")]
    both = Sent("compare", f"SELECT `{names[0]}`.a, `{names[1]}`.a", [], dict.fromkeys(names)).plain
    assert both.text == "SELECT `project.dataset_0.zl_staging_t`.a, `project.dataset_0.zl_staging_t_1`.a"
