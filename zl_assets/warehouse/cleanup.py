"""What an older system left behind: a view that no longer runs, and a dataset of empty tables.

Belongs here: what proves that a leftover is one; what is not proven stays. Must not be here: the name of a view or dataset.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from google.api_core import exceptions as api
from google.cloud import bigquery
from google.cloud.bigquery.table import TableListItem

from zl_assets.warehouse import sql
from zl_assets.warehouse.errors import WarehouseRefused
from zl_assets.warehouse.names import ListedName, TableName
from zl_assets.warehouse.publish import Publisher

# BigQuery's words for a view that runs, but not in a count without a filter in this dialect.
COUNT_REFUSED = ("legacy sql", "partition elimination")


@dataclass(frozen=True)
class Leftover:
    """One thing that may be dropped.

    Attributes:
        name: the view or dataset, in full.
        evidence: what was found.
        droppable: the evidence is proof.
        tables: of a dataset, the empty tables in it.
    """

    name: str
    evidence: str
    droppable: bool
    tables: tuple[ListedName, ...] = ()


def inspect_view(publisher: Publisher, dataset: str, view: str) -> Leftover:
    """Droppable if it is a view and BigQuery says that it cannot run."""
    name = TableName(publisher.namespace.project, f"{publisher.namespace.dataset_prefix}{dataset}", view)
    home = _dataset(publisher, name.dataset)
    # By listing: the embedded BigQuery does not find a broken view by its name.
    kind = {table.table_id: table.table_type for table in _listed(publisher, name.dataset)}.get(view)
    if home is None or kind is None:
        return Leftover(str(name), "it is not there", False)
    if kind != "VIEW":
        return Leftover(str(name), f"it is a {kind}, not a view: it stays", False)
    if reason := _elsewhere(publisher, home):
        return Leftover(str(name), reason, False)
    try:
        publisher.runner.dry_run(sql.count_rows(name), "dry_run_leftover")
    except WarehouseRefused as refusal:
        # A permission that is missing proves nothing about the view, and neither does a refusal of our count alone.
        asked_wrongly = any(text in str(refusal).casefold() for text in COUNT_REFUSED)
        if isinstance(refusal.__cause__, (api.BadRequest, api.NotFound)) and not asked_wrongly:
            return Leftover(str(name), f"a view that does not run: {refusal}", True)
        return Leftover(str(name), f"it cannot be tried, so it stays: {refusal}", False)
    return Leftover(str(name), "a view that runs: it stays", False)


def inspect_dataset(publisher: Publisher, dataset: str) -> Leftover:
    """Droppable if it holds nothing but tables, and a query counts 0 rows in each."""
    dataset = f"{publisher.namespace.dataset_prefix}{dataset}"
    name = f"{publisher.namespace.project}.{dataset}"
    home = _dataset(publisher, dataset)
    if home is None:
        return Leftover(name, "it is not there", False)
    if reason := _elsewhere(publisher, home):
        return Leftover(name, reason, False)
    counted: list[ListedName] = []
    for table in _listed(publisher, dataset):
        if table.table_type != "TABLE":
            return Leftover(name, f"{table.table_id} is a {table.table_type}, not a table: the dataset stays", False)
        full = ListedName(publisher.namespace.project, dataset, table.table_id)
        if rows := _count(publisher, full):
            return Leftover(name, f"{table.table_id} has {rows:,} rows: the dataset stays", False)
        counted.append(full)
    return Leftover(name, f"{len(counted)} tables, each with 0 rows", True, tuple(counted))


def _dataset(publisher: Publisher, dataset: str) -> bigquery.Dataset | None:
    client = publisher.runner.client
    return publisher.runner.find("get_dataset", client.get_dataset, f"{publisher.namespace.project}.{dataset}")


def _elsewhere(publisher: Publisher, dataset: bigquery.Dataset) -> str | None:
    """Why our queries prove nothing about a dataset in another location: BigQuery says "not found" of everything in it."""
    if not publisher.is_elsewhere(dataset):
        return None
    return (
        f"the dataset is in {dataset.location}, and this works in {publisher.terms.location}, so it cannot be looked at, and "
        f"stays. Run it again in the location {dataset.location}"
    )


def _count(publisher: Publisher, table: ListedName) -> int:
    [row] = publisher.runner.rows(sql.count_rows(table), "count_leftover")
    return int(row["row_count"])


def _listed(publisher: Publisher, dataset: str) -> list[TableListItem]:
    """Tables and views of a dataset, by name; empty if there is no such dataset."""
    reference = f"{publisher.namespace.project}.{dataset}"
    client = publisher.runner.client
    found = publisher.runner.find("list_tables", lambda **how: list(client.list_tables(reference, **how)))
    return sorted(found or (), key=lambda table: str(table.table_id))


@dataclass(frozen=True)
class Outcome:
    """What `drop` did.

    Attributes:
        gone: names of what was dropped.
        stayed: what stayed after all, and why; empty if nothing did.
    """

    gone: tuple[str, ...]
    stayed: str = ""


def drop(publisher: Publisher, view: Leftover, dataset: Leftover) -> Outcome:
    """Drop what is droppable. A dataset goes only if it is empty once its empty tables are gone.

    Every table is counted once more directly before it goes. At the first with rows it ends: the dataset is in use.

    Raises:
        WarehouseUnavailable, WarehouseRefused: BigQuery's side; run it again.
    """
    runner, client = publisher.runner, publisher.runner.client
    gone: list[str] = []
    if view.droppable:
        runner.call("drop_leftover", client.delete_table, view.name, not_found_ok=True)
        gone.append(view.name)
    if dataset.droppable:
        for table in dataset.tables:
            if rows := _count(publisher, table):
                return Outcome(tuple(gone), f"{table} has {rows:,} rows by now: it stays, and so does the rest of {dataset.name}")
            runner.call("drop_leftover", client.delete_table, str(table), not_found_ok=True)
            gone.append(str(table))
        runner.call("drop_leftover_dataset", client.delete_dataset, dataset.name, delete_contents=False, not_found_ok=True)
        gone.append(dataset.name)
    return Outcome(tuple(gone))


def markdown(found: Sequence[Leftover], outcome: Outcome | None) -> str:
    """What was found, and what became of it; `outcome` is None where nothing was to be dropped."""
    lines = [
        "| name | found | drop |",
        "|---|---|---|",
        *(f"| {f.name} | {' '.join(f.evidence.split()).replace('|', '/')} | {'yes' if f.droppable else 'no'} |" for f in found),
    ]
    said = []
    if outcome is None and any(f.droppable for f in found):
        said.append("Nothing was dropped. Run again with `apply: true` to drop what the last column marks.")
    if outcome is not None and outcome.gone:
        said.append(f"Dropped: {', '.join(outcome.gone)}.")
    if outcome is not None and outcome.stayed:
        said.append(f"{outcome.stayed}.")
    return "\n".join([*lines, "", " ".join(said) or "There is nothing to drop."])
