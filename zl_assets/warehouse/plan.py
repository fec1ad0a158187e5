"""What a refresh would do, found out without writing anything, not even a staging table.

Belongs here: questions to BigQuery (does it exist, what would a dry run say, which rows are there) and their answers as a `Plan`.
Must not be here: anything that creates, changes or drops; and frames, which come from whoever computed them.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd
from google.api_core import exceptions as api
from google.cloud import bigquery

from zl_assets.warehouse import frames, ownership, schema, sql
from zl_assets.warehouse.contract import Column, ColumnType, Leaf, TableContract, ViewContract, WriteMode
from zl_assets.warehouse.errors import SchemaConflict, WarehouseRefused
from zl_assets.warehouse.jobs import Parameter
from zl_assets.warehouse.names import STAGING_PREFIX, TableName
from zl_assets.warehouse.publish import SOURCE_LABEL, Change, Publication, Publisher, doubled, merge_ranges, same_select
from zl_assets.warehouse.shape import equal_or_both_missing

READ = ("bigquery.tables.get", "bigquery.tables.getData")
WRITE = (*READ, "bigquery.tables.update", "bigquery.tables.updateData")

GRANTED, DENIED, UNTESTED = "granted", "DENIED", "not tested"


@dataclass(frozen=True)
class Permission:
    """A permission, where it is needed, and what a test said."""

    name: str
    where: str
    outcome: str


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
    """What a refresh would do to one table.

    Attributes:
        action: in words: create, add columns, or none.
        rows: rows of the frame.
        live_rows: live rows of the frame's symbols within its date range.
        vanished: of these, rows that the frame does not have; a refresh leaves them alone.
        years: changed rows, by calendar year.
        partitions: partitions that would change.
        statements: MERGE statements, in one transaction if several.
        bytes: what a dry run says that the comparison reads; None where there is nothing to compare with.
        switched_off: parts whose fields would be set NULL.
    """

    name: str
    action: str
    rows: int
    live_rows: int
    vanished: int
    years: tuple[YearRows, ...]
    partitions: int
    statements: int
    bytes: int | None
    switched_off: tuple[str, ...] = ()

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
    """What a refresh would do.

    Attributes:
        home: project, location and prefix, in words.
        permissions: empty where there is no access control.
        later: tables whose rows are known only after training.
        stops: why a refresh would end with an error, if it would.
    """

    home: str
    as_of: dt.date
    may_create: bool
    permissions: tuple[Permission, ...]
    datasets: tuple[Object, ...]
    tables: tuple[TablePlan, ...]
    view: Object
    later: tuple[Object, ...]
    stops: tuple[str, ...]


def make_plan(
    publisher: Publisher,
    publications: Mapping[TableContract, Publication],
    later: Sequence[TableContract],
    view: ViewContract,
    select: str,
    as_of: dt.date,
    permissions: Sequence[Permission],
    beside: Sequence[TablePlan] = (),
) -> Plan:
    """Compare frames and live tables.

    Args:
        publications: what a refresh would publish, by table, in its order.
        later: tables that a refresh writes after training; only whether they can be written is looked at.
        select: the SELECT of the view.
        beside: tables of another plan that the view may read.
    """
    names = [publisher.namespace.of(contract) for contract in (*publications, *later)] + [publisher.namespace.of(view)]
    datasets, stops = _datasets(publisher, names)
    tables = []
    for contract, publication in publications.items():
        table, problems = _table(publisher, contract, publication)
        tables.append(table)
        stops += problems
    view_plan, problems = _view(
        publisher, view, select, ready=all(t.action == NONE for t in (*tables, *beside) if f"`{t.name}`" in select)
    )
    standings = {contract: _standing(publisher, contract) for contract in later}
    problems += [stop for standing in standings.values() for stop in standing.stops]
    prefix = publisher.namespace.dataset_prefix
    return Plan(
        home=f"project {publisher.namespace.project}, location {publisher.location}"
        + (f", every dataset name begins with {prefix}" if prefix else ""),
        as_of=as_of,
        may_create=publisher.may_create,
        permissions=tuple(permissions),
        datasets=tuple(datasets),
        tables=tuple(tables),
        view=view_plan,
        later=tuple(
            Object(str(publisher.namespace.of(c)), f"{s.action}; its rows follow from training") for c, s in standings.items()
        ),
        stops=(*stops, *problems, *(f"{p.name} on {p.where} is denied" for p in permissions if p.outcome == DENIED)),
    )


def probe_permissions(
    publisher: Publisher, read: Iterable[TableContract | ViewContract], written: Iterable[TableContract | ViewContract]
) -> list[Permission]:
    """Ask for the permissions that a refresh needs, by dry runs and testIamPermissions, on everything that exists.

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
    for dataset in sorted({name.dataset for name in ours}):
        reference = f"{project}.{dataset}"
        if publisher.runner.find("get_dataset", publisher.runner.client.get_dataset, reference) is None:
            found.append(Permission("bigquery.datasets.create", f"project {project}, for {dataset}", UNTESTED))
            continue
        # BigQuery has no test of a dataset's permissions; a dry run of the statement that needs one is refused for want of it.
        probe = TableName(project, dataset, f"{STAGING_PREFIX}probe").quoted
        found.append(_by_dry_run(publisher, "bigquery.tables.create", reference, f"CREATE TABLE {probe} (nothing INT64)"))
    return found


