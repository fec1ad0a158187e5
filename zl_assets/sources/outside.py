"""Sources of files that may be fetched: bringing them, and what to say while there is none.

Belongs here: what a setting that is a file, a folder or addresses means to each such source. Must not be here: asking a publisher
(fetching.py), finding and dating files (dated_files.py), and any one source.
"""

import datetime as dt
from collections.abc import Callable, Iterable

from zl_assets.settings import PREFIX, Settings
from zl_assets.sources.dated_files import has_files
from zl_assets.sources.fetching import Next, Readable, Wanted, fetch, last_page


def fetch_all(
    settings: Settings,
    setting: str,
    wanted: Callable[[str], Iterable[Wanted]],
    now: dt.datetime,
    readable: Readable,
    next_page: Next = last_page,
) -> dict[str, str]:
    """Fetch the files of every address that the setting has; nothing where it has none.

    Args:
        wanted: the files of an address.

    Returns, Raises: as `fetch`.
    """
    folder, problems = settings.files_of(setting), dict[str, str]()
    if folder is None:
        return problems
    for address in settings.addresses_of(setting):
        problems |= fetch(wanted(address), folder, now, readable, next_page)
    return problems


def not_there(settings: Settings, setting: str, unset: str) -> dict[str, str]:
    """Why there is nothing to read yet: the setting's words where it is unset, the addresses where none has given a file; empty
    where there is something.

    Args:
        unset: what a person is told while the setting is not set.
    """
    place, addresses = settings.files_of(setting), settings.addresses_of(setting)
    if place is None:
        return {f"{PREFIX}{setting.upper()}": unset}
    if addresses and not has_files(place):
        return {address: f"{address} has given no file yet." for address in addresses}
    return {}
