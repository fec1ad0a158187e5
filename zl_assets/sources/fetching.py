"""Files of publishers, fetched into a folder.

Belongs here: asking, asking again, and putting a file in the place of the one before. Must not be here: which files a publisher
has, and what is in them (each source's module).
"""

import datetime as dt
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from zl_assets.files import ArtifactFault, replace_file
from zl_assets.warehouse.errors import DataFault

if TYPE_CHECKING:
    import requests

# A file that was fetched less than this long ago is not fetched again: a step that is tried twice, and the checks, read the same.
FRESH = dt.timedelta(hours=1)

# Seconds to connect, and between two pieces of the answer; and how often one file is asked for again. At most about a minute.
TIMEOUT = (5.0, 20.0)
RETRIES = 3
BACKOFF = 0.5

# Seconds that the whole of an answer may take: a server that gives a byte now and then never lets the timeout pass.
DEADLINE = 120.0

# Files in a row that a publisher does not answer for before the rest of its files are left for the next refresh: a network that
# is down would cost a minute a file.
PATIENCE = 2

# The longest series of FRED is about 300 kB, a station of GHCN-Daily a few MB.
MAX_BYTES = 50_000_000


@dataclass(frozen=True)
class Wanted:
    """One file of a publisher.

    Attributes:
        name: what it is, for a person.
        file: where it goes, below the folder.
        address: of the file, without a query.
        query: of the address.
        settled_on: the day, UTC, from which on it does not change any more: fetched then or later, it is not fetched again, and
            one that the publisher does not have then is not asked for again.
    """

    name: str
    file: str
    address: str
    query: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    settled_on: dt.date | None = None

    @property
    def publisher(self) -> str:
        """The address of its publisher."""
        return _publisher(self.address)


type Readable = Callable[[Path], object]
type Next = Callable[[Wanted, bytes], Wanted | None]


def last_page(wanted: Wanted, content: bytes) -> None:
    """Of answers that are one file each."""
    return


def fetch(
    wanted: Iterable[Wanted], folder: Path, now: dt.datetime, readable: Readable, next_page: Next = last_page
) -> dict[str, str]:
    """Fetch files into the folder, unless the one that is there is less than an hour old, or settled.

    A file takes the place of the one before only if the whole of it arrived and can be read, with all pages of its answer. Its
    modification time is `now`: what has come out since then was not asked for.

    Args:
        now: the time, UTC.
        readable: reads a file under its own name, and raises DataFault if it cannot.
        next_page: of a file and its content, the next file of the same answer, if there is one.

    Returns:
        What went wrong, by name. The file that was there before stays.

    Raises:
        ArtifactFault: the folder cannot be written.
    """
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.exceptions import HTTPError
    from urllib3.util import Retry

    retry = Retry(
        RETRIES,
        backoff_factor=BACKOFF,
        status_forcelist=(429, 500, 502, 503, 504),
        allowed_methods=("GET",),
        # A publisher may ask to be left alone for a day, and the step would wait for it.
        respect_retry_after_header=False,
    )
    problems: dict[str, str] = {}
    silent: dict[str, int] = {}
    # There also where nothing arrives, so that each file is missing by name.
    _made(folder)
    with requests.Session() as session:
        for scheme in ("https://", "http://"):
            session.mount(scheme, HTTPAdapter(max_retries=retry))
        session.hooks["response"].append(_stays)
        for one in wanted:
            file = folder / one.file
            if _is_there(file, one, now):
                continue
            try:
                if silent.get(one.publisher, 0) >= PATIENCE:
                    raise DataFault("not asked, since it did not answer for the files before")
                pages = _pages(session, one, readable, next_page)
            # The library passes on what is wrong with a body, and with a host that is no name, as it comes.
            except (requests.RequestException, HTTPError, UnicodeError, DataFault) as error:
                if _never_was(error, one, now):
                    replace_file(_mark_of_none(file), b"")
                    continue
                if isinstance(error, (requests.ConnectionError, requests.Timeout, requests.exceptions.RetryError, HTTPError)):
                    silent[one.publisher] = silent.get(one.publisher, 0) + 1
                kept = f"the file of {changed(file):%Y-%m-%d %H:%M} UTC is used" if file.exists() else "there is no earlier file"
                problems[one.name] = f"{one.publisher} did not give {one.name} ({error}); {kept}."
                continue
            silent[one.publisher] = 0
            # The first page comes last: while it is old the answer is asked for again, whatever became of the others.
            for name, content in reversed(pages):
                replace_file(folder / name, content)
                os.utime(folder / name, (now.timestamp(), now.timestamp()))
    return problems


def changed(file: Path) -> dt.datetime:
    """When a file was fetched, or last changed; UTC."""
    return dt.datetime.fromtimestamp(file.stat().st_mtime, dt.UTC)


def _made(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ArtifactFault(f"{folder} cannot be made: {error}. Make it writable, or choose another ZL_STATE_DIR.") from error


def _never_was(error: Exception, wanted: Wanted, now: dt.datetime) -> bool:
    import requests

    if not isinstance(error, requests.HTTPError) or error.response is None or error.response.status_code != 404:
        return False
    return wanted.settled_on is not None and now.date() >= wanted.settled_on


def _mark_of_none(file: Path) -> Path:
    """Beside where the file would be, hidden, so that no reader takes it for one."""
    return file.with_name(f".none.{file.name}")


def _is_there(file: Path, wanted: Wanted, now: dt.datetime) -> bool:
    if not file.exists():
        return _mark_of_none(file).exists()
    at = changed(file)
    # A clock that was ahead has left a time that has not come: of such a file nobody knows when it was fetched.
    ahead = at - now >= FRESH
    settled = wanted.settled_on is not None and at.date() >= wanted.settled_on
    return not ahead and (settled or now - at < FRESH)


def _pages(session: "requests.Session", wanted: Wanted, readable: Readable, next_page: Next) -> list[tuple[str, bytes]]:
    """The files of an answer, if all of them can be read."""
    pages = []
    one: Wanted | None = wanted
    with tempfile.TemporaryDirectory() as scratch:
        while one is not None:
            content = _content(session, one)
            file = Path(scratch) / Path(one.file).name
            file.write_bytes(content)
            readable(file)
            pages.append((one.file, content))
            one = next_page(one, content)
    return pages


def _content(session: "requests.Session", wanted: Wanted) -> bytes:
    import requests

    content, begun = bytearray(), time.monotonic()
    with session.get(wanted.address, params=dict(wanted.query), timeout=TIMEOUT, stream=True) as response:
        response.raise_for_status()
        # As much as is there, and not as much as was asked for: that may never come.
        while piece := response.raw.read1(1 << 16, decode_content=True):
            content += piece
            if len(content) > MAX_BYTES:
                raise DataFault(f"the answer has more than {MAX_BYTES:,} bytes")
            if time.monotonic() - begun > DEADLINE:
                raise requests.Timeout(f"the whole of the answer was not there after {DEADLINE:.0f} s")
    return bytes(content)


def _stays(response: "requests.Response", **_: object) -> None:
    """Refuse an answer that sends on to somebody else, or from https to http: only what is set is asked."""
    if response.is_redirect:
        asked, other = (_publisher(at) for at in (response.url, urljoin(response.url, response.headers["location"])))
        if asked != other:
            raise DataFault(f"it sends on to {other}, which is not asked; if the publisher has moved, set its new address")


def _publisher(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}".lower()
