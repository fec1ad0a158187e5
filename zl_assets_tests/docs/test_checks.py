"""docs/checks.md is what the checks say of themselves."""

from pathlib import Path

from zl_assets.checks.page import page
from zl_assets.definitions import build_defs
from zl_assets.settings import Settings

PAGE = Path(__file__).resolve().parents[2] / "docs" / "checks.md"


def test_the_page_is_not_of_other_checks() -> None:
    assert PAGE.read_text() == page(), "python -m zl_assets.checks > docs/checks.md writes it anew; review it"


def test_no_check_of_the_graph_is_missing_from_the_page() -> None:
    graph = build_defs(Settings.load()).resolve_asset_graph()
    sections = [section.partition("\n") for section in PAGE.read_text().split("\n## ")[1:]]
    for check in graph.asset_check_keys:
        own = "".join(text for asset, _, text in sections if asset == check.asset_key.to_user_string())
        assert f"| `{check.name}` |" in own, check
