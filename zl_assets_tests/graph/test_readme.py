"""What README.md promises to name, it names."""

from pathlib import Path

import pytest

from zl_assets.definitions import build_defs
from zl_assets.settings import PREFIX, Settings
from zl_assets_tests.support.contracts import CONTRACTS

README = (Path(__file__).resolve().parents[2] / "README.md").read_text()


@pytest.mark.parametrize("name", [PREFIX + field.upper() for field in Settings.model_fields])
def test_every_setting_has_one_row_in_the_table_of_settings(name: str) -> None:
    table = README.partition("## Settings")[2].partition("\n\nA `ZL_*` variable")[0]
    assert len([row for row in table.splitlines() if f"`{name}`" in row.split(" | ")[0]]) == 1


def test_every_asset_and_table_is_in_the_picture() -> None:
    graph = build_defs(Settings.load()).resolve_asset_graph()
    names = {key.to_user_string() for key in graph.get_all_asset_keys()} | {contract.name for contract in CONTRACTS.values()}
    assert {name for name in names if name not in README} == set()
