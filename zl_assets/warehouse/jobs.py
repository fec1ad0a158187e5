"""Running one BigQuery job so that it happens exactly once, in bounded time, in few requests, and can be accounted for.

Belongs here: job ids, labels, byte limits, deadlines, retries, waiting for a job, and re-attaching to one whose submission was
answered by silence. Must not be here: SQL text, what a job's rows mean, and what an error means (answers.py).

The client's own retry covers one HTTP request; it gives up on a job that is known by id (409) and on a lost race between two
statements. Both are added here, with the client library's own Retry.

A statement that writes is a job with an id of ours, so that a lost answer never makes it run twice. A small SELECT is one request
(jobs.query) that answers with rows; when its answer is lost it is asked again, as another job.
"""

import io
import logging
import re
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from google.api_core import exceptions as api
from google.api_core.retry import Retry
from google.auth.exceptions import GoogleAuthError
from google.cloud import bigquery
from google.cloud.bigquery.table import RowIterator
from google.cloud.bigquery_storage_v1 import types as storage

from zl_assets.warehouse.answers import CONNECTION_FAULTS, JobFailed, final, is_transient, one_line
from zl_assets.warehouse.errors import Hint, WarehouseRefused, WarehouseUnavailable
from zl_assets.warehouse.labels import label_value
from zl_assets.warehouse.names import Marks

if TYPE_CHECKING:
    import pyarrow as pa

log = logging.getLogger(__name__)

type Parameter = bigquery.ScalarQueryParameter | bigquery.ArrayQueryParameter

# Seconds one HTTP request may take. A load of a million rows uploads in a few; BigQuery answers a submission within ten.
REQUEST_TIMEOUT = 60.0

# Rows of a result that is read over REST. Naming a page size makes the first answer carry the rows.
SMALL_RESULT = 10_000

# Streams of a result that are read at the same time: 400,000 rows took the embedded server 1.3 s in four and 1.7 s in one.
MAX_STREAMS = 4

# The client's calls must not retry by themselves: `is_transient` decides, once.
NO_RETRY = Retry(predicate=lambda _: False)

# Seconds between two looks at a running job, and their share of the time that it has run. A job's end is seen within 0.25 s, or a
# tenth of its time if that is longer; what these are below that is left for the answer itself.
SHORTEST_PAUSE = 0.2
PAUSE_SHARE = 1 / 12


def pause_before_look(running: float) -> float:
    """Seconds to wait before a job that has been running for so long is looked at again.

    Not google.api_core's exponential back-off: its pauses are random and grow whatever the job has taken, so that the end of a
    job of 1 s is seen 0.8 s late, and one of 600 s is asked for 600 times instead of 81 times.
    """
    return max(SHORTEST_PAUSE, running * PAUSE_SHARE)


@dataclass
class JobLog:
    """What the jobs of one unit of work cost."""

    job_ids: list[str] = field(default_factory=list)
    bytes_processed: int = 0
    slot_ms: int = 0

    def add(self, done: bigquery.QueryJob | bigquery.LoadJob | RowIterator) -> None:
        """Count a finished job."""
        self.job_ids.append(str(done.job_id))
        if not isinstance(done, bigquery.LoadJob):
            self.bytes_processed += int(done.total_bytes_processed or 0)
            self.slot_ms += int(done.slot_millis or 0)


