"""SIGINT and SIGTERM to the command line: both interrupt, and which came first decides the exit code.

Must not be here: what a run does about an interruption, which is execution.py.
"""

import os
import signal

_STOP = (signal.SIGINT, signal.SIGTERM)


class StopSignals:
    """From now on both raise KeyboardInterrupt, and are written down.

    Dagster replaces the handlers of both during a run, and does not tell them apart. What Python writes to its wake-up descriptor
    is written whatever the handler.
    """

    def __init__(self) -> None:
        self._came, wakeup = os.pipe()
        os.set_blocking(self._came, False)
        os.set_blocking(wakeup, False)
        signal.set_wakeup_fd(wakeup, warn_on_full_buffer=False)
        for one in _STOP:
            signal.signal(one, signal.default_int_handler)
        self._first: signal.Signals | None = None

    @property
    def came(self) -> bool:
        """Was this process told to stop?"""
        return self._look() is not None

    @property
    def exit_code(self) -> int:
        """As a shell reports a process that a signal ended: 130 after SIGINT, 143 after SIGTERM."""
        return 128 + (self._look() or signal.SIGINT)

    def _look(self) -> signal.Signals | None:
        if self._first is None:
            try:
                numbers = os.read(self._came, 4096)
            except BlockingIOError:
                return None
            self._first = next((one for number in numbers if (one := signal.Signals(number)) in _STOP), None)
        return self._first
