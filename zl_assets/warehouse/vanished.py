"""Rows of dates that the source no longer has: which they are, and their removal by hand.

Belongs here: what counts as vanished, and the guard on how much may go (loss.py says how much). Must not be here: publishing,
which never deletes.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from google.cloud import bigquery

from zl_assets.warehouse import sql
from zl_assets.warehouse.contract import TableContract
from zl_assets.warehouse.errors import DataFault
from zl_assets.warehouse.loss import may_go
from zl_assets.warehouse.names import TableName
from zl_assets.warehouse.publish import Publisher


@dataclass(frozen=True)
class Vanished:
    """The rows of one table that today's source would not make.

    Attributes:
        column: the table's DATE column.
        rows: rows of the symbol in the table.
        history: the dates that they have.
        dates: the dates of those that vanished, one a row, in order.
    """

    table: TableName
    column: str
    symbol: str
    rows: int
    history: int
    dates: tuple[dt.date, ...]


@dataclass(frozen=True)
class Loss:
    """What would go, held against the history.

    Attributes:
        dates: how many different dates would go, from whichever tables.
        history: the table with the most dates.
    """

    dates: int
    history: Vanished

    @property
    def allowed(self) -> int:
        """How many dates may go."""
        return may_go(self.history.history)


def loss_of(found: Sequence[Vanished]) -> Loss:
    """The loss over all tables; there must be one."""
    return Loss(len({date for v in found for date in v.dates}), max(found, key=lambda v: v.history))


def find_vanished(publisher: Publisher, contract: TableContract, symbol: str, made: pd.DataFrame) -> Vanished | None:
    """The rows of `symbol` whose date is not in `made`; None where the table does not exist. Rows of other symbols are not ours.

    Args:
        contract: a table whose key begins with date and symbol. It may have several rows of them, one a horizon.
        made: the frame that the source of today gives.
    """
    column = contract.key[0]
    name = publisher.namespace.of(contract)
    client = publisher.runner.client
    if publisher.runner.find("get_table", client.get_table, str(name)) is None:
        return None
    rows = publisher.runner.rows(sql.select_dates(name, column), "dates", [_text("symbol", symbol)])
    live = [row[column] for row in rows]
    kept = set(made.loc[made["symbol"] == symbol, column].dt.date)
    return Vanished(name, column, symbol, len(live), len(set(live)), tuple(date for date in live if date not in kept))


def delete_vanished(publisher: Publisher, found: Sequence[Vanished]) -> int:
    """Delete the rows in one transaction over all tables; how many went.

    Raises:
        DataFault: more than 1 % of the history's dates would go; nothing was deleted.
        WarehouseUnavailable, WarehouseRefused: BigQuery's side; all of the rows are deleted, or none.
    """
    gone = [v for v in found if v.dates]
    if not gone:
        return 0
    loss = loss_of(found)
    if loss.dates > loss.allowed:
        raise DataFault(
            f"Nothing was deleted: at most 1 % of the history may be deleted, {loss.allowed:,} of the {loss.history.history:,} "
            f"dates in {loss.history.table}, and this would delete {loss.dates:,}: "
            + "; ".join(f"{len(v.dates):,} of {v.rows:,} rows of {v.table}" for v in gone)
            + ". Look at the source first: it has probably lost a file. If these dates really never existed, delete them by "
            "hand."
        )
    parameters: list[bigquery.ScalarQueryParameter | bigquery.ArrayQueryParameter] = [_text("symbol", gone[0].symbol)]
    for i, vanished in enumerate(gone):
        parameters += [
            bigquery.ScalarQueryParameter(f"{sql.LOW}_{i}", "DATE", vanished.dates[0]),
            bigquery.ScalarQueryParameter(f"{sql.HIGH}_{i}", "DATE", vanished.dates[-1]),
            bigquery.ArrayQueryParameter(f"dates_{i}", "DATE", list(vanished.dates)),
        ]
    text = sql.delete_in_transaction([(v.table, v.column) for v in gone])
    publisher.runner.query(text, "delete_vanished", parameters)
    # Not the DELETEs' own counts: where an answer was lost, they are sent again and then count nothing.
    return sum(len(v.dates) for v in gone)


def _text(name: str, value: str) -> bigquery.ScalarQueryParameter:
    return bigquery.ScalarQueryParameter(name, "STRING", value)


def markdown(found: Sequence[Vanished], deleted: int | None) -> str:
    """The rows as a table, and what became of them.

    Args:
        deleted: how many were deleted; None where nothing was to be.
    """
    lines = [
        "| table | rows | vanished | dates |",
        "|---|--:|--:|---|",
        *(f"| {v.table} | {v.rows:,} | {len(v.dates):,} | {', '.join(map(str, v.dates)) or 'none'} |" for v in found),
    ]
    total = sum(len(v.dates) for v in found)
    if not found:
        outcome = "None of the tables exists yet."
    elif deleted:
        outcome = f"{deleted:,} rows were deleted, in one transaction."
    elif total:
        loss = loss_of(found)
        outcome = (
            f"Nothing was deleted. Run again with `apply: true` to delete these {total:,} rows, of {loss.dates:,} dates; at "
            f"most 1 % of the history may be deleted, {loss.allowed:,} of the {loss.history.history:,} dates in "
            f"{loss.history.table}."
        )
    else:
        outcome = "Every row's date is still in the source; there is nothing to delete."
    return "\n".join([*lines, "", outcome])
