"""The errors a person can cause and mend.

Belongs here: one class per kind of mistake, whose message alone says what was expected, what was found, where, and what to do
next. The edges (the Dagster assets, the command lines) print that message without a stack trace. Must not be here: anything
that is a bug of ours. Bugs stay ordinary exceptions and keep their trace.
"""


class ZlError(Exception):
    """Base of every error whose message is written for the person at the keyboard. Never retried."""


class SettingError(ZlError):
    """A ZL_* variable has a value that is not allowed."""


class FamilyConflict(ZlError):
    """A feature family's module cannot be used beside the others; the message names the family and what collides."""


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


class ArtifactFault(ZlError):
    """A CSV or model file is missing, truncated, or is not the one its record names."""


class TrainingFault(ZlError):
    """The training rows cannot support the fit that was asked for."""


class WarehouseRefused(ZlError):
    """BigQuery's final no to one step: permission, a missing object, or a statement it cannot run."""


class NotDelivered(ZlError):
    """An alert did not reach its receiver; the message names the host and never a password or a webhook's path."""
