"""A few days of daily use. All 500: `python -m zl_assets_tests.faults years`."""

from pathlib import Path

from zl_assets_tests.faults.years import live
from zl_assets_tests.support.product import kill_leftover_server


def test_five_days_add_up_to_less_than_their_parts(tmp_path: Path) -> None:
    """Jobs and results of the days before are dropped when the server starts, and files are merged every few days."""
    try:
        days = live(tmp_path / "state", 5, restart=True)
    finally:
        kill_leftover_server(tmp_path / "state")
    assert [day.rows for day in days] == list(range(days[0].rows, days[0].rows + 5))
    assert days[-1].state_mb < 1.5 * days[1].state_mb
    assert days[-1].files < 150
