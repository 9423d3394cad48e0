"""How long an event type is believed to be as it was read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nereid.core.messaging import recent_event_types
from nereid.core.messaging.recent_event_types import RecentEventTypes
from nereid.models.event_type import EventType
from nereid.models.team import Scope
from tests.support.notifications import MAIL

NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
DEV, LIVE = Scope("team", "dev"), Scope("team", "live")


def event_type(name: str = "login", *, text: str = "Hello") -> EventType:
    notification = {**MAIL, "template": {**MAIL["template"], "text": text}}
    return EventType.model_validate(
        {
            "event_type": name,
            "environment": "dev",
            "notifications": [notification],
            "created_at": NOW,
            "updated_at": NOW,
        }
    )


class Store:
    def __init__(self) -> None:
        self.stored: dict[tuple[Scope, str], EventType] = {}
        self.asked: list[str] = []
        self.time = NOW

    def get(self, scope: Scope, name: str) -> EventType | None:
        self.asked.append(name)
        return self.stored.get((scope, name))

    def now(self) -> datetime:
        return self.time

    def pass_seconds(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@pytest.fixture
def store() -> Store:
    return Store()


def recent(store: Any, cache_seconds: float = 10) -> RecentEventTypes:
    return RecentEventTypes(store, store, cache_seconds=cache_seconds)


def test_one_is_read_once_in_its_time(store: Store) -> None:
    store.stored[DEV, "login"] = event_type()
    cached = recent(store)
    assert cached.get(DEV, "login") == event_type()
    store.pass_seconds(9.9)
    assert cached.get(DEV, "login") == event_type()
    assert store.asked == ["login"]


def test_a_change_is_seen_when_the_time_is_over(store: Store) -> None:
    store.stored[DEV, "login"] = event_type()
    cached = recent(store)
    cached.get(DEV, "login")
    store.stored[DEV, "login"] = event_type(text="Goodbye")
    assert cached.get(DEV, "login") == event_type()
    store.pass_seconds(10)
    assert cached.get(DEV, "login") == event_type(text="Goodbye")


def test_a_new_one_is_seen_after_a_second(store: Store) -> None:
    cached = recent(store)
    assert cached.get(DEV, "login") is None
    store.stored[DEV, "login"] = event_type()
    store.pass_seconds(0.9)
    assert cached.get(DEV, "login") is None
    assert store.asked == ["login"]
    store.pass_seconds(0.1)
    assert cached.get(DEV, "login") == event_type()


def test_with_no_time_it_is_read_each_time(store: Store) -> None:
    cached = recent(store, 0)
    assert cached.get(DEV, "login") is None
    store.stored[DEV, "login"] = event_type()
    assert cached.get(DEV, "login") == event_type()
    store.stored[DEV, "login"] = event_type(text="Goodbye")
    assert cached.get(DEV, "login") == event_type(text="Goodbye")


def test_each_environment_has_its_own(store: Store) -> None:
    store.stored[DEV, "login"] = event_type()
    cached = recent(store)
    cached.get(DEV, "login")
    assert cached.get(LIVE, "login") is None


def test_no_more_than_so_many_bytes_are_kept(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent_event_types, "_KEPT_BYTES", 50_000)
    cached = recent(store)
    for name in ("a", "b", "c"):
        store.stored[DEV, name] = event_type(name, text="x" * 20_000)
        cached.get(DEV, name)
    store.asked.clear()
    for name in ("c", "b", "a"):
        cached.get(DEV, name)
    assert store.asked == ["a"]


def test_small_ones_count_more_than_their_text(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent_event_types, "_KEPT_BYTES", 3500)
    cached = recent(store)
    for name in ("a", "b", "c"):
        store.stored[DEV, name] = event_type(name)
        cached.get(DEV, name)
    assert len(cached._known) == 2


def test_no_more_than_so_many_absent_names_are_kept(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent_event_types, "_ABSENT_NAMES", 2)
    cached = recent(store)
    for name in ("a", "b", "c"):
        cached.get(DEV, name)
    store.asked.clear()
    for name in ("c", "b", "a"):
        cached.get(DEV, name)
    assert store.asked == ["a"]
