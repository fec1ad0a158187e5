"""What a person sees of six instruments in a window of 1,400 pixels, before anything is made."""

import pytest
from playwright.sync_api import Page, expect

from zl_assets.definitions import build_defs
from zl_assets.settings import Settings
from zl_assets_tests.ui.conftest import Camera
from zl_assets_tests.ui.test_browser import GROUPS, open_lineage

SIX = "ZL,MES,ZS,ZM,ZC,ZW"
GRAPH = build_defs(Settings.load(instruments=SIX)).resolve_asset_graph()


@pytest.fixture(scope="module")
def instruments() -> str:
    return SIX


def of_group(group: str) -> list[str]:
    return [key.to_user_string() for key in GRAPH.get_all_asset_keys() if GRAPH.get(key).group_name == group]


def test_each_instrument_is_a_group_whose_name_can_be_read(page: Page, camera: Camera) -> None:
    open_lineage(page)
    for group in (*GROUPS, "mes", "zs", "zm", "zc", "zw"):
        node = page.locator("foreignObject").filter(has_text=group).first
        expect(node).to_be_visible()
        box = node.bounding_box()
        assert box is not None
        assert 0 <= box["x"] < box["x"] + box["width"] <= 1400
        assert box["height"] > 10
    camera.shot(page, "instruments")


@pytest.mark.parametrize(
    ("selection", "there", "gone"),
    [
        ('group:"mes"', of_group("mes"), ["zs", "features"]),
        ('tag:"instrument"="ZL"', list(GROUPS), ["mes", "zs"]),
    ],
)
def test_one_selection_string_leaves_one_instrument(
    page: Page, camera: Camera, selection: str, there: list[str], gone: list[str]
) -> None:
    open_lineage(page)
    page.locator(".CodeMirror").first.click()
    page.keyboard.type(selection)
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    # The list beside the graph has names in full.
    for name in there:
        expect(page.get_by_text(name, exact=True).first).to_be_visible()
    for name in gone:
        expect(page.get_by_text(name, exact=True)).to_have_count(0)
    if selection.startswith("group"):
        # Never materialized, each of them: a sign that comes after the names.
        expect(page.get_by_role("img", name="missing", exact=True)).to_have_count(len(there))
        camera.shot(page, "instrument")
