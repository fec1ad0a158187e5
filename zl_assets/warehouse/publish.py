"""The write path: read what is live, find out what differs, write that alone, read it back. A fault at any point leaves the
target as it was, or as after the whole write.

Belongs here: the order of the steps and what each must prove before the next. Must not be here: SQL text (sql.py), what differs
(diff.py), what stands in the way (inspection.py), schema rules (schema.py), retries (jobs.py), rules about the data, anything
from dagster.
"""

import datetime as dt
import json
import logging
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from google.cloud import bigquery

from zl_assets.errors import ZlError
from zl_assets.warehouse import frames, ownership, reading, schema, sql
from zl_assets.warehouse.changes import Change, changes_of, merge_ranges
from zl_assets.warehouse.contract import Column, Leaf, Part, TableContract, ViewContract, WriteMode, staged_of
from zl_assets.warehouse.diff import Diff, Mask, diff
from zl_assets.warehouse.errors import ChangedMeanwhile, Hint, SchemaConflict, TooManyPartitions
from zl_assets.warehouse.inspection import Inspection, Terms, inspect, is_elsewhere
from zl_assets.warehouse.jobs import JobRunner, Parameter
from zl_assets.warehouse.memory import LiveRows, RunMemory
from zl_assets.warehouse.names import Namespace, TableName
from zl_assets.warehouse.process import is_orphan, owner
from zl_assets.warehouse.shape import empty_frame
from zl_assets.warehouse.verdict import RowRule, require

log = logging.getLogger(__name__)

# A staging table lives for seconds; should its run die on a machine that never runs again, BigQuery drops it after this.
STAGING_LIFETIME = dt.timedelta(hours=6)

# Seconds spent on dropping the staging table of a write that has failed already, or was interrupted, which is to end in ten.
ABANDON_DEADLINE = 5.0

# A query's text. https://cloud.google.com/bigquery/quotas#query_jobs
MAX_QUERY_BYTES = 1024 * 1024

# A MERGE whose rows travel in its request, as JSON. BigQuery takes 10 MB; beyond this a load is quicker: at 256 KB, some 500 rows
# of a dozen columns.
MAX_GIVEN_BYTES = 256 * 1024

# A live table is read whole, for the checks to use the same rows, unless it has more than so many rows for each of the frame's.
WHOLE_UP_TO = 10

# A first load that finds that another run was first begins again from what is there now; once is enough but for a table that
# somebody empties in between.
ATTEMPTS = 3

# Staging tables that writes of this process are at work with: of its others, none is needed any more.
_in_use: set[str] = set()


@dataclass(frozen=True)
class Publication:
    """A frame to be written, and where it comes from.

    Attributes:
        frame: one column per leaf of the contract.
        source: label value (lower-case letters, digits, - and _) that the table keeps for life; None where it has no source.
        left: parts of the contract that there is nothing to say of: the frame does not have their columns, and the live table's
            stay as they are.
        adopts: a live table without that label is older than the label, and of this source: it gets it. Otherwise such a table
            is somebody else's, and refused.
    """

    frame: pd.DataFrame
    source: str | None = None
    left: frozenset[str] = frozenset()
    adopts: bool = False


@dataclass(frozen=True)
class Withheld:
    """Instead of a frame: nothing is written, and the table stays as it is.

    Attributes:
        reason: for a person.
        usual: nobody need look into it.
    """

    reason: str
    usual: bool = False


@dataclass(frozen=True)
class ViewDefinition:
    """The SELECT behind a view.

    Attributes:
        reads: the tables that it reads.
    """

    select: str
    reads: tuple[TableContract, ...]


@dataclass(frozen=True)
class WriteReport:
    """What one publication did.

    Attributes:
        inserted, updated: rows that were missing or different just before the write, and are as in the frame now.
        row_count: rows that the table holds of the contract's symbols, and first_date and last_date theirs; the frame may be
            of fewer.
        statements: MERGEs, or the one load into an empty table.
    """

    table: str
    staged: int
    inserted: int
    updated: int
    unchanged: int
    row_count: int
    first_date: dt.date | None
    last_date: dt.date | None
    created: bool
    columns_added: tuple[str, ...]
    partitions_changed: int
    statements: int
    changed_from: dt.date | None
    changed_to: dt.date | None
    updated_from: dt.date | None
    updated_to: dt.date | None
    switched_off: tuple[str, ...] = ()


