"""The error that stops a fit. Must not be here: faults of files (files.py) or of rows (warehouse/errors.py)."""

from zl_assets.errors import ZlError


class TrainingFault(ZlError):
    """The training rows cannot support the fit that was asked for."""
