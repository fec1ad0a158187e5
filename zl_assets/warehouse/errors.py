"""What can be wrong with rows, a live table or BigQuery.

Belongs here: one class per kind of fault that the write path tells of. Must not be here: words about one table, or a setting.
"""

from enum import Enum, auto

from zl_assets.errors import ZlError


class Hint(Enum):
    """What may help, for whoever knows how it is set to say in words."""

    BESIDE = auto()
    """work beside what is in the way, in datasets of other names"""
    CREATE = auto()
    """let this product create what is missing"""
    LOCATION = auto()
    """work where the dataset is"""
    SOURCE = auto()
    """begin anew with this source, or keep the other one's rows somewhere else"""
    PARTITIONS = auto()
    """let one statement change more partitions"""
    HOME = auto()
    """look whether this is the right BigQuery"""
    NAMES = auto()
    """the names of project and datasets"""
    DEADLINE = auto()
    """allow more time"""
    CREDENTIALS = auto()
    """sign in, or use a BigQuery that needs none"""
    BYTES = auto()
    """allow more bytes to be billed"""
    ROLES = auto()
    """have the roles that are needed"""
    PROJECT = auto()
    """use another project, or none"""


class WarehouseError(ZlError):
    """Base: the message has the facts.

    Attributes:
        hints: what may help.
    """

    def __init__(self, message: str, *hints: Hint) -> None:
        super().__init__(message)
        self.hints = hints


class DataFault(WarehouseError):
    """Rows that must not enter a table; the message names the offenders."""


class ContractViolation(DataFault):
    """A frame does not match its TableContract; the message names column, row and value."""


class SchemaConflict(WarehouseError):
    """A live table, view or dataset cannot be used as it is; the message is a diff."""


class SourceConflict(WarehouseError):
    """Rows from another source than the one the table was filled from."""


class WarehouseUnavailable(WarehouseError):
    """BigQuery, or the embedded server, gave no answer within the deadline."""


class WarehouseRefused(WarehouseError):
    """BigQuery's final refusal of one step: permission, a missing object, or a statement it cannot run."""


class BadName(WarehouseError):
    """A project, dataset or table name that BigQuery does not take."""


class TooManyPartitions(WarehouseError):
    """A write whose statements BigQuery would not take as one; nothing was written."""


class ChangedMeanwhile(WarehouseError):
    """Somebody else wrote the same rows between two steps of a write. Every row is as one of the two wrote it."""
