"""Files are replaced whole or not at all."""

import multiprocessing
import os
import resource
import signal
import time
from pathlib import Path

import pytest

from zl_assets.files import TEMPORARY, ArtifactFault, exclusive, replace_file


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(ArtifactFault, match="taken"):
        replace_file(tmp_path / "taken" / "f", b"x")


def _write_too_much(path: Path) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    try:
        replace_file(path, b"x" * 5000)
    except ArtifactFault as fault:
        os._exit(7 if "The old file is intact" in str(fault) else 8)
    os._exit(0)


def test_a_full_disk_leaves_the_old_file_and_no_rubbish(tmp_path: Path) -> None:
    path = tmp_path / "f"
    replace_file(path, b"old")
    process = multiprocessing.get_context("spawn").Process(target=_write_too_much, args=(path,))
    process.start()
    process.join()
    assert process.exitcode == 7
    assert path.read_bytes() == b"old"
    assert {p.name for p in tmp_path.iterdir()} == {"f", ".lock"}


def test_what_a_killed_write_left_is_swept_by_the_next(tmp_path: Path) -> None:
    (tmp_path / f"{TEMPORARY}abc").write_bytes(b"half")
    replace_file(tmp_path / "f", b"new")
    assert {p.name for p in tmp_path.iterdir()} == {"f", ".lock"}


def _hold(folder: Path) -> None:
    with exclusive(folder):
        (folder / "held").touch()
        time.sleep(60)


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_hold, args=(tmp_path,))
    process.start()
    while not (tmp_path / "held").exists():
        time.sleep(0.01)
    process.kill()
    process.join()
    with exclusive(tmp_path):
        pass
