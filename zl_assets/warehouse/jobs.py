"""Running one BigQuery job so that it happens exactly once, in bounded time, and can be accounted for.

Belongs here: job ids, labels, byte limits, deadlines, which failures are transient, and re-attaching to a job whose
submission was answered by silence. Must not be here: SQL text, and what a job's rows mean.

The client's own retry covers one HTTP request; it gives up on a job that is known by id (409) and on "could not
serialize access". Both are added here, with the client library's own Retry.
"""

import io
import logging
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import requests.exceptions
from google.api_core import exceptions as api
from google.api_core.retry import Retry
from google.auth.exceptions import GoogleAuthError, TransportError
from google.cloud import bigquery

from zl_assets.warehouse.errors import WarehouseRefused, WarehouseUnavailable

if TYPE_CHECKING:
    import pyarrow as pa

log = logging.getLogger(__name__)

type Parameter = bigquery.ScalarQueryParameter | bigquery.ArrayQueryParameter

# Seconds one HTTP request may take. A load of a million rows uploads in a few; BigQuery answers a submission within ten.
REQUEST_TIMEOUT = 60.0

# Rows of a result that is read over REST. Naming a page size makes the first answer carry the rows.
SMALL_RESULT = 10_000

# The client's calls must not retry by themselves: `is_transient` decides, once.
NO_RETRY = Retry(predicate=lambda _: False)

# Reasons after which the same statement may succeed unchanged. Everything else is final: a retry would only repeat the fault.
TRANSIENT_REASONS = frozenset(
    {
        "backendError",
        "badGateway",
        "internalError",
        "jobBackendError",
        "jobInternalError",
        "jobRateLimitExceeded",
        "rateLimitExceeded",
        "tableUnavailable",
    }
)

# BigQuery reports a lost race between two DML statements as a plain 400, recognisable by its text only.
SERIALIZATION = "could not serialize access"

# What the embedded BigQuery passes on of the operating system's ENOSPC.
DISK_FULL = "No space left on device"

_CONNECTION_FAULTS = (
    ConnectionError,
    requests.exceptions.ConnectionError,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
    requests.exceptions.JSONDecodeError,
    requests.exceptions.Timeout,
    TransportError,
)
_TRANSIENT_CODES = (
    api.TooManyRequests,
    api.InternalServerError,
    api.BadGateway,
    api.ServiceUnavailable,
    api.GatewayTimeout,
    # Somebody changed the thing between our reading it and our changing it, or our change went through and its answer was lost.
    # Whoever changes under a condition reads again in each attempt.
    api.PreconditionFailed,
)


def is_transient(error: BaseException) -> bool:
    """May the same request succeed when it is simply sent again?"""
    if isinstance(error, _CONNECTION_FAULTS):
        return True
    if not isinstance(error, api.GoogleAPICallError):
        return False
    if SERIALIZATION in str(error).casefold():
        return True
    reasons = {entry.get("reason") for entry in error.errors if isinstance(entry, Mapping)}
    if reasons & TRANSIENT_REASONS:
        return True
    return isinstance(error, _TRANSIENT_CODES)


class _StillRunning(Exception):
    """A job that is not done yet."""


@dataclass
class JobLog:
    """What the jobs of one unit of work cost."""

    job_ids: list[str] = field(default_factory=list)
    bytes_processed: int = 0
    slot_ms: int = 0

    def add(self, job: bigquery.QueryJob | bigquery.LoadJob) -> None:
        """Count a finished job."""
        self.job_ids.append(str(job.job_id))
        if isinstance(job, bigquery.QueryJob):
            self.bytes_processed += int(job.total_bytes_processed or 0)
            self.slot_ms += int(job.slot_millis or 0)


