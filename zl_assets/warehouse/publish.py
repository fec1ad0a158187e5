"""The write path: stage, audit, compare, then one MERGE. A fault at any point leaves the target as it was.

Belongs here: the order of the steps and what each must prove before the next. Must not be here: SQL text (sql.py), schema rules
(schema.py), retries (jobs.py), rules about the data, anything from dagster.
"""

import datetime as dt
import logging
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import sqlglot
from google.cloud import bigquery

from zl_assets.errors import SettingError, ZlError
from zl_assets.warehouse import frames, ownership, schema, sql
from zl_assets.warehouse.contract import Column, Part, TableContract, ViewContract, WriteMode
from zl_assets.warehouse.errors import DataFault, SchemaConflict, SourceConflict
from zl_assets.warehouse.jobs import JobRunner
from zl_assets.warehouse.names import STAGING_PREFIX, Namespace, TableName
from zl_assets.warehouse.process import is_orphan, owner
from zl_assets.warehouse.shape import empty_frame
from zl_assets.warehouse.verdict import RowRule, require

log = logging.getLogger(__name__)

OWNER_LABEL = "zl_owner"
SOURCE_LABEL = "zl_source"

# A staging table lives for seconds; should its run die on a machine that never runs again, BigQuery drops it after this.
STAGING_LIFETIME = dt.timedelta(hours=6)

# Seconds spent on dropping the staging table of a write that has failed already.
ABANDON_DEADLINE = 10.0

