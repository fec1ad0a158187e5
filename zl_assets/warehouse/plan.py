"""What publishing some frames would do, found out without writing anything, not even a staging table.

Belongs here: questions to BigQuery (does it exist, what would a dry run say, which rows are there) and their answers as a `Plan`.
Must not be here: anything that creates, changes or drops; and frames, which come from whoever computed them.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from google.cloud import bigquery

from zl_assets.errors import ZlError
from zl_assets.warehouse import frames, ownership, schema
from zl_assets.warehouse.answers import is_denied
from zl_assets.warehouse.changes import changes_of, merge_ranges
from zl_assets.warehouse.contract import TableContract, ViewContract
from zl_assets.warehouse.diff import Mask
from zl_assets.warehouse.errors import WarehouseRefused
from zl_assets.warehouse.inspection import Inspection
from zl_assets.warehouse.names import TableName
from zl_assets.warehouse.publish import Compared, Publication, Publisher, ViewDefinition, obstacles_of_rows, same_select

READ = ("bigquery.tables.get", "bigquery.tables.getData")
WRITE = (*READ, "bigquery.tables.update", "bigquery.tables.updateData")

GRANTED, DENIED, UNTESTED = "granted", "DENIED", "not tested"


@dataclass(frozen=True)
class Permission:
    """A permission, where it is needed, and what a test said."""

    name: str
    where: str
    outcome: str


class Action(Enum):
    """What would become of a table."""

    CREATE = "create"
    ADD_COLUMNS = "add columns"
    UNUSABLE = "none: it cannot be used"
    NONE = "none"


@dataclass(frozen=True)
class Object:
    """A dataset or view, and what would become of it."""

    name: str
    action: str


@dataclass(frozen=True)
class YearRows:
    """Rows of one table that would change in one calendar year (None: the table has no dates)."""

    year: int | None
    inserted: int
    updated: int
    first: dt.date | None
    last: dt.date | None


@dataclass(frozen=True)
class TablePlan:
    """What publishing would do to one table.

    Attributes:
        columns: those that would be added.
        rows: rows of the frame.
        live_rows: live rows of the frame's symbols within its date range.
        vanished: of these, rows that the frame does not have; publishing leaves them alone.
        years: changed rows, by calendar year.
        partitions: partitions that would change.
        statements: MERGE statements, in one transaction if several.
        bytes: what a dry run says that the comparison reads; None where there is nothing to compare with.
        switched_off: parts whose fields would be set NULL.
    """

    name: str
    action: Action
    columns: tuple[str, ...]
    rows: int
    live_rows: int
    vanished: int
    years: tuple[YearRows, ...]
    partitions: int
    statements: int
    bytes: int | None
    switched_off: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """The action for a person."""
        return _words(self.action, self.columns)

    @property
    def inserted(self) -> int:
        """Rows to insert."""
        return sum(year.inserted for year in self.years)

    @property
    def updated(self) -> int:
        """Rows to update."""
        return sum(year.updated for year in self.years)


@dataclass(frozen=True)
class Plan:
    """What publishing would do.

    Attributes:
        home: project, location and prefix, in words.
        permissions: empty where there is no access control.
        later: tables whose rows are known only then.
        stops: why it would end with an error, if it would.
    """

    home: str
    as_of: dt.date
    may_create: bool
    permissions: tuple[Permission, ...]
    datasets: tuple[Object, ...]
    tables: tuple[TablePlan, ...]
    view: Object
    later: tuple[Object, ...]
    stops: tuple[ZlError, ...]


@dataclass(frozen=True)
class PlannedView:
    """A view as it would be published."""

    contract: ViewContract
    definition: ViewDefinition


def make_plan(
    publisher: Publisher,
    publications: Mapping[TableContract, Publication],
    later: Sequence[TableContract],
    view: PlannedView,
    as_of: dt.date,
    permissions: Sequence[Permission],
    beside: Sequence[TablePlan] = (),
) -> Plan:
    """Compare frames and live tables.

    Args:
        publications: what would be published, by table, in that order.
        later: tables that are written in the end; only whether they can be is looked at.
        beside: tables of another plan that the view may read.
    """
    stops: list[ZlError] = []
    tables = []
    for contract, publication in publications.items():
        table, problems = _table(publisher, contract, publication)
        tables.append(table)
        stops += problems
    read = {str(publisher.namespace.of(contract)) for contract in view.definition.reads}
    ready = all(table.action is Action.NONE for table in (*tables, *beside) if table.name in read)
    view_plan, problems = _view(publisher, view, ready=ready)
    stops += problems
    inspected = [publisher.inspect(contract) for contract in later]
    stops += [obstacle for seen in inspected for obstacle in seen.obstacles]
    stops += [WarehouseRefused(f"{p.name} on {p.where} is denied") for p in permissions if p.outcome == DENIED]
    prefix = publisher.namespace.dataset_prefix
    names = [publisher.namespace.of(contract) for contract in (*publications, *later)] + [publisher.namespace.of(view.contract)]
    return Plan(
        home=f"project {publisher.namespace.project}, location {publisher.terms.location}"
        + (f", every dataset name begins with {prefix}" if prefix else ""),
        as_of=as_of,
        may_create=publisher.terms.may_create,
        permissions=tuple(permissions),
        datasets=tuple(_datasets(publisher, names)),
        tables=tuple(tables),
        view=view_plan,
        later=tuple(Object(str(seen.name), f"{_words(_action(seen), _missing(seen))}; its rows follow") for seen in inspected),
        # A dataset stands in the way of each of its tables, and is told of once.
        stops=tuple({str(stop): stop for stop in stops}.values()),
    )


def probe_permissions(
    publisher: Publisher, read: Iterable[TableContract | ViewContract], written: Iterable[TableContract | ViewContract]
) -> list[Permission]:
    """Ask for the permissions that reading and publishing need, by dry runs and testIamPermissions, on everything that exists.

    Raises:
        WarehouseUnavailable: no answer within the deadline.
    """
    project = publisher.namespace.project
    found = [_by_dry_run(publisher, "bigquery.jobs.create", f"project {project}", "SELECT 1")]
    ours = [publisher.namespace.of(contract) for contract in written]
    for contract in read:
        found += _on_table(publisher, publisher.namespace.of(contract), READ)
    for name in ours:
        found += _on_table(publisher, name, WRITE)
    found.append(_of_read_sessions(publisher, ours))
    for dataset in sorted({name.dataset for name in ours}):
        reference = f"{project}.{dataset}"
        if publisher.runner.find("get_dataset", publisher.runner.client.get_dataset, reference) is None:
            found.append(Permission("bigquery.datasets.create", f"project {project}, for {dataset}", UNTESTED))
            continue
        # BigQuery has no test of a dataset's permissions; a dry run of the statement that needs one is refused for want of it.
        probe = TableName(project, dataset, f"{publisher.terms.marks.staging_prefix}probe").quoted
        found.append(_by_dry_run(publisher, "bigquery.tables.create", reference, f"CREATE TABLE {probe} (nothing INT64)"))
    return found


def _of_read_sessions(publisher: Publisher, names: Sequence[TableName]) -> Permission:
    """Tables are read by the Storage API. Opening a session costs nothing, and reads nothing."""
    permission, where = "bigquery.readsessions.create", f"project {publisher.namespace.project}"
    client = publisher.runner.client
    for name in names:
        table = publisher.runner.find("get_table", client.get_table, str(name))
        if table is None or table.table_type != "TABLE":
            continue
        try:
            publisher.runner.open_read_session(table)
        except WarehouseRefused as refusal:
            _only_denied(refusal)
            return Permission(permission, where, DENIED)
        return Permission(permission, where, GRANTED)
    return Permission(permission, f"{where}, where no table exists yet", UNTESTED)


def _by_dry_run(publisher: Publisher, permission: str, where: str, statement: str) -> Permission:
    try:
        publisher.runner.dry_run(statement, "probe")
    except WarehouseRefused as refusal:
        _only_denied(refusal)
        return Permission(permission, where, DENIED)
    return Permission(permission, where, GRANTED)


def _only_denied(refusal: WarehouseRefused) -> None:
    """A refusal for want of a permission is an answer; any other, for a wrong location say, is an error in its own words."""
    if not is_denied(refusal.__cause__):
        raise refusal


def _on_table(publisher: Publisher, name: TableName, wanted: Sequence[str]) -> list[Permission]:
    client = publisher.runner.client
    try:
        answer = publisher.runner.find("test_permissions", client.test_iam_permissions, str(name), list(wanted))
    except WarehouseRefused as refusal:
        _only_denied(refusal)
        answer = {}
    if answer is None:
        return [Permission(", ".join(wanted), f"{name}, which does not exist yet", UNTESTED)]
    granted = answer.get("permissions", [])
    return [Permission(permission, str(name), GRANTED if permission in granted else DENIED) for permission in wanted]


def _datasets(publisher: Publisher, names: Iterable[TableName]) -> list[Object]:
    objects = []
    for reference in dict.fromkeys(name.home for name in names):
        dataset = publisher.runner.find("get_dataset", publisher.runner.client.get_dataset, reference)
        if dataset is None:
            objects.append(Object(reference, f"create in {publisher.terms.location}"))
        elif publisher.is_elsewhere(dataset):
            objects.append(Object(reference, f"none: it is in {dataset.location}"))
        else:
            objects.append(Object(reference, "none"))
    return objects


def _action(seen: Inspection) -> Action:
    if seen.live is None:
        return Action.CREATE
    if not seen.usable:
        return Action.UNUSABLE
    return Action.ADD_COLUMNS if seen.missing else Action.NONE


def _missing(seen: Inspection) -> tuple[str, ...]:
    return tuple(column.name for column in seen.missing)


def _words(action: Action, columns: Sequence[str]) -> str:
    return f"{action.value}: {', '.join(columns)}" if columns else action.value


def _table(publisher: Publisher, contract: TableContract, publication: Publication) -> tuple[TablePlan, list[ZlError]]:
    frame = publication.frame
    frames.validate(frame, contract)
    seen = publisher.inspect(contract, publication.source, adopts=publication.adopts)
    action, stops = _action(seen), list(seen.obstacles)
    if action is Action.UNUSABLE:
        return TablePlan(str(seen.name), action, (), len(frame), 0, 0, (), 0, 0, None), stops
    if seen.live is None:
        layout = schema.new_table(contract, seen.name, {})
        planned = _planned(
            publisher, seen, contract, layout, frame, np.ones(len(frame), dtype=bool), np.ones(len(frame), dtype=bool)
        )
        return planned, stops
    off = ownership.switched_off(contract, seen.live, publisher.terms.marks)
    written, filled = ownership.with_nulls(contract, off, frame, seen.live)
    read = publisher.read_cost(seen, written, filled)
    compared = publisher.compare(seen, written, filled, also=contract)
    stops += obstacles_of_rows(written, seen.name, compared)
    live_rows, vanished = _vanished(contract, frame, compared)
    planned = _planned(
        publisher,
        seen,
        contract,
        seen.live,
        filled,
        compared.found.added,
        compared.found.differing,
        live_rows=live_rows,
        vanished=vanished,
        read=read,
        switched_off=tuple(part.name for part in off),
    )
    return planned, stops


def _vanished(contract: TableContract, frame: pd.DataFrame, compared: Compared) -> tuple[int, int]:
    """How many live rows there are of the frame's symbols within its dates, and how many of them the frame does not have."""
    live, ours = compared.live.rows, np.ones(compared.live.rows.num_rows, dtype=bool)
    if "symbol" in contract.key:
        # Rows of symbols that the frame does not speak of are somebody else's.
        ours &= np.asarray(pc.is_in(live.column("symbol"), pa.array(frame["symbol"].unique())))
    if contract.partition_by:
        dates, rows = live.column(contract.partition_by), compared.rows.column(contract.partition_by)
        ends = pc.min_max(rows).as_py()
        within = pc.and_(pc.greater_equal(dates, ends["min"]), pc.less_equal(dates, ends["max"]))
        ours &= np.asarray(pc.fill_null(within, False))
    return int(ours.sum()), int((ours & compared.found.lost).sum())


