"""What of an hour is left, and when the next one begins."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from nereid.core.access.rate_limits import AI, EMAIL, GENERAL, Bucket, Quota, RateLimiter
from nereid.errors import Unavailable

NOON = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
BUCKET = Bucket("b", 10)


class Store:
    """Takes what fits into ten an hour, and counts the calls."""

    def __init__(self) -> None:
        self.count = self.calls = 0

    def use(self, _key: str, _window: str, how_many: int, limit: int, _until: datetime) -> tuple[bool, int]:
        self.calls += 1
        allowed = self.count + how_many <= limit
        self.count += how_many if allowed else 0
        return allowed, self.count

    def used(self, _key: str, _window: str) -> int:
        return self.count


def limiter(store: Any, at: datetime = NOON) -> RateLimiter:
    clock: Any = SimpleNamespace(now=lambda: at)
    return RateLimiter(store, clock)


def test_an_hour_holds_what_the_api_says() -> None:
    assert {bucket.name: bucket.limit for bucket in (GENERAL, AI, EMAIL)} == {"general": 1000, "ai": 100, "email": 500}


def test_each_request_uses_up_one_until_none_is_left_and_then_asks_the_store_no_more() -> None:
    store = Store()
    limits = limiter(store)
    taken = [limits.take(BUCKET, "o") for _ in range(12)]
    assert [(each.allowed, each.remaining) for each in taken] == [
        *((True, left) for left in range(9, -1, -1)),
        (False, 0),
        (False, 0),
    ]
    assert store.calls == 10


def test_what_does_not_fit_uses_up_nothing() -> None:
    limits = limiter(Store())
    limits.take(BUCKET, "o", 8)
    assert limits.take(BUCKET, "o", 3).allowed is False
    assert limits.take(BUCKET, "o", 2).allowed is True


@pytest.mark.parametrize(
    ("after", "left"),
    [
        (timedelta(), 3600),
        (timedelta(minutes=59, seconds=58, milliseconds=500), 2),
        (timedelta(minutes=59, seconds=59), 1),
        (timedelta(minutes=59, seconds=59, microseconds=999_999), 1),
    ],
)
def test_the_seconds_left_are_rounded_up_and_one_at_least(after: timedelta, left: int) -> None:
    end = int((NOON + timedelta(hours=1)).timestamp())
    assert limiter(Store(), NOON + after).look(BUCKET, "o") == Quota(True, 10, 10, end, left)  # noqa: FBT003


def test_a_look_uses_up_nothing_and_promises_nothing_while_the_store_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store()
    store.count = 9
    assert limiter(store).look(BUCKET, "o").remaining == 1
    store.count = 10
    assert limiter(store).look(BUCKET, "o").allowed is False

    def away(*_: object) -> int:
        raise Unavailable("away")

    monkeypatch.setattr(store, "used", away)
    found = limiter(store).look(AI, "o")
    assert (found.allowed, found.limit, found.remaining) == (False, 100, 0)
