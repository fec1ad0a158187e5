"""The test run itself."""

from pathlib import Path

from zl_assets_tests.conftest import LONGEST


def test_a_long_file_that_was_moved_does_not_begin_last_unnoticed() -> None:
    here = Path(__file__).parent
    assert [name for name in LONGEST if not (here / name).is_file()] == []
