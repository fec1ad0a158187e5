"""What can be wrong with a module of the product. Must not be here: faults of rows, which are warehouse/errors.py."""

from zl_assets.errors import ZlError


class FamilyConflict(ZlError):
    """A feature family's module cannot be used beside the others; the message names the family and what collides."""


class IncompleteCheck(ZlError):
    """A check does not say what it says, or what to do when it is red; the message names it."""
