"""The errors of the model: one stops a fit, one a forecast. Must not be here: faults of files (files.py) or of rows
(warehouse/errors.py)."""

from zl_assets.errors import ZlError


class TrainingFault(ZlError):
    """The training rows cannot support the fit that was asked for."""


class NoRange(ZlError):
    """A session has no range, and so its forecast is not published."""