@dataclass(frozen=True)
class JobRunner:
    """Runs jobs for one unit of work.

    Attributes:
        labels: put on every job, so that a bill can be traced to a run, an asset and a step.
        max_bytes: maximum_bytes_billed of every query.
        deadline: seconds after which a call gives up, retries included.
    """

    client: bigquery.Client
    labels: Mapping[str, str]
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
        """Run a statement to its end and return its job.

        Raises:
            WarehouseUnavailable: no success within the deadline.
            WarehouseRefused: BigQuery refused it for good.
        """
        config = bigquery.QueryJobConfig(
            query_parameters=list(parameters),
            labels={**self.labels, "zl_step": step},
            maximum_bytes_billed=self.max_bytes,
            job_timeout_ms=int(self.deadline * 1000),
            use_legacy_sql=False,
        )

        def submit(job_id: str) -> bigquery.QueryJob:
            return self.client.query(
                sql, job_config=config, job_id=job_id, retry=NO_RETRY, job_retry=None, timeout=self._request_timeout
            )

        return self._run(step, submit)

    def rows(self, sql: str, step: str, parameters: Sequence[Parameter] = ()) -> list[bigquery.Row]:
        """The rows of a small result."""
        job = self.query(sql, step, parameters)

        def read() -> list[bigquery.Row]:
            return list(job.result(page_size=SMALL_RESULT, retry=NO_RETRY, timeout=self._request_timeout))

        return self._named(step, lambda: self._repeat(read))

    def arrow(self, sql: str, step: str, parameters: Sequence[Parameter] = ()) -> "pa.Table":
        """A result as Arrow, through the Storage API where the client has it."""
        job = self.query(sql, step, parameters)
        end = self._end()

        def read() -> "pa.Table":
            # Not `job.to_arrow`, which asks for the result with retries of its own, for ten minutes; and without a timeout a read
            # of the Storage API is tried for a day.
            rows = job.result(retry=NO_RETRY, job_retry=None, timeout=self._request_timeout)
            return rows.to_arrow(create_bqstorage_client=True, timeout=max(end - time.monotonic(), 1.0))

        return self._named(step, lambda: self._repeat(read, end))

    def dry_run(self, sql: str, step: str, parameters: Sequence[Parameter] = ()) -> int:
        """Bytes that a statement would read; nothing is run.

        Raises:
            WarehouseRefused: the statement is not valid, or a table it names does not exist.
        """
        config = bigquery.QueryJobConfig(
            query_parameters=list(parameters), labels={**self.labels, "zl_step": step}, dry_run=True, use_query_cache=False
        )
        job = self._named(
            step,
            lambda: self._repeat(
                lambda: self.client.query(sql, job_config=config, retry=NO_RETRY, job_retry=None, timeout=self._request_timeout)
            ),
        )
        return int(job.total_bytes_processed or 0)

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
            labels={**self.labels, "zl_step": step},
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
        """Open a session of the Storage API on a table, and leave it: whoever may do that may read large results.

        Raises:
            WarehouseRefused: it is denied.
        """

        def create(**how: Any) -> object:
            reader: Any = self.client._ensure_bqstorage_client()
            wanted = {"table": f"projects/{table.project}/datasets/{table.dataset_id}/tables/{table.table_id}", "data_format": 2}
            parent = f"projects/{self.client.project}"
            return reader.create_read_session(parent=parent, read_session=wanted, max_stream_count=1, **how)

        self.call("open_read_session", create)

    def _run[J: (bigquery.QueryJob, bigquery.LoadJob)](self, step: str, submit: Callable[[str], J]) -> J:
        # One deadline for the whole step: submitting, waiting, and doing both again after a job that failed.
        end = self._end()

        def attempt() -> J:
            # A failed job's id is spent, so each attempt at the job has its own; within it, silence is answered by asking for
            # the same id again, which either runs the job or finds it.
            job_id = f"zl_{self.labels.get('zl_run', 'local')}_{step}_{uuid.uuid4().hex}"

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
        """Wait for the job by its state. A failed job's own error is raised once, by kind: asking again would not change it.

        Not by `job.result()`: that asks for a query's rows, whose endpoint reports a failed job and a failed request alike.
        """

        def poll() -> None:
            if not job.done(retry=NO_RETRY, timeout=self._request_timeout):
                raise _StillRunning(f"the job {job.job_id} is still running")

        Retry(
            predicate=lambda error: isinstance(error, _StillRunning) or is_transient(error),
            initial=0.05,
            maximum=2.0,
            timeout=max(end - time.monotonic(), 0.0),
        )(poll)()
        if error := job.exception():  # type: ignore[no-untyped-call]
            raise error

    def _repeat[T](self, function: Callable[[], T], end: float | None = None) -> T:
        """Call until it succeeds, fails for good, or the time is up: `end` by the monotonic clock, or a deadline from now."""
        seconds = self.deadline if end is None else max(end - time.monotonic(), 0.0)

        def on_error(error: Exception) -> None:
            log.warning("BigQuery: %s; trying again", _one_line(error))

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
                f"BigQuery did not complete the step '{what}' within {self.deadline:g} s (ZL_DEADLINE). Last answer: "
                f"{_one_line(error.cause or error)}. Nothing was left half-written; run it again when BigQuery is back."
            ) from error
        except (*_CONNECTION_FAULTS, TimeoutError) as error:
            raise WarehouseUnavailable(
                f"BigQuery did not answer in the step '{what}': {_one_line(error)}. Nothing was left half-written; run it again."
            ) from error
        except api.Forbidden as error:
            raise WarehouseRefused(
                f"BigQuery denied the step '{what}': {_one_line(error)}. README.md lists the roles that are needed."
            ) from error
        except (api.Unauthorized, GoogleAuthError) as error:
            # Credentials that expire or are withdrawn in the middle of a run.
            raise WarehouseRefused(
                f"Google Cloud did not accept the credentials in the step '{what}': {_one_line(error)}. Sign in again, with "
                "`gcloud auth application-default login` or a valid service account. Nothing was left half-written."
            ) from error
        except api.GoogleAPICallError as error:
            if DISK_FULL in str(error):
                raise WarehouseUnavailable(
                    f"The disk that holds the embedded BigQuery is full, found in the step '{what}'. Free some space, and run it "
                    f"again; nothing was left half-written. ({_one_line(error)})"
                ) from error
            raise WarehouseRefused(f"BigQuery refused the step '{what}': {_one_line(error)}") from error


def _one_line(error: BaseException) -> str:
    text = getattr(error, "message", None) or str(error)
    return f"{type(error).__name__}: {' '.join(str(text).split())[:500]}"
