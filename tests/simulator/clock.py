"""Time in a run, and the clocks that the sandboxes have of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

#: Microseconds in a second: time is counted in whole ones, so that it adds up the same everywhere.
SECOND = 1_000_000
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def seconds(number: float) -> int:
    """Return seconds in microseconds."""
    return int(number * SECOND)


class Time:
    """The true time: microseconds since the run began."""

    def __init__(self) -> None:
        self.now = 0

    def moment(self) -> datetime:
        """Return it as a date."""
        return START + timedelta(microseconds=self.now)


class SandboxClock:
    """What a sandbox takes for the time. Implements `nereid.ports.clock.Clock`.

    Parameters
    ----------
    time
        The true one.
    error
        By how many microseconds it is wrong.
    """

    def __init__(self, time: Time, error: int = 0) -> None:
        self._time = time
        self.error = error

    def now(self) -> datetime:
        """Return the time, in UTC."""
        return START + timedelta(microseconds=self._time.now + self.error)