def _planned(
    publisher: Publisher,
    seen: Inspection,
    contract: TableContract,
    table: bigquery.Table,
    frame: pd.DataFrame,
    added: Mask,
    differing: Mask,
    *,
    live_rows: int = 0,
    vanished: int = 0,
    read: int | None = None,
    switched_off: tuple[str, ...] = (),
) -> TablePlan:
    dates = frame.loc[differing, contract.partition_by] if contract.partition_by else None
    changes = changes_of(dates, added[differing], schema.partition_unit(contract, table))
    return TablePlan(
        name=str(seen.name),
        action=_action(seen),
        columns=_missing(seen),
        rows=len(frame),
        live_rows=live_rows,
        vanished=vanished,
        years=_by_year(dates, added[differing]),
        partitions=len(changes),
        statements=len(merge_ranges(changes, publisher.max_partitions)),
        bytes=read,
        switched_off=switched_off,
    )


def _by_year(dates: "pd.Series[pd.Timestamp] | None", added: Mask) -> tuple[YearRows, ...]:
    return tuple(
        YearRows(None if c.low is None else c.low.year, c.added, c.differing - c.added, c.low, c.high)
        for c in changes_of(dates, added, "YEAR")
    )


def _view(publisher: Publisher, view: PlannedView, *, ready: bool) -> tuple[Object, list[ZlError]]:
    seen = publisher.inspect(view.contract)
    stops = list(seen.obstacles)
    if seen.live is not None and not seen.usable:
        return Object(str(seen.name), Action.UNUSABLE.value), stops
    action = "create"
    if seen.live is not None:
        action = "none" if same_select(str(seen.live.view_query), view.definition.select) else "replace"
    if not ready:
        return Object(str(seen.name), f"{action}; its SELECT can be tried only when its table is there with every column"), stops
    try:
        read = publisher.runner.dry_run(view.definition.select, "dry_run_view")
    except WarehouseRefused as refusal:
        return Object(str(seen.name), action), [*stops, refusal]
    return Object(str(seen.name), f"{action}; its SELECT is valid and reads {read:,} bytes"), stops