def _by_dry_run(publisher: Publisher, permission: str, where: str, statement: str) -> Permission:
    try:
        publisher.runner.dry_run(statement, "probe")
    except WarehouseRefused as refusal:
        _only_denied(refusal)
        return Permission(permission, where, DENIED)
    return Permission(permission, where, GRANTED)


def _only_denied(refusal: WarehouseRefused) -> None:
    """A refusal for want of a permission is an answer; one for a wrong location, say, is an error in its own words."""
    if not isinstance(refusal.__cause__, api.Forbidden):
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


def _datasets(publisher: Publisher, names: Iterable[TableName]) -> tuple[list[Object], list[str]]:
    objects, stops = [], []
    for reference in dict.fromkeys(f"{name.project}.{name.dataset}" for name in names):
        dataset = publisher.runner.find("get_dataset", publisher.runner.client.get_dataset, reference)
        if dataset is None:
            objects.append(Object(reference, f"create in {publisher.location}"))
            if not publisher.may_create:
                stops.append(f"dataset {reference} does not exist and ZL_CREATE is false")
        elif publisher.is_elsewhere(dataset):
            objects.append(Object(reference, f"none: it is in {dataset.location}"))
            stops.append(f"dataset {reference} is in {dataset.location}, and ZL_LOCATION is {publisher.location}")
        else:
            objects.append(Object(reference, "none"))
    return objects, stops


@dataclass(frozen=True)
class _Standing:
    """How a table is, before its rows are looked at.

    Attributes:
        live: None where it does not exist, or cannot be used.
        action: as in `TablePlan`.
    """

    live: bigquery.Table | None
    action: str
    stops: tuple[str, ...]


CREATE, UNUSABLE, NONE = "create", "none: it cannot be used", "none"


def _standing(publisher: Publisher, contract: TableContract) -> _Standing:
    name = publisher.namespace.of(contract)
    live = publisher.runner.find("get_table", publisher.runner.client.get_table, str(name))
    if live is None:
        return _Standing(None, CREATE, () if publisher.may_create else (f"{name} does not exist and ZL_CREATE is false",))
    try:
        missing = ", ".join(column.name for column in schema.adopt(contract, live).missing)
    except SchemaConflict as conflict:
        return _Standing(None, UNUSABLE, (str(conflict),))
    if missing and not publisher.may_create:
        return _Standing(live, f"add columns: {missing}", (f"{name} lacks {missing} and ZL_CREATE is false",))
    return _Standing(live, f"add columns: {missing}" if missing else NONE, ())


