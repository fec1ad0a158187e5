"""Pictures of the morning page on days that are not green: `python -m zl_assets_tests.studies.briefing_pictures FOLDER`.

On the synthetic sample: the first day, with a record of one forecast whose outcome nobody knows; a source that is three sessions
late; a table that somebody edited. Must not be here: what the page says, which graph/test_briefing.py holds.
"""

import argparse
import datetime as dt
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from zl_assets.assets.common import BRIEFINGS
from zl_assets_tests.support.product import AS_OF, Product, kill_leftover_server
from zl_assets_tests.ui.conftest import CHROMIUM_ARGS, chromium


def pages(folder: Path) -> dict[str, str]:
    """The page by the name of its picture."""
    product, found = Product(folder, {"as_of": AS_OF}), {}

    def keep(name: str, **changes: object) -> None:
        product.run_job(BRIEFINGS, **changes)
        found[name] = (product.state_dir / "briefing" / "zl.html").read_text()

    product.refresh()
    keep("first-day")
    late = dt.date(2025, 11, 20)
    product.refresh(as_of=late)
    keep("stale", as_of=late)
    product.sql("UPDATE features.daily_ml_matrix SET rsi_14 = 150 WHERE data_date = '2025-11-14'")
    product.run_checks("daily_ml_matrix")
    keep("red-check")
    return found


def main(place: Path) -> None:
    place.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        try:
            found = pages(Path(folder))
        finally:
            kill_leftover_server(Path(folder) / "state")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_ARGS)
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        for name, text in found.items():
            page.set_content(text)
            page.screenshot(path=place / f"briefing-{name}.png")
        browser.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("place", type=Path)
    main(parser.parse_args().place)