def markdown(plan: Plan, say: Callable[[ZlError], str] = str) -> str:
    """The plan for a person.

    Args:
        say: an obstacle in words, with what to do about it.
    """
    return "\n".join([*_head(plan, say), *_objects(plan), *_tables(plan), *_years(plan), *_permissions(plan)])


def _head(plan: Plan, say: Callable[[ZlError], str]) -> list[str]:
    total = sum(t.inserted + t.updated for t in plan.tables)
    lines = [f"**The plan as of {plan.as_of}** in {plan.home}. Nothing was written.", ""]
    if plan.stops:
        lines += [
            f"It would **stop** ({len(plan.stops)}):",
            "",
            *(f"{i}. {say(stop)}" for i, stop in enumerate(plan.stops, 1)),
            "",
        ]
    else:
        lines += [f"It would change {total:,} rows." if total else "It would change no row.", ""]
    return lines


def _objects(plan: Plan) -> list[str]:
    may = "may be created" if plan.may_create else "may not be created"
    return [
        f"Datasets, tables and columns {may}.",
        "",
        "| name | action |",
        "|---|---|",
        *(f"| {found.name} | {found.action} |" for found in (*plan.datasets, plan.view, *plan.later)),
        "",
    ]


def _tables(plan: Plan) -> list[str]:
    return [
        "| table | action | rows | insert | update | unchanged | vanished | partitions | statements | bytes read |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|",
        *(
            f"| {t.name} | {t.words} | {t.rows:,} | {t.inserted:,} | {t.updated:,} | {t.rows - t.inserted - t.updated:,} "
            f"| {t.vanished:,} | {t.partitions:,} | {t.statements} | {'' if t.bytes is None else format(t.bytes, ',')} |"
            for t in plan.tables
        ),
        "",
        *(
            f"{t.name}: {', '.join(t.switched_off)} is off now, and its columns would be set NULL.\n"
            for t in plan.tables
            if t.switched_off
        ),
    ]


def _years(plan: Plan) -> list[str]:
    rows = [
        f"| {t.name} | {y.year or ''} | {y.first or ''} | {y.last or ''} | {y.inserted:,} | {y.updated:,} |"
        for t in plan.tables
        for y in t.years
    ]
    return ["| table | year | first | last | insert | update |", "|---|--:|---|---|--:|--:|", *rows, ""] if rows else []


def _permissions(plan: Plan) -> list[str]:
    if not plan.permissions:
        return ["Permissions: not applicable, the embedded BigQuery has none."]
    rows = [f"| {p.name} | {p.where} | {p.outcome} |" for p in plan.permissions]
    return ["| permission | where | test |", "|---|---|---|", *rows]
