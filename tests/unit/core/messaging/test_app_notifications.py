"""A user marks the notifications of the own inbox as read, and of no other."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from nereid.core.messaging.app_notifications import read_one, read_own
from nereid.errors import NotFound
from nereid.models.team import Scope

SCOPE = Scope("t", "dev")
AT = datetime(2026, 1, 31, tzinfo=UTC)
CLOCK: Any = SimpleNamespace(now=lambda: AT)


class Marked:
    """Inboxes, the delivery "d", the user that asks, and the user that a profile became."""

    def __init__(
        self, *, there: str = "u", who: str | None = "u", to: str | None = "u", channel: str = "app", became: Any = None
    ) -> None:
        self.there = there
        self.who = who
        self.became = became
        self.delivery = SimpleNamespace(channel=channel, to=to, created_at=AT)
        self.marked: list[str] = []

    def mark_read(self, _scope: Scope, user_id: str, *_: Any) -> bool:
        if user_id != self.there:
            raise NotFound("app notification")
        self.marked.append(user_id)
        return True

    def get_many(self, _scope: Scope, ids: list[str]) -> dict[str, Any]:
        return {"d": self.delivery} if "d" in ids else {}

    def named(self, *_: Any) -> str | None:
        return self.who

    def successor(self, *_: Any) -> str | None:
        return self.became  # type: ignore[no-any-return]

    def read_own(self, uuid: str = "d") -> list[str]:
        world: Any = self
        read_own(world, world, world, CLOCK, SCOPE, world, uuid)
        return self.marked

    def read_one(self, uuid: str = "d") -> int:
        world: Any = self
        return read_one(world, world, world, CLOCK, SCOPE, uuid)


def test_the_own_notification_is_marked() -> None:
    assert Marked().read_own() == ["u"]
    assert Marked().read_one() == 1


def test_that_of_a_profile_is_marked_where_it_is_and_where_it_went() -> None:
    assert Marked(to="profile", became="u", there="profile").read_own() == ["profile"]
    assert Marked(to="profile", became="u", there="u").read_own() == ["u"]
    assert Marked(to="profile", became="u", there="u").read_one() == 1


@pytest.mark.parametrize("channel", ["email", "sms", "push"])
def test_what_is_no_app_notification_is_not_marked(channel: str) -> None:
    assert Marked(channel=channel).read_own() == []
    with pytest.raises(NotFound):
        Marked(channel=channel).read_one()


def test_what_has_no_recipient_is_not_marked() -> None:
    assert Marked(to=None).read_own() == []
    with pytest.raises(NotFound):
        Marked(to=None).read_one()


def test_that_of_somebody_else_is_not_marked() -> None:
    assert Marked(to="other", there="other").read_own() == []
    assert Marked(who="stranger").read_own() == []


def test_what_is_not_there_is_not_marked() -> None:
    for uuid in ("e", "x" * 300):
        assert Marked().read_own(uuid) == []
    with pytest.raises(NotFound):
        Marked().read_one("e")
    with pytest.raises(NotFound):
        Marked(there="nowhere").read_one()