@dataclass(frozen=True)
class ViewReport:
    """What publishing a view did."""

    view: str
    replaced: bool
    row_count: int


@dataclass(frozen=True, eq=False)
class Compared:
    """A frame held against the live table.

    Attributes:
        rows: the frame as it would be written.
        live: what it was compared with.
        found: how they differ.
        changes: what would be written, by partition.
    """

    rows: pa.Table
    live: LiveRows
    found: Diff
    changes: tuple[Change, ...]

    @property
    def written_within(self) -> tuple[dt.date, dt.date] | None:
        """The first and the last date that would be written; None where there are none."""
        dates = [(change.low, change.high) for change in self.changes if change.low is not None and change.high is not None]
        return (min(low for low, _ in dates), max(high for _, high in dates)) if dates else None


@dataclass(frozen=True)
class Publisher:
    """Writes frames and views for one unit of work.

    Attributes:
        terms: under which it writes.
        max_partitions: partitions that one MERGE may change.
        memory: what its run knows already.
    """

    runner: JobRunner
    namespace: Namespace
    terms: Terms
    max_partitions: int
    memory: RunMemory = field(default_factory=RunMemory)

    def publish(self, publication: Publication, contract: TableContract, rules: Sequence[RowRule] = ()) -> WriteReport:
        """Bring the contract's table to the state of the frame: rows added and changed, none deleted.

        Raises:
            ContractViolation, DataFault: the frame is at fault; nothing was sent.
            SchemaConflict, SourceConflict: the live table cannot take it; nothing was written.
            ChangedMeanwhile: another run wrote other values into the same rows; each row is as one of the two wrote it.
            WarehouseUnavailable, WarehouseRefused: BigQuery's side; the table is as it was, or as after the whole write.
        """
        wanted, contract = contract, contract.leaving(publication.left)
        frames.validate(publication.frame, contract)
        require((rule(publication.frame) for rule in rules), contract.name)
        seen = self.inspect(contract, publication.source, adopts=publication.adopts)
        seen.require()
        name, created = seen.name, seen.live is None
        first: Compared | None = None
        for _ in range(ATTEMPTS):
            is_new = seen.live is None
            if is_new:
                seen = self._create(seen, contract, publication)
            live, missing = self._there(seen), seen.missing
            off = ownership.switched_off(contract, live, self.terms.marks)
            written, frame = ownership.with_nulls(contract, off, publication.frame, live)
            labels = ownership.labels_before(contract, live, self.terms.marks, publication.source)
            ownership.refuse_too_many(name, live.labels, labels)
            before = self.compare(seen, written, frame, also=wanted, is_new=is_new)
            first = first or before
            _refuse(written, name, before)
            if missing:
                self.runner.query(sql.add_columns(name, missing), "add_columns")
                live = self._get_table(name)
            if seen.required:
                live = self._let_be_null(name, seen.required)
            # Before the write the labels name what was and what will be this product's, so that a run that dies in between leaves
            # nothing that the next one does not know of.
            self._label(name, labels)
            statements = self._write(written, name, live, before, is_new=is_new) if before.changes else 0
            if statements is not None:
                break
            seen = self.inspect(contract, publication.source, adopts=publication.adopts)
            seen.require()
        else:
            raise ChangedMeanwhile(f"{name}: others filled and emptied it while this run loaded it. Run it again.")
        kept = before.live
        if before.changes:
            kept = self._read_back(replace(seen, live=live), written, frame, wanted, before)
        self._label(name, ownership.labels_after(contract, off, self.terms.marks))
        self._sweep(name)
        if kept.whole:
            self.memory.keep(name, kept)
        # Where a load's answer was lost nothing differs any more: what was missing just before is what this run wrote.
        told = before if before.changes else first
        return self._report(name, wanted, told, kept, statements, missing, off, created=created)

    def publish_view(self, definition: ViewDefinition, contract: ViewContract) -> ViewReport:
        """Create or replace a view, unless the live one already says the same. A new SELECT is dry-run first.

        Raises:
            SchemaConflict: something that is not a view has the name; nothing was written.
            WarehouseUnavailable, WarehouseRefused: BigQuery's side.
        """
        seen = self.inspect(contract)
        seen.require()
        name = seen.name
        replaced = seen.live is None or not same_select(seen.live.view_query, definition.select)
        if replaced:
            self.runner.dry_run(definition.select, "dry_run_view")
            self._ensure_dataset(seen)
            self.memory.forget(name)
            self.runner.query(sql.create_view(name, contract, definition.select), "create_view")
        rows = self._read_view(name, contract)
        self.memory.keep(name, rows, of={self.namespace.of(table) for table in definition.reads})
        return ViewReport(str(name), replaced, rows.rows.num_rows)

    def inspect(self, contract: TableContract | ViewContract, source: str | None = None, *, adopts: bool = False) -> Inspection:
        """What stands in the way of writing a contract's table or view: existence, location, source, schema, what may be created.

        Args:
            source, adopts: as of a `Publication`.

        Raises:
            WarehouseUnavailable, WarehouseRefused: BigQuery's side.
        """
        name = self.namespace.of(contract)
        live = self._find(name)
        dataset = self.memory.datasets.get(name.home)
        if dataset is None:
            dataset = self.runner.find("get_dataset", self.runner.client.get_dataset, name.home)
            if dataset is not None:
                self.memory.datasets[name.home] = dataset
        return inspect(contract, name, dataset, live, self.terms, source, adopts=adopts)

    def read(self, contract: TableContract | ViewContract) -> pd.DataFrame:
        """The rows of a table or view as they are now, ordered by key, one column per leaf.

        A nullable column that the live table does not have is read as NULL.

        Raises:
            SchemaConflict: the table, or a column that must be there, does not exist.
            WarehouseUnavailable, WarehouseRefused: BigQuery's side.
        """
        rows = self._read_live(contract)
        if rows is None:
            raise SchemaConflict(
                f"{self.namespace.of(contract)} does not exist. Materialize the asset that writes it first; if somebody else's "
                "job fills it, look for it there.",
                Hint.HOME,
            )
        return rows.frame(contract)

    def read_or_empty(self, contract: TableContract | ViewContract) -> pd.DataFrame:
        """As `read`, but no rows where there is no such table or view."""
        rows = self._read_live(contract)
        return empty_frame(contract) if rows is None else rows.frame(contract)

    def latest(self, contract: TableContract | ViewContract, *, absent_ok: bool = False) -> pd.DataFrame:
        """The rows as this run last read them, after its own last write; read now if it has not.

        Args:
            absent_ok: no rows, instead of an error, where there is no such table or view.

        Raises:
            SchemaConflict, WarehouseUnavailable, WarehouseRefused: as `read`.
        """
        known = self.memory.find(self.namespace.of(contract), contract)
        if known is not None:
            return known.frame(contract)
        return self.read_or_empty(contract) if absent_ok else self.read(contract)

    @contextmanager
    def scratch(self, contract: TableContract) -> Iterator[TableContract]:
        """An empty table of the contract's layout under a name that no other table can have; it expires, and is dropped at the
        end. Yields the contract under that name, to be published and read like any other."""
        seen = self.inspect(contract)
        self._ensure_dataset(seen)
        prefix = self.terms.marks.staging_prefix
        scratch = seen.name.sibling(f"{prefix}scratch_{contract.table}_{uuid.uuid4().hex[:12]}")
        table = schema.new_table(contract, scratch, {self.terms.marks.owner_label: owner()})
        table.expires = dt.datetime.now(dt.UTC) + STAGING_LIFETIME
        with self._temporary(scratch):
            self.runner.call("create_scratch", self.runner.client.create_table, table, exists_ok=True)
            yield replace(contract, table=scratch.table)

    def is_elsewhere(self, dataset: bigquery.Dataset) -> bool:
        """Is the dataset in another location than ours?"""
        return is_elsewhere(dataset, self.terms.location)

    def view_query(self, contract: ViewContract) -> str:
        """The SELECT of the live view.

        Raises:
            SchemaConflict: there is no such view.
        """
        name = self.namespace.of(contract)
        live = self._find(name)
        if live is None or live.table_type != "VIEW":
            raise SchemaConflict(f"{name} is not there, or is not a view. Materialize the asset {contract.table} first.")
        return str(live.view_query)

    def compare(
        self,
        seen: Inspection,
        contract: TableContract,
        frame: pd.DataFrame,
        *,
        also: TableContract,
        is_new: bool = False,
        within: tuple[dt.date, dt.date] | None = None,
    ) -> Compared:
        """Hold a frame against the live rows.

        Args:
            seen: the table as it was found; it must be there.
            contract: as it is written.
            also: as it is read afterwards: columns that are not written now are read too, so that one read does for both.
            is_new: this run has just created the table: not read, since only a load can tell whether it is still empty.
            within: the dates to read, and all of the frame's; if not given, as much as is worth it.
        """
        live = self._there(seen)
        target = _target(contract, seen.name, live)
        rows = frames.to_arrow(frame, contract.frame_leaves)
        if is_new:
            existing = LiveRows(rows.schema.empty_table(), (), whole=True)
        else:
            leaves = tuple({leaf.path: leaf for leaf in (*contract.frame_leaves, *also.frame_leaves)}.values())
            between = within or _between(contract, live, frame)
            symbols = contract.symbols if within else _symbols(contract, frame, between)
            found_rows = self._read_table(target, live, leaves, symbols, between)
            existing = LiveRows(found_rows, symbols, whole=between is None)
        compared = {leaf.staged: leaf.staged for leaf in contract.value_leaves} | {
            column.name: staged_of(str(column.copy_of)) for column in target.repeats
        }
        hollow = [reading.hollow_name(column) for column, _ in sql.written_structs(target)]
        found = diff(rows, existing.rows, contract.key, compared, hollow)
        dates = frame.loc[found.differing, contract.partition_by] if contract.partition_by else None
        changes = changes_of(dates, found.added[found.differing], schema.partition_unit(contract, live))
        return Compared(rows, existing, found, tuple(changes))

    def read_cost(self, seen: Inspection, contract: TableContract, frame: pd.DataFrame) -> int:
        """Bytes that reading what a frame is compared with takes, by a dry run."""
        live = self._there(seen)
        target, between = _target(contract, seen.name, live), _between(contract, live, frame)
        symbols = _symbols(contract, frame, between)
        columns = reading.live_columns_of(target, contract.frame_leaves)
        bounding = contract.partition_by if between else None
        text = sql.select_columns(seen.name, columns, by_symbol=bool(symbols), range_column=bounding)
        return self.runner.dry_run(text, "dry_run_read", _row_parameters(symbols, between))

    # -- the steps ----------------------------------------------------------------------------------------------------

    def _find(self, name: TableName) -> bigquery.Table | None:
        return self.runner.find("get_table", self.runner.client.get_table, str(name))

    def _get_table(self, name: TableName) -> bigquery.Table:
        table = self._find(name)
        if table is None:
            raise SchemaConflict(f"{name} was dropped while it was being written. Run it again.")
        return table

    def _ensure_dataset(self, seen: Inspection) -> None:
        """Create the dataset if it is not there; whoever calls has looked that it may."""
        if seen.dataset is not None:
            return
        wanted = bigquery.Dataset(seen.name.home)
        wanted.location = self.terms.location
        dataset = self.runner.call("create_dataset", self.runner.client.create_dataset, wanted, exists_ok=True)
        self.memory.datasets[seen.name.home] = dataset

    def _there(self, seen: Inspection) -> bigquery.Table:
        if seen.live is None:
            raise SchemaConflict(f"{seen.name} does not exist.")
        return seen.live

    def _create(self, seen: Inspection, contract: TableContract, publication: Publication) -> Inspection:
        """Create the table, and look at what is there: another run may have been first, with another source or fewer parts."""
        self._ensure_dataset(seen)
        labels = ownership.labels_of(contract, self.terms.marks, publication.source)
        table = schema.new_table(contract, seen.name, labels)
        live = self.runner.call("create_table", self.runner.client.create_table, table, exists_ok=True)
        home = self.memory.datasets[seen.name.home]
        found = inspect(contract, seen.name, home, live, self.terms, publication.source, adopts=publication.adopts)
        found.require()
        return found

    def _label(self, name: TableName, labels: Mapping[str, str | None]) -> None:
        """Set these labels of the live table, and take away those that are None; all others stay."""
        if not labels:
            return

        def relabel(**how: Any) -> None:
            # Read again in each attempt: the change is made on the condition that nobody, not even a first attempt whose answer
            # was lost, has changed the table since.
            table = self._get_table(name)
            table.labels = {**table.labels, **labels}
            self.runner.client.update_table(table, ["labels"], **how)

        self.runner.call("label_table", relabel)

    def _let_be_null(self, name: TableName, columns: Sequence[Column]) -> bigquery.Table:
        """Take NOT NULL from these columns; the rows stay as they are. Returns the table as it is then."""

        def relax(**how: Any) -> None:
            # As with labels: on the condition that nobody has changed the table since it was read.
            table = self._get_table(name)
            table.schema = schema.without_required(list(table.schema), [column.name for column in columns])
            self.runner.client.update_table(table, ["schema"], **how)

        self.runner.call("let_be_null", relax)
        return self._get_table(name)

    def _read_live(self, contract: TableContract | ViewContract) -> LiveRows | None:
        """The rows as they are now; None where there is no such table or view."""
        name = self.namespace.of(contract)
        live = self._find(name)
        if live is None:
            return None
        have = sql.leaf_paths(schema.live_columns(list(live.schema)))
        if needed := [
            leaf.path for leaf in contract.frame_leaves if leaf.path.casefold() not in have and not leaf.column.nullable
        ]:
            raise SchemaConflict(f"{name} lacks {', '.join(needed)}. Compare it with the columns that are documented.")
        if isinstance(contract, ViewContract):
            return self._read_view(name, contract)
        target = _target(contract, name, live)
        found = self._read_table(target, live, contract.frame_leaves, contract.symbols, None)
        rows = LiveRows(found, contract.symbols, whole=True)
        self.memory.keep(name, rows)
        return rows

    def _read_table(
        self,
        target: sql.Target,
        live: bigquery.Table,
        leaves: Sequence[Leaf],
        symbols: tuple[str, ...],
        between: tuple[dt.date, dt.date] | None,
    ) -> pa.Table:
        """Rows as the write path compares them."""
        columns, bounding = reading.live_columns_of(target, leaves), target.range_column if between else None
        if live.table_type == "TABLE":
            rows = self.runner.read(live, columns, reading.row_restriction(symbols, bounding, between), "read")
        else:
            # Somebody else's view, or an external table: the Storage API refuses the first.
            text = sql.select_columns(target.name, columns, by_symbol=bool(symbols), range_column=bounding)
            rows = self.runner.arrow(text, "read", _row_parameters(symbols, between))
        return reading.as_compared(rows, target, leaves)

    def _read_view(self, name: TableName, contract: ViewContract) -> LiveRows:
        return LiveRows(self.runner.arrow(sql.select_frame(name, contract.frame_leaves), "read"), (), whole=True)

    def _write(
        self, contract: TableContract, name: TableName, live: bigquery.Table, before: Compared, *, is_new: bool
    ) -> int | None:
        """Write what differs; how many statements that took, a load being one. None if it must begin again: the table was to be
        loaded, and has rows by now, or cannot be loaded and was not read."""
        self.memory.forget(name)
        target = _target(contract, name, live)
        now = dt.datetime.now(dt.UTC)
        ranges = merge_ranges(before.changes, self.max_partitions)
        if len(ranges) == 1 and before.live.is_empty_table:
            stored = frames.as_stored(before.rows, target, now) if schema.takes_loads(contract, live) else None
            if stored is not None:
                fields = [field for field in live.schema if field.name in stored.column_names]
                return 1 if self.runner.load(frames.to_parquet(stored), str(name), fields, "load") else None
        if is_new:
            return None
        rows = before.rows.filter(pa.array(before.found.differing))
        # Rows of a table that is only appended to are never changed, and here no other row is to be.
        updates = bool(before.found.changed.any())
        written_at = bigquery.ScalarQueryParameter(sql.WRITTEN_AT, "TIMESTAMP", now)
        low, high = ranges[0][0], ranges[-1][1]
        given = given_rows(contract, rows) if len(ranges) == 1 else None
        if given is not None:
            self.runner.query(sql.merge_given(target, updates=updates), "merge", [written_at, given, *_bounds(low, high, "")])
            return 1
        staging = name.sibling(f"{self.terms.marks.staging_prefix}{contract.table}_{uuid.uuid4().hex[:12]}")
        script = sql.merge_staged(target, staging, len(ranges), updates=updates)
        if len(script.encode()) > MAX_QUERY_BYTES:
            raise TooManyPartitions(
                f"{name}: {len(before.changes)} partitions would change, and at {self.max_partitions} of them a MERGE the "
                f"transaction has {len(script.encode()):,} bytes of text, where BigQuery takes {MAX_QUERY_BYTES:,}. No row was "
                "written.",
                Hint.PARTITIONS,
            )
        with self._temporary(staging):
            self._stage(rows, contract, staging)
            bounds = [p for i, (low, high) in enumerate(ranges) for p in _bounds(low, high, f"_{i}")]
            count = bigquery.ScalarQueryParameter(sql.STAGED, "INT64", rows.num_rows)
            self.runner.query(script, "merge_staged", [written_at, count, *bounds])
        return len(ranges)

    def _read_back(
        self, seen: Inspection, contract: TableContract, frame: pd.DataFrame, also: TableContract, before: Compared
    ) -> LiveRows:
        """What the table holds after a write, held against what was to be written.

        Where the whole table was read before, only the dates between the first and the last that were written are read again.
        """
        column, within = contract.partition_by, before.written_within
        if column is None or not before.live.whole or before.live.is_empty_table:
            within = None
        rows = frame if within is None else frame[frame[column].between(pd.Timestamp(within[0]), pd.Timestamp(within[1]))]
        after = self.compare(seen, contract, rows, also=also, within=within)
        if contract.mode is not WriteMode.RECORD:
            _refuse(contract, seen.name, after)
        if after.changes:
            first = keys_of(contract, after, after.found.differing)
            raise ChangedMeanwhile(
                f"{seen.name}: {int(after.found.differing.sum()):,} of the rows that were written are not as they were written: "
                f"another run, or a person, changed them meanwhile. First: {first}. Run it again."
            )
        return after.live if within is None else before.live.with_dates(str(column), within, after.live)

    @contextmanager
    def _temporary(self, table: TableName) -> Iterator[None]:
        """A table that is made in the block and dropped at its end, whatever the end."""
        _in_use.add(str(table))
        try:
            yield
        except BaseException:
            self._abandon(table)
            raise
        else:
            self._drop(table)
        finally:
            _in_use.discard(str(table))

    def _abandon(self, staging: TableName) -> None:
        """Try once more to drop the staging table, without hiding the error that brought us here."""
        hurried = replace(self.runner, deadline=min(self.runner.deadline, ABANDON_DEADLINE))
        try:
            hurried.call("drop_staging", self.runner.client.delete_table, str(staging), not_found_ok=True)
        except ZlError as error:
            log.warning("%s stays behind until the next run, or %s: %s", staging, STAGING_LIFETIME, error)

    def _stage(self, rows: pa.Table, contract: TableContract, staging: TableName) -> None:
        fields = [schema.staging_field(leaf) for leaf in contract.frame_leaves]
        table = bigquery.Table(str(staging), schema=fields)
        table.expires = dt.datetime.now(dt.UTC) + STAGING_LIFETIME
        table.labels = {self.terms.marks.owner_label: owner()}
        # The table is created first: a load that creates one would make every column nullable. That it has rows already means
        # that an answer was lost; the script that follows proves that they are the right ones.
        self.runner.call("create_staging", self.runner.client.create_table, table, exists_ok=True)
        self.runner.load(frames.to_parquet(rows), str(staging), fields, "load_staging")

    def _drop(self, table: TableName) -> None:
        self.runner.call("drop_staging", self.runner.client.delete_table, str(table), not_found_ok=True)

    def _sweep(self, name: TableName) -> None:
        """Once a run, drop the staging tables that killed runs of this machine, and failed writes of this process, left in the
        dataset."""
        if name.home in self.memory.swept:
            return
        marks = self.terms.marks
        tables = self.runner.call("list_staging", lambda **how: list(self.runner.client.list_tables(name.home, **how)))
        for table in tables:
            # First its prefix: others' tables may have names that this product would never make.
            if table.table_id.startswith(marks.staging_prefix):
                left, label = name.sibling(table.table_id), table.labels.get(marks.owner_label, "")
                if str(left) not in _in_use and (label == owner() or is_orphan(label)):
                    self._drop(left)
        self.memory.swept.add(name.home)

    def _report(
        self,
        name: TableName,
        contract: TableContract,
        before: Compared,
        kept: LiveRows,
        statements: int,
        missing: Sequence[Column],
        off: Sequence[Part],
        *,
        created: bool,
    ) -> WriteReport:
        changes = before.changes
        changed_from, changed_to = before.written_within or (None, None)
        staged = before.rows.num_rows
        inserted = int(before.found.added.sum())
        updated = int(before.found.changed.sum())
        column = contract.partition_by
        if kept.whole:
            dates = kept.rows.column(column) if column else pa.array([])
            row_count, first_date, last_date = kept.rows.num_rows, pc.min(dates).as_py(), pc.max(dates).as_py()
        else:
            [row] = self.runner.rows(sql.count_dates(name, str(column)), "count")
            row_count, first_date, last_date = row["row_count"], row["first_date"], row["last_date"]
        return WriteReport(
            table=str(name),
            staged=staged,
            inserted=inserted,
            updated=updated,
            unchanged=staged - inserted - updated,
            row_count=row_count,
            first_date=first_date,
            last_date=last_date,
            created=created,
            columns_added=tuple(column.name for column in missing),
            partitions_changed=len(changes),
            statements=statements,
            changed_from=changed_from,
            changed_to=changed_to,
            updated_from=min((c.updated_low for c in changes if c.updated_low is not None), default=None),
            updated_to=max((c.updated_high for c in changes if c.updated_high is not None), default=None),
            switched_off=tuple(part.name for part in off),
        )