@dataclass(frozen=True)
class JobRunner:
    """Runs jobs for one unit of work.

    Attributes:
        marks: names of the labels that every job carries, so that a bill can be traced to a run, an asset and a step.
        run, asset: whose work it is.
        max_bytes: maximum_bytes_billed of every query.
        deadline: seconds after which a call gives up, retries included.
    """

    client: bigquery.Client
    marks: Marks
    run: str
    asset: str
    max_bytes: int
    deadline: float
    log: JobLog = field(default_factory=JobLog)

    @property
    def _request_timeout(self) -> float:
        # An answer that never comes must leave time to ask again.
        return min(REQUEST_TIMEOUT, self.deadline / 4)

    def _end(self) -> float:
        return time.monotonic() + self.deadline

    def call[T](self, what: str, function: Callable[..., T], /, *args: Any, **kwargs: Any) -> T:
        """A request that may be repeated as it is (get, list, create-if-missing, delete-if-there), with bounded retries.

        Raises:
            WarehouseUnavailable: no success within the deadline.
            WarehouseRefused: BigQuery refused it for good.
        """
        return self._named(
            what, lambda: self._repeat(lambda: function(*args, retry=NO_RETRY, timeout=self._request_timeout, **kwargs))
        )

    def find[T](self, what: str, function: Callable[..., T], /, *args: Any, **kwargs: Any) -> T | None:
        """Like `call`, but None where the thing that is asked for does not exist."""

        def look() -> T | None:
            try:
                return function(*args, retry=NO_RETRY, timeout=self._request_timeout, **kwargs)
            except api.NotFound:
                return None

        return self._named(what, lambda: self._repeat(look))

    def query(self, sql: str, step: str, parameters: Sequence[Parameter] = ()) -> bigquery.QueryJob:
        """Run a statement to its end, once, and return its job.

        Raises:
            WarehouseUnavailable: no success within the deadline.
            WarehouseRefused: BigQuery refused it for good.
        """
        config = self._query_config(step, parameters)

        def submit(job_id: str) -> bigquery.QueryJob:
            return self.client.query(
                sql, job_config=config, job_id=job_id, retry=NO_RETRY, job_retry=None, timeout=self._request_timeout
            )

        return self._run(step, submit)

    def rows(self, sql: str, step: str, parameters: Sequence[Parameter] = ()) -> list[bigquery.Row]:
        """The rows of a small result, in one request where BigQuery answers within its time.

        Args:
            sql: a SELECT. What writes belongs to `query`: when the answer is lost, this runs again.

        Raises:
            WarehouseUnavailable: no success within the deadline.
            WarehouseRefused: BigQuery refused it for good.
            ValueError: it is not a SELECT.
        """
        if not sql.lstrip().startswith(("SELECT", "WITH")):
            raise ValueError(f"the step '{step}' is not a SELECT")
        config = self._query_config(step, parameters)
        end = self._end()

        def read() -> tuple[RowIterator, list[bigquery.Row]]:
            found = self.client.query_and_wait(
                sql,
                job_config=config,
                api_timeout=self._request_timeout,
                wait_timeout=max(end - time.monotonic(), 1.0),
                retry=NO_RETRY,
                job_retry=None,  # type: ignore[arg-type]  # the library's own comment says that None turns it off
                page_size=SMALL_RESULT,
            )
            return found, list(found)

        found, rows = self._named(step, lambda: self._repeat(read, end))
        self.log.add(found)
        return rows

    def arrow(self, sql: str, step: str, parameters: Sequence[Parameter] = ()) -> "pa.Table":
        """A result of any size as Arrow, through the Storage API; in order if the statement has an ORDER BY.

        Raises:
            WarehouseUnavailable: no success within the deadline.
            WarehouseRefused: BigQuery refused it for good.
        """
        job = self.query(sql, step, parameters)
        end = self._end()
        # In order only by one stream; otherwise as many as BigQuery finds right for the size, one for a small result.
        streams = 1 if re.search(r"\bORDER\s+BY\b", sql) else 0
        # Not by `job.to_arrow`, which asks for the result by REST first. 4,000 rows of 12 columns from the embedded server take
        # 0.09 s in three calls like this, 0.12 s in four like that, and 0.21 s as one answer of jobs.query.
        wanted = storage.ReadSession(table=job.destination.to_bqstorage(), data_format=storage.DataFormat.ARROW)
        return self._named(step, lambda: self._repeat(lambda: self._download(wanted, streams, end), end))

    def read(self, table: bigquery.Table, columns: Sequence[str], restriction: str, step: str) -> "pa.Table":
        """Columns of a table as they are at one moment, as Arrow, by the Storage API alone: no job, and no result to be kept.

        Args:
            table: a table, not a view.
            restriction: a condition on the rows, without parameters; empty for all.

        Raises:
            WarehouseUnavailable: no success within the deadline.
            WarehouseRefused: BigQuery refused it for good.
        """
        wanted = storage.ReadSession(
            table=table.reference.to_bqstorage(),
            data_format=storage.DataFormat.ARROW,
            read_options=storage.ReadSession.TableReadOptions(selected_fields=list(columns), row_restriction=restriction),
        )
        end = self._end()
        return self._named(step, lambda: self._repeat(lambda: self._download(wanted, 0, end), end))

    @contextmanager
    def _session(self, wanted: storage.ReadSession, streams: int) -> Iterator[tuple[Any, storage.ReadSession]]:
        """A client of the Storage API with a session that it has opened; its connection is closed at the end."""
        # What the library's own reads go through: it has the credentials of the client, and on this machine the port.
        reader: Any = self.client._ensure_bqstorage_client()
        try:
            session = reader.create_read_session(
                parent=f"projects/{self.client.project}",
                read_session=wanted,
                max_stream_count=streams,
                retry=None,
                timeout=self._request_timeout,
            )
            yield reader, session
        finally:
            reader._transport.close()

    def _download(self, wanted: storage.ReadSession, streams: int, end: float) -> "pa.Table":
        import pyarrow as pa

        # The session is left first: whoever is interrupted closes the connection, and does not wait for what comes over it.
        with ThreadPoolExecutor(max_workers=MAX_STREAMS) as pool, self._session(wanted, streams) as (reader, session):
            if not session.streams:
                return pa.ipc.read_schema(pa.py_buffer(session.arrow_schema.serialized_schema)).empty_table()

            def read(stream: storage.ReadStream) -> "pa.Table":
                # Without a timeout a read is tried for a day.
                return reader.read_rows(stream.name, timeout=max(end - time.monotonic(), 1.0)).to_arrow(session)

            return pa.concat_tables(pool.map(read, session.streams))

    def dry_run(self, sql: str, step: str, parameters: Sequence[Parameter] = ()) -> int:
        """Bytes that a statement would read; nothing is run.

        Raises:
            WarehouseUnavailable: no success within the deadline.
            WarehouseRefused: the statement is not valid, or a table it names does not exist.
        """
        config = bigquery.QueryJobConfig(
            query_parameters=list(parameters), labels=self._labels(step), dry_run=True, use_query_cache=False
        )
        job = self._named(
            step,
            lambda: self._repeat(
                lambda: self.client.query(sql, job_config=config, retry=NO_RETRY, job_retry=None, timeout=self._request_timeout)
            ),
        )
        return int(job.total_bytes_processed or 0)

    def _query_config(self, step: str, parameters: Sequence[Parameter]) -> bigquery.QueryJobConfig:
        return bigquery.QueryJobConfig(
            query_parameters=list(parameters),
            labels=self._labels(step),
            maximum_bytes_billed=self.max_bytes,
            job_timeout_ms=int(self.deadline * 1000),
            use_legacy_sql=False,
        )

    def _labels(self, step: str) -> dict[str, str]:
        made = {self.marks.run_label: self.run, self.marks.asset_label: self.asset, self.marks.step_label: step}
        return {key: label_value(value) for key, value in made.items()}

    def load(self, parquet: bytes, table: str, schema: Sequence[bigquery.SchemaField], step: str) -> bool:
        """Load Parquet bytes into a table that exists and is empty. A retried submission re-attaches and never loads twice.

        Returns:
            False if the table has rows already: another run's, or those of an attempt that lost its server and did not live to
            say so.

        Raises:
            WarehouseUnavailable: no success within the deadline.
            WarehouseRefused: BigQuery refused it for good.
        """
        config = bigquery.LoadJobConfig(
            schema=list(schema),
            source_format=bigquery.SourceFormat.PARQUET,
            write_disposition=bigquery.WriteDisposition.WRITE_EMPTY,
            create_disposition=bigquery.CreateDisposition.CREATE_NEVER,
            labels=self._labels(step),
            job_timeout_ms=int(self.deadline * 1000),
        )

        def submit(job_id: str) -> bigquery.LoadJob:
            return self.client.load_table_from_file(
                io.BytesIO(parquet),
                table,
                size=len(parquet),
                job_id=job_id,
                job_config=config,
                num_retries=0,
                timeout=self._request_timeout,
            )

        try:
            self._run(step, submit)
        except WarehouseRefused as refusal:
            if isinstance(refusal.__cause__, api.Conflict):
                return False
            raise
        return True

    def open_read_session(self, table: bigquery.Table) -> None:
        """Open a session of the Storage API on a table, and leave it: whoever may do that may read.

        Raises:
            WarehouseUnavailable: no success within the deadline.
            WarehouseRefused: it is denied.
        """
        wanted = storage.ReadSession(table=table.reference.to_bqstorage(), data_format=storage.DataFormat.ARROW)

        def opened() -> None:
            with self._session(wanted, 1):
                pass

        self._named("open_read_session", lambda: self._repeat(opened))

    def _run[J: (bigquery.QueryJob, bigquery.LoadJob)](self, step: str, submit: Callable[[str], J]) -> J:
        # One deadline for the whole step: submitting, waiting, and doing both again after a job that failed.
        end = self._end()

        def attempt() -> J:
            # A failed job's id is spent, so each attempt at the job has its own; within it, silence is answered by asking for
            # the same id again, which either runs the job or finds it.
            job_id = f"{self.marks.prefix}_{self._labels(step)[self.marks.run_label]}_{step}_{uuid.uuid4().hex}"

            def submit_or_attach() -> J:
                try:
                    return submit(job_id)
                except api.Conflict as conflict:
                    if job_id not in str(conflict):
                        raise
                    found = self.client.get_job(
                        job_id, location=self.client.location, retry=NO_RETRY, timeout=self._request_timeout
                    )
                    return cast("J", found)

            job = self._repeat(submit_or_attach, end)
            self._wait(job, end)
            return job

        job = self._named(step, lambda: self._repeat(attempt, end))
        self.log.add(job)
        return job

    def _wait(self, job: bigquery.QueryJob | bigquery.LoadJob, end: float) -> None:
        """Wait for the job by its state; one that is done in the answer to its submission costs no other request.

        Not by `job.result()`: that asks for a query's rows, whose endpoint reports a failed job and a failed request alike.

        Raises:
            JobFailed: the job failed, by its own reason.
            RetryError: it is still running at the end.
        """
        start = time.monotonic()
        done = job.done(reload=False)
        unseen: Exception = TimeoutError(f"the job {job.job_id} is still running")
        while not done:
            now = time.monotonic()
            if now >= end:
                raise api.RetryError("the time is up", cause=unseen)  # type: ignore[no-untyped-call]
            time.sleep(min(pause_before_look(now - start), end - now))
            try:
                done = job.done(retry=NO_RETRY, timeout=self._request_timeout)
            except Exception as error:
                # The job runs on, whatever became of the question.
                if not is_transient(error):
                    raise
                log.warning("BigQuery: %s; looking again", one_line(error))
                unseen = error
        if failure := JobFailed.of(job):
            raise failure

    def _repeat[T](self, function: Callable[[], T], end: float | None = None) -> T:
        """Call until it succeeds, fails for good, or the time is up: `end` by the monotonic clock, or a deadline from now."""
        seconds = self.deadline if end is None else max(end - time.monotonic(), 0.0)

        def on_error(error: Exception) -> None:
            log.warning("BigQuery: %s; trying again", one_line(error))

        # Retry gives up when its next pause would end too late, so a long pause would give away the rest of a short deadline.
        pause = min(20.0, self.deadline / 15)
        return Retry(predicate=is_transient, initial=0.2, maximum=pause, multiplier=2.0, timeout=seconds, on_error=on_error)(
            function
        )()

    def _named[T](self, what: str, function: Callable[[], T]) -> T:
        try:
            return function()
        except api.RetryError as error:
            raise WarehouseUnavailable(
                f"BigQuery did not complete the step '{what}' within {self.deadline:g} s. Last answer: "
                f"{one_line(error.cause or error)}. Nothing was left half-written; run it again when BigQuery is back.",
                Hint.DEADLINE,
            ) from error
        except (*CONNECTION_FAULTS, TimeoutError) as error:
            raise WarehouseUnavailable(
                f"BigQuery did not answer in the step '{what}': {one_line(error)}. Nothing was left half-written; run it again."
            ) from error
        except (JobFailed, GoogleAuthError, api.GoogleAPICallError) as error:
            cause = error.error if isinstance(error, JobFailed) else error
            raise final(what, error, max_bytes=self.max_bytes, deadline=self.deadline) from cause
