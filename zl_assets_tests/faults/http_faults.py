"""Faults between the client and BigQuery: every request's first attempt, and every attempt for ever.

Belongs here: what is faulted, and what must be true afterwards. Must not be here: how a fault is made (proxy.py).
"""

import dataclasses
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from google.cloud import bigquery

from zl_assets.contracts.marks import MARKS
from zl_assets.errors import ZlError
from zl_assets.warehouse import publish
from zl_assets.warehouse.errors import ChangedMeanwhile, WarehouseRefused, WarehouseUnavailable
from zl_assets.warehouse.inspection import Terms
from zl_assets.warehouse.jobs import JobRunner
from zl_assets.warehouse.names import Namespace
from zl_assets.warehouse.publish import Publication, Publisher
from zl_assets_tests.faults.proxy import Answer, Fault, Intercept, Request, error, failed_job
from zl_assets_tests.support.contracts import MATRIX
from zl_assets_tests.support.product import Product, differences, failures, stopwatch
from zl_assets_tests.warehouse.tables import SMALL, small_frame

# ZL_DEADLINE of the refreshes and writes whose fault never stops.
SHORT = 1.0

# The steps of one write, as the proxy names them; "every" is all requests.
# Rows are read by the Storage API, whose faults are `reads_under_fault`'s.
STEPS = ("every", "datasets tables", "merge", "load", "load_staging", "merge_staged")


@dataclass(frozen=True)
class Outcome:
    """What one faulted write or refresh came to.

    Attributes:
        problems: what is not as it should be; empty where all is well.
        result: "as a clean run" or "clear error".
    """

    fault: str
    where: str
    ever: bool
    result: str
    faulted: int
    seconds: float
    problems: tuple[str, ...]


def only(fault: Fault, step: str) -> Fault:
    """The fault, in one step of the write path."""
    if step == "every":
        return fault
    return dataclasses.replace(fault, applies=lambda request: fault.applies(request) and step in (request.kind, _place(request)))


def _place(request: Request) -> str:
    return "datasets tables" if "/datasets" in request.path else ""


def publisher(client: bigquery.Client, prefix: str, deadline: float) -> Publisher:
    """The write path with a deadline of its own."""
    runner = JobRunner(client, MARKS, "faults", "small", max_bytes=1 << 30, deadline=deadline)
    return Publisher(
        runner, Namespace(client.project, prefix), Terms("us-central1", may_create=True, marks=MARKS), max_partitions=3000
    )


def written(client: bigquery.Client, prefix: str) -> list[object]:
    """Rows of SMALL without their time of writing."""
    sql = f"SELECT * EXCEPT (ingestion_ts) FROM `{prefix}d.small` ORDER BY day, symbol"
    return [dict(row.items()) for row in client.query(sql).result()]


def write_under_fault(
    intercept: Intercept, client: bigquery.Client, fault: Fault, step: str, *, always: bool, deadline: float
) -> Outcome:
    """One write of a changed frame (one row revised, two new) into a table of five rows.

    Of the step "load", into an empty table; of the steps that stage, as if the rows were too many for a request.
    """
    prefix = f"f{secrets.token_hex(4)}_"
    publisher(client, prefix, 60.0).publish(Publication(small_frame(5)), SMALL)
    if step == "load":
        client.query(f"DELETE FROM `{prefix}d.small` WHERE TRUE").result()
    before = written(client, prefix)
    changed = small_frame(7)
    changed.loc[2, "bar.close"] = 99.0
    said: ZlError | None = None
    problems: list[str] = []
    staging, faulty = given_at_most(0 if "stag" in step else None), intercept.http.applying(only(fault, step), always=always)
    with stopwatch() as taken, staging, faulty:
        try:
            publisher(client, prefix, deadline).publish(Publication(changed), SMALL)
        except ZlError as caught:
            said = caught
        faulted = sum(intercept.http.faulted.values())
    after_fault = written(client, prefix)
    if said is not None:
        publisher(client, prefix, 60.0).publish(Publication(changed), SMALL)
    after = written(client, prefix)
    if said is None and after_fault != after:
        problems.append("it said that it wrote, and the table is another")
    if said is not None and after_fault not in (before, after):
        problems.append("the table is neither as before nor as after")
    if said is not None and not always:
        problems.append(f"one retry would have done: {said}")
    if said is not None and ("step '" not in str(said) or "run it again" not in str(said).lower()):
        problems.append(f"the message does not name the step and what to do: {said}")
    if after != after_once(changed):
        problems.append("the next write did not put it right")
    left = [t.table_id for t in client.list_tables(f"{prefix}d") if t.table_id.startswith(MARKS.staging_prefix)]
    if left:
        problems.append(f"left behind after the next success: {left}")
    # The deadline, one request that began just before it, and dropping the staging table.
    if always and taken[0] > 2 * deadline + 14:
        problems.append(f"took {taken[0]:.0f} s with a deadline of {deadline:.0f} s")
    client.delete_dataset(f"{prefix}d", delete_contents=True)
    return Outcome(
        fault.name, step, always, "as a clean run" if said is None else "clear error", faulted, taken[0], tuple(problems)
    )


