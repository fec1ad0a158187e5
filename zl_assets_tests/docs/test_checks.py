"""docs/checks.md names every check of the graph, under its asset, with its severity."""

import re
from pathlib import Path

from zl_assets.definitions import build_defs
from zl_assets.settings import Settings

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "checks.md").read_text()


def documented() -> dict[str, dict[str, str]]:
    """check -> kind, by asset; a heading may name two assets that share a table."""
    found: dict[str, dict[str, str]] = {}
    for section in PAGE.split("\n## ")[1:]:
        heading, _, body = section.partition("\n")
        rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (.*?) \|", body, flags=re.MULTILINE)
        for asset in re.findall(r"[a-z]\w+", heading.partition("(")[0]):
            found[asset] = {name: kind for name, kind, text in rows if f"({asset})" in text or not text.startswith("(")}
    return found


def test_no_check_is_missing_from_the_page_or_described_as_something_else() -> None:
    graph = build_defs(Settings.load()).resolve_asset_graph()
    pages = documented()
    for asset in {key.asset_key.to_user_string() for key in graph.asset_check_keys}:
        specs = [graph.get_check_spec(k) for k in graph.asset_check_keys if k.asset_key.to_user_string() == asset]
        assert set(pages[asset]) == {spec.name for spec in specs}, asset
        for spec in specs:
            warns = "warning" in (spec.description or "").lower()
            expected = "blocking" if spec.blocking else "warning" if warns else "error"
            assert pages[asset][spec.name] == expected, f"{asset}: {spec.name}"
