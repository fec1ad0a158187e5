"""One `dg dev` and one browser for a test module, in a copy of the repository without any state."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

REPOSITORY = Path(__file__).resolve().parents[2]

# The browser makes requests of its own (updates, hints, QUIC) unless it is told not to; in a container it has no sandbox to use.
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Nothing waits for this long on an idle machine; on a busy one a page may take half a minute.
PATIENCE = 120.0

# Four pictures a second and none of what only moves. A run's page draws its clock and turns its wheels 60 times a second as long
# as the run lasts: 10 s of it cost 5.2 s of CPU, calm 0.8, and on a busy machine a run lasts long.
CALM = """{
  window.requestAnimationFrame = draw => setTimeout(() => draw(performance.now()), 250);
  window.cancelAnimationFrame = clearTimeout;
  const still = new CSSStyleSheet();
  still.replaceSync("*, *::before, *::after { animation: none !important; transition: none !important }");
  document.adoptedStyleSheets = [still];
}"""

# A page of the application that has next to nothing on it: a run that there is not.
NOTHING = "/runs/none"

# The folder that pictures of the UI are kept in; unset: pytest's temporary one.
KEEP_IN = "UI_SCREENSHOTS"


@dataclass(frozen=True)
class Ui:
    """A running UI.

    Attributes:
        url: of the webserver, without a slash at its end.
        folder: the copy of the repository that it runs in.
    """

    url: str
    folder: Path

    @property
    def state_dir(self) -> Path:
        """Where its tables, CSV and models are."""
        return self.folder / ".zl"


@dataclass(frozen=True)
class Camera:
    """Keeps pictures of pages."""

    folder: Path

    def shot(self, page: Page, name: str, width: int = 1400) -> None:
        """A picture of what the window shows, at most `width` pixels wide, in 256 colours: a third of the bytes."""
        path = self.folder / f"{name}.png"
        page.screenshot(path=path, animations="disabled")
        with Image.open(path) as picture:
            smaller = picture.convert("RGB")
            smaller.thumbnail((width, width), Image.Resampling.LANCZOS)
            few = smaller.quantize(256, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
            few.save(path, optimize=True)


def visit(page: Page, url: str, *, anew: bool = False) -> None:
    """Another page of the application, in the window that has it loaded already, as the application's own links lead there.

    An asset's page costs 0.8 s of CPU that way, and 1.7 s where the application is loaded anew with it. A page that has nothing
    comes between, so that nothing of the page before can be taken for the next one's.

    Args:
        anew: load the application too. It shows again what it has asked for once, and the notice of a launched run stays in its
            window: for what a run or somebody outside of the window has changed.
    """
    if anew:
        page.goto(url)
        return
    _route(page, NOTHING)
    expect(page.get_by_text("No run found")).to_be_visible()
    _route(page, url)


def _route(page: Page, url: str) -> None:
    """The application's router reads the address whenever the window says that a person went back or forth."""
    page.evaluate("url => { history.pushState({}, '', url); dispatchEvent(new PopStateEvent('popstate', { state: {} })) }", url)


def chromium() -> str:
    """The machine's own browser: Playwright's cannot be downloaded everywhere."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    pytest.skip("there is no Chromium on this machine (Debian: apt-get install chromium)")


@pytest.fixture(scope="module")
def instruments() -> str:
    """ZL_INSTRUMENTS of the UI, where it is not empty; a module may have its own."""
    return ""


@pytest.fixture(scope="module")
def ui(tmp_path_factory: pytest.TempPathFactory, instruments: str) -> Iterator[Ui]:
    """`dg dev` as the README starts it. Its whole process group and its embedded BigQuery are gone afterwards."""
    from zl_assets.embedded.lifecycle import stop_server

    chromium()
    folder = tmp_path_factory.mktemp("ui") / "zl-assets"
    not_cloned = shutil.ignore_patterns(".git", ".venv", ".zl*", ".*_cache", ".hypothesis", ".tmp_*", "__pycache__", "*.egg-info")
    shutil.copytree(REPOSITORY, folder, ignore=not_cloned)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    ui = Ui(f"http://127.0.0.1:{port}", folder)
    # Python may keep its bytecode: to load the code, as each run does, costs 5.0 s of CPU without it and 2.6 s with it.
    left_out = ("ZL_", "DAGSTER_", "PYTHONDONTWRITEBYTECODE")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    if instruments:
        environment["ZL_INSTRUMENTS"] = instruments
    log = folder.parent / "dg-dev.log"
    with log.open("wb") as output:
        command = [Path(sys.executable).parent / "dg", "dev", "--host", "127.0.0.1", "--port", str(port)]
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        _wait_until_served(ui.url, process, log)
        yield ui
    finally:
        _stop_group(process)
        stop_server(ui.state_dir)


def _wait_until_served(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(requests.ConnectionError, requests.Timeout):
            requests.get(f"{url}/server_info", timeout=5).raise_for_status()
            return
        time.sleep(0.2)
    pytest.fail(f"dg dev did not come up:\n{log.read_text()[-3000:]}")


def _stop_group(process: subprocess.Popen[bytes]) -> None:
    """Ctrl-C, as a person does it, so that the services leave in order; then nothing of the group stays."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGINT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(5)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Camera:
    """Keeps pictures in the folder that UI_SCREENSHOTS names, or in pytest's."""
    folder = Path(os.environ[KEEP_IN]) if KEEP_IN in os.environ else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return Camera(folder)


@pytest.fixture(scope="module")
def page(ui: Ui) -> Iterator[Page]:
    """The one window that all tests of a module use, as a person does."""
    expect.set_options(timeout=PATIENCE * 1000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_ARGS)
        context = browser.new_context(viewport={"width": 1400, "height": 900}, base_url=ui.url, color_scheme="light")
        context.set_default_timeout(PATIENCE * 1000)
        context.add_init_script(CALM)
        page = context.new_page()
        page.goto(NOTHING)
        yield page
        context.close()
        browser.close()
