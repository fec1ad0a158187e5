"""Which files of the state folder are pages, and their addresses. Must not be here: a server.

An address is the path in the state folder after ZL_PAGES_URL: `briefing/zl.html`, `models/<id>/report.html`,
`models/mes_1m/<id>/report.html`.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from zl_assets.settings import Settings

# All else in the folder, which holds the warehouse and Dagster's storage, is nobody's to read.
_PAGE = re.compile(r"briefing/[a-z][a-z0-9]*\.html|models/(?:[a-z][a-z0-9]*_[a-z0-9]+/)?(?:[0-9a-f]{16}|latest)/report\.html")


@dataclass(frozen=True)
class Pages:
    """The pages of a state folder.

    Attributes:
        folder: the state folder.
        url: what people's browsers find it under.
    """

    folder: Path
    url: str

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Those of the settings."""
        return cls(settings.state_dir, settings.pages_url)

    def address(self, page: Path) -> str:
        """Where a browser finds a page.

        Args:
            page: its file, in the state folder.
        """
        return f"{self.url}/{page.relative_to(self.folder).as_posix()}"

    def link(self, page: Path) -> str:
        """The address as Markdown that shows the file's name: in full it is one word, and too wide for an asset's page."""
        return f"[{page.name}]({self.address(page)})"

    def page(self, path: str) -> Path | None:
        """The file of an address; None where it is no page's, where there is none, and where it lies outside of the folder."""
        if not _PAGE.fullmatch(path):
            return None
        found = (self.folder / path).resolve()
        return found if found.is_relative_to(self.folder.resolve()) and found.is_file() else None

    def all(self) -> list[str]:
        """What there is to read, as paths: each briefing, then the report of each newest model."""
        found = [*self.folder.glob("briefing/*.html"), *self.folder.glob("models/**/latest/report.html")]
        paths = (file.relative_to(self.folder).as_posix() for file in found)
        return sorted(path for path in paths if self.page(path) is not None)
