"""The names by which this product knows its own tables, labels and jobs. Live tables carry them: they never change."""

from zl_assets.warehouse.names import Marks

MARKS = Marks("zl", part_label="zl_family_")
