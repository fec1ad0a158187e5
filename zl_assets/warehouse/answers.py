"""What BigQuery's errors mean: which may pass by themselves, which are final, and what a person does about each.

Belongs here: the kinds of failure, the reasons that BigQuery gives, and the words for them. Must not be here: anything that
waits, retries or sends a request.

A request that failed and a job that failed are two things. A job's reason is final unless it is one of those that pass. A
request with a 5xx may simply be sent again. google-cloud-bigquery mixes them: a job whose reason it does not know, such as
`bytesBilledLimitExceeded`, becomes the exception of an HTTP 500 (`_error_result_to_exception` of google.cloud.bigquery.job.base).
Reasons: https://cloud.google.com/bigquery/docs/error-messages
"""

from collections.abc import Mapping
from typing import Any

import requests.exceptions
from google.api_core import exceptions as api
from google.auth.exceptions import GoogleAuthError, TransportError
from google.cloud import bigquery

from zl_assets.errors import ZlError
from zl_assets.warehouse.errors import Hint, WarehouseRefused, WarehouseUnavailable

# Reasons after which the same statement may succeed unchanged.
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

# Lost races between statements that change one table. BigQuery gives them reasons of other things (invalidQuery,
# resourcesExceeded, quotaExceeded), so that only the text tells: of two statements outside a transaction, of two transactions,
# and of the 21st statement that waits for one table.
RACES = (
    "could not serialize access",
    "transaction is aborted due to concurrent update",
    "too many dml statements outstanding against table",
)

# What the embedded BigQuery passes on of the operating system's ENOSPC.
DISK_FULL = "No space left on device"

