"""The whole suite: `python -m zl_assets_tests.faults [section ...]`, where `kills:5` runs a section at a smaller scale.

Writes docs/evidence/faults.md; the exit code is 1 if anything failed.
"""

import importlib
import logging
import sys
import tempfile
import time
import warnings
from pathlib import Path

from zl_assets_tests.faults.figures import SECTIONS, write


def main(names: list[str]) -> int:
    """Run sections, all of them by default."""
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    failed = 0
    for given in names or SECTIONS:
        name, _, scale = given.partition(":")
        section = importlib.import_module(f"zl_assets_tests.faults.full.{name.replace('-', '_')}")
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="zl-faults-") as place:
            title, text, problems = section.run(Path(place), *((int(scale),) if scale else ()))
        write(name, title, f"{text}\n\nThe section took {(time.monotonic() - began) / 60:.0f} minutes; {len(problems)} failures.")
        for problem in problems:
            print(f"FAILED {name}: {problem}")
        failed += len(problems)
        print(f"{name}: {time.monotonic() - began:.0f} s, {len(problems)} failures", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