@contextmanager
def given_at_most(size: int | None) -> Iterator[None]:
    """Rows of more bytes than this are staged; None leaves the product's own limit."""
    kept = publish.MAX_GIVEN_BYTES
    publish.MAX_GIVEN_BYTES = kept if size is None else size
    try:
        yield
    finally:
        publish.MAX_GIVEN_BYTES = kept


def after_once(frame: pd.DataFrame) -> list[object]:
    """The rows that SMALL must hold after a write of the frame, made without the write path."""
    rows: list[object] = []
    for row in frame.to_dict("records"):
        bar = {"close": row["bar.close"], "volume": row["bar.volume"], "vwap": None}
        rows.append(
            {
                "day": row["day"].date(),
                "symbol": row["symbol"],
                "bar": bar,
                "pivots": None,
                "flag": row["flag"],
                "note": row["note"],
            }
        )
    return rows


def final_answers() -> Iterator[tuple[str, Fault, type[ZlError], str, int]]:
    """Faults of the data and of rights, which no retry mends: the fault, the error, the faulted step, and its attempts."""
    for name, answer in (
        ("400 invalidQuery", error(400, "invalidQuery", "Syntax error: Unexpected identifier")),
        ("403 accessDenied", error(403, "accessDenied", "Access Denied: permission bigquery.tables.getData")),
        ("404 notFound", error(404, "notFound", "Not found: Table zl-local:d.small")),
    ):
        yield name, Fault(name, _constant(answer), lambda r: r.submits_job and r.kind == "merge"), WarehouseRefused, "merge", 1
    bad_load = failed_job(
        "the load job refuses the file", "invalid", "Provided Schema does not match", of=lambda r: r.kind == "load"
    )
    yield bad_load.name, bad_load, WarehouseRefused, "load", 1
    lost = failed_job("the load job loses every row", "", "", of=lambda r: r.kind == "load")

    def succeed(request: Request, forward: object) -> Answer:
        answer = lost.act(request, lambda: error(500, "", ""))
        return dataclasses.replace(answer, body=answer.body.replace(b'"errorResult"', b'"_"').replace(b'"errors"', b'"__"'))

    yield lost.name, dataclasses.replace(lost, act=succeed), ChangedMeanwhile, "load", 1


def _constant(answer: Answer) -> Callable[[Request, Callable[[], Answer]], Answer]:
    return lambda _, __: answer


