"""What the tests of the studies share."""

from zl_assets_tests.support.fixtures import refreshed_product, sample_file

__all__ = ["refreshed_product", "sample_file"]
