"""Our IO manager beside dagster-gcp-pandas'."""

from pathlib import Path

from zl_assets_tests.faults.figures import table
from zl_assets_tests.faults.side_by_side import OURS, Left, compare
from zl_assets_tests.support.product import Product, kill_leftover_server


def run(place: Path) -> tuple[str, str, list[str]]:
    """The section."""
    home = Product(place / "home", on_disk=True)
    left: list[Left] = []
    try:
        for one in compare(home):
            left.append(one)
            print(one, flush=True)
    finally:
        kill_leftover_server(home.state_dir)
    rows = [(one.fault, one.manager, one.run, one.table, f"{one.seconds:.1f}") for one in left]
    problems = [f"{one.fault}: {one.table}" for one in left if one.manager == OURS and not one.table.startswith("whole")]
    text = (
        "Both write the 3,831 rows of the sample's matrix into a table of their own, then the same rows with one close revised "
        "while the fault strikes (dagster-gcp-pandas: flat columns, since it cannot write STRUCTs from a frame). A fault of 45 s "
        "outlives our ZL_DEADLINE=30, which ends in a clear error; the other manager has no deadline, and waits it out.\n\n"
        + table(("fault", "IO manager", "run", "what is left in the table", "seconds"), rows)
    )
    return "Side by side with dagster-gcp-pandas", text, problems
