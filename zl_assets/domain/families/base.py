"""What a feature family is: its columns, what it reads, when that is known, and one pure function.

Belongs here: the types that a family module fills in, and what holds for every family. Must not be here: a formula, or anything
about one family.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from zl_assets.domain.families.chart import Shown
from zl_assets.instruments.base import Instrument
from zl_assets.warehouse.contract import IDENTIFIER, Column

# What `made_from` calls the instrument's own sessions.
SESSIONS = "sessions"

# (sessions, sources) -> of every column, whether the sources' span has the session.
type Covered = Callable[[pd.DataFrame, Mapping[str, pd.DataFrame]], pd.DataFrame]

type Compute = Callable[[pd.DataFrame, Mapping[str, pd.DataFrame]], pd.DataFrame]
type Show = Callable[[pd.DataFrame, Mapping[str, pd.DataFrame]], Shown | str]


@dataclass(frozen=True)
class FamilyColumn:
    """One column of a family.

    Attributes:
        column: name, type, meaning and unit; always nullable. `column.name` is its name in the family's own table.
        struct: the matrix's STRUCT that it is a field of: one that exists, or a new one of the family's.
        formula: how it is computed, and where the formula comes from.
        made_from: the columns that its values are computed from, for column lineage: `sessions.column`, or `table.column` of
            a source; columns that only order or select rows are not among them.
        low, high: the range that a value must lie in; None where there is no bound.
        coverage: its own least share of sessions with a value, where its formula leaves more of them NULL than the family allows.
    """

    column: Column
    struct: str
    formula: str
    made_from: tuple[str, ...]
    low: float | None = None
    high: float | None = None
    coverage: float | None = None

    def __post_init__(self) -> None:
        if not self.column.nullable:
            raise ValueError(f"{self.path}: a family's columns are nullable, so that the family can be switched off")

    @property
    def path(self) -> str:
        """Its leaf in the matrix, e.g. `pivots.P`."""
        return f"{self.struct}.{self.column.name}"

    @property
    def flat_name(self) -> str:
        """Its name in the training view and the CSV, e.g. `pivots_P`."""
        return self.path.replace(".", "_")


@dataclass(frozen=True)
class SourceNeed:
    """A table that a family reads beside the sessions.

    Attributes:
        asset: the table, e.g. `fred_observations`, which is its asset's key where one asset loads all of it.
        series: the series of it that are read; empty where the table has no series.
        release: when its rows are known, in words.
        of_instrument: each of its rows is one instrument's, and each instrument's are loaded by an asset of its own.
    """

    asset: str
    series: tuple[str, ...]
    release: str
    of_instrument: bool = False

    def asset_of(self, instrument: Instrument) -> str:
        """The key of the asset that loads the rows that are for the instrument."""
        return instrument.asset(self.asset) if self.of_instrument else self.asset


@dataclass(frozen=True)
class Expected:
    """What theory says of a model input before any outcome is looked at.

    Attributes:
        sign: 1 where prices ahead are higher with a higher value, -1 where they are lower.
        why: the theory, in words.
    """

    sign: int
    why: str

    def __post_init__(self) -> None:
        if self.sign not in (1, -1):
            raise ValueError(f"a direction is 1 or -1, and not {self.sign}")


@dataclass(frozen=True)
class ModelInput:
    """What a model may see of a family: free of the price level's scale.

    Attributes:
        name: name of the model's column.
        columns: names in the training view that it is made from: the family's flat names, and `close`.
        compute: from a frame with those columns to one float64 value per row; NaN where the family has no value.
        formula: in words or symbols; change it when the meaning changes, because a stored model is refused when its formulas are
            not these.
        expected: the direction that theory says, which is registered before the family is measured; None where none is said.
    """

    name: str
    columns: tuple[str, ...]
    compute: Callable[[pd.DataFrame], "pd.Series[float]"]
    formula: str = ""
    expected: Expected | None = None


@dataclass(frozen=True)
class Family:
    """One feature family: everything that the graph, the tables, the checks and the impact measure need to know of it.

    Attributes:
        name: as ZL_FAMILIES names it: lower-case letters, digits and underscores.
        phase: the roadmap's, e.g. `v1`.
        description: for the person looking at the graph.
        columns: what it adds to the matrix.
        needs: what it reads beside the sessions.
        symbols: the instruments that it is for; empty where it is for all.
        inputs: what a model may see of it.
        compute: (sessions, sources) -> columns. `sessions` are those of one symbol in order of date, with a RangeIndex: the
            columns of contracts.market.sessions, and `decided_at`, the UTC time at which each decides; `sources` are the frames
            of `needs`, by asset, hours with `stub` (domain/stubs.py). Returns the family's columns under `column.name`, on the
            index of `sessions`, with the types of `warehouse.contract.PANDAS_DTYPES`. Pure, and each row from sessions up to its
            own and source rows that were available before its session's decision time.
        coverage: the least share of sessions, after its first value, on which every column must have a value
            that has no least share of its own.
        show: from what `compute` gets, a picture of the newest session as data, or why there is none, in words; None where the
            family has no picture.
        covered: takes what `compute` takes, and says of every column which sessions its sources cover: only on these its coverage
            is judged. None: on all from its first value on.
    """

    name: str
    phase: str
    description: str
    columns: tuple[FamilyColumn, ...]
    needs: tuple[SourceNeed, ...]
    inputs: tuple[ModelInput, ...]
    compute: Compute
    coverage: float = 0.95
    symbols: tuple[str, ...] = ()
    show: Show | None = None
    covered: Covered | None = None

    def __post_init__(self) -> None:
        if not IDENTIFIER.fullmatch(self.name) or self.name != self.name.lower():
            raise ValueError(f"{self.name!r} is not a family name: lower-case letters, digits and underscores")
        if not self.columns:
            raise ValueError(f"family {self.name} has no columns")

    @property
    def table(self) -> str:
        """The name of its table, which its instruments share."""
        return f"family_{self.name}"
