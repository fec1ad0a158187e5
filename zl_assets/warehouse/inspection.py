"""What stands in the way of writing a table or view, found once: publishing raises it, a plan lists it.

Belongs here: pure judgements on a fetched dataset and a fetched table. Must not be here: fetching them, rows, and what to
do about an obstacle in terms of one product's settings.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from google.cloud import bigquery

from zl_assets.errors import ZlError
from zl_assets.warehouse import schema
from zl_assets.warehouse.contract import Column, TableContract, ViewContract
from zl_assets.warehouse.errors import Hint, SchemaConflict, SourceConflict
from zl_assets.warehouse.names import Marks, TableName

# What a project without billing gives every dataset. https://cloud.google.com/bigquery/docs/sandbox
SANDBOX = dt.timedelta(days=60)


@dataclass(frozen=True)
class Terms:
    """Under which a product writes.

    Attributes:
        location: where every dataset must be.
        may_create: may datasets, tables and columns be created.
        marks: the names by which it knows its own.
    """

    location: str
    may_create: bool
    marks: Marks


@dataclass(frozen=True, eq=False)
class Inspection:
    """A table or view as it was found.

    Attributes:
        dataset: None where it does not exist.
        live: the table or view; None where it does not exist.
        missing: columns of the contract that must be added to it.
        required: columns of it that are NOT NULL, and must not be any more.
        obstacles: why it cannot be written, the first to be met first; none raised.
        usable: its columns are such that its rows can be compared.
    """

    name: TableName
    dataset: bigquery.Dataset | None
    live: bigquery.Table | None
    missing: tuple[Column, ...]
    required: tuple[Column, ...]
    obstacles: tuple[ZlError, ...]
    usable: bool

    def require(self) -> None:
        """Raise the first obstacle, if there is one."""
        if self.obstacles:
            raise self.obstacles[0]


def inspect(
    contract: TableContract | ViewContract,
    name: TableName,
    dataset: bigquery.Dataset | None,
    live: bigquery.Table | None,
    terms: Terms,
    source: str | None = None,
    *,
    adopts: bool = False,
) -> Inspection:
    """Judge what was found.

    Args:
        source: the label value that the rows to be written come with; None where they have no source.
        adopts: a table without the label is taken for one of that source.
    """
    obstacles: list[ZlError] = [*_of_dataset(name, dataset, terms, creating=live is None)]
    adoption = schema.Adoption(())
    usable = live is not None
    if live is None:
        obstacles += _need_create(str(name), terms) if dataset is not None or not obstacles else []
    elif isinstance(contract, ViewContract):
        if live.table_type != "VIEW":
            usable = False
            obstacles.append(SchemaConflict(f"{name} is a {live.table_type}, expected a view. Rename or drop it.", Hint.BESIDE))
    else:
        found = live.labels.get(terms.marks.source_label)
        if source is not None and found != source and not (adopts and found is None):
            obstacles.append(
                SourceConflict(
                    f"{name} holds rows of the source {found or 'unknown'!r}, and these are of {source!r}. Sources are never "
                    "mixed.",
                    Hint.SOURCE,
                )
            )
        try:
            adoption = schema.adopt(contract, live, terms.marks.staging_prefix)
        except SchemaConflict as conflict:
            usable = False
            obstacles.append(conflict)
        if adoption.missing and not terms.may_create:
            names = ", ".join(column.name for column in adoption.missing)
            obstacles.append(
                SchemaConflict(f"{name} lacks {names}, and columns may not be added. Add them by hand.", Hint.CREATE)
            )
        if adoption.required and not terms.may_create:
            names = ", ".join(column.name for column in adoption.required)
            obstacles.append(
                SchemaConflict(
                    f"{name} has {names} as NOT NULL, as an earlier version made it, and columns may not be changed. Take NOT "
                    "NULL from them by hand.",
                    Hint.CREATE,
                )
            )
    return Inspection(name, dataset, live, adoption.missing, adoption.required, tuple(obstacles), usable)


def is_elsewhere(dataset: bigquery.Dataset, location: str) -> bool:
    """Is the dataset in another location than ours? No query of ours sees anything of it then."""
    return bool(dataset.location.casefold() != location.casefold())


def _need_create(what: str, terms: Terms) -> list[ZlError]:
    if terms.may_create:
        return []
    return [SchemaConflict(f"{what} does not exist, and nothing may be created. Create it by hand.", Hint.CREATE)]


def _of_dataset(name: TableName, dataset: bigquery.Dataset | None, terms: Terms, *, creating: bool) -> Iterator[ZlError]:
    reference = f"{name.project}.{name.dataset}"
    if dataset is None:
        yield from _need_create(f"dataset {reference}", terms)
        return
    if is_elsewhere(dataset, terms.location):
        yield SchemaConflict(
            f"dataset {reference} is in {dataset.location}, and this product works in {terms.location}. One query cannot span "
            "two locations.",
            Hint.LOCATION,
        )
    if creating:
        # A table that is there is looked at itself: it may have been made before the default, or freed from it.
        yield from _expirations(reference, dataset)


def _expirations(reference: str, dataset: bigquery.Dataset) -> Iterator[ZlError]:
    for what, milliseconds in (
        ("table", dataset.default_table_expiration_ms),
        ("partition", dataset.default_partition_expiration_ms),
    ):
        if milliseconds is None:
            continue
        lifetime = dt.timedelta(milliseconds=milliseconds)
        sandbox = " (a project without billing, BigQuery's sandbox, has 60 days on every dataset)" if lifetime == SANDBOX else ""
        yield SchemaConflict(
            f"dataset {reference} has a default {what} expiration of {lifetime.total_seconds() / 86_400:g} days{sandbox}: what "
            "is created in it would vanish after that. Take the default away"
            + (", which needs billing," if sandbox else "")
            + " and run it again.",
            Hint.BESIDE,
        )