CONNECTION_FAULTS = (
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

_TIMED_OUT = (
    "BigQuery stopped the step '{step}' because it ran for longer than {deadline:g} s, which each job carries as its own "
    "limit: {said}. Nothing was left half-written. Run it again when BigQuery is less busy."
)
_CANCELLED = (
    "Somebody cancelled the step '{step}' in BigQuery: {said}. Nothing was left half-written. The project's job history says "
    "who; run it again if that was a mistake."
)

# What was expected, what was found and what to do, for the final reasons that a person can do something about.
_WORDS = {
    "bytesBilledLimitExceeded": (
        "BigQuery did not run the step '{step}', which would be billed for more than the {max_bytes:,} bytes that are allowed: "
        "{said}. Nothing was billed or written. If the tables are not meant to be that large, find out what has grown."
    ),
    "timeout": _TIMED_OUT,
    "invalidUser": (
        "BigQuery does not accept the user in whose name the step '{step}' ran: {said}. Nothing was written. The account was "
        "deleted or disabled, or its sign-in has ended since: sign in again, with `gcloud auth application-default login` or a "
        "valid service account."
    ),
    "quotaExceeded": (
        "A quota of the Google Cloud project is used up, found in the step '{step}': {said}. Nothing was left half-written. Wait "
        "for at least ten minutes, or for the next day if it is a daily one, and run it again; who administers the project can "
        "raise it (IAM & Admin, Quotas)."
    ),
    "billingNotEnabled": (
        "The Google Cloud project has no billing account, and without one BigQuery runs no MERGE; found in the step '{step}': "
        "{said}. Nothing was written. Who administers the project enables billing; or use another project."
    ),
    "blocked": (
        "Google has blocked this operation for the project or account, found in the step '{step}': {said}. Nothing was written. "
        "No retry helps: who administers the project asks Google Cloud's support."
    ),
    "accessDenied": "BigQuery denied the step '{step}': {error}.",
}

# Final, and BigQuery's own words say what is wrong with the statement or its tables.
_PLAIN = frozenset(
    {
        "billingTierLimitExceeded",
        "duplicate",
        "invalid",
        "invalidQuery",
        "notFound",
        "notImplemented",
        "policyViolation",
        "resourceInUse",
        "resourcesExceeded",
        "responseTooLarge",
    }
)

# BigQuery's `stopped` is both of these, and its text says which: "Job timed out after 300 sec" or "User requested cancellation".
_STOPPED = "stopped"

FINAL_REASONS = frozenset({*_WORDS, *_PLAIN, _STOPPED})


class JobFailed(Exception):
    """A job that BigQuery ran, or would not run, to a failure: the job's own reason, and not that of a request about it.

    Attributes:
        reason: as in `Job.status.errorResult`, empty where it has none.
        message: what BigQuery says.
        error: what google-cloud-bigquery makes of it.
    """

    def __init__(self, result: Mapping[str, Any], error: Exception) -> None:
        self.reason = str(result.get("reason") or "")
        self.message = str(result.get("message") or "")
        self.error = error
        super().__init__(f"{self.message} ({self.reason})")

    @classmethod
    def of(cls, job: bigquery.QueryJob | bigquery.LoadJob) -> "JobFailed | None":
        """The failure of a job that is done; None where it succeeded."""
        error = job.exception()  # type: ignore[no-untyped-call]
        return None if error is None else cls(job.error_result or {}, error)


def is_transient(error: BaseException) -> bool:
    """May the same request or job succeed when it is simply sent again?"""
    if isinstance(error, CONNECTION_FAULTS):
        return True
    if isinstance(error, JobFailed):
        return _is_race(error) or error.reason in TRANSIENT_REASONS
    if not isinstance(error, api.GoogleAPICallError):
        return False
    reasons = _reasons(error)
    if _is_race(error) or reasons & TRANSIENT_REASONS:
        return True
    # A query that is answered in the request that sends it has its job's reason in the answer of that request.
    return isinstance(error, _TRANSIENT_CODES) and not reasons & FINAL_REASONS


def final(step: str, error: Exception, *, max_bytes: int, deadline: float) -> ZlError:
    """What a person is told of a final answer, as the error to be raised.

    Args:
        error: a `JobFailed`, an error of Google's APIs or one of the sign-in.
        max_bytes, deadline: the limits that the step ran under.
    """
    if DISK_FULL in str(error):
        return WarehouseUnavailable(
            f"The disk that holds the embedded BigQuery is full, found in the step '{step}'. Free some space, and run it again; "
            f"nothing was left half-written. ({one_line(error)})"
        )
    if isinstance(error, api.Unauthorized | GoogleAuthError):
        # Credentials that expire or are withdrawn in the middle of a run.
        return WarehouseRefused(
            f"Google Cloud did not accept the credentials in the step '{step}': {one_line(error)}. Sign in again, with "
            "`gcloud auth application-default login` or a valid service account. Nothing was left half-written."
        )
    reasons = {error.reason} if isinstance(error, JobFailed) else _reasons(error)
    # Not `Forbidden` first: that is also the exception of a quota, of billing and of a block.
    if _STOPPED in reasons:
        words = _TIMED_OUT if "timed out" in str(error) else _CANCELLED
    elif named := sorted(reasons & _WORDS.keys()):
        words = _WORDS[named[0]]
    elif isinstance(error, api.Forbidden):
        words = _WORDS["accessDenied"]
    elif isinstance(error, JobFailed) and error.reason not in FINAL_REASONS:
        words = (
            "BigQuery failed the job of the step '{step}' with the reason {reason!r}, which this version does not know: {said}. "
            "Nothing was left half-written. https://cloud.google.com/bigquery/docs/error-messages may say more; run it again "
            "once its cause is gone."
        )
    else:
        words = "BigQuery refused the step '{step}': {error}"
    said = _short(error.message if isinstance(error, JobFailed) else getattr(error, "message", "") or str(error))
    reason = error.reason if isinstance(error, JobFailed) else ""
    hints = {
        _TIMED_OUT: (Hint.DEADLINE,),
        _WORDS["bytesBilledLimitExceeded"]: (Hint.BYTES,),
        _WORDS["billingNotEnabled"]: (Hint.PROJECT,),
        _WORDS["accessDenied"]: (Hint.ROLES,),
    }.get(words, ())
    return WarehouseRefused(
        words.format(
            step=step, said=said.rstrip("."), error=one_line(error), reason=reason, max_bytes=max_bytes, deadline=deadline
        ),
        *hints,
    )


def is_denied(error: BaseException | None) -> bool:
    """Is it for want of a permission? A quota, billing and a block come as the same exception."""
    return isinstance(error, api.Forbidden) and not _reasons(error) & (FINAL_REASONS - {"accessDenied"})


def one_line(error: BaseException) -> str:
    """The kind of an error and what it says, in one line of bounded length."""
    if isinstance(error, JobFailed):
        error = error.error
    return f"{type(error).__name__}: {_short(getattr(error, 'message', None) or str(error))}"


def _short(text: object) -> str:
    return " ".join(str(text).split())[:500]


def _is_race(error: Exception) -> bool:
    said = str(error).casefold()
    return any(race in said for race in RACES)


def _reasons(error: Exception) -> set[str]:
    found = getattr(error, "errors", None) or ()
    return {str(entry["reason"]) for entry in found if isinstance(entry, Mapping) and entry.get("reason")}
