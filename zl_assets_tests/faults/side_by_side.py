"""Our IO manager and dagster-gcp-pandas' under the same faults, on the same embedded server, with the same matrix rows.

Belongs here: one Dagster run of one asset by either, and what is left in its table. Must not be here: opinions.
"""

import contextlib
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from unittest import mock

import dagster as dg
import pandas as pd
from dagster_gcp_pandas import BigQueryPandasIOManager
from google.cloud import bigquery

from zl_assets import resources
from zl_assets.catalog import Catalog
from zl_assets.domain.derivation import derive
from zl_assets.domain.regimes import regime_weights
from zl_assets.io_managers.bigquery import BigQueryIOManager
from zl_assets.settings import Settings
from zl_assets.sources.sample import synthetic_bars
from zl_assets_tests.faults.proxy import FAULTS, Fault, Intercept, Request, failed_job
from zl_assets_tests.support.contracts import MATRIX, ZL
from zl_assets_tests.support.product import Product, stopwatch

# ZL_DEADLINE of ours, and how long a fault lasts that no attempt gets past: the libraries' own retries go on for ten minutes a
# request, and the other manager has no deadline to shorten them.
DEADLINE, LASTS = 30.0, 45.0

OURS, THEIRS = "zl_assets", "dagster-gcp-pandas"


@dataclass(frozen=True)
class Left:
    """What one manager left after one fault.

    Attributes:
        run: how the Dagster run ended.
        table: what the table holds.
    """

    manager: str
    fault: str
    run: str
    table: str
    seconds: float


def matrix_frame() -> pd.DataFrame:
    """The 3,831 rows of the sample's matrix, one column per leaf."""
    return derive(synthetic_bars(), ZL, pd.Timestamp("2025-11-15").date(), regime_weights()).matrix


