"""Within the model room imports point one way too: report may use impact and fit, impact may use fit."""

import re
from pathlib import Path

import pytest

from zl_assets import model

ROOM = Path(model.__file__).parent
ORDER = ("fit", "ranges", "replay", "impact", "report")


@pytest.mark.parametrize("part", ORDER)
def test_no_part_imports_a_later_one(part: str) -> None:
    used = {
        found
        for path in (ROOM / part).glob("*.py")
        for found in re.findall(r"zl_assets\.model\.(\w+)", path.read_text())
        if found in ORDER
    }
    assert used <= set(ORDER[: ORDER.index(part) + 1])
