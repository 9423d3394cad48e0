"""Says how far a part is, on the terminal."""

from __future__ import annotations

import sys
import time
from threading import Lock


class Progress:
    """A line that tells how much of a part is done.

    Parameters
    ----------
    part
        What is being done.
    """

    def __init__(self, part: str) -> None:
        self._part = part
        self._done = 0
        self._all = 0
        self._began = time.monotonic()
        self._said = 0.0
        self._lock = Lock()

    def more(self, count: int) -> None:
        """Note that there is more to do."""
        with self._lock:
            self._all += count

    def step(self, count: int = 1) -> None:
        """Note that some more is done."""
        with self._lock:
            self._done += count
            now = time.monotonic()
            if now - self._said >= 5:
                self._said = now
                print(f"  {self._part}: {self._done} of {self._all}, {now - self._began:.0f} s", file=sys.stderr)

    def end(self) -> None:
        """Note that all is done."""
        took = time.monotonic() - self._began
        print(f"  {self._part}: done in {took:.0f} s", file=sys.stderr, flush=True)
