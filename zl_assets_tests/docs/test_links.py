"""No reader is sent to a page, a heading or a picture that is not there, and none is without a way to it from README.md."""

import re
from functools import cache
from pathlib import Path

import pytest

from zl_assets_tests.support.fixtures import REPO

README, DOCS = REPO / "README.md", REPO / "docs"
PAGES = [README, *sorted(DOCS.rglob("*.md"))]
FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")


def slug(heading: str) -> str:
    """The anchor that GitHub gives a heading, https://docs.github.com/en/get-started/writing-on-github (section links)."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


@cache
def text(page: Path) -> str:
    """The page without its blocks of code."""
    return FENCE.sub("", page.read_text())


@cache
def anchors(page: Path) -> frozenset[str]:
    found = [slug(heading) for heading in re.findall(r"^#+ (.*)$", text(page), re.MULTILINE)]
    return frozenset(f"{name}-{found[:i].count(name)}" if name in found[:i] else name for i, name in enumerate(found))


@cache
def links(page: Path) -> tuple[tuple[Path, str], ...]:
    """(file, anchor) of every link of a page to something here; the page itself where a link has an anchor alone."""
    parts = [link.partition("#") for link in LINK.findall(text(page)) if "://" not in link]
    return tuple(((page.parent / path).resolve() if path else page, anchor) for path, _, anchor in parts)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPO)))
def test_every_link_leads_to_a_file_and_a_heading_that_are_there(page: Path) -> None:
    gone = [
        f"{target.name}#{anchor}"
        for target, anchor in links(page)
        if not target.exists() or (anchor and anchor not in anchors(target))
    ]
    assert gone == []


def test_anchors_are_made_as_github_makes_them() -> None:
    assert slug("1, 6 and 40") == "1-6-and-40"
    assert slug("Pivots (`pivots`, v1)") == "pivots-pivots-v1"
    assert slug("Why `zl_1m_latest` is never scored") == "why-zl_1m_latest-is-never-scored"


def test_every_page_figure_and_picture_can_be_reached_from_the_readme() -> None:
    reached, ahead = {README}, [README]
    while ahead:
        new = {target for target, _ in links(ahead.pop())} - reached
        reached |= new
        ahead += [target for target in new if target.suffix == ".md"]
    kept = {path for path in DOCS.rglob("*") if path.suffix in {".md", ".json", ".png"}}
    assert {str(path.relative_to(REPO)) for path in kept - reached} == set()


def test_every_file_of_evidence_is_in_its_index() -> None:
    index = DOCS / "evidence" / "README.md"
    listed = {target for target, _ in links(index)}
    assert {path.name for path in index.parent.iterdir() if path != index and path not in listed} == set()


def test_no_word_in_the_code_names_a_page_that_has_moved() -> None:
    named = re.compile(r"(?<![\w/.])docs/[\w/-]+\.(?:md|json)")
    code = [path for room in ("zl_assets", "zl_assets_tests") for path in (REPO / room).rglob("*.py")]
    others = [REPO / name for name in (".ci/run", "pyproject.toml", "dagster.yaml")]
    found = {(path.name, name) for path in (*code, *others) for name in named.findall(path.read_text())}
    assert {(path, name) for path, name in found if not (REPO / name).exists()} == set()
