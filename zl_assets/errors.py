"""The base of every error that a person can cause and correct, and the error of a setting.

The message of such an error alone says what was expected, what was found, where, and what to do next; the edges (the Dagster
assets, the command lines) print it without a stack trace. Each room has its own errors beside its code. Must not be here:
anything that is a bug of ours. Bugs stay ordinary exceptions and keep their trace.
"""


class ZlError(Exception):
    """Base of every error whose message is written for the person at the keyboard. Never retried."""


class SettingError(ZlError):
    """A ZL_* variable has a value that is not allowed."""