def small_write_refused_once(intercept: Intercept, client: bigquery.Client) -> list[tuple[str, tuple[str, ...]]]:
    """Each final answer, by name, with what went wrong: another error, or more than one attempt."""
    outcomes = []
    for name, fault, expected, step, attempts in final_answers():
        prefix = f"f{secrets.token_hex(4)}_"
        problems = []
        if step == "merge":
            publisher(client, prefix, 60.0).publish(Publication(small_frame(3)), SMALL)
        with intercept.http.applying(fault, always=True):
            try:
                publisher(client, prefix, 30.0).publish(Publication(small_frame(5)), SMALL)
                problems.append("no error")
            except ZlError as caught:
                if type(caught) is not expected:
                    problems.append(f"{type(caught).__name__} instead of {expected.__name__}: {caught}")
            if intercept.http.sent[step] != attempts:
                problems.append(f"{step} was tried {intercept.http.sent[step]} times instead of {attempts}")
        left = [t.table_id for t in client.list_tables(f"{prefix}d") if t.table_id.startswith(MARKS.staging_prefix)]
        problems += [f"left behind: {left}"] if left else []
        client.delete_dataset(f"{prefix}d", delete_contents=True)
        outcomes.append((name, tuple(problems)))
    return outcomes


def refresh_under_fault(
    home: Product, intercept: Intercept, fault: Fault, *, always: bool, states: Sequence[dict[str, str]], deadline: float
) -> Outcome:
    """The whole graph under a fault.

    Args:
        states: digests before, and after a clean run.
    """
    before, after = states
    with stopwatch() as taken, intercept.http.applying(fault, always=always):
        result = home.refresh(deadline=deadline)
        faulted = sum(intercept.http.faulted.values())
    found = home.snapshot(home.values.get("dataset_prefix", ""))
    said = failures(result)
    problems = []
    if result.success:
        problems += differences(found, after)
        problems += [f"red check {e.check_name}" for e in result.get_asset_check_evaluations() if not e.passed]
        problems += home.leavings(deep=False)
    else:
        whole = {name: {before.get(name), after.get(name)} for name in before | after}
        problems += [
            f"{name} is neither as before nor as after" for name, digests in whole.items() if found.get(name) not in digests
        ]
        problems += [f"{step}: {text.splitlines()[0][:300]}" for step, text in said.items() if "step '" not in text]
        if not always:
            problems += [f"a retry would have done: {step}: {text[:300]}" for step, text in said.items()]
    return Outcome(
        fault.name, "refresh", always, "as a clean run" if result.success else "clear error", faulted, taken[0], tuple(problems)
    )


def reads_under_fault(home: Product, intercept: Intercept) -> list[Outcome]:
    """The Storage API's port refuses one connection, then all of them."""
    client = home.client()
    clean = publisher(client, "", 60.0).read(MATRIX)
    outcomes = []
    for always in (False, True):
        intercept.storage.refused = 0
        problems: list[str] = []
        said: ZlError | None = None
        intercept.storage.cut()
        intercept.storage.shut, intercept.storage.refusals = always, 0 if always else 1
        with stopwatch() as taken:
            try:
                read = publisher(client, "", 5.0).read(MATRIX)
                if not read.equals(clean):
                    problems.append("other rows")
            except WarehouseUnavailable as caught:
                said = caught
        intercept.storage.shut, intercept.storage.refusals = False, 0
        if (said is not None) is not always:
            problems.append(f"unexpected: {said}")
        if taken[0] > 20:
            problems.append(f"took {taken[0]:.0f} s with a deadline of 5 s")
        result = "as a clean run" if said is None else "clear error"
        name = "Storage API refuses connections"
        outcomes.append(Outcome(name, "read", always, result, intercept.storage.refused, taken[0], tuple(problems)))
    client.close()
    return outcomes


def older_and_newer_bars(folder: Path) -> tuple[Path, Path]:
    """The sample, and what it may have been a month earlier: twenty bars fewer, and one price that was revised since."""
    from zl_assets.sources.sample import synthetic_bars

    newer = synthetic_bars()
    older = newer.iloc[:-20].copy()
    row = older.index[-30]
    older.loc[row, "close"] = (older.loc[row, "high"] + older.loc[row, "low"]) / 2
    folder.mkdir(parents=True, exist_ok=True)
    paths = folder / "older.parquet", folder / "newer.parquet"
    for frame, path in zip((older, newer), paths, strict=True):
        frame.to_parquet(path)
    return paths
