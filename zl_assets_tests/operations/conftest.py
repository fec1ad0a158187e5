"""Products with a state folder of their own, new or refreshed."""

from zl_assets_tests.support.fixtures import new_product, refreshed_product, sample_file

__all__ = ["new_product", "refreshed_product", "sample_file"]
