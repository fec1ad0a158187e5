"""Give back what the embedded BigQuery leaves behind: files, snapshots, jobs and results that nobody can ask for any more.

Belongs here: tidying of a data folder whose server lock this process holds and which nobody queries at the moment. Must not be
here: anything that touches a row that a query can still see.

The emulator's tables live in DuckLake catalogs (one file `<project>.ducklake` each, Parquet files beside it), its jobs and
their results in `emulator.duckdb`. Every write adds Parquet files and a snapshot, every query a job and a result table, and
nothing ever goes. Each step here is one transaction of the catalog, or deletes only files that the catalog has already let go,
so a kill between or within steps leaves the rest for the next start.
"""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from zl_assets.embedded.patches import INTERRUPTED

if TYPE_CHECKING:
    import duckdb

# A client that lost its server asks the next one about its job within seconds, and the longest wait of any client is ten minutes.
KEEP_JOBS_SECONDS = 15 * 60

# In a server that goes on, a client may still turn the pages of a result. BigQuery itself keeps one for about 24 hours.
# https://cloud.google.com/bigquery/docs/cached-results
KEEP_JOBS_IN_SERVICE_SECONDS = 24 * 60 * 60

# Snapshots since the last compaction that make one worth its time. A full refresh writes about 30, so this is every third day
# or so.
SNAPSHOTS_DUE = 100

# Jobs that a server in service keeps no longer, and that make dropping them worth its time: questions alone make no snapshot. A
# daily refresh sends about 60, so these are five days of it, or a quarter of an hour of a dashboard that asks every 3 s. With
# their results they hold 80 MB of the file, and are dropped in 0.2 s (measured, results of 500 rows).
OLD_JOBS_DUE = 300


@dataclass(frozen=True)
class Tidied:
    """What a tidying did.

    Attributes:
        interrupted_jobs: jobs that a dead server had left unfinished, now failed.
        half_made: datasets, tables and views that a dead server was creating, dropped.
        jobs: old jobs and results dropped.
        expired_tables: tables past their expiration time dropped.
        compacted: DuckLake catalogs whose files were merged and cleaned.
    """

    interrupted_jobs: int
    half_made: int
    jobs: int
    expired_tables: int
    compacted: tuple[str, ...]


def tidy(connection: "duckdb.DuckDBPyConnection", data: Path, *, after_kill: bool) -> Tidied:
    """Tidy the data folder that the emulator has just opened.

    Args:
        connection: a cursor of the emulator's.
        data: its data folder.
        after_kill: the last server did not leave cleanly, so files of unfinished writes may lie about: compact in any case.
    """
    now = time.time()
    interrupted = fail_interrupted_jobs(connection, now)
    half_made = sum(drop_half_made(connection, catalog) for catalog in _catalogs(data)) if after_kill else 0
    jobs = drop_old_jobs(connection, now - KEEP_JOBS_SECONDS)
    expired = drop_expired_tables(connection, now)
    compacted = tuple(_catalogs(data)) if after_kill or expired else due(connection, data)
    for catalog in _catalogs(data):
        if catalog in compacted:
            compact(connection, catalog)
        else:
            delete_orphans(connection, catalog)
    if jobs or interrupted:
        connection.execute("CHECKPOINT emulator")
    return Tidied(interrupted, half_made, jobs, expired, compacted)


def tidy_in_service(connection: "duckdb.DuckDBPyConnection", data: Path) -> Tidied:
    """Tidy the data folder of a server that goes on afterwards. The caller sees to it that nothing runs meanwhile."""
    now = time.time()
    jobs = drop_old_jobs(connection, now - KEEP_JOBS_IN_SERVICE_SECONDS)
    expired = drop_expired_tables(connection, now)
    compacted = due(connection, data)
    for catalog in compacted:
        compact(connection, catalog)
    if jobs:
        connection.execute("CHECKPOINT emulator")
    # DuckDB goes on caching files that are gone; switching the cache off empties it.
    connection.execute("SET enable_external_file_cache = false")
    connection.execute("SET enable_external_file_cache = true")
    return Tidied(0, 0, jobs, expired, compacted)


def due(connection: "duckdb.DuckDBPyConnection", data: Path) -> tuple[str, ...]:
    """The DuckLake catalogs that have grown enough for a compaction."""
    return tuple(catalog for catalog in _catalogs(data) if _snapshots(connection, catalog) > SNAPSHOTS_DUE)


def due_in_service(connection: "duckdb.DuckDBPyConnection", data: Path) -> bool:
    """Has a server that goes on enough to give back?"""
    old_jobs = _jobs_before(connection, time.time() - KEEP_JOBS_IN_SERVICE_SECONDS)
    return old_jobs >= OLD_JOBS_DUE or bool(due(connection, data))


def fail_interrupted_jobs(connection: "duckdb.DuckDBPyConnection", now: float) -> int:
    """Give every unfinished job an end, so that a client that waits for it hears of it. Without this it would wait for ever.

    The write of such a job is there as a whole or not at all; which of the two, nobody knows any more.
    """
    unfinished = connection.execute("SELECT project_id, job_id, resource FROM emulator.jobs WHERE state <> 'DONE'").fetchall()
    error = {
        "reason": INTERRUPTED,
        "message": "The embedded BigQuery ended while this job ran. It was applied as a whole or not at all.",
    }
    for project, job, resource in unfinished:
        record = json.loads(resource)
        record["status"] = {"state": "DONE", "errorResult": error, "errors": [error]}
        record["statistics"]["endTime"] = str(int(now * 1000))
        connection.execute(
            "UPDATE emulator.jobs SET state = 'DONE', resource = ? WHERE project_id = ? AND job_id = ?",
            [json.dumps(record), project, job],
        )
    return len(unfinished)


