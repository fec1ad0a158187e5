"""Fully qualified BigQuery names, validated before they can reach SQL.

Belongs here: project, dataset and table ids, and the configured dataset prefix. Must not be here: column names, which the
contracts validate, and anything that talks to BigQuery.
"""

import re
from dataclasses import dataclass

from zl_assets.errors import SettingError
from zl_assets.warehouse.contract import IDENTIFIER, TableContract, ViewContract

# Begins the name of every table that lives only for one run: it expires, and the runs of its machine sweep it up.
STAGING_PREFIX = "zl_staging_"

# Legacy domain-scoped projects carry "domain:" in front.
_PROJECT = re.compile(r"(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]")


@dataclass(frozen=True)
class TableName:
    """project.dataset.table, each part a valid identifier.

    Raises:
        SettingError: a part is not a valid BigQuery identifier.
    """

    project: str
    dataset: str
    table: str

    def __post_init__(self) -> None:
        if not _PROJECT.fullmatch(self.project):
            raise SettingError(f"{self.project!r} is not a Google Cloud project id; check ZL_GCP_PROJECT.")
        for part in (self.dataset, self.table):
            if not IDENTIFIER.fullmatch(part):
                raise SettingError(
                    f"{part!r} is not a BigQuery name: letters, digits and underscores only, not starting with a digit; "
                    "check ZL_DATASET_PREFIX."
                )

    def __str__(self) -> str:
        return f"{self.project}.{self.dataset}.{self.table}"

    @property
    def quoted(self) -> str:
        """The name as SQL takes it, in backticks."""
        return f"`{self}`"

    def sibling(self, table: str) -> "TableName":
        """Another table of the same dataset."""
        return TableName(self.project, self.dataset, table)


@dataclass(frozen=True)
class ListedName(TableName):
    """A table that somebody else made, under the name that BigQuery lists. BigQuery allows more in one than we use: `old-table`,
    `2024_backup`, letters of any alphabet.

    Raises:
        SettingError: the name could end the backticks around it.
    """

    def __post_init__(self) -> None:
        if re.search(r"[`\\]", str(self)):
            raise SettingError(
                f"{str(self)!r} cannot be the name of a BigQuery table: it has a backtick or a backslash. Rename it."
            )


@dataclass(frozen=True)
class Namespace:
    """Where the contracts' tables live: a project and a prefix put before every dataset name."""

    project: str
    dataset_prefix: str = ""

    def of(self, contract: TableContract | ViewContract) -> TableName:
        """The full name of a contract's table or view."""
        return TableName(self.project, f"{self.dataset_prefix}{contract.dataset}", contract.table)
