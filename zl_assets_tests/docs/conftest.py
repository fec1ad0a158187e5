"""A clone in which the main job has run."""

from zl_assets_tests.support.fixtures import clone

__all__ = ["clone"]
