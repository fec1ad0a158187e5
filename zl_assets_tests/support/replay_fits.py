"""The fits of the replay, made once for many refreshes of new folders: 3,075 of them are 20 s.

Belongs here: remembering them, by the hash of all that each depends on, as the product's own table of them is; and what stands in
for them. Must not be here: a test that is about the fits themselves.
"""

import contextlib
import fcntl
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from zl_assets.files import put_file
from zl_assets.model.replay import rows, walk

# Where they are, for the processes that a test starts and that run its code.
PLACE = "TEST_REPLAY_FITS"


def remembering(kept: Path) -> Callable[..., list[walk.Replayed]]:
    """`walk_forward` that makes no fit which is in the file, and adds those that it makes; several processes may share one."""
    make = walk.walk_forward

    def walk_forward(*args: Any) -> list[walk.Replayed]:
        *before, known = args
        with open(kept.with_suffix(".lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            fits: dict[str, float] = json.loads(kept.read_text()) if kept.exists() else {}
            walked = make(*before, {**fits, **known})
            if new := {step.made_of: step.predicted for step in walked if step.made_of not in fits}:
                # In one step: such a process may be killed at any moment.
                put_file(kept, json.dumps(fits | new).encode())
        return [replace(step, kept=step.made_of in known) for step in walked]

    return walk_forward


@contextlib.contextmanager
def remembered_fits(kept: Path) -> Iterator[None]:
    """Within it the replay remembers its fits in the file."""
    with mock.patch.object(rows, "walk_forward", remembering(kept)):
        yield


@contextlib.contextmanager
def mean_fits() -> Iterator[None]:
    """Within it a fit of the replay is the weighted mean of what it may learn from, and none is remembered.

    For a refresh of which every fit is new, and of which no test looks at a forecast: 3,075 real ones are 28 processor seconds.
    """
    with (
        mock.patch.object(walk, "fit_booster", lambda features, target, weights, config: np.average(target, weights=weights)),
        mock.patch.object(walk, "forecast", lambda mean, features: np.full(len(features), mean)),
        mock.patch.object(rows, "walk_forward", walk.walk_forward),
    ):
        yield


def place_for(folder: Path) -> Path:
    """The test run's file, or one in the folder outside of a test run."""
    return Path(os.environ.get(PLACE, folder / "replay_fits.json"))