def revised(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows with one close revised."""
    later = frame.copy()
    later.loc[100, "market_data.close"] += 0.01
    return later


def _job(manager: str, home: Product, prefix: str, frame: pd.DataFrame) -> tuple[dg.Definitions, Any]:
    settings = Settings.load(state_dir=home.state_dir, dataset_prefix=prefix, deadline=DEADLINE)
    if manager == OURS:

        @dg.asset(name=MATRIX.table, io_manager_key="io")
        def ours() -> pd.DataFrame:
            return frame

        catalog = Catalog.of(settings)
        warehouse: Any = resources.build(catalog, settings)["warehouse"]
        return dg.Definitions([ours], resources={"io": BigQueryIOManager(warehouse, catalog.tables, {})}), ours
    flat = frame.rename(columns=lambda name: name.replace(".", "__"))

    @dg.asset(name=MATRIX.table, key_prefix=[f"{prefix}features"], io_manager_key="io")
    def theirs() -> pd.DataFrame:
        return flat

    return dg.Definitions([theirs], resources={"io": BigQueryPandasIOManager(project="zl-local")}), theirs


def write(manager: str, home: Product, prefix: str, frame: pd.DataFrame) -> str:
    """Materialize the frame by one of the managers; how the run ended."""
    defs, asset = _job(manager, home, prefix, frame)
    made: list[bigquery.Client] = []

    def client(*_: Any, **__: Any) -> bigquery.Client:
        made.append(home.client())
        return made[-1]

    with mock.patch("dagster_gcp.bigquery.io_manager.bigquery.Client", client) if manager == THEIRS else contextlib.nullcontext():
        result = dg.materialize(
            [asset],
            resources=defs.resources,
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
    if result.success:
        return "success"
    [failure] = result.get_step_failure_events()
    data = failure.step_failure_data
    said = data.user_failure_data.description if data.user_failure_data else None
    return f"failed: {(said or data.error.cause.message if data.error.cause else data.error.message).strip()[:110]}"


def content(home: Product, prefix: str, manager: str) -> tuple[int, int, float] | None:
    """Rows, distinct dates and the sum of the closes; None where there is no table."""
    client = home.client()
    close = "market_data.close" if manager == OURS else "market_data__close"
    sql = (
        f"SELECT COUNT(*) AS n, COUNT(DISTINCT data_date) AS dates, SUM({close}) AS total FROM `{prefix}features.daily_ml_matrix`"
    )
    try:
        [row] = client.query(sql).result()
        return row.n, row.dates, round(row.total or 0.0, 6)
    except Exception:
        return None
    finally:
        client.close()


def _word(found: tuple[int, int, float] | None, before: tuple[int, int, float], after: tuple[int, int, float]) -> str:
    if found == before:
        return f"whole, as before ({found[0]:,} rows)"
    if found == after:
        return f"whole, as after ({found[0]:,} rows)"
    if found is None:
        return "NO TABLE"
    if found[0] > found[1]:
        return f"DUPLICATES: {found[0]:,} rows of {found[1]:,} dates"
    return f"HOLE: {found[0]:,} rows" if found[0] < before[0] else f"other rows: {found}"


def cases(intercept: Intercept) -> Iterator[tuple[str, Callable[[], contextlib.AbstractContextManager[None]]]]:
    """Faults for both managers alike."""

    def loads(request: Request) -> bool:
        return request.path.startswith("/upload/")

    once = {f.name: f for f in FAULTS}
    for name, always in (
        ("503 backendError", False),
        ("503 after the server acted (409 on the retried job id)", False),
        ("connection reset before the server acts", False),
        ("connection reset after the server acted", False),
        ("403 rateLimitExceeded", False),
        ("503 backendError", True),
    ):
        fault = once[name]
        yield (
            f"{name}, {f'every attempt for {LASTS:.0f} s' if always else 'first attempt'} of every request",
            _applying(intercept, fault, always),
        )
    uploads: list[tuple[Fault, bool]] = [
        (replace(once["503 backendError"], applies=loads), True),
        (replace(once["connection reset after the server acted"], applies=loads), False),
        (replace(once["connection reset before the server acts"], applies=loads), True),
        (failed_job("load job fails: jobRateLimitExceeded", "jobRateLimitExceeded", "Exceeded rate limits", of=loads), False),
        (failed_job("load job refuses the file", "invalid", "Provided Schema does not match", of=loads), True),
    ]
    for fault, always in uploads:
        yield (
            f"upload only: {fault.name}, {f'every attempt for {LASTS:.0f} s' if always else 'first attempt'}",
            _applying(intercept, fault, always),
        )


def _applying(intercept: Intercept, fault: Fault, always: bool) -> Callable[[], contextlib.AbstractContextManager[None]]:
    @contextlib.contextmanager
    def apply() -> Iterator[None]:
        with intercept.http.applying(fault, always=always):
            end = threading.Timer(LASTS, setattr, (intercept.http, "fault", None))
            end.start()
            try:
                yield
            finally:
                end.cancel()

    return apply


def compare(home: Product) -> Iterator[Left]:
    """Every case for both: the table holds the rows, a run brings one revised close, and the fault strikes."""
    frame = matrix_frame()
    with Intercept(home.state_dir) as intercept:
        for name, fault in cases(intercept):
            for manager in (OURS, THEIRS):
                yield _one(home, manager, name, fault, frame, revised(frame))
        for name, other in (
            ("an empty frame", frame.iloc[:0]),
            ("every row twice", pd.concat([frame, frame], ignore_index=True)),
        ):
            for manager in (OURS, THEIRS):
                yield _one(home, manager, name, contextlib.nullcontext, frame, other)
        for manager in (OURS, THEIRS):
            yield _at_once(home, manager, frame)


def _one(home: Product, manager: str, name: str, fault: Callable[[], Any], frame: pd.DataFrame, later: pd.DataFrame) -> Left:
    prefix = f"s{secrets.token_hex(3)}_"
    client = home.client()
    client.create_dataset(f"{prefix}features")
    assert write(manager, home, prefix, frame) == "success"
    before = content(home, prefix, manager)
    assert before is not None
    after = (before[0], before[1], round(before[2] + 0.01, 6))
    with stopwatch() as taken, fault():
        run = write(manager, home, prefix, later)
    found = content(home, prefix, manager)
    client.delete_dataset(f"{prefix}features", delete_contents=True)
    return Left(manager, name, run, _word(found, before, after), taken[0])


def _at_once(home: Product, manager: str, frame: pd.DataFrame) -> Left:
    prefix = f"s{secrets.token_hex(3)}_"
    client = home.client()
    client.create_dataset(f"{prefix}features")
    assert write(manager, home, prefix, frame) == "success"
    before = content(home, prefix, manager)
    assert before is not None
    later = revised(frame)
    runs: list[str] = []
    with stopwatch() as taken:
        writers = [threading.Thread(target=lambda: runs.append(write(manager, home, prefix, later))) for _ in range(2)]
        for writer in writers:
            writer.start()
            time.sleep(0.05)
        for writer in writers:
            writer.join()
    found = content(home, prefix, manager)
    client.delete_dataset(f"{prefix}features", delete_contents=True)
    after = (before[0], before[1], round(before[2] + 0.01, 6))
    return Left(manager, "two runs at once", "; ".join(runs), _word(found, before, after), taken[0])
