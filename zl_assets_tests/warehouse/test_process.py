"""A process is told from any other, also from a later one of its id."""

import sys

import psutil
import pytest

from zl_assets.warehouse.process import is_orphan, owner


def test_a_process_is_known_whatever_is_done_to_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = owner()
    monkeypatch.setattr(psutil.Process, "create_time", lambda _: 1.0)
    if sys.platform == "linux":
        assert owner() == mine
    assert not is_orphan(owner())


def test_this_process_is_not_an_orphan() -> None:
    assert not is_orphan(owner())
    assert is_orphan(owner() + "1")
    assert not is_orphan("")
