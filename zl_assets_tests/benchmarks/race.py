"""Rivals that take turns: each round runs every rival and then ours, so that a noisy machine is noisy for all of them.

Belongs here: taking turns, and the clocks. Must not be here: what is measured.
"""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psutil
from pytest_benchmark.fixture import BenchmarkFixture

OURS = "zl_assets"


@dataclass(frozen=True)
class Rival:
    """One way to get the same thing.

    Attributes:
        run: what is timed.
        prepare: what has to be there before each run, untimed.
        bound: ours may take at most this many times its time; None: the ratio is stated only.
    """

    run: Callable[[], Any]
    prepare: Callable[[], Any] = lambda: None
    bound: float | None = None


@dataclass
class Clock:
    """Wall time, and the processor time of this process, its children and servers, which hardly feels what else goes on."""

    servers: Sequence[int] = ()
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def _used(self) -> float:
        used = (psutil.Process(pid).cpu_times() for pid in self.servers)
        return sum(os.times()[:4]) + sum(times.user + times.system for times in used)

    def run(self, function: Callable[[], Any]) -> Any:
        """Run it once, and note what it took."""
        used, began = self._used(), time.perf_counter()
        result = function()
        self.wall.append(time.perf_counter() - began)
        self.cpu.append(self._used() - used)
        return result


def race(
    benchmark: BenchmarkFixture,
    ours: Rival,
    rivals: Mapping[str, Rival],
    rounds: int,
    servers: Sequence[int] = (),
    **facts: Any,
) -> Any:
    """Run all of them in turn and note every time; returns what ours returned last.

    Args:
        servers: process ids whose processor time counts too.
        facts: put beside the times.
    """
    clocks = {name: Clock(servers) for name in (OURS, *rivals)}

    def others_first() -> None:
        for name, rival in rivals.items():
            rival.prepare()
            clocks[name].run(rival.run)
        ours.prepare()

    result = benchmark.pedantic(lambda: clocks[OURS].run(ours.run), setup=others_first, rounds=rounds)
    benchmark.extra_info.update(
        wall={name: clock.wall for name, clock in clocks.items()},
        cpu={name: clock.cpu for name, clock in clocks.items()},
        bounds={name: rival.bound for name, rival in rivals.items()},
        facts=facts,
    )
    return result
