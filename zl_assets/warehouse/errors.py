"""What can be wrong with rows, a live table or BigQuery.

Belongs here: one class per kind of fault that the write path tells of. Must not be here: words about one table, or a setting.
"""

from zl_assets.errors import ZlError


class DataFault(ZlError):
    """Bars or rows that must not enter a table; the message names the offenders."""


class ContractViolation(DataFault):
    """A frame does not match its TableContract; the message names column, row and value."""


class SchemaConflict(ZlError):
    """A live table, view or dataset cannot be used as it is; the message is a diff."""


class SourceConflict(ZlError):
    """Bars from another source than the one the table was filled from."""


class WarehouseUnavailable(ZlError):
    """BigQuery, or the embedded server, gave no answer within the deadline."""


class WarehouseRefused(ZlError):
    """BigQuery's final refusal of one step: permission, a missing object, or a statement it cannot run."""
