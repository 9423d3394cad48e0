"""Time, in the two shapes that Nereid uses: aware datetimes inside, ISO 8601 with milliseconds outside."""

from datetime import UTC, datetime


class SystemClock:
    """The machine's wall clock.

    Wall time, not a monotonic clock: a frozen Lambda sandbox stops the latter, and caches that bound how long
    a revoked credential lives must count the time spent frozen.
    """

    def now(self) -> datetime:
        """Return the current time in UTC."""
        return datetime.now(UTC)


def to_iso(moment: datetime) -> str:
    """Write a moment as the APIs show it, ``2026-01-31T09:30:00.000Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def to_exact_iso(moment: datetime) -> str:
    """Write a moment with all its digits, so that items of the same millisecond keep their order."""
    return moment.isoformat(timespec="microseconds")


def from_iso(text: str) -> datetime:
    """Parse the output of :func:`to_iso` or :func:`to_exact_iso`."""
    return datetime.fromisoformat(text)