def _target(contract: TableContract, name: TableName, live: bigquery.Table) -> sql.Target:
    return sql.Target(contract, name, schema.live_columns(list(live.schema)))


def _symbols(contract: TableContract, frame: pd.DataFrame, between: tuple[dt.date, dt.date] | None) -> tuple[str, ...]:
    """The symbols whose rows are read: those of the contract; in a read that serves the comparison alone, those of the frame."""
    if contract.symbols or between is None or "symbol" not in contract.key:
        return contract.symbols
    return tuple(frame["symbol"].unique())


def _between(contract: TableContract, live: bigquery.Table, frame: pd.DataFrame) -> tuple[dt.date, dt.date] | None:
    """The dates to read, where the table has so many rows beside the frame's that the rest is better left alone.

    Of a table that several symbols share the contract's own rows are read, all of them: how many others there are says nothing.
    """
    column = contract.partition_by
    if column is None or contract.symbols or (live.num_rows or 0) <= WHOLE_UP_TO * len(frame):
        return None
    return frame[column].min().date(), frame[column].max().date()


def _row_parameters(symbols: tuple[str, ...], between: tuple[dt.date, dt.date] | None) -> list[Parameter]:
    of_symbols: list[Parameter] = [bigquery.ArrayQueryParameter(sql.SYMBOLS, "STRING", list(symbols))] if symbols else []
    return [*of_symbols, *(_bounds(*between, "") if between else [])]


