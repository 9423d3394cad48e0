"""Rate limits: how many requests a credential may make in each clock hour."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from cachetools import TTLCache

from nereid.clock import to_iso
from nereid.errors import Unavailable
from nereid.ports.access import LimitStore
from nereid.ports.clock import Clock

_HOUR = timedelta(hours=1)
#: How many counts are kept in memory.
_COUNTS_KEPT = 4096


class Bucket(NamedTuple):
    """A kind of request, and how many of it an hour holds."""

    name: str
    limit: int


GENERAL = Bucket("general", 1000)
AI = Bucket("ai", 100)
EMAIL = Bucket("email", 500)
#: Of a team, whichever of its credentials is used.
TEST_SEND = Bucket("test_send", 60)
LEAD_IMPORT = Bucket("lead_import", 1000)
#: What all credentials of a team together have, of what costs the operator money: a team makes credentials itself.
OF_TEAM: Mapping[Bucket, Bucket] = {AI: Bucket("ai_team", 1000), EMAIL: Bucket("email_team", 5000)}


@dataclass(frozen=True)
class Quota:
    """Where a credential stands in a bucket's present hour."""

    allowed: bool
    limit: int
    remaining: int
    #: The end of the hour, in seconds since 1970.
    reset: int
    #: How many seconds are left of it, at least one.
    retry_after: int

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers that say so."""
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(self.reset),
        }


class RateLimiter:
    """Counts requests in fixed hours: one conditional write for each that may pass.

    Within an hour a count only grows. So the last count that was read is a lower bound, kept in memory, and
    a request that it rules out is refused without asking the store.
    """

    def __init__(self, store: LimitStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._used: TTLCache[tuple[str, str], int] = TTLCache(
            _COUNTS_KEPT, _HOUR.total_seconds(), lambda: clock.now().timestamp()
        )

    def take(self, bucket: Bucket, owner: str, how_many: int = 1) -> Quota:
        """Use up some of an owner's hour unless too little of it remains; a refusal uses up nothing."""
        now = self._clock.now()
        key, window, end = _window(bucket, owner, now)
        used = self._used.get((key, window), 0)
        allowed = not self.is_used_up(bucket, owner, how_many)
        if allowed:
            allowed, used = self._store.use(key, window, how_many, bucket.limit, end)
            self._remember(key, window, used)
        return _quota(bucket, used, now, end, allowed=allowed)

    def is_used_up(self, bucket: Bucket, owner: str, how_many: int = 1) -> bool:
        """Tell whether too little of an owner's hour remains, as far as memory knows."""
        key, window, _ = _window(bucket, owner, self._clock.now())
        return self._used.get((key, window), 0) + how_many > bucket.limit

    def look(self, bucket: Bucket, owner: str) -> Quota:
        """Tell where an owner stands without using anything up."""
        now = self._clock.now()
        key, window, end = _window(bucket, owner, now)
        try:
            used = self._store.used(key, window)
        except Unavailable:
            # The answer at hand matters more than its headers: nothing can be had just now.
            used = bucket.limit
        return _quota(bucket, used, now, end, allowed=used < bucket.limit)

    def _remember(self, key: str, window: str, used: int) -> None:
        self._used[key, window] = max(used, self._used.get((key, window), 0))


def _window(bucket: Bucket, owner: str, now: datetime) -> tuple[str, str, datetime]:
    start = now.replace(minute=0, second=0, microsecond=0)
    return f"{bucket.name}#{owner}", to_iso(start), start + _HOUR


def _quota(bucket: Bucket, used: int, now: datetime, end: datetime, *, allowed: bool) -> Quota:
    left = max(1, int((end - now).total_seconds() + 0.999))
    return Quota(allowed, bucket.limit, max(0, bucket.limit - used), int(end.timestamp()), left)
