"""Ten moments of a refresh at which it is told to stop."""

from pathlib import Path

from zl_assets_tests.faults.figures import table
from zl_assets_tests.faults.kills import clean_run
from zl_assets_tests.faults.stops import PROMISE, STOPS, Stopped, product, stop_once
from zl_assets_tests.support.product import kill_leftover_server


def run(place: Path, points: int = len(STOPS)) -> tuple[str, str, list[str]]:
    """The section."""
    home, older = product(place)
    stopped: list[Stopped] = []
    try:
        clean, _ = clean_run(home, place)
        for number, stop in enumerate(STOPS[:points]):
            stopped.append(stop_once(home, older, place, number, stop, clean, deep=True))
            print(stopped[-1], flush=True)
    finally:
        kill_leftover_server(home.state_dir)
    rows = [
        (
            one.stop.how,
            one.stop.what,
            one.written,
            "none" if one.seconds is None else f"{one.seconds:.1f}",
            "canceled; the rerun is identical" if not one.problems else "FAILED",
        )
        for one in stopped
    ]
    text = (
        "`python -m zl_assets` with all its checks, told to stop at a moment of its own: by a signal to its process, or by "
        "*Terminate* in the UI, which knows no way to a process of the command line, so that the run itself looks every two "
        "seconds whether it is still wanted. Each is the first refresh of empty datasets with no CSV or model there; that of the "
        "MERGE is a second one, with newer bars. After each: Dagster has the run as canceled within "
        f"{PROMISE:.0f} s, the exit code is 130 or 143, one line is said and no stack trace; what Dagster had been told is "
        "written is there, whole, and the rest is as before, empty or whole; then a rerun with nothing done by hand, identical "
        "to a clean run; no staging table, temporary file, held lock or orphaned data file. 'written': assets of ten that the "
        "run had written.\n\n" + table(("stopped by", "while", "written", "seconds to the end", "outcome"), rows)
    )
    return "Stops", text, [f"{one.stop.how} while {one.stop.what}: {p}" for one in stopped for p in one.problems]