def _table(publisher: Publisher, contract: TableContract, publication: Publication) -> tuple[TablePlan, list[str]]:
    name = publisher.namespace.of(contract)
    frame = publication.frame
    frames.validate(frame, contract)
    standing = _standing(publisher, contract)
    stops = list(standing.stops)
    if standing.action == UNUSABLE:
        return TablePlan(str(name), UNUSABLE, len(frame), 0, 0, (), 0, 0, None), stops
    live = standing.live
    if live is None:
        wanted = schema.new_table(contract, name, {})
        return _planned(publisher, contract, wanted, CREATE, frame, frame.assign(added=True), 0, 0, None), stops
    label = live.labels.get(SOURCE_LABEL)
    if publication.source is not None and label != publication.source:
        stops.append(f"{name} holds bars of the source {label!r}, and these are {publication.source!r}: sources are never mixed")
    off = ownership.switched_off(contract, live)
    contract, frame = ownership.with_nulls(contract, off, frame, live)
    found, read = _read_live(publisher, contract, live, frame)
    keys = list(contract.key)
    twice = found.loc[found.duplicated(keys), keys].drop_duplicates().merge(frame[keys], on=keys)
    if not twice.empty:
        stops.append(doubled(name, len(twice), twice.sort_values(keys).head(5).to_dict("records")))
        found = found.drop_duplicates(keys)
    changed = _changed(contract, frame, found)
    updated = int((~changed["added"]).sum())
    if contract.mode is WriteMode.RECORD and updated:
        stops.append(f"{name}: {updated} live rows differ from this product's record, and it never overwrites them")
    # Rows of symbols that the frame does not speak of are somebody else's.
    ours = found[found["symbol"].isin(frame["symbol"])] if "symbol" in contract.key else found
    vanished = len(ours) - (len(frame) - int(changed["added"].sum()))
    planned = _planned(publisher, contract, live, standing.action, frame, changed, len(ours), vanished, read)
    return replace(planned, switched_off=tuple(part.name for part in off)), stops


def _read_live(
    publisher: Publisher, contract: TableContract, live: bigquery.Table, frame: pd.DataFrame
) -> tuple[pd.DataFrame, int]:
    """Exactly what the write path would compare with, and the bytes that reading it costs."""
    name = publisher.namespace.of(contract)
    target = sql.Target(contract, name, schema.live_columns(list(live.schema)))
    leaves = [
        *contract.frame_leaves,
        *(Leaf(sql.hollow_name(c), Column(sql.hollow_name(c), ColumnType.BOOL, "")) for c, _ in sql.written_structs(target)),
        *(Leaf(c.name, c) for c in target.repeats),
    ]
    parameters: list[Parameter] = []
    if ranged := target.range_column:
        for bound, date in ((sql.LOW, frame[ranged].min()), (sql.HIGH, frame[ranged].max())):
            parameters.append(bigquery.ScalarQueryParameter(bound, "DATE", date.date()))
    text = sql.existing_rows(target)
    read = publisher.runner.dry_run(text, "dry_run_existing", parameters)
    return frames.from_arrow(publisher.runner.arrow(text, "existing", parameters), leaves), read


def _changed(contract: TableContract, frame: pd.DataFrame, live: pd.DataFrame) -> pd.DataFrame:
    """The rows of the frame that the MERGE would insert (`added`) or update, by the MERGE's own rule."""
    keys = list(contract.key)
    marked = live.set_axis([name if name in keys else f"live {name}" for name in live.columns], axis=1)
    joined = frame.merge(marked, on=keys, how="left", validate="one_to_one", indicator="found_in")
    added = joined["found_in"] == "left_only"
    differs = added.copy()
    copies = {column.name: column.copy_of for column in contract.columns if column.copy_of is not None}
    for name in live.columns:
        if name in keys:
            continue
        there = joined[f"live {name}"]
        if name.endswith(sql.HOLLOW):
            differs |= there.fillna(False).astype(bool)
            continue
        ours = joined[copies.get(name, name)]
        differs |= ~equal_or_both_missing(ours, there)
    return joined.loc[differs, list(frame.columns)].assign(added=added[differs])