# A query's text. https://cloud.google.com/bigquery/quotas#query_jobs
MAX_QUERY_BYTES = 1024 * 1024

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
    """

    frame: pd.DataFrame
    source: str | None = None
    left: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Withheld:
    """Instead of a frame: nothing is written, and the table stays as it is.

    Attributes:
        reason: for a person.
    """

    reason: str


@dataclass(frozen=True)
class ViewDefinition:
    """The SELECT behind a view."""

    select: str


@dataclass(frozen=True)
class Change:
    """Rows that differ from the live table, in one of its partitions.

    Attributes:
        differing: rows to insert or update.
        added: rows to insert.
        low, high: range of the differing keys, or None in a table without a range column.
        updated_low, updated_high: range of those to update, or None where there is none.
    """

    differing: int
    added: int
    low: dt.date | None
    high: dt.date | None
    updated_low: dt.date | None = None
    updated_high: dt.date | None = None


@dataclass(frozen=True)
class WriteReport:
    """What one publication did.

    Attributes:
        inserted, updated: rows that were missing or different just before the MERGE, and are as in the frame now. Not the MERGE's
            own count: one whose answer was lost is sent again, and then counts nothing.
    """

    table: str
    staged: int
    inserted: int
    updated: int
    unchanged: int
    row_count: int
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


@dataclass(frozen=True)
class Publisher:
    """Writes frames and views for one unit of work.

    Attributes:
        may_create: may datasets, tables and columns be created; staging tables always are.
        location: where every dataset must be.
        max_partitions: partitions that one MERGE may change.
    """

    runner: JobRunner
    namespace: Namespace
    may_create: bool
    location: str
    max_partitions: int

    def publish(self, publication: Publication, contract: TableContract, rules: Sequence[RowRule] = ()) -> WriteReport:
        """Bring the contract's table to the state of the frame: rows added and changed, none deleted.

        Raises:
            ContractViolation, DataFault: the frame is at fault; nothing was sent.
            SchemaConflict, SourceConflict: the live table cannot take it; nothing was written.
            WarehouseUnavailable, WarehouseRefused: BigQuery's side; the table is as it was, or as after the whole write.
        """
        contract = contract.leaving(publication.left)
        frames.validate(publication.frame, contract)
        require((rule(publication.frame) for rule in rules), contract.name)
        name = self.namespace.of(contract)
        live = self._live(name, contract, publication.source)
        off: tuple[Part, ...] = ()
        if live is not None:
            off = ownership.switched_off(contract, live)
            contract, frame = ownership.with_nulls(contract, off, publication.frame, live)
            publication = replace(publication, frame=frame)
        missing = self._missing(contract, live) if live is not None else ()
        staging = name.sibling(f"{STAGING_PREFIX}{contract.table}_{uuid.uuid4().hex[:12]}")
        created = live is None
        with self._staged(publication.frame, contract, staging):
            bounds = self._audit(publication.frame, contract, staging)
            if live is None:
                live = self._create(contract, name, publication.source)
                missing = self._missing(contract, live)  # another run may have created it first, with fewer parts
            changes = self._compare(contract, name, live, staging, bounds)
            if contract.mode is not WriteMode.UPSERT:
                self._refuse_changes(contract, name, live, staging, changes, bounds)
            if missing:
                self.runner.query(sql.add_columns(name, missing), "add_columns")
                live = self._get_table(name)
            # Before the write the labels name what was and what will be this product's, so that a run that dies in between leaves
            # nothing that the next one does not know of.
            self._label(name, ownership.labels_before(contract, live))
            statements = self._merge(contract, name, live, staging, changes)
            if contract.mode is WriteMode.APPEND and changes:
                # Another run can take a key between the comparison and the MERGE, which leaves such a row as it is. Seen by what
                # is there now: a MERGE whose answer was lost, and that was sent again, counts no rows of its own.
                taken = self._compare(contract, name, live, staging, bounds)
                self._refuse_taken(name, sum(change.differing for change in taken))
        self._label(name, ownership.labels_after(off))
        self._sweep(staging)
        [row] = self.runner.rows(sql.count_rows(name), "count")
        dates = [(c.low, c.high) for c in changes if c.low is not None and c.high is not None]
        staged = len(publication.frame)
        inserted = sum(change.added for change in changes)
        updated = sum(change.differing for change in changes) - inserted
        return WriteReport(
            table=str(name),
            staged=staged,
            inserted=inserted,
            updated=updated,
            unchanged=staged - inserted - updated,
            row_count=row["row_count"],
            created=created,
            columns_added=tuple(c.name for c in missing),
            partitions_changed=len(changes),
            statements=statements,
            changed_from=min((low for low, _ in dates), default=None),
            changed_to=max((high for _, high in dates), default=None),
            updated_from=min((c.updated_low for c in changes if c.updated_low is not None), default=None),
            updated_to=max((c.updated_high for c in changes if c.updated_high is not None), default=None),
            switched_off=tuple(part.name for part in off),
        )

    def publish_view(self, definition: ViewDefinition, contract: ViewContract) -> ViewReport:
        """Create or replace a view, unless the live one already says the same. Its SELECT is dry-run first.

        Raises:
            SchemaConflict: something that is not a view has the name; nothing was written.
            WarehouseUnavailable, WarehouseRefused: BigQuery's side.
        """
        name = self.namespace.of(contract)
        live = self._find(name)
        if live is not None and live.table_type != "VIEW":
            raise SchemaConflict(f"{name} is a {live.table_type}, expected a view. Rename or drop it, or set ZL_DATASET_PREFIX.")
        self.runner.dry_run(definition.select, "dry_run_view")
        replaced = live is None or not same_select(live.view_query, definition.select)
        if replaced:
            if live is None:
                self._need_create(str(name))
                self._ensure_dataset(name)
            self.runner.query(sql.create_view(name, contract, definition.select), "create_view")
        [row] = self.runner.rows(sql.count_rows(name), "count")
        return ViewReport(str(name), replaced, row["row_count"])

    def read(self, contract: TableContract | ViewContract) -> pd.DataFrame:
        """The rows of a table or view, ordered by key, one column per leaf.

        A nullable column that the live table does not have is read as NULL.

        Raises:
            SchemaConflict: the table, or a column that must be there, does not exist.
            WarehouseUnavailable, WarehouseRefused: BigQuery's side.
        """
        leaves = contract.frame_leaves
        name = self.namespace.of(contract)
        live = self._find(name)
        if live is None:
            raise SchemaConflict(
                f"{name} does not exist. Materialize the asset {contract.table} first. If somebody else's job fills it, check "
                "ZL_GCP_PROJECT and ZL_DATASET_PREFIX."
            )
        have = sql.leaf_paths(schema.live_columns(list(live.schema)))
        absent = [leaf for leaf in leaves if leaf.path.casefold() not in have]
        if needed := [leaf.path for leaf in absent if not leaf.column.nullable]:
            raise SchemaConflict(f"{name} lacks {', '.join(needed)}. Compare it with the columns that README.md lists.")
        parameters = [bigquery.ArrayQueryParameter("symbols", "STRING", list(contract.symbols))] if contract.symbols else []
        text = sql.select_frame(name, leaves, by_symbol=bool(contract.symbols), absent=absent)
        # Ordered here: ORDER BY over a whole table is one worker's job in BigQuery, and most of a large read in the embedded one.
        rows = self.runner.arrow(text, "read", parameters).sort_by([(column, "ascending") for column in contract.key])
        return frames.from_arrow(rows, leaves)

    def read_or_empty(self, contract: TableContract | ViewContract) -> pd.DataFrame:
        """As `read`, but no rows where there is no such table or view."""
        return self.read(contract) if self.exists(contract) else empty_frame(contract)

    @contextmanager
    def scratch(self, contract: TableContract) -> Iterator[TableContract]:
        """An empty table of the contract's layout under a name that no other table can have; it expires, and is dropped at the
        end. Yields the contract under that name, to be published and read like any other."""
        name = self.namespace.of(contract)
        self._ensure_dataset(name)
        scratch = name.sibling(f"{STAGING_PREFIX}scratch_{contract.table}_{uuid.uuid4().hex[:12]}")
        table = schema.new_table(contract, scratch, {OWNER_LABEL: owner()})
        table.expires = dt.datetime.now(dt.UTC) + STAGING_LIFETIME
        with self._temporary(scratch):
            self.runner.call("create_scratch", self.runner.client.create_table, table, exists_ok=True)
            yield replace(contract, table=scratch.table)

    def is_elsewhere(self, dataset: bigquery.Dataset) -> bool:
        """Is the dataset in another location than ours? No query of ours sees anything of it then."""
        return bool(dataset.location.casefold() != self.location.casefold())

    def exists(self, contract: TableContract | ViewContract) -> bool:
        """Is there such a table or view?"""
        return self._find(self.namespace.of(contract)) is not None

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

    # -- the steps ----------------------------------------------------------------------------------------------------

    def _live(self, name: TableName, contract: TableContract, source: str | None) -> bigquery.Table | None:
        """The live table, fit to be looked at further; None where it does not exist and may be created."""
        live = self._find(name)
        self._ensure_dataset(name)
        if live is None:
            self._need_create(str(name))
            return None
        if source is not None and live.labels.get(SOURCE_LABEL) != source:
            raise SourceConflict(
                f"{name} holds bars of the source {live.labels.get(SOURCE_LABEL, 'unknown')!r}, and these are {source!r}. "
                "Sources are never mixed. Empty the embedded warehouse with 'python -m zl_assets.warehouse reset', or set "
                "ZL_STATE_DIR to another folder."
            )
        return live

    def _need_create(self, what: str) -> None:
        if not self.may_create:
            raise SchemaConflict(f"{what} does not exist and ZL_CREATE is false. Create it by hand, or set ZL_CREATE=true.")

    def _find(self, name: TableName) -> bigquery.Table | None:
        return self.runner.find("get_table", self.runner.client.get_table, str(name))

    def _get_table(self, name: TableName) -> bigquery.Table:
        table = self._find(name)
        if table is None:
            raise SchemaConflict(f"{name} was dropped while it was being written. Run it again.")
        return table

    def _ensure_dataset(self, name: TableName) -> None:
        reference = f"{name.project}.{name.dataset}"
        client = self.runner.client
        dataset = self.runner.find("get_dataset", client.get_dataset, reference)
        if dataset is None:
            self._need_create(f"dataset {reference}")
            wanted = bigquery.Dataset(reference)
            wanted.location = self.location
            dataset = self.runner.call("create_dataset", client.create_dataset, wanted, exists_ok=True)
        if self.is_elsewhere(dataset):
            raise SchemaConflict(
                f"dataset {reference} is in {dataset.location}, and ZL_LOCATION is {self.location}. One query cannot span two "
                "locations: set ZL_LOCATION to the dataset's, or ZL_DATASET_PREFIX to work beside it."
            )

    def _create(self, contract: TableContract, name: TableName, source: str | None) -> bigquery.Table:
        labels = ownership.labels_of(contract) | ({SOURCE_LABEL: source} if source is not None else {})
        table = schema.new_table(contract, name, labels)
        self.runner.call("create_table", self.runner.client.create_table, table, exists_ok=True)
        # Read it back: another run may have created it first, from another source.
        created = self._live(name, contract, source)
        if created is None:
            raise SchemaConflict(f"{name} was dropped while it was being created. Run it again.")
        return created

    def _missing(self, contract: TableContract, live: bigquery.Table) -> tuple[Column, ...]:
        """Columns that must be added to a live table that can be used.

        Raises:
            SchemaConflict: it cannot be used, or columns may not be added.
        """
        missing = schema.adopt(contract, live).missing
        if missing and not self.may_create:
            raise SchemaConflict(
                f"{TableName(live.project, live.dataset_id, live.table_id)} lacks {', '.join(c.name for c in missing)} and "
                "ZL_CREATE is false. Add the columns by hand, or set ZL_CREATE=true."
            )
        return missing

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

    @contextmanager
    def _staged(self, frame: pd.DataFrame, contract: TableContract, staging: TableName) -> Iterator[None]:
        """The frame in a staging table that is dropped at the end."""
        with self._temporary(staging):
            self._stage(frame, contract, staging)
            yield

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
            log.warning("%s stays behind until the next write, or %s: %s", staging, STAGING_LIFETIME, error)

    def _stage(self, frame: pd.DataFrame, contract: TableContract, staging: TableName) -> None:
        fields = [schema.staging_field(leaf) for leaf in contract.frame_leaves]
        table = bigquery.Table(str(staging), schema=fields)
        table.expires = dt.datetime.now(dt.UTC) + STAGING_LIFETIME
        table.labels = {OWNER_LABEL: owner()}
        # The table is created first: a load that creates one would make every column nullable.
        self.runner.call("create_staging", self.runner.client.create_table, table, exists_ok=True)
        self.runner.load(
            frames.to_parquet(frame, contract),
            str(staging),
            fields,
            "load",
            empty=lambda: self.runner.query(sql.truncate(staging), "empty_staging"),
        )

    def _audit(self, frame: pd.DataFrame, contract: TableContract, staging: TableName) -> list[bigquery.ScalarQueryParameter]:
        """Hold what was loaded against what was sent; returns the range of its keys as parameters."""
        [found] = self.runner.rows(sql.audit_staging(contract, staging), "audit")
        expected: dict[str, object] = {"row_count": len(frame), "distinct_keys": len(frame)}
        if contract.partition_by:
            dates = frame[contract.partition_by]
            expected |= {"low": dates.min().date(), "high": dates.max().date()}
        actual = {name: found[name] for name in expected}
        if actual != expected:
            raise DataFault(
                f"{contract.name}: what BigQuery staged is not what was sent. Expected {expected}, found {actual}. Nothing was "
                "written; run it again, and report it if it stays."
            )
        return _bounds(found["low"], found["high"], "") if contract.partition_by else []

    def _compare(
        self,
        contract: TableContract,
        name: TableName,
        live: bigquery.Table,
        staging: TableName,
        bounds: Sequence[bigquery.ScalarQueryParameter],
    ) -> list[Change]:
        partition = schema.partition_expression(contract, live)
        target = _target(contract, name, live)
        rows = self.runner.rows(sql.compare(target, staging, partition), "compare", bounds)
        if twice := sum(row["twice"] for row in rows):
            first = self.runner.rows(sql.doubled_keys(target, staging, limit=5), "doubled_keys", bounds)
            raise SchemaConflict(doubled(name, twice, [dict(row.items()) for row in first]))
        names = ("differing", "added", "low", "high", "updated_low", "updated_high")
        return [Change(**{name: row[name] for name in names}) for row in rows]

    def _refuse_changes(
        self,
        contract: TableContract,
        name: TableName,
        live: bigquery.Table,
        staging: TableName,
        changes: Sequence[Change],
        bounds: Sequence[bigquery.ScalarQueryParameter],
    ) -> None:
        changed = sum(change.differing - change.added for change in changes)
        if contract.mode is WriteMode.APPEND:
            self._refuse_taken(name, changed)
        if changed == 0:
            return
        rows = self.runner.rows(sql.differing_rows(_target(contract, name, live), staging, limit=10), "differing_rows", bounds)
        raise SchemaConflict(
            f"{name}: {changed} live rows differ from this product's record, and nothing was written. The record says:\n"
            + "\n".join(f"- {dict(row.items())}" for row in rows)
            + "\nPut the live rows right, or set ZL_DATASET_PREFIX to work beside them."
        )

    def _refuse_taken(self, name: TableName, taken: int) -> None:
        if taken:
            raise SchemaConflict(
                f"{name}: {taken} of the rows to be added have a key that another run wrote meanwhile. Its rows stay as "
                "they are. Run it again: it begins from what is there now."
            )

    def _merge(
        self, contract: TableContract, name: TableName, live: bigquery.Table, staging: TableName, changes: Sequence[Change]
    ) -> int:
        """The number of MERGE statements; none at all where nothing differs."""
        if not changes:
            return 0
        target = _target(contract, name, live)
        written_at = bigquery.ScalarQueryParameter(sql.WRITTEN_AT, "TIMESTAMP", dt.datetime.now(dt.UTC))
        ranges = merge_ranges(changes, self.max_partitions)
        low, high = ranges[0][0], ranges[-1][1]
        # Free: what BigQuery would refuse, for its form or a permission, is refused before anything changes.
        self.runner.dry_run(sql.merge(target, staging), "dry_run_merge", [written_at, *_bounds(low, high, "")])
        if len(ranges) == 1:
            self.runner.query(sql.merge(target, staging), "merge", [written_at, *_bounds(low, high, "")])
        else:
            bounds = [p for i, (low, high) in enumerate(ranges) for p in _bounds(low, high, f"_{i}")]
            script = sql.merge_in_transaction(target, staging, len(ranges))
            if len(script.encode()) > MAX_QUERY_BYTES:
                raise SettingError(
                    f"{name}: {len(changes)} partitions would change, and at {self.max_partitions} of them a MERGE "
                    f"(ZL_MAX_PARTITIONS) the transaction has {len(script.encode()):,} bytes of text, where BigQuery takes "
                    f"{MAX_QUERY_BYTES:,}. No row was written. Set ZL_MAX_PARTITIONS higher."
                )
            self.runner.query(script, "merge_in_transaction", [written_at, *bounds])
        return len(ranges)

    def _drop(self, table: TableName) -> None:
        self.runner.call("drop_staging", self.runner.client.delete_table, str(table), not_found_ok=True)

    def _sweep(self, staging: TableName) -> None:
        """Drop the staging tables that killed runs of this machine, and failed writes of this process, left in the dataset."""
        reference = f"{staging.project}.{staging.dataset}"
        tables = self.runner.call("list_staging", lambda **how: list(self.runner.client.list_tables(reference, **how)))
        for table in tables:
            # First its prefix: others' tables may have names that this product would never make.
            if table.table_id.startswith(STAGING_PREFIX):
                left, label = staging.sibling(table.table_id), table.labels.get(OWNER_LABEL, "")
                if str(left) not in _in_use and (label == owner() or is_orphan(label)):
                    self._drop(left)


def _target(contract: TableContract, name: TableName, live: bigquery.Table) -> sql.Target:
    return sql.Target(contract, name, schema.live_columns(list(live.schema)))


def _bounds(low: dt.date | None, high: dt.date | None, suffix: str) -> list[bigquery.ScalarQueryParameter]:
    if low is None or high is None:
        return []
    return [
        bigquery.ScalarQueryParameter(f"{sql.LOW}{suffix}", "DATE", low),
        bigquery.ScalarQueryParameter(f"{sql.HIGH}{suffix}", "DATE", high),
    ]


def merge_ranges(changes: Sequence[Change], max_partitions: int) -> list[tuple[dt.date | None, dt.date | None]]:
    """Key ranges of the MERGEs, each touching at most `max_partitions` of the partitions that change.

    Args:
        changes: one per changed partition, in order of the partitions.
    """
    chunks = [changes[i : i + max_partitions] for i in range(0, len(changes), max_partitions)]
    return [(chunk[0].low, chunk[-1].high) for chunk in chunks]


def doubled(name: TableName, keys: int, first: Sequence[Mapping[Any, object]]) -> str:
    """What to say of a live table that has a key more than once."""
    examples = "\n".join(f"- {', '.join(f'{column}={value}' for column, value in row.items())}" for row in first)
    return (
        f"{name}: {keys} keys that must be unique are there more than once, and nothing was written, since no MERGE could put "
        f"that right:\n{examples}\nDelete the rows that are too many, or set ZL_DATASET_PREFIX to work beside them."
    )


def same_select(left: str, right: str) -> bool:
    """Do two SELECTs say the same, whatever their layout? One that cannot be parsed, as in the legacy dialect, says something
    else."""
    try:
        return sqlglot.parse_one(left, dialect="bigquery") == sqlglot.parse_one(right, dialect="bigquery")
    except sqlglot.errors.SqlglotError:
        return False
