"""What README.md and the pages that it leads to promise to name, they name."""

import re
from pathlib import Path

import pytest

from zl_assets.definitions import build_defs
from zl_assets.settings import PREFIX, Settings
from zl_assets_tests.support.contracts import CONTRACTS

REPO = Path(__file__).resolve().parents[2]
README, SETTINGS, TABLES = ((REPO / name).read_text() for name in ("README.md", "docs/settings.md", "docs/tables.md"))


@pytest.mark.parametrize("name", [PREFIX + field.upper() for field in Settings.model_fields])
def test_every_setting_has_one_row_on_the_page_of_settings(name: str) -> None:
    assert len([row for row in SETTINGS.splitlines() if row.startswith("| `ZL_") and f"`{name}`" in row.split(" | ")[0]]) == 1


def test_what_a_setting_means_is_said_on_one_page_only() -> None:
    others = [page for page in (REPO / "docs").rglob("*.md") if page.name != "settings.md"]
    pages = [page for page in (REPO / "README.md", *others) if re.search(r"^\| `ZL_", page.read_text(), re.MULTILINE)]
    assert pages == []


def test_every_asset_and_table_is_on_the_page_of_tables() -> None:
    graph = build_defs(Settings.load()).resolve_asset_graph()
    names = {key.to_user_string() for key in graph.get_all_asset_keys()} | {contract.name for contract in CONTRACTS.values()}
    assert {name for name in names if name not in TABLES} == set()


def test_the_first_screen_leads_to_the_page_of_today_and_to_the_open_graph() -> None:
    """A group that the link does not name stays a grey box."""
    graph = build_defs(Settings.load()).resolve_asset_graph()
    screen = "\n".join(README.splitlines()[:40])
    assert all(words in screen for words in ("<!-- main -->", ".venv/bin/dg dev", "80 % range a month ahead"))
    pages = re.findall(r"http://127\.0\.0\.1:3000/assets/(\w+)>", screen)
    assert {page in {key.to_user_string() for key in graph.get_all_asset_keys()} for page in pages} == {True}
    [opened] = re.findall(r"/asset-groups\?expanded=(\S+)>", screen)
    assert set(opened.split(",")) == {f"global@global:{graph.get(key).group_name}" for key in graph.get_all_asset_keys()}
