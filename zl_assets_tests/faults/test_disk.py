"""A disk that takes no more, and a folder that may not be written: the old file is intact and the message says what to do."""

import os
import resource
import tempfile
from pathlib import Path

import pytest

from zl_assets.files import ArtifactFault, replace_file


def test_a_file_that_cannot_grow_leaves_the_old_one_and_no_leftover(tmp_path: Path) -> None:
    path = tmp_path / "csv" / "file.csv"
    replace_file(path, b"old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(ArtifactFault, match=r"File too large.*old file is intact.*free some space"):
            replace_file(path, b"x" * 800_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == b"old"
    assert sorted(p.name for p in path.parent.iterdir()) == [".lock", "file.csv"]
    replace_file(path, b"x" * 800_000)
    assert path.stat().st_size == 800_000


@pytest.mark.skipif(os.geteuid() != 0, reason="gives up root for a moment, and this user is not root")
def test_a_folder_that_may_not_be_written_is_named() -> None:
    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o755)  # noqa: S103  others must be able to look
        path = Path(place) / "csv" / "file.csv"
        replace_file(path, b"old")
        os.seteuid(65534)
        try:
            with pytest.raises(ArtifactFault, match=r"file.csv cannot be written: .*Permission denied.*writable"):
                replace_file(path, b"new")
        finally:
            os.seteuid(0)
        assert path.read_bytes() == b"old"
