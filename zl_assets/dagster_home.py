"""Where Dagster's storage is, and whether Dagster can use it. Must not be here: opening it, and an import that costs time."""

import os
import re
from pathlib import Path

from zl_assets.errors import SettingError


def dagster_home() -> Path:
    """The folder of the dagster.yaml that this process uses, as `dg dev` in the same folder does: DAGSTER_HOME if it is set, else
    the current folder.

    Raises:
        SettingError: there is no such folder or file, or Dagster cannot keep anything there.
    """
    home = os.environ.get("DAGSTER_HOME")
    folder = Path(home) if home else Path.cwd()
    if home and not folder.is_absolute():
        raise SettingError(
            f"DAGSTER_HOME is {home!r}, a relative path; Dagster takes an absolute one. Set it to {str(folder.absolute())!r}, or "
            "unset it to use the dagster.yaml of the project's folder."
        )
    if home and not folder.is_dir():
        found = "is not a folder" if folder.exists() else "does not exist"
        raise SettingError(
            f"DAGSTER_HOME is {home!r}, which {found}. Make it a folder, or unset it to use the dagster.yaml of the project's "
            "folder."
        )
    if not home and not (folder / "dagster.yaml").exists():
        raise SettingError(f"There is no dagster.yaml in {folder}. Run this in the project's folder, where README.md is.")
    # Dagster looks for the file by a pattern, and makes a URL of the path: it would read and write elsewhere.
    if odd := re.search(r"[?*[]|%[0-9A-Fa-f]{2}", str(folder)):
        raise SettingError(
            f"Dagster's storage cannot be in {str(folder)!r}: Dagster takes '{odd[0]}' in a path for something else. Use a "
            f"folder without it: {'set DAGSTER_HOME to one' if home else 'move or rename the project'}."
        )
    return folder