def drop_half_made(connection: "duckdb.DuckDBPyConnection", catalog: str) -> int:
    """Drop the datasets, empty tables and views that have no record; how many.

    The emulator makes a dataset or table first and writes its record (location, labels, expiration, partitioning) second. A kill
    between the two leaves one that nobody was told of and that no rerun could use: a dataset that seems to be in the US, a table
    without its source label, a staging table without owner and expiration. A table with rows may be an acknowledged one, since
    tables made by a query have no record: it is left alone.
    """
    own = "database_name = $1 AND schema_name <> 'main' AND NOT starts_with(schema_name, '_') AND NOT internal"
    recorded = "SELECT dataset_id, table_id FROM emulator.tables WHERE project_id = $1"
    dropped = 0
    for kind in ("view", "table"):
        names = f"SELECT schema_name, {kind}_name FROM duckdb_{kind}s() WHERE {own} EXCEPT {recorded}"  # noqa: S608
        for dataset, table in connection.execute(names, [catalog]).fetchall():
            name = ".".join(map(_quoted, (catalog, dataset, table)))
            if kind == "view" or connection.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchone() is None:  # noqa: S608
                connection.execute(f"DROP {kind} {name}")
                dropped += 1
    datasets = connection.execute(
        f"SELECT schema_name FROM duckdb_schemas() WHERE {own} "  # noqa: S608
        "EXCEPT SELECT dataset_id FROM emulator.datasets WHERE project_id = $1 "
        "EXCEPT SELECT schema_name FROM duckdb_tables() WHERE database_name = $1 "
        "EXCEPT SELECT schema_name FROM duckdb_views() WHERE database_name = $1",
        [catalog],
    ).fetchall()
    for (dataset,) in datasets:
        connection.execute(f"DROP SCHEMA {_quoted(catalog)}.{_quoted(dataset)}")
    return dropped + len(datasets)


def drop_old_jobs(connection: "duckdb.DuckDBPyConnection", before: float) -> int:
    """Drop jobs created before a time (seconds since the epoch), and results that no job is left for; how many jobs and results
    went."""
    jobs = _jobs_before(connection, before)
    connection.execute("DELETE FROM emulator.jobs WHERE creation_time < ?", [int(before * 1000)])
    results = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = 'emulator' AND schema_name = '_results' "
        "AND table_name NOT IN (SELECT project_id || ':' || job_id FROM emulator.jobs)"
    ).fetchall()
    connection.execute("BEGIN")
    for (name,) in results:
        connection.execute(f"DROP TABLE emulator._results.{_quoted(name)}")
    connection.execute("COMMIT")
    return jobs + len(results)


def drop_expired_tables(connection: "duckdb.DuckDBPyConnection", now: float) -> int:
    """Drop tables whose expiration time has passed: the emulator hides them, and frees nothing until somebody names them."""
    from local_bigquery.catalog import tables

    expired = connection.execute(
        "SELECT project_id, dataset_id, table_id FROM emulator.tables WHERE TRY_CAST(json_extract_string(resource, "
        "'$.expirationTime') AS BIGINT) <= ?",
        [int(now * 1000)],
    ).fetchall()
    return sum(not tables.exists(*table) for table in expired)


def compact(connection: "duckdb.DuckDBPyConnection", catalog: str) -> None:
    """Bring a DuckLake catalog back to its newest state in few files: one for most tables."""
    name = catalog.replace("'", "''")
    for call in (
        f"ducklake_expire_snapshots('{name}', older_than => now())",
        # First the files with deleted rows, since only whole files can be merged.
        f"ducklake_rewrite_data_files('{name}', delete_threshold => 0)",
        f"ducklake_merge_adjacent_files('{name}')",
        # The two before it made snapshots of their own, and let go of the files that they replaced.
        f"ducklake_expire_snapshots('{name}', older_than => now())",
        f"ducklake_cleanup_old_files('{name}', cleanup_all => true)",
    ):
        connection.execute(f"CALL {call}").fetchall()
    delete_orphans(connection, catalog)


def delete_orphans(connection: "duckdb.DuckDBPyConnection", catalog: str) -> None:
    """Delete the files of writes that failed, which the catalog never knew: a full disk leaves one for each write."""
    name = catalog.replace("'", "''")
    connection.execute(f"CALL ducklake_delete_orphaned_files('{name}', cleanup_all => true)").fetchall()


def _catalogs(data: Path) -> list[str]:
    return sorted(path.stem for path in data.glob("*.ducklake"))


def _snapshots(connection: "duckdb.DuckDBPyConnection", catalog: str) -> int:
    (count,) = connection.execute("SELECT count(*) FROM ducklake_snapshots(?)", [catalog]).fetchone() or (0,)
    return int(count)


def _jobs_before(connection: "duckdb.DuckDBPyConnection", before: float) -> int:
    jobs = "SELECT count(*) FROM emulator.jobs WHERE creation_time < ?"
    (count,) = connection.execute(jobs, [int(before * 1000)]).fetchone() or (0,)
    return int(count)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