def _bounds(low: dt.date | None, high: dt.date | None, suffix: str) -> list[Parameter]:
    if low is None or high is None:
        return []
    return [
        bigquery.ScalarQueryParameter(f"{sql.LOW}{suffix}", "DATE", low),
        bigquery.ScalarQueryParameter(f"{sql.HIGH}{suffix}", "DATE", high),
    ]


def given_rows(contract: TableContract, rows: pa.Table) -> bigquery.ArrayQueryParameter | None:
    """Rows as a parameter; None where they are too many for a request."""
    kinds = {leaf.staged: leaf.column.type.value for leaf in contract.frame_leaves}
    # A value takes some 40 bytes of JSON, so this bounds what is made only to be measured.
    if rows.num_rows * len(kinds) * 10 > MAX_GIVEN_BYTES:
        return None
    values = [
        bigquery.StructQueryParameter(
            None, *(bigquery.ScalarQueryParameter(name, kind, row[name]) for name, kind in kinds.items())
        )
        for row in rows.to_pylist()
    ]
    of_row = bigquery.StructQueryParameterType(
        *(bigquery.ScalarQueryParameterType(kind, name=name) for name, kind in kinds.items())  # type: ignore[no-untyped-call]
    )
    given = bigquery.ArrayQueryParameter(sql.ROWS, of_row, values)
    return given if len(json.dumps(given.to_api_repr())) < MAX_GIVEN_BYTES else None


