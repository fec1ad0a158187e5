"""A disk that fills up in the middle of a refresh.

Belongs here: a small tmpfs with ballast in it, and what a refresh says and leaves. Must not be here: anything that works without
root; the file size limit is in test_disk.py.
"""

import contextlib
import datetime as dt
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from zl_assets.embedded.lifecycle import stop_server
from zl_assets_tests.faults.http_faults import older_and_newer_bars
from zl_assets_tests.support.product import Product, differences, failures, kill_leftover_server


@dataclass(frozen=True)
class Full:
    """One refresh on a disk with little room.

    Attributes:
        room_kb: free when it began.
        said: the first message, or that it succeeded.
    """

    room_kb: int
    said: str
    problems: tuple[str, ...]


@contextlib.contextmanager
def small_disk(place: Path, megabytes: int) -> Iterator[Path]:
    """A tmpfs of a fixed size.

    Raises:
        PermissionError: this user may not mount one.
    """
    place.mkdir(parents=True, exist_ok=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(place)], capture_output=True, text=True
    )
    if mounted.returncode:
        raise PermissionError(mounted.stderr.strip())
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=False)


def leave_room(disk: Path, kilobytes: int) -> Path:
    """Fill the disk up to so much free space; the file that does it."""
    ballast = disk / "ballast"
    free = os.statvfs(disk)
    with open(ballast, "wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(free.f_bavail * free.f_frsize - kilobytes * 1024, 1))
    return ballast


def campaign(place: Path, rooms: list[int]) -> list[Full]:
    """Refreshes from older to newer bars on a full disk; Dagster's own storage is elsewhere, the server stays up throughout."""
    older, newer = older_and_newer_bars(place / "bars")
    settings = {"as_of": dt.date(2025, 11, 15)}
    outcomes = []
    with small_disk(place / "disk", 400) as disk:
        home = Product(place / "home", settings | {"bars": older}, on_disk=True)
        home.folder.mkdir()
        (home.folder / "state").symlink_to(disk / "state")
        (disk / "state").mkdir()
        try:
            assert home.refresh(checks=False).success
            before = home.snapshot()
            # First the older bars here too: the forecasts of the newest sessions stay when newer ones come.
            clean_home = Product(place / "clean", settings, on_disk=True)
            for bars in (older, newer):
                assert clean_home.refresh(checks=False, bars=bars).success
            after = clean_home.snapshot()
            kill_leftover_server(clean_home.state_dir)
            for number, room in enumerate(rooms):
                prefix = f"full{number}_"
                home.values["dataset_prefix"] = prefix
                home.values["bars"] = older
                assert home.refresh(checks=False).success
                home.values["bars"] = newer
                ballast = leave_room(disk, room)
                result = home.refresh(checks=False, deadline=20.0)
                ballast.unlink()
                said = failures(result)
                problems = [f"{step}: {text[:300]}" for step, text in said.items() if text.startswith("CRASH")]
                try:
                    found = home.snapshot(prefix)
                    problems += [
                        f"{name} is neither as before nor as after"
                        for name in after
                        if found.get(name) not in (before[name], after[name])
                    ]
                    rerun = failures(home.refresh(checks=False))
                    problems += [f"with space again: {step}: {text[:400]}" for step, text in rerun.items()]
                    problems += differences(home.snapshot(prefix), after)
                    # A write that the disk cut off leaves a file, and the server's next start takes it away.
                    stop_server(home.state_dir)
                    problems += home.leavings(deep=True)
                except Exception as error:
                    problems.append(f"with space again: {type(error).__name__}: {error}")
                    stop_server(home.state_dir)
                outcomes.append(Full(room, next(iter(said.values()), "succeeded").splitlines()[0][:160], tuple(problems)))
                print(outcomes[-1], flush=True)
                home.forget(prefix)
        finally:
            kill_leftover_server(home.state_dir)
    return outcomes
