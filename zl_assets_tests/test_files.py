"""Files are replaced whole or not at all."""

import multiprocessing
import os
import resource
import signal
import stat
import time
from pathlib import Path

import pytest

from zl_assets.files import TEMPORARY, ArtifactFault, exclusive, put_file, put_folder, put_link, replace_file, sweep


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


def test_a_file_is_readable_by_whom_it_is_for(tmp_path: Path) -> None:
    put_file(tmp_path / "public", b"x")
    put_file(tmp_path / "secret", b"x", mode=0o600)
    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("public", "secret")] == [0o644, 0o600]


def test_a_folder_that_is_killed_while_it_is_written_is_not_there_and_is_swept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", killed)
        with pytest.raises(KeyboardInterrupt):
            put_folder(tmp_path / "model", {"a": b"1", "b": b"2"})
    assert [p.name for p in tmp_path.iterdir()] == [f"{TEMPORARY}model"]
    sweep(tmp_path)
    put_folder(tmp_path / "model", {"a": b"1", "b": b"2"})
    assert {p.name: p.read_bytes() for p in (tmp_path / "model").iterdir()} == {"a": b"1", "b": b"2"}


def test_a_link_is_replaced_in_one_step_and_a_half_made_one_is_swept(tmp_path: Path) -> None:
    put_link(tmp_path / "latest", "one")
    (tmp_path / f"{TEMPORARY}latest").symlink_to("nowhere")
    sweep(tmp_path)
    put_link(tmp_path / "latest", "two")
    assert os.readlink(tmp_path / "latest") == "two"
    assert [p.name for p in tmp_path.iterdir()] == ["latest"]


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
