"""The server's entrance: who is inside, and how to shut it for a moment without turning anybody away.

Belongs here: counting requests, and holding back new ones while the server tidies up. Must not be here: what a request is
(server.py), and what is tidied (compaction.py).
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

ENTRANCE_POLL = 0.02
"""Seconds between two tries to enter."""


class Entrance:
    """Requests enter and leave; while it is shut they wait outside. Safe in any thread.

    Attributes:
        inside: requests that have entered and not left.
        last_used: when the last one left, on the monotonic clock, seconds.
    """

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._shut = False
        self.inside = 0
        self.last_used = time.monotonic()

    def try_enter(self) -> bool:
        """Go in, and `leave` in the end; False while it is shut: come again soon."""
        with self._mutex:
            if self._shut:
                return False
            self.inside += 1
            return True

    def leave(self) -> None:
        """One request is over."""
        with self._mutex:
            self.inside -= 1
            self.last_used = time.monotonic()

    @contextmanager
    def visit(self) -> Iterator[None]:
        """Wait until it is open, and be inside for the block."""
        while not self.try_enter():
            time.sleep(ENTRANCE_POLL)
        try:
            yield
        finally:
            self.leave()

    def shut_if_empty(self) -> bool:
        """Let nobody in from now on; False, and nothing is changed, if somebody is inside."""
        with self._mutex:
            if self.inside:
                return False
            self._shut = True
            return True

    def open(self) -> None:
        """Let those in who wait."""
        with self._mutex:
            self._shut = False
