"""Every kind of HTTP fault, on single writes step by step and on the whole graph."""

import datetime as dt
from pathlib import Path

from zl_assets_tests.faults.figures import table
from zl_assets_tests.faults.http_faults import (
    SHORT,
    STEPS,
    Outcome,
    older_and_newer_bars,
    reads_under_fault,
    refresh_under_fault,
    small_write_refused_once,
    write_under_fault,
)
from zl_assets_tests.faults.proxy import FAULTS, Intercept, slow
from zl_assets_tests.support.product import Product, kill_leftover_server

# One of each way to fail, for the single steps: before the server acts, after it, in the job, and in the answer.
STEPWISE = tuple(
    f
    for f in FAULTS
    if f.name.startswith(("503 b", "job fails: jobRate", "connection reset after", "body cut short, length right"))
)


def run(place: Path) -> tuple[str, str, list[str]]:
    """The section."""
    older, newer = older_and_newer_bars(place / "bars")
    home = Product(place / "home", {"bars": older, "as_of": dt.date(2025, 11, 15)}, on_disk=True)
    outcomes: list[Outcome] = []

    def note(outcome: Outcome) -> None:
        outcomes.append(outcome)
        print(
            f"{outcome.seconds:6.1f} s {outcome.where:16} {outcome.fault} {'for ever' if outcome.ever else 'once'}: "
            f"{outcome.result} {outcome.faulted} {outcome.problems}",
            flush=True,
        )

    try:
        assert home.refresh().success
        before = home.snapshot()
        home.values["bars"] = newer
        with Intercept(home.state_dir) as intercept:
            client = home.client()
            for name, problems in small_write_refused_once(intercept, client):
                note(Outcome(name, "write", True, "clear error", 1, 0.0, problems))
            for fault in (*FAULTS, slow(1.5)):
                for always in (False, True):
                    note(
                        write_under_fault(
                            intercept,
                            client,
                            fault,
                            "every",
                            always=always,
                            deadline=SHORT if always else 30.0 if fault.name != "slow answers" else 4.0,
                        )
                    )
            for fault in STEPWISE:
                # No job runs while datasets and tables are asked for or made, so none can fail.
                for step in STEPS[2:] if fault.name.startswith("job fails") else STEPS[1:]:
                    for always in (False, True):
                        note(write_under_fault(intercept, client, fault, step, always=always, deadline=SHORT if always else 30.0))
            # For ever first: nothing of these may have changed a table, so each begins where the last did.
            after: dict[str, str] = {}
            clean = Product(place / "clean", dict(home.values), on_disk=True)
            assert clean.refresh().success
            after = clean.snapshot()
            kill_leftover_server(clean.state_dir)
            for fault in (*FAULTS, slow(1.5)):
                note(refresh_under_fault(home, intercept, fault, always=True, states=(before, after), deadline=SHORT))
            for fault in (*FAULTS, slow(1.5)):
                prefix = f"f{len(outcomes)}_"
                home.values["dataset_prefix"] = prefix
                note(
                    refresh_under_fault(
                        home,
                        intercept,
                        fault,
                        always=False,
                        states=({}, after),
                        deadline=4.0 if fault.name == "slow answers" else 60.0,
                    )
                )
                home.forget(prefix)
            home.values["dataset_prefix"] = ""
            for outcome in reads_under_fault(home, intercept):
                note(outcome)
            client.close()
    finally:
        kill_leftover_server(home.state_dir)
    return report(outcomes)


def report(outcomes: list[Outcome]) -> tuple[str, str, list[str]]:
    """The section of these outcomes."""
    problems = [f"{o.fault}, {o.where}, {'for ever' if o.ever else 'once'}: {p}" for o in outcomes for p in o.problems]
    rows = [
        (
            o.fault,
            o.where,
            "every attempt" if o.ever else "first attempt of each request",
            o.faulted,
            o.result if not o.problems else "FAILED",
            f"{o.seconds:.1f}",
        )
        for o in outcomes
    ]
    text = (
        f"{len(outcomes)} cases, {sum(o.faulted for o in outcomes)} faults injected. 'write' and the single steps: a changed "
        "frame of 7 rows into a table of 5. 'refresh': the whole job with its checks on the 3,998 bars of the sample. Faults "
        f"that never stop meet ZL_DEADLINE={SHORT:.0f}.\n\n"
        + table(("fault", "where", "faulted", "faults", "outcome", "seconds"), rows)
    )
    return "Faults between the client and BigQuery", text, problems
