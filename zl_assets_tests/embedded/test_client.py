"""One healthy server, seen from its clients: reads, transactions, wrong ports, and what it shows to the outside."""

import stat
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from google.api_core.exceptions import BadRequest
from google.cloud import bigquery

from zl_assets.embedded.client import EmbeddedClient
from zl_assets.embedded.folder import Folder, ServerInfo
from zl_assets.embedded.lifecycle import ensure_server, running_server
from zl_assets.warehouse.errors import WarehouseUnavailable

READ_AS_IT_IS = """
import datetime as dt, sys
from pathlib import Path
import pandas as pd
from zl_assets.embedded.client import embedded_client
client = embedded_client(Path(sys.argv[1]), "us-central1")
sql = '''SELECT 1 AS i, 1.5 AS f, STRUCT(2 AS x, 'y' AS y) AS s, DATE '2020-01-02' AS d,
         TIMESTAMP '2020-01-02 03:04:05+00' AS t, TRUE AS b
         UNION ALL SELECT NULL, NULL, NULL, NULL, NULL, NULL ORDER BY i NULLS LAST'''
for frame in (client.query(sql).to_dataframe(), client.query_and_wait(sql).to_dataframe()):
    first, second = frame.iloc[0], frame.iloc[1]
    assert (first.i, first.f, first.s, first.d, first.b) == (1, 1.5, {"x": 2, "y": "y"}, dt.date(2020, 1, 2), True), first
    assert first.t == pd.Timestamp("2020-01-02 03:04:05", tz="UTC")
    assert second.isna().all(), second
    assert str(frame.dtypes["i"]) == "Int64"
table = client.query(sql).to_arrow()
assert table.column("s").to_pylist() == [{"x": 2, "y": "y"}, None]
rows = client.query("SELECT x FROM UNNEST(GENERATE_ARRAY(1, 300000)) x").to_arrow()
assert sum(rows.column("x").to_pylist()) == 300000 * 300001 // 2
"""


def test_frames_come_back_whole_and_silent_behind_a_proxy_that_leads_nowhere(
    warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "grpc_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", READ_AS_IT_IS, str(warehouse)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_nobody_outside_this_machine_can_reach_it(warehouse: Path) -> None:
    server = ensure_server(warehouse)
    listening = [c for c in psutil.Process(server.pid).net_connections() if c.status == psutil.CONN_LISTEN]
    assert {connection.laddr.port for connection in listening} == {server.port, server.grpc_port}
    # gRPC listens on an IPv6 socket with the mapped address.
    assert {connection.laddr.ip.removeprefix("::ffff:") for connection in listening} == {"127.0.0.1"}


def test_other_users_cannot_read_the_state_folder(warehouse: Path) -> None:
    folder = warehouse / "warehouse"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "server.json").stat().st_mode) == 0o600


