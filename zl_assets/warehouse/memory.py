"""What a run has found out and need not ask again, for as long as its process works on it.

Belongs here: rows of tables as they were last read, and what was looked up once. Must not be here: asking BigQuery. Rows are
kept as Arrow, which nobody can change.
"""

import datetime as dt
from collections import OrderedDict
from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from zl_assets.warehouse import frames
from zl_assets.warehouse.contract import Leaf, TableContract, ViewContract
from zl_assets.warehouse.names import TableName

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from google.cloud import bigquery

# A process works on one run, or, in a server that runs several side by side, on a few.
_RUNS = 4


@dataclass(frozen=True, eq=False)
class LiveRows:
    """Rows of a table or view, as they were at one moment.

    Attributes:
        rows: columns under staged names, and what the write path compares beside them.
        symbols: only rows of these symbols; empty where of all.
        whole: they are not bounded by dates.
    """

    rows: "pa.Table"
    symbols: tuple[str, ...]
    whole: bool

    @property
    def is_empty_table(self) -> bool:
        """Was the whole table read, and had no row?"""
        return self.whole and not self.symbols and not self.rows.num_rows

    def with_dates(self, column: str, within: tuple[dt.date, dt.date], newer: "LiveRows") -> "LiveRows":
        """These rows, and in the place of those between two dates the newer ones."""
        import pyarrow as pa
        import pyarrow.compute as pc

        dates = self.rows.column(column)
        inside = pc.and_(pc.greater_equal(dates, pa.scalar(within[0])), pc.less_equal(dates, pa.scalar(within[1])))
        outside = self.rows.filter(pc.invert(pc.fill_null(inside, False)))
        return LiveRows(pa.concat_tables([outside, newer.rows.select(outside.column_names)]), self.symbols, self.whole)

    def answers(self, contract: TableContract | ViewContract) -> bool:
        """Is a read of the contract in it?"""
        return self.whole and self.symbols == contract.symbols and self.has(contract.frame_leaves)

    def has(self, leaves: Sequence[Leaf]) -> bool:
        """Does it have these columns?"""
        return {leaf.staged for leaf in leaves} <= set(self.rows.column_names)

    def frame(self, contract: TableContract | ViewContract) -> "pd.DataFrame":
        """The contract's rows, ordered by key, one column per leaf; a new frame each time.

        Raises:
            SchemaConflict: as `frames.from_arrow`.
        """
        # Ordered here: ORDER BY over a whole table is one worker's job in BigQuery, and most of a large read in the embedded one.
        ordered = self.rows.sort_by([(column, "ascending") for column in contract.key])
        return frames.from_arrow(ordered, contract.frame_leaves)


@dataclass(frozen=True, eq=False)
class RunMemory:
    """What one run knows.

    Attributes:
        datasets: datasets that are there, by project.dataset.
        swept: datasets whose leftovers were looked for.
    """

    datasets: "dict[str, bigquery.Dataset]" = field(default_factory=dict)
    swept: set[str] = field(default_factory=set)
    _rows: dict[tuple[TableName, tuple[str, ...]], LiveRows] = field(default_factory=dict)
    _made_of: dict[TableName, Set[TableName]] = field(default_factory=dict)

    def keep(self, name: TableName, rows: LiveRows, of: Set[TableName] = frozenset()) -> None:
        """Keep what was read.

        Args:
            of: the tables that a view reads.
        """
        # By symbols too: of a table that several share each reads its own rows, and one's read must not push out another's.
        self._rows[name, rows.symbols] = rows
        self._made_of[name] = of

    def find(self, name: TableName, contract: TableContract | ViewContract) -> LiveRows | None:
        """Rows that answer a read of the contract; None where it must be read."""
        kept = self._rows.get((name, contract.symbols))
        return kept if kept is not None and kept.answers(contract) else None

    def forget(self, name: TableName) -> None:
        """The table is being written: what is known of its rows, and of those of the views over it, is known no more."""
        stale = {name, *(view for view, tables in self._made_of.items() if name in tables)}
        for key in [key for key in self._rows if key[0] in stale]:
            del self._rows[key]


_memories: "OrderedDict[str, RunMemory]" = OrderedDict()
_lock = Lock()


def memory_of(run: str) -> RunMemory:
    """The memory of a run in this process."""
    with _lock:
        memory = _memories.pop(run, None) or RunMemory()
        _memories[run] = memory
        while len(_memories) > _RUNS:
            _memories.popitem(last=False)
    return memory