def _planned(
    publisher: Publisher,
    contract: TableContract,
    table: bigquery.Table,
    action: str,
    frame: pd.DataFrame,
    changed: pd.DataFrame,
    live_rows: int,
    vanished: int,
    read: int | None,
) -> TablePlan:
    column = contract.partition_by
    changes = _changes(changed, column, schema.partition_unit(contract, table))
    return TablePlan(
        name=str(publisher.namespace.of(contract)),
        action=action,
        rows=len(frame),
        live_rows=live_rows,
        vanished=vanished,
        years=_by_year(changed, column),
        partitions=len(changes),
        statements=len(merge_ranges(changes, publisher.max_partitions)),
        bytes=read,
    )


def _changes(changed: pd.DataFrame, column: str | None, unit: str | None) -> list[Change]:
    if changed.empty:
        return []
    if column is None:
        return [Change(len(changed), int(changed["added"].sum()), None, None)]
    period = {"DAY": "D", "MONTH": "M", "YEAR": "Y"}
    groups = changed.groupby(changed[column].dt.to_period(period[unit])) if unit else [(None, changed)]
    return [
        Change(len(rows), int(rows["added"].sum()), rows[column].min().date(), rows[column].max().date()) for _, rows in groups
    ]


def _by_year(changed: pd.DataFrame, column: str | None) -> tuple[YearRows, ...]:
    if changed.empty:
        return ()
    if column is None:
        added = int(changed["added"].sum())
        return (YearRows(None, added, len(changed) - added, None, None),)
    return tuple(
        YearRows(
            int(str(year)),
            int(rows["added"].sum()),
            int((~rows["added"]).sum()),
            rows[column].min().date(),
            rows[column].max().date(),
        )
        for year, rows in changed.groupby(changed[column].dt.year)
    )


def _view(publisher: Publisher, contract: ViewContract, select: str, *, ready: bool) -> tuple[Object, list[str]]:
    name = publisher.namespace.of(contract)
    live = publisher.runner.find("get_table", publisher.runner.client.get_table, str(name))
    if live is not None and live.table_type != "VIEW":
        return Object(str(name), "none: it cannot be used"), [f"{name} is a {live.table_type}, expected a view"]
    stops = []
    if live is None:
        action = "create"
        if not publisher.may_create:
            stops.append(f"{name} does not exist and ZL_CREATE is false")
    else:
        action = "none" if same_select(str(live.view_query), select) else "replace"
    if not ready:
        return Object(str(name), f"{action}; its SELECT can be tried only when its table is there with every column"), stops
    try:
        read = publisher.runner.dry_run(select, "dry_run_view")
    except WarehouseRefused as refusal:
        return Object(str(name), action), [*stops, str(refusal)]
    return Object(str(name), f"{action}; its SELECT is valid and reads {read:,} bytes"), stops


def markdown(plan: Plan) -> str:
    """The plan for a person."""
    return "\n".join([*_head(plan), *_objects(plan), *_tables(plan), *_years(plan), *_permissions(plan)])


def _head(plan: Plan) -> list[str]:
    total = sum(t.inserted + t.updated for t in plan.tables)
    lines = [f"**A refresh as of {plan.as_of}** in {plan.home}. Nothing was written.", ""]
    if plan.stops:
        lines += [f"It would **stop** ({len(plan.stops)}):", "", *(f"{i}. {stop}" for i, stop in enumerate(plan.stops, 1)), ""]
    else:
        lines += [f"It would change {total:,} rows." if total else "It would change no row.", ""]
    return lines


def _objects(plan: Plan) -> list[str]:
    may = "may be created" if plan.may_create else "may not be created (ZL_CREATE is false)"
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
            f"| {t.name} | {t.action} | {t.rows:,} | {t.inserted:,} | {t.updated:,} | {t.rows - t.inserted - t.updated:,} "
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