def test_a_process_holds_one_lease_however_often_it_asks(warehouse: Path) -> None:
    threads = [threading.Thread(target=ensure_server, args=[warehouse]) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    leases = [
        file for file in psutil.Process().open_files() if file.path == str(warehouse / "warehouse" / "locks" / "clients.lock")
    ]
    assert len(leases) == 1


def _count(client: bigquery.Client, table: str) -> dict[int, float]:
    return {row.k: row.v for row in client.query(f"SELECT k, v FROM {table}").result()}


MERGE = """MERGE {table} T USING (SELECT k, v FROM UNNEST([STRUCT(@k AS k, @v AS v), STRUCT(@k + 1, @v)])) S ON T.k = S.k
WHEN MATCHED AND T.v IS DISTINCT FROM S.v THEN UPDATE SET v = S.v WHEN NOT MATCHED THEN INSERT (k, v) VALUES (S.k, S.v);"""


def _run(client: bigquery.Client, script: str, k: int, v: float) -> bigquery.QueryJob:
    parameters = [bigquery.ScalarQueryParameter("k", "INT64", k), bigquery.ScalarQueryParameter("v", "FLOAT64", v)]
    job = client.query(script, job_config=bigquery.QueryJobConfig(query_parameters=parameters))
    job.result()
    return job


@pytest.fixture
def table(bq: bigquery.Client, dataset: str) -> str:
    bq.query(f"CREATE TABLE {dataset}.t (k INT64 NOT NULL, v FLOAT64)").result()
    bq.query(f"INSERT INTO {dataset}.t VALUES (1, 1.0)").result()
    return f"{dataset}.t"


def test_two_merges_in_one_transaction_are_both_applied_and_counted(bq: bigquery.Client, table: str) -> None:
    merge = MERGE.format(table=table)
    other = merge.replace("@k", "(@k + 10)")
    job = _run(bq, f"BEGIN TRANSACTION; {merge} {other} COMMIT TRANSACTION;", 1, 7.0)
    assert _count(bq, table) == {1: 7.0, 2: 7.0, 11: 7.0, 12: 7.0}
    stats = [child.dml_stats for child in bq.list_jobs(parent_job=job.job_id) if child.statement_type == "MERGE"]
    assert sorted((s.inserted_row_count, s.updated_row_count) for s in stats) == [(1, 1), (2, 0)]


@pytest.mark.parametrize(
    "script",
    [
        "BEGIN TRANSACTION; {merge} SELECT ERROR('stop here'); COMMIT TRANSACTION;",
        "BEGIN TRANSACTION; {merge} INSERT INTO {table} (k) VALUES (NULL); COMMIT TRANSACTION;",
    ],
)
def test_an_error_after_a_merge_leaves_nothing_of_the_transaction(bq: bigquery.Client, table: str, script: str) -> None:
    with pytest.raises(BadRequest):
        _run(bq, script.format(merge=MERGE.format(table=table), table=table), 1, 7.0)
    assert _count(bq, table) == {1: 1.0}


def test_a_rolled_back_merge_is_gone_and_the_next_one_commits_by_itself(bq: bigquery.Client, table: str) -> None:
    merge = MERGE.format(table=table)
    _run(bq, f"BEGIN TRANSACTION; {merge} ROLLBACK TRANSACTION;", 1, 7.0)
    assert _count(bq, table) == {1: 1.0}
    _run(bq, merge, 1, 8.0)
    assert _count(bq, table) == {1: 8.0, 2: 8.0}


def test_a_merge_outside_a_transaction_is_still_atomic(bq: bigquery.Client, table: str) -> None:
    source = "(SELECT 1 AS k, 5.0 AS v UNION ALL SELECT 1, 6.0)"
    with pytest.raises(BadRequest, match="at most one source row"):
        bq.query(f"MERGE {table} T USING {source} S ON T.k = S.k WHEN MATCHED THEN UPDATE SET v = S.v").result()
    assert _count(bq, table) == {1: 1.0}


def test_a_port_that_now_belongs_to_another_folder_is_never_written_to(warehouse: Path, dataset: str) -> None:
    """The client remembers the port of a server that is gone, and another folder's server listens there by now."""
    server = ensure_server(warehouse)
    asked: list[ServerInfo] = []

    def find_server() -> ServerInfo:
        asked.append(server)
        return server

    client = EmbeddedClient(replace(server, nonce="0" * 32), "us-central1", find_server)
    client.query(f"CREATE TABLE {dataset}.t AS SELECT 1 AS k").result()
    assert len(asked) == 1
    lost = EmbeddedClient(replace(server, nonce="0" * 32), "us-central1", lambda: replace(server, nonce="1" * 32))
    with pytest.raises(Exception, match="belongs to another embedded BigQuery"):
        lost.get_table(f"{dataset}.t", retry=None)
    client.close()
    lost.close()


def test_a_server_of_another_version_is_named_and_not_used(warehouse: Path, tmp_path: Path) -> None:
    record = replace(ensure_server(warehouse), version="format 9, local-bigquery 9.9")
    (tmp_path / "warehouse").mkdir()
    Folder.of(tmp_path).write_server(record)
    with pytest.raises(WarehouseUnavailable, match=r"another version: format 9, local-bigquery 9\.9.*stop"):
        running_server(tmp_path)


def test_importing_the_client_side_costs_no_heavy_library() -> None:
    code = (
        "import sys, zl_assets.warehouse, zl_assets.embedded.lifecycle; "
        "print(sorted({'google.cloud', 'grpc', 'duckdb', 'uvicorn', 'local_bigquery', 'pandas', 'requests'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[]\n"


def test_the_server_works_without_pandas(warehouse: Path, bq: bigquery.Client) -> None:
    """DuckDB imports it for a value that it is given, if it can."""
    given = bigquery.QueryJobConfig(query_parameters=[bigquery.ScalarQueryParameter("n", "INT64", 1)])
    assert [row.n for row in bq.query("SELECT @n AS n", job_config=given).result()] == [1]
    loaded = Path(f"/proc/{ensure_server(warehouse).pid}/maps").read_text()
    assert "duckdb" in loaded
    assert "pandas" not in loaded


def test_nobody_gets_in_without_the_nonce_of_the_owners_folder(warehouse: Path) -> None:
    """Whoever may send SQL may read files as the server's owner; a port is open to every user of the machine."""
    import requests

    server = ensure_server(warehouse)
    url = f"http://127.0.0.1:{server.port}/bigquery/v2/projects/zl-local/queries"
    body = {"query": "SELECT content FROM read_text('/etc/hostname')", "useLegacySql": False}
    for headers in ({}, {"x-zl-server": ""}, {"x-zl-server": "0" * len(server.nonce)}):
        assert requests.post(url, json=body, headers=headers, timeout=30).status_code == 421


def test_nobody_reads_rows_over_the_storage_api_without_the_nonce(warehouse: Path, bq: bigquery.Client, dataset: str) -> None:
    """Its port was open to every user of the machine once: it gave the rows of any table to whoever knew a name."""
    import grpc
    from google.api_core.exceptions import ServiceUnavailable
    from google.cloud.bigquery_storage_v1 import BigQueryReadClient
    from google.cloud.bigquery_storage_v1.services.big_query_read.transports import BigQueryReadGrpcTransport

    bq.query(f"CREATE TABLE {dataset}.t AS SELECT 1 AS k").result()
    server = ensure_server(warehouse)
    session = {"table": f"projects/zl-local/datasets/{dataset}/tables/t", "data_format": "ARROW"}
    wanted = {"parent": "projects/zl-local", "read_session": session, "max_stream_count": 1}
    with grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel:
        client = BigQueryReadClient(transport=BigQueryReadGrpcTransport(channel=channel))
        key = ("x-zl-server", server.nonce)
        stream = client.create_read_session(wanted, retry=None, metadata=[key]).streams[0].name
        for metadata in ([], [("x-zl-server", "")], [("x-zl-server", "0" * len(server.nonce))]):
            with pytest.raises(ServiceUnavailable, match="belongs to another"):
                client.create_read_session(wanted, retry=None, metadata=metadata)
            with pytest.raises(ServiceUnavailable, match="belongs to another"):
                list(client.read_rows(stream, retry=None, metadata=metadata))
        assert len(list(client.read_rows(stream, retry=None, metadata=[key]))) == 1
