"""A product with a state folder of its own, as in the tests of the graph."""

from zl_assets_tests.graph.conftest import new_product

__all__ = ["new_product"]