def _refuse(contract: TableContract, name: TableName, compared: Compared) -> None:
    """Raise what no write can put right, or may.

    Raises:
        SchemaConflict: a key is there more than once, or a row that must not be changed differs.
    """
    for obstacle in obstacles_of_rows(contract, name, compared):
        raise obstacle


def obstacles_of_rows(contract: TableContract, name: TableName, compared: Compared) -> list[SchemaConflict]:
    """Why the rows of the frame cannot be written, if they cannot."""
    found = []
    if compared.found.doubled.num_rows:
        found.append(_doubled(name, compared.found))
    changed = int(compared.found.changed.sum())
    if changed and contract.mode is WriteMode.APPEND:
        found.append(
            SchemaConflict(
                f"{name}: {changed} of the rows to be added have a key that another run wrote meanwhile. Its rows stay as they "
                "are. Run it again: it begins from what is there now."
            )
        )
    if changed and contract.mode is WriteMode.RECORD:
        rows = compared.rows.filter(pa.array(compared.found.changed)).slice(0, 10).to_pylist()
        found.append(
            SchemaConflict(
                f"{name}: {changed} live rows differ from this product's record, and nothing was written. The record says:\n"
                + "\n".join(f"- {row}" for row in rows)
                + "\nPut the live rows right.",
                Hint.BESIDE,
            )
        )
    return found


