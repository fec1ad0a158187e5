"""Years of daily use: one new session a day through the write path, the server gone between two refreshes as it is in real life.

Belongs here: the write path and the reads of all tables of a daily refresh, without Dagster and the model, so that years pass in
minutes; and what the state folder and the server weigh. Must not be here: faults.
"""

import datetime as dt
import time
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd
import psutil

from zl_assets.contracts.marks import MARKS
from zl_assets.contracts.regimes import REGIME_WEIGHTS
from zl_assets.domain.derivation import derive
from zl_assets.domain.regimes import regime_weights
from zl_assets.domain.training_view import training_view_select
from zl_assets.embedded.client import embedded_client
from zl_assets.embedded.folder import Folder
from zl_assets.embedded.lifecycle import ensure_server, stop_server
from zl_assets.embedded.server import QUIET_SECONDS
from zl_assets.files import replace_file
from zl_assets.instruments.zl import INSTRUMENT as ZL
from zl_assets.io_managers.artifacts import csv_bytes
from zl_assets.sources.sample import synthetic_bars
from zl_assets.warehouse.inspection import Terms
from zl_assets.warehouse.jobs import JobRunner
from zl_assets.warehouse.names import Namespace
from zl_assets.warehouse.publish import Publication, Publisher, ViewDefinition
from zl_assets_tests.support.contracts import BARS, FEATURES, MATRIX, MONTH, ROW_RULES, SESSIONS, TRAINING_VIEW


@dataclass(frozen=True)
class Day:
    """What one day cost and left.

    Attributes:
        write_seconds: all tables, the view and the CSV.
        start_seconds: of the server, its tidying included.
        state_mb, files: of the warehouse folder, without DuckDB's extensions, after the refresh.
        server_mb: resident memory of the server after the refresh.
    """

    number: int
    write_seconds: float
    start_seconds: float
    state_mb: float
    files: int
    server_mb: float
    rows: int


def weigh(state: Path) -> tuple[float, int]:
    """Megabytes and number of the files that grow."""
    root = Folder.of(state).root
    files = [p for p in root.rglob("*") if p.is_file() and not p.is_symlink()]
    return sum(p.stat().st_size for p in files) / 1e6, len(files)


@dataclass(frozen=True)
class History:
    """Every table's frame over the whole sample, to be cut by date."""

    bars: pd.DataFrame
    sessions: pd.DataFrame
    features: pd.DataFrame
    matrix: pd.DataFrame

    @classmethod
    def of_sample(cls) -> "History":
        """Computed once: a feature looks only backwards, so cutting is the same as computing from fewer bars."""
        bars = synthetic_bars()
        derived = derive(bars, ZL, dt.date(2025, 11, 15), regime_weights())
        return cls(bars, derived.sessions.frame, derived.features, derived.matrix)


def refresh(state: Path, history: History, last: pd.Timestamp) -> int:
    """A day's writes of all tables, the view and the CSV; rows of the matrix."""
    client = embedded_client(state, "us-central1")

    def publisher() -> Publisher:
        runner = JobRunner(client, MARKS, "years", "tables", max_bytes=1 << 30, deadline=120.0)
        return Publisher(
            runner, Namespace(client.project), Terms("us-central1", may_create=True, marks=MARKS), max_partitions=3000
        )

    bars = history.bars[history.bars["date"] <= last]
    publisher().publish(Publication(bars, source="bars"), BARS, ROW_RULES.get(BARS.table, ()))
    publisher().publish(Publication(regime_weights()), REGIME_WEIGHTS)
    rows = 0
    for contract, frame in ((SESSIONS, history.sessions), (FEATURES, history.features), (MATRIX, history.matrix)):
        column = str(contract.partition_by)
        rows = publisher().publish(Publication(frame[frame[column] <= last]), contract).row_count
    select = training_view_select(Namespace(client.project).of(MATRIX).quoted, ZL, MONTH)
    publisher().publish_view(ViewDefinition(select, (MATRIX,)), TRAINING_VIEW)
    replace_file(state / "training_csv" / "vw_zl_1m_flat.csv", csv_bytes(publisher().read(TRAINING_VIEW)))
    client.close()
    return rows


def let_a_day_pass(state: Path) -> None:
    """Make the stopped server's job records a day older: its tidying goes by their age, and these days last seconds."""
    with duckdb.connect(str(Folder.of(state).data / "emulator.duckdb")) as connection:
        connection.execute("UPDATE jobs SET creation_time = creation_time - 86400000")


def live(state: Path, days: int, *, restart: bool) -> list[Day]:
    """`days` daily refreshes, each with one more session than the last.

    Args:
        restart: the server leaves after each refresh, as it does after five idle minutes. Otherwise it stays, as it does for an
            open notebook, with a quiet moment after each refresh.
    """
    history = History.of_sample()
    dates = history.sessions["data_date"].unique()
    lived = []
    for number in range(days):
        last = dates[len(dates) - days + number]
        began = time.monotonic()
        server = ensure_server(state)
        started = time.monotonic()
        rows = refresh(state, history, last)
        written = time.monotonic()
        megabytes, files = weigh(state)
        memory = psutil.Process(server.pid).memory_info().rss / 1e6
        lived.append(Day(number + 1, written - started, started - began, megabytes, files, memory, rows))
        if restart:
            stop_server(state)
            let_a_day_pass(state)
        else:
            time.sleep(QUIET_SECONDS + 3)
        if number % 10 == 9:
            print(lived[-1], flush=True)
    return lived
