"""The whole suite: `python -m zl_assets_tests.benchmarks [section ...]`, each section in a process of its own.

Writes docs/evidence/benchmarks.json and the tables of docs/evidence/benchmarks.md, and prints each ratio with its bound.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from zl_assets_tests.benchmarks.figures import SECTIONS, records, show, write


def main(names: list[str]) -> int:
    """Run sections, all of them by default; 1 if one could not be measured. A bound that is missed is a figure, not a failure."""
    failed = 0
    for name in names or SECTIONS:
        with tempfile.TemporaryDirectory(prefix="zl-benchmarks-") as folder:
            report = Path(folder) / "report.json"
            bench = Path(__file__).with_name(f"bench_{name}.py")
            words = [
                "-m",
                "pytest",
                "-q",
                "-W",
                "ignore",
                "-o",
                "python_files=bench_*.py",
                "--benchmark-enable",
                "--benchmark-json",
                str(report),
            ]
            ended = subprocess.run([sys.executable, *words, "--benchmark-quiet", str(bench)], check=False)
            failed += ended.returncode != 0
            if report.exists():
                measured = records(json.loads(report.read_text()))
                write(name, measured)
                print(show(name, measured), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