def _doubled(name: TableName, found: Diff) -> SchemaConflict:
    """A live table that has a key more than once."""
    first = found.doubled.slice(0, 5).to_pylist()
    examples = "\n".join(f"- {', '.join(f'{column}={value}' for column, value in row.items())}" for row in first)
    return SchemaConflict(
        f"{name}: {found.doubled.num_rows} keys that must be unique are there more than once, and nothing was written, since no "
        f"MERGE could put that right:\n{examples}\nDelete the rows that are too many.",
        Hint.BESIDE,
    )


def keys_of(contract: TableContract, compared: Compared, mask: Mask) -> str:
    """The first keys of some of the rows, for an error message."""
    first = compared.rows.select(list(contract.key)).filter(pa.array(mask)).slice(0, 5).to_pylist()
    return "; ".join(", ".join(f"{column}={value}" for column, value in row.items()) for row in first)


def same_select(left: str, right: str) -> bool:
    """Do two SELECTs say the same, whatever their layout? One that cannot be parsed, as in the legacy dialect, says something
    else."""
    if left == right:
        return True
    import sqlglot

    try:
        return sqlglot.parse_one(left, dialect="bigquery") == sqlglot.parse_one(right, dialect="bigquery")
    except sqlglot.errors.SqlglotError:
        return False
