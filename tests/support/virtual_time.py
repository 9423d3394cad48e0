"""Time that passes only where somebody sleeps or says so: for tests of what waits."""

from __future__ import annotations

import time

import pytest


class VirtualTime:
    """Stands in the place of `time.sleep` and `time.monotonic`.

    Parameters
    ----------
    monkeypatch
        Puts it there, and takes it away again.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        #: How long each sleep was, in seconds.
        self.pauses: list[float] = []
        monkeypatch.setattr(time, "sleep", self.sleep)
        monkeypatch.setattr(time, "monotonic", lambda: self.now)

    def sleep(self, seconds: float) -> None:
        """Let time pass, and note that somebody waited for it."""
        self.pauses.append(seconds)
        self.now += seconds

    def take(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds
