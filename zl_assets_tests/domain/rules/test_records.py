"""Whose the newest records are; the check and the sensor that ask are in test_folders.py."""

import pandas as pd

from zl_assets.domain.rules.records import of_this_state_folder


def records(*folders: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "asset": [f"a{i}" for i in range(len(folders))],
            "state_folder": list(folders),
            "prices": "own bars",
            "recorded": "2025-11-14",
        }
    )


def test_another_folders_record_is_named() -> None:
    found = of_this_state_folder(records("/ours", "/theirs", "/ours"), "/ours")
    assert not found.passed
    assert found.measured == 1
    assert list(found.offenders["asset"]) == ["a1"]
    assert "1 of 3" in found.explanation


def test_a_record_that_does_not_say_whose_it_is_is_nobody_elses() -> None:
    """An earlier version's."""
    assert of_this_state_folder(records("/ours", ""), "/ours").passed
    assert of_this_state_folder(records(), "/ours").passed
