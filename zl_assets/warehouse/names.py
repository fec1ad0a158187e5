"""Fully qualified BigQuery names, validated before they can reach SQL.

Belongs here: project, dataset and table ids, and the configured dataset prefix. Must not be here: column names, which the
contracts validate, and anything that talks to BigQuery.
"""

import re
from dataclasses import dataclass

from zl_assets.warehouse.contract import IDENTIFIER, TableContract, ViewContract
from zl_assets.warehouse.errors import BadName, Hint

# Legacy domain-scoped projects carry "domain:" in front.
_PROJECT = re.compile(r"(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]")


@dataclass(frozen=True)
class Marks:
    """The names by which a product knows what is its own in a warehouse that it shares.

    Attributes:
        prefix: begins labels, job ids and the names of tables that live for one run; lower-case letters and digits.
        part_label: begins the label of each part of a table that is switched on.
    """

    prefix: str
    part_label: str

    @property
    def staging_prefix(self) -> str:
        """Begins the name of every table that lives only for one run: it expires, and the runs of its machine sweep it up."""
        return f"{self.prefix}_staging_"

    @property
    def owner_label(self) -> str:
        """On such a table, the process that made it."""
        return f"{self.prefix}_owner"

    @property
    def source_label(self) -> str:
        """On a table with a source, the source."""
        return f"{self.prefix}_source"

    @property
    def run_label(self) -> str:
        """On a job, the run that it belongs to."""
        return f"{self.prefix}_run"

    @property
    def asset_label(self) -> str:
        """On a job, the asset that it works for."""
        return f"{self.prefix}_asset"

    @property
    def step_label(self) -> str:
        """On a job, what it is for."""
        return f"{self.prefix}_step"


@dataclass(frozen=True)
class TableName:
    """project.dataset.table, each part a valid identifier.

    Raises:
        BadName: a part is not a valid BigQuery identifier.
    """

    project: str
    dataset: str
    table: str

    def __post_init__(self) -> None:
        if not _PROJECT.fullmatch(self.project):
            raise BadName(f"{self.project!r} is not a Google Cloud project id.", Hint.NAMES)
        for part in (self.dataset, self.table):
            if not IDENTIFIER.fullmatch(part):
                raise BadName(
                    f"{part!r} is not a BigQuery name: letters, digits and underscores only, not starting with a digit.",
                    Hint.NAMES,
                )

    def __str__(self) -> str:
        return f"{self.project}.{self.dataset}.{self.table}"

    @property
    def quoted(self) -> str:
        """The name as SQL takes it, in backticks."""
        return f"`{self}`"

    @property
    def home(self) -> str:
        """project.dataset."""
        return f"{self.project}.{self.dataset}"

    def sibling(self, table: str) -> "TableName":
        """Another table of the same dataset."""
        return TableName(self.project, self.dataset, table)


@dataclass(frozen=True)
class ListedName(TableName):
    """A table that somebody else made, under the name that BigQuery lists. BigQuery allows more in one than we use: `old-table`,
    `2024_backup`, letters of any alphabet.

    Raises:
        BadName: the name could end the backticks around it.
    """

    def __post_init__(self) -> None:
        if re.search(r"[`\\]", str(self)):
            raise BadName(f"{str(self)!r} cannot be the name of a BigQuery table: it has a backtick or a backslash. Rename it.")


@dataclass(frozen=True)
class Namespace:
    """Where the contracts' tables live: a project and a prefix put before every dataset name."""

    project: str
    dataset_prefix: str = ""

    def of(self, contract: TableContract | ViewContract) -> TableName:
        """The full name of a contract's table or view."""
        return TableName(self.project, f"{self.dataset_prefix}{contract.dataset}", contract.table)
