"""Google's BigQuery as far as one job goes, behind google-cloud-bigquery's own client: what the embedded one never answers.

Belongs here: HTTP answers as Google gives them. Must not be here: what is expected of them.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any
from unittest import mock

import requests
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from zl_assets.contracts.marks import MARKS
from zl_assets.warehouse import jobs
from zl_assets.warehouse.jobs import JobRunner

MAX_BYTES = 1 << 30
DEADLINE = 300.0

type Proto = Mapping[str, str]


def error(reason: str, message: str = "words of BigQuery's") -> Proto:
    """An error as in `Job.status.errorResult`, and in the answer to a request that failed."""
    return {"reason": reason, "message": message}


class Clock:
    """Time that passes only when somebody sleeps, or an answer takes its time."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        """Seconds since some moment."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let them pass."""
        self.now += seconds


class Google(requests.Session):
    """Takes jobs, and says of each how it ended.

    Attributes:
        asked: method and last part of the path of every request.
        job_ids: of the jobs that were submitted, in order, also where the answer was an error.
        rows_configs: what was asked of jobs.query.

    Args:
        endings: of the jobs, in order: None for a success, or its error.
        faults: answers to the first requests, in order, instead of what they ask for: a status with an error, or None to answer.
        takes: seconds that each job runs; with 0 it is done in the answer to its submission.
        latency: seconds that each answer takes.
    """

    def __init__(
        self,
        endings: Iterable[Proto | None] = (),
        faults: Iterable[tuple[int, Proto | None] | None] = (),
        takes: float = 0.0,
        latency: float = 0.0,
        clock: Clock | None = None,
    ) -> None:
        super().__init__()
        self._endings, self._faults = iter(endings), iter(faults)
        self._takes, self._latency, self.clock = takes, latency, clock or Clock()
        self._jobs: dict[str, tuple[float, Proto | None]] = {}
        self.asked: list[str] = []
        self.job_ids: list[str] = []
        self.rows_configs: list[dict[str, Any]] = []

    def request(self, method: Any, url: Any, data: Any = None, **_: Any) -> requests.Response:  # type: ignore[override]
        """One answer."""
        answer = self._answer(method, str(url), data)
        answer.request = requests.Request(method, str(url)).prepare()
        return answer

    def _answer(self, method: str, url: str, data: Any) -> requests.Response:
        path = url.split("?")[0]
        body = json.loads(data) if data else {}
        self.asked.append(f"{method} {'jobs' if '/jobs' in path else 'queries'}")
        if submits := method == "POST" and path.endswith("/jobs"):
            self.job_ids.append(body["jobReference"]["jobId"])
        if fault := next(self._faults, None):
            status, proto = fault
            said = {"message": proto["message"], "errors": [proto]} if proto else {"message": "Service Unavailable"}
            return _response(status, {"error": {"code": status, **said}})
        if path.endswith("/queries"):
            return self._rows(body)
        job_id = self.job_ids[-1] if submits else path.rsplit("/", 1)[-1]
        if submits:
            self._jobs[job_id] = (self.clock.now + self._takes, next(self._endings, None))
        found = self._job(job_id)
        self.clock.now += self._latency
        return _response(200, found)

    def _job(self, job_id: str) -> dict[str, Any]:
        ends, ending = self._jobs[job_id]
        done = self.clock.now >= ends
        status: dict[str, Any] = {"state": "DONE" if done else "RUNNING"}
        if done and ending:
            status |= {"errorResult": ending, "errors": [ending]}
        return {
            "jobReference": {"projectId": "p", "jobId": job_id, "location": "us-central1"},
            "configuration": {"jobType": "QUERY", "query": {"query": "SELECT 1", "useLegacySql": False}},
            "status": status,
            "statistics": {},
        }

    def _rows(self, body: dict[str, Any]) -> requests.Response:
        self.rows_configs.append(body)
        return _response(
            200,
            {
                "jobComplete": True,
                "jobReference": {"projectId": "p", "jobId": f"of {body['requestId']}", "location": "us-central1"},
                "schema": {"fields": [{"name": "n", "type": "INTEGER"}]},
                "totalRows": "1",
                "totalBytesProcessed": "7",
                "rows": [{"f": [{"v": "3"}]}],
            },
        )

    def runner(self, deadline: float = DEADLINE, run: str = "r", asset: str = "a") -> JobRunner:
        """A runner that talks to this, and to nothing else."""
        client = bigquery.Client(
            project="p",
            credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
            _http=self,
            location="us-central1",
            client_options={"api_endpoint": "http://bigquery.invalid"},
        )
        return JobRunner(client, MARKS, run, asset, max_bytes=MAX_BYTES, deadline=deadline)

    def in_its_time(self) -> Any:
        """For a `with`: jobs.py waits by this one's clock."""
        return mock.patch.object(jobs, "time", self.clock)


def _response(status: int, body: Mapping[str, Any]) -> requests.Response:
    answer = requests.Response()
    answer.status_code = status
    answer.headers["content-type"] = "application/json"
    answer._content = json.dumps(body).encode()
    return answer


def words(text: str) -> re.Pattern[str]:
    """A pattern that finds these words in this order, whatever is between."""
    return re.compile(".*".join(re.escape(part) for part in text.split(" ... ")), re.DOTALL)
