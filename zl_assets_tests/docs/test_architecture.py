"""The graph in docs/architecture.md is the graph. WRITE_GOLDEN=1 draws it anew."""

import os
import re
from pathlib import Path

from zl_assets.definitions import build_defs
from zl_assets.settings import Settings

PAGE = Path(__file__).resolve().parents[2] / "docs" / "architecture.md"
BLOCK = re.compile(r"(<!-- graph -->\n).*?(<!-- end -->)", re.DOTALL)


def drawn() -> str:
    """The assets as a Mermaid flowchart, a box for each group."""
    graph = build_defs(Settings.load()).resolve_asset_graph()
    keys = sorted(graph.get_all_asset_keys())
    lines = ["```mermaid", "flowchart TD"]
    for group in sorted({str(graph.get(key).group_name) for key in keys}):
        lines.append(f"  subgraph {group}")
        for key in keys:
            if graph.get(key).group_name == group:
                checks = sum(check.asset_key == key for check in graph.asset_check_keys)
                lines.append(f'    {key.to_user_string()}["{key.to_user_string()}<br/>{checks} checks"]')
        lines.append("  end")
    lines += [f"  {up.to_user_string()} --> {key.to_user_string()}" for key in keys for up in sorted(graph.get(key).parent_keys)]
    return "\n".join([*lines, "```"])


def test_the_picture_is_not_of_another_graph() -> None:
    text = PAGE.read_text()
    expected = BLOCK.sub(lambda match: f"{match[1]}{drawn()}\n{match[2]}", text)
    if os.environ.get("WRITE_GOLDEN"):
        PAGE.write_text(expected)
    assert PAGE.read_text() == expected, "review the graph, then set WRITE_GOLDEN=1 to draw it anew"
