"""What a store of limits makes of the answers of its table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from nereid.aws.access.limits import DynamoLimitStore
from nereid.aws.errors import ConditionFailed
from nereid.clock import to_iso

NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
LATER = NOW + timedelta(minutes=15)
OPEN = to_iso(LATER)


class Table:
    """Refuses the writes that it is told to, each with the item that is there."""

    def __init__(self, *updates: dict[str, Any] | None, puts: tuple[bool, ...] = ()) -> None:
        self.updates, self.puts = list(updates), list(puts)

    def update(self, *_: object, **__: object) -> dict[str, Any]:
        old = self.updates.pop(0)
        if old is not None:
            raise ConditionFailed(old=old)
        return {"used": 3}

    def put(self, *_: object) -> None:
        if not self.puts.pop(0):
            raise ConditionFailed


def store(*updates: dict[str, Any] | None, puts: tuple[bool, ...] = ()) -> DynamoLimitStore:
    table: Any = Table(*updates, puts=puts)
    return DynamoLimitStore(table)


def test_what_was_used_is_told_whether_or_not_it_was_too_much() -> None:
    assert store(None).use("k", "w", 1, 5, LATER) == (True, 3)
    assert store({"used": 5}).use("k", "w", 1, 5, LATER) == (False, 5)
    assert store({}).use("k", "w", 6, 5, LATER) == (False, 0)


def test_an_attempt_counts_in_the_window_that_is_open_or_opens_one() -> None:
    assert store(None).attempt("k", 10, NOW, LATER) is None
    assert store({}, puts=(True,)).attempt("k", 10, NOW, LATER) is None
    assert store({"closes": to_iso(NOW), "used": 10}, puts=(True,)).attempt("k", 10, NOW, LATER) is None


def test_an_attempt_that_finds_another_one_opening_a_window_counts_in_that() -> None:
    limits = store({}, None, puts=(False,))
    assert limits.attempt("k", 10, NOW, LATER) is None
    full = store({}, {"closes": OPEN, "used": 10, "failed": 10}, puts=(False,)).attempt("k", 10, NOW, LATER)
    assert full == (LATER, False)


def test_a_full_window_says_whether_attempts_are_under_way() -> None:
    assert store({"closes": OPEN, "used": 10, "failed": 9}).attempt("k", 10, NOW, LATER) == (LATER, True)
    assert store({"closes": OPEN, "used": 10}).attempt("k", 10, NOW, LATER) == (LATER, True)
    assert store({"closes": OPEN, "used": 1}).attempt("k", 1, NOW, LATER) == (LATER, True)
