"""What one refresh sends to BigQuery, and what Google would bill for it at least: the figures of docs/evidence/costs.md.

Belongs here: recording a refresh, and counting. Must not be here: what the counts may be.

Billing: https://cloud.google.com/bigquery/pricing#on_demand_pricing. A query is billed for the bytes of the columns that it
reads, at least 10 MiB for each table and at least 10 MiB in all. Every table here is smaller, so the minimum is the bill.
"""

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
import sqlglot
from google.cloud import bigquery
from sqlglot import expressions as exp

from zl_assets.contracts.marks import MARKS
from zl_assets.embedded.client import LoopbackReadClient, LoopbackSession
from zl_assets.warehouse.jobs import JobRunner

MINIMUM = 10 * 1024 * 1024
DOLLARS_PER_TIB = 6.25
DAYS = 22
STAGING = "staging tables"


@dataclass
class Refresh:
    """What a refresh sent.

    Attributes:
        jobs: query and load jobs, as BigQuery lists them.
        reads: tables that the Storage API read without a job, and how often.
        bytes_read: what those reads brought, as Arrow.
        dry_runs: labels and first word of each.
        calls: HTTP requests and gRPC calls, without looks at a job that runs: those depend on the machine.
        locations: of the jobs, as they were asked for.
        views: the SELECT of each view, by its name without the project.
    """

    jobs: list[Any] = field(default_factory=list)
    reads: Counter[str] = field(default_factory=Counter)
    bytes_read: int = 0
    dry_runs: list[dict[str, Any]] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    locations: list[str | None] = field(default_factory=list)
    views: dict[str, str] = field(default_factory=dict)

    @property
    def queries(self) -> list[Any]:
        """The query jobs."""
        return [job for job in self.jobs if "query" in configuration(job)]

    @property
    def steps(self) -> Counter[str]:
        """The jobs by what they were for."""
        return Counter(configuration(job)["labels"]["zl_step"] for job in self.jobs)

    def tables(self, job: Any) -> set[str]:
        """The tables that a query reads, `dataset.table`; all staging tables count as different ones of one name."""
        return tables_of(configuration(job)["query"]["query"], self.views)

    @property
    def readers(self) -> Counter[str]:
        """Queries by the table that they read."""
        return Counter(table for job in self.queries for table in self.tables(job))

    @property
    def billed(self) -> int:
        """Bytes that Google bills at least."""
        return sum(MINIMUM * max(len(self.tables(job)), 1) for job in self.queries)


def configuration(job: Any) -> dict[str, Any]:
    """A job's configuration as it was sent."""
    found: dict[str, Any] = job._properties["configuration"]
    return found


def tables_of(text: str, views: Mapping[str, str]) -> set[str]:
    """The tables that a statement reads, a view as those behind it."""
    found: set[str] = set()
    for statement in sqlglot.parse(text, dialect="bigquery"):
        for table in statement.find_all(exp.Table) if statement else ():
            name = f"{table.db}.{table.name}"
            if not table.db:
                continue  # a part of the same statement, from its WITH
            if name in views:
                found |= tables_of(views[name], views)
            else:
                found.add(STAGING if table.name.startswith(MARKS.staging_prefix) else name)
    return found


