"""What a source is: a table from outside, its reader, when its rows are known, and what must hold of them.

Belongs here: the type that a source's module fills in. Must not be here: anything about one source.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pandas as pd

from zl_assets.domain.checks import Check, Seen
from zl_assets.domain.revisions import Versions
from zl_assets.instruments.base import Instrument
from zl_assets.settings import Settings
from zl_assets.warehouse.contract import TableContract
from zl_assets.warehouse.verdict import RowRule


@dataclass(frozen=True, eq=False)
class Loaded:
    """What was read from a source.

    Attributes:
        frame: the contract's frame_columns with their types, sorted by key; without rows where nothing could be used.
        facts: what a person is told of it, by name: a text, a number, or rows.
        warnings: what was left out, a line each.
        nothing: why the frame has no row; empty where it has.
    """

    frame: pd.DataFrame
    facts: Mapping[str, str | int | pd.DataFrame] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    nothing: str = ""


def nothing_to_fetch(settings: Settings, now: dt.datetime) -> dict[str, str]:
    """A source of files that somebody else puts there."""
    return {}


@dataclass(frozen=True, eq=False)
class Source:
    """One table that is filled from outside.

    Attributes:
        table: its name, which is its asset's key.
        contract: of the instruments that are on. With `symbol` in its key, each row is one instrument's, and each instrument has
            an asset of its own that loads them.
        setting: the field of Settings that says where it is; if that is unset, nothing is loaded.
        unset: the message in that case.
        releases: when its rows are known, in words, by series or kind of row.
        read: (settings, of, as of) -> what is there now for an asset. DataFault where it cannot be used.
        rules: of the instruments whose rows an asset loads: what every row must meet before it is written.
        checks: (settings, of) -> the checks of an asset.
        detail: what its asset's description says after the table's; `releases` follow where it ends with a colon.
        kinds: Dagster's, of its asset.
        fetch: (settings, now) -> what went wrong, by series: brings files that `read` finds.
        versions: what makes a row of a replaced file another version of a stored one, and so a row of its own; None where the
            newest value takes the place of the one before.
        loaded_in_cloud: this product fills the table wherever BigQuery is; otherwise somebody else's job does in the cloud.

    Raises:
        ValueError: it does not say when its rows are known.
    """

    table: str
    contract: Callable[[Sequence[Instrument]], TableContract]
    setting: str
    unset: str
    releases: Mapping[str, str]
    read: Callable[[Settings, "SourceAsset", dt.date], Loaded]
    rules: Callable[[Sequence[Instrument]], tuple[RowRule, ...]]
    checks: Callable[[Settings, "SourceAsset"], "Checks"]
    detail: str
    kinds: frozenset[str]
    fetch: Callable[[Settings, dt.datetime], dict[str, str]] = nothing_to_fetch
    versions: Versions | None = None
    loaded_in_cloud: bool = True

    def __post_init__(self) -> None:
        if not self.releases or not all(rule.strip() for rule in self.releases.values()):
            raise ValueError(f"The source {self.table} does not say when its rows are known. Give it `releases`.")
        if self.setting not in Settings.model_fields:
            raise ValueError(f"The source {self.table} has the setting {self.setting}, which is not a field of Settings.")

    @property
    def description(self) -> str:
        """What its asset's description says after the table's."""
        rules = "\n".join(f"- {what}: {rule}" for what, rule in self.releases.items())
        return f"{self.detail}\n\n{rules}" if self.detail.endswith(":") else self.detail

    def is_set(self, settings: Settings) -> bool:
        """Is its setting set?"""
        return getattr(settings, self.setting) is not None

    def assets(self, instruments: Sequence[Instrument], reading: Sequence[Instrument]) -> list["SourceAsset"]:
        """The assets that load it.

        Args:
            instruments: that are on.
            reading: those of them with a family that reads it.
        """
        contract = self.contract(instruments)
        if "symbol" not in contract.key:
            return [SourceAsset(self.table, self, tuple(instruments), (), contract)] if reading else []
        return [
            SourceAsset(
                instrument.asset(self.table),
                self,
                (instrument,),
                tuple(other for other in instruments if other != instrument),
                replace(contract, symbols=(instrument.symbol,)),
            )
            for instrument in reading
        ]


@dataclass(frozen=True, eq=False)
class SourceAsset:
    """One asset of a source: all of its rows, or one instrument's.

    Attributes:
        key: the asset's.
        source: whose it is.
        instruments: whose rows it loads.
        others: that are on as well, and whose rows are loaded by others.
        contract: of the rows that it loads.
    """

    key: str
    source: Source
    instruments: tuple[Instrument, ...]
    others: tuple[Instrument, ...]
    contract: TableContract


def stored_so_far(seen: Seen, asset: str) -> pd.DataFrame:
    """What a source's table has up to the as-of date, as its files are read: what a later one has stored is not held against
    them."""
    stored: pd.DataFrame = seen.values[asset]
    return stored[stored["observed_on"] <= pd.Timestamp(seen.as_of)]


def held_against_files(seen: Seen, asset: str) -> pd.DataFrame:
    """The same; none of it while a file is refused (`refused`, as `Checks.prepare` made it): what is stored of that one stays."""
    stored = stored_so_far(seen, asset)
    return stored.head(0) if seen.found["refused"] else stored


@dataclass(frozen=True, eq=False)
class Checks:
    """The checks of a source's asset.

    Attributes:
        checks: in order.
        prepare: (as of) -> what several checks look at, by name: the files as they are now.
        doc: what the checks look at, for the person looking at the run.
    """

    checks: tuple[Check, ...]
    prepare: Callable[[dt.date], Mapping[str, object]] = lambda as_of: {}
    doc: str = "The table against its rules."
