"""Which rules a row must meet: sound rows meet them all."""

import pytest

from zl_assets.warehouse.verdict import require
from zl_assets_tests.support.contracts import ROW_RULES
from zl_assets_tests.support.rows import sound


@pytest.mark.parametrize("table", list(ROW_RULES))
def test_sound_rows_pass_every_row_assertion(table: str) -> None:
    require([assertion(sound(table)) for assertion in ROW_RULES[table]], table)
