"""kill -9 of a refresh, and of the embedded server under it, at chosen moments; what a rerun makes of it.

Belongs here: choosing the moments and judging what is left. Must not be here: the killing itself (victim.py).
"""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from zl_assets_tests.faults import victim
from zl_assets_tests.support.product import Product, differences, failures

# Seconds between the beginning of the event and the kill, in turn: at once, while it is under way, and when it is just done.
DELAYS = (0.0, 0.004, 0.02, 0.06)

# A refresh takes half a minute, and took two with ten other suites on the two cores: only what is longer than that hangs.
_PATIENCE = 600.0


@dataclass(frozen=True)
class Kill:
    """One kill and what came of it.

    Attributes:
        at: what was under way.
        survived: the refresh came to a good end by itself.
    """

    who: str
    at: str
    delay: float
    survived: bool
    problems: tuple[str, ...]


def clean_run(home: Product, place: Path) -> tuple[dict[str, str], list[str]]:
    """Digests of an undisturbed run, and its events in order."""
    report = place / "clean.json"
    process = victim.start(home, "clean_", report, None)
    process.join(_PATIENCE)
    outcome = json.loads(report.read_text())
    assert outcome["success"], outcome["said"]
    snapshot = home.snapshot("clean_")
    home.forget("clean_")
    return snapshot, outcome["events"]


def spread(events: Sequence[str], count: int) -> list[int]:
    """Numbers of `count` events: one of each kind first, the other points evenly over the run."""
    first = {kind: i for i, kind in reversed(list(enumerate(events)))}
    chosen = sorted(
        first.values(), key=lambda i: ("merge" not in events[i], "load" not in events[i], "open" not in events[i], i)
    )[:count]
    step = len(events) / max(count, 1)
    for i in range(count):
        if len(chosen) < count:
            chosen.append(int(i * step))
    return sorted(chosen)


def kill_once(home: Product, place: Path, number: int, shot: victim.Shot, clean: dict[str, str], *, at: str, deep: bool) -> Kill:
    """One kill during a first run into new datasets with no CSV or model there, the rerun, and the judgement.

    Args:
        at: the event, in words.
    """
    prefix = f"k{number}_{shot.who}_"
    for name in ("models", "training_csv"):
        shutil.rmtree(home.state_dir / name, ignore_errors=True)
    report = place / f"{prefix}.json"
    process = victim.start(home, prefix, report, shot)
    process.join(_PATIENCE)
    problems = []
    if process.is_alive():
        problems.append("the run hangs")
        process.kill()
        process.join()
    survived = report.exists() and json.loads(report.read_text())["success"]
    if report.exists() and not survived:
        said = json.loads(report.read_text())["said"]
        problems += [f"the run did not survive its server: {step}: {text[:400]}" for step, text in said.items()]
    problems += left_by(home, prefix, clean, {}, deep=deep)
    return Kill(shot.who, at, shot.delay, survived, tuple(problems))


def left_by(home: Product, prefix: str, clean: dict[str, str], before: dict[str, str], *, deep: bool) -> list[str]:
    """What is wrong with what the newest run left, and with a rerun, which is then forgotten.

    Args:
        before: what was there before the run.
    """
    problems = []
    found = home.snapshot(prefix)
    # What Dagster was told is written must be there, whole; and what is there beside it is whole or empty.
    for asset in home.acknowledged() & clean.keys():
        if found.get(asset) != clean[asset]:
            problems.append(f"acknowledged and lost: {asset} is {found.get(asset)}")
    for name, digest in found.items():
        if digest not in (clean[name], before.get(name)) and not digest.startswith("0 rows"):
            problems.append(f"after the end {name} is {digest}, neither as before nor empty nor whole")
    result = home.refresh(checks=False, dataset_prefix=prefix)
    problems += [f"the rerun failed: {step}: {text[:400]}" for step, text in failures(result).items()]
    problems += differences(home.snapshot(prefix), clean)
    problems += home.leavings(deep=deep)
    home.forget(prefix)
    return problems


def campaign(
    home: Product, place: Path, who: str, count: int, undisturbed: tuple[dict[str, str], list[str]], *, deep_every: int
) -> list[Kill]:
    """`count` kills of one kind, each followed by a rerun.

    Args:
        undisturbed: what `clean_run` gave.
    """
    clean, events = undisturbed
    if who == "server":
        numbers = spread([e if not e.startswith(("open", "os.")) else "file" for e in events], count)
    else:
        numbers = spread(events, count)
    kills = []
    for i, event in enumerate(numbers):
        shot = victim.Shot(who, event, DELAYS[i % len(DELAYS)])
        deep = i % deep_every == 0 or i == count - 1
        kills.append(kill_once(home, place, i, shot, clean, at=events[event], deep=deep))
        kill = kills[-1]
        print(f"{who} {i + 1}/{count} {kill.at} +{kill.delay}: survived {kill.survived} {kill.problems}", flush=True)
    return kills