@contextlib.contextmanager
def recording(client: bigquery.Client) -> Iterator[Refresh]:
    """What is sent within the block, by any client of the embedded server in this process."""
    sent = Refresh()
    before = {job.job_id for job in client.list_jobs()}
    with pytest.MonkeyPatch.context() as patch:

        def spy(owner: type, name: str, see: Callable[..., None]) -> None:
            called = getattr(owner, name)

            def calling(*args: Any, **kwargs: Any) -> Any:
                see(*args, **kwargs)
                return called(*args, **kwargs)

            patch.setattr(owner, name, calling)

        read = JobRunner.read

        def reading(runner: JobRunner, table: bigquery.Table, *args: Any) -> Any:
            rows = read(runner, table, *args)
            sent.reads[f"{table.dataset_id}.{table.table_id}"] += 1
            sent.bytes_read += rows.nbytes
            return rows

        patch.setattr(JobRunner, "read", reading)

        def http(_: Any, method: str, url: str, **__: Any) -> None:
            if not (method == "GET" and url.split("?")[0].rsplit("/", 2)[-2] == "jobs"):
                sent.calls["HTTP"] += 1

        def grpc(*_: Any, **__: Any) -> None:
            sent.calls["gRPC"] += 1

        def dry_run(runner: JobRunner, text: str, step: str, *_: Any) -> None:
            sent.dry_runs.append({"zl_asset": runner.asset, "zl_step": step, "sql": text.split()[0]})

        def api(_: Any, *__: Any, **kwargs: Any) -> None:
            path = str(kwargs.get("path", ""))
            if kwargs.get("method") == "POST" and path.endswith("/jobs"):
                sent.locations.append(kwargs["data"]["jobReference"].get("location"))
            elif kwargs.get("method") == "POST" and path.endswith("/queries"):
                sent.locations.append(kwargs["data"].get("location"))

        def upload(_: Any, __: Any, job: Any, *___: Any, **____: Any) -> None:
            sent.locations.append(job["jobReference"].get("location"))

        spy(LoopbackSession, "request", http)
        spy(LoopbackReadClient, "create_read_session", grpc)
        spy(LoopbackReadClient, "read_rows", grpc)
        spy(JobRunner, "dry_run", dry_run)
        spy(bigquery.Client, "_call_api", api)
        spy(bigquery.Client, "_do_multipart_upload", upload)
        yield sent
    sent.jobs = [job for job in client.list_jobs() if job.job_id not in before]
    for dataset in client.list_datasets():
        for table in client.list_tables(dataset):
            if table.table_type == "VIEW":
                sent.views[f"{table.dataset_id}.{table.table_id}"] = str(client.get_table(table.reference).view_query)


def markdown(days: Mapping[str, Refresh], written: Mapping[str, Mapping[str, Any]]) -> str:
    """The figures as tables.

    Args:
        days: refreshes by what the day was like.
        written: metadata of the assets with a table, of the last of these days, by table.
    """
    steps = sorted({step for day in days.values() for step in day.steps if not step.startswith("load")})
    tables = sorted({table for day in days.values() for table in (*day.readers, *day.reads)})
    return "\n".join(
        [
            f"| | {' | '.join(days)} |",
            f"|---|{'--:|' * len(days)}",
            _line("query jobs", days, lambda day: len(day.queries)),
            *(_line(f"- {step}", days, lambda day, step=step: day.steps[step]) for step in steps),
            _line("tables read by the Storage API", days, lambda day: day.reads.total()),
            _line("- bytes that they brought, MiB", days, lambda day: f"{day.bytes_read / (1 << 20):.1f}"),
            _line("load jobs (free)", days, lambda day: len(day.jobs) - len(day.queries)),
            _line("dry runs (free)", days, lambda day: len(day.dry_runs)),
            _line("HTTP requests and gRPC calls", days, lambda day: day.calls.total()),
            _line("queries billed at least, MiB", days, lambda day: day.billed >> 20),
            _line(f"{DAYS} such days at the list price, US dollars", days, lambda day: f"{dollars(day):.2f}"),
            "",
            f"| queries of, and reads by the Storage API | {' | '.join(days)} |",
            f"|---|{'--:|' * len(days)}",
            *(
                _line(f"`{table}`", days, lambda day, table=table: f"{day.readers[table]}, {day.reads[table]}")
                for table in tables
            ),
            "",
            f"| written on the day with {list(days)[-1]} | rows of the frame | inserted | updated | partitions changed |",
            "|---|--:|--:|--:|--:|",
            *(
                f"| `{table}` | {found['inserted'] + found['updated'] + found['unchanged']:,} | {found['inserted']:,} "
                f"| {found['updated']:,} | {found['partitions_changed']:,} |"
                for table, found in written.items()
            ),
        ]
    )


def dollars(day: Refresh) -> float:
    """What a month of such days costs at the list price."""
    return DAYS * day.billed / (1 << 40) * DOLLARS_PER_TIB


def _line(what: str, days: Mapping[str, Refresh], count: Callable[[Refresh], object]) -> str:
    return f"| {what} | {' | '.join(str(count(day)) for day in days.values())} |"
