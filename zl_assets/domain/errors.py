"""What can be wrong with a feature family's module. Must not be here: faults of rows, which are warehouse/errors.py."""

from zl_assets.errors import ZlError


class FamilyConflict(ZlError):
    """A feature family's module cannot be used beside the others; the message names the family and what collides."""
